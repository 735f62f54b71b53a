import mpmath
import numpy as np
import pytest
import torch

from numerics.excess import excess, growth_and_rate

# Both sides of the switch at rate 1, and down to where the square underflows the unit.
RATES = [-40.0, -3.0, -1.0 - 1e-9, -1.0 + 1e-9, -0.6, -1e-3, -1e-9, 1e-15, 1e-5, 0.3, 1.0 - 1e-9, 1.0 + 1e-9, 5.0]


def true_excess(rate):
    with mpmath.workdps(100):
        return mpmath.expm1(mpmath.mpf(rate)) - mpmath.mpf(rate)


def relative_error(value, truth):
    with mpmath.workdps(100):
        return float(abs((mpmath.mpf(float(value)) - truth) / truth))


@pytest.mark.parametrize("rate", RATES)
def test_excess_keeps_all_digits(rate):
    # Roundings: expm1, three products, the bracket and the final difference, at most 1.1e-16 / 0.37 each.
    assert relative_error(excess(np.expm1(rate), rate), true_excess(rate)) < 2e-15


def test_the_subtraction_it_replaces_loses_them():
    assert relative_error(np.expm1(1e-9) - 1e-9, true_excess(1e-9)) > 1e-9


def test_too_few_terms_would_show():
    rate = 0.9
    two_terms = np.expm1(rate) * rate * (0.5 - rate * (1 / 12 - rate**2 / 720))
    assert relative_error(two_terms, true_excess(rate)) > 1e-5


@pytest.mark.parametrize("quotient", [1 - 2.0**-30, 1 + 2.0**-52, 0.5, 0.501, 1.499, 1.5, 3.0, 1e-40, 1e40])
def test_growth_and_rate_are_each_precise(quotient):
    growth, rate = growth_and_rate(quotient * 2.0, 2.0)
    with mpmath.workdps(100):
        assert relative_error(growth, mpmath.mpf(quotient) - 1) < 3e-16
        assert relative_error(rate, mpmath.log(mpmath.mpf(quotient))) < 1e-15


def test_log_of_the_quotient_would_lose_digits():
    denominators = np.sqrt([1.5, 2.0, 3.0])
    numerators = denominators * (1 + 1.7e-10)
    with mpmath.workdps(100):
        pairs = zip(numerators, denominators, strict=True)
        truths = [mpmath.log(mpmath.mpf(float(a)) / mpmath.mpf(float(b))) for a, b in pairs]
    precise = map(relative_error, growth_and_rate(numerators, denominators)[1], truths)
    naive = map(relative_error, np.log(numerators / denominators), truths)
    assert max(precise) < 1e-15
    assert max(naive) > 1e-9


def test_gradient_has_no_nan_where_log1p_has_a_pole():
    numerator = torch.tensor(1e-20, dtype=torch.float64, requires_grad=True)
    growth_and_rate(numerator, 1.0)[1].backward()
    assert numerator.grad.item() == pytest.approx(1e20, rel=1e-15, abs=0)
    unguarded = torch.tensor(1e-20, dtype=torch.float64, requires_grad=True)
    growth = unguarded - 1.0
    torch.where(abs(growth) < 0.5, torch.log1p(growth), torch.log(unguarded)).backward()
    assert torch.isnan(unguarded.grad)
