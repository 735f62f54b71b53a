"""Conversions with names; each refuses what it does not fit."""

import pytest

from derivations.kernel import KernelError, bind, density, exp, log, number, variable
from derivations.strategy import as_expectation, exp_of_log, interchanged, one_term, strategies, total_expectation

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
