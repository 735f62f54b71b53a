import mpmath
import numpy as np
import pytest
from mpmath import log, loggamma

from numerics import exponential

from .definition import (
    assert_accuracy,
    assert_definition,
    assert_gradient,
    assert_pair,
    assert_textbook_fails,
    every_case,
    every_gradient,
    positive_mean,
)
from .reference import kl_exponential

POINTS = [((2.3,), (0.6,)), ((0.7,), (3.1,))]
WRONG = {
    "scale for rate": lambda q, p: np.log(p / q) + q / p - 1,
    "constant lost": lambda q, p: np.log(q / p) + p / q,
    "sign of the log": lambda q, p: np.log(p / q) + p / q - 1,
}


def log_density(x, rate):
    return log(rate) - rate * x


@pytest.mark.parametrize(("q", "p"), POINTS)
def test_definition(q, p):
    assert_definition(exponential, log_density, positive_mean, q, p, [0.3, 2.0], kl_exponential)


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize(("q", "p"), POINTS)
def test_wrong_twin_is_not_the_integral(q, p, wrong):
    truth = float(kl_exponential(*map(mpmath.mpf, (*q, *p))))
    assert abs(WRONG[wrong](*q, *p) - truth) > 1e-2 * truth


@every_case
def test_accuracy(regime, dtype, convert, seed):
    assert_accuracy("exponential", regime, dtype, convert, seed)


def test_accuracy_rejects_the_usual_expression(seed):
    assert_textbook_fails("exponential", lambda q, p: np.log(q / p) + p / q - 1, seed)


@every_gradient
def test_gradient(regime, dtype, seed):
    assert_gradient("exponential", regime, dtype, seed)


def test_outside_the_support():
    assert exponential.log_prob(np.array([-1.0, 0.0]), 2.0).tolist() == [-np.inf, float(np.log(2.0))]


def test_quotients_that_overflow_do_not():
    assert float(exponential.kl_divergence(1e200, 1e-200)) == pytest.approx(400 * np.log(10) - 1, rel=1e-14, abs=0)


PAIRS = [
    (exponential.kl_divergence_gamma, (1.5, 0.7), lambda x, a, s: a * log(s) - loggamma(a) + (a - 1) * log(x) - s * x),
    (exponential.kl_divergence_normal, (0.7, 1.2), lambda x, m, s: log(mpmath.npdf(x, m, s))),
    (exponential.kl_divergence_gumbel, (0.7, 1.2), lambda x, m, b: -(x - m) / b - mpmath.exp(-(x - m) / b) - log(b)),
]


@pytest.mark.parametrize(("function", "p", "log_p"), PAIRS)
@pytest.mark.parametrize("q", [(2.3,), (0.7,)])
def test_pairs(q, function, p, log_p):
    assert_pair(function, q, p, log_density, log_p, positive_mean)
