import mpmath
import numpy as np
import pytest
import torch
from mpmath import exp, log, mpf

from numerics import laplace
from numerics.bregman import of_log
from numerics.excess import excess

from .definition import (
    assert_accuracy,
    assert_definition,
    assert_gradient,
    assert_pair,
    assert_textbook_fails,
    every_case,
    every_gradient,
)
from .reference import kl_laplace

POINTS = [((0.7, 0.4), (-0.6, 1.3)), ((-1.1, 2.3), (0.9, 0.8))]


def usual(m, a, n, b):
    d = abs(m - n)
    return np.log(b / a) + (d + a * np.exp(-d / a)) / b - 1


WRONG = {
    "distance over the scale of p": lambda m, a, n, b: (
        usual(m, a, n, b) + a / b * (np.exp(-abs(m - n) / b) - np.exp(-abs(m - n) / a))
    ),
    "log inverted": lambda m, a, n, b: usual(m, a, n, b) - 2 * np.log(b / a),
    "distance not absolute": lambda m, a, n, b: usual(m, a, n, b) - 2 * abs(m - n) / b,
    "variance for scale": lambda m, a, n, b: usual(m, a**2, n, b**2),
}


def log_density(x, m, b):
    return -abs(x - m) / b - log(2 * b)


def mean_of(log_q):
    """Between and beyond the kinks, of which each density has one; 60 scales hold the mass to 1e-26."""
    kinks = [mpf(x) for x in (-140, -60, -20, -6, "-1.1", "-0.6", 0, "0.7", "0.9", 6, 20, 60, 140)]
    return lambda function: mpmath.quad(lambda x: exp(log_q(x)) * function(x), kinks)


@pytest.mark.parametrize(("q", "p"), POINTS)
def test_definition(q, p):
    q, p = (tuple(float(mpf(x)) for x in parameters) for parameters in (q, p))
    assert_definition(laplace, log_density, mean_of, q, p, [-3.0, 0.25, 4.0])


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize(("q", "p"), POINTS)
def test_wrong_twin_is_not_the_integral(q, p, wrong):
    truth = float(kl_laplace(*map(mpf, (*q, *p))))
    assert abs(WRONG[wrong](*q, *p) - truth) > 1e-2 * truth


@every_case
def test_accuracy(regime, dtype, convert, seed):
    assert_accuracy("Laplace", regime, dtype, convert, seed)


def test_accuracy_rejects_the_usual_expression(seed):
    assert_textbook_fails("Laplace", usual, seed)


@every_gradient
def test_gradient(regime, dtype, seed):
    assert_gradient("Laplace", regime, dtype, seed)


def test_gradient_in_the_scale_of_laws_far_apart(seed):
    """It is -1 / b_q there; where all is one excess, two numbers of the size of d / b_p cancel."""
    generator = torch.Generator().manual_seed(seed)
    q_scale = (0.5 + torch.rand(8, generator=generator)).requires_grad_()
    q_loc, p_scale = torch.full((8,), 1e12), torch.full((8,), 1e-6)
    laplace.kl_divergence(q_loc, q_scale, 0.0, p_scale).sum().backward()
    torch.testing.assert_close(q_scale.grad, -1 / q_scale.detach(), rtol=1e-6, atol=0)
    scale = q_scale.detach().double().requires_grad_()
    (of_log(scale, p_scale.double()) + scale / p_scale * excess(-q_loc / scale)).sum().backward()
    assert not torch.allclose(scale.grad, -1 / scale.detach(), rtol=1e-3, atol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gradient_in_the_scale_of_laws_of_one_scale(dtype, seed):
    """It is -d^2 / 2 b and less; where the gradient of the quotient of scales is one sum, with 1 in it, that is lost."""
    distance = 1e-9 + 1e-9 * torch.rand(8, generator=torch.Generator().manual_seed(seed), dtype=dtype)
    q_scale = torch.ones(8, dtype=dtype, requires_grad=True)
    laplace.kl_divergence(distance, q_scale, 0.0, 1.0).sum().backward()
    torch.testing.assert_close(q_scale.grad, -0.5 * distance**2, rtol=1e-6, atol=0)
    scale, distance = torch.ones(8, dtype=torch.float64, requires_grad=True), distance.double()
    ((scale - 1.0) + scale * excess(-distance / scale) - torch.log(scale)).sum().backward()
    assert not torch.allclose(scale.grad, -0.5 * distance**2, rtol=1e-3, atol=0)


def test_gradient_in_the_scale_where_it_is_a_thousandth_of_its_summands(seed):
    """It is (r (1 + d) e^-d - 1) / b_q, here with an r that leaves a thousandth; six digits of the excess do not do."""
    distance = torch.rand(64, generator=torch.Generator().manual_seed(seed))
    p_scale = 0.999 * (1 + distance) * torch.exp(-distance)

    def slope(divergence, dtype):
        scale = torch.ones(64, dtype=dtype, requires_grad=True)
        divergence(distance.to(dtype), scale, 0.0, p_scale.to(dtype)).sum().backward()
        return scale.grad.double()

    d, b = distance.double(), p_scale.double()
    truth = ((1 + d) * torch.exp(-d) - b) / b
    torch.testing.assert_close(slope(laplace.kl_divergence, torch.float32), truth, rtol=1e-6, atol=0)

    def short(loc, scale, p_loc, p_scale):
        rate = -loc / scale
        series = 0.5 + rate * (1 / 6 + rate * (1 / 24 + rate * (1 / 120 + rate * (1 / 720 + rate / 5040))))
        return of_log(scale, p_scale) + scale / p_scale * rate**2 * series

    assert not torch.allclose(slope(short, torch.float64), truth, rtol=1e-6, atol=0)


def test_hessian_at_equality_is_the_fisher_information():
    point = torch.tensor([0.3, 0.7], dtype=torch.float64)
    hessian = torch.autograd.functional.hessian(lambda q: laplace.kl_divergence(q[0], q[1], 0.3, 0.7), point)
    torch.testing.assert_close(hessian, torch.eye(2, dtype=torch.float64) / 0.49, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("q", [(0.7, 0.4), (-1.1, 2.3)])
def test_divergence_from_a_normal(q):
    assert_pair(
        laplace.kl_divergence_normal, q, (0.4, 1.5), log_density, lambda x, m, s: log(mpmath.npdf(x, m, s)), mean_of
    )
