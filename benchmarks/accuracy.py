"""Relative errors of closed forms of the Kullback-Leibler divergence, ours and those of other libraries.

    python -m benchmarks.accuracy [--cases N] [--seed K] [--write docs/accuracy.md]

Every family is evaluated on N random pairs of distributions in three regimes and two dtypes, and compared with its usual
expression at hundreds of digits at the rounded parameters (`tests/numerics/reference.py`, which the tests confront with the
defining integrals). The numbers depend on the seed alone. NumPyro and distrax take part where they are installed.
"""

import argparse
import importlib
import importlib.util
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import torch

from tests.numerics.reference import CLAIM, FAMILIES, REGIMES, Parameters

COLUMNS = ("family", "regime", "dtype", "library", "worst error", "median error", "wrong", "not finite", "negative")

# Class and argument names that torch and NumPyro share; the names of distrax where they differ.
CLASSES = {
    "normal": ("Normal", ("loc", "scale")),
    "normal, VAE form": ("Normal", ("loc", "scale")),
    "Bernoulli, probs": ("Bernoulli", ("probs",)),
    "Bernoulli, logits": ("Bernoulli", ("logits",)),
    "categorical, probs": ("Categorical", ("probs",)),
    "categorical, logits": ("Categorical", ("logits",)),
    "multivariate normal, Cholesky": ("MultivariateNormal", ("loc", "scale_tril")),
    "gamma": ("Gamma", ("concentration", "rate")),
    "beta": ("Beta", ("concentration1", "concentration0")),
    "Dirichlet": ("Dirichlet", ("concentration",)),
    "exponential": ("Exponential", ("rate",)),
    "Laplace": ("Laplace", ("loc", "scale")),
    "Poisson": ("Poisson", ("rate",)),
    "geometric": ("Geometric", ("probs",)),
}
DISTRAX = {
    "MultivariateNormal": ("MultivariateNormalTri", ("loc", "scale_tri")),
    "Beta": ("Beta", ("alpha", "beta")),
}


def torch_divergence(family: str, parameters: Parameters) -> np.ndarray:
    """The divergences by torch.distributions."""
    name, arguments = CLASSES[family]
    distribution = getattr(torch.distributions, name)
    tensors = list(map(torch.as_tensor, split(family, parameters, torch.exp, torch.as_tensor)))
    q, p = (distribution(**dict(zip(arguments, half, strict=True)), validate_args=False) for half in halves(tensors))
    value = torch.distributions.kl_divergence(q, p)
    return (value.sum(-1) if family == "normal, VAE form" else value).numpy()


def numpyro_divergence(family: str, parameters: Parameters) -> np.ndarray:
    """The divergences by NumPyro, if it is installed."""
    module = importlib.import_module("numpyro.distributions")
    return jax_divergence(module, lambda q, p: module.kl.kl_divergence(q, p), *CLASSES[family], family, parameters)


def distrax_divergence(family: str, parameters: Parameters) -> np.ndarray:
    """The divergences by distrax, if it is installed."""
    name, arguments = CLASSES[family]
    name, arguments = DISTRAX.get(name, (name, arguments))
    module = importlib.import_module("distrax")
    return jax_divergence(module, lambda q, p: q.kl_divergence(p), name, arguments, family, parameters)


def jax_divergence(
    module: Any, function: Callable, name: str, arguments: tuple[str, ...], family: str, parameters: Parameters
) -> np.ndarray:
    jax = importlib.import_module("jax")
    jax.config.update("jax_enable_x64", True)
    arrays = split(family, parameters, jax.numpy.exp, jax.numpy.asarray)
    q, p = (getattr(module, name)(**dict(zip(arguments, half, strict=True))) for half in halves(arrays))
    value = np.asarray(function(q, p))
    return value.sum(-1) if family == "normal, VAE form" else value


def split(family: str, parameters: Parameters, exp: Callable, convert: Callable) -> list[Any]:
    """Parameters of q and of p; the VAE form names q by a log variance and p not at all."""
    arrays = list(map(convert, parameters))
    if family != "normal, VAE form":
        return arrays
    loc, log_variance = arrays
    return [loc, exp(0.5 * log_variance), 0.0 * loc, 0.0 * loc + 1.0]


