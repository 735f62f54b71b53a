"""How many outputs: the counts of the theorem against a list of them."""

import random

import pytest
import sympy
from sympy import Sum

from derivations import covariance
from derivations.covariance import covariance_parameters
from derivations.notation import Index, Natural

from .numeric_model import NumericModel
from .proof_check import chains, holds, no_mutant_is_proved, twin_is_rejected


@pytest.mark.parametrize("dimension", [1, 2, 7])
def test_outputs_are_counted(dimension):
    derivation, model = covariance_parameters(), NumericModel({})
    env = {("D", "natural"): dimension}
    assert derivation.hypotheses == ()
    holds(derivation, model, env)
    means = [("mean", i) for i in range(dimension)]
    diagonal = [*means, *(("variance", i) for i in range(dimension))]
    full = [*means, *{frozenset((i, k)) for i in range(dimension) for k in range(dimension)}]
    for theorem, outputs in zip(derivation.theorems, (diagonal, full), strict=True):
        assert model.value(theorem.sides[1], env) == len(outputs)


def test_no_false_line_is_proved(seed, monkeypatch):
    parts = chains(covariance, covariance_parameters, monkeypatch)
    rng = random.Random(f"covariance {seed}")
    no_mutant_is_proved(parts, NumericModel({}), {("D", "natural"): 5}, rng, each=8)


def test_wrong_twins(monkeypatch):
    with sympy.evaluate(False):
        i, D = Index("i"), Natural("D")
        pairs = [
            (D + D * (D + 1) / 2, D + D**2),
            (D + D * (D + 1) / 2, D + D * (D - 1) / 2),
            (D + D * (D + 1) / 2, D * (D + 1) / 2),
            (2 * D, D**2),
            (D + Sum(i, (i, 1, D)), 1 + Sum(i, (i, 1, D))),
        ]
    parts = chains(covariance, covariance_parameters, monkeypatch)
    for wanted, wrong in pairs:
        twin_is_rejected(parts, wanted, wrong, NumericModel({}), {("D", "natural"): 5})
