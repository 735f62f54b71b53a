"""Families of laws as data: which variable of a theorem is which parameter of the code, and generic points.

A `Family` joins three accounts of one law that share no code: the theorems ``kl-NAME`` and ``entropy-NAME`` of
`derivations`, the closed forms of a module of `numerics`, and the density that `numerics.quadrature` integrates. Parameters
bear the names that they have in `numerics`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from types import SimpleNamespace
from typing import Any, TypeAlias

import flint
import numpy as np
from numpy.typing import NDArray

from numerics import (
    bernoulli,
    beta,
    binomial,
    categorical,
    density,
    dirichlet,
    exponential,
    gamma,
    geometric,
    half_normal,
    inverse_gamma,
    laplace,
    log_normal,
    mass,
    multivariate,
    multivariate_normal,
    normal,
    pareto,
    poisson,
    quadrature,
    von_mises,
)

Parameter: TypeAlias = float | tuple[float, ...] | tuple[tuple[float, ...], ...]
Parameters: TypeAlias = Mapping[str, Parameter]
Draw: TypeAlias = Callable[..., NDArray[np.float64]]


@dataclass(frozen=True)
class Family:
    """One family.

    Attributes
    ----------
    code
        Where the closed forms are: ``log_prob``, ``kl_divergence`` and ``entropy`` in the parameters of this family.
    law
        The density to integrate, from the parameters.
    draw
        Draws by NumPy: maps a generator, their number and the parameters to an array of shape (N,) or (N, K).
    variables
        For each parameter the variables of the theorem, that of q and that of p; one name for a parameter that q and p
        share, None where the theorem hides it in a function.
    points
        Values of the parameters, of q and of p; one value for a parameter that q and p share.
    count
        The theorem's variable for the number of components of each parameter, if they are vectors.
    rigid
        Why no gradient is asked for; empty where it is.
    names
        Of the laws q and p in the theorem.
    further
        Values of variables and functions that the theorem has besides, from the parameters of q and of p.
    """

    code: Any
    law: Callable[..., quadrature.Family]
    draw: Draw
    variables: Mapping[str, tuple[str, str] | str | None]
    points: tuple[Mapping[str, Any], ...]
    count: str = ""
    rigid: str = ""
    names: tuple[str, str] = ("q(x)", "p(x)")
    further: Callable[[Parameters, Parameters], Mapping[str, Any]] = lambda q, p: {}

    @property
    def own(self) -> tuple[str, ...]:
        """The parameters in which q and p differ."""
        return tuple(name for name, variable in self.variables.items() if isinstance(variable, tuple))

    def pair(self, point: Mapping[str, Any]) -> tuple[Parameters, Parameters]:
        """The parameters of q and those of p."""
        q, p = ({n: v[i] if n in self.own else v for n, v in point.items()} for i in (0, 1))
        return q, p

    def values(self, point: Mapping[str, Any]) -> dict[str, Any]:
        """The values of the theorem's variables and functions."""
        values: dict[str, Any] = dict(FUNCTIONS)
        for name, variable in self.variables.items():
            if isinstance(variable, tuple):
                values.update(zip(variable, point[name], strict=True))
            elif variable:
                values[variable] = point[name]
        if self.count:
            values[self.count] = len(point[self.own[0]][0])
        return values | dict(self.further(*self.pair(point)))


# of which the theorems suppose nothing but what they print; here they are the functions of their names
FUNCTIONS: Mapping[str, Callable[[flint.arb], flint.arb]] = {
    "Gamma": lambda x: x.gamma(),
    "psi": lambda x: x.digamma(),
    "I": lambda x: x.bessel_i(0),
    "r": lambda x: x.bessel_i(1) / x.bessel_i(0),
}
_SHAPE_RATE = {"concentration": ("alpha", "a"), "rate": ("beta", "b")}
_LOC_SCALE = {"loc": ("mu", "nu"), "scale": ("sigma", "tau")}


def _points(**columns: tuple[Any, ...]) -> tuple[Mapping[str, Any], ...]:
    return tuple(dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))


