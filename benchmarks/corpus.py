r"""What the proofreader decides of texts whose verdicts are known: ``python benchmarks/corpus.py [FILE ...]``.

Without a file, the corpus under ``tests/derivations/corpus``. A comment on the line of a relation says what is expected:
``% false: why``, or ``% open: why`` where there is no claim (a choice, an assumption); ``false 2`` is the second
relation of the line. What is not marked is true.
"""

from __future__ import annotations

import argparse
import re
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from derivations.manuscript import read
from derivations.proofread import Judgement, judgements, surroundings
from derivations.written import written

CORPUS = Path(__file__).resolve().parent.parent / "tests" / "derivations" / "corpus"
_MARK = re.compile(r"(?:%|<!--) (?P<expected>false|open)(?: (?P<place>\d+))?(?::|\b)")


@dataclass(frozen=True)
class Outcome:
    """A judgement, what was expected (``true``, ``false`` or ``open``), and the seconds that it took."""

    judgement: Judgement
    expected: str
    seconds: float

    @property
    def wrong(self) -> bool:
        """Whether a false relation was proved, or one that is not false refuted."""
        verdict = self.judgement.verdict
        return verdict == "proved" if self.expected == "false" else verdict == "refuted"

    @property
    def decided(self) -> bool:
        """Whether the verdict is the one expected; of what is open nothing is."""
        wanted = {"true": ("proved",), "false": ("refuted",), "open": ("proved", "undecided", "unparsed")}
        return self.judgement.verdict in wanted[self.expected]


def outcomes(path: Path) -> Iterator[Outcome]:
    """The outcome of every relation of a file, in their order."""
    lines = path.read_text("utf-8").split("\n")
    manuscript = read(path)
    chains = written(manuscript.formulas)
    around = surroundings(chains, manuscript.conventions)
    places: Counter[int] = Counter()
    for place, chain in enumerate(chains):
        start = time.perf_counter()
        for judgement, _ in judgements(chain, place, around, mending=False):
            places[judgement.line] += 1
            expected = _expected(lines[judgement.line - 1], places[judgement.line])
            yield Outcome(judgement, expected, time.perf_counter() - start)
            start = time.perf_counter()


def _expected(line: str, place: int) -> str:
    mark = _MARK.search(line)
    if mark is None or (mark["place"] and int(mark["place"]) != place):
        return "true"
    return mark["expected"]


def report(found: list[Outcome], *, every: bool) -> str:
    """What was not decided as expected, and the counts."""
    lines = []
    for o in found:
        if every or o.wrong or not o.decided:
            j = o.judgement
            flag = "WRONG " if o.wrong else ""
            place = f"{Path(j.file).name}:{j.line}"
            lines.append(f"{flag}{place}: {o.expected}, {j.verdict}: {j.lhs} {j.relation} {j.rhs}")
            lines.append(f"    {j.by or j.message}  [{o.seconds:.2f} s]")
    for expected in ("true", "false", "open"):
        counts = Counter(o.judgement.verdict for o in found if o.expected == expected)
        total = sum(counts.values())
        as_expected = sum(o.decided for o in found if o.expected == expected)
        verdicts = ", ".join(f"{n} {v}" for v, n in sorted(counts.items()))
        lines.append(f"{expected}: {as_expected} of {total} ({100 * as_expected / max(total, 1):.1f} %): {verdicts}")
    times = [o.seconds for o in found]
    lines.append(f"seconds: median {statistics.median(times):.3f}, greatest {max(times):.2f}, sum {sum(times):.1f}")
    return "\n".join(lines)


def main() -> None:
    """Read the arguments, judge the files, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, help="texts with marks (the corpus, if none is given)")
    parser.add_argument("--all", action="store_true", help="print every relation, not only what differs")
    arguments = parser.parse_args()
    files = arguments.files or sorted(p for p in CORPUS.iterdir() if p.suffix in (".tex", ".md"))
    print(report([o for path in files for o in outcomes(path)], every=arguments.all))


if __name__ == "__main__":
    main()
