import mpmath
import numpy as np
import pytest
import torch
from mpmath import mpf

from numerics import cauchy

from .definition import assert_close

POINTS = [((0.7, 0.4), (-0.6, 1.3)), ((-1.1, 2.3), (0.9, 0.8))]


def log_density(x, m, g):
    return -mpmath.log(mpmath.pi * g * (1 + ((x - m) / g) ** 2))


def mean_under(m, g):
    """x = m + g tan(t) has this law where t is uniform on the half circle."""
    half = mpmath.pi / 2
    return lambda f: mpmath.quad(lambda t: f(m + g * mpmath.tan(t)), mpmath.linspace(-half, half, 9)) / mpmath.pi


def usual(m, a, n, b):
    return np.log(((a + b) ** 2 + (m - n) ** 2) / (4 * a * b))


@pytest.mark.parametrize(("q", "p"), POINTS)
def test_definition(q, p):
    with mpmath.workdps(25):
        exact_q, exact_p = (tuple(map(mpf, parameters)) for parameters in (q, p))
        mean = mean_under(*exact_q)
        entropy, cross = (-mean(lambda x, e=e: log_density(x, *e)) for e in (exact_q, exact_p))
    assert_close(cauchy.log_prob(0.3, *q), log_density(mpf(0.3), *exact_q))
    assert_close(cauchy.entropy(q[1]), entropy)
    assert_close(cauchy.cross_entropy(*q, *p), cross)
    assert_close(cauchy.kl_divergence(*q, *p), cross - entropy)
    assert_close(usual(*q, *p), cross - entropy)
    (m, a), (n, b) = q, p
    twins = {
        "a factor of 4 lost": usual(m, a, n, b) + np.log(4),
        "widths subtracted": np.log(1 + (m - n) ** 2 / (4 * a * b)),
        "shift lost": usual(m, a, m, b),
        "square lost": np.log(((a + b) ** 2 + abs(m - n)) / (4 * a * b)),
    }
    for name, value in twins.items():
        assert abs(value - (cross - entropy)) > 1e-2 * (cross - entropy), name


@pytest.mark.parametrize(("dtype", "claim"), [(np.float64, 1e-13), (np.float32, 2.5e-7)])
@pytest.mark.parametrize("convert", [np.asarray, torch.as_tensor])
def test_accuracy(dtype, claim, convert, seed):
    rng = np.random.default_rng(seed)
    q = [rng.normal(size=60).astype(dtype), np.exp(rng.normal(size=60)).astype(dtype)]
    near = [(v * (1 + 10.0 ** rng.uniform(-12, -2, 60))).astype(dtype) for v in q]
    far = [(10.0 ** rng.uniform(-15, 15, 60)).astype(dtype) for _ in range(2)]
    worst_usual = 0.0
    for p in (near, far):
        values = np.asarray(cauchy.kl_divergence(*map(convert, (*q, *p))))
        assert values.dtype == dtype
        for value, *parameters in zip(values, *q, *p, strict=True):
            with mpmath.workdps(60):
                m, a, n, b = (mpf(float(v)) for v in parameters)
                truth = mpmath.log(((a + b) ** 2 + (m - n) ** 2) / (4 * a * b))
                assert abs(mpf(float(value)) - truth) <= claim * truth
                if truth:
                    loss = usual(*(np.float64(v) for v in parameters)) - truth
                    worst_usual = max(worst_usual, float(abs(loss) / truth))
    assert worst_usual > 1e-6  # the twin: the usual expression in float64


def test_symmetric_zero_at_equality_and_gradient():
    q, p = POINTS[0]
    assert_close(cauchy.kl_divergence(*q, *p), cauchy.kl_divergence(*p, *q))
    assert float(cauchy.kl_divergence(*q, *q)) == 0.0
    tensors = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (*q, *p)]
    cauchy.kl_divergence(*tensors).backward()
    (m, a), (n, b) = q, p
    whole = (a + b) ** 2 + (m - n) ** 2
    expected = (2 * (m - n) / whole, 2 * (a + b) / whole - 1 / a, -2 * (m - n) / whole, 2 * (a + b) / whole - 1 / b)
    for tensor, slope in zip(tensors, expected, strict=True):
        assert tensor.grad.item() == pytest.approx(slope, rel=1e-9, abs=0)
