"""How long proofreading takes: start-up, one relation, a thousand relations; ``--write`` puts it into docs/benchmark.md."""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import section

ROOT = Path(__file__).resolve().parent.parent
CORPUS = sorted((ROOT / "tests" / "derivations" / "corpus").glob("*.*"))
COMMAND = [sys.executable, "-m", "elbocheck", "proofread"]


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--relations", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    table = measured(options.relations, options.workers)
    print(table)
    if options.write:
        command = f"python benchmarks/proofreading.py --relations {options.relations} --workers {options.workers}"
        section.write("proofreading", command, table)


def measured(relations: int, workers: int) -> str:
    """The table."""
    times = per_relation()
    with tempfile.TemporaryDirectory() as folder:
        starts = [timed([*COMMAND, str(written(Path(folder), 0))]) for _ in range(5)]
        whole = timed([*COMMAND, "--workers", str(workers), "--json", *map(str, copies(Path(folder), relations))])
    start = min(cpu for _, cpu in starts)
    quantile = statistics.quantiles(times, n=20)[-1]
    rows = [
        ("start-up and an empty file, best of 5", f"{start:.2f}", f"{min(w for w, _ in starts):.2f}", "at most 1"),
        (f"one relation, median of {len(times)}", f"{statistics.median(times):.3f}", "", "at most 0.1"),
        ("one relation, 95th percentile", f"{quantile:.2f}", "", ""),
        ("one relation, longest", f"{max(times):.2f}", "", "at most 5, then undecided"),
        (f"{relations:,} relations in {workers} processes", f"{whole[1]:.1f}", f"{whole[0]:.1f}", "at most 60"),
    ]
    head = "| what | s of computing | s by the clock | asked |\n| --- | --- | --- | --- |"
    load = f"The corpus of the tests, repeated; Python {sys.version.split()[0]}, load {os.getloadavg()[0]:.1f}."
    return "\n".join((load, "", head, *(f"| {' | '.join(row)} |" for row in rows)))


def per_relation() -> list[float]:
    """Seconds of computing for each relation of the corpus, with its edit, in one process."""
    from derivations.manuscript import read
    from derivations.proofread import judgements, surroundings
    from derivations.written import written as chains_of

    times = []
    for path in CORPUS:
        manuscript = read(path)
        chains = chains_of(manuscript.formulas)
        around = surroundings(chains, manuscript.conventions)
        for place, chain in enumerate(chains):
            begun = time.process_time()
            for _, last in judgements(chain, place, around):
                if last:
                    now = time.process_time()
                    times.append(now - begun)
                    begun = now
    return times


def written(folder: Path, formulas: int) -> Path:
    """A file with that many formulas."""
    path = folder / f"{formulas}.md"
    path.write_text("$p(x) = p(x)$\n" * formulas, "utf-8")
    return path


def copies(folder: Path, relations: int) -> list[Path]:
    """Files of the corpus, again and again, until they hold so many relations."""
    from derivations.manuscript import read
    from derivations.written import written as chains_of

    found: list[Path] = []
    missing = relations
    while missing > 0:
        for path in CORPUS:
            count = sum(len(c.sides) - 1 for c in chains_of(read(path).formulas))
            if missing > 0:
                copy = folder / f"{len(found)}{path.suffix}"
                copy.write_bytes(path.read_bytes())
                found.append(copy)
                missing -= count
    return found


def timed(command: list[str]) -> tuple[float, float]:
    """Seconds by the clock and of computing, children included."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - begun, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
