"""What `proofread` prints: a line for each relation, or JSON, or annotations for a pull request."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

from derivations.manuscript import Manuscript, read, read_text
from derivations.relation import Judgement
from derivations.surroundings import Surroundings
from derivations.written import WrittenChain, written
from elbocheck.judge import SECONDS, judged
from elbocheck.judge import prepared as prepare

VERDICTS = ("proved", "refuted", "undecided", "unparsed")
_ANNOTATION = {"refuted": "error", "undecided": "warning", "unparsed": "notice"}


def manuscripts(paths: Sequence[str], standard_input: str) -> list[Manuscript]:
    """The manuscripts in all files; ``-`` stands for a text that comes on standard input.

    Raises
    ------
    derivations.manuscript.ManuscriptError
        If a file cannot be read.
    """
    return [read_text(standard_input, "-") if p == "-" else read(Path(p)) for p in paths]


def judgements(
    texts: Sequence[Manuscript], *, workers: int | None = None, seconds: float = SECONDS
) -> Generator[Judgement]:
    """The judgements on all manuscripts, in the order of their texts, as they come; see `elbocheck.judge.judged`.

    Raises
    ------
    derivations.manuscript.ManuscriptError
        If a convention cannot be used; no manuscript is judged then.
    """
    prepared = []
    for text in texts:
        chains = written(text.formulas)
        prepared.append((chains, prepare(chains, text.conventions)))
    return _judgements(prepared, workers, seconds)


def _judgements(
    prepared: Iterable[tuple[list[WrittenChain], Surroundings]], workers: int | None, seconds: float
) -> Generator[Judgement]:
    for chains, around in prepared:
        yield from judged(chains, around, workers=workers, seconds=seconds)


def tally(judgements: Iterable[Judgement]) -> dict[str, int]:
    """How many relations have each verdict."""
    counts = Counter(j.verdict for j in judgements)
    return {verdict: counts[verdict] for verdict in VERDICTS}


def exit_code(judgements: Iterable[Judgement]) -> int:
    """1 if a relation is refuted, 3 if none is but one is undecided or unparsed, else 0."""
    counts = tally(judgements)
    return 1 if counts["refuted"] else 3 if counts["undecided"] + counts["unparsed"] else 0


def as_json(judgements: Iterable[Judgement]) -> Iterator[str]:
    """One JSON document with every relation and the tally."""
    found = list(judgements)
    yield json.dumps({"relations": [asdict(j) for j in found], "summary": tally(found)}, indent=2)


def as_page(texts: Sequence[Manuscript], judgements: Iterable[Judgement]) -> Iterator[str]:
    """The texts as an HTML page with each relation marked."""
    from elbocheck.marked_page import page

    found = list(judgements)
    yield page(texts, found, tally(found))


def as_text(judgements: Iterable[Judgement]) -> Iterator[str]:
    """A line for each relation, as it comes, with its reasons below; what a chain supposes at its end; the tally."""
    seen: list[Judgement] = []
    for _, chain in groupby(judgements, key=lambda j: (j.file, j.chain)):
        relations = []
        for j in chain:
            relations.append(j)
            yield from _lines(j)
        yield from _suppositions(relations)
        seen += relations
    counts = ", ".join(f"{count} {verdict}" for verdict, count in tally(seen).items())
    yield f"{counts} of {len(seen)} relations"


def _lines(j: Judgement) -> Iterator[str]:
    yield " ".join(f"{j.file}:{j.line}: {j.verdict}: {j.lhs} {j.relation} {j.rhs}".split())
    yield from (f"    {said}" for said in (j.by and f"by {j.by}", j.message) if said)
    if j.counterexample:
        yield f"    counterexample: {j.counterexample}"


def _suppositions(chain: Sequence[Judgement]) -> Iterator[str]:
    """Each hypothesis once, with the relations that need it, counted from 1, unless all that are proved do."""
    proved = [j for j in chain if j.verdict == "proved"]
    for hypothesis in dict.fromkeys(h for j in proved for h in j.hypotheses):
        needed = [str(j.index + 1) for j in proved if hypothesis in j.hypotheses]
        where = "" if len(needed) == len(proved) else f" (relation{'s' * (len(needed) > 1)} {', '.join(needed)})"
        yield f"    suppose {hypothesis}{where}"


def as_annotations(judgements: Iterable[Judgement]) -> Iterator[str]:
    """Workflow commands that mark the lines of a pull request; what is proved is not marked."""
    for j in judgements:
        if j.verdict in _ANNOTATION:
            said = _escaped("; ".join(filter(None, (f"{j.lhs} {j.relation} {j.rhs}", j.message, j.counterexample))), "")
            place = f"file={_escaped(j.file, ',:')},line={j.line},title=elbocheck {j.verdict}"
            yield f"::{_ANNOTATION[j.verdict]} {place}::{said}"


def _escaped(text: str, further: str) -> str:
    for character in "%\r\n" + further:
        text = text.replace(character, f"%{ord(character):02X}")
    return text
