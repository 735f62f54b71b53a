"""Families of distributions as a formula's arguments: the order of their parameters, their domains, and draws of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction

import numpy as np
from flint import arb

from elbocheck.call import Value
from numerics import density, mass, multivariate
from numerics.ball import Ball, exact, working_precision
from numerics.quadrature import Family as Distribution

EVENT = 3
"""Length of vectors, and order of matrices, in which parameters with axes are drawn."""
_BITS = 400
_CELLS = 2**40  # probabilities are multiples of 1/_CELLS: their sum is 1 without rounding


@dataclass(frozen=True)
class Parameter:
    """A parameter of a family: its name and its role, which says its domain, its axes, and how it may be misread."""

    name: str
    role: str

    @property
    def domain(self) -> str:
        """The domain in words."""
        return _DOMAINS[self.role]

    @property
    def axes(self) -> int:
        """0 for a number, 1 for a vector, 2 for a matrix."""
        return 2 if self.role in ("factor", "covariance") else self.role.startswith("vector")

    def drawn(self, rng: np.random.Generator, decades: float) -> Value:
        """A value: of moderate size, or up to so many orders of magnitude away."""
        return _drawn(self.role, rng, decades)

    def nearby(self, value: Value, size: float, rng: np.random.Generator) -> Value:
        """A value that differs by about ``size``, relatively."""
        return _nearby(self.role, value, size, rng)


@dataclass(frozen=True)
class Family:
    """A family in one parametrisation.

    Parameters
    ----------
    name : str
    parameters : tuple of Parameter
        In the order in which a formula takes them.
    distribution : callable
        The exact distribution of :mod:`numerics` with these parameters; what is irrational in them (a standard deviation
        of a variance) is rounded to 110 digits.
    decades : float
        How extreme parameters may be, in orders of magnitude, so that they still have enclosures.
    """

    name: str
    parameters: tuple[Parameter, ...]
    distribution: Callable[..., Distribution]
    decades: float = 4.0

    @property
    def axes(self) -> int:
        """Axes of one event: 0 for a number."""
        return max((p.axes for p in self.parameters), default=0)

    def drawn(self, rng: np.random.Generator, decades: float) -> tuple[Value, ...]:
        """Values of all parameters, of moderate size where ``decades`` is 0.

        Where it is less than 1, logits and log-variances go no farther than the odds and scales that they are of.
        """
        values = tuple(p.drawn(rng, decades) for p in self.parameters)
        return tuple(sorted(values)) if self.name == "uniform" else values

    def nearby(self, values: Sequence[Value], size: float, rng: np.random.Generator) -> tuple[Value, ...]:
        """Values that differ by about ``size``, relatively."""
        return tuple(p.nearby(v, size, rng) for p, v in zip(self.parameters, values, strict=True))


class FamilyError(Exception):
    """A family that is not known, or two that have no divergence; one line."""


def family(name: str) -> Family:
    """The family of a name.

    Raises
    ------
    FamilyError
        If there is none; names the nearest.

    Examples
    --------
    >>> [p.name for p in family("normal").parameters]
    ['loc', 'scale']
    >>> family("gausian")
    Traceback (most recent call last):
        ...
    elbocheck.family.FamilyError: no family 'gausian'; elbocheck formula --families lists all
    """
    known = FAMILIES.get(name.lower().replace("-", "_"))
    if known is None:
        near = get_close_matches(name.lower(), FAMILIES, n=3)
        raise FamilyError(
            f"no family {name!r}; "
            + (f"nearest: {', '.join(near)}" if near else "elbocheck formula --families lists all")
        )
    return known


# --- the parametrisations ---


def _rounded(ball: Ball) -> Fraction:
    """A ball's middle, exactly."""
    mantissa, exponent = ball.mid().man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def _of_variance(loc: Value, variance: Value) -> density.Normal:
    with working_precision(_BITS):
        return density.Normal(loc, _rounded(exact(variance).sqrt()))


