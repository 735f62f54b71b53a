"""Models of the linear Gaussian derivations: what their hypotheses determine is so, and mistakes are refuted there."""

import math
import random

import numpy as np
import pytest

from derivations.catalogue import prove
from derivations.kernel import Term, equal, integral, number
from derivations.mutation import mutants
from derivations.negative_control import judged
from derivations.refute import refute

from .reevaluation import OutOfReach, both_sides, rational

SLUGS = ("linear-gaussian-evidence", "linear-gaussian-posterior", "kl-multivariate-normal")


def whole(slug):
    """The proved equation of a derivation, and what it supposes."""
    theorem = prove(slug).theorems[0]
    return theorem.sides, theorem.hypotheses


def data(slug, seed):
    """A model of the hypotheses of a derivation, in which its theorem with another right side fails."""
    (left, right), hypotheses = whole(slug)
    found = refute(equal(left, right + number("1/3")), hypotheses, seed=seed, seconds=20)
    assert found is not None
    return found


def entries(model, name):
    cells = {tuple(map(int, key.split(","))): rational(v) for key, v in model["components"][name].items()}
    size = max(cells)
    found = np.array([cells[i] for i in sorted(cells)])
    return found.reshape(size) if len(size) > 1 else found


def test_the_parameters_of_the_posterior_are_what_is_supposed(seed):
    model = data("linear-gaussian-posterior", seed).model
    W, A, y, m = (entries(model, name) for name in ("W", "A", "y", "m"))
    s, a = (rational(model["values"][name]) for name in ("s", "a"))
    precision = np.eye(len(A)) + W.T @ W / s**2
    assert np.allclose(A.T @ precision @ A, np.eye(len(A)), rtol=0, atol=1e-12)
    assert math.isclose(abs(np.linalg.det(A)), a, rel_tol=1e-12)
    x = list(map(rational, model["values"]["x"]))
    assert np.allclose(x, m + (W @ W.T + s**2 * np.eye(len(m))) @ y, rtol=1e-12)
    family = model["densities"]["p"]
    joint = np.array([[rational(c) for c in row] for row in family["precision"]])
    wanted = np.block([[np.eye(len(m)) / s**2, -W / s**2], [-W.T / s**2, precision]])
    assert family["spaces"] == ["x", "z"]
    assert np.allclose(joint, wanted, rtol=1e-12)
    assert np.allclose(list(map(rational, family["mean"])), [*m, *(0.0 for _ in A)], rtol=1e-12)
    assert not np.allclose(A, np.triu(A))  # generic: a transposed A is another matrix, and so is a triangle of it


def test_inverse_and_volume_factor_are_what_is_supposed(seed):
    model = data("kl-multivariate-normal", seed).model
    A, B = (entries(model, name) for name in "AB")
    assert np.allclose(B @ A, np.eye(len(A)), rtol=0, atol=1e-12)
    assert math.isclose(abs(np.linalg.det(A)), rational(model["values"]["a"]), rel_tol=1e-12)


@pytest.mark.parametrize("slug", SLUGS)
def test_the_theorem_itself_is_not_refuted(slug, seed):
    (left, right), hypotheses = whole(slug)
    assert refute(equal(left, right), hypotheses, seed=seed) is None


@pytest.mark.parametrize("slug", SLUGS)
def test_mistakes_are_refuted_and_the_values_come_out_again(slug, seed):
    derivation, rng = prove(slug), random.Random(f"{slug} {seed}")
    verdicts = [judged(m, derivation.steps[m.step - 1], seed) for m in rng.sample(list(mutants(derivation)), 3)]
    names = [v.name for v in verdicts]
    assert names.count("undecided") <= 1
    again = 0
    for v in verdicts:
        if v.counterexample is None:
            continue
        try:
            values = both_sides(v.counterexample, v.mutant.hypotheses)
        except OutOfReach:
            continue
        said = rational(v.counterexample.left), rational(v.counterexample.right)
        assert all(math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-6) for a, b in zip(said, values, strict=True)), v.mutant
        again += 1
    assert again >= 1


def test_hypotheses_that_nothing_can_satisfy_give_no_counterexample():
    """Where the matrix with ``(A e)' M (A e) = e' e`` would have to be imaginary, there is no model."""
    (left, right), hypotheses = whole("linear-gaussian-posterior")
    minus = number(-1)
    turned = tuple(
        Term("forall", (equal(minus * h.args[0].args[0], h.args[0].args[1]),), bound=h.bound)
        if h.head == "forall" and h.args[0].head == "equal" and h.args[0].args[0].head == "add" else h
        for h in hypotheses
    )  # fmt: skip
    assert turned != hypotheses
    assert refute(equal(left, right + number(1)), turned, seconds=5) is None
    assert refute(equal(left, right + number(1)), hypotheses, seconds=20) is not None


def test_a_law_that_is_supposed_is_the_law():
    """From p(z) = N(z; 0, I) alone: its integral is not 2, in a model in which it is 1."""
    step = prove("linear-gaussian-evidence").steps[1]
    (law,) = step.theorem.hypotheses
    z, density = law.bound, law.args[0].args[0]
    found = refute(equal(integral(z, density), number(2)), (law, *step.theorem.hypotheses))
    assert found is not None
    assert math.isclose(rational(found.left), 1, rel_tol=1e-12)
