"""Gibbs and Jensen from ``log t <= t - 1``: what is proved, what is supposed, and that the swapped inequality is not."""

import pytest

from derivations.assumption import settle
from derivations.concavity import above_inverse, below_tangent, expectation_inequality, jensen, jensen_average
from derivations.kernel import (
    KernelError,
    Term,
    at_most,
    density,
    equal,
    infer,
    log,
    mean,
    number,
    positive,
    total,
    variable,
)
from derivations.latex import text

ONE = number(1)
I, K, Z = variable("i", "index"), variable("K", "natural"), variable("z", "z")
A, B = (variable(name, "real") for name in "ab")
Q = density("q", [Z])
OUTCOME = Term("function", (Z,), ("X", "real"))
VALUE = Term("function", (I,), ("a", "real"))
LEFT, RIGHT = mean(Z, Q, log(OUTCOME)), log(mean(Z, Q, OUTCOME))
AVERAGE_LEFT, AVERAGE_RIGHT = K**-1 * total(I, ONE, K, log(VALUE)), log(K**-1 * total(I, ONE, K, VALUE))


def supposed(theorem):
    return sorted(map(text, settle(theorem).hypotheses))


def test_the_logarithm_between_its_bounds():
    below, above = below_tangent(A, B), above_inverse(A)
    assert below.conclusion == at_most(log(A), (log(B) - ONE) * ONE + B**-1 * A)
    assert above.conclusion == at_most(ONE - A**-1, log(A))
    assert supposed(below) == ["a > 0", "b > 0"]
    assert supposed(above) == ["a > 0"]


def test_jensen():
    theorem = jensen(LEFT, RIGHT)
    assert theorem.conclusion == at_most(LEFT, RIGHT)
    assert supposed(theorem) == [
        "E_{z ~ q(z)}[X(z)] > 0",
        "E_{z ~ q(z)}|log X(z)| < inf",
        "X(z) > 0 for all z",
        "q(z) > 0 for all z",
    ]


def test_jensen_with_a_known_mean():
    known = infer("assume", equal(RIGHT.args[0], A))
    assert "a > 0" in supposed(jensen(LEFT, RIGHT, known))
    assert "E_{z ~ q(z)}[X(z)] > 0" not in supposed(jensen(LEFT, RIGHT, known))


def test_jensen_for_an_average():
    theorem = jensen_average(AVERAGE_LEFT, AVERAGE_RIGHT)
    assert theorem.conclusion == at_most(AVERAGE_LEFT, AVERAGE_RIGHT)
    assert supposed(theorem) == ["K > 0", "K >= 1", "a_i > 0 for all i in {1, .., K}"]


@pytest.mark.parametrize("number_of_terms", [K + ONE, K**2])
def test_no_average_with_other_weights(number_of_terms):
    """1/(K+1) times a sum of K terms: the bound would be false."""
    weight = number_of_terms**-1
    wrong = weight * total(I, ONE, K, log(VALUE)), log(weight * total(I, ONE, K, VALUE))
    with pytest.raises(KernelError, match="field: the sides differ"):
        jensen_average(*wrong)


@pytest.mark.parametrize("sides", [(RIGHT, LEFT), (LEFT, LEFT), (log(LEFT), RIGHT)])
def test_jensen_is_not_proved_of_other_sides(sides):
    with pytest.raises(KernelError, match="not an expectation of a logarithm"):
        jensen(*sides)


def test_monotonicity_supposes_a_positive_density_and_existence():
    bound = infer("assume", at_most(OUTCOME, A))
    theorem = expectation_inequality(Z, Q, bound)
    assert theorem.conclusion == at_most(mean(Z, Q, OUTCOME), mean(Z, Q, A))
    hypotheses = list(map(text, theorem.hypotheses))
    assert text(Term("forall", (positive(Q),), bound=Z)) in hypotheses
    assert sum("< inf" in h for h in hypotheses) == 2
