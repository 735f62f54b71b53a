import mpmath
import numpy as np
import pytest
from mpmath import log, loggamma
from scipy.special import digamma, gammaln

from numerics import gamma

from .definition import (
    assert_accuracy,
    assert_close,
    assert_definition,
    assert_gradient,
    assert_pair,
    assert_textbook_fails,
    every_case,
    every_gradient,
    positive_mean,
)
from .reference import kl_gamma

POINTS = [((2.3, 1.7), (0.6, 0.9)), ((0.7, 0.4), (3.1, 2.2))]


def log_density(x, a, r):
    return a * log(r) - loggamma(a) + (a - 1) * log(x) - r * x


def usual(a, r, b, s):
    return (a - b) * digamma(a) - gammaln(a) + gammaln(b) + b * np.log(r / s) + a * (s - r) / r


WRONG = {
    "scale for rate": lambda a, r, b, s: usual(a, 1 / r, b, 1 / s),
    "log of the rates inverted": lambda a, r, b, s: usual(a, r, b, s) - 2 * b * np.log(r / s),
    "digamma of p": lambda a, r, b, s: usual(a, r, b, s) + (a - b) * (digamma(b) - digamma(a)),
    "rate term over the rate of p": lambda a, r, b, s: usual(a, r, b, s) + a * (s - r) * (1 / s - 1 / r),
}


@pytest.mark.parametrize(("q", "p"), POINTS)
def test_definition(q, p):
    truth = assert_definition(gamma, log_density, positive_mean, q, p, [0.3, 2.0, 11.0], kl_gamma)
    assert_close(usual(*q, *p), truth)


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize(("q", "p"), POINTS)
def test_wrong_twin_is_not_the_integral(q, p, wrong):
    truth = float(kl_gamma(*map(mpmath.mpf, (*q, *p))))
    assert abs(WRONG[wrong](*q, *p) - truth) > 1e-2 * truth


@every_case
def test_accuracy(regime, dtype, convert, seed):
    assert_accuracy("gamma", regime, dtype, convert, seed)


def test_accuracy_rejects_the_usual_expression(seed):
    assert_textbook_fails("gamma", usual, seed)


@every_gradient
def test_gradient(regime, dtype, seed):
    assert_gradient("gamma", regime, dtype, seed)


def test_outside_the_support():
    assert gamma.log_prob(np.array([-1.0, 0.0]), 1.0, 2.0).tolist() == [-np.inf, float(np.log(2.0))]


PAIRS = [
    (gamma.kl_divergence_exponential, (0.7,), lambda x, s: log(s) - s * x),
    (gamma.kl_divergence_normal, (0.7, 1.2), lambda x, m, s: log(mpmath.npdf(x, m, s))),
    (gamma.kl_divergence_gumbel, (0.7, 1.2), lambda x, m, b: -(x - m) / b - mpmath.exp(-(x - m) / b) - log(b)),
]


@pytest.mark.parametrize(("function", "p", "log_p"), PAIRS)
@pytest.mark.parametrize("q", [(2.3, 1.7), (0.7, 0.4)])
def test_pairs(q, function, p, log_p):
    assert_pair(function, q, p, log_density, log_p, positive_mean)
