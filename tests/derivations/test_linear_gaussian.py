"""Probabilistic PCA with three observed and two latent dimensions, against matrix formulas and a grid over z."""

import random

import numpy as np
import pytest
import sympy
from sympy import Integral, Rational, Sum, exp, pi, sqrt

from derivations import linear_gaussian
from derivations.linear_gaussian import linear_gaussian_evidence, linear_gaussian_posterior
from derivations.notation import (
    Component,
    E,
    Index,
    Mapping,
    Matrix,
    Natural,
    Normal,
    Parameter,
    Point,
    PointOf,
    Vector,
)

from .numeric_model import NumericModel, plane, same
from .proof_check import chains, holds, no_mutant_is_proved, twin_is_rejected

SCRIPTS = [linear_gaussian_evidence, linear_gaussian_posterior]
scripts = pytest.mark.parametrize("script", SCRIPTS, ids=lambda s: s.__name__.replace("_", "-"))


def normal(x, mean, covariance):
    """A multivariate normal density with each argument a list of numbers or arrays."""
    precision, volume = np.linalg.inv(covariance), np.sqrt(np.linalg.det(2 * np.pi * covariance))
    d, n = [a - m for a, m in zip(x, mean, strict=True)], range(len(mean))
    return np.exp(-sum(d[i] * precision[i, k] * d[k] for i in n for k in n) / 2) / volume


def situation(seed):
    rng = np.random.default_rng(seed)
    W = np.array([[0.8, -0.5], [0.3, 1.1], [-0.6, 0.2]]) + rng.uniform(-0.2, 0.2, (3, 2))
    m, x, s = np.array([0.2, -0.4, 0.5]), rng.uniform(-1, 1, 3), rng.uniform(0.7, 1.1)
    marginal = W @ W.T + s**2 * np.eye(3)
    covariance = np.linalg.inv(np.eye(2) + W.T @ W / s**2)
    rotation = np.array([[0.6, -0.8], [0.8, 0.6]])  # any A with A A' = covariance will do, not only the triangular one
    A = np.linalg.cholesky(covariance) @ rotation
    y = np.linalg.solve(marginal, x - m)
    image = lambda z: [m[d] + sum(W[d, k] * z[k] for k in range(2)) for d in range(3)]
    conditional = lambda x, z: normal(x, image(z), s**2 * np.eye(3))
    prior = lambda z: normal(z, np.zeros(2), np.eye(2))
    evidence = lambda x: normal(x, m, marginal)
    densities = {
        ("p", ("z",), ()): prior,
        ("p", ("x",), ("z",)): conditional,
        ("p", ("x", "z"), ()): lambda x, z: conditional(x, z) * prior(z),
        ("p", ("x",), ()): evidence,
        ("p", ("z",), ("x",)): lambda z, x: normal(z, W.T @ np.linalg.solve(marginal, x - m), covariance),
    }
    env = {
        **{(n, "matrix"): v for n, v in {"W": W, "A": A}.items()},
        **{(n, "vector"): v for n, v in {"m": m, "y": y}.items()},
        ("s", "real"): s,
        ("a", "real"): abs(np.linalg.det(A)),
        ("x", "x"): x,
        ("z", "z"): [0.0, 0.0],
        ("D", "natural"): 3,
        ("K", "natural"): 2,
    }
    f = lambda z: np.sin(z[0]) + z[0] * z[1] ** 2
    return NumericModel({"z": plane(), "epsilon": plane()}, {"f": f}, densities), env


@scripts
def test_it_holds(script, seed):
    assert len(script().hypotheses) == 9
    holds(script(), *situation(seed))


def test_the_normaliser_is_that_of_the_marginal_covariance(seed):
    """What the theorem leaves as ``a / s^D`` is ``|W W' + s^2 I|^(-1/2)``."""
    model, env = situation(seed)
    W, s = env["W", "matrix"], env["s", "real"]
    assert same(env["a", "real"] / s**3, np.linalg.det(W @ W.T + s**2 * np.eye(3)) ** -0.5)
    evidence, closed = linear_gaussian_evidence().theorems[0].sides
    assert same(model.value(closed, env), model.densities["p", ("x",), ()](env["x", "x"]))
    assert same(model.value(evidence, env), model.value(closed, env))


@pytest.mark.parametrize(
    ("name", "kind"), [("A", "matrix"), ("a", "real"), ("y", "vector"), ("s", "real"), ("W", "matrix")]
)
def test_other_parameters_do_not_satisfy_the_hypotheses(name, kind, seed):
    model, env = situation(seed)
    env[name, kind] = env[name, kind] * 1.1
    assert not all(model.truth(h, env) for h in linear_gaussian_evidence().hypotheses)


@scripts
def test_no_false_line_is_proved(script, seed, monkeypatch):
    parts = chains(linear_gaussian, script, monkeypatch)
    no_mutant_is_proved(parts, *situation(seed), random.Random(f"linear {seed}"), each=2)


def test_wrong_twins(seed, monkeypatch):
    with sympy.evaluate(False):
        x, z, eps, m, y, A, W = (
            Point("x"),
            Point("z"),
            Point("epsilon"),
            Vector("m"),
            Vector("y"),
            Matrix("A"),
            Matrix("W"),
        )
        d, e, i, k, K, D = *map(Index, "deik"), Natural("K"), Natural("D")
        s, a, f, half = Parameter("s"), Parameter("a"), Mapping("f"), Rational(1, 2)
        standard = Normal(eps, 0, 1, (i, K))

        def evidence(factor, exponent):
            return factor / (sqrt((2 * pi) ** D) * s**D) * exp(exponent)

        def point(entry):
            mean = Sum(W[e, k] * y[e], (e, 1, D))
            return PointOf(z, mean + Sum(entry * eps[i], (i, 1, K)), (k, K))

        def moved(at, factor):
            centre = m[d] + Sum(W[d, k] * Component(at, k), (k, 1, K))
            return Integral(Normal(x, centre, s**2, (d, D)) * Normal(at, 0, 1, (k, K)) * factor, eps)

        weighted = -half * Sum((x[d] - m[d]) * y[d], (d, 1, D))
        right = evidence(a, weighted)
        twins = {
            linear_gaussian_evidence: [
                (right, evidence(1, weighted)),
                (right, evidence(a, half * Sum((x[d] - m[d]) * y[d], (d, 1, D)))),
                (right, evidence(a, -Sum((x[d] - m[d]) * y[d], (d, 1, D)))),
                (right, evidence(a, -half * Sum((x[d] - m[d]) ** 2, (d, 1, D)))),
                (moved(point(A[k, i]), a), moved(point(A[k, i]), 1)),
                (moved(point(A[k, i]), a), moved(point(A[k, i]), a**2)),
            ],
            linear_gaussian_posterior: [
                (E(standard, f(point(A[k, i]))), E(standard, f(point(A[i, k])))),
                (E(standard, f(point(A[k, i]))), E(standard, f(point(s * A[k, i])))),
            ],
        }
    for script, pairs in twins.items():
        parts = chains(linear_gaussian, script, monkeypatch)
        for wanted, wrong in pairs:
            twin_is_rejected(parts, wanted, wrong, *situation(seed))
