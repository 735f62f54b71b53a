r"""What the proofreader decides of texts whose verdicts are known: ``python benchmarks/corpus.py [FILE ...]``.

Without a file, the corpus under ``tests/derivations/corpus``. A comment on the line of a relation says what is expected:
``% false: why``, or ``% open: why`` where there is no claim (a choice, an assumption); ``false 2`` is the second
relation of the line. What is not marked is true.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import random
import re
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from derivations.constant import constant_proof, variations, without_constants
from derivations.convention import families
from derivations.definition import within
from derivations.judgement import prove
from derivations.kernel import KernelError, at_most, equal
from derivations.latex import latex
from derivations.manuscript import read, read_text
from derivations.meaning import Meaning
from derivations.mutation import wrong_lines
from derivations.parser import parse
from derivations.proofread import UP_TO, after, judgements, surroundings
from derivations.refute import refute
from derivations.relation import Judgement
from derivations.syntax import FormulaError
from derivations.understanding import meanings
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


# --- mutants ---


@dataclass(frozen=True)
class Tried:
    """A relation with a mistake in it: its source, what was said, and the values that differ if it is false."""

    source: str
    verdict: str
    values: tuple[str, ...]


def true_meanings(path: Path) -> Iterator[tuple[str, Meaning]]:
    """The relations of a file that are proved, as terms."""
    manuscript = read(path)
    chains = written(manuscript.formulas)
    whole = surroundings(chains, manuscript.conventions)
    for chain in chains:
        around = within(chain, whole)
        for before, side in itertools.pairwise(chain.sides):
            around = after(side, after(before, around))
            with contextlib.suppress(FormulaError):
                trees, relation = (parse(before.source), parse(side.source)), side.relation
                apart = without_constants(trees, around.symbols) if relation == "=" else None
                if apart is not None:
                    trees, relation = apart[0], UP_TO
                found = meanings(trees, around, relation.rstrip("+")) if relation in RELATIONS else ()
                proved = (m for m in found if _is_proved(m, relation))
                yield from ((relation, m) for m in itertools.islice(proved, 1))


RELATIONS = ("=", "<=", ">=", UP_TO)


def _is_proved(meaning: Meaning, relation: str) -> bool:
    if relation == UP_TO:
        return any(constant_proof(meaning, v) is not None for v in variations(meaning, frozenset())[0])
    joint = families(meaning.left, meaning.right)
    return prove(meaning.left, meaning.right, relation, joint, meaning.draws) is not None


def mutants(paths: list[Path], count: int, seed: int) -> Iterator[Tried]:
    """Relations that were proved, with one mistake each on the right, judged as a text of their own and as terms."""
    everything = [
        (relation, replace(meaning, right=wrong))
        for path in paths
        for relation, meaning in true_meanings(path)
        if not meaning.draws
        for _, wrong in wrong_lines(meaning.right)
    ]
    for relation, meaning in random.Random(seed).sample(everything, min(count, len(everything))):
        sides = meaning.left, meaning.right
        try:
            sign = r"\overset{c}{=}" if relation == UP_TO else relation
            source = f"{latex(sides[0])} {sign} {latex(sides[1])}"
            chains = written(read_text(f"\\[ {source} \\]", "mutant.tex").formulas)
            around = surroundings(chains, ())
            (judgement,) = (j for c in chains for j, _ in judgements(c, 0, around, mending=False))
            verdict = judgement.verdict
        except (ValueError, TypeError):
            source, verdict = str(sides), "unparsed"
        with contextlib.suppress(KernelError):  # of a mutant that is no term
            verdict = "proved" if verdict != "proved" and _is_proved(meaning, relation) else verdict
        values: tuple[str, ...] = ()
        if verdict == "proved" and relation != UP_TO:
            ordered = sides[::-1] if relation == ">=" else sides
            found = refute((equal if relation == "=" else at_most)(*ordered), seconds=10)
            values = found.values if found is not None else ()
        yield Tried(source, verdict, values)


def report_of_mutants(paths: list[Path], count: int, seed: int) -> Iterator[str]:
    """What was said of the mutants: each that was proved, and the counts."""
    counts: Counter[str] = Counter()
    for tried in mutants(paths, count, seed):
        counts[tried.verdict] += 1
        if tried.verdict == "proved":
            counts["false and proved"] += bool(tried.values)
            yield f"{'FALSE, ' if tried.values else 'no counterexample, '}proved: {tried.source} {tried.values}"
        if sum(counts.values()) % 100 == 0:
            yield str(dict(counts))
    yield f"seed {seed}: {dict(counts)}"


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
    parser.add_argument(
        "--mutants", type=int, default=0, help="judge this many relations with a mistake in them instead"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the choice of mutants")
    arguments = parser.parse_args()
    files = arguments.files or sorted(p for p in CORPUS.iterdir() if p.suffix in (".tex", ".md"))
    if arguments.mutants:
        for line in report_of_mutants(files, arguments.mutants, arguments.seed):
            print(line, flush=True)
        return
    print(report([o for path in files for o in outcomes(path)], every=arguments.all))


if __name__ == "__main__":
    main()
