"""The divergence of two normals in the plane with full covariances, by inverses, determinants and a grid."""

import random

import numpy as np
import pytest
import sympy
from sympy import Rational, Sum, log

from derivations import multivariate_normal
from derivations.latex import text
from derivations.multivariate_normal import kl_multivariate_normal
from derivations.notation import Index, Matrix, Natural, Parameter, Vector

from .numeric_model import NumericModel, plane, same
from .proof_check import chains, holds, no_mutant_is_proved, twin_is_rejected


def density(mean, covariance):
    """``|2 pi Sigma|^(-1/2) exp(-1/2 (z - mu)' Sigma^-1 (z - mu))``"""
    precision, volume = np.linalg.inv(covariance), np.sqrt(np.linalg.det(2 * np.pi * covariance))

    def value(z):
        d = [c - m for c, m in zip(z, mean, strict=True)]
        return np.exp(-sum(d[i] * precision[i, k] * d[k] for i in range(2) for k in range(2)) / 2) / volume

    return value


def situation(seed):
    rng = np.random.default_rng(seed)
    A, C = (np.array([[1.0, 0.4], [-0.3, 0.9]]) + rng.uniform(-0.15, 0.15, (2, 2)) for _ in range(2))
    mu, nu = np.array([0.7, -0.4]) + rng.uniform(-0.1, 0.1, 2), np.array([-0.2, 0.3])
    A[:, 0] *= -1  # a determinant below zero: the volume factor is its absolute value
    env = {
        ("A", "matrix"): A,
        ("B", "matrix"): np.linalg.inv(A),
        ("P", "matrix"): np.linalg.inv(C @ C.T),
        ("a", "real"): abs(np.linalg.det(A)),
        ("c", "real"): np.sqrt(np.linalg.det(C @ C.T)),
        ("mu", "vector"): mu,
        ("nu", "vector"): nu,
        ("J", "natural"): 2,
        ("z", "z"): [0.0, 0.0],
    }
    densities = {("q", ("z",), ()): density(mu, A @ A.T), ("p", ("z",), ()): density(nu, C @ C.T)}
    return NumericModel({"z": plane(), "epsilon": plane()}, densities=densities), env


def test_it_holds(seed):
    derivation = kl_multivariate_normal()
    assert {text(h) for h in derivation.hypotheses} == {
        "z in R^J",
        "epsilon in R^J",
        "a > 0",
        "c > 0",
        "epsilon -> z = (mu_j + sum_{k=1}^J A_{j k} epsilon_k)_{j=1}^J is one-to-one and onto, dz = a depsilon",
        "sum_{j=1}^J A_{j k} B_{i j} = delta_{i k} for all k in {1, .., J} for all i in {1, .., J}",
        "q(z) = (1 / (sqrt((2 pi)^J) a)) exp(-(1 / 2) sum_{i=1}^J (sum_{j=1}^J B_{i j} (z_j - mu_j))^2) for all z",
        (
            "p(z) = (1 / (sqrt((2 pi)^J) c))"
            " exp(-(1 / 2) sum_{j=1}^J sum_{l=1}^J (z_j - nu_j) P_{j l} (z_l - nu_l)) for all z"
        ),
    }
    holds(derivation, *situation(seed))


def test_the_closed_form_is_the_one_with_trace_and_determinants(seed):
    model, env = situation(seed)
    A, P = env["A", "matrix"], env["P", "matrix"]
    d = env["mu", "vector"] - env["nu", "vector"]
    logs = np.linalg.slogdet(np.linalg.inv(P))[1] - np.linalg.slogdet(A @ A.T)[1]
    known = (np.trace(P @ A @ A.T) + d @ P @ d - 2 + logs) / 2
    for side in kl_multivariate_normal().theorems[0].sides:
        assert same(model.value(side, env), known)


@pytest.mark.parametrize("name", ["B", "a", "c", "P"])
def test_a_wrong_matrix_or_factor_is_not_in_its_hypotheses(name, seed):
    model, env = situation(seed)
    kind = "matrix" if name in "BP" else "real"
    env[name, kind] = env[name, kind] * 1.2
    assert not all(model.truth(h, env) for h in kl_multivariate_normal().hypotheses)


def test_no_false_line_is_proved(seed, monkeypatch):
    parts = chains(multivariate_normal, kl_multivariate_normal, monkeypatch)
    no_mutant_is_proved(parts, *situation(seed), random.Random(f"multivariate {seed}"), each=3)


def test_wrong_twins(seed, monkeypatch):
    with sympy.evaluate(False):
        half, mu, nu, A, P = Rational(1, 2), Vector("mu"), Vector("nu"), Matrix("A"), Matrix("P")
        a, c, J, (j, k, l) = Parameter("a"), Parameter("c"), Natural("J"), map(Index, "jkl")

        volumes = log(c) - log(a)

        def closed(spread, logs, *, sign=1):
            trace = Sum(Sum(P[j, l] * Sum(spread, (k, 1, J)), (l, 1, J)), (j, 1, J))
            distance = Sum(Sum((mu[j] - nu[j]) * P[j, l] * (mu[l] - nu[l]), (l, 1, J)), (j, 1, J))
            return half * (trace + sign * distance - J) + logs

        right = (
            half
            * (
                Sum(Sum(P[j, l] * Sum(A[j, k] * A[l, k], (k, 1, J)), (l, 1, J)), (j, 1, J))
                + Sum(Sum((mu[j] - nu[j]) * P[j, l] * (mu[l] - nu[l]), (l, 1, J)), (j, 1, J))
                - J
            )
            + log(c)
            - log(a)
        )
        wrong = [
            closed(A[k, j] * A[k, l], volumes),
            closed(A[j, k] * A[l, k], log(a) - log(c)),
            closed(A[j, k] * A[l, k], half * (log(c) - log(a))),
            closed(A[j, k] * A[l, k], log(c)),
            closed(A[j, k] * A[l, k], volumes, sign=-1),
        ]
    parts = chains(multivariate_normal, kl_multivariate_normal, monkeypatch)
    for line in wrong:
        twin_is_rejected(parts, right, line, *situation(seed))
