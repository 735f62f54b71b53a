import mpmath
import numpy as np
import pytest
import torch
from mpmath import mpf

from numerics import multivariate_normal, normal

from .definition import (
    assert_accuracy,
    assert_close,
    assert_gradient,
    assert_textbook_fails,
    every_case,
    every_gradient,
)

POINTS = [
    ((0.7, -1.1), ((0.4, 0.0), (0.3, 2.3)), (-0.6, 0.9), ((1.3, 0.0), (-0.5, 0.8))),
    ((0.2, 0.5), ((1.4, 0.0), (-0.9, 0.6)), (1.0, -0.3), ((0.7, 0.0), (0.8, 1.9))),
]
NAME = "multivariate normal, Cholesky"


def arrays(point):
    return [np.array(part) for part in point]


def usual(m, q, n, p):
    covariance, other = q @ np.swapaxes(q, -1, -2), p @ np.swapaxes(p, -1, -2)
    inverse = np.linalg.inv(other)
    trace = np.trace(inverse @ covariance, axis1=-2, axis2=-1)
    square = np.einsum("...i,...ij,...j", m - n, inverse, m - n)
    logs = np.linalg.slogdet(other)[1] - np.linalg.slogdet(covariance)[1]
    return 0.5 * (trace + square - m.shape[-1] + logs)


def means_on_a_grid(m, q, n, p):
    """Entropy and cross-entropy by the trapezoidal rule over the plane, which errs by exp(-2 (pi / h)^2), below 1e-17."""
    steps = np.arange(-9.0, 9.0, 0.25)
    noise = np.stack(np.meshgrid(steps, steps, indexing="ij"), -1)
    weight = np.exp(-0.5 * (noise**2).sum(-1)) / (2 * np.pi) * 0.25**2
    points = m + noise @ q.T

    def log_density(loc, factor):
        deviation = np.linalg.solve(factor @ factor.T, (points - loc)[..., None])[..., 0]
        square = (deviation * (points - loc)).sum(-1)
        return -0.5 * square - 0.5 * np.log(np.linalg.det(2 * np.pi * factor @ factor.T))

    return -(weight * log_density(m, q)).sum(), -(weight * log_density(n, p)).sum()


@pytest.mark.parametrize("point", POINTS)
def test_definition(point):
    m, q, n, p = arrays(point)
    entropy, cross = means_on_a_grid(m, q, n, p)
    assert_close(multivariate_normal.entropy(q), entropy, rel=1e-12)
    assert_close(multivariate_normal.cross_entropy(m, q, n, p), cross, rel=1e-12)
    assert_close(multivariate_normal.kl_divergence(m, q, n, p), cross - entropy, rel=1e-12)
    assert_close(multivariate_normal.kl_divergence_full(m, q @ q.T, n, p @ p.T), cross - entropy, rel=1e-12)
    twins = {
        "arguments swapped": usual(n, p, m, q),
        "half lost": 2 * (cross - entropy),
        "factor for covariance": multivariate_normal.kl_divergence_full(m, q @ q.T @ q @ q.T, n, p @ p.T @ p @ p.T),
        "factor transposed": usual(m, q.T, n, p),
        "correlation lost": usual(m, np.diag(np.diag(q)), n, p),
    }
    for name, value in twins.items():
        assert abs(value - (cross - entropy)) > 1e-2 * (cross - entropy), name


@pytest.mark.parametrize("point", POINTS)
def test_log_prob(point):
    m, q, n, _ = arrays(point)
    with mpmath.workdps(30):
        z0 = (mpf(n[0]) - mpf(m[0])) / mpf(q[0, 0])
        z1 = (mpf(n[1]) - mpf(m[1]) - mpf(q[1, 0]) * z0) / mpf(q[1, 1])
        truth = mpmath.log(mpmath.npdf(z0) * mpmath.npdf(z1) / mpf(q[0, 0]) / mpf(q[1, 1]))
    assert_close(multivariate_normal.log_prob(n, m, q), truth)


@every_case
def test_accuracy(regime, dtype, convert, seed):
    assert_accuracy(NAME, regime, dtype, convert, seed)


def test_accuracy_rejects_the_usual_expression(seed):
    assert_textbook_fails(NAME, usual, seed)


@every_gradient
def test_gradient(regime, dtype, seed):
    assert_gradient(NAME, regime, dtype, seed, size=5)


@pytest.mark.parametrize("convert", [np.asarray, torch.as_tensor])
def test_batches_broadcast_and_are_not_summed(convert, seed):
    rng = np.random.default_rng(seed)
    factors = np.tril(rng.normal(size=(4, 1, 3, 3)), -1) + np.eye(3)
    m, n = rng.normal(size=(4, 1, 3)), rng.normal(size=(2, 3))
    value = np.asarray(multivariate_normal.kl_divergence(*map(convert, (m, factors, n, 2 * np.eye(3)))))
    assert value.shape == (4, 2)
    for i in range(4):
        for j in range(2):
            single = multivariate_normal.kl_divergence(m[i, 0], factors[i, 0], n[j], 2 * np.eye(3))
            assert value[i, j] == pytest.approx(single, rel=1e-14, abs=0)


def test_what_is_above_the_diagonal_is_not_looked_at():
    m, q, n, p = arrays(POINTS[0])
    noise = np.array([[0.0, 7.0], [0.0, 0.0]])
    for convert in (np.asarray, torch.as_tensor):
        clean, noisy = (
            multivariate_normal.kl_divergence(*map(convert, (m, q + k * noise, n, p - k * noise))) for k in (0, 1)
        )
        assert float(clean) == float(noisy)


