"""Instances of theorems: functions and variables replaced everywhere, nothing captured, and evaluated by themselves."""

import random

import pytest
import sympy

from derivations.instance import instance
from derivations.kernel import KernelError, bind, equal, infer, number, variable
from derivations.notation import Index, Mapping, Natural, Parameter, to_kernel

from .finite_model import random_model
from .random_term import Terms, random_env

A, J, N, F = Parameter("a"), Index("j"), Natural("n"), Mapping("f")


def summed(body, upper):
    """``sum_{j=1..upper} body``, of terms."""
    return bind("sum", to_kernel(J), number(1), upper, body)


def linear():
    """``sum_{j=1..n} a f(j) = a sum_{j=1..n} f(j)``."""
    a, f = to_kernel(A), to_kernel(F(J))
    return infer("sum_linearity", to_kernel(J), number(1), to_kernel(N), (a,), (f,))


def test_a_function_of_the_bound_index():
    """The pattern may have the name of a variable that the theorem binds."""
    theorem = instance(linear(), (F(J), J**2), (N, sympy.Integer(3)))
    a, j = to_kernel(A), to_kernel(J)
    assert theorem.sides == (summed(a * j**2, number(3)), a * summed(j**2, number(3)))


def test_the_order_of_replacement_is_that_of_the_values():
    theorem = instance(linear(), (F(J), A), (A, sympy.Integer(5)))
    assert theorem.sides[0] == summed(number(5) * number(5), to_kernel(N))


def test_hypotheses_are_instances_too():
    theorem = instance(infer("exp_log", to_kernel(F(A))), (F(A), A - 1), (A, sympy.Integer(3)))
    assert theorem.hypotheses[0].args[0] == theorem.sides[1]


def test_what_would_be_captured_is_refused():
    """a cannot become the index j, which is bound: that sum is another."""
    with pytest.raises(KernelError, match="a binder is in the way"):
        instance(linear(), (A, J))
    assert instance(linear(), (A, Index("i"))).sides[0].args[2].args[0] == to_kernel(Index("i"))


@pytest.mark.parametrize("value", [sympy.Rational(1, 2), -1, Parameter("b")])
def test_a_natural_number_stays_one(value):
    with pytest.raises(KernelError, match="of another kind"):
        instance(linear(), (N, sympy.sympify(value)))


def test_instances_are_true(seed):
    """In random models, with the function drawn at random in the theorem and given in its instance."""
    g, true = Terms(random.Random(f"instance {seed}"), wide=True), 0
    for _ in range(50):
        model = random_model(g.rng)
        theorem = instance(linear(), (F(J), A + J))
        env = {**random_env(g.rng, model), ("n", "natural"): g.rng.choice(model.domains["natural"])}
        assert model.holds(theorem.hypotheses, theorem.conclusion, env)
        left, _ = theorem.sides
        off = equal(left, left + variable("a", "real"))
        true += model.truth(off, env)
    assert true < 25
