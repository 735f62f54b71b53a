"""Formulas are found where people write them, each with its line, and nothing else is taken for one."""

import json
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derivations.manuscript import LONGEST, Formula, ManuscriptError, _without_code, read, read_text


def found(text, name="notes.tex"):
    return [(f.line, f.source.strip(), f.displayed) for f in read_text(text, name).formulas]


DISPLAYS = {
    "equation": "\\begin{equation}\na = b\n\\end{equation}",
    "starred": "\\begin{align*}\na &= b\n\\end{align*}",
    "eqnarray": "\\begin{eqnarray}\na &=& b\n\\end{eqnarray}",
    "multline": "\\begin{multline}\na = b\n\\end{multline}",
    "gather": "\\begin{gather*}\na = b\n\\end{gather*}",
    "brackets": "\\[\na = b\n\\]",
    "dollars": "$$\na = b\n$$",
}


@pytest.mark.parametrize("name", ["notes.tex", "notes.md"])
@pytest.mark.parametrize("kind", DISPLAYS)
def test_every_kind_of_display(kind, name):
    ((line, source, displayed),) = found(f"Text.\n\n{DISPLAYS[kind]}\nMore.", name)
    assert (line, displayed) == (3, True)
    assert re.sub("[&\\s]", "", source) == "a=b"


def test_nested_environments_belong_to_the_outer():
    text = "\\begin{equation}\\begin{aligned} a &= b \\\\ &= c \\end{aligned}\\end{equation}"
    assert found(text) == [(1, "\\begin{aligned} a &= b \\\\ &= c \\end{aligned}", True)]


def test_inline_formulas_and_their_lines():
    assert found("One $a = b$,\nthen \\(c \\le d\\).\n") == [(1, "a = b", False), (2, "c \\le d", False)]


@pytest.mark.parametrize(
    "prose", ["It costs $5 or $6.", "between $ 5 and 6 $ of", "an escaped \\$a = b\\$", "one $ alone"]
)
def test_money_is_no_formula(prose):
    assert found(prose, "notes.md") == []


def test_a_dollar_may_be_escaped_inside():
    assert found("$a = \\$5$") == [(1, "a = \\$5", False)]


HIDDEN = {
    "comment": ("notes.tex", "% $a = b$\n"),
    "comment after text": ("notes.tex", "text % \\[ a = b \\]\n"),
    "verbatim": ("notes.tex", "\\begin{verbatim}\n$a = b$\n\\end{verbatim}\n"),
    "listing": ("notes.tex", "\\begin{lstlisting}\n$a = b$\n\\end{lstlisting}\n"),
    "verb": ("notes.tex", "\\verb|$a = b$|\n"),
    "fence": ("notes.md", "```python\n$a = b$\n```\n"),
    "tildes": ("notes.md", "~~~\n$a = b$\n~~~\n"),
    "code": ("notes.md", "`$a = b$`\n"),
    "html comment": ("notes.md", "<!--\n$a = b$\n-->\n"),
}


@pytest.mark.parametrize("what", HIDDEN)
def test_what_is_not_read(what):
    name, text = HIDDEN[what]
    lines = text.count("\n") + 1
    assert found(text + "$c = d$", name) == [(lines, "c = d", False)]


def test_a_percent_sign_may_be_escaped():
    assert found("99 \\% of $a = b$") == [(1, "a = b", False)]
    assert found("a line \\\\% $a = b$\n$c = d$") == [(2, "c = d", False)]


def test_a_fence_of_math_is_a_display():
    assert found("see\n```math\na = b\n```\nand $c = d$", "notes.md") == [(2, "a = b", True), (5, "c = d", False)]


def test_conventions_are_read_from_comments():
    tex = read_text("%% elbocheck: p(z) = N(0, I)\n% not this\n text % elbocheck: q is normal\n", "a.tex")
    assert [(c.line, c.source) for c in tex.conventions] == [(1, "p(z) = N(0, I)"), (3, "q is normal")]
    md = read_text("x\n<!-- elbocheck: p(z) = N(0, I),\nq is normal -->\n", "a.md")
    assert [(c.line, c.source) for c in md.conventions] == [(2, "p(z) = N(0, I),\nq is normal")]


