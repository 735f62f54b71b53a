import mpmath
import numpy as np
import pytest
from mpmath import log

from numerics import half_normal, normal

from .definition import assert_definition, positive_mean

POINTS = [((0.4,), (1.3,)), ((2.3,), (0.8,))]


def log_density(x, scale):
    return log(2 * mpmath.npdf(x, 0, scale))


@pytest.mark.parametrize(("q", "p"), POINTS)
def test_definition(q, p):
    truth = float(assert_definition(half_normal, log_density, positive_mean, q, p, [0.3, 2.0]))
    # The twins: variance for scale; the entropy of the normal that is not folded.
    assert abs(half_normal.kl_divergence(q[0] ** 2, p[0] ** 2) - truth) > 1e-2 * truth
    assert half_normal.entropy(q[0]) != pytest.approx(normal.entropy(q[0]), rel=1e-2, abs=0)


def test_near_equality_and_support():
    assert float(half_normal.kl_divergence(1.0 + 2.0**-40, 1.0)) == pytest.approx(2.0**-80, rel=1e-11, abs=0)
    assert float(half_normal.log_prob(-1.0, 1.0)) == -np.inf
