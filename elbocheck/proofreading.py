"""What `proofread` prints: a line for each relation, or JSON, or annotations for a pull request."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from derivations.manuscript import Manuscript, read, read_text
from derivations.proofread import Judgement, proofread
from derivations.written import written

VERDICTS = ("proved", "refuted", "undecided", "unparsed")
_ANNOTATION = {"refuted": "error", "undecided": "warning", "unparsed": "notice"}


def judged(paths: Sequence[str], standard_input: str) -> list[Judgement]:
    """The judgements on all files; ``-`` stands for a text that comes on standard input.

    Raises
    ------
    derivations.manuscript.ManuscriptError
        If a file cannot be read; no file is judged then.
    """
    manuscripts = [read_text(standard_input, "-") if p == "-" else read(Path(p)) for p in paths]
    return [j for manuscript in manuscripts for j in _judged(manuscript)]


def _judged(manuscript: Manuscript) -> list[Judgement]:
    return list(proofread(written(manuscript.formulas), manuscript.conventions))


def tally(judgements: Iterable[Judgement]) -> dict[str, int]:
    """How many relations have each verdict."""
    counts = Counter(j.verdict for j in judgements)
    return {verdict: counts[verdict] for verdict in VERDICTS}


def exit_code(judgements: Iterable[Judgement]) -> int:
    """1 if a relation is refuted, 3 if none is but one is undecided or unparsed, else 0."""
    counts = tally(judgements)
    return 1 if counts["refuted"] else 3 if counts["undecided"] + counts["unparsed"] else 0


def as_json(judgements: Sequence[Judgement]) -> str:
    """One JSON document with every relation and the tally."""
    return json.dumps({"relations": [asdict(j) for j in judgements], "summary": tally(judgements)}, indent=2)


def as_text(judgements: Sequence[Judgement]) -> str:
    """A line for each relation, what it rests on below, and the tally."""
    lines = [line for j in judgements for line in _lines(j)]
    counts = ", ".join(f"{count} {verdict}" for verdict, count in tally(judgements).items())
    return "\n".join([*lines, f"{counts} of {len(judgements)} relations"])


def _lines(j: Judgement) -> list[str]:
    shown = f"{j.file}:{j.line}: {j.verdict}: {j.lhs} {j.relation} {j.rhs}"
    details = [f"    by {j.by}" if j.by else "", *(f"    suppose {h}" for h in j.hypotheses)]
    details += [
        f"    {j.message}" if j.message else "",
        f"    counterexample: {j.counterexample}" if j.counterexample else "",
    ]
    return [" ".join(shown.split()), *filter(None, details)]


def as_annotations(judgements: Sequence[Judgement]) -> str:
    """Workflow commands that mark the lines of a pull request; what is proved is not marked."""
    marked = [j for j in judgements if j.verdict in _ANNOTATION]
    return "\n".join(
        f"::{_ANNOTATION[j.verdict]} file={_escaped(j.file, ',:')},line={j.line},title=elbocheck {j.verdict}::"
        + _escaped(f"{j.lhs} {j.relation} {j.rhs}: {j.counterexample or j.message}", "")
        for j in marked
    )


def _escaped(text: str, further: str) -> str:
    for character in "%\r\n" + further:
        text = text.replace(character, f"%{ord(character):02X}")
    return text