def _of_log_variance(loc: Value, log_variance: Value) -> density.Normal:
    with working_precision(_BITS):
        return density.Normal(loc, _rounded((exact(log_variance) / 2).exp()))


def _of_covariance(loc: Value, covariance: Value) -> multivariate.MultivariateNormal:
    with working_precision(_BITS):
        return multivariate.MultivariateNormal(loc, _cholesky(covariance))


def _cholesky(matrix: Value) -> tuple[tuple[Fraction, ...], ...]:
    rows: list[list[Ball]] = []
    for i, entries in enumerate(matrix):
        row: list[Ball] = []
        for j in range(i):
            known = sum((row[k] * rows[j][k] for k in range(j)), start=arb(0))
            row.append((exact(entries[j]) - known) / rows[j][j])
        row.append((exact(entries[i]) - sum((x * x for x in row), start=arb(0))).sqrt())
        rows.append(row + [arb(0)] * (len(matrix) - i - 1))
    return tuple(tuple(map(_rounded, row)) for row in rows)


def _family(name: str, distribution: Callable[..., Distribution], decades: float = 4.0, **roles: str) -> Family:
    return Family(name, tuple(Parameter(n, role) for n, role in roles.items()), distribution, decades)


FAMILIES = {
    f.name: f
    for f in (
        _family("normal", density.Normal, loc="real", scale="scale"),
        _family("normal_variance", _of_variance, loc="real", variance="variance"),
        _family("normal_log_variance", _of_log_variance, loc="real", log_variance="log_variance"),
        _family("standard_normal", lambda: density.Normal(0, 1)),
        _family("multivariate_normal", multivariate.MultivariateNormal, loc="vector real", scale_tril="factor"),
        _family("multivariate_normal_covariance", _of_covariance, loc="vector real", covariance="covariance"),
        _family("bernoulli", mass.Bernoulli, probs="probability"),
        _family("bernoulli_logits", lambda logits: mass.Bernoulli(logits=logits), logits="logit"),
        _family("categorical", mass.Categorical, probs="vector probability"),
        _family("categorical_logits", lambda logits: mass.Categorical(logits=logits), logits="vector logit"),
        _family("binomial", mass.Binomial, total_count="count", probs="probability"),
        _family("poisson", mass.Poisson, rate="rate"),
        _family("geometric", mass.Geometric, 1.0, probs="probability"),
        _family("exponential", density.Exponential, rate="rate"),
        _family("gamma", density.Gamma, concentration="positive", rate="rate"),
        _family("gamma_scale", lambda a, b: density.Gamma(a, 1 / Fraction(b)), concentration="positive", scale="scale"),
        _family("inverse_gamma", density.InverseGamma, concentration="positive", rate="rate"),
        _family("chi_square", density.ChiSquare, df="positive"),
        _family("beta", density.Beta, concentration1="positive", concentration0="positive"),
        _family("dirichlet", multivariate.Dirichlet, concentration="vector positive"),
        _family("laplace", density.Laplace, loc="real", scale="scale"),
        _family("gumbel", density.Gumbel, 1.0, loc="real", scale="scale"),
        _family("uniform", density.Uniform, lower="real", upper="real"),
        _family("pareto", density.Pareto, scale="scale", alpha="positive"),
        _family("log_normal", density.LogNormal, loc="real", scale="scale"),
        _family("half_normal", density.HalfNormal, scale="scale"),
        _family("von_mises", density.VonMises, loc="real", concentration="positive"),
        _family("wishart", multivariate.Wishart, df="degrees", scale_tril="factor"),
    )
}
"""Each family by name."""


# --- draws ---

_DOMAINS = {
    "real": "real",
    "scale": "positive",
    "variance": "positive",
    "log_variance": "real",
    "rate": "positive",
    "positive": "positive",
    "probability": "between 0 and 1",
    "logit": "real",
    "count": "a positive integer, the same in q and p",
    "degrees": "more than D - 1",
    "vector real": "D reals",
    "vector positive": "K positive numbers",
    "vector probability": "K probabilities, sum 1",
    "vector logit": "K reals",
    "factor": "D x D, lower triangular, positive diagonal",
    "covariance": "D x D, symmetric, positive definite",
}


