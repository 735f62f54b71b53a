from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import arb, ctx

from numerics import quadrature
from numerics.quadrature import kl_divergence_normal, kl_divergence_normal_gradient, tail_moment


def digits_of(ball, digits=60):
    """Midpoint and radius as mpmath numbers."""
    with mpmath.workdps(digits + 20):
        return mpmath.mpf(ball.mid().str(digits, radius=False)), mpmath.mpf(ball.rad().str(10, radius=False))


def contains(ball, truth):
    middle, radius = digits_of(ball)
    with mpmath.workdps(80):
        # The slack is the decimal rounding of the midpoint.
        return abs(middle - truth) <= radius + abs(middle) * mpmath.mpf(10) ** -58


def textbook(m, s, n, t):
    m, s, n, t = map(mpmath.mpf, (m, s, n, t))
    return mpmath.log(t / s) + (s**2 + (m - n) ** 2) / (2 * t**2) - mpmath.mpf(1) / 2


@pytest.mark.parametrize("digits", [1, 20, 45])
def test_enclosure_contains_the_divergence_and_is_tight(point, digits):
    ball = kl_divergence_normal(*point, digits=digits)
    with mpmath.workdps(100):
        truth = textbook(*point)
        assert contains(ball, truth)
        assert digits_of(ball)[1] < mpmath.mpf(10) ** -digits * max(1, abs(truth))


def test_enclosure_meets_an_integral_by_other_means(point, kl_by_definition):
    assert abs(digits_of(kl_divergence_normal(*point))[0] - kl_by_definition(*point)) < 1e-20


def test_wrong_twin_lies_outside_the_enclosure(point, wrong_twin):
    assert not kl_divergence_normal(*point).overlaps(arb(wrong_twin(*point), 1e-10))


def test_an_error_in_the_20th_digit_lies_outside(point):
    ball = kl_divergence_normal(*point)
    with mpmath.workdps(100):
        assert not contains(ball, textbook(*point) * (1 + mpmath.mpf(10) ** -20))


@pytest.mark.parametrize(
    "parameters",
    [(0.0, 1e-20, 1.0, 1e20), (0.0, 1e20, 1.0, 1e-20), (1e10, 1e-20, 1.0, 1.0), (3.0, 1.0, 3.0, 1.0 + 2.0**-40)],
    ids=str,
)
def test_enclosure_holds_at_extremes_and_near_equality(parameters):
    ball = kl_divergence_normal(*parameters)
    with mpmath.workdps(150):
        truth = textbook(*parameters)
        assert contains(ball, truth)
        assert digits_of(ball)[1] < mpmath.mpf(10) ** -20 * max(1, truth)


def test_equal_densities_enclose_zero():
    assert kl_divergence_normal(0.3, 0.7, 0.3, 0.7).contains(0)


def test_fubini_sums_independent_coordinates():
    columns = ([0.7, -1.1, 0.0], [0.4, 2.3, 1.0], [-0.6, 0.9, 0.5], [1.3, 0.8, 1.0])
    ball = kl_divergence_normal(*columns)
    with mpmath.workdps(100):
        truth = sum(textbook(*case) for case in zip(*columns, strict=True))
        assert contains(ball, truth)
        assert not contains(ball, truth / 3)  # the twin: a mean over the coordinates


def test_fractions_are_exact():
    third = kl_divergence_normal(0, Fraction(1, 3), 0, 1)
    with mpmath.workdps(100):
        assert contains(third, textbook(0, mpmath.mpf(1) / 3, 0, 1))
        assert not contains(third, textbook(0, 0.333, 0, 1))
    # The binary neighbour of 1/3 is another number, as 20 digits show.
    assert not third.overlaps(kl_divergence_normal(0, 1 / 3, 0, 1))


def test_arrays_are_taken():
    ball = kl_divergence_normal(np.array([0.7]), np.array([0.4]), np.array([-0.6]), np.array([1.3]))
    assert ball.overlaps(kl_divergence_normal(0.7, 0.4, -0.6, 1.3))