def test_near_equal_covariances(seed):
    rng = np.random.default_rng(seed)
    factor = np.tril(rng.normal(size=(3, 3)), -1) + 2 * np.eye(3)
    covariance = factor @ factor.T
    change = rng.normal(size=(3, 3))
    other = covariance + 1e-6 * (change + change.T)
    with mpmath.workdps(60):
        q, p = (mpmath.matrix(matrix.tolist()) for matrix in (covariance, other))
        product = p**-1 * q
        truth = (sum(product[i, i] for i in range(3)) - 3 - mpmath.log(mpmath.det(product))) / 2
    zero = np.zeros(3)
    # The difference is exact; the factor of p is right to its condition, which is a few units here.
    assert multivariate_normal.kl_divergence_full(zero, covariance, zero, other) == pytest.approx(
        float(truth), rel=1e-12, abs=0
    )
    assert abs(usual(zero, factor, zero, np.linalg.cholesky(other)) - truth) > 1e-6 * truth
    assert float(multivariate_normal.kl_divergence_full(zero, covariance, zero, covariance)) == 0.0


def test_diagonal_is_a_sum_of_normals():
    parameters = [np.array([[0.7, -1.1]]), np.array([0.4, 2.3]), np.array([-0.6, 0.9]), np.array([1.3, 0.8])]
    value = multivariate_normal.kl_divergence_diagonal(*parameters)
    assert value.shape == (1,)
    assert value == pytest.approx(normal.kl_divergence(*parameters).sum(-1), rel=1e-15, abs=0)
    loc, scale, p_loc, p_scale = parameters
    full = multivariate_normal.kl_divergence(loc, np.diag(scale), p_loc, np.diag(p_scale))
    assert value == pytest.approx(full, rel=1e-14, abs=0)


def test_low_rank_covariances(seed):
    """Against the determinant and the trace at 40 digits, and torch's own; the twins are other covariances."""
    rng = np.random.default_rng(seed)
    m, n = rng.normal(size=(2, 4))
    w, v = rng.normal(size=(4, 2)), rng.normal(size=(4, 1))
    d, e = np.exp(rng.normal(size=(2, 4)))
    with mpmath.workdps(40):
        q, p = (
            mpmath.matrix(f.tolist()) * mpmath.matrix(f.tolist()).T + mpmath.diag(list(map(mpf, map(float, x))))
            for f, x in ((w, d), (v, e))
        )
        shift = mpmath.matrix([mpf(a) - mpf(b) for a, b in zip(m.tolist(), n.tolist(), strict=True)])
        product, inner = p**-1 * q, (shift.T * p**-1 * shift)[0]
        truth = float((sum(product[i, i] for i in range(4)) - 4 - mpmath.log(mpmath.det(product)) + inner) / 2)
    value = multivariate_normal.kl_divergence_low_rank(m, w, d, n, v, e)
    assert value == pytest.approx(truth, rel=1e-12, abs=0)
    pair = [
        torch.distributions.LowRankMultivariateNormal(*map(torch.as_tensor, half)) for half in ((m, w, d), (n, v, e))
    ]
    assert value == pytest.approx(float(torch.distributions.kl_divergence(*pair)), rel=1e-10, abs=0)
    full = np.linalg.cholesky(v @ v.T + np.diag(e))
    assert multivariate_normal.kl_divergence_low_rank(m, w, d, n, full, 0 * e) == pytest.approx(truth, rel=1e-11, abs=0)
    assert float(multivariate_normal.kl_divergence_low_rank(m, w, d, m, w, d)) == 0.0
    for twin in ((m, w, d, n, v, e**0.5), (m, w, 0.5 * d, n, v, e), (n, v, e, m, w, d), (m, w, d, n, 0 * v, e)):
        assert abs(multivariate_normal.kl_divergence_low_rank(*twin) - truth) > 1e-3 * truth


@pytest.mark.parametrize(
    "hessian", [torch.autograd.functional.hessian, lambda f, at: torch.func.jacrev(torch.func.jacrev(f))(at)]
)
def test_hessian_at_equal_covariances_is_that_of_the_factors(hessian, seed):
    """Eigenvalues that are equal have no second derivatives, their sum has: those of half the squared norm of the growth."""
    generator = torch.Generator().manual_seed(seed)
    factor = torch.randn(3, 3, generator=generator, dtype=torch.float64).tril(-1) + torch.eye(3, dtype=torch.float64)
    loc, step = torch.zeros(3, dtype=torch.float64), torch.randn(3, 3, generator=generator, dtype=torch.float64)
    step = step + step.mT

    def along(divergence):
        return hessian(lambda t: divergence(factor @ factor.mT + t * step), torch.zeros((), dtype=torch.float64))

    def by_eigenvalues(covariance):
        growth = torch.linalg.solve(factor, torch.linalg.solve(factor, covariance - factor @ factor.mT).mT)
        rates = torch.linalg.eigvalsh(0.5 * (growth + growth.mT))
        return 0.5 * (rates - torch.log1p(rates)).sum()

    truth = 0.5 * torch.trace(torch.linalg.solve(factor @ factor.mT, step).matrix_power(2))
    found = along(lambda c: multivariate_normal.kl_divergence_full(loc, c, loc, factor @ factor.mT))
    torch.testing.assert_close(found, truth, rtol=1e-12, atol=0)
    assert not torch.allclose(along(by_eigenvalues), truth, rtol=1e-3)