def halves(arrays: list[Any]) -> tuple[list[Any], list[Any]]:
    middle = len(arrays) // 2
    return arrays[:middle], arrays[middle:]


def our_divergence(family: str, parameters: Parameters) -> np.ndarray:
    """The divergences by `numerics`, from torch tensors."""
    return np.asarray(FAMILIES[family].function(*map(torch.as_tensor, parameters)))


LIBRARIES = {
    "numerics": our_divergence,
    "torch": torch_divergence,
    "numpyro": numpyro_divergence,
    "distrax": distrax_divergence,
}


def installed() -> dict[str, Callable]:
    """The libraries that can be imported."""
    return {name: function for name, function in LIBRARIES.items() if importlib.util.find_spec(name)}


def survey(values: np.ndarray, truths: list[mpmath.mpf], dtype: type, claim: float) -> list[str]:
    """Worst and median relative error, and shares in percent, over true values that the dtype represents."""
    info = np.finfo(dtype)
    kept = [
        (float(value), truth)
        for value, truth in zip(values, truths, strict=True)
        if truth == 0 or info.smallest_normal <= truth <= info.max
    ]
    errors = np.array(
        [float(abs(mpmath.mpf(v) - t) / (t or 1)) if np.isfinite(v) else np.inf for v, t in kept], dtype=np.float64
    )
    shares = (errors > claim, ~np.isfinite(errors), np.array([v < 0 for v, _ in kept]))
    return [
        number(errors.max()),
        number(float(np.median(errors))),
        *(f"{100 * share.mean():.1f} %" for share in shares),
    ]


def number(value: float) -> str:
    return f"{value:.1e}" if np.isfinite(value) else "not finite"


def rows(cases: int, seed: int) -> Iterator[tuple[str, ...]]:
    """One row for each family, regime, dtype and library."""
    libraries = installed()
    for name, family in FAMILIES.items():
        for regime in REGIMES:
            for dtype, claims in CLAIM.items():
                parameters = family.parameters(regime, dtype, np.random.default_rng(seed), cases)
                truths = family.truths(parameters)
                for library, function in libraries.items():
                    try:
                        values = function(name, parameters)
                    except (AttributeError, NotImplementedError, TypeError):
                        continue  # the library has no such family
                    yield name, regime, dtype.__name__, library, *survey(values, truths, dtype, claims[regime])


def markdown(table: list[tuple[str, ...]]) -> str:
    lines = [COLUMNS, tuple("---" if i < 4 else "--:" for i in range(len(COLUMNS))), *table]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="relative errors of closed forms, against hundreds of digits")
    parser.add_argument("--cases", type=int, default=1000, help="pairs of distributions per family, regime and dtype")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", type=Path, help="a Markdown file to write")
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    table = list(rows(options.cases, options.seed))
    command = f"python -m benchmarks.accuracy --cases {options.cases} --seed {options.seed}"
    text = PAGE.format(command=command, table=markdown(table), cases=options.cases)
    print(text)
    if options.write:
        options.write.write_text(text, encoding="utf-8")
    wrong = [row for row in table if row[3] == "numerics" and row[6:] != ("0.0 %",) * 3]
    for row in wrong:
        print("outside the claim:", *row, file=sys.stderr)
    return 1 if wrong else 0


PAGE = """# Accuracy

Relative errors of the closed forms of the Kullback-Leibler divergence against their usual expressions at hundreds of
digits, evaluated at the rounded parameters; {cases} pairs of distributions in each row. Written by

```console
$ {command} --write docs/accuracy.md
```

*moderate*: generic parameters. *near*: relative differences of at most 3 % and down to 1e-12 (float64) or to some
units in the last place (float32), some parameters being equal. *extreme*: independent scales between 1e-20 and 1e20,
logits and log-variances up to 100 and 80 in size. *wrong*: errors above the claim for `numerics`, which is 1e-13 for
float64, 1e-10 where the parameters are extreme, and 2.5e-7 for float32. Cases whose true value the dtype cannot represent
are left out.

{table}
"""

if __name__ == "__main__":
    sys.exit(main())
