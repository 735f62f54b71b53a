"""The rules of calculus applied by `differentiate`, against difference quotients."""

import random
from fractions import Fraction

import pytest

from derivations.conversion import expand, prove_equal
from derivations.derivative import derivative_at, differentiate, differentiated, fresh
from derivations.kernel import KernelError, Term, alpha_equal, bind, differential, equal, free, log, number, variable

from .finite_model import Undecided
from .random_term import POOL, Terms
from .rule_survey import ONE, TWO, A, I, J, N, Z, component, finite_instance

pytestmark = pytest.mark.usefixtures("precise")

B = POOL["real"][1]
V = variable("v", "real")


def exp(term):
    return Term("exp", (term,))


def function(name, *arguments):
    return Term("function", arguments, (name, "real"))


KNOWN = {
    "constant": (B, number(0), 0),
    "identity": (V, ONE, 0),
    "square": (V**2, TWO * A, 0),
    "inverse": (V**-1, number(-1) / A**2, 1),
    "exponential": (exp(TWO * V), TWO * exp(TWO * A), 0),
    "logarithm": (log(V), A**-1, 1),
    "product of three": (V * (V + ONE) * (V - B), (A + ONE) * (A - B) + A * (A - B) + A * (A + ONE), 0),
    "repeated factor": (V * V, A + A, 0),
    "logarithm of a square": (log(V**2 + ONE), TWO * A / (A**2 + ONE), 1),
    "normal exponent": (exp(number("-1/2") * (V - B) ** 2), (B - A) * exp(number("-1/2") * (A - B) ** 2), 0),
}


@pytest.mark.parametrize("case", KNOWN)
def test_known_derivatives(case, seed):
    body, value, suppositions = KNOWN[case]
    theorem = differentiate(bind("derivative", V, A, body))
    assert theorem.sides[0] == bind("derivative", V, A, body)
    assert len(theorem.hypotheses) == suppositions
    prove_equal(theorem.sides[1], value, expand)
    with pytest.raises(KernelError, match="the two sides do not become equal"):
        prove_equal(theorem.sides[1], value + ONE, expand)
    assert true_in_models(theorem, seed)


def true_in_models(theorem, seed, count=60):
    g, verdicts = Terms(random.Random(f"derivative {seed}"), wide=True), []
    for _ in range(count):
        model, env = finite_instance(g)
        try:
            verdicts.append(model.holds(theorem.hypotheses, theorem.conclusion, env))
        except Undecided:
            continue
    return True in verdicts and False not in verdicts


def test_unknown_functions_are_supposed_to_be_differentiable():
    """d/dv f(2 v) g(v, z)"""
    body = function("f", TWO * V) * function("g", V, Z)
    theorem = differentiate(bind("derivative", V, A, body))
    assert [h.head for h in theorem.hypotheses] == ["differential", "differential"]
    u = theorem.hypotheses[0].bound
    inner = bind("derivative", u, TWO * A, function("f", u))
    assert alpha_equal(theorem.hypotheses[0], differential(u, TWO * A, inner, function("f", u)))


def test_a_function_of_two_changing_arguments_is_supposed_as_a_whole():
    body = function("f", V, V**2)
    found = differentiated(V, A, body)
    (hypothesis,) = found.hypotheses
    assert alpha_equal(hypothesis, found.conclusion)
    with pytest.raises(KernelError, match="nothing to differentiate"):
        differentiate(bind("derivative", V, A, body))


def test_random_derivatives_agree_with_difference_quotients(seed):
    """For whatever term: the derivative by the rules is the limit of difference quotients where its hypotheses hold."""
    g = Terms(random.Random(f"differentiate {seed}"), wide=True)
    held, refused = 0, 0
    while held < 300:
        v = g.any_variable("real")
        body, at = g.smooth(v, 2), g.number()
        try:
            theorem = differentiate(bind("derivative", v, at, body))
        except KernelError:
            refused += 1
            continue
        model, env = finite_instance(g)
        try:
            verdict = model.holds(theorem.hypotheses, theorem.conclusion, env)
        except Undecided:
            continue
        assert verdict is not False, theorem.conclusion
        held += verdict is True
    assert refused < 600


def test_where_there_is_no_derivative_a_hypothesis_fails():
    """log v at 0, 1/v at 0, and |v| as a function at 0."""
    model, env = finite_instance(Terms(random.Random(0), wide=True))
    for body in (log(V), V**-1, log(V**2)):
        theorem = differentiate(bind("derivative", V, number(0), body))
        assert not all(model.truth(h, env) for h in theorem.hypotheses)


@pytest.mark.parametrize("term", [A, equal(A, B), bind("sum", J, ONE, N, J)])
def test_what_is_no_derivative(term):
    with pytest.raises(KernelError, match="not a derivative"):
        differentiate(term)


# --- names ---


def test_fresh_names():
    assert fresh(V, A, B) == V
    assert fresh(V, V) == variable("v'", "real")
    assert fresh(V, V * variable("v'", "real")) == variable("v''", "real")


def test_the_derivative_at_the_variable_itself_binds_another():
    term = derivative_at(V, V, V**2 + A)
    assert V in free(term)
    assert term.bound != V
    assert alpha_equal(differentiate(term).sides[0], term)
    model, env = finite_instance(Terms(random.Random(0), wide=True))
    assert model.value(term, {**env, V.data: Fraction(3)}) == 6


def test_the_bound_variable_is_not_that_of_the_point():
    """d/dv (v v') at v = v' + 1: the v' of the point and of the body is one variable, and free."""
    other = variable("v'", "real")
    term = derivative_at(V, V + other, V * other)
    model, env = finite_instance(Terms(random.Random(0), wide=True))
    assert model.value(term, {**env, V.data: Fraction(3), other.data: Fraction(5)}) == 5
    assert free(term) == {V, other}


def test_an_index_in_the_exponent_is_no_constant_power():
    found = differentiated(V, A, V**I)
    assert [h.head for h in found.hypotheses] == ["differential"]


def test_a_point_that_depends_on_nothing_is_constant():
    assert differentiated(V, A, component(Z, ONE)).conclusion.args[1] == number(0)
