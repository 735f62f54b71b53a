"""LaTeX documents of proved derivations: one fragment per slug, and a main file that inputs them."""

from __future__ import annotations

from collections.abc import Iterable

from derivations.derivation import Chain, Derivation
from derivations.kernel import Term
from derivations.latex import latex, text

_RELATIONS = {"=": "=", "<=": r"\leq", ">=": r"\geq"}
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
    supposed = f"Suppose {_enumerated(derivation.hypotheses)}. Then" if derivation.hypotheses else ""
    lines = [
        rf"\begin{{theorem}}[{derivation.title}]\label{{{derivation.slug}}}",
        supposed,
        *(_statement(part) for part in derivation.parts),
        r"\end{theorem}",
        r"\begin{proof}",
        *_references(derivation),
        *(line for part in derivation.parts for line in _chain(part)),
        r"\end{proof}",
    ]
    return "\n".join(filter(None, lines)) + "\n"


def _statement(part: Chain) -> str:
    end = part.steps[-1].expression if part.steps else part.start
    relation = _RELATIONS[part.relation]
    return rf"\begin{{multline*}} {latex(part.start)} \\ {relation} {latex(end)}. \end{{multline*}}"


def _chain(part: Chain) -> list[str]:
    steps = [
        rf"  & {_RELATIONS[s.relation]} {latex(s.expression)} \\ & \qquad \text{{\small ({s.reason})}}"
        for s in part.steps
    ]
    first = rf"  & \phantom{{{{}}={{}}}} {latex(part.start)} \\"
    return [r"\begin{align*}", first, " \\\\\n".join(steps), r"\end{align*}"]


def plain(derivation: Derivation) -> str:
    """Title, hypotheses and lines as plain text, the reason of each line beside it."""
    lines: list[tuple[str, str]] = []
    for part in derivation.parts:
        lines.append((text(part.start), ""))
        lines += [(f"{s.relation} {text(s.expression)}", f"({s.reason})") for s in part.steps]
    return "\n".join(
        (
            f"{derivation.slug}: {derivation.title}",
            *(f"  suppose {text(h)}" for h in derivation.hypotheses),
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
