"""Time of the closed forms of the Kullback-Leibler divergence, against torch's own.

    python -m benchmarks.kl_speed [--elements N] [--rounds R] [--threads T] [--families NAME ...] [--columns D ...] [--write docs/speed.md]

The same tensors go to both, without gradients. Each function of a row has a process of its own, since what one allocates
changes how fast another gets memory, and keeps what it frees: asking the system for it at each call, as a program may or
may not, costs the usual expression more than its arithmetic. They are called in turn, and the quotients are those of the
same round. The VAE form
is compared with -0.5 * (1 + logvar - mu^2 - exp(logvar)) summed over the last axis, all others with
torch.distributions.kl_divergence of distributions made within the timed call. `compiled` needs a C++ compiler. What the
usual expression costs with sums in float64, without which no order of additions is right to 2.5e-7, is a row of its own.
"""

import argparse
import math
import multiprocessing
import os
import shlex
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, distributions

from benchmarks.accuracy import CLASSES, halves
from benchmarks.machine import cpu_name
from elbocheck.training import keep_memory
from tests.numerics.reference import FAMILIES

COLUMNS = (
    "family",
    "dtype",
    "torch eager",
    "torch compiled",
    "eager",
    "compiled",
    "eager quotient",
    "compiled quotient",
)
VAE = "normal, VAE form"


def usual(loc: Tensor, log_variance: Tensor) -> Tensor:
    """The expression that every tutorial has."""
    return -0.5 * (1 + log_variance - loc.pow(2) - log_variance.exp()).sum(-1)


def usual_added_in_float64(loc: Tensor, log_variance: Tensor) -> Tensor:
    """The same with sums as precise as ours have to be, and nothing else."""
    terms = 1 + log_variance - loc.pow(2) - log_variance.exp()
    return (-0.5 * terms.sum(-1, dtype=torch.float64)).to(terms.dtype)


def torch_divergence(family: str) -> Callable[..., Tensor]:
    name, arguments = CLASSES[family]
    distribution = getattr(distributions, name)

    def divergence(*tensors: Tensor) -> Tensor:
        q, p = (
            distribution(**dict(zip(arguments, half, strict=True)), validate_args=False)
            for half in halves(list(tensors))
        )
        return distributions.kl_divergence(q, p)

    return divergence


def tensors(family: str, elements: int, columns: int, dtype: torch.dtype, generator: torch.Generator) -> list[Tensor]:
    """Generic parameters, `elements` numbers in each; `columns` or 4 of them make an event where events are vectors."""

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=dtype)

    def positive(*shape: int) -> Tensor:
        return normal(*shape).exp()

    rows = elements // columns
    if family == VAE:
        return [normal(rows, columns), normal(rows, columns)]
    if family == "multivariate normal, Cholesky":
        size = 4
        count = elements // size**2
        factor = [normal(count, size, size).tril(-1) + torch.diag_embed(positive(count, size)) for _ in range(2)]
        return [normal(count, size), factor[0], normal(count, size), factor[1]]
    draws = {
        "loc": lambda: normal(elements),
        "probs": lambda: torch.sigmoid(normal(elements)),
        "logits": lambda: normal(elements),
    }
    if family.startswith("categorical"):
        draws = {"probs": lambda: normal(rows, columns).softmax(-1), "logits": lambda: normal(rows, columns)}
    if family == "Dirichlet":
        return [positive(rows, columns), positive(rows, columns)]
    return [draws.get(name, lambda: positive(elements))() for _ in range(2) for name in CLASSES[family][1]]


