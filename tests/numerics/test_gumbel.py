import mpmath
import numpy as np
import pytest
from mpmath import exp, log, mpf

from numerics import gumbel

from .definition import (
    assert_accuracy,
    assert_definition,
    assert_gradient,
    assert_pair,
    every_case,
    moderate_gradient,
    real_mean,
)
from .reference import FAMILIES, Family, positive, real

POINTS = [((0.7, 0.4), (-0.6, 1.3)), ((-1.1, 1.3), (0.9, 0.8))]


def log_density(x, m, b):
    y = (x - m) / b
    return -y - exp(-y) - log(b)


def truth(m, a, n, b):
    ratio, shift = a / b, (m - n) / b
    return -log(ratio) + shift + mpmath.euler * (ratio - 1) + exp(-shift) * mpmath.gamma(1 + ratio) - 1


def moderate(regime, rng, size):
    """Scales within a factor of about ten: the divergence holds the gamma function of their quotient."""
    return positive("moderate", rng, size)


@pytest.fixture
def family(monkeypatch):
    monkeypatch.setitem(FAMILIES, "Gumbel", Family(gumbel.kl_divergence, truth, (real, moderate)))


@pytest.mark.parametrize(("q", "p"), POINTS)
def test_definition(q, p):
    value = float(assert_definition(gumbel, log_density, real_mean, q, p, [-0.5, 2.0], truth))
    twins = {
        "minima for maxima": gumbel.kl_divergence(-q[0], q[1], -p[0], p[1]),
        "ratio inverted": truth(mpf(q[0]), mpf(p[1]), mpf(p[0]), mpf(q[1])),
        "Euler's constant lost": value - float(mpmath.euler) * (q[1] / p[1] - 1),
    }
    for name, wrong in twins.items():
        assert abs(wrong - value) > 1e-2 * value, name


@every_case
def test_accuracy(regime, dtype, convert, seed, family):
    assert_accuracy("Gumbel", regime, dtype, convert, seed)


@moderate_gradient
def test_gradient(regime, dtype, seed, family):
    assert_gradient("Gumbel", regime, dtype, seed)


@pytest.mark.parametrize("q", [(0.7, 0.4), (-1.1, 1.3)])
def test_divergence_from_a_normal(q):
    assert_pair(
        gumbel.kl_divergence_normal, q, (0.4, 1.5), log_density, lambda x, m, s: log(mpmath.npdf(x, m, s)), real_mean
    )


def test_equality():
    assert gumbel.kl_divergence(np.float32([0.3]), np.float32([1.7]), 0.3, 1.7).tolist() == [0.0]
