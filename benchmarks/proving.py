"""How long the proofs take, beside the naive route: ``python benchmarks/proving.py [--write PAGE.md]``.

Each measurement is one fresh process: nothing is warm, and no other process runs meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
NAIVE_LIMIT = 120  # seconds
_CLOCK = "import json, time\nstart = time.perf_counter()\n"
_ALL = """
from derivations import derivation
from derivations.catalogue import DERIVATIONS, prove
from derivations.certificate import export
from derivations.replay import replay
imported = time.perf_counter() - start
steps, one_step = [], derivation._step
def timed(*arguments):
    begin = time.perf_counter()
    result = one_step(*arguments)
    steps.append(time.perf_counter() - begin)
    return result
derivation._step = timed
proved = [prove(slug) for slug in DERIVATIONS]
done = time.perf_counter() - start
certificates = [json.dumps(export(*d.theorems)) for d in proved]
begin = time.perf_counter()
applications = 0
for text in certificates:
    certificate = json.loads(text)
    replay(certificate)
    applications += len(certificate["steps"])
replayed = time.perf_counter() - begin
print(json.dumps({"theorems": len(proved), "applications": applications, "bytes": sum(map(len, certificates)),
    "import": imported, "prove": done - imported, "replay": replayed, "total": time.perf_counter() - start,
    "steps": steps}))
"""
_ONE = """
from derivations.catalogue import DERIVATIONS, prove
from derivations.certificate import export
from derivations.replay import replay
imported = time.perf_counter() - start
slug = "%s"
if slug in DERIVATIONS:
    replay(json.loads(json.dumps(export(*prove(slug).theorems))))
print(json.dumps({"seconds": time.perf_counter() - start - imported if slug in DERIVATIONS else None}))
"""
_NAIVE = """
import sympy
imported = time.perf_counter() - start
size, general = %d, %s
z, mu, nu = (sympy.symbols(f"{name}1:{size + 1}", real=True) for name in ("z", "mu", "nu"))
sigma, tau = (sympy.symbols(f"{name}1:{size + 1}", positive=True) for name in ("sigma", "tau"))
if not general:
    nu, tau = [0] * size, [1] * size
def density(means, scales):
    terms = [sympy.exp(-((a - m) ** 2) / (2 * s**2)) / (s * sympy.sqrt(2 * sympy.pi)) for a, m, s in zip(z, means, scales)]
    return sympy.Mul(*terms)
q, p = density(mu, sigma), density(nu, tau)
integral = q * sympy.log(q / p)
for point in z:
    integral = sympy.integrate(integral, (point, -sympy.oo, sympy.oo))
found = sympy.simplify(integral)
seconds = time.perf_counter() - start - imported
print(json.dumps({"seconds": seconds}))
"""
CASES = (("kl-normal-standard", 1), ("kl-normal-standard", 2), ("kl-normal-standard", 3), ("kl-normal", 1))


def measured(program: str, limit: float = 600) -> dict[str, Any] | None:
    """What a program in a fresh process prints; None if it takes longer than the limit."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))}
    try:
        done = subprocess.run(
            [sys.executable, "-c", _CLOCK + program],
            capture_output=True, text=True, check=True, timeout=limit, env=environment,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return None
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def table(everything: dict[str, Any], naive: Sequence[tuple[str, int, float | None, float | None]]) -> str:
    """The figures in Markdown; `naive` holds slug, J, our seconds, and those of the naive route."""
    median = 1000 * statistics.median(everything["steps"])
    slowest = 1000 * max(everything["steps"])
    rows = [
        ("all theorems, proved and replayed, with imports", f"{everything['total']:.2f} s", "at most 10 s"),
        ("of which imports", f"{everything['import']:.2f} s", ""),
        (f"of which {everything['theorems']} proofs", f"{everything['prove']:.2f} s", ""),
        (f"of which replay of {everything['applications']} rule applications", f"{everything['replay']:.2f} s", ""),
        (f"median of {len(everything['steps'])} steps", f"{median:.1f} ms", "under 50 ms"),
        ("slowest step", f"{slowest:.0f} ms", ""),
        ("certificates", f"{everything['bytes'] / 1e6:.2f} MB", ""),
    ]
    lines = ["| what | measured | wanted |", "| --- | --- | --- |", *(f"| {' | '.join(row)} |" for row in rows), ""]
    lines += ["| the same divergence | our proof and its replay, every J | `sympy.integrate`, `simplify` | ratio |"]
    lines += ["| --- | --- | --- | --- |", *(_side_by_side(*case) for case in naive)]
    return "\n".join((*lines, ""))


def _side_by_side(slug: str, size: int, ours: float | None, theirs: float | None) -> str:
    shown = "no proof yet" if ours is None else f"{ours:.2f} s"
    slow = theirs or NAIVE_LIMIT
    other = f"{theirs:.1f} s" if theirs else f"more than {NAIVE_LIMIT} s"
    ratio = "" if ours is None else f"{'' if theirs else 'more than '}{slow / ours:.1f}"
    return f"| `{slug}`, J = {size} | {shown} | {other} | {ratio} |"


def page(figures: str, command: str) -> str:
    """A page that names the command beside the figures."""
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}"
    return f"Written by `{command}` ({machine}).\n\n{figures}"


def main() -> None:
    """Measure, print, and write the page if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="page to write the table to, besides printing it")
    options = parser.parse_args()
    everything = measured(_ALL)
    if everything is None:
        sys.exit("the proofs take longer than ten minutes")
    ours = {slug: (measured(_ONE % slug) or {"seconds": None})["seconds"] for slug, _ in CASES}
    naive = []
    for slug, size in CASES:
        theirs = measured(_NAIVE % (size, slug == "kl-normal"), NAIVE_LIMIT)
        naive.append((slug, size, ours[slug], theirs and theirs["seconds"]))
    figures = table(everything, naive)
    print(figures, end="")
    if options.write:
        options.write.write_text(page(figures, "python benchmarks/proving.py --write PAGE.md"), encoding="utf-8")


if __name__ == "__main__":
    main()
