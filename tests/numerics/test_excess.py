import mpmath
import numpy as np
import pytest

from numerics.excess import excess

# Both sides of the switch at rate 1/16, and down to where the square underflows the unit.
RATES = [-40.0, -3.0, -0.6, -0.0626, -0.0624, -1e-3, -1e-9, 1e-15, 1e-5, 0.0624, 0.0626, 0.3, 1.0 - 1e-9, 5.0]


def true_excess(rate):
    with mpmath.workdps(100):
        return mpmath.expm1(mpmath.mpf(rate)) - mpmath.mpf(rate)


def relative_error(value, truth):
    with mpmath.workdps(100):
        return float(abs((mpmath.mpf(float(value)) - truth) / truth))


@pytest.mark.parametrize("rate", RATES)
def test_excess_keeps_all_digits(rate):
    # Beyond the switch one rounding of expm1, which is 32 times the excess there.
    assert relative_error(excess(np.expm1(rate), rate), true_excess(rate)) < 4e-15


@pytest.mark.parametrize("rate", [-1.01, -0.99, -0.3, -1e-4, 1e-12, 0.5, 0.99, 1.01])
def test_excess_in_float32(rate):
    rate = np.float32(rate)
    assert relative_error(excess(np.expm1(rate), rate), true_excess(float(rate))) < 2.5e-7


def test_the_subtraction_it_replaces_loses_them():
    assert relative_error(np.expm1(1e-9) - 1e-9, true_excess(1e-9)) > 1e-9


def test_too_few_terms_would_show():
    rate = 0.9
    two_terms = np.expm1(rate) * rate * (0.5 - rate * (1 / 12 - rate**2 / 720))
    assert relative_error(two_terms, true_excess(rate)) > 1e-5