# generic: at 0, 1 or 1/2, and at q = p, many wrong formulas agree; the last pair of each is near equality
_PROBS = ((0.7, 0.4), (0.15, 0.8), (0.30001, 0.3))
_FIRST = ((2.3, 1.4), (0.6, 3.1), (1.70002, 1.7))
_SECOND = ((0.7, 1.9), (2.6, 0.45), (0.8, 0.80001))
_LOCS = ((0.7, -0.6), (-1.9, 0.3), (0.4, 0.40001))
_SIMPLEX = (  # dyadic, so that their sum is 1
    ((0.125, 0.25, 0.625), (0.4375, 0.5, 0.0625)),
    ((0.5625, 0.1875, 0.125, 0.125), (0.25, 0.0625, 0.4375, 0.25)),
)
_CONCENTRATIONS = (((2.3, 0.7, 1.4), (0.9, 1.9, 3.1)), ((0.6, 1.8), (1.7, 0.45)))
_DIAGONALS = (((0.7, -0.6, 1.9), (-0.6, 0.4, 0.3)), ((-1.2, 0.3), (0.8, 1.7)))
_SCALES = (((0.4, 1.3, 2.2), (1.3, 0.15, 0.9)), ((0.6, 1.8), (1.7, 0.45)))


def _diagonal(loc: tuple[float, ...], scale: tuple[float, ...]) -> multivariate.MultivariateNormal:
    rows = tuple(tuple(s if i == j else 0 for j in range(len(scale))) for i, s in enumerate(scale))
    return multivariate.MultivariateNormal(loc, rows)


_DIAGONAL_CODE = SimpleNamespace(
    log_prob=lambda value, loc, scale: normal.log_prob(value, loc, scale).sum(-1),
    kl_divergence=multivariate_normal.kl_divergence_diagonal,
)

# dyadic, so that the inverses of their squares are rational
_FACTORS = (
    (((0.75, 0.0), (-0.375, 1.25)), ((1.5, 0.0), (0.625, 0.875))),
    (
        ((0.625, 0.0, 0.0), (0.25, 1.75, 0.0), (-0.875, 0.375, 0.8125)),
        ((1.25, 0.0, 0.0), (-0.75, 0.875, 0.0), (0.375, 0.3125, 1.5)),
    ),
)


def _matrices(q: Parameters, p: Parameters) -> dict[str, Any]:
    """Roots of the determinants of both covariances, and the inverse of p's; all exact."""
    factors: list[Any] = [x["scale_tril"] for x in (q, p)]
    a, c = (math.prod(Fraction(factor[i][i]) for i in range(len(factor))) for factor in factors)
    inverse: list[list[Fraction]] = []
    for i, row in enumerate(factors[1]):
        known = [sum(Fraction(row[k]) * inverse[k][j] for k in range(i)) for j in range(len(row))]
        inverse.append([((i == j) - known[j]) / Fraction(row[i]) for j in range(len(row))])
    columns = list(zip(*inverse, strict=True))
    return {"a": a, "c": c, "P": [[sum(x * y for x, y in zip(u, v, strict=True)) for v in columns] for u in columns]}


def _natural(q: Parameters, p: Parameters) -> dict[str, Any]:
    """The normal as an exponential family of x and x^2, whose base measure is 1."""
    (mu, sigma), (nu, tau) = ((Fraction(x["loc"]), Fraction(x["scale"])) for x in (q, p))  # type: ignore[arg-type]
    eta, theta = ((loc / scale**2, -1 / (2 * scale**2)) for loc, scale in ((mu, sigma), (nu, tau)))
    partition = {"A_q": _log_partition(*eta), "A_p": _log_partition(*theta)}
    return {
        "n": 2,
        "eta": _of_index(eta),
        "theta": _of_index(theta),
        "m": _of_index((mu, mu**2 + sigma**2)),
    } | partition


def _of_index(values: Sequence[Fraction]) -> Callable[[flint.arb], flint.arb]:
    """The function of k that these are the values of, from k = 1."""
    balls = [flint.arb(v.numerator) / v.denominator for v in values]
    return lambda k: balls[int(float(k)) - 1]


def _log_partition(first: Fraction, second: Fraction) -> flint.arb:
    linear, square = (flint.arb(x.numerator) / x.denominator for x in (first, second))
    return -(linear**2) / (4 * square) - (-square / flint.arb.pi()).log() / 2


_NORMAL = Family(
    normal,
    density.Normal,
    lambda rng, n, loc, scale: rng.normal(loc, scale, n),
    _LOC_SCALE,
    _points(loc=_LOCS, scale=_SECOND),
)

