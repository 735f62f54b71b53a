import mpmath
import numpy as np
import pytest
from mpmath import besseli, cos, log, mpf

from numerics import von_mises

from .definition import assert_accuracy, assert_definition, assert_gradient
from .reference import FAMILIES, Family, real

POINTS = [((0.7, 0.4), (-0.6, 1.3)), ((-1.1, 4.3), (0.9, 2.8))]


def log_density(x, loc, concentration):
    return concentration * cos(x - loc) - log(2 * mpmath.pi * besseli(0, concentration))


def mean_of(log_q):
    """The trapezoidal rule on the circle: 200 points integrate the Fourier series of these densities exactly."""
    angles = [2 * mpmath.pi * k / 200 for k in range(200)]
    return lambda function: mpmath.fsum(mpmath.exp(log_q(x)) * function(x) for x in angles) * mpmath.pi / 100


def truth(m, k, n, c):
    resultant = besseli(1, k) / besseli(0, k)
    return log(besseli(0, c) / besseli(0, k)) + resultant * (k - c * cos(m - n))


def concentration(regime, rng, size):
    """Up to 4: the accuracy that is claimed is lost with the square of the concentration."""
    return rng.uniform(0.25, 4.0, size)


@pytest.mark.parametrize(("q", "p"), POINTS)
def test_definition(q, p):
    value = float(assert_definition(von_mises, log_density, mean_of, q, p, [-0.5, 2.0], truth))
    twins = {
        "direction lost": von_mises.kl_divergence(0.0, q[1], 0.0, p[1]),
        "resultant of p": truth(*map(mpf, (*q, *p))) + p[1] * (1 - np.cos(q[0] - p[0])) * 0.2,
    }
    for name, wrong in twins.items():
        assert abs(wrong - value) > 1e-2 * value, name


@pytest.mark.parametrize("regime", ["moderate", "near"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_accuracy(regime, dtype, seed, monkeypatch):
    monkeypatch.setitem(FAMILIES, "von Mises", Family(von_mises.kl_divergence, truth, (real, concentration), 60))
    assert_accuracy("von Mises", regime, dtype, np.asarray, seed)


@pytest.mark.parametrize("regime", ["moderate", "near"])
def test_gradient(regime, seed, monkeypatch):
    monkeypatch.setitem(FAMILIES, "von Mises", Family(von_mises.kl_divergence, truth, (real, concentration), 60))
    assert_gradient("von Mises", regime, np.float64, seed, size=6)
