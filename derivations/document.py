"""LaTeX documents of proved derivations: one fragment per slug, and a main file that inputs them."""

from __future__ import annotations

from collections.abc import Iterable

from derivations.derivation import Derivation
from derivations.kernel import Term
from derivations.latex import latex, text

_MAIN = r"""\documentclass[a4paper]{article}
\usepackage{amsmath,amssymb,amsthm}
\usepackage[margin=2cm]{geometry}
\newtheorem{theorem}{Theorem}
\allowdisplaybreaks
\begin{document}
%s
\end{document}
"""


def fragment(derivation: Derivation) -> str:
    """The theorem, its hypotheses, and its proof with the reason of every line; needs amsmath and amsthm."""
    left, right = derivation.theorem.sides
    lines = [
        rf"\begin{{theorem}}[{derivation.title}]\label{{{derivation.slug}}}",
        "Suppose " + _enumerated(derivation.theorem.hypotheses) + ". Then",
        rf"\begin{{multline*}} {latex(left)} \\ = {latex(right)}. \end{{multline*}}",
        r"\end{theorem}",
        r"\begin{proof}",
        *_references(derivation),
        r"\begin{align*}",
        rf"  & \phantom{{{{}}={{}}}} {latex(derivation.start)} \\",
        " \\\\\n".join(
            rf"  & = {latex(s.expression)} \\ & \qquad \text{{\small ({s.reason})}}" for s in derivation.steps
        ),
        r"\end{align*}",
        r"\end{proof}",
    ]
    return "\n".join(lines) + "\n"


def plain(derivation: Derivation) -> str:
    """Title, hypotheses and lines as plain text, the reason of each line beside it."""
    lines = [(text(derivation.start), ""), *((f"= {text(s.expression)}", f"({s.reason})") for s in derivation.steps)]
    return "\n".join(
        (
            f"{derivation.slug}: {derivation.title}",
            *(f"  suppose {text(h)}" for h in derivation.theorem.hypotheses),
            *(f"    {line}  {reason}".rstrip() for line, reason in lines),
            "",
        )
    )


def main(slugs: Iterable[str]) -> str:
    """The document that inputs the fragments ``SLUG.tex`` beside it."""
    return _MAIN % "\n".join(rf"\input{{{slug}}}" for slug in slugs)


def _enumerated(hypotheses: Iterable[Term]) -> str:
    return ", ".join(f"${latex(h)}$" for h in hypotheses)


def _references(derivation: Derivation) -> list[str]:
    if not derivation.uses:
        return []
    return ["This uses Theorems " + " and ".join(rf"\ref{{{slug}}}" for slug in derivation.uses) + "."]
