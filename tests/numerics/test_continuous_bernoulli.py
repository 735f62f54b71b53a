import mpmath
import numpy as np
import pytest
import torch
from mpmath import exp, log, mpf

from numerics import beta, continuous_bernoulli, uniform

from .definition import assert_close, assert_definition, assert_pair

POINTS = [((0.7,), (-1.9,)), ((-5.4,), (3.1,))]


def log_density(x, l):
    return l * x - log(mpmath.expm1(l) / l)


def interval_mean(log_q):
    return lambda f: mpmath.quad(lambda x: exp(log_q(x)) * f(x), [0, 0.25, 0.5, 0.75, 1])


def bregman(q, p):
    """The usual expression, whose digits cancel near equality."""
    slope = 1 / (-mpmath.expm1(-q)) - 1 / q
    return log(mpmath.expm1(p) / p) - log(mpmath.expm1(q) / q) - (p - q) * slope


@pytest.mark.parametrize(("q", "p"), POINTS)
def test_definition(q, p):
    truth = assert_definition(
        continuous_bernoulli, log_density, interval_mean, q, p, (0.2, 0.9), lambda a, b: bregman(a, b)
    )
    twins = {
        "normaliser lost": (q[0] - p[0]) * float(continuous_bernoulli.mean(q[0])),
        "mean of a Bernoulli": float(truth) + (q[0] - p[0]) * (1 / (1 + np.exp(-q[0])) - continuous_bernoulli.mean(q[0])),
        "logits halved": float(continuous_bernoulli.kl_divergence(q[0] / 2, p[0] / 2)),
    }  # fmt: skip
    for name, value in twins.items():
        assert abs(value - truth) > 1e-2 * truth, name


@pytest.mark.parametrize(("q", "p"), POINTS)
def test_pairs(q, p):
    line = (lambda x, m, s: log(mpmath.npdf(x, m, s)), (0.3, 0.8))
    assert_pair(continuous_bernoulli.kl_divergence_normal, q, line[1], log_density, line[0], interval_mean)
    assert_pair(
        continuous_bernoulli.kl_divergence_exponential,
        q,
        (1.7,),
        log_density,
        lambda x, r: log(r) - r * x,
        interval_mean,
    )
    wide = continuous_bernoulli.kl_divergence_uniform(q[0], -0.5, 1.25)
    assert_close(wide, np.log(1.75) - continuous_bernoulli.entropy(q[0]))


@pytest.mark.parametrize(("dtype", "claim"), [(np.float64, 1e-12), (np.float32, 2.5e-7)])
def test_accuracy(dtype, claim, seed):
    rng = np.random.default_rng(seed)
    q = np.concatenate([2 * rng.normal(size=60), rng.uniform(-100, 100, 60)]).astype(dtype)
    worst_usual = 0.0
    for p in (q * (1 + 10.0 ** rng.uniform(-12, -1, 120)), rng.permutation(q), q + 2.0, 1e-9 * q):
        other = p.astype(dtype)
        values = np.asarray(continuous_bernoulli.kl_divergence(torch.as_tensor(q), torch.as_tensor(other)))
        assert values.dtype == dtype
        for value, a, b in zip(values, q, other, strict=True):
            with mpmath.workdps(120):
                truth = bregman(mpf(float(a)), mpf(float(b))) if a != b else mpf(0)
                assert abs(mpf(float(value)) - truth) <= claim * truth, (a, b)
            if truth:
                with mpmath.workdps(15):
                    usual = bregman(mpf(float(a)), mpf(float(b)))
                    worst_usual = max(worst_usual, float(abs(usual - truth) / truth))
    assert worst_usual > 1e-3 or dtype == np.float32  # the twin: the usual expression with 15 digits


def test_gradient_and_uniform():
    tensors = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (0.7, -1.9)]
    continuous_bernoulli.kl_divergence(*tensors).backward()
    with mpmath.workdps(40):
        for i, tensor in enumerate(tensors):
            slope = mpmath.diff(
                lambda v, i=i: bregman(*((v, mpf(-1.9)) if i == 0 else (mpf(0.7), v))), mpf(tensor.item())
            )
            assert tensor.grad.item() == pytest.approx(float(slope), rel=1e-9, abs=0)
    assert float(continuous_bernoulli.kl_divergence(0.0, 0.0)) == 0.0
    assert_close(
        continuous_bernoulli.kl_divergence(0.0, 2.0), uniform.kl_divergence_continuous_bernoulli(0.0, 1.0, 2.0)
    )
    assert_close(beta.kl_divergence_continuous_bernoulli(1.0, 1.0, 2.0), continuous_bernoulli.kl_divergence(0.0, 2.0))
    assert float(uniform.kl_divergence_continuous_bernoulli(0.5, 1.5, 2.0)) == np.inf
