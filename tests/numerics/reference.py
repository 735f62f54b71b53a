"""Divergences by their usual expressions at hundreds of digits, and random parameters to evaluate them at.

The usual expression cancels near equality and at extremes; with enough digits it does not matter. Each expression is
itself confronted with the defining integral or sum in the test file of its family.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import mpmath
import numpy as np
from mpmath import digamma, exp, log, loggamma, mpf
from numpy.typing import NDArray

from numerics import (
    bernoulli,
    beta,
    categorical,
    dirichlet,
    exponential,
    gamma,
    geometric,
    laplace,
    multivariate_normal,
    normal,
    poisson,
)

REGIMES = ("moderate", "near", "extreme")
CLAIM = {np.float64: {"moderate": 1e-13, "near": 1e-13, "extreme": 1e-10}}
CLAIM[np.float32] = dict.fromkeys(REGIMES, 2.5e-7)
GRADIENT_CLAIM = {np.float64: 1e-9, np.float32: 1e-6}
EVENT = 3

Parameters = list[NDArray[np.float64]]


def exact(values):
    """Nested tuples of mpmath numbers, equal to the floating-point numbers of an array."""
    array = np.asarray(values, dtype=np.float64)
    return mpf(float(array)) if array.ndim == 0 else tuple(map(exact, array))


def kl_normal(m, s, n, t):
    return log(t / s) + (s**2 + (m - n) ** 2) / (2 * t**2) - mpf(1) / 2


def kl_standard(loc, log_variance):
    return sum(m**2 + exp(v) - 1 - v for m, v in zip(loc, log_variance, strict=True)) / 2


def kl_probs(q, p):
    """Of tables that need not sum to 1; Bernoulli distributions are tables of two."""
    total_q, total_p = sum(q), sum(p)
    pairs = [(a / total_q, b / total_p) for a, b in zip(q, p, strict=True)]
    if any(b == 0 < a for a, b in pairs):
        return mpmath.inf
    return sum(a * log(a / b) for a, b in pairs if a)


def kl_bernoulli(q, p):
    return kl_probs((q, 1 - q), (p, 1 - p))


def kl_logits(q, p):
    return kl_probs([exp(x) for x in q], [exp(x) for x in p])


def kl_bernoulli_logits(q, p):
    return kl_logits((q, mpf(0)), (p, mpf(0)))


def kl_geometric(q, p):
    return log(q / p) + (1 - q) / q * log((1 - q) / (1 - p)) if q < 1 else -log(p)


def kl_poisson(q, p):
    return q * log(q / p) - q + p


def kl_exponential(q, p):
    return log(q / p) + p / q - 1


def kl_laplace(m, a, n, b):
    d = abs(m - n)
    return log(b / a) + (d + a * exp(-d / a)) / b - 1


def kl_gamma(a, r, b, s):
    return (a - b) * digamma(a) - loggamma(a) + loggamma(b) + b * log(r / s) + a * (s - r) / r


def kl_dirichlet(a, b):
    total = sum(a)
    value = loggamma(total) - loggamma(sum(b))
    for x, y in zip(a, b, strict=True):
        value += loggamma(y) - loggamma(x) + (x - y) * (digamma(x) - digamma(total))
    return value


def kl_beta(a, b, c, d):
    return kl_dirichlet((a, b), (c, d))


def forward(lower, right):
    """Forward substitution."""
    solution: list = []
    for row, value in zip(lower, right, strict=True):
        known = sum(x * y for x, y in zip(row, solution, strict=False))
        solution.append((value - known) / row[len(solution)])
    return solution


def kl_cholesky(m, q, n, p):
    size = len(m)
    columns = [forward(p, [q[i][j] if j <= i else mpf(0) for i in range(size)]) for j in range(size)]
    shift = forward(p, [x - y for x, y in zip(m, n, strict=True)])
    squares = sum(x**2 for column in [*columns, shift] for x in column)
    return (squares - size) / 2 + sum(log(p[i][i] / q[i][i]) for i in range(size))


def real(regime, rng, size):
    return rng.normal(size=size)


def positive(regime, rng, size):
    return 10.0 ** rng.uniform(-20, 20, size) if regime == "extreme" else np.exp(rng.normal(size=size))


def probability(regime, rng, size):
    if regime == "extreme":
        small = 10.0 ** rng.uniform(-20, -1, size)
        return np.where(rng.random(size) < 0.7, small, 1 - 10.0 ** rng.uniform(-6, -1, size))
    return rng.uniform(0.02, 0.98, size)


def logit(regime, rng, size):
    return rng.uniform(-100, 100, size) if regime == "extreme" else 2 * rng.normal(size=size)


def log_variance(regime, rng, size):
    return rng.uniform(-80, 80, size) if regime == "extreme" else rng.normal(size=size)


def vector(component):
    return lambda regime, rng, size: component(regime, rng, (size, EVENT))


def table(regime, rng, size):
    logits = rng.uniform(-40, 0, (size, EVENT)) if regime == "extreme" else rng.normal(size=(size, EVENT))
    probs = np.exp(logits)
    return probs / probs.sum(axis=-1, keepdims=True)


def factor(regime, rng, size):
    """Lower-triangular, with independent scales of the coordinates."""
    lower = np.tril(rng.normal(size=(size, EVENT, EVENT)), -1)
    lower = lower + np.eye(EVENT) * np.exp(rng.normal(size=(size, EVENT, 1)))
    return lower * positive(regime, rng, (size, EVENT, 1)) if regime == "extreme" else lower


Draw = Callable[[str, np.random.Generator, int], NDArray[np.float64]]


@dataclass(frozen=True)
class Family:
    """A divergence of `numerics`, its usual expression, and how to draw the parameters of one distribution."""

    function: Callable
    truth: Callable
    draws: Sequence[Draw]
    digits: int = 100
    is_pair: bool = True

    def parameters(self, regime: str, dtype: type, rng: np.random.Generator, size: int) -> Parameters:
        """Parameters of q and then of p, in the dtype, as its exact float64 values."""
        q = [draw(regime, rng, size).astype(dtype) for draw in self.draws]
        if not self.is_pair:
            return [near_zero(regime, rng, value).astype(dtype) for value in q]
        if regime != "near":
            return q + [draw(regime, rng, size).astype(dtype) for draw in self.draws]
        return q + [nearby(value, draw, dtype, rng) for value, draw in zip(q, self.draws, strict=True)]

    def truths(self, parameters: Parameters) -> list[mpmath.mpf]:
        with mpmath.workdps(self.digits):
            return [self.truth(*map(exact, case)) for case in zip(*parameters, strict=True)]


def near_zero(regime, rng, value):
    """The parameters of the standard normal are 0 in the VAE form: near equality they are small themselves."""
    return value * 10.0 ** rng.uniform(-12, -1, value.shape) if regime == "near" else value


def nearby(value, draw, dtype, rng):
    """Relative differences down to 1e-12 (to a few units in the last place in float32); every third is none at all."""
    smallest = -12 if dtype == np.float64 else -7
    offset = 10.0 ** rng.uniform(smallest, -1.5, value.shape) * rng.choice([-1, 0, 1], value.shape)
    near = value * (1 + offset)
    if draw is probability:
        near = np.minimum(near, 0.999)
    return near.astype(dtype)


FAMILIES = {
    "normal": Family(normal.kl_divergence, kl_normal, (real, positive)),
    "normal, VAE form": Family(
        normal.kl_divergence_standard, kl_standard, (vector(real), vector(log_variance)), is_pair=False
    ),
    "Bernoulli, probs": Family(bernoulli.kl_divergence, kl_bernoulli, (probability,), 250),
    "Bernoulli, logits": Family(bernoulli.kl_divergence_logits, kl_bernoulli_logits, (logit,), 300),
    "categorical, probs": Family(categorical.kl_divergence, kl_probs, (table,), 250),
    "categorical, logits": Family(categorical.kl_divergence_logits, kl_logits, (vector(logit),), 300),
    "multivariate normal, Cholesky": Family(multivariate_normal.kl_divergence, kl_cholesky, (vector(real), factor)),
    "gamma": Family(gamma.kl_divergence, kl_gamma, (positive, positive)),
    "beta": Family(beta.kl_divergence, kl_beta, (positive, positive)),
    "Dirichlet": Family(dirichlet.kl_divergence, kl_dirichlet, (vector(positive),)),
    "exponential": Family(exponential.kl_divergence, kl_exponential, (positive,)),
    "Laplace": Family(laplace.kl_divergence, kl_laplace, (real, positive)),
    "Poisson": Family(poisson.kl_divergence, kl_poisson, (positive,)),
    "geometric": Family(geometric.kl_divergence, kl_geometric, (probability,), 250),
}


def relative_errors(values, truths, dtype):
    """Of the cases whose true value the dtype holds with full precision; infinite where it must not be, or a NaN."""
    info, errors = np.finfo(dtype), []
    for value, truth in zip(values, truths, strict=True):
        if truth > info.max:
            errors.append(0.0 if np.isposinf(value) else np.inf)
        elif truth == 0 or truth >= info.smallest_normal:
            finite = np.isfinite(value) and value >= 0
            error = abs(mpf(float(value)) - truth) / (truth or 1) if finite else mpmath.inf
            errors.append(float(error))
    return np.array(errors)


def gradient(truth, parameters, digits):
    """Of the usual expression by central differences at many digits, one nested tuple of slopes per parameter."""
    with mpmath.workdps(2 * digits):
        point = list(map(exact, parameters))
        return [_slopes(partial(_with, truth, point, i), value) for i, value in enumerate(point)]


def _with(truth, point, i, value):
    return truth(*point[:i], value, *point[i + 1 :])


def _slopes(function, value):
    if isinstance(value, tuple):
        return [
            _slopes(lambda x, i=i: function((*value[:i], x, *value[i + 1 :])), entry) for i, entry in enumerate(value)
        ]
    step = (abs(value) or 1) * mpf(10) ** (-mpmath.mp.dps // 3)
    slope = (function(value + step) - function(value - step)) / (2 * step)
    return slope if abs(slope * value) > mpf(10) ** (-mpmath.mp.dps // 2) else mpf(0)
