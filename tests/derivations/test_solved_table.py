"""Tables that an equation determines: the hypotheses hold in the model, and mistakes are refuted there."""

import math
import random

import pytest

from derivations.catalogue import prove
from derivations.kernel import Term, equal, forall, number, positive, variable
from derivations.mutation import mutants
from derivations.negative_control import judged
from derivations.refute import refute

from .reevaluation import both_sides, rational

Z = variable("z", "z")


def function(name, *arguments, kind="real"):
    return Term("function", arguments, (name, kind))


STATE = function("x", Z, kind="s")
OTHER = function("y", Z, kind="s")
EQUATION = forall(Z, equal(function("a", Z), function("f", STATE) * function("b", Z)))
POSITIVE = forall(Z, positive(function("b", Z)))


def test_a_factor_is_what_the_equation_says(seed):
    """f at the state of z is a(z) / b(z); a right equation is not refuted, a wrong one is."""
    value, quotient = function("f", STATE), function("a", Z) / function("b", Z)
    assert refute(equal(value, quotient), (EQUATION, POSITIVE), seed=seed) is None
    found = refute(equal(value, quotient + number(1)), (EQUATION, POSITIVE), seed=seed)
    assert found is not None
    assert math.isclose(rational(found.right) - rational(found.left), 1, rel_tol=1e-9)


def test_what_the_equation_leaves_open_stays_so(seed):
    """f is determined where there is a state; nothing is said of f elsewhere, nor of the other states."""
    for open_claim in (function("f", OTHER), function("b", Z)):
        quotient = function("a", Z) / function("b", Z)
        assert refute(equal(open_claim, quotient), (EQUATION, POSITIVE), seed=seed) is not None


def test_of_two_equations_that_contradict_each_other_there_is_no_model(seed):
    again = forall(Z, equal(function("a", Z) + number(1), function("f", STATE) * function("b", Z)))
    assert refute(equal(number(0), number(1)), (EQUATION, again, POSITIVE), seed=seed) is None
    assert refute(equal(number(0), number(1)), (EQUATION, POSITIVE), seed=seed) is not None


@pytest.mark.parametrize("number_of_step", [4, 5])
def test_mistakes_in_a_diffusion_are_refuted(number_of_step, seed):
    derivation = prove("elbo-diffusion")
    made = [m for m in mutants(derivation) if m.step == number_of_step]
    for mutant in random.Random(seed).sample(made, 6):
        verdict = judged(mutant, derivation.steps[number_of_step - 1], seed)
        assert verdict.name in ("refuted", "meaningless"), str(mutant)
        said = rational(verdict.counterexample.left), rational(verdict.counterexample.right)
        again = both_sides(verdict.counterexample, mutant.hypotheses)
        assert all(math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-6) for a, b in zip(said, again, strict=True))