FAMILIES: Mapping[str, Family] = {
    "normal": replace(_NORMAL, names=("N(z; mu, sigma^2)", "N(z; nu, tau^2)")),
    "exponential-family": replace(_NORMAL, further=_natural),
    "multivariate-normal": Family(
        multivariate_normal,
        multivariate.MultivariateNormal,
        lambda rng, n, loc, scale_tril: loc + rng.normal(size=(n, len(loc))) @ np.transpose(scale_tril),
        {"loc": ("mu", "nu"), "scale_tril": ("A", "C")},
        _points(loc=(((-1.2, 0.3), (0.8, 1.7)), ((0.7, -0.6, 1.9), (-0.6, 0.4, 0.3))), scale_tril=_FACTORS),
        count="J",
        names=("q(z)", "p(z)"),
        further=_matrices,
    ),
    "normal-diagonal": Family(
        _DIAGONAL_CODE,
        _diagonal,
        lambda rng, n, loc, scale: rng.normal(loc, scale, (n, len(loc))),
        _LOC_SCALE,
        _points(loc=_DIAGONALS, scale=_SCALES),
        count="J",
        names=("N_J(z; mu, diag sigma^2)", "N_J(z; nu, diag tau^2)"),
    ),
    "bernoulli": Family(
        bernoulli,
        mass.Bernoulli,
        lambda rng, n, probs: rng.binomial(1, probs, n),
        {"probs": ("theta", "rho")},
        _points(probs=_PROBS),
    ),
    "categorical": Family(
        categorical,
        mass.Categorical,
        lambda rng, n, probs: rng.multinomial(1, probs, n),
        {"probs": ("pi", "rho")},
        _points(probs=_SIMPLEX),
        count="K",
        rigid="probabilities are bound to their sum",
    ),
    "binomial": Family(
        binomial,
        mass.Binomial,
        lambda rng, n, total_count, probs: rng.binomial(total_count, probs, n),
        {"total_count": "n", "probs": ("theta", "rho")},
        _points(total_count=(5, 3, 8), probs=_PROBS),
    ),
    "poisson": Family(
        poisson,
        mass.Poisson,
        lambda rng, n, rate: rng.poisson(rate, n),
        {"rate": ("lambda", "kappa")},
        _points(rate=_FIRST),
    ),
    "geometric": Family(
        geometric,
        mass.Geometric,
        lambda rng, n, probs: rng.geometric(probs, n) - 1,
        {"probs": ("theta", "rho")},
        _points(probs=_PROBS),
    ),
    "exponential": Family(
        exponential,
        density.Exponential,
        lambda rng, n, rate: rng.exponential(1 / rate, n),
        {"rate": ("lambda", "kappa")},
        _points(rate=_FIRST),
    ),
    "gamma": Family(
        gamma,
        density.Gamma,
        lambda rng, n, concentration, rate: rng.gamma(concentration, 1 / rate, n),
        _SHAPE_RATE,
        _points(concentration=_FIRST, rate=_SECOND),
    ),
    "inverse-gamma": Family(
        inverse_gamma,
        density.InverseGamma,
        lambda rng, n, concentration, rate: rate / rng.gamma(concentration, 1, n),
        _SHAPE_RATE,
        _points(concentration=_FIRST, rate=_SECOND),
    ),
    "beta": Family(
        beta,
        density.Beta,
        lambda rng, n, concentration1, concentration0: rng.beta(concentration1, concentration0, n),
        {"concentration1": ("alpha", "a"), "concentration0": ("beta", "b")},
        _points(concentration1=_FIRST, concentration0=_SECOND),
    ),
    "dirichlet": Family(
        dirichlet,
        multivariate.Dirichlet,
        lambda rng, n, concentration: rng.dirichlet(concentration, n),
        {"concentration": ("alpha", "beta")},
        _points(concentration=_CONCENTRATIONS),
        count="K",
    ),
    "laplace": Family(
        laplace,
        density.Laplace,
        lambda rng, n, loc, scale: rng.laplace(loc, scale, n),
        {"loc": None, "scale": ("b", "s")},
        _points(loc=(0.3, -1.2, 0.7), scale=_FIRST),
    ),
    "log-normal": Family(
        log_normal,
        density.LogNormal,
        lambda rng, n, loc, scale: rng.lognormal(loc, scale, n),
        _LOC_SCALE,
        _points(loc=_LOCS, scale=_SECOND),
    ),
    "pareto": Family(
        pareto,
        density.Pareto,
        lambda rng, n, scale, alpha: scale * (1 + rng.pareto(alpha, n)),
        {"scale": "s", "alpha": ("alpha", "a")},
        _points(scale=(1.5, 0.4, 2.2), alpha=_FIRST),
    ),
    "half-normal": Family(
        half_normal,
        density.HalfNormal,
        lambda rng, n, scale: abs(rng.normal(0, scale, n)),
        {"scale": ("sigma", "tau")},
        _points(scale=_SECOND),
    ),
    "von-mises": Family(
        von_mises,
        density.VonMises,
        lambda rng, n, loc, concentration: rng.vonmises(loc, concentration, n),
        {"loc": None, "concentration": ("a", "b")},
        _points(loc=(0.3, -1.2, 0.7), concentration=_FIRST),
    ),
}
