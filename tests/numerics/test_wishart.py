import mpmath
import numpy as np
import pytest
import torch
from mpmath import mpf
from scipy.special import multigammaln
from scipy.stats import wishart as reference

from numerics import gamma, wishart

from .definition import assert_close

Q, P = np.array([[0.9, 0.0], [0.3, 1.4]]), np.array([[1.3, 0.0], [-0.5, 0.8]])
DEGREES = [(5.0, 3.7), (2.5, 6.0)]


def usual(n, q, m, p):
    size = q.shape[-1]
    inverse = np.linalg.inv(p @ p.T)
    digammas = sum(float(mpmath.digamma((n - i) / 2)) for i in range(size))
    logs = np.linalg.slogdet(p @ p.T)[1] - np.linalg.slogdet(q @ q.T)[1]
    value = 0.5 * m * logs + 0.5 * n * (np.trace(inverse @ q @ q.T) - size)
    return value + multigammaln(m / 2, size) - multigammaln(n / 2, size) + 0.5 * (n - m) * digammas


def mean_on_a_grid(n, factor):
    """Over the factor of Bartlett: two chi variables and a normal, by products of trapezoidal rules in smooth charts."""
    t, step = np.linspace(-24, 4, 281, retstep=True)
    z, gap = np.linspace(-9, 9, 73, retstep=True)
    chis = []
    for i in range(2):
        degrees = n - i
        log_chi = degrees * t - np.exp(2 * t) / 2 - (degrees / 2 - 1) * np.log(2) - float(mpmath.loggamma(degrees / 2))
        chis.append(np.exp(log_chi) * step)
    first, second, below = np.meshgrid(np.exp(t), np.exp(t), z, indexing="ij")
    weight = chis[0][:, None, None] * chis[1][None, :, None] * np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi) * gap
    assert weight.sum() == pytest.approx(1.0, rel=1e-12, abs=0)
    entries = factor[0, 0] * first, factor[1, 0] * first + factor[1, 1] * below, factor[1, 1] * second
    return weight, entries


@pytest.mark.parametrize(("n", "m"), DEGREES)
def test_definition(n, m):
    weight, (a, b, c) = mean_on_a_grid(n, Q)
    log_det = 2 * np.log(a * c)

    def log_density(df, factor):
        first = a / factor[0, 0]
        second, third = (b - factor[1, 0] * first) / factor[1, 1], c / factor[1, 1]
        scale = df * np.log(factor[0, 0] * factor[1, 1]) + df * np.log(2) + multigammaln(df / 2, 2)
        return 0.5 * (df - 3) * log_det - 0.5 * (first**2 + second**2 + third**2) - scale

    entropy, cross = -(weight * log_density(n, Q)).sum(), -(weight * log_density(m, P)).sum()
    assert_close(wishart.entropy(n, Q), entropy, rel=1e-11)
    assert_close(wishart.cross_entropy(n, Q, m, P), cross, rel=1e-11)
    assert_close(wishart.kl_divergence(n, Q, m, P), cross - entropy, rel=1e-11)
    twins = {
        "arguments swapped": wishart.kl_divergence(m, P, n, Q),
        "half lost": 2 * (cross - entropy),
        "factor for scale matrix": usual(n, Q @ Q.T, m, P @ P.T),
        "one digamma": usual(n, Q, m, P) - 0.5 * (n - m) * float(mpmath.digamma((n - 1) / 2)),
    }
    for name, value in twins.items():
        assert abs(value - (cross - entropy)) > 1e-2 * (cross - entropy), name


@pytest.mark.parametrize("n", [5.0, 2.5])
def test_log_prob(n):
    value = np.array([[2.0, 0.4], [0.4, 1.1]])
    assert_close(wishart.log_prob(value, n, Q), reference.logpdf(value, n, Q @ Q.T), rel=1e-12)
    assert wishart.log_prob(value, n, Q) != pytest.approx(reference.logpdf(value, n, Q), rel=1e-2, abs=0)


@pytest.mark.parametrize("convert", [np.asarray, torch.as_tensor])
def test_batches_are_not_summed(convert):
    n, m = np.array([[5.0], [2.5], [9.0]]), np.array([3.7, 6.0])
    value = np.asarray(wishart.kl_divergence(*map(convert, (n, Q, m, P))))
    assert value.shape == (3, 2)
    expected = [[usual(a, Q, b, P) for b in m] for a in n[:, 0]]
    np.testing.assert_allclose(value, expected, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_dimension_is_a_gamma(dtype):
    n, m, q, p = (np.asarray(x, dtype=dtype) for x in (5.0, 3.7, 0.9, 1.3))
    value = wishart.kl_divergence(n, q[None, None], m, p[None, None])
    n, m, q, p = (np.float64(x) for x in (n, m, q, p))
    expected = gamma.kl_divergence(n / 2, 1 / (2 * q**2), m / 2, 1 / (2 * p**2))
    assert value.dtype == dtype
    assert float(value) == pytest.approx(float(expected), rel=2.5e-7 if dtype == np.float32 else 1e-13, abs=0)


def test_near_equality(seed):
    """Relative differences of 1e-9 in degrees and factor, against the usual expression at 100 digits."""
    rng = np.random.default_rng(seed)
    n, m = 4.5, 4.5 * (1 + 1e-9 * rng.normal())
    q, p = Q, Q * (1 + 1e-9 * np.tril(rng.normal(size=(2, 2))))
    with mpmath.workdps(100):
        exact_n, exact_m = mpf(n), mpf(m)
        v, u = (mpmath.matrix(x.tolist()) * mpmath.matrix(x.tolist()).T for x in (q, p))
        product = u**-1 * v
        truth = -exact_m / 2 * mpmath.log(mpmath.det(product)) + exact_n / 2 * (product[0, 0] + product[1, 1] - 2)
        for i in range(2):
            truth += mpmath.loggamma((exact_m - i) / 2) - mpmath.loggamma((exact_n - i) / 2)
            truth += (exact_n - exact_m) / 2 * mpmath.digamma((exact_n - i) / 2)
    assert float(wishart.kl_divergence(n, q, m, p)) == pytest.approx(float(truth), rel=1e-12, abs=0)
    assert abs(usual(n, q, m, p) - truth) > 1e-3 * truth
    assert float(wishart.kl_divergence(n, q, n, q)) == 0.0
