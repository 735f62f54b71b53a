import mpmath
import numpy as np
import pytest
from mpmath import log, loggamma

from numerics import poisson

from .definition import (
    assert_accuracy,
    assert_definition,
    assert_gradient,
    assert_textbook_fails,
    every_case,
    every_gradient,
    sum_under,
)
from .reference import kl_poisson

POINTS = [((2.3,), (0.6,)), ((0.7,), (3.1,))]
WRONG = {
    "linear part lost": lambda q, p: q * np.log(q / p),
    "sign of the linear part": lambda q, p: q * np.log(q / p) + q - p,
    "mean under p": lambda q, p: p * np.log(q / p) - q + p,
}


def log_mass(k, rate):
    return k * log(rate) - rate - loggamma(k + 1)


def mean_of(log_q):
    return sum_under(log_q, range(80))


@pytest.mark.parametrize(("q", "p"), POINTS)
def test_definition(q, p):
    assert_definition(poisson, log_mass, mean_of, q, p, [0, 1, 7], kl_poisson)


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize(("q", "p"), POINTS)
def test_wrong_twin_is_not_the_sum(q, p, wrong):
    truth = float(kl_poisson(*map(mpmath.mpf, (*q, *p))))
    assert abs(WRONG[wrong](*q, *p) - truth) > 1e-2 * truth


@every_case
def test_accuracy(regime, dtype, convert, seed):
    assert_accuracy("Poisson", regime, dtype, convert, seed)


def test_accuracy_rejects_the_usual_expression(seed):
    assert_textbook_fails("Poisson", lambda q, p: q * np.log(q / p) - q + p, seed)


@every_gradient
def test_gradient(regime, dtype, seed):
    assert_gradient("Poisson", regime, dtype, seed)


def test_rate_zero_is_the_distribution_that_is_always_zero():
    assert float(poisson.kl_divergence(0.0, 0.75)) == 0.75
    assert float(poisson.kl_divergence(0.75, 0.0)) == np.inf
    assert float(poisson.kl_divergence(0.0, 0.0)) == 0.0
    assert float(poisson.log_prob(0.0, 0.0)) == 0.0
