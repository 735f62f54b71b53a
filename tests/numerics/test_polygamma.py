"""Against mpmath's polygamma functions at a hundred digits, over forty orders of magnitude."""

import mpmath
import numpy as np
import pytest
from mpmath import mpf

from numerics.polygamma import curvature, curvature_difference, digamma_difference

RNG = np.random.default_rng(0)
TINY, WIDE = RNG.uniform(-12, -1, 60), RNG.uniform(-20, 20, 60)
Y = 10.0**WIDE
DIFFERENCES = np.concatenate([Y * 10.0**TINY, 10.0 ** RNG.uniform(-20, 20, 60)])
Y = np.concatenate([Y, Y])
X = Y + DIFFERENCES


def digamma(t):
    return mpmath.psi(0, t)


def bent(t):
    return mpmath.psi(1, t) - 1 / t


def worst(found, truths):
    return max(float(abs(mpf(float(f)) / t - 1)) for f, t in zip(found, truths, strict=True))


def differences(function):
    """From y to y and the difference, which are known, not to their rounded sum."""
    return [function(mpf(y) + mpf(d)) - function(mpf(y)) for y, d in zip(Y.tolist(), DIFFERENCES.tolist(), strict=True)]


@pytest.fixture(autouse=True)
def digits():
    with mpmath.workdps(100):
        yield


def test_differences_of_digamma():
    assert worst(digamma_difference(X, Y, DIFFERENCES), differences(digamma)) < 1e-14
    assert worst(digamma_difference(X, Y, X - Y), differences(digamma)) > 1e-6  # the subtraction forgets a small one


def test_curvature():
    truths = [bent(mpf(y)) for y in Y.tolist()]
    assert worst(curvature(Y), truths) < 1e-14
    assert worst(0.5 / Y**2, truths) > 1e-2  # its leading term alone


def test_differences_of_curvature():
    assert worst(curvature_difference(X, Y, DIFFERENCES), differences(bent)) < 1e-14
    with np.errstate(divide="ignore", invalid="ignore"):
        subtracted = curvature(X) - curvature(Y)
    assert worst(subtracted, differences(bent)) > 1e-6
