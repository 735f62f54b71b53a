import mpmath
import numpy as np
import pytest
from mpmath import log, loggamma, mpf
from scipy.special import betaln, digamma

from numerics import beta

from .definition import (
    assert_accuracy,
    assert_definition,
    assert_gradient,
    assert_pair,
    assert_textbook_fails,
    every_case,
    every_gradient,
    unit_mean,
)
from .reference import kl_beta

POINTS = [((2.3, 1.7), (0.6, 0.9)), ((0.7, 1.4), (3.1, 2.2))]


def log_density(x, a, b):
    x, rest = x
    return (a - 1) * log(x) + (b - 1) * log(rest) + loggamma(a + b) - loggamma(a) - loggamma(b)


def usual(a, b, c, d):
    value = betaln(c, d) - betaln(a, b) + (a - c) * digamma(a) + (b - d) * digamma(b)
    return value + (c - a + d - b) * digamma(a + b)


WRONG = {
    "beta functions exchanged": lambda a, b, c, d: usual(a, b, c, d) - 2 * (betaln(c, d) - betaln(a, b)),
    "sum term lost": lambda a, b, c, d: usual(a, b, c, d) - (c - a + d - b) * digamma(a + b),
    "concentrations exchanged": lambda a, b, c, d: usual(b, a, c, d),
}


@pytest.mark.parametrize(("q", "p"), POINTS)
def test_definition(q, p):
    assert_definition(beta, log_density, unit_mean, q, p, [0.25, 0.5, 0.875], kl_beta)


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize(("q", "p"), POINTS)
def test_wrong_twin_is_not_the_integral(q, p, wrong):
    truth = float(kl_beta(*map(mpf, (*q, *p))))
    assert usual(*q, *p) == pytest.approx(truth, rel=1e-13, abs=0)
    assert abs(WRONG[wrong](*q, *p) - truth) > 1e-2 * truth


@every_case
def test_accuracy(regime, dtype, convert, seed):
    assert_accuracy("beta", regime, dtype, convert, seed)


def test_accuracy_rejects_the_usual_expression(seed):
    assert_textbook_fails("beta", usual, seed)


@every_gradient
def test_gradient(regime, dtype, seed):
    assert_gradient("beta", regime, dtype, seed)


PAIRS = [
    (beta.kl_divergence_uniform, (-0.5, 1.25), lambda x, low, high: -log(high - low)),
    (beta.kl_divergence_exponential, (1.5,), lambda x, s: log(s) - s * x[0]),
    (beta.kl_divergence_gamma, (2.5, 1.5), lambda x, a, s: a * log(s) - loggamma(a) + (a - 1) * log(x[0]) - s * x[0]),
    (beta.kl_divergence_normal, (0.25, 1.5), lambda x, m, s: log(mpmath.npdf(x[0], m, s))),
]


@pytest.mark.parametrize(("function", "p", "log_p"), PAIRS)
@pytest.mark.parametrize("q", [(2.3, 1.7), (0.7, 1.4)])
def test_pairs(q, function, p, log_p):
    assert_pair(function, q, p, log_density, log_p, unit_mean)


def test_supports():
    assert beta.log_prob(np.array([-0.5, 1.5]), 2.0, 2.0).tolist() == [-np.inf, -np.inf]
    assert beta.kl_divergence_uniform(2.0, 2.0, np.array([0.25, 0.0]), np.array([1.0, 0.75])).tolist() == [np.inf] * 2


def test_the_flat_beta_is_uniform():
    assert float(beta.kl_divergence_uniform(1.0, 1.0, 0.0, 1.0)) == 0.0
    assert float(beta.entropy(1.0, 1.0)) == 0.0