def test_notebooks_give_cell_and_line(tmp_path):
    cells = [
        {"cell_type": "code", "source": ["x = '$a = b$'"]},
        {"cell_type": "markdown", "source": ["# Title\n", "\n", "$$ a = b $$"]},
    ]
    path = tmp_path / "notes.ipynb"
    path.write_text(json.dumps({"cells": cells, "nbformat": 4}))
    assert read(path).formulas == (Formula(f"{path}#cell-2", 3, " a = b ", displayed=True),)


BAD = {
    "missing": (None, "notes.tex", "No such file"),
    "binary": (b"\x00\xff\xfe", "notes.tex", "byte 1 is not UTF-8 text"),
    "another suffix": (b"", "notes.docx", "not a manuscript; give a .tex, .md, .ipynb file"),
    "no notebook": (b"[1, 2]", "notes.ipynb", "not a Jupyter notebook"),
    "no json": (b"{", "notes.ipynb", "not a Jupyter notebook"),
    "a cell that is none": (b'{"cells": [3]}', "notes.ipynb", "not a Jupyter notebook"),
    "nested": (b"[" * 100_000, "notes.ipynb", "not a Jupyter notebook"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_read_is_said_in_one_line(what, tmp_path):
    content, name, message = BAD[what]
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ManuscriptError, match=f"{name}: .*{re.escape(message)}") as error:
        read(path)
    assert "\n" not in str(error.value)


def test_a_quotation_is_read_without_its_marks():
    assert found("> one\n>\n> $$\n> a\n> = b\n> $$\n", "notes.md") == [(3, "a\n  = b", True)]
    assert found("Text.\n\n> > $a = b$\n", "notes.md") == [(3, "a = b", False)]


@pytest.mark.parametrize(("name", "text"), [("notes.md", "$$\na\n> b\n$$"), ("notes.tex", "> $$\n> a > b $$")])
def test_what_is_no_quotation_keeps_its_relation(name, text):
    ((_, source, _),) = found(text, name)
    assert ">" in source


@given(st.text(alphabet="$\\[](){}%`~-<!>ab=& \n", max_size=200), st.sampled_from(["a.tex", "a.md"]))
def test_any_text_is_read_and_keeps_its_lines(text, name):
    lines = list(zip(text.split("\n"), _without_code(text).split("\n"), strict=True))
    for formula in read_text(text, name).formulas:
        first = formula.source.split("\n")[0].strip()
        assert any(first in line for line in lines[formula.line - 1])  # code in a formula is blanked


@pytest.mark.parametrize(
    "hostile",
    ["$", "$a ", "\\begin{align}", "\\begin{verbatim}", "`", "`a", "```a\n", "{", "<!--", "\\verb", "\\", "$$=b$$ "],
)
def test_hostile_text_ends(hostile):
    """A pattern that backtracks, or one that looks for the end of everything anew at each place, would not come back."""
    text = hostile * (200_000 // len(hostile)) + hostile[:1]
    begun = time.process_time()
    for name in ("a.md", "a.tex"):
        assert not read_text(text, name).conventions
    assert time.process_time() - begun < 20


def test_a_text_that_is_too_long_is_refused():
    assert not read_text(" " * LONGEST, "a.md").formulas
    with pytest.raises(ManuscriptError, match=r"a\.md: 2,000,001 characters, at most 2,000,000 are read"):
        read_text(" " * (LONGEST + 1), "a.md")


@pytest.mark.parametrize("sign", ["≤", "⩽"])
def test_signs_of_unicode_compare(sign):
    (formula,) = read_text(f"$a {sign} b$", "notes.md").formulas
    assert formula.source.replace(" ", "") == r"a\leb"
