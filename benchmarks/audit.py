"""What `elbocheck audit` finds in the corpus: ``python benchmarks/audit.py [--write]``.

Every defect alone in every program that has a place for it, pairs of defects, and the right programs as they are, from
random initialisations, trained and untrained, of 1 to 64 latents and batches of 1 to 256.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import sys
import time
import warnings
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch

from benchmarks.section import insert
from tests.vae_min.audit.corpus import PROGRAMS, Mutant, all_pairs, each, pairs, run, single, source
from vae_min.audit.audit import audit
from vae_min.audit.spec import AuditError

PAGE = Path(__file__).resolve().parents[1] / "docs" / "audit.md"
CRASHES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    AuditError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)


class Case(NamedTuple):
    """A text to audit, how it is built, and the codes of which each group must be found."""

    kind: str  # "alone", "pair" or "right"
    program: str
    name: str
    text: str
    expected: tuple[frozenset[str], ...]
    seed: int = 0
    latent: int = 3
    batch_size: int = 8
    steps: int = 0


class Result(NamedTuple):
    """What the audit said of a case."""

    case: Case
    verdict: str
    errors: frozenset[str]
    notes: frozenset[str]
    seconds: float

    @property
    def missed(self) -> tuple[frozenset[str], ...]:
        """The expected codes of which none was found."""
        return tuple(codes for codes in self.case.expected if not codes & (self.errors | self.notes))


def of_mutant(mutant: Mutant) -> Case:
    """A mutant as a case."""
    kind = "alone" if len(mutant.defects) == 1 else "pair"
    name = " and ".join(f"{defect.code}: {defect.name}" for defect in mutant.defects)
    return Case(kind, mutant.program, name, mutant.source, tuple(frozenset({d.code}) | d.also for d in mutant.defects))


def right(count: int, seed: int) -> Iterator[Case]:
    """Each program as it is, so many times; the sizes are drawn."""
    rng = random.Random(seed)
    for k in range(count):
        for program in PROGRAMS:
            latent = rng.choice((1, 2, 3, 5, 8, 16, 32, 64))
            batch_size = rng.choice((1, 2, 3, 8, 16, 64, 100, 256))
            steps = rng.choice((0, 0, 30, 200))
            name = f"latent {latent}, batch {batch_size}, {steps} steps, seed {seed + k}"
            yield Case("right", program, name, source(program), (), seed + k, latent, batch_size, steps)


def examine(case: Case) -> Result:
    """Audit a case."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # the programs', not the audit's
    spec = run(case.text, seed=case.seed, latent=case.latent, batch_size=case.batch_size, steps=case.steps)
    start = time.process_time()
    try:
        found = audit(spec)
    except CRASHES as error:
        verdict = f"{type(error).__name__}: {error}".splitlines()[0]
        return Result(case, verdict, frozenset(), frozenset(), time.process_time() - start)
    by_rank = {rank: frozenset(f.code for f in found.findings if f.rank == rank) for rank in ("error", "note")}
    return Result(case, found.verdict, by_rank["error"], by_rank["note"], time.process_time() - start)


def table(results: Iterable[Result]) -> str:
    """Counts by code, and of the right programs, in Markdown."""
    injected, missed, wrong, verdicts = Counter(), Counter(), defaultdict(int), defaultdict(Counter)
    seconds = []
    for result in results:
        seconds.append(result.seconds)
        if result.case.kind == "right":
            verdicts[result.case.program][result.verdict if result.verdict in VERDICTS else "error"] += 1
            wrong[result.case.program] += bool(result.errors)
        for (code, *_), codes in ((sorted(codes), codes) for codes in result.case.expected):
            injected[result.case.kind, code] += 1
            missed[result.case.kind, code] += codes in result.missed
    codes = sorted({code for _, code in injected})
    lines = ["| code | alone: found of injected | in pairs: found of injected |", "| --- | --- | --- |"]
    for code in codes:
        counts = (f"{injected[k, code] - missed[k, code]} of {injected[k, code]}" for k in ("alone", "pair"))
        lines.append(f"| `{code}` | {' | '.join(counts)} |")
    totals = [
        f"{sum(n - missed[key] for key, n in injected.items() if key[0] == kind)} of "
        f"{sum(n for key, n in injected.items() if key[0] == kind)}"
        for kind in ("alone", "pair")
    ]
    lines += [f"| all | {' | '.join(totals)} |", "", *_left_out(), ""]
    lines += [f"| right program | {' | '.join(VERDICTS)} | error | with a finding of rank error |"]
    lines += ["| --- | --- | --- | --- | --- | --- | --- |"]
    for program, counts in verdicts.items():
        shown = (str(counts[verdict]) for verdict in (*VERDICTS, "error"))
        lines.append(f"| {program} | {' | '.join(shown)} | {wrong[program]} |")
    total = sum(map(Counter.total, verdicts.values()))
    lines += ["", f"{total} audits of right programs, {sum(wrong.values())} with a finding of rank error. "]
    seconds.sort()
    lines[-1] += f"CPU seconds of an audit: median {seconds[len(seconds) // 2]:.1f}, largest {seconds[-1]:.1f}."
    return "\n".join(lines)


