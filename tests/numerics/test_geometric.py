import mpmath
import numpy as np
import pytest
from mpmath import log

from numerics import geometric

from .definition import (
    assert_accuracy,
    assert_definition,
    assert_gradient,
    assert_textbook_fails,
    every_case,
    every_gradient,
    sum_under,
)
from .reference import kl_geometric

POINTS = [((0.3,), (0.6,)), ((0.7,), (0.2,))]


def usual(q, p):
    return np.log(q / p) + (1 - q) / q * np.log((1 - q) / (1 - p))


WRONG = {
    "trials counted, not failures": lambda q, p: np.log(q / p) + np.log((1 - q) / (1 - p)) / q,
    "mean under p": lambda q, p: np.log(q / p) + (1 - p) / p * np.log((1 - q) / (1 - p)),
    "one trial": lambda q, p: q * usual(q, p),
}


def log_mass(k, probs):
    return log(probs) + k * log(1 - probs)


def mean_of(log_q):
    return sum_under(log_q, range(400))


@pytest.mark.parametrize(("q", "p"), POINTS)
def test_definition(q, p):
    assert_definition(geometric, log_mass, mean_of, q, p, [0, 1, 7], kl_geometric)


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize(("q", "p"), POINTS)
def test_wrong_twin_is_not_the_sum(q, p, wrong):
    truth = float(kl_geometric(*map(mpmath.mpf, (*q, *p))))
    assert abs(WRONG[wrong](*q, *p) - truth) > 1e-2 * truth


@every_case
def test_accuracy(regime, dtype, convert, seed):
    assert_accuracy("geometric", regime, dtype, convert, seed)


def test_accuracy_rejects_the_usual_expression(seed):
    assert_textbook_fails("geometric", usual, seed)


@every_gradient
def test_gradient(regime, dtype, seed):
    assert_gradient("geometric", regime, dtype, seed)


def test_certain_success():
    assert float(geometric.kl_divergence(1.0, 0.5)) == pytest.approx(np.log(2.0), rel=1e-15, abs=0)
    assert float(geometric.kl_divergence(0.5, 1.0)) == np.inf
    assert float(geometric.kl_divergence(1.0, 1.0)) == 0.0
    assert float(geometric.entropy(1.0)) == 0.0
