import mpmath
import numpy as np
import pytest
from mpmath import exp, log, loggamma, mpf

from numerics import pareto

from .definition import assert_close, assert_pair, mean_under

POINTS = [((1.7, 2.3), (0.6, 1.9)), ((0.9, 5.4), (0.4, 3.1))]


def log_density(x, m, alpha):
    return log(alpha) + alpha * log(m) - (alpha + 1) * log(x)


def mean_of(m):
    """From the lower end on, in the logarithm."""
    return lambda log_q: mean_under(log_q, lambda t: (m * exp(t), m * exp(t)), (0, 60))


@pytest.mark.parametrize(("q", "p"), POINTS)
def test_definition(q, p):
    with mpmath.workdps(25):
        exact_q, exact_p = (tuple(map(mpf, parameters)) for parameters in (q, p))
        mean = mean_of(exact_q[0])(lambda x: log_density(x, *exact_q))
        entropy, cross = (-mean(lambda x, e=e: log_density(x, *e)) for e in (exact_q, exact_p))
    assert_close(pareto.entropy(*q), entropy)
    assert_close(pareto.cross_entropy(*q, *p), cross)
    assert_close(pareto.kl_divergence(*q, *p), cross - entropy)
    assert_close(pareto.log_prob(3.0, *q), log_density(mpf(3), *exact_q))
    truth = float(cross - entropy)
    log_scale = np.log(q[0] / p[0])
    twins = {
        "exponent of q on the ends": truth + (q[1] - p[1]) * log_scale,
        "exponents exchanged": pareto.kl_divergence(q[0], p[1], p[0], q[1]),
        "ends lost": truth - p[1] * log_scale,
    }
    for name, wrong in twins.items():
        assert abs(wrong - truth) > 1e-2 * truth, name


def test_supports():
    assert float(pareto.kl_divergence(1.0, 2.0, 1.5, 2.0)) == np.inf
    assert float(pareto.cross_entropy(1.0, 2.0, 1.5, 2.0)) == np.inf
    assert float(pareto.kl_divergence(1.5, 2.0, 1.5, 2.0)) == 0.0
    assert float(pareto.log_prob(1.0, 1.5, 2.0)) == -np.inf


def test_near_equality():
    assert float(pareto.kl_divergence(3.0, 2.0, 3.0 * (1 - 2.0**-40), 2.0)) == pytest.approx(2.0**-39, rel=1e-11, abs=0)


PAIRS = [
    (pareto.kl_divergence_exponential, (0.7,), lambda x, s: log(s) - s * x),
    (pareto.kl_divergence_gamma, (1.5, 0.7), lambda x, a, s: a * log(s) - loggamma(a) + (a - 1) * log(x) - s * x),
    (
        pareto.kl_divergence_normal,
        (2.5, 1.5),
        lambda x, m, s: -(((x - m) / s) ** 2) / 2 - log(s) - log(2 * mpmath.pi) / 2,
    ),
]


@pytest.mark.parametrize(("function", "p", "log_p"), PAIRS)
@pytest.mark.parametrize("q", [(1.7, 3.3), (0.9, 5.4)])
def test_pairs(q, function, p, log_p):
    assert_pair(function, q, p, log_density, log_p, mean_of(mpf(q[0])))


def test_moments_that_do_not_exist():
    assert float(pareto.kl_divergence_exponential(1.0, 1.0, 1.0)) == np.inf
    assert float(pareto.kl_divergence_gamma(1.0, 0.5, 2.0, 1.0)) == np.inf
    assert float(pareto.kl_divergence_normal(1.0, 2.0, 0.0, 1.0)) == np.inf
