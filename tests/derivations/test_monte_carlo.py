"""The mean of L draws, on a finite sample space: all sequences of L points of a finite space, with product weights."""

import itertools
import random

import numpy as np
import pytest
import sympy
from sympy import Sum

from derivations import monte_carlo
from derivations.latex import text
from derivations.monte_carlo import monte_carlo_mean, monte_carlo_variance
from derivations.notation import E, Family, Index, Mapping, Natural, Point

from .numeric_model import NumericModel
from .proof_check import chains, holds, no_mutant_is_proved, twin_is_rejected

L = 3
POINTS = np.array([-1.2, 0.3, 2.0, 2.9])


def draws(seed, *, independent=True):
    """L draws from a random law on four points; if they are not independent, all are the same draw."""
    rng = np.random.default_rng(seed)
    law, weights = rng.dirichlet(np.ones(4)), np.array([0.5, 1.0, 2.0, 0.7])
    sequences = list(itertools.product(range(4), repeat=L)) if independent else [(n,) * L for n in range(4)]
    table = np.array([[POINTS[n] for n in s] for s in sequences])
    mass = np.array([np.prod([law[n] for n in (s if independent else s[:1])]) for s in sequences])
    spaces = {
        "z": ([POINTS], weights),
        "omega": ([np.arange(len(sequences))], np.full(len(sequences), 0.25)),
    }
    functions = {
        "z": lambda l, omega: [table[omega[0], l - 1]],
        "f": lambda z: np.sin(z[0]) + z[0] ** 2 / 3,
    }
    densities = {
        ("q", ("z",), ()): lambda z: (law / weights)[np.searchsorted(POINTS, z[0])],
        ("P", ("omega",), ()): lambda omega: mass[omega[0]] / 0.25,
    }
    return NumericModel(spaces, functions, densities), {("L", "natural"): L}


LAW = "E_{omega ~ P(omega)}"
HYPOTHESES = {
    monte_carlo_mean: [
        f"{LAW}|f(z_l(omega))| < inf for all l in {{1, .., L}}",
        f"{LAW}[f(z_l(omega))] = E_{{z ~ q(z)}}[f(z)] for all l in {{1, .., L}}",
        "L > 0",
    ],
    monte_carlo_variance: [
        f"{LAW}|f(z_k(omega))| < inf for all k in {{1, .., L}}",
        f"{LAW}|f(z_k(omega)) f(z_l(omega))| < inf for all l in {{1, .., L}} for all k in {{1, .., L}}",
        (
            f"(1 - delta_{{k l}}) {LAW}[f(z_k(omega))] {LAW}[f(z_l(omega))] = (1 - delta_{{k l}})"
            f" {LAW}[f(z_k(omega)) f(z_l(omega))] for all l in {{1, .., L}} for all k in {{1, .., L}}"
        ),
        f"{LAW}[f(z_k(omega))] = E_{{z ~ q(z)}}[f(z)] for all k in {{1, .., L}}",
        f"{LAW}[(f(z_k(omega)))^2] = E_{{z ~ q(z)}}[(f(z))^2] for all k in {{1, .., L}}",
        "E_{z ~ q(z)}|f(z)| < inf",
        "E_{z ~ q(z)}|(f(z))^2| < inf",
        "L > 0",
    ],
}


@pytest.mark.parametrize("script", HYPOTHESES, ids=lambda s: s.__name__.replace("_", "-"))
def test_it_holds_for_independent_draws(script, seed):
    assert [text(h) for h in script().hypotheses] == HYPOTHESES[script]
    holds(script(), *draws(seed))


@pytest.mark.parametrize("script", HYPOTHESES, ids=lambda s: s.__name__.replace("_", "-"))
def test_no_false_line_is_proved(script, seed, monkeypatch):
    parts = chains(monte_carlo, script, monkeypatch)
    no_mutant_is_proved(parts, *draws(seed), random.Random(f"monte carlo {seed}"))


def test_draws_that_are_not_independent(seed):
    """The same draw L times is unbiased, but its mean has the variance of one draw: the hypothesis is needed."""
    model, env = draws(seed, independent=False)
    holds(monte_carlo_mean(), model, env)
    derivation = monte_carlo_variance()
    assert [i for i, h in enumerate(derivation.hypotheses) if not model.truth(h, env)] == [2]
    assert not model.truth(derivation.theorems[0].conclusion, env)


def test_variance_is_that_of_a_loop(seed):
    """The right side against sums over the sequences that are written here."""
    model, env = draws(seed)
    law = model.densities["q", ("z",), ()]([POINTS]) * model.spaces["z"][1]
    values = model.functions["f"]([POINTS])
    mean = law @ values
    spread = sum(
        np.prod([law[n] for n in s]) * (np.mean([values[n] for n in s]) - mean) ** 2
        for s in itertools.product(range(4), repeat=L)
    )
    for side in monte_carlo_variance().theorems[0].sides:
        assert model.value(side, env) == pytest.approx(spread, rel=1e-12, abs=0)


def test_wrong_twins(seed, monkeypatch):
    with sympy.evaluate(False):
        omega, z, k, l, n = Point("omega"), Point("z"), Index("k"), Index("l"), Natural("L")
        law, q, f, draw = Family("P")(omega), Family("q")(z), Mapping("f"), Mapping("z", "z")
        value = f(draw(l, omega))
        twins = {
            monte_carlo_mean: [
                ((1 / n) * Sum(E(law, value), (l, 1, n)), Sum(E(law, value), (l, 1, n))),
                (E(q, f(z)), n * E(q, f(z))),
            ],
            monte_carlo_variance: [
                ((1 / n) * E(q, (f(z) - E(q, f(z))) ** 2), E(q, (f(z) - E(q, f(z))) ** 2)),
                ((1 / n) * E(q, (f(z) - E(q, f(z))) ** 2), (1 / n**2) * E(q, (f(z) - E(q, f(z))) ** 2)),
                ((1 / n) * E(q, (f(z) - E(q, f(z))) ** 2), (1 / n) * E(q, f(z) ** 2)),
                (
                    (1 / n**2) * Sum(E(law, f(draw(k, omega)) ** 2) - E(q, f(z)) ** 2, (k, 1, n)),
                    (1 / n**2) * Sum(E(law, f(draw(k, omega)) ** 2), (k, 1, n)),
                ),
            ],
        }
    for script, pairs in twins.items():
        parts = chains(monte_carlo, script, monkeypatch)
        for wanted, wrong in pairs:
            twin_is_rejected(parts, wanted, wrong, *draws(seed))
