import mpmath
import numpy as np
import pytest

from numerics.excess import excess

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
