"""Macros of a text are replaced in its formulas, on the same lines."""

import pytest

from derivations.macro import definitions_blanked, expanded, macros

TEXT = r"""
\newcommand{\E}{\mathbb{E}}
\newcommand*\KL[2]{D_{\mathrm{KL}}(#1 \,\|\, #2)}
\renewcommand{\z}{\mathbf{z}}
\def\half{\frac12}
\def\mean#1{\E[#1]}
\def\px{p(x)}
\DeclareMathOperator{\tr}{tr}
\DeclareMathOperator*{\argmax}{arg\,max}
"""


@pytest.mark.parametrize(
    ("source", "plain"),
    [
        (r"\E_q[\z]", r"\mathbb{E}_q[\mathbf{z}]"),
        (r"\KL{q}{p}", r"D_{\mathrm{KL}}(q \,\|\, p)"),
        (r"\KL {q(\z)} p", r"D_{\mathrm{KL}}(q(\mathbf{z}) \,\|\, p)"),
        (r"\mean{x}", r"\mathbb{E}[x]"),
        (r"\log\px", r"\log p(x)"),
        (r"\log{\px}", r"\log{p(x)}"),
        (r"2\px", r"2p(x)"),
        (r"\tr A", r"\operatorname{tr} A"),
        (r"\half x", r"\frac12 x"),
        (r"\Expect", r"\Expect"),
        (r"\KL{q}", r"\KL{q}"),
    ],
)
def test_macros_are_replaced(source, plain):
    assert expanded(source, macros(TEXT)) == plain


def test_a_macro_that_calls_itself_ends():
    assert len(expanded(r"\a", macros(r"\newcommand{\a}{\a\a}"))) < 100_000


def test_definitions_are_no_formulas_and_lines_stay():
    text = "\\newcommand{\\bound}{$a = b$}\nas $c = d$"
    blanked = definitions_blanked(text)
    assert "a = b" not in blanked
    assert blanked.split("\n")[1] == "as $c = d$"
    assert len(blanked) == len(text)


def test_a_definition_without_an_end_is_left_alone():
    assert macros(r"\newcommand{\a}{b") == {}
    assert definitions_blanked(r"\newcommand{\a}{b") == r"\newcommand{\a}{b"


@pytest.mark.parametrize(
    ("used", "expected"),
    [(r"\E{x}", r"E_{q}[x]"), (r"\E[p]{x}", r"E_{p}[x]"), (r"\E[q(z|x)]{\log x}", r"E_{q(z|x)}[\log x]")],
)
def test_a_first_argument_may_have_a_default(used, expected):
    assert expanded(used, macros(r"\newcommand{\E}[2][q]{E_{#1}[#2]}")) == expected
