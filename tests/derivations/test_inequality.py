"""Tactics for inequalities: what they prove is what they say, is true in models, and their wrong use is refused."""

import random

import pytest

from derivations.conversion import same
from derivations.inequality import (
    along,
    as_inequality,
    at_most_reflexive,
    chained,
    combine,
    integral_inequality,
    joined,
    rearranged,
    sum_inequality,
)
from derivations.kernel import KernelError, at_most, equal, infer, integrable, integral, log, number, positive, total

from .finite_model import Undecided
from .random_term import POOL, Terms
from .rule_survey import ONE, TWO, A, I, J, N, Z, component, finite_instance

pytestmark = pytest.mark.usefixtures("precise")

B, C = (POOL[kind][1] for kind in ("real", "natural"))


def supposed(left, right):
    return infer("assume", at_most(left, right))


def holds_somewhere_and_fails_nowhere(theorem, seed, count=60):
    g, verdicts = Terms(random.Random(f"inequality {seed}"), wide=True), []
    for _ in range(count):
        model, env = finite_instance(g)
        try:
            verdicts.append(model.holds(theorem.hypotheses, theorem.conclusion, env))
        except Undecided:
            continue
    return True in verdicts and False not in verdicts


SQUARES = at_most(number(0), A**2)
PROVED = {
    "reflexive": (lambda: at_most_reflexive(A + B), at_most(A + B, A + B), []),
    "equation": (lambda: as_inequality(infer("field", A + A, TWO * A)), at_most(A + A, TWO * A), []),
    "along": (
        lambda: along(infer("square", A), infer("field", number(0), A - A), infer("field", A**2, A * A)),
        at_most(A - A, A * A),
        [],
    ),
    "combined": (
        lambda: combine(B, (TWO, infer("square", A)), (C, supposed(A, B))),
        at_most(B + (TWO * number(0) + C * A), B + (TWO * A**2 + C * B)),
        [at_most(A, B), positive(C)],
    ),
    "chained": (
        lambda: chained(supposed(A, B), supposed(B, C), supposed(C, A + ONE)),
        at_most(A, A + ONE),
        [at_most(A, B), at_most(B, C), at_most(C, A + ONE)],
    ),
    "rearranged": (
        lambda: rearranged(infer("square", A - ONE), TWO * A, A**2 + ONE),
        at_most(TWO * A, A**2 + ONE),
        [],
    ),
    "rearranged by a factor": (
        lambda: rearranged(infer("square", A - B), A * B, (A**2 + B**2) / TWO, number("1/2")),
        at_most(A * B, (A**2 + B**2) / TWO),
        [],
    ),
    "integral": (
        lambda: integral_inequality(Z, infer("log_bound", component(Z, ONE) + TWO)),
        at_most(integral(Z, log(component(Z, ONE) + TWO)), integral(Z, component(Z, ONE) + TWO - ONE)),
        None,
    ),
    "sum": (
        lambda: sum_inequality(J, ONE, N, infer("square", J - A)),
        at_most(total(J, ONE, N, number(0)), total(J, ONE, N, (J - A) ** 2)),
        [],
    ),
}


@pytest.mark.parametrize("case", PROVED)
def test_proves_what_it_says(case, seed):
    prove, conclusion, hypotheses = PROVED[case]
    theorem = prove()
    assert theorem.conclusion == conclusion
    if hypotheses is not None:
        assert sorted(map(repr, theorem.hypotheses)) == sorted(map(repr, hypotheses))
    assert holds_somewhere_and_fails_nowhere(theorem, seed)


def test_the_integral_inequality_supposes_integrability():
    theorem = integral_inequality(Z, supposed(A, B))
    assert set(theorem.hypotheses) == {at_most(A, B), integrable(Z, A), integrable(Z, B)}


def test_what_depends_on_the_variable_is_supposed_for_all_its_values():
    pointwise = infer("log_bound", component(Z, ONE))
    theorem = integral_inequality(Z, pointwise)
    assert positive(component(Z, ONE)) not in theorem.hypotheses
    assert [h.head for h in theorem.hypotheses].count("forall") == 1
    summed = sum_inequality(J, ONE, N, infer("log_bound", J))
    assert [h.head for h in summed.hypotheses] == ["forall_in"]


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda: chained(supposed(A, B), supposed(C, A)), "field: the sides differ"),
        (lambda: rearranged(infer("square", A), A, A**2), "field: the sides differ"),
        (lambda: rearranged(infer("square", A), A**2, number(0)), "field: the sides differ"),
        (lambda: rearranged(infer("square", A), A**2, number(0), number(-1)), "a number that is not positive"),
        (lambda: combine(A, (number(-1), infer("square", A))), "positivity: a number that is not positive"),
        (lambda: combine(A, (number(0), infer("square", A))), "positivity: a number that is not positive"),
        (lambda: along(infer("square", A), same(A), same(A**2)), "does not stand at the path"),
        (lambda: as_inequality(supposed(A, B)), "does not stand at the path"),
        (lambda: sum_inequality(J, ONE, J, supposed(J, J)), "its limits contain its index"),
        (lambda: integral_inequality(J, supposed(J, J)), "cannot bind a variable of this kind"),
    ],
)
def test_wrong_use_is_refused(attempt, message):
    with pytest.raises(KernelError, match=message):
        attempt()


# --- chains ---


def equation(left, right):
    return infer("assume", equal(left, right))


@pytest.mark.parametrize(
    ("steps", "relation", "sides"),
    [
        ([], "=", (A, A)),
        ([("=", equation(A, B)), ("=", equation(B, C))], "=", (A, C)),
        ([("=", equation(A, B)), ("<=", supposed(B, C))], "<=", (A, C)),
        ([("<=", supposed(A, B)), ("=", equation(B, C)), ("<=", supposed(C, I))], "<=", (A, I)),
        ([(">=", supposed(B, A)), ("=", equation(B, C))], ">=", (C, A)),
        ([("=", equation(A, B)), (">=", supposed(C, B)), (">=", supposed(I, C))], ">=", (I, A)),
    ],
)
def test_a_chain_relates_its_ends(steps, relation, sides, seed):
    found, theorem = joined(A, steps)
    assert (found, theorem.sides) == (relation, sides)
    assert theorem.conclusion.head == ("equal" if relation == "=" else "at_most")
    assert holds_somewhere_and_fails_nowhere(theorem, seed, 400)


def test_a_chain_that_goes_up_and_down_relates_nothing():
    with pytest.raises(ValueError, match="goes both up and down"):
        joined(A, [("<=", supposed(A, B)), (">=", supposed(C, B))])


def test_a_chain_that_does_not_join_is_refused():
    with pytest.raises(KernelError, match=r"does not stand at the path|field: the sides differ"):
        joined(A, [("=", equation(A, B)), ("<=", supposed(C, B))])