def _drawn(role: str, rng: np.random.Generator, decades: float) -> Value:
    if role == "vector probability":
        return _shares(rng, 1.0 + 1.25 * decades)
    if role.startswith("vector "):
        return tuple(_drawn(role.removeprefix("vector "), rng, decades) for _ in range(EVENT))
    if role == "factor":
        return _factor(rng, decades)
    if role == "covariance":
        lower = np.array(_factor(rng, decades))
        return tuple(map(tuple, (lower @ lower.T).tolist()))
    if role == "count":
        return int(rng.integers(*((2, 9) if not decades else (10, 40) if decades < 1 else (50, 200))))
    return _extreme(role, rng, decades) if decades else _generic(role, rng)


def _generic(role: str, rng: np.random.Generator) -> float:
    """Away from 0, 1 and 1/2, where many wrong formulas agree with the right one; three decimals, to be read."""
    sign = rng.choice((-1.0, 1.0))
    if role in ("real", "logit", "log_variance"):
        value = sign * rng.uniform(0.25, 1.6)
    elif role == "probability":
        value = 0.5 + sign * rng.uniform(0.08, 0.4)
    elif role == "degrees":
        value = EVENT + rng.uniform(0.2, 3.0)
    else:
        value = math.exp(sign * rng.uniform(0.2, 0.9))
    return round(float(value), 3)


def _extreme(role: str, rng: np.random.Generator, decades: float) -> float:
    sign, size = float(rng.choice((-1.0, 1.0))), 10.0 ** rng.uniform(decades / 4, decades)
    if role == "real":
        return sign * float(size)
    if role in ("logit", "log_variance"):
        return sign * (float(rng.uniform(1.0, 10.0) * decades) if decades >= 1 else 2 * math.log(size))
    if role == "probability":
        return float(1 / size**2)
    if role == "degrees":
        return EVENT + float(size)
    return float(size**sign)


def _shares(rng: np.random.Generator, spread: float) -> tuple[float, ...]:
    weights = np.exp(spread * rng.normal(size=EVENT))
    cells = np.maximum(1, np.round(_CELLS * weights / weights.sum())).astype(np.int64)
    cells[np.argmax(cells)] += _CELLS - cells.sum()
    return tuple((cells / _CELLS).tolist())


def _factor(rng: np.random.Generator, decades: float) -> tuple[tuple[float, ...], ...]:
    rows = [[_generic("real", rng) / 2 for _ in range(i)] + [_generic("scale", rng)] for i in range(EVENT)]
    if decades:
        rows = [[entry * size for entry in row] for row in rows for size in [_extreme("scale", rng, decades)]]
    return tuple(tuple(row) + (0.0,) * (EVENT - len(row)) for row in rows)


def _nearby(role: str, value: Value, size: float, rng: np.random.Generator) -> Value:
    if role == "vector probability":
        steps = np.round(
            np.array(value) * _CELLS * size * rng.choice((-1.0, 1.0), EVENT) * rng.uniform(0.5, 1.0, EVENT)
        )
        cells = np.array(value) * _CELLS + steps
        cells[np.argmax(cells)] += _CELLS - cells.sum()
        return tuple((cells / _CELLS).tolist())
    if role == "covariance":
        factor = float(rng.uniform(0.5, 1.0) * size * rng.choice((-1.0, 1.0)))
        return tuple(tuple(entry * (1.0 + factor) for entry in row) for row in value)
    if isinstance(value, tuple):
        return tuple(_nearby(role.removeprefix("vector "), entry, size, rng) for entry in value)
    if role == "count":
        return value
    return value * (1.0 + float(rng.choice((-1.0, 1.0)) * rng.uniform(0.5, 1.0)) * size)
