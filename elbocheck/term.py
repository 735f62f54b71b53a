"""Terms of the usual expressions, as something that a wrong formula may have lost, doubled or given the wrong sign."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from scipy.special import gammaln, psi

from elbocheck.claim import DIGITS, Claim, Site
from numerics import density, mass, multivariate, quadrature

Term: TypeAlias = Callable[[Any, Any], float]
"""From the distributions q and p."""


def terms(claim: Claim) -> Iterator[tuple[str, Callable[[Site], float]]]:
    """The terms of a claim, with their signs, in words and as functions of a point.

    Examples
    --------
    >>> from elbocheck.family import family
    >>> claim = Claim(family("exponential"), family("exponential"))
    >>> [(name, round(term(Site((2.0,), (4.0,))), 4)) for name, term in terms(claim)][:2]
    [('log(q.rate / p.rate)', -0.6931), ('p.rate / q.rate', 2.0)]
    """
    q, p = claim.q.distribution, claim.p.distribution if claim.p else claim.q.distribution
    sample = claim.sites("generic", 1, seed=0)[0]
    key = (type(q(*sample.q)), type(p(*sample.p)) if claim.p else None)
    for name, term in _TERMS.get(key, {}).items():
        yield name, _at(claim, term)
    if claim.p is not None:
        yield "the entropy of q", _at(claim, lambda a, b: _entropy(a))
        yield "the cross-entropy", _at(claim, _cross_entropy)


def _at(claim: Claim, term: Term) -> Callable[[Site], float]:
    def value(site: Site) -> float:
        return float(term(claim.q.distribution(*site.q), claim.p.distribution(*site.p) if claim.p else None))

    return value


@lru_cache(maxsize=4096)
def _entropy(q: Any) -> float:
    return float(quadrature.entropy(q, digits=DIGITS))


@lru_cache(maxsize=4096)
def _cross_entropy(q: Any, p: Any) -> float:
    return float(quadrature.cross_entropy(q, p, digits=DIGITS))


def _log(x: Any) -> float:
    return math.log(x)


def _half(q: Any, p: Any) -> float:
    return -0.5


def _one(q: Any, p: Any) -> float:
    return -1.0


def _square(x: Any) -> float:
    return float(x) ** 2


def _psi(x: Any) -> float:
    return float(psi(float(x)))


def _lgamma(x: Any) -> float:
    return float(gammaln(float(x)))


def _probabilities(q: Any) -> list[float]:
    if q.probs:
        total = sum(map(float, q.probs))
        return [float(x) / total for x in q.probs]
    weights = [math.exp(x) for x in q.logits]
    return [w / sum(weights) for w in weights]


def _success(q: Any) -> float:
    return float(q.probs) if q.probs is not None else 1 / (1 + math.exp(-q.logits))


_NORMAL: dict[str, Term] = {
    "log(p.scale / q.scale)": lambda q, p: _log(p.scale / q.scale),
    "q.scale^2 / (2 p.scale^2)": lambda q, p: _square(q.scale / p.scale) / 2,
    "(q.loc - p.loc)^2 / (2 p.scale^2)": lambda q, p: _square((q.loc - p.loc) / p.scale) / 2,
    "-1/2": _half,
}
_GAMMA: dict[str, Term] = {
    "(q.concentration - p.concentration) digamma(q.concentration)": lambda q, p: (
        float(q.concentration - p.concentration) * _psi(q.concentration)
    ),
    "log gamma(q.concentration)": lambda q, p: -_lgamma(q.concentration),
    "log gamma(p.concentration)": lambda q, p: _lgamma(p.concentration),
    "p.concentration log(q.rate / p.rate)": lambda q, p: float(p.concentration) * _log(q.rate / p.rate),
    "q.concentration p.rate / q.rate": lambda q, p: float(q.concentration * p.rate / q.rate),
    "-q.concentration": lambda q, p: -float(q.concentration),
}
_BERNOULLI: dict[str, Term] = {
    "that of outcome 1": lambda q, p: _success(q) * _log(_success(q) / _success(p)),
    "that of outcome 0": lambda q, p: (1 - _success(q)) * _log((1 - _success(q)) / (1 - _success(p))),
}


def _log_beta(*concentration: Any) -> float:
    return sum(map(_lgamma, concentration)) - _lgamma(sum(concentration))


def _pairs(q: Any, p: Any) -> list[tuple[Any, Any]]:
    return list(zip(q, p, strict=True))


_DIRICHLET: dict[str, Term] = {
    "log B(p)": lambda q, p: _log_beta(*p.concentration),
    "log B(q)": lambda q, p: -_log_beta(*q.concentration),
    "the sum of (q_k - p_k) digamma(q_k)": lambda q, p: sum(
        float(a - b) * _psi(a) for a, b in _pairs(q.concentration, p.concentration)
    ),
    "(p_0 - q_0) digamma(q_0)": lambda q, p: (
        float(sum(p.concentration) - sum(q.concentration)) * _psi(sum(q.concentration))
    ),
}
_BETA: dict[str, Term] = {
    "log B(p)": lambda q, p: _log_beta(p.concentration1, p.concentration0),
    "log B(q)": lambda q, p: -_log_beta(q.concentration1, q.concentration0),
    "(q.concentration1 - p.concentration1) digamma(q.concentration1)": lambda q, p: (
        float(q.concentration1 - p.concentration1) * _psi(q.concentration1)
    ),
    "(q.concentration0 - p.concentration0) digamma(q.concentration0)": lambda q, p: (
        float(q.concentration0 - p.concentration0) * _psi(q.concentration0)
    ),
    "that of digamma(q.concentration1 + q.concentration0)": lambda q, p: (
        float(p.concentration1 + p.concentration0 - q.concentration1 - q.concentration0)
        * _psi(q.concentration1 + q.concentration0)
    ),
}
_LAPLACE: dict[str, Term] = {
    "log(p.scale / q.scale)": lambda q, p: _log(p.scale / q.scale),
    "|q.loc - p.loc| / p.scale": lambda q, p: abs(q.loc - p.loc) / p.scale,
    "(q.scale / p.scale) exp(-|q.loc - p.loc| / q.scale)": lambda q, p: (
        q.scale / p.scale * math.exp(-abs(q.loc - p.loc) / q.scale)
    ),
    "-1": _one,
}
_CHOLESKY: dict[str, Term] = {
    "the log determinants": lambda q, p: sum(_log(p.scale_tril[i][i] / q.scale_tril[i][i]) for i in range(len(q.loc))),
    "the trace": lambda q, p: (_square_norm(p, q.scale_tril)) / 2,
    "the square of the means' distance": lambda q, p: _square_norm(p, [[a - b] for a, b in _pairs(q.loc, p.loc)]) / 2,
    "-D/2": lambda q, p: -len(q.loc) / 2,
}


def _square_norm(p: Any, right: Any) -> float:
    lower = np.array([[float(x) for x in row] for row in p.scale_tril])
    return float(np.sum(np.linalg.solve(lower, np.array([[float(x) for x in row] for row in right])) ** 2))


_TERMS: dict[tuple[type, type | None], dict[str, Term]] = {
    (density.Normal, density.Normal): _NORMAL,
    (density.LogNormal, density.LogNormal): _NORMAL,
    (density.Gamma, density.Gamma): _GAMMA,
    (density.InverseGamma, density.InverseGamma): _GAMMA,
    (density.Beta, density.Beta): _BETA,
    (multivariate.Dirichlet, multivariate.Dirichlet): _DIRICHLET,
    (density.Laplace, density.Laplace): _LAPLACE,
    (multivariate.MultivariateNormal, multivariate.MultivariateNormal): _CHOLESKY,
    (mass.Bernoulli, mass.Bernoulli): _BERNOULLI,
    (density.Exponential, density.Exponential): {
        "log(q.rate / p.rate)": lambda q, p: _log(q.rate / p.rate),
        "p.rate / q.rate": lambda q, p: float(p.rate / q.rate),
        "-1": _one,
    },
    (mass.Poisson, mass.Poisson): {
        "q.rate log(q.rate / p.rate)": lambda q, p: q.rate * _log(q.rate / p.rate),
        "-q.rate": lambda q, p: -q.rate,
        "p.rate": lambda q, p: p.rate,
    },
    (mass.Geometric, mass.Geometric): {
        "log(q.probs / p.probs)": lambda q, p: _log(q.probs / p.probs),
        "that of the failures": lambda q, p: (1 - q.probs) / q.probs * _log((1 - q.probs) / (1 - p.probs)),
    },
    (mass.Categorical, mass.Categorical): {
        "the sum of q_k log q_k": lambda q, p: sum(a * _log(a) for a in _probabilities(q)),
        "the sum of q_k log p_k": lambda q, p: (
            -sum(a * _log(b) for a, b in _pairs(_probabilities(q), _probabilities(p)))
        ),
    },
    (density.HalfNormal, density.HalfNormal): {
        "log(p.scale / q.scale)": lambda q, p: _log(p.scale / q.scale),
        "q.scale^2 / (2 p.scale^2)": lambda q, p: _square(q.scale / p.scale) / 2,
        "-1/2": _half,
    },
    (density.Normal, None): {
        "log q.scale": lambda q, p: _log(q.scale),
        "log(2 pi) / 2": lambda q, p: math.log(2 * math.pi) / 2,
        "1/2": lambda q, p: 0.5,
    },
    (density.Exponential, None): {"-log q.rate": lambda q, p: -_log(q.rate), "1": lambda q, p: 1.0},
    (density.Laplace, None): {
        "log q.scale": lambda q, p: _log(q.scale),
        "log 2": lambda q, p: math.log(2),
        "1": lambda q, p: 1.0,
    },
    (density.Gamma, None): {
        "q.concentration": lambda q, p: float(q.concentration),
        "-log q.rate": lambda q, p: -_log(q.rate),
        "log gamma(q.concentration)": lambda q, p: _lgamma(q.concentration),
        "(1 - q.concentration) digamma(q.concentration)": lambda q, p: (
            float(1 - q.concentration) * _psi(q.concentration)
        ),
    },
}
"""By the classes of q and p (None for an entropy)."""
