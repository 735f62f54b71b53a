import mpmath
import numpy as np
import pytest
from flint import arb

from numerics.majorant import Majorant, tail_integral, tail_sum

DISTANCE = Majorant.monomial(arb(1), power=1)


def at(majorant, v):
    return sum(float(c) * v**n * np.exp(float(r) * v) for (n, r), c in majorant.terms.items())


def test_an_expression_of_majorants_bounds_the_expression(seed):
    """Signs are lost on purpose: the bound holds for every choice of them."""
    rng = np.random.default_rng(seed)
    growth = Majorant.monomial(arb(1), rate=2)
    for _ in range(50):
        a, b, v = rng.normal(), rng.normal(), rng.exponential(2)
        bound = at((a - DISTANCE * b) ** 2 / 3 - growth * DISTANCE, v)
        for x in (v, -v):
            assert abs((a - x * b) ** 2 / 3 - np.exp(2 * x) * x) <= bound * (1 + 1e-12)


def test_majorants_do_not_cancel():
    assert at(DISTANCE - DISTANCE, 3.0) == 6.0
    assert at(-DISTANCE + 0, 3.0) == 3.0


def mpf(ball):
    return mpmath.mpf(ball.mid().str(30, radius=False))


@pytest.mark.parametrize("cut", [4, 6, 11])
@pytest.mark.parametrize("power", [0, 1, 2, 4])
@pytest.mark.parametrize("rate", [0, 1])
def test_tail_integral_bounds_the_tail_of_a_normal(cut, power, rate):
    bound = mpf(tail_integral(lambda v: -v * v / 2, Majorant.monomial(arb(1), power=power, rate=rate), arb(cut)))
    with mpmath.workdps(30):
        tail = mpmath.quad(lambda v: v**power * mpmath.exp(rate * v - v * v / 2), [cut, cut + 2, cut + 5, cut + 20])
    assert tail < bound
    # Not vacuous: the lemma loses the factor between the slope at k and that between k/2 and k.
    if (cut, power, rate) in {(6, 0, 0), (11, 0, 0), (11, 2, 0), (11, 2, 1)}:
        assert bound < 3 * tail


def test_tail_integral_does_not_apply_before_the_peak():
    assert tail_integral(lambda v: -((v - 10) ** 2), Majorant.of(1), arb(5)) == arb.pos_inf()
    assert not tail_integral(lambda v: -v, Majorant.monomial(arb(1), rate=2), arb(5)).is_finite()


def test_the_lemma_needs_concavity():
    """A Cauchy tail is not log-concave: the bound of the lemma lies below the tail, arctan(1/k)."""
    bound = mpf(tail_integral(lambda v: -(1 + v * v).log(), Majorant.of(1), arb(50)))
    assert bound < mpmath.atan(mpmath.mpf(1) / 50)


@pytest.mark.parametrize("cut", [8, 20])
@pytest.mark.parametrize("power", [0, 1, 2])
def test_tail_sum_bounds_the_remainder_of_a_poisson(cut, power):
    bound = mpf(tail_sum(lambda v: -(v + 1).lgamma(), Majorant.monomial(arb(1), power=power), cut))
    with mpmath.workdps(30):
        tail = mpmath.fsum(mpmath.mpf(v) ** power / mpmath.factorial(v) for v in range(cut + 1, cut + 60))
    assert tail < bound < 1.5 * tail


def test_tail_sum_does_not_apply_before_the_peak():
    assert tail_sum(lambda v: -((v - 10) ** 2), Majorant.of(1), 5) == arb.pos_inf()


def test_terms_with_coefficient_zero_are_left_out():
    """Zero times an infinite bound would be NaN, and no cut would ever do."""
    assert tail_integral(lambda v: -v, Majorant.monomial(arb(0), rate=2) + 1, arb(5)).is_finite()
