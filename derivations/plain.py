"""From the LaTeX of a formula to one line of plain text."""

from __future__ import annotations

import re

_TEXT = (
    (r"\left.", ""),
    (r"\left", ""),
    (r"\right", ""),
    (r"\middle", ""),
    (r"\mathbb{E}", "E"),
    (r"\mathbb{R}", "R"),
    (r"\mathbf{1}", "1s"),
    (r"\mathcal{N}", "N"),
    (r"\operatorname{diag}", "diag"),
    (r"\operatorname{KL}", "KL"),
    (r"\{", "{"),
    (r"\}", "}"),
    (r"\mathrm{d}", "d"),
    (r"\cdot", "*"),
    (r"\mid", "|"),
    (r"\|", "||"),
    (r"\sim", "~"),
    (r"\,", " "),
    (r"\;", " "),
    (r"\infty", "inf"),
    (r"\neq", "!="),
    (r"\leq", "<="),
    (r"\geq", ">="),
    (r"\mapsto", "->"),
    (r"\forall", "for all"),
    (r"\in", "in"),
    (r"\dots", ".."),
)


def plain(line: str) -> str:
    r"""Formulas that `derivations.latex.latex` printed, for terminals and messages.

    Examples
    --------
    >>> plain(r"\frac{J}{2} \, \log\left(2 \pi\right)")
    '(J / 2) log(2 pi)'
    """
    line = re.sub(r"\\(?:text|mathit)\{([^}]*)\}", r"\1", _plain_fractions(line))
    for command, word in _TEXT:
        line = line.replace(command + " ", word + " ").replace(command, word)
    line = re.sub(r"([_^])\{(\w+)\}", r"\1\2", line.replace("\\", ""))
    return " ".join(line.split())


def _plain_fractions(line: str) -> str:
    line = re.sub(r"\\frac\{\\partial\}\{\\partial ([^{}]*)\}", r"d/d\1", line)
    while (at := line.find(r"\frac{")) >= 0:
        above, rest = group(line[at + len(r"\frac") :])
        below, rest = group(rest)
        line = f"{line[:at]}({_operand(above)} / {_operand(below)}){rest}"
    while (at := line.find(r"\sqrt{")) >= 0:
        inside, rest = group(line[at + len(r"\sqrt") :])
        line = f"{line[:at]}sqrt({inside}){rest}"
    return line


def _operand(line: str) -> str:
    """In parentheses, if it has a space outside all brackets."""
    depth = 0
    for c in line:
        depth += (c in "([{") - (c in ")]}")
        if c == " " and depth == 0:
            return f"({line})"
    return line


def group(line: str) -> tuple[str, str]:
    """What stands in the braces with which `line` begins, and what follows them."""
    depth = 0
    for i, c in enumerate(line):
        depth += (c == "{") - (c == "}")
        if depth == 0:
            return line[1:i], line[i + 1 :]
    return line[1:], ""
