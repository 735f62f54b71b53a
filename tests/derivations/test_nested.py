"""Expectations inside expectations."""

import pytest

from derivations.conversion import expand, in_turn, prove_equal
from derivations.kernel import KernelError, Term, density, integral, log, mean, number, variable
from derivations.nested import constant_outside, inside, linear, under_all

X, Z = variable("x", "x"), variable("z", "z")
OUTER, INNER = density("q", [X]), density("q", [Z], [X])
F, G = (Term("function", (X, Z), (name, "real")) for name in "fg")
BOTH = in_turn(under_all((X, OUTER), (Z, INNER)), expand)


def both(body):
    return mean(X, OUTER, mean(Z, INNER, body))


def test_linearity_of_both_expectations():
    theorem = prove_equal(both(F + G), both(F) + both(G), BOTH)
    assert theorem.sides == (both(F + G), both(F) + both(G))
    assert [h.head for h in theorem.hypotheses].count("forall") == 2  # the inner expectations exist for all x
    with pytest.raises(KernelError, match="do not become equal"):
        prove_equal(both(F * G), both(F) + both(G), BOTH)


def test_order_of_the_variables_matters():
    swapped = mean(Z, density("q", [Z]), mean(X, density("q", [X], [Z]), F))
    with pytest.raises(KernelError):
        prove_equal(both(F), swapped, BOTH)


def test_constants_leave_the_inner_integral():
    theorem = constant_outside(integral(Z, OUTER * F))
    assert expand(theorem.sides[1]).sides[1] == expand(OUTER * integral(Z, F)).sides[1]
    assert theorem.sides[1].args[1] == integral(Z, F)
    assert theorem.hypotheses == ()
    for term in (integral(Z, F), integral(Z, F + G), F):
        with pytest.raises(KernelError):
            constant_outside(term)


def test_the_integral_of_zero_is_zero():
    theorem = linear(integral(Z, F - F))
    assert theorem.sides[1] == number(0)
    assert theorem.hypotheses == ()
    with pytest.raises(KernelError, match="no constant factor"):
        linear(integral(Z, F))


def test_inside_goes_one_level_down():
    assert inside(expand)(log(F + F)).sides[1] == expand(log(F + F)).sides[1]
    with pytest.raises(KernelError, match="neither expectation nor integral nor logarithm"):
        inside(expand)(F + F)
