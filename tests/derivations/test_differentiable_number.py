"""Derivatives by dual numbers, against difference quotients of 40 digits."""

import pytest
from flint import arb, fmpq

from derivations.differentiable_number import Dual, exp, integral, inverse, is_positive, log, power, slope, variable_at
from derivations.gaussian_form import Form, NoValueError, UndefinedError

POINT = fmpq(3, 7)
FUNCTIONS = {
    "polynomial": lambda x: x * x * x + -x,
    "quotient": lambda x: inverse(x * x + fmpq(2)),
    "logarithm": lambda x: log(x) * x,
    "exponential": lambda x: exp(x * x),
    "root": lambda x: power(x, fmpq(1, 2)),
    "inverse power": lambda x: power(x, fmpq(-3)),
}


def difference_quotient(f):
    step = fmpq(1, 10**12)
    return (f(POINT + step) - f(POINT - step)) / (2 * step)


def derivative(f):
    x = variable_at(POINT)
    return slope(f(x), x.seed)


@pytest.mark.usefixtures("precise")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_derivatives_are_limits_of_difference_quotients(name):
    f = FUNCTIONS[name]
    assert abs(arb(derivative(f)) - arb(difference_quotient(f))) < arb("1e-20")
    assert abs(arb(derivative(f)) + arb(difference_quotient(f))) > arb("1e-3")


def test_a_derivative_of_a_derivative():
    x = variable_at(POINT)
    y = variable_at(x)
    assert slope(slope(y * y * y, y.seed), x.seed) == 6 * POINT


def test_two_derivatives_are_not_confused():
    """d/dx (x d/dy (x + y)) = 1, where a confusion of the two epsilons gives 2."""
    x = variable_at(POINT)
    y = variable_at(POINT)
    assert slope(x * slope(x + y, y.seed), x.seed) == 1


def test_a_derivative_goes_under_an_integral():
    x, z = variable_at(POINT), Form.variable(0)
    deviation = z + -x
    mean = integral(z * z * exp(-(deviation * deviation)), [0])
    assert arb(slope(mean, x.seed)).overlaps(2 * POINT * arb.pi().sqrt())


def test_what_has_no_value():
    with pytest.raises(UndefinedError, match="division by zero"):
        inverse(fmpq(0))
    for undefined in (lambda: log(fmpq(-1)), lambda: power(fmpq(-2), fmpq(1, 2))):
        with pytest.raises(UndefinedError, match="not positive"):
            undefined()
    with pytest.raises(NoValueError, match="a huge power"):
        power(fmpq(2), fmpq(65))


def test_powers():
    assert power(fmpq(0), fmpq(0)) == 1
    assert power(fmpq(2), fmpq(-2)) == fmpq(1, 4)
    assert not is_positive(Dual(0, fmpq(-1), fmpq(5)))
