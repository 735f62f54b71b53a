import mpmath
import numpy as np
import pytest
from mpmath import log, loggamma, mpf

from numerics.binet import NODES, binet_divergence, binet_slope


def binet(t):
    return loggamma(t) - (t - mpf(1) / 2) * log(t) + t - log(2 * mpmath.pi) / 2


def curvature_error(nodes, t):
    """Of the second derivative, relative to that of log-gamma less t log t, as the module claims."""
    second = sum(weight * 2 * t * (t**2 - 3 * node) / (t**2 + node) ** 3 for node, weight in nodes)
    true = mpmath.psi(1, t) - 1 / t
    return float(abs(second - (true - 1 / (2 * t**2))) / true)


def test_fractions_have_the_curvature_of_binets_function():
    with mpmath.workdps(50):
        nodes = [(mpf(node), mpf(weight)) for node, weight in NODES]
        points = [mpf(10) ** (mpf(k) / 60) for k in range(400)]
        assert max(curvature_error(nodes, t) for t in points) < 1e-15
        # The twin: the ninth fraction, of weight 4e-9, cannot be spared.
        assert max(curvature_error(nodes[:-1], t) for t in points) > 1e-12
        # Nor can the claim be extended below 1.
        assert curvature_error(nodes, mpf("0.5")) > 1e-12


def test_fractions_are_the_interpolant():
    """The nodes as eigenvalues of the Loewner pencil of t mu(t) at Chebyshev points, the weights by a linear system."""
    size = len(NODES)
    with mpmath.workdps(60):
        points = [(1 - mpmath.cos(mpmath.pi * (2 * j + 1) / (4 * size))) / 2 for j in range(2 * size)]
        values = [binet(1 / mpmath.sqrt(z)) / mpmath.sqrt(z) for z in points]
        left, right = list(zip(points, values, strict=True))[1::2], list(zip(points, values, strict=True))[::2]
        plain = mpmath.matrix([[(v - w) / (z - y) for y, w in right] for z, v in left])
        shifted = mpmath.matrix([[(z * v - y * w) / (z - y) for y, w in right] for z, v in left])
        poles = mpmath.eig(plain**-1 * shifted, left=False, right=False)
        nodes = sorted(mpmath.re(-1 / pole) for pole in poles)
        system = mpmath.matrix([[1 / (1 + node * z) for node in nodes] for z in points[:size]])
        weights = mpmath.lu_solve(system, mpmath.matrix(values[:size]))
    for (node, weight), true_node, true_weight in zip(NODES, nodes, weights, strict=True):
        assert node == float(true_node)
        assert weight == float(true_weight)


@pytest.mark.parametrize(("x", "y"), [(1.0, 3.5), (40.0, 1.25), (2.0, 2.0 + 1e-9), (1e12, 1.0)])
def test_differences(x, y):
    with mpmath.workdps(60):
        a, b = mpf(x), mpf(y)
        slope = {t: mpmath.diff(binet, t) for t in (a, b)}
        divergence = binet(a) - binet(b) - (a - b) * slope[b]
        gain = slope[a] - slope[b]
        # Relative to what they are added to: the divergence of -log(t) / 2, and its slope.
        scale = (a / b - 1 - log(a / b)) / 2
        assert abs(binet_divergence(x, y, x - y) - divergence) < 2e-15 * (divergence + scale)
        assert abs(binet_slope(x, y, x - y) - gain) < 2e-15 * abs(gain + (a - b) / (2 * a * b))
        assert abs(binet_divergence(y, x, y - x) - divergence) > 1e-13 * divergence or abs(x - y) < 1e-3


def test_huge_arguments_do_not_make_nan():
    with np.errstate(over="ignore"):
        assert np.isfinite(binet_divergence(np.array([1e200, 1.0, 1e200]), np.array([1.0, 1e200, 2e200]), 1e200)).all()
