"""LaTeX documents of proved derivations: one fragment per slug, and a main file that inputs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from derivations.derivation import Chain, Derivation
from derivations.latex import latex, text
from derivations.line_break import broken, width

RELATIONS = {"=": "=", "<=": r"\leq", ">=": r"\geq"}
LINE = 42.0  # em; a line of the main file holds 46
_MAIN = r"""\documentclass[a4paper,fleqn]{article}
\usepackage{amsmath,amssymb,amsthm}
\usepackage[margin=2cm]{geometry}
\newtheorem{theorem}{Theorem}
\setlength{\mathindent}{1.5em}
\allowdisplaybreaks
\begin{document}
%s
\end{document}
"""


def fragment(derivation: Derivation) -> str:
    """The theorem, its hypotheses, and its proof with the reason of every line; needs amsmath, amssymb and amsthm."""
    lines = [
        rf"\begin{{theorem}}[{_prose(derivation.title)}]\label{{{derivation.slug}}}",
        *_suppositions(derivation),
        *_display(statement_rows(derivation)),
        r"\end{theorem}",
        r"\begin{proof}",
        *_references(derivation),
        *(line for number, part in enumerate(derivation.parts, 1) for line in _proof(derivation, number, part)),
        r"\end{proof}",
    ]
    return "\n".join(lines) + "\n"


def fragments(derivations: Mapping[str, Callable[[], Derivation]]) -> str:
    """The fragments of some derivations, one after the other; what each script prints of its own."""
    return "\n".join(fragment(prove()) for prove in derivations.values())


def main(slugs: Iterable[str]) -> str:
    """The document that inputs the fragments ``SLUG.tex`` beside it."""
    return _MAIN % "\n".join(rf"\input{{{slug}}}" for slug in slugs)


def statement_rows(derivation: Derivation) -> list[str]:
    """What each part states, in rows of an alignment; numbered if there are several parts."""
    rows = []
    for number, part in enumerate(derivation.parts, 1):
        label = rf"\text{{\upshape({number})}}\quad " if len(derivation.parts) > 1 else ""
        start, end = latex(part.start), latex(part.steps[-1].expression if part.steps else part.start)
        whole = f"{start} {RELATIONS[part.relation]} {end}"
        if width(whole) <= LINE - 4:
            lines = [whole]
        else:
            lines = _continued(broken(start, LINE - 4))
            lines += [r"\quad " + line for line in _related(part.relation, end, LINE - 6)]
        lines[-1] += "." if number == len(derivation.parts) else ","
        rows += [rf"{label if i == 0 else ''}& {line}" for i, line in enumerate(lines)]
    return rows


def hypothesis_rows(derivation: Derivation) -> list[str]:
    """The hypotheses in rows of an alignment, as many in a row as it holds."""
    rows: list[str] = []
    space = 0.0
    for hypothesis in map(latex, derivation.hypotheses):
        lines = _continued(broken(hypothesis, LINE - 2))
        if len(lines) == 1 and width(hypothesis) + 2.5 <= space:
            rows[-1] += rf",\qquad {hypothesis}"
            space -= width(hypothesis) + 2.5
        else:
            rows[-1:] = [f"{row}," for row in rows[-1:]]
            rows += [f"& {line}" for line in lines]
            space = LINE - width(hypothesis) if len(lines) == 1 else 0.0
    return [*rows[:-1], f"{rows[-1]}."] if rows else []


def chain_rows(part: Chain, reason: Callable[[str], str], room: Callable[[str], float]) -> list[str]:
    """The lines of a proof in rows of an alignment, each step's last row with its reason, or its reason in the next row."""
    rows = [rf"& {line}" for line in _continued(broken(latex(part.start), LINE))]
    for step in part.steps:
        lines = _related(step.relation, latex(step.expression), LINE - 2)
        rows += [f"& {line}" for line in lines]
        beside = width(_unsized(lines[-1])) + room(step.reason) <= LINE + 3
        rows[-1:] = [f"{rows[-1]} {reason(step.reason)}"] if beside else [rows[-1], f"& {reason(step.reason)}"]
    return rows


def _related(relation: str, expression: str, limit: float) -> list[str]:
    """``= expression``, in one line or several."""
    first, *others = broken(expression, limit)
    return [f"{RELATIONS[relation]} {first}", *(rf"\qquad {line}" for line in others)]


def _continued(lines: list[str]) -> list[str]:
    return [lines[0], *(rf"\qquad {line}" for line in lines[1:])]


def _unsized(line: str) -> str:
    for command in (r"\bigg", r"\big"):
        for kind in "lr":
            line = line.replace(command + kind, "")
        line = line.replace(command, "")
    return line


def _suppositions(derivation: Derivation) -> list[str]:
    rows = hypothesis_rows(derivation)
    return ["Suppose", *_display(rows), "Then"] if rows else ["It holds that"]


def _proof(derivation: Derivation, number: int, part: Chain) -> list[str]:
    heading = [rf"({number})"] if len(derivation.parts) > 1 else []
    rows = chain_rows(part, lambda words: rf"\tag*{{\small ({_prose(words)})}}", lambda words: 2 + 0.5 * len(words))
    return [*heading, *_display(rows)]


def _display(rows: list[str]) -> list[str]:
    return [r"\begin{align*}", *(rf"  {row} \\" for row in rows[:-1]), f"  {rows[-1]}", r"\end{align*}"]


def _prose(words: str) -> str:
    """Words for LaTeX's text mode."""
    for character in "&%#_$":
        words = words.replace(character, "\\" + character)
    return words.replace("|", r"\textbar{}").replace("<", r"\textless{}").replace(">", r"\textgreater{}")


def _references(derivation: Derivation) -> list[str]:
    if not derivation.uses:
        return []
    numbers = [rf"\ref{{{slug}}}" for slug in derivation.uses]
    listed = " and ".join(filter(None, (", ".join(numbers[:-1]), numbers[-1])))
    return [f"This uses Theorem{'s' if len(numbers) > 1 else ''} {listed}."]


def plain(derivation: Derivation) -> str:
    """Title, hypotheses, theorems used and lines as plain text, the reason of each line beside it."""
    lines = [f"{derivation.slug}: {derivation.title}", *(f"  suppose {text(h)}" for h in derivation.hypotheses)]
    lines += [f"  uses {', '.join(derivation.uses)}"] if derivation.uses else []
    for number, part in enumerate(derivation.parts, 1):
        lines += [f"  part {number}: {text(part.theorem.conclusion)}"] if len(derivation.parts) > 1 else []
        lines.append(f"    {text(part.start)}")
        lines += [f"    {step.relation} {text(step.expression)}  ({step.reason})" for step in part.steps]
    return "\n".join((*lines, ""))