def test_gradient_encloses_the_derivatives(point):
    m, s, n, t = point
    (in_loc,), (in_scale,) = kl_divergence_normal_gradient(*point)
    with mpmath.workdps(60):
        # Differences of the defining integral's enclosure, an oracle without any derivative: O(h^2) with h = 1e-9.
        step = Fraction(1, 10**9)
        for ball, (dm, ds) in ((in_loc, (step, 0)), (in_scale, (0, step))):
            up = kl_divergence_normal(Fraction(m) + dm, Fraction(s) + ds, n, t, digits=40)
            down = kl_divergence_normal(Fraction(m) - dm, Fraction(s) - ds, n, t, digits=40)
            slope = (digits_of(up)[0] - digits_of(down)[0]) / (2 * mpmath.mpf(10) ** -9)
            assert abs(digits_of(ball)[0] - slope) < 1e-15
            assert digits_of(ball)[1] < 1e-20 * max(1, abs(slope))
        exact = mpmath.mpf(s) / mpmath.mpf(t) ** 2 - 1 / mpmath.mpf(s)
        assert contains(in_scale, exact)
        assert not contains(in_scale, exact + 1 / mpmath.mpf(s))  # the twin: the entropy's part is lost


def test_gradient_of_several_coordinates():
    in_loc, in_scale = kl_divergence_normal_gradient([0.7, 0.0], [0.4, 1.0], [-0.6, 0.0], [1.3, 1.0])
    single = kl_divergence_normal_gradient(0.7, 0.4, -0.6, 1.3)
    assert in_loc[0].overlaps(single[0][0])
    assert in_scale[0].overlaps(single[1][0])
    assert in_loc[1].contains(0)
    assert in_scale[1].contains(0)


@pytest.mark.parametrize("degree", [0, 2, 4])
@pytest.mark.parametrize("cut", [2, 5, 11])
def test_tail_moment_bounds_the_tail(degree, cut):
    bound = digits_of(tail_moment(degree, arb(cut)))[0]
    with mpmath.workdps(40):
        tail = mpmath.quad(lambda x: x**degree * mpmath.npdf(x), [cut, cut + 2, cut + 5, cut + 10, cut + 20])
        assert tail < bound < 1.3 * tail
        # The twin: forgetting the second term of the recursion is no bound.
        if degree:
            assert mpmath.mpf(cut) ** (degree - 1) * mpmath.npdf(cut) < tail


@pytest.mark.parametrize("degree", [-2, 1])
def test_tail_moment_refuses_odd_degrees(degree):
    with pytest.raises(ValueError, match="degree must be even and not negative"):
        tail_moment(degree, arb(2))


def test_the_tails_are_needed(monkeypatch):
    """A bound of the tails that is a million times too small leaves the mass of 1 outside."""

    def mass():
        return quadrature._integral(quadrature._mass, quadrature.Normal(arb(0), arb(1)), arb(1), 0, digits=-9)

    assert mass().contains(1)
    monkeypatch.setattr(quadrature, "tail_moment", lambda degree, cut: tail_moment(degree, cut) / 10**6)
    assert not mass().contains(1)


def test_precision_is_restored(monkeypatch):
    before = ctx.prec
    kl_divergence_normal(0.7, 0.4, -0.6, 1.3)
    assert ctx.prec == before

    def fail(*_):
        assert ctx.prec > before
        raise RuntimeError("inside")

    monkeypatch.setattr(quadrature, "_log_ratio_bound", fail)
    with pytest.raises(RuntimeError, match="inside"):
        kl_divergence_normal(0.7, 0.4, -0.6, 1.3)
    assert ctx.prec == before


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ((0.0, 0.0, 0.0, 1.0), "scale must be positive, not 0.0"),
        ((0.0, 1.0, 0.0, -2.0), "scale must be positive, not -2.0"),
        ((float("nan"), 1.0, 0.0, 1.0), "parameters must be finite"),
        (([0.0, 1.0], [1.0], [0.0], [1.0]), r"one common positive length, not \[1, 2\]"),
        (([], [], [], []), r"one common positive length, not \[0\]"),
    ],
)
@pytest.mark.parametrize("function", [kl_divergence_normal, kl_divergence_normal_gradient])
def test_bad_parameters_are_refused(function, parameters, message):
    with pytest.raises(ValueError, match=message):
        function(*parameters)


def test_digits_must_be_positive():
    with pytest.raises(ValueError, match="digits must be at least 1, not 0"):
        kl_divergence_normal(0.0, 1.0, 0.0, 1.0, digits=0)


def test_uncertified_digits_are_an_error():
    with pytest.raises(ArithmeticError, match="20 digits not certified"):
        kl_divergence_normal(1e300, 1e-300, 0.0, 1.0)
