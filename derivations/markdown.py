"""Markdown of proved derivations: what GitHub, GitLab and Sphinx's MyST typeset, formulas in fences of their own."""

from __future__ import annotations

from collections.abc import Iterable

from derivations.derivation import Derivation
from derivations.document import chain_rows, hypothesis_rows, statement_rows


def section(derivation: Derivation, link: str = "#{}") -> str:
    """The theorem, its hypotheses, the theorems it uses, and its proof with the reason of every line.

    `link` gives the address of a theorem from its slug.
    """
    lines = [f"## {derivation.slug}", "", f"{derivation.title} ({derivation.source}).", "", *theorem(derivation, link)]
    for number, part in enumerate(derivation.parts, 1):
        lines += ["", f"Proof of ({number}):" if len(derivation.parts) > 1 else "Proof:", ""]
        rows = chain_rows(part, lambda words: rf"\qquad \text{{({_words(words)})}}", lambda words: 4 + 0.5 * len(words))
        lines += _fence(rows)
    return "\n".join((*lines, ""))


def theorem(derivation: Derivation, link: str = "#{}") -> list[str]:
    """What is supposed, what is stated, and what the proof uses."""
    lines = []
    rows = hypothesis_rows(derivation)
    if rows:
        lines += ["Suppose", "", *_fence(rows), "", "Then", ""]
    lines += _fence(statement_rows(derivation))
    if derivation.uses:
        lines += ["", "Uses " + ", ".join(f"[{slug}]({link.format(slug)})" for slug in derivation.uses) + "."]
    return lines


def document(derivations: Iterable[Derivation]) -> str:
    """All of them on one page."""
    return "\n".join(("# Derivations", "", *map(section, derivations)))


def _fence(rows: list[str]) -> list[str]:
    r"""An alignment in a fence, which Markdown leaves alone; GitHub refuses ``\operatorname`` and knows no ``\upshape``."""
    shown = [
        row.replace(r"\operatorname{diag} ", r"\mathrm{diag} \, ")
        .replace(r"\operatorname", r"\mathrm")
        .replace(r"\upshape", "")
        for row in rows
    ]
    return ["```math", r"\begin{aligned}", *(rf"{row} \\" for row in shown[:-1]), shown[-1], r"\end{aligned}", "```"]


def _words(words: str) -> str:
    return words.replace("|", r"\vert ").replace("_", r"\_").replace("%", r"\%").replace("&", r"\&")
