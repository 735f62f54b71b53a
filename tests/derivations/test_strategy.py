"""Conversions with names; each refuses what it does not fit."""

import pytest

from derivations.kernel import KernelError, bind, density, exp, log, number, variable
from derivations.strategy import (
    as_expectation,
    exchanged,
    exp_of_log,
    gathered,
    interchanged,
    one_term,
    strategies,
    total_expectation,
    under_joint,
)

X, Z, J = variable("x", "x"), variable("z", "z"), variable("j", "index")
Q, DATA = density("q", [Z], [X]), density("q", [X])
VALUE = log(density("p", [Z]))


def test_simple_strategies_come_first():
    words = [w for w, _ in strategies(VALUE, VALUE, frozenset({"p"}))]
    assert words[:2] == ["arithmetic", "logarithm of a product"]


def test_an_integral_is_an_expectation():
    term = bind("integral", Z, VALUE * Q)
    assert as_expectation(Z, Q)(term).sides[1] == bind("expectation", Z, Q, VALUE)


def test_the_law_of_total_expectation():
    nested = bind("expectation", X, DATA, bind("expectation", Z, Q, VALUE))
    assert total_expectation(nested).sides[1] == bind("expectation", Z, density("q", [Z]), VALUE)


@pytest.mark.parametrize(
    "wrong",
    [
        bind("expectation", X, DATA, bind("expectation", Z, Q, log(density("p", [X, Z])))),
        bind("expectation", X, density("p", [X]), bind("expectation", Z, Q, VALUE)),
        bind("expectation", X, DATA, bind("expectation", Z, density("q", [Z]), VALUE)),
        bind("expectation", X, DATA, VALUE),
    ],
)
def test_no_total_expectation(wrong):
    with pytest.raises(KernelError, match="not"):
        total_expectation(wrong)


def test_integrals_under_a_joint_density_are_expectations():
    joint, given = density("q", [X, Z]), density("q", [Z], [X])
    for first, second in ((X, Z), (Z, X)):
        term = bind("integral", first, bind("integral", second, joint * VALUE))
        assert under_joint(term).sides[1] == bind("expectation", X, DATA, bind("expectation", Z, given, VALUE))


def test_the_order_of_expectations_is_that_of_their_variables():
    nested = bind("expectation", Z, density("q", [Z]), bind("expectation", X, density("q", [X], [Z]), VALUE))
    assert exchanged(nested).sides[1] == bind("expectation", X, DATA, bind("expectation", Z, Q, VALUE))


def test_a_sum_of_expectations_is_one():
    body = log(density("p", [Z])) * variable("j", "index")
    term = bind("sum", J, number(1), variable("J", "natural"), bind("expectation", Z, Q, body))
    assert gathered(term).sides[1].head == "expectation"


@pytest.mark.parametrize(
    ("conversion", "wrong"),
    [
        (under_joint, bind("integral", X, bind("integral", Z, Q * VALUE))),
        (under_joint, bind("integral", X, bind("integral", Z, density("q", [X]) * VALUE))),
        (under_joint, bind("integral", Z, density("q", [X, Z]) * VALUE)),
        (exchanged, bind("expectation", X, DATA, bind("expectation", Z, Q, VALUE))),
        (exchanged, bind("expectation", Z, density("q", [Z]), bind("expectation", X, density("p", [X], [Z]), VALUE))),
        (exchanged, bind("expectation", Z, density("q", [Z]), bind("expectation", X, DATA, VALUE))),
        (gathered, bind("sum", J, number(1), variable("J", "natural"), VALUE)),
    ],
)
def test_laws_that_do_not_belong_together(conversion, wrong):
    with pytest.raises(KernelError, match=r"not|no joint|order"):
        conversion(wrong)


@pytest.mark.parametrize(
    ("conversion", "wrong"),
    [
        (exp_of_log, exp(VALUE * VALUE)),
        (interchanged, VALUE),
        (one_term, bind("sum", J, number(1), number(2), VALUE)),
        (as_expectation(Z, Q), bind("integral", Z, VALUE)),
    ],
)
def test_what_does_not_fit(conversion, wrong):
    with pytest.raises(KernelError, match="not"):
        conversion(wrong)
