"""How long the proofs take, beside the naive route: ``python benchmarks/derivations.py [--write PAGE.md]``.

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
NAIVE_LIMIT = 600  # seconds
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
from derivations.catalogue import prove
from derivations.certificate import export
from derivations.replay import replay
imported = time.perf_counter() - start
replay(json.loads(json.dumps(export(*prove("kl-normal-standard").theorems))))
print(json.dumps({"seconds": time.perf_counter() - start - imported}))
"""
_NAIVE = """
import sympy
imported = time.perf_counter() - start
size = %d
z = sympy.symbols(f"z1:{size + 1}", real=True)
mu = sympy.symbols(f"mu1:{size + 1}", real=True)
sigma = sympy.symbols(f"sigma1:{size + 1}", positive=True)
def density(means, scales):
    terms = [sympy.exp(-((a - m) ** 2) / (2 * s**2)) / (s * sympy.sqrt(2 * sympy.pi)) for a, m, s in zip(z, means, scales)]
    return sympy.Mul(*terms)
q, p = density(mu, sigma), density([0] * size, [1] * size)
integral = q * sympy.expand_log(sympy.log(q / p), force=True)
for point in z:
    integral = sympy.integrate(integral, (point, -sympy.oo, sympy.oo))
found = sympy.simplify(integral)
wanted = sum((m**2 + s**2 - 1) / 2 - sympy.log(s) for m, s in zip(mu, sigma))
equal = sympy.simplify(found - wanted) == 0
print(json.dumps({"seconds": time.perf_counter() - start - imported, "right": bool(equal)}))
"""


def measured(program: str, limit: float = NAIVE_LIMIT) -> dict[str, Any] | None:
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


def table(everything: dict[str, Any], proof: float, naive: Sequence[tuple[int, dict[str, Any] | None]]) -> str:
    """The figures in Markdown."""
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
        ("`kl-normal-standard` with its lemmas, proved and replayed, every J at once", f"{proof:.2f} s", ""),
        *(_naive_row(size, result, proof) for size, result in naive),
    ]
    lines = ["| what | measured | wanted |", "| --- | --- | --- |", *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join((*lines, ""))


def _naive_row(size: int, result: dict[str, Any] | None, proof: float) -> tuple[str, str, str]:
    name = f"`sympy.integrate` and `simplify` on the same divergence, J = {size}"
    wanted = "at least 20 times slower" if size == 1 else "grows with J"
    if result is None:
        return name, f"more than {NAIVE_LIMIT} s: more than {NAIVE_LIMIT / proof:.0f} times slower", wanted
    verdict = "" if result["right"] else "; not brought to the closed form"
    return name, f"{result['seconds']:.1f} s: {result['seconds'] / proof:.0f} times slower{verdict}", wanted


def page(figures: str, command: str) -> str:
    """A page that names the command beside the figures."""
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}"
    return f"# Benchmark: derivations\n\nWritten by `{command}` ({machine}).\n\n{figures}"


def main() -> None:
    """Measure, print, and write the page if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="page to write the table to, besides printing it")
    parser.add_argument("--sizes", type=int, nargs="*", default=[1, 2], help="dimensions for the naive route")
    options = parser.parse_args()
    everything, one = measured(_ALL), measured(_ONE)
    if everything is None or one is None:
        sys.exit(f"the proofs take longer than {NAIVE_LIMIT} s")
    figures = table(everything, one["seconds"], [(size, measured(_NAIVE % size)) for size in options.sizes])
    print(figures, end="")
    if options.write:
        options.write.write_text(page(figures, "python benchmarks/derivations.py --write PAGE.md"), encoding="utf-8")


if __name__ == "__main__":
    main()
