import math

import mpmath
import numpy as np
import pytest
import torch

from numerics.excess import excess

# Both sides of multiples of log 2, where the reduction changes, and down to where the square underflows the unit.
RATES = [
    -1e20,
    -709.0,
    -40.0,
    -3.0,
    -0.694,
    -0.693,
    -0.347,
    -0.346,
    0.346,
    0.347,
    -1e-3,
    -1e-9,
    1e-15,
    1e-5,
    0.3,
    0.693,
    0.694,
    1.387,
    5.0,
    709.4,
]


def true_excess(rate):
    with mpmath.workdps(100):
        return mpmath.expm1(mpmath.mpf(rate)) - mpmath.mpf(rate)


def relative_error(value, truth):
    with mpmath.workdps(100):
        return float(abs((mpmath.mpf(float(value)) - truth) / truth))


@pytest.mark.parametrize("rate", RATES)
def test_excess_keeps_all_digits(rate):
    # roundings of 1e-16, a tenth of whose summands may be left
    assert relative_error(excess(rate), true_excess(rate)) < 2e-15


@pytest.mark.parametrize(
    ("least", "greatest", "claim"), [(0.3, 1.1, 2e-15), (150.0, 200.0, 2e-15), (650.0, 709.78, 3e-12)]
)
def test_excess_between_multiples_of_log_2(least, greatest, claim, seed):
    rates = np.random.default_rng(seed).uniform(least, greatest, 500)
    assert max(relative_error(excess(rate), true_excess(rate)) for rate in rates) < claim
    # The twin: log 2 in one part, whose multiples are rounded.
    rate = greatest
    multiple = np.round(rate / np.log(2))
    rest = rate - np.float32(np.log(2)) * multiple
    assert relative_error(2.0 ** (multiple - 1) * np.exp(rest) * 2 - 1 - rate, true_excess(rate)) > 1e-9


@pytest.mark.parametrize(
    "rate", [-1e10, -88.0, -86.0, -0.694, -0.693, -0.3, -1e-4, 1e-12, 0.5, 0.693, 0.694, 1.01, 88.0]
)
def test_excess_in_float32(rate):
    rate = np.float32(rate)
    assert relative_error(excess(rate), true_excess(float(rate))) < 2.5e-7


def test_no_number_of_float32_is_wrong_by_more_than_three_units(seed):
    """Some of each power of two, and all next to the worst place; the twin has four roundings where |t| is small."""
    rng = np.random.default_rng(seed)
    powers = 2.0 ** np.repeat(np.arange(-14, 7), 2**15)
    rates = rng.choice([-1, 1], powers.size) * powers * rng.uniform(1, 2, powers.size)
    rates = np.append(rates[rates < 88.7], np.linspace(-0.00017, -0.00018, 2**20)).astype(np.float32)
    wide = rates.astype(np.float64)
    series = sum(wide**k / math.factorial(k) for k in range(2, 9))
    truth = np.where(abs(wide) < 0.05, series, np.expm1(wide) - wide)
    part = rates - rates**2 * np.float32(1 / 6)
    twin = rates * part / (2 - part)

    def units(values):
        return abs(values - truth) / truth * 2**24

    assert units(excess(rates)).max() < 3
    assert units(twin)[-(2**20) :].max() > 3


def test_the_subtraction_it_replaces_loses_them():
    assert relative_error(np.expm1(1e-9) - 1e-9, true_excess(1e-9)) > 1e-9


def test_infinite_and_half_precision():
    with np.errstate(over="ignore"):
        assert excess(np.array([-np.inf, np.inf, 0.0, 710.0])).tolist() == [np.inf, np.inf, 0.0, np.inf]
    assert excess(np.float16(0.5)).dtype == np.float16
    assert relative_error(excess(np.float16(0.5)), true_excess(0.5)) < 2**-11


def test_gradient_is_that_of_growth():
    for dtype, claim in ((torch.float64, 1e-9), (torch.float32, 1e-6)):
        rates = torch.tensor([-80.0, -0.694, -0.3, -1e-9, 1e-12, 0.3, 0.694, 20.0], dtype=dtype, requires_grad=True)
        (slope,) = torch.autograd.grad(excess(rates).sum(), rates)
        torch.testing.assert_close(slope, rates.detach().double().expm1().to(dtype), rtol=claim, atol=0)
    rates = torch.tensor([-1e20, 1e20], requires_grad=True)
    (slope,) = torch.autograd.grad(excess(rates).sum(), rates)
    assert slope.tolist() == [-1.0, np.inf]


def test_too_few_terms_would_show():
    rate = 0.9
    two_terms = np.expm1(rate) * rate * (0.5 - rate * (1 / 12 - rate**2 / 720))
    assert relative_error(two_terms, true_excess(rate)) > 1e-5
