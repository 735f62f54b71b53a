"""The LaTeX and text documents, and that pdflatex takes them."""

import re
import shutil
import subprocess

import pytest

from derivations.catalogue import DERIVATIONS, prove
from derivations.document import fragment, main, plain
from derivations.latex import latex, text


def unbroken(document):
    """The document with its broken formulas joined again, brackets and all."""
    joined = re.sub(r" \\\\\n +& \\q*quad (\{\} (?:\\cdot)?)?", lambda m: r" \,@" if "cdot" in m[0] else " ", document)
    for size, plain_size in (("bigl", "left"), ("bigr", "right"), ("big", "middle")):
        joined = re.sub(rf"\\{size[:3]}g?{size[3:]}(?![a-z])", rf"\\{plain_size}", joined)
    return spaceless(joined)


def spaceless(line):
    return re.sub(r"\\,@?|\\cdot|[\s{}]", "", line).replace(r"\left", "").replace(r"\right", "").replace(r"\middle", "")


@pytest.mark.parametrize("slug", DERIVATIONS)
def test_fragment_holds_everything(slug):
    derivation = prove(slug)
    document = fragment(derivation)
    found = unbroken(document)
    assert document.count(rf"\label{{{slug}}}") == 1
    for formula in (*derivation.hypotheses, *(s.expression for s in derivation.steps)):
        assert "/" in found or spaceless(latex(formula)) in found, text(formula)
    assert document.count(r"\tag*{\small (") == len(derivation.steps)
    for step in derivation.steps:
        assert "(" + step.reason.replace("|", r"\textbar{}") + ")" in document
    for used in derivation.uses:
        assert rf"\ref{{{used}}}" in document
    for environment in ("theorem", "proof", "align*"):
        assert document.count(rf"\begin{{{environment}}}") == document.count(rf"\end{{{environment}}}") >= 1


def test_parts_are_numbered():
    derivation = next(d for d in map(prove, DERIVATIONS) if len(d.parts) > 1)
    document = fragment(derivation)
    for number in range(1, len(derivation.parts) + 1):
        assert rf"\text{{\upshape({number})}}" in document
        assert f"\n({number})\n" in document
    assert "part 1: " in plain(derivation)


def test_relations_are_printed():
    derivation = prove("kl-nonnegative")
    document = fragment(derivation)
    assert {"<=": r"\leq", ">=": r"\geq"}[derivation.parts[0].relation] in document


@pytest.mark.parametrize("slug", DERIVATIONS)
def test_plain_holds_everything(slug):
    derivation = prove(slug)
    lines = plain(derivation).splitlines()
    assert lines[0] == f"{slug}: {derivation.title}"
    assert [line for line in lines if line.startswith("  suppose ")] == [
        f"  suppose {text(h)}" for h in derivation.hypotheses
    ]
    assert sum(bool(re.match("    (=|<=|>=) ", line)) for line in lines) == len(derivation.steps)


def compile_document(folder):
    """Run pdflatex twice and return its complaints."""
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "main.tex"]
    for _ in range(2):
        finished = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    log = (folder / "main.log").read_text(encoding="latin-1")
    found = re.findall(r"^! .*|^Overfull .*|.*undefined.*|.*multiply defined.*", log, re.MULTILINE)
    return found + ([] if finished.returncode == 0 else [f"exit status {finished.returncode}"])


needs_pdflatex = pytest.mark.skipif(
    shutil.which("pdflatex") is None, reason="needs pdflatex (Debian: texlive-latex-base)"
)


@needs_pdflatex
def test_pdflatex_has_no_complaint(tmp_path):
    for slug in DERIVATIONS:
        (tmp_path / f"{slug}.tex").write_text(fragment(prove(slug)), encoding="utf-8")
    (tmp_path / "main.tex").write_text(main(DERIVATIONS), encoding="utf-8")
    assert compile_document(tmp_path) == []
    assert (tmp_path / "main.pdf").stat().st_size > 10_000


@needs_pdflatex
@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (r"\label{normal-cross-entropy}", "", "Reference `normal-cross-entropy'.*undefined"),
        (r"\frac{J}{2}", r"\fraction{J}{2}", "Undefined control sequence"),
        (r"\mu_{j}^{2}", r"\mu_{j}^{2}" + r"\mu_{j}^{2}" * 60, "Overfull"),
    ],
)
def test_pdflatex_complains_where_it_should(tmp_path, old, new, complaint):
    slugs = ("normal-negative-entropy", "normal-cross-entropy", "kl-normal-standard")
    for slug in slugs:
        (tmp_path / f"{slug}.tex").write_text(fragment(prove(slug)).replace(old, new), encoding="utf-8")
    (tmp_path / "main.tex").write_text(main(slugs), encoding="utf-8")
    assert any(re.search(complaint, line) for line in compile_document(tmp_path))
