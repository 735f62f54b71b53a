"""The divergence of a normal from N(0, 1): values by quadrature, derivatives by differences."""

import random

import pytest
import sympy
from sympy import Rational, log

from derivations import kl_minimum
from derivations.kl_minimum import kl_normal_minimum
from derivations.latex import text
from derivations.notation import Parameter

from .numeric_model import NumericModel, line, same
from .proof_check import chains, holds, no_mutant_is_proved, twin_is_rejected

MODEL = NumericModel({"z": line(14, 0.1)})


def at(mu, sigma):
    return {("mu", "real"): mu, ("sigma", "real"): sigma, ("z", "z"): [0.0]}


@pytest.mark.parametrize(("mu", "sigma"), [(0.7, 0.6), (-0.6, 1.3)])
def test_it_holds(mu, sigma):
    derivation = kl_normal_minimum()
    assert [text(h) for h in derivation.hypotheses] == ["z in R^1", "sigma > 0"]
    holds(derivation, MODEL, at(mu, sigma))


def test_the_gradient_vanishes_at_the_minimum_and_not_elsewhere():
    slopes = [t.sides[0] for t in kl_normal_minimum().theorems[2:4]]
    assert all(same(MODEL.value(s, at(0.0, 1.0)), 0) for s in slopes)
    for mu, sigma in ((0.3, 1.0), (0.0, 1.2), (0.0, 0.8), (-0.5, 1.5)):
        assert not all(same(MODEL.value(s, at(mu, sigma)), 0) for s in slopes)


def test_no_false_line_is_proved(seed, monkeypatch):
    parts = chains(kl_minimum, kl_normal_minimum, monkeypatch)
    no_mutant_is_proved(parts, MODEL, at(0.7, 0.6), random.Random(f"minimum {seed}"), each=4)


def test_wrong_twins(monkeypatch):
    half = Rational(1, 2)
    with sympy.evaluate(False):
        mu, sigma = Parameter("mu"), Parameter("sigma")
        closed = half * (mu**2 + sigma**2 - 1 - log(sigma**2))
        pairs = [
            (closed, half * (mu**2 + sigma**2 - 1 - log(sigma))),
            (closed, half * (mu**2 + sigma - 1 - log(sigma))),
            (closed, mu**2 + sigma**2 - 1 - log(sigma**2)),
            (half * mu**2, 2 * mu**2),
            (mu, 2 * mu),
            (sigma - 1 / sigma, sigma - 1),
            (sigma - 1 / sigma, half * (sigma - 1 / sigma)),
            (1 + 1 / sigma**2, 1 - 1 / sigma**2),
            (sigma / (sigma + 1) * (sigma - 1 / sigma), sigma / (sigma - 1) * (sigma - 1 / sigma)),
        ]
    parts = chains(kl_minimum, kl_normal_minimum, monkeypatch)
    for wanted, wrong in pairs:
        twin_is_rejected(parts, wanted, wrong, MODEL, at(0.7, 0.6))