class Timed:
    """A function in a process of its own, so that its allocations leave those of others as they are."""

    def __init__(self, *work: Any):
        context = multiprocessing.get_context("spawn")
        self._line, theirs = context.Pipe()
        context.Process(target=answer, args=(theirs, *work), daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._line.send(False)

    def milliseconds(self) -> float:
        """Time of one call."""
        self._line.send(True)
        return float(self._line.recv())


def answer(
    line: Connection,
    family: str,
    whose: str,
    compiled: bool,
    dtype: torch.dtype,
    elements: int,
    columns: int,
    threads: int,
) -> None:
    """Make one call for each request, and send its time in milliseconds.

    One thread is timed by its own clock, so that other work on the machine counts little.
    """
    torch.set_num_threads(threads)
    keep_memory()
    warnings.simplefilter("ignore")
    clock = time.process_time if threads == 1 else time.perf_counter
    arguments = tensors(family, elements, columns, dtype, torch.Generator().manual_seed(0))
    function = {"ours": FAMILIES[family].function, "wide": usual_added_in_float64, "torch": theirs(family)}[whose]
    function(*arguments)  # torch remembers which of its rules serves, outside of what it compiles
    if compiled:
        function = compilation(function, arguments)
    for _ in range(3):
        function(*arguments)
    while line.recv():
        start = clock()
        function(*arguments)
        line.send(1e3 * (clock() - start))


def theirs(family: str) -> Callable[..., Tensor]:
    return usual if family == VAE else torch_divergence(family)


def compilation(function: Callable[..., Tensor], arguments: list[Tensor]) -> Callable[..., Tensor]:
    """What the compiler makes of it; torch's multivariate normal does not compile, and its own call is the measure."""
    compiled = torch.compile(function, dynamic=False)
    try:
        compiled(*arguments)
    except torch._dynamo.exc.TorchRuntimeError:
        return function
    return compiled


def quotient(ours: Sequence[float], others: Sequence[float]) -> str:
    """Median of the quotients of the rounds, and half the width of its 95 % interval by order statistics."""
    ratios = sorted(a / b for a, b in zip(ours, others, strict=True))
    count = len(ratios)
    below = max(0, math.floor(0.5 * count - 0.98 * math.sqrt(count)))
    return f"{statistics.median(ratios):.2f} +- {0.5 * (ratios[count - 1 - below] - ratios[below]):.2f}"


def row(
    family: str, dtype: torch.dtype, elements: int, columns: int, rounds: int, threads: int, ours: str = "ours"
) -> tuple[str, ...]:
    """Times of torch's form and ours, eager and compiled, called in turn."""
    kinds = [(whose, compiled) for whose in ("torch", ours) for compiled in (False, True)]
    with ExitStack() as stack:
        timed = [stack.enter_context(Timed(family, *kind, dtype, elements, columns, threads)) for kind in kinds]
        taken = list(zip(*([one.milliseconds() for one in timed] for _ in range(rounds)), strict=True))
    cells = [f"{statistics.median(record):.2f}" for record in taken]
    quotients = [quotient(taken[2 + i], taken[i]) for i in range(2)]
    name = f"{family}, {columns} columns" if family == VAE else family
    name = f"usual expression added in float64, {columns} columns" if ours == "wide" else name
    return name, str(dtype).removeprefix("torch."), *cells, *quotients


def main() -> int:
    parser = argparse.ArgumentParser(description="time of closed forms, against torch's own")
    parser.add_argument("--elements", type=int, default=10**6)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--families", nargs="*", default=list(FAMILIES))
    parser.add_argument(
        "--columns",
        type=int,
        nargs="*",
        default=[2, 20, 64, 400],
        help="lengths of rows of the VAE form; tables have 20",
    )
    parser.add_argument("--write", type=Path, help="a Markdown file to write")
    options = parser.parse_args()
    os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"  # else each process starts processes to compile in
    lines = [COLUMNS, tuple("---" if i < 2 else "--:" for i in range(len(COLUMNS)))]
    works = [(f, n) for f in options.families for n in (options.columns if f == VAE else [20])]
    for family, columns in works:
        kinds = [(torch.float32, "ours"), (torch.float64, "ours")] + [(torch.float32, "wide")] * (family == VAE)
        for dtype, ours in kinds:
            lines.append(row(family, dtype, options.elements, columns, options.rounds, options.threads, ours))
            print(*lines[-1], sep=" | ", flush=True)
    if options.write:
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        command = f"python -m benchmarks.kl_speed --elements {options.elements} --rounds {options.rounds} --threads {options.threads}"
        if options.columns != parser.get_default("columns"):
            command += f" --columns {shlex.join(map(str, options.columns))}"
        if options.families != list(FAMILIES):
            command += f" --families {shlex.join(options.families)}"
        options.write.write_text(
            PAGE.format(
                command=command, table=table, rounds=options.rounds, cpu=cpu_name(), load=f"{os.getloadavg()[0]:.1f}"
            ),
            encoding="utf-8",
        )
    return 0


PAGE = """# Speed

Milliseconds per call, without gradients, medians of {rounds} rounds; and quotients of ours and torch's in the same round, their
median and half the width of its 95 % interval. Each function ran in a process of its own, which keeps the memory that it
frees. The machine decides these numbers: two cores, {cpu}, load {load}. They were written by

```console
$ {command} --write docs/speed.md
```

{table}

Of the VAE form in float32 the library says that it is wrong by 2.4e-7 at most. Additions of float32 alone, in whatever order,
get some row of 17 numbers or more wrong by 3e-7 (`tests/numerics/test_block.py` constructs it for a given order), so ours
are made in float64. The usual expression, with all its other errors, is in rows of its own with sums in float64.
"""

if __name__ == "__main__":
    sys.exit(main())
