import mpmath
import numpy as np
import pytest
import torch
from mpmath import digamma, log, loggamma, mpf

from numerics import bregman
from numerics.array import as_arrays

FUNCTIONS = {
    bregman.of_log: (lambda t: -log(t), lambda t: -1 / t),
    bregman.of_entropy: (lambda t: t * log(t) - t, log),
    bregman.of_log_gamma: (lambda t: loggamma(t) - t * log(t) + t, lambda t: digamma(t) - log(t)),
}
every_function = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)


def pairs(seed, size=200):
    """Moderate, near-equal and extreme, and both sides of every switch."""
    rng = np.random.default_rng(seed)
    x = np.exp(3 * rng.normal(size=size))
    near = x * (1 + 10.0 ** rng.uniform(-15, -0.5, size) * rng.choice([-1, 1], size))
    ratios = np.array([7 / 9 - 1e-9, 7 / 9 + 1e-9, 3 / 5 - 1e-9, 3 / 5 + 1e-9, 5 / 3 - 1e-9, 5 / 3 + 1e-9])
    ones = np.array([1 - 1e-9, 1.0, 1 + 1e-9, 0.3, 40.0])[:, None]
    switches = [np.broadcast_to(ones, (5, 6)).ravel(), (ones * ratios).ravel()]
    extreme = 10.0 ** rng.uniform(-20, 20, (2, size))
    return [np.concatenate(parts) for parts in zip((x, x[::-1]), (x, near), extreme, switches, strict=True)]


def divergence(function, x, y):
    value, slope = FUNCTIONS[function]
    x, y = mpf(float(x)), mpf(float(y))
    return value(x) - value(y) - slope(y) * (x - y)


def worst_error(values, truths):
    return max(float(abs(mpf(float(v)) - t) / t) if t else abs(v) for v, t in zip(values, truths, strict=True))


@every_function
def test_divergences_keep_their_digits(function, seed):
    x, y = pairs(seed)
    with mpmath.workdps(100):
        truths = [divergence(function, *pair) for pair in zip(x, y, strict=True)]
        # Two roundings of 1 at the edge of the near range, where the divergence is 0.09, and two bits below 1.
        assert worst_error(function(x, y), truths) < 2e-14
        assert worst_error(function(x, x), [mpf(0)] * len(x)) == 0


@every_function
def test_definitions_in_float64_do_not(function, seed):
    x, y = pairs(seed)
    with mpmath.workdps(100):
        truths = [divergence(function, *pair) for pair in zip(x, y, strict=True)]
    with mpmath.workdps(16):
        assert worst_error([divergence(function, *pair) for pair in zip(x, y, strict=True)], truths) > 1e-3


@every_function
def test_arguments_cannot_be_exchanged(function):
    assert float(function(2.0, 0.7)) != pytest.approx(float(function(0.7, 2.0)), rel=1e-2, abs=0)


@every_function
def test_a_difference_known_more_precisely_is_used(function):
    """1 and 1 + 1e-20 are one float; their difference is not 0."""
    second = {bregman.of_log: 1.0, bregman.of_entropy: 1.0, bregman.of_log_gamma: float(mpmath.polygamma(1, 1)) - 1}
    assert float(function(1.0, 1.0, 1e-20)) == pytest.approx(second[function] / 2 * 1e-40, rel=1e-13, abs=0)
    assert float(function(1.0, 1.0)) == 0.0


@every_function
def test_gradient_is_that_of_the_definition(function, seed):
    x, y = (torch.tensor(values[::7], requires_grad=True) for values in pairs(seed))
    function(x, y).sum().backward()
    slope = FUNCTIONS[function][1]
    with mpmath.workdps(100):
        for a, b, in_x, in_y in zip(x.tolist(), y.tolist(), x.grad.tolist(), y.grad.tolist(), strict=True):
            a, b = mpf(a), mpf(b)
            assert in_x == pytest.approx(float(slope(a) - slope(b)), rel=1e-9, abs=0)
            assert in_y == pytest.approx(float(-(a - b) * mpmath.diff(slope, b)), rel=1e-9, abs=0)


def test_log_gamma_slope(seed):
    x, y = pairs(seed)
    slope = FUNCTIONS[bregman.of_log_gamma][1]
    with mpmath.workdps(100):
        truths = [slope(mpf(float(a))) - slope(mpf(float(b))) for a, b in zip(x, y, strict=True)]
        assert worst_error(bregman.log_gamma_slope(x, y, x - y), truths) < 3e-14
        assert worst_error(bregman.log_gamma_slope(x, y, y - x), truths) > 1.0


def test_zero_belongs_to_the_domain_of_the_entropy():
    x, y = np.array([0.0, 0.0, 0.5, 0.5]), np.array([0.0, 0.5, 0.0, 0.5])
    assert bregman.of_entropy(x, y).tolist() == [0.0, 0.5, np.inf, 0.0]
    tensors = [torch.tensor(values, requires_grad=True) for values in (x[1], y[1])]
    bregman.of_entropy(*tensors).backward()
    assert tensors[1].grad.item() == 1.0
    assert not torch.isnan(tensors[0].grad)


def test_quotients_may_overflow():
    assert float(bregman.of_log(1e-200, 1e200)) == pytest.approx(400 * np.log(10) - 1, rel=1e-15, abs=0)
    with np.errstate(over="ignore"):
        assert float(bregman.log_quotient(1e200, 1e-200)) == pytest.approx(400 * np.log(10), rel=1e-15, abs=0)


def test_shapes_broadcast():
    for function in FUNCTIONS:
        assert function(np.ones((4, 1)), np.ones(3)).shape == (4, 3)
        assert as_arrays(function(torch.ones(2), 3.0))[1].dtype == torch.float32
