"""Bounds with numbers of draws: more draws do not lower them, fewer may."""

import pytest

from derivations.draw import over_draws
from derivations.kernel import Term, bind, density, log, number, variable
from derivations.reader import OMEGA
from derivations.sampled_bound import by_more_draws

K, I, X = variable("k", "natural"), variable("i", "index"), variable("x", "x")
Z_I, Z_1 = (Term("function", (place, OMEGA), ("z", "z")) for place in (I, number(1)))
WEIGHT = density("p", [X, Z_I]) / density("q", [Z_I], [X])


def bound(size, weight=WEIGHT, scale=None):
    return over_draws(log((size if scale is None else scale) ** number(-1) * bind("sum", I, number(1), size, weight)))


def test_one_more_draw_does_not_lower_the_bound():
    proof = by_more_draws(bound(K), bound(K + number(1)), "<=")
    assert "iwae-monotone" in proof.words
    assert by_more_draws(bound(K + number(1)), bound(K), ">=") is not None
    assert "3 times" in by_more_draws(bound(number(1)), bound(number(4)), "<=").words


def test_any_number_of_draws_is_at_least_one():
    assert "k - 1 times" in by_more_draws(bound(number(1)), bound(K), "<=").words
    assert by_more_draws(bound(number(2)), bound(K), "<=") is None


@pytest.mark.parametrize(
    ("left", "right", "relation"),
    [
        (bound(K), bound(K + number(1)), ">="),
        (bound(K), bound(K + number(1)), "="),
        (bound(K), bound(K), "<="),
        (bound(K), bound(variable("n", "natural")), "<="),
        (bound(K, scale=number(2)), bound(K + number(1), scale=number(2)), "<="),  # no means
        (bound(K), bound(K + number(1), WEIGHT ** number(2)), "<="),
        (bound(K, I * WEIGHT), bound(K + number(1), I * WEIGHT), "<="),  # the weights depend on their number
        (bound(K, K * WEIGHT), bound(K + number(1), K * WEIGHT), "<="),
        (bound(K, WEIGHT * density("p", [Z_1])), bound(K + number(1), WEIGHT * density("p", [Z_1])), "<="),
        (log(WEIGHT), bound(K + number(1)), "<="),
    ],
)
def test_nothing_else_is_said(left, right, relation):
    assert by_more_draws(left, right, relation) is None
