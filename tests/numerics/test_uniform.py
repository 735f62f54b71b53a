import mpmath
import numpy as np
import pytest
from mpmath import exp, log, loggamma, mpf

from numerics import uniform

from .definition import assert_close

POINTS = [((0.3, 0.8), (0.1, 1.9)), ((0.5, 2.75), (-1.0, 3.5))]


def log_gamma_density(x, a, s):
    return a * log(s) - loggamma(a) + (a - 1) * log(x) - s * x


def log_beta_density(x, a, b):
    return loggamma(a + b) - loggamma(a) - loggamma(b) + (a - 1) * log(x) + (b - 1) * log(1 - x)


PAIRS = [
    (uniform.kl_divergence_beta, (2.5, 1.5), log_beta_density),
    (uniform.kl_divergence_exponential, (0.7,), lambda x, s: log(s) - s * x),
    (uniform.kl_divergence_gamma, (1.5, 0.7), log_gamma_density),
    (uniform.kl_divergence_gumbel, (0.5, 1.5), lambda x, m, b: -(x - m) / b - exp(-(x - m) / b) - log(b)),
    (uniform.kl_divergence_normal, (0.5, 1.5), lambda x, m, s: log(mpmath.npdf(x, m, s))),
    (uniform.kl_divergence_pareto, (0.2, 2.3), lambda x, m, a: log(a) + a * log(m) - (a + 1) * log(x)),
]


@pytest.mark.parametrize(("q", "p"), POINTS)
def test_definition(q, p):
    inner, outer = q[1] - q[0], p[1] - p[0]
    assert_close(uniform.entropy(*q), log(mpf(inner)))
    assert_close(uniform.cross_entropy(*q, *p), log(mpf(outer)))
    assert_close(uniform.kl_divergence(*q, *p), log(mpf(outer) / mpf(inner)))
    assert_close(uniform.log_prob(0.6, *q), -log(mpf(inner)))
    # The twin: p inside q, where the divergence is infinite and not negative.
    assert float(uniform.kl_divergence(*p, *q)) == np.inf
    assert float(uniform.cross_entropy(*p, *q)) == np.inf


@pytest.mark.parametrize(("function", "p", "log_p"), PAIRS)
@pytest.mark.parametrize("q", [(0.3, 0.8), (0.25, 0.9)])
def test_pairs(q, function, p, log_p):
    with mpmath.workdps(25):
        low, high = map(mpf, q)
        parameters = tuple(map(mpf, p))
        truth = -log(high - low) - mpmath.quad(lambda x: log_p(x, *parameters), [low, high]) / (high - low)
    assert_close(function(*q, *p), truth, rel=1e-12)
    assert abs(function(q[0], 0.95 * q[1], *p) - truth) > 1e-3


@pytest.mark.parametrize(
    ("function", "q", "p"),
    [
        (uniform.kl_divergence_beta, (0.5, 1.5), (2.0, 2.0)),
        (uniform.kl_divergence_beta, (-0.5, 0.5), (2.0, 2.0)),
        (uniform.kl_divergence_exponential, (-0.5, 0.5), (2.0,)),
        (uniform.kl_divergence_gamma, (-0.5, 0.5), (2.0, 2.0)),
        (uniform.kl_divergence_pareto, (0.5, 1.5), (0.75, 2.0)),
    ],
)
def test_supports(function, q, p):
    assert float(function(*q, *p)) == np.inf


def test_ends():
    assert uniform.log_prob(np.array([0.0, 1.0, -0.1]), 0.0, 1.0).tolist() == [0.0, -np.inf, -np.inf]
    assert float(uniform.kl_divergence_beta(0.0, 1.0, 1.0, 1.0)) == 0.0


def test_near_equality():
    assert float(uniform.kl_divergence(1.0, 2.0, 1.0, 2.0 + 2.0**-40)) == pytest.approx(2.0**-40, rel=1e-12, abs=0)
    assert float(uniform.kl_divergence(1.0, 2.0, 1.0, 2.0)) == 0.0
