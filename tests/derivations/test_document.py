"""The LaTeX and text documents, and that pdflatex takes them."""

import re
import shutil
import subprocess

import pytest

from derivations.catalogue import DERIVATIONS, prove
from derivations.document import fragment, main, plain
from derivations.latex import latex, text


@pytest.mark.parametrize("slug", DERIVATIONS)
def test_fragment_holds_everything(slug):
    derivation = prove(slug)
    document = fragment(derivation)
    assert document.count(rf"\label{{{slug}}}") == 1
    for hypothesis in derivation.hypotheses:
        assert f"${latex(hypothesis)}$" in document
    assert document.count(r"\text{\small (") == len(derivation.steps)
    for step in derivation.steps:
        assert f"& = {latex(step.expression)} " in document
        assert f"({step.reason})" in document
    for used in derivation.uses:
        assert rf"\ref{{{used}}}" in document
    for environment in ("theorem", "proof", "align*", "multline*"):
        assert document.count(rf"\begin{{{environment}}}") == document.count(rf"\end{{{environment}}}") == 1


@pytest.mark.parametrize("slug", DERIVATIONS)
def test_plain_holds_everything(slug):
    derivation = prove(slug)
    lines = plain(derivation).splitlines()
    assert lines[0] == f"{slug}: {derivation.title}"
    assert [line for line in lines if line.startswith("  suppose ")] == [
        f"  suppose {text(h)}" for h in derivation.hypotheses
    ]
    assert sum(line.startswith("    = ") for line in lines) == len(derivation.steps)


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
        (r"\mu_{j}^{2}", r"\mu_{j}^{2}" + r" + \mu_{j}^{2}" * 60, "Overfull"),
    ],
)
def test_pdflatex_complains_where_it_should(tmp_path, old, new, complaint):
    slugs = ("normal-negative-entropy", "normal-cross-entropy", "kl-normal-standard")
    for slug in slugs:
        (tmp_path / f"{slug}.tex").write_text(fragment(prove(slug)).replace(old, new), encoding="utf-8")
    (tmp_path / "main.tex").write_text(main(slugs), encoding="utf-8")
    assert any(re.search(complaint, line) for line in compile_document(tmp_path))
