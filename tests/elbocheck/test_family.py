"""Each family has the distribution that its parameters' names say, and draws of them lie in its domain."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

from elbocheck.claim import Claim, Site, enclosure
from elbocheck.family import EVENT, FAMILIES, FamilyError, Parameter, family
from numerics.mass import Mass


def categorical(probs: Any) -> Any:
    return stats.rv_discrete(values=(np.arange(len(probs)), probs))


def softmax(logits: Any) -> Any:
    return np.exp(logits) / np.sum(np.exp(logits))


SCIPY: dict[str, Callable[..., Any]] = {
    "normal": stats.norm,
    "normal_variance": lambda m, v: stats.norm(m, math.sqrt(v)),
    "normal_log_variance": lambda m, v: stats.norm(m, math.exp(v / 2)),
    "bernoulli": stats.bernoulli,
    "bernoulli_logits": lambda x: stats.bernoulli(1 / (1 + math.exp(-x))),
    "categorical": categorical,
    "categorical_logits": lambda x: categorical(softmax(x)),
    "binomial": stats.binom,
    "poisson": stats.poisson,
    "geometric": lambda p: stats.geom(p, loc=-1),
    "exponential": lambda rate: stats.expon(scale=1 / rate),
    "gamma": lambda a, rate: stats.gamma(a, scale=1 / rate),
    "gamma_scale": lambda a, scale: stats.gamma(a, scale=scale),
    "inverse_gamma": lambda a, rate: stats.invgamma(a, scale=rate),
    "chi_square": stats.chi2,
    "beta": stats.beta,
    "laplace": stats.laplace,
    "gumbel": stats.gumbel_r,
    "uniform": lambda a, b: stats.uniform(a, b - a),
    "pareto": lambda scale, alpha: stats.pareto(alpha, scale=scale),
    "log_normal": lambda m, s: stats.lognorm(s, scale=math.exp(m)),
    "half_normal": lambda s: stats.halfnorm(scale=s),
    "von_mises": lambda m, k: stats.vonmises(k, loc=m),
}
OF_VECTORS = {"multivariate_normal", "multivariate_normal_covariance", "dirichlet", "wishart"}


def integral(q: Any, p: Any, of_counts: bool, tail: float = 1e-10) -> float:
    """KL(q || p) by SciPy's densities and integration, but for tails of so small a probability."""
    if of_counts:
        counts = np.arange(0, 2000)
        mass = q.pmf(counts)
        return float(sum(w * (q.logpmf(k) - p.logpmf(k)) for k, w in zip(counts, mass, strict=True) if w > 1e-300))
    lower, upper = (float(q.ppf(x)) for x in (tail, 1 - tail))
    tails = (1e-2, 1e-4, 1e-6, 1e-8)
    middles = [float(q.ppf(x)) for x in (*tails, 0.2, 0.5, 0.8, *(1 - t for t in tails))] + [float(p.median())]
    ends = [lower, *sorted(m for m in middles if lower < m < upper), upper]
    return sum(integrate.quad(lambda z: q.pdf(z) * (q.logpdf(z) - p.logpdf(z)), a, b)[0] for a, b in pairwise(ends))


@pytest.mark.parametrize("name", SCIPY)
def test_the_parameters_mean_what_their_names_say(name: str) -> None:
    claim = Claim(family(name), family(name))
    of_counts = isinstance(claim.q.distribution(*claim.sites("generic", 1, 0)[0].q), Mass)
    for site in claim.sites("generic", 2, seed=5):
        value = float(enclosure(claim, site))
        assert math.isclose(value, integral(SCIPY[name](*site.q), SCIPY[name](*site.p), of_counts), rel_tol=1e-6)
        if name != "uniform":  # whose other order is infinite
            swapped = integral(SCIPY[name](*site.p), SCIPY[name](*site.q), of_counts, tail=1e-6)
            assert not math.isclose(value, swapped, rel_tol=1e-3)


def test_every_family_is_held_against_scipy_or_is_one_of_vectors() -> None:
    assert set(FAMILIES) == set(SCIPY) | OF_VECTORS | {"standard_normal"}


@pytest.mark.parametrize("name", FAMILIES)
def test_draws_are_in_the_domain(name: str) -> None:
    of = family(name)
    for seed in range(10):
        rng = np.random.default_rng(seed)
        values = of.drawn(rng, 0.0)
        of.distribution(*values)  # raises for what is outside
        of.distribution(*of.drawn(rng, of.decades))
        near = of.nearby(values, 1e-5, rng)
        if name != "standard_normal":
            assert near != values
        for value, other, parameter in zip(values, near, of.parameters, strict=True):
            numbers = np.array(value)
            assert np.allclose(numbers, np.array(other), rtol=1e-4, atol=1e-4), parameter.name
            if parameter.role not in ("factor", "covariance", "count"):
                assert not set(numbers.reshape(-1).tolist()) & {0.0, 0.5, 1.0}


@pytest.mark.parametrize(
    ("name", "values", "says"),
    [
        ("normal", (0.7, -0.4), "scale must be positive"),
        ("bernoulli", (1.2,), "probs"),
        ("uniform", (2.0, 1.0), "lower"),
    ],
)
def test_what_is_outside_the_domain_is_refused(name: str, values: tuple[float, ...], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        family(name).distribution(*values)


def test_a_table_of_probabilities_sums_to_1_exactly() -> None:
    table = Parameter("probs", "vector probability")
    rng = np.random.default_rng(3)
    for _ in range(50):
        drawn = table.drawn(rng, 0.0)
        assert len(drawn) == EVENT
        assert sum(drawn) == 1.0
        assert sum(table.nearby(drawn, 1e-3, rng)) == 1.0


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_values_are_numbers_of_python_and_print_as_such(name: str) -> None:
    rng = np.random.default_rng(4)
    drawn = FAMILIES[name].drawn(rng, 0.0)
    for values in (drawn, FAMILIES[name].nearby(drawn, 1e-5, rng), FAMILIES[name].drawn(rng, 2.0)):
        assert "np." not in repr(values)


def test_a_name_is_found_in_any_case_and_a_wrong_one_names_the_nearest() -> None:
    assert family("Log-Normal") is FAMILIES["log_normal"]
    with pytest.raises(FamilyError, match=r"no family 'normal_logvar'; nearest: .*normal_log_variance"):
        family("normal_logvar")


def test_a_covariance_is_the_square_of_its_factor() -> None:
    lower = ((1.5, 0.0), (0.25, 0.75))
    covariance = ((2.25, 0.375), (0.375, 0.625))
    loc = (0.3, -0.7)
    of_factor, of_covariance = family("multivariate_normal"), family("multivariate_normal_covariance")
    claims = Claim(of_factor, of_factor), Claim(of_covariance, of_covariance)
    other = ((2.0, 0.0), (0.5, 1.25)), ((4.0, 1.0), (1.0, 1.8125))
    values = [
        float(enclosure(claim, Site((loc, mine), (loc, its))))
        for claim, mine, its in zip(claims, (lower, covariance), other, strict=True)
    ]
    assert math.isclose(*values, rel_tol=1e-14)
    assert not math.isclose(values[0], float(enclosure(claims[1], Site((loc, covariance), (loc, covariance)))))
