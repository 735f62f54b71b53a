import mpmath
import numpy as np
import pytest
from mpmath import log, loggamma, mpf
from scipy.special import digamma, gammaln

from numerics import beta, dirichlet

from .definition import (
    assert_accuracy,
    assert_close,
    assert_gradient,
    assert_textbook_fails,
    every_case,
    every_gradient,
)
from .reference import kl_dirichlet

POINTS = [((2.3, 1.7, 0.9), (0.6, 0.9, 3.2)), ((0.7, 1.4, 2.0), (3.1, 2.2, 0.8))]


def usual(a, b):
    total = a.sum(-1, keepdims=True)
    terms = gammaln(b) - gammaln(a) + (a - b) * (digamma(a) - digamma(total))
    return terms.sum(-1) + gammaln(total[..., 0]) - gammaln(b.sum(-1))


def log_density(x, a):
    return sum((k - 1) * log(v) - loggamma(k) for k, v in zip(a, x, strict=True)) + loggamma(sum(a))


def simplex_mean(q, p):
    """Means under q of both log densities over the triangle, broken like a stick by two logistic maps.

    The trapezoidal rule of a smooth integrand that decays on the whole plane errs by exp(-2 pi a / h), here 1e-13.
    """
    t = np.arange(-60, 60, 0.2)
    first, rest = 1 / (1 + np.exp(-t[:, None])), 1 / (1 + np.exp(t[:, None]))
    logs = np.stack(np.broadcast_arrays(np.log(first), np.log(rest) + np.log(first.T), np.log(rest) + np.log(rest.T)))
    volume = first * rest**2 * first.T * rest.T * 0.2**2

    def log_prob(a):
        a = np.array(a)
        return np.tensordot(a - 1, logs, 1) + gammaln(a.sum()) - gammaln(a).sum()

    weight = np.exp(log_prob(q)) * volume
    assert weight.sum() == pytest.approx(1.0, rel=1e-11, abs=0)
    return (weight * log_prob(q)).sum(), (weight * log_prob(p)).sum()


@pytest.mark.parametrize(("q", "p"), POINTS)
def test_definition(q, p):
    own, other = simplex_mean(q, p)
    assert_close(dirichlet.entropy(np.array(q)), -own, rel=1e-10)
    assert_close(dirichlet.cross_entropy(np.array(q), np.array(p)), -other, rel=1e-10)
    assert_close(dirichlet.kl_divergence(np.array(q), np.array(p)), own - other, rel=1e-10)
    assert kl_dirichlet(tuple(map(mpf, q)), tuple(map(mpf, p))) == pytest.approx(own - other, rel=1e-10, abs=0)


@pytest.mark.parametrize(("q", "p"), POINTS)
def test_parts_agree(q, p):
    value = np.array([0.2, 0.5, 0.3])
    with mpmath.workdps(30):
        truth = log_density(tuple(map(mpf, map(float, value))), tuple(map(mpf, q)))
    assert_close(dirichlet.log_prob(value, np.array(q)), truth)
    divergence = dirichlet.cross_entropy(np.array(q), np.array(p)) - dirichlet.entropy(np.array(q))
    assert_close(dirichlet.kl_divergence(np.array(q), np.array(p)), divergence)


@pytest.mark.parametrize(("q", "p"), POINTS)
def test_wrong_twins(q, p):
    a, b = np.array(q), np.array(p)
    truth = float(dirichlet.kl_divergence(a, b))
    assert usual(a, b) == pytest.approx(truth, rel=1e-13, abs=0)
    sums = gammaln(a.sum()) - gammaln(b.sum())
    twins = {
        "arguments swapped": usual(b, a),
        "sums lost": usual(a, b) - sums,
        "digamma of the sum lost": usual(a, b) + ((a - b) * digamma(a.sum())).sum(),
        "a difference of p and q summed": usual(a, b) + (gammaln(b) - gammaln(a)).sum(),
    }
    for name, value in twins.items():
        assert abs(value - truth) > 1e-2 * truth, name


@every_case
def test_accuracy(regime, dtype, convert, seed):
    assert_accuracy("Dirichlet", regime, dtype, convert, seed)


def test_accuracy_rejects_the_usual_expression(seed):
    assert_textbook_fails("Dirichlet", usual, seed)


@every_gradient
def test_gradient(regime, dtype, seed):
    assert_gradient("Dirichlet", regime, dtype, seed)


def test_one_category_outweighs_the_others():
    """Its summand and that of the sums agree to all digits; the subtraction left 147456 of 133397."""
    q, p = (
        np.array([0.6126194139340836, 1.8407233080854614e-16]),
        np.array([8.644740497322408e19, 1.4263715315656211e-11]),
    )
    with mpmath.workdps(100):
        truth = kl_dirichlet(*(tuple(map(mpf, map(float, c))) for c in (q, p)))
    assert dirichlet.kl_divergence(q, p) == pytest.approx(float(truth), rel=1e-13, abs=0)


def test_batches_are_not_summed_and_two_categories_are_a_beta():
    a, b = np.array([[2.3, 1.7], [0.7, 0.4]]), np.array([[0.6, 0.9]])
    value = dirichlet.kl_divergence(a, b)
    assert value.shape == (2,)
    assert value == pytest.approx(beta.kl_divergence(a[:, 0], a[:, 1], 0.6, 0.9), rel=1e-15, abs=0)
