import mpmath
import numpy as np
import pytest
from mpmath import log

from numerics import log_normal, normal

from .definition import assert_definition, mean_under, positive
from .reference import kl_normal

POINTS = [((0.7, 0.4), (-0.6, 1.3)), ((-1.1, 2.3), (0.9, 0.8))]


def log_density(x, loc, scale):
    return log(mpmath.npdf(log(x), loc, scale)) - log(x)


def mean_of(log_q):
    return mean_under(log_q, positive, (-40, 40))


@pytest.mark.parametrize(("q", "p"), POINTS)
def test_definition(q, p):
    assert_definition(log_normal, log_density, mean_of, q, p, [0.3, 2.0], kl_normal)
    # The twin: the entropy of the logarithm, without the slope of the exponential.
    assert log_normal.entropy(*q) != pytest.approx(normal.entropy(q[1]), rel=1e-2, abs=0)


def test_support():
    assert log_normal.log_prob(np.array([0.0, -1.0]), 0.0, 1.0).tolist() == [-np.inf, -np.inf]
