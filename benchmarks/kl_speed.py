"""Time of the closed forms of the Kullback-Leibler divergence, against torch's own.

    python -m benchmarks.kl_speed [--elements N] [--rounds R] [--threads T] [--write docs/speed.md]

The same tensors go to both, without gradients; the functions of a row are called in turn, and the quickest and the median
time of each are kept. The VAE form is compared with -0.5 * (1 + logvar - mu^2 - exp(logvar)) summed over the last axis, all
others with torch.distributions.kl_divergence of distributions made within the timed call. `compiled` needs a C++ compiler.
"""

import argparse
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, distributions

from benchmarks.accuracy import CLASSES, halves
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
EVENT = 20
VAE = "normal, VAE form"


def usual(loc: Tensor, log_variance: Tensor) -> Tensor:
    """The expression that every tutorial has."""
    return -0.5 * (1 + log_variance - loc.pow(2) - log_variance.exp()).sum(-1)


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


def tensors(family: str, elements: int, dtype: torch.dtype, generator: torch.Generator) -> list[Tensor]:
    """Generic parameters, `elements` numbers in each; 20 or 4 of them make an event where events are vectors."""

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=dtype)

    def positive(*shape: int) -> Tensor:
        return normal(*shape).exp()

    rows = elements // EVENT
    if family == VAE:
        return [normal(rows, EVENT), normal(rows, EVENT)]
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
        draws = {"probs": lambda: normal(rows, EVENT).softmax(-1), "logits": lambda: normal(rows, EVENT)}
    if family == "Dirichlet":
        return [positive(rows, EVENT), positive(rows, EVENT)]
    return [draws.get(name, lambda: positive(elements))() for _ in range(2) for name in CLASSES[family][1]]


def times(functions: list[Callable[[], Tensor]], rounds: int) -> list[tuple[float, float]]:
    """Quickest and median time of each in milliseconds, called in turn.

    One thread is timed by its own clock, so that other work on the machine counts little.
    """
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    taken: list[list[float]] = [[] for _ in functions]
    for function in functions:
        function()
        function()
    for _ in range(rounds):
        for function, record in zip(functions, taken, strict=True):
            start = clock()
            function()
            record.append(1e3 * (clock() - start))
    return [(min(record), statistics.median(record)) for record in taken]


def row(family: str, dtype: torch.dtype, elements: int, rounds: int) -> tuple[str, ...]:
    arguments = tensors(family, elements, dtype, torch.Generator().manual_seed(0))
    both = [usual if family == VAE else torch_divergence(family), FAMILIES[family].function]
    torch.compiler.reset()
    for function in both:  # torch remembers which of its rules serves, outside of what it compiles
        function(*arguments)
    compiled = [torch.compile(function, dynamic=False) for function in both]
    functions = [lambda f=f: f(*arguments) for f in (*both, *compiled)]
    try:
        functions[2]()
    except torch._dynamo.exc.TorchRuntimeError:  # its multivariate normal does not compile: its own call is the measure
        functions[2] = functions[0]
    (theirs, ours), (theirs_compiled, ours_compiled) = (measured := times(functions, rounds))[:2], measured[2:]
    cells = [f"{quickest:.2f}" for quickest, _ in (theirs, theirs_compiled, ours, ours_compiled)]
    quotients = [
        f"{mine[0] / other[0]:.2f} ({mine[1] / other[1]:.2f})"
        for mine, other in ((ours, theirs), (ours_compiled, theirs_compiled))
    ]
    return family, str(dtype).removeprefix("torch."), *cells, *quotients


def main() -> int:
    parser = argparse.ArgumentParser(description="time of closed forms, against torch's own")
    parser.add_argument("--elements", type=int, default=10**6)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--families", nargs="*", default=list(FAMILIES))
    parser.add_argument("--write", type=Path, help="a Markdown file to write")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    warnings.simplefilter("ignore")
    lines = [COLUMNS, tuple("---" if i < 2 else "--:" for i in range(len(COLUMNS)))]
    for family in options.families:
        for dtype in (torch.float32, torch.float64):
            lines.append(row(family, dtype, options.elements, options.rounds))
            print(*lines[-1], sep=" | ", flush=True)
    if options.write:
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        command = f"python -m benchmarks.kl_speed --elements {options.elements} --threads {options.threads}"
        options.write.write_text(PAGE.format(command=command, table=table), encoding="utf-8")
    return 0


PAGE = """# Speed

Milliseconds per call, without gradients, the quickest of the rounds; and quotients of ours and torch's, quickest (median).
The machine decides these numbers; they were written by

```console
$ {command} --write docs/speed.md
```

{table}
"""

if __name__ == "__main__":
    sys.exit(main())
