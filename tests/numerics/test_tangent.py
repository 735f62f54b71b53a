import mpmath
import numpy as np
import pytest
from flint import acb, arb

from numerics.ball import working_precision
from numerics.tangent import Tangent

EXPRESSIONS = {
    "ring": lambda x: 3 * x - (1 - x) ** 3 * x + 2,
    "quotient": lambda x: 1 / (1 + x * x) - x / 7,
    "exp": lambda x: (-x).exp() * x,
    "log": lambda x: (x + 3).log(analytic=False),
    "log1p": lambda x: -((x * x).log1p()),
    "cos": lambda x: 2 * (x - 0.3).cos(),
    "modulus": lambda x: (x - 5).real_abs(analytic=False) + (x + 5).real_abs(analytic=False) * x,
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_slopes_are_derivatives(name, seed):
    f = EXPRESSIONS[name]
    step = 2.0**-40
    with working_precision(300):
        for x in map(acb, np.random.default_rng(seed).uniform(-2, 2, 5)):
            tangent = f(Tangent(x, acb(1)))
            # A central difference: off by step**2 / 6 times the third derivative, which is below 200 here.
            slope = (f(x + step) - f(x - step)) / (2 * step)
            assert tangent.slope.real.overlaps(slope.real + arb(0, 200 * step**2))
            assert tangent.at.overlaps(f(x))


def test_twin_a_product_without_its_second_term_is_no_derivative():
    x = Tangent(acb(0.7), acb(1))
    assert not (x * x).slope.overlaps(x.slope * x.at)


def test_mean_value_form_keeps_the_cancellation_at_a_peak():
    u = acb(arb(0, 2.0**-10))
    at_peak = lambda v: 1000 * v - 1000 * v.exp()
    middle = u.mid()
    refined = at_peak(middle) + at_peak(Tangent(u, acb(1))).slope * (u - middle)
    assert refined.real.rad() < 0.01
    assert at_peak(u).real.rad() > 1
    truth = 1000 * (mpmath.mpf(2) ** -11 - mpmath.exp(mpmath.mpf(2) ** -11))
    assert refined.contains(acb(float(truth)))


def test_a_kink_has_every_slope_between_and_no_analytic_one():
    u = Tangent(acb(arb(0, 1)), acb(1))
    slope = u.real_abs(analytic=False).slope.real
    assert slope.contains(1)
    assert slope.contains(-1)
    assert not u.real_abs(analytic=True).at.is_finite()