def _left_out() -> Iterator[str]:
    """How many pairs are none since one of the two cannot be seen, and why."""
    reasons = Counter(reason for _, reason in all_pairs())
    kept = reasons.pop("")
    yield f"Of {kept + reasons.total()} pairs that fit into one program, {reasons.total()} are left out:"
    yield ""
    yield from (f"- {count}: {reason}" for reason, count in reasons.most_common())


KINDS = ("right", "pair", "alone")  # in the order in which they are run
VERDICTS = ("elbo", "weighted", "not-elbo", "undecided")


def main() -> None:
    """Measure, print, and write the section of the page if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the table into docs/audit.md")
    parser.add_argument("--pairs", type=int, default=300)
    parser.add_argument("--right", type=int, default=200, help="initialisations of each right program")
    parser.add_argument("--each", type=int, help="so many programs for each defect, drawn; all by default")
    parser.add_argument("--code", help="defects of this code alone")
    parser.add_argument("--program", help="this program alone")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument(
        "--log", type=Path, help="one line of JSON for each case; those that it holds are not run again"
    )
    parser.add_argument("--logged", action="store_true", help="run nothing: the table of what the log holds")
    options = parser.parse_args()
    alone = [of_mutant(m) for m in (single() if options.each is None else each(options.each, options.seed))]
    cases = [*alone, *map(of_mutant, pairs(options.pairs, options.seed)), *right(options.right, options.seed)]
    if options.code:
        cases = [case for case in cases if any(options.code in codes for codes in case.expected)]
    if options.program:
        cases = [case for case in cases if case.program == options.program]
    random.Random(options.seed).shuffle(cases)
    cases.sort(key=lambda case: KINDS.index(case.kind))
    text = table(measured(cases, 0 if options.logged else options.processes, options.log))
    print(text)
    if options.write:
        command = " ".join(["python benchmarks/audit.py", *sys.argv[1:]])
        PAGE.write_text(insert(PAGE.read_text(encoding="utf-8"), "measured", command, text), encoding="utf-8")


def measured(cases: list[Case], processes: int, log: Path | None) -> list[Result]:
    """The results of all cases, in any order; those in the log are taken from there, the others added to it.

    With no processes, of those in the log alone.
    """
    known = _known(log) if log and log.exists() else {}
    results = [known[_key(case)](case) for case in cases if _key(case) in known]
    left = [case for case in cases if _key(case) not in known]
    for result in _examined(left, processes) if processes else ():
        results.append(result)
        if log:
            with log.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(_line(result)) + "\n")
    return results


def _examined(cases: list[Case], processes: int) -> Iterator[Result]:
    if processes == 1:
        yield from map(examine, cases)
        return
    with multiprocessing.get_context("spawn").Pool(processes, maxtasksperchild=200) as pool:
        yield from pool.imap_unordered(examine, cases, chunksize=4)


def _key(case: Case) -> str:
    """Names a case, its text included."""
    return f"{case.kind} {case.program} {case.name} {zlib.crc32(case.text.encode()):08x}"


def _known(log: Path) -> dict[str, Callable[[Case], Result]]:
    lines = map(json.loads, log.read_text(encoding="utf-8").splitlines())
    return {line["case"]: partial(_from_line, line) for line in lines}


def _from_line(line: dict[str, Any], case: Case) -> Result:
    return Result(case, line["verdict"], frozenset(line["errors"]), frozenset(line["notes"]), line["seconds"])


def _line(result: Result) -> dict[str, Any]:
    return {
        "case": _key(result.case),
        "missed": [sorted(codes) for codes in result.missed],
        "verdict": result.verdict,
        "errors": sorted(result.errors),
        "notes": sorted(result.notes),
        "seconds": round(result.seconds, 2),
    }


if __name__ == "__main__":
    main()
