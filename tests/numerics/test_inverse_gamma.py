import numpy as np
import pytest
from mpmath import log, loggamma

from numerics import inverse_gamma

from .definition import assert_accuracy, assert_definition, every_case, mean_under, positive
from .reference import FAMILIES, kl_gamma

POINTS = [((2.3, 1.7), (1.6, 0.9)), ((1.7, 0.4), (3.1, 2.2))]


def log_density(x, a, b):
    return a * log(b) - loggamma(a) - (a + 1) * log(x) - b / x


def mean_of(log_q):
    return mean_under(log_q, positive, (-10, 60))


@pytest.mark.parametrize(("q", "p"), POINTS)
def test_definition(q, p):
    assert_definition(inverse_gamma, log_density, mean_of, q, p, [0.3, 2.0, 11.0], kl_gamma)


@every_case
def test_accuracy(regime, dtype, convert, seed, monkeypatch):
    family = FAMILIES["gamma"]
    monkeypatch.setitem(
        FAMILIES, "inverse gamma", family.__class__(inverse_gamma.kl_divergence, kl_gamma, family.draws)
    )
    assert_accuracy("inverse gamma", regime, dtype, convert, seed)


def test_the_density_has_the_slope_of_the_inverse():
    """The twin: the density of 1/x without the derivative of 1/x is the gamma's."""
    value = inverse_gamma.log_prob(2.0, 2.3, 1.7)
    assert value != pytest.approx(inverse_gamma.log_prob(2.0, 2.3, 1.7) + 2 * np.log(2.0), rel=1e-2, abs=0)
    assert inverse_gamma.log_prob(np.array([0.0, -1.0]), 2.3, 1.7).tolist() == [-np.inf, -np.inf]
