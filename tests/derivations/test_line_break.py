"""Formulas in lines: none wider than allowed, nothing lost, brackets in pairs, and widths that TeX does not exceed."""

import random
import re
import shutil
import subprocess

import pytest

from derivations.catalogue import DERIVATIONS, prove
from derivations.latex import latex
from derivations.line_break import broken, width

from .test_latex import claim, expression

LONG = r"\mathbb{E}_{z \sim q(z)}\left[" + " + ".join(rf"\log p_{{{i}}}(z)" for i in range(30)) + r"\right] = a"


def test_a_short_formula_stays():
    assert broken("a + b", 40) == ["a + b"]


def test_a_long_formula_is_broken_at_its_signs():
    lines = broken(LONG, 40)
    assert len(lines) > 3
    assert all(width(line.replace(r"\big", r"\left"[:0])) <= 40 for line in lines)
    assert all(line.startswith("{} +") for line in lines[1:-1])
    assert r"\bigl[" in lines[0]
    assert r"\bigr]" in lines[-1]
    assert r"\left" not in "".join(lines)


def test_a_break_is_outside_brackets_where_there_is_room():
    summand = r"\left(" + " + ".join("abcde") + r"\right)"
    lines = broken(" + ".join([summand] * 4), 25)
    assert all(line.count(r"\left(") == line.count(r"\right)") >= 1 for line in lines)


def test_a_fraction_wider_than_a_line_gets_a_slash():
    wide = rf"\frac{{{' + '.join('abcdefgh' * 5)}}}{{2}}"
    lines = broken(wide, 30)
    assert len(lines) > 1
    assert "".join(lines).count("/") == 1


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex (Debian: texlive-latex-base)")
def test_tex_never_sets_a_formula_wider_than_estimated(tmp_path, seed):
    """Every line of every derivation and random terms, measured by TeX."""
    rng = random.Random(f"width {seed}")
    formulas = [latex(s.expression) for slug in DERIVATIONS for s in prove(slug).steps]
    formulas += [latex(h) for slug in DERIVATIONS for h in prove(slug).hypotheses]
    formulas += [latex(expression(rng, 3)) for _ in range(100)] + [latex(claim(rng, 2)) for _ in range(50)]
    boxes = "\n".join(rf"\setbox0\hbox{{$\displaystyle {f}$}}\typeout{{width \the\wd0}}" for f in formulas)
    source = rf"\documentclass{{article}}\usepackage{{amsmath,amssymb}}\begin{{document}}{boxes}\end{{document}}"
    (tmp_path / "width.tex").write_text(source, encoding="utf-8")
    subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "width.tex"], cwd=tmp_path, capture_output=True, check=False
    )
    log = (tmp_path / "width.log").read_text(encoding="latin-1")
    measured = [float(w) / 10 for w in re.findall(r"^width ([\d.]+)pt", log, re.MULTILINE)]
    assert len(measured) == len(formulas) > 150
    for formula, wide in zip(formulas, measured, strict=True):
        assert wide <= width(formula) + 0.5, formula
    assert any(wide > 0.5 * width(formula) for formula, wide in zip(formulas, measured, strict=True))
