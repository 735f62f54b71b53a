"""How long the proofs take, beside the naive route: ``python benchmarks/proving.py [--write]``.

Each measurement is one fresh process, so nothing is warm. Seconds are those of the processor, which one process uses at
a time, so that what else the machine does hardly counts; one line gives the same by the clock. ``--write`` records the
tables in ``docs/benchmark.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import section

ROOT = Path(__file__).resolve().parent.parent
LIMIT = 120  # seconds of the processor
_CLOCK = f"""
import json, resource, time
resource.setrlimit(resource.RLIMIT_CPU, ({LIMIT}, {LIMIT}))
begun, start = time.perf_counter(), time.process_time()
"""
_ALL = """
from derivations import derivation
from derivations.catalogue import DERIVATIONS, prove
from derivations.certificate import export
from derivations.replay import replay
imported = time.process_time() - start
steps, one_step = [], derivation._step
def timed(*arguments):
    begin = time.process_time()
    result = one_step(*arguments)
    steps.append(time.process_time() - begin)
    return result
derivation._step = timed
proved = [prove(slug) for slug in DERIVATIONS]
done = time.process_time() - start
certificates = [json.dumps(export(*d.theorems)) for d in proved]
begin = time.process_time()
applications = 0
for text in certificates:
    certificate = json.loads(text)
    replay(certificate)
    applications += len(certificate["steps"])
replayed = time.process_time() - begin
print(json.dumps({"theorems": len(proved), "applications": applications, "bytes": sum(map(len, certificates)),
    "import": imported, "prove": done - imported, "replay": replayed, "total": time.process_time() - start,
    "clock": time.perf_counter() - begun, "steps": steps}))
"""
_ONE = """
from derivations.catalogue import prove
from derivations.certificate import export
from derivations.replay import replay
imported = time.process_time() - start
theorems = prove("%s").theorems
proved = time.process_time() - start
replay(json.loads(json.dumps(export(*theorems))))
print(json.dumps({"proof": proved - imported, "seconds": time.process_time() - start - imported}))
"""
_NAIVE = """
import sympy
imported = time.process_time() - start
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
seconds = time.process_time() - start - imported
print(json.dumps({"seconds": seconds}))
"""
CASES = (*(("kl-normal-standard", size) for size in (1, 2, 3, 4)), ("kl-normal", 1))


def measured(program: str) -> dict[str, Any] | None:
    """What a program in a fresh process prints; None if it takes longer than the limit."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))}
    command = [sys.executable, "-c", _CLOCK + program]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, env=environment)
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        return None
    done.check_returncode()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def table(everything: dict[str, Any], naive: Sequence[tuple[str, int, dict[str, Any] | None, float | None]]) -> str:
    """The figures in Markdown; `naive` holds slug, J, our seconds, and those of the naive route."""
    median = 1000 * statistics.median(everything["steps"])
    slowest = 1000 * max(everything["steps"])
    rows = [
        ("all theorems, proved and replayed, with imports", f"{everything['total']:.2f} s", "at most 10 s"),
        ("the same by the clock, the machine as busy as it was", f"{everything['clock']:.2f} s", ""),
        ("of which imports", f"{everything['import']:.2f} s", ""),
        (f"of which {everything['theorems']} proofs", f"{everything['prove']:.2f} s", ""),
        (f"of which replay of {everything['applications']} rule applications", f"{everything['replay']:.2f} s", ""),
        (f"median of {len(everything['steps'])} steps", f"{median:.1f} ms", "under 50 ms"),
        ("slowest step", f"{slowest:.0f} ms", ""),
        ("certificates", f"{everything['bytes'] / 1e6:.2f} MB", ""),
    ]
    lines = ["| what | measured | wanted |", "| --- | --- | --- |", *(f"| {' | '.join(row)} |" for row in rows), ""]
    lines += [
        "| the same divergence | our proof, all J at once | with export and replay | `integrate`, `simplify` | ratio |"
    ]
    lines += ["| --- | --- | --- | --- | --- |", *(_side_by_side(*case) for case in naive)]
    return "\n".join((*lines, ""))


def _side_by_side(slug: str, size: int, ours: dict[str, Any] | None, theirs: float | None) -> str:
    """A row; the first ratio is that to the proof, the second that to the proof with its replay."""
    if ours is None:
        return f"| `{slug}`, J = {size} | more than {LIMIT} s | | | |"
    proof, whole = ours["proof"], ours["seconds"]
    other, least = (f"{theirs:.1f} s", "") if theirs else (f"more than {LIMIT} s", "more than ")
    ratios = " and ".join(f"{(theirs or LIMIT) / seconds:.1f}" for seconds in (proof, whole))
    return f"| `{slug}`, J = {size} | {proof:.2f} s | {whole:.2f} s | {other} | {least}{ratios} |"


def machine() -> str:
    """What it was measured on."""
    load = f"{os.getloadavg()[0]:.1f}"
    return f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}, load {load}"


def main() -> None:
    """Measure, print, and write the page if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--write", action="store_true", help="record the tables in docs/benchmark.md, besides printing them"
    )
    options = parser.parse_args()
    everything = measured(_ALL)
    if everything is None:
        sys.exit(f"the proofs take longer than {LIMIT} seconds")
    ours = {slug: measured(_ONE % slug) for slug, _ in CASES}
    naive = []
    for slug, size in CASES:
        theirs = measured(_NAIVE % (size, slug != "kl-normal-standard"))
        naive.append((slug, size, ours[slug], theirs and theirs["seconds"]))
    figures = f"{machine()}.\n\n{table(everything, naive)}".rstrip()
    print(figures)
    if options.write:
        section.write("proving", "python benchmarks/proving.py --write", figures)


if __name__ == "__main__":
    main()
