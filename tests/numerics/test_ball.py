from fractions import Fraction

import pytest
from flint import arb, ctx

from numerics.ball import certified, check_finite, check_positive, exact, working_precision


def test_floats_are_exact_and_fractions_are_enclosed():
    assert exact(0.1).rad() == 0
    assert exact(0.1) == arb(0.1)
    with working_precision(300):
        third = exact(Fraction(1, 3))
        assert (3 * third).contains(1)
        assert not (3 * exact(1 / 3)).contains(1)  # the twin: a fraction taken as its binary neighbour


def test_precision_is_restored_also_after_an_error():
    before = ctx.prec

    def fail():
        with working_precision(before + 100):
            assert ctx.prec == before + 100
            raise RuntimeError("inside")

    with pytest.raises(RuntimeError, match="inside"):
        fail()
    assert ctx.prec == before


def test_digits_are_relative_also_for_small_values():
    shares = []

    def evaluate(share):
        shares.append(share)
        return [arb(1e-24, arb(10) ** -share)]

    ball = certified(evaluate, 20)[0]
    assert len(shares) == 2  # 32 absolute digits are 8 relative ones
    assert ball.rad() < 1e-43


def test_zero_has_absolute_digits():
    ball = certified(lambda share: [arb(0, arb(10) ** -share)], 20)[0]
    assert ball.contains(0)
    assert ball.rad() < 1e-60


def test_a_ball_that_stays_wide_is_an_error():
    with pytest.raises(ArithmeticError, match="5 digits not certified at 4 precisions"):
        certified(lambda share: [arb(1, 1e-5)], 5)
    with pytest.raises(ArithmeticError, match="5 digits not certified"):
        certified(lambda share: [arb("nan")], 5)


def test_infinity_is_a_value_but_not_a_ball_of_everything():
    assert certified(lambda share: [arb.pos_inf()], 20) == [arb.pos_inf()]
    with pytest.raises(ArithmeticError, match="not certified"):
        certified(lambda share: [arb(0, "inf")], 20)


def test_digits_must_be_positive():
    with pytest.raises(ValueError, match="digits must be at least 1, not 0"):
        certified(lambda share: [arb(1)], 0)


def test_checks_name_the_parameter():
    check_positive(scale=1e-300)
    with pytest.raises(ValueError, match="scale must be positive, not 0"):
        check_positive(loc=1.0, scale=0)
    with pytest.raises(ValueError, match="parameters must be finite"):
        check_positive(scale=float("inf"))
    with pytest.raises(ValueError, match="parameters must be finite"):
        check_finite(0.0, float("nan"))
