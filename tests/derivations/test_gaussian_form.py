"""Exact integrals of polynomials times exponentials of quadratics, against numerical quadrature by mpmath."""

import random
from functools import partial

import mpmath
import pytest
from flint import arb, fmpq

from derivations.differentiable_number import exp, inverse, log
from derivations.gaussian_form import Form, NoValueError, UndefinedError, polynomial

X, Y = Form.variable(0), Form.variable(1)


def middle(value):
    return mpmath.mpf(arb(value).str(15, radius=False))


def test_moments_of_a_normal_density_are_those_of_quadrature(seed):
    rng = random.Random(f"gaussian {seed}")
    for _ in range(5):
        a, b, c, d = (fmpq(rng.randint(1, 9), 7) for _ in range(4))
        exact = ((X * X * X + c * X + d) * exp(-a * X * X + b * X)).integral(0)
        a, b, c, d = (mpmath.mpf(int(t.p)) / int(t.q) for t in (a, b, c, d))
        f = partial(integrand, a, b, c, d)
        assert abs(middle(exact) - mpmath.quad(f, [-20, -5, 0, 5, 20])) < 1e-9


def integrand(a, b, c, d, x):
    return (x**3 + c * x + d) * mpmath.exp(-a * x * x + b * x)


def test_an_integral_over_two_variables_does_not_depend_on_the_order():
    form = (X * Y + Y * Y) * exp(-X * X + -Y * Y + X * Y + X)
    first, second = form.integral(0).integral(1), form.integral(1).integral(0)
    assert arb(first).overlaps(second)
    wrong = (X * Y + -Y * Y) * exp(-X * X + -Y * Y + X * Y + X)
    assert not arb(first).overlaps(wrong.integral(0).integral(1))


def test_logarithm_and_inverse_undo_an_exponential():
    density = exp(-X * X + X)
    assert log(density * inverse(density)) == 0
    assert (log(density) + X * X + -X) == 0


@pytest.mark.parametrize(
    ("integrand", "error"),
    [(X * X, UndefinedError), (exp(X * X), UndefinedError), (exp(X), UndefinedError), (exp(X * X * X), NoValueError)],
    ids=["polynomial", "growing", "one-sided", "cubic"],
)
def test_what_is_not_integrable_has_no_integral(integrand, error):
    with pytest.raises(error, match=r"not integrable|no normal form"):
        integrand.integral(0)


def test_what_is_no_form_is_refused():
    with pytest.raises(NoValueError, match="not the exponential of a polynomial"):
        log(exp(-X * X) + exp(-Y * Y))
    with pytest.raises(NoValueError, match="the exponential of an exponential"):
        exp(exp(-X * X))


def test_positive_for_all_values_or_not_known_to_be():
    assert exp(-X * X).is_positive()
    assert (X * X + fmpq(1)).is_positive()
    assert not (X + fmpq(1)).is_positive()
    assert not (X * X).is_positive()


def test_coefficients_that_vanish_are_dropped():
    assert polynomial([(((0, 1),), fmpq(2)), (((0, 1),), fmpq(-2))]) == {}
    assert X + -X == 0
