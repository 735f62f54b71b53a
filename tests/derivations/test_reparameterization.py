"""z = mu + sigma eps and z = mu + A eps, in the plane, at generic points."""

import random

import numpy as np
import pytest
import sympy
from sympy import Integral, Product, Rational, Sum, exp, pi, sqrt

from derivations import reparameterization
from derivations.latex import text
from derivations.notation import Delta, E, Index, Mapping, Matrix, Natural, Normal, Point, PointOf, Vector
from derivations.reparameterization import reparameterization_multivariate, reparameterization_normal

from .numeric_model import NumericModel, plane, same
from .proof_check import chains, holds, no_mutant_is_proved, twin_is_rejected


def situation(seed):
    rng = random.Random(f"reparameterization {seed}")
    env = {
        ("mu", "vector"): [rng.uniform(0.4, 1), rng.uniform(-1, -0.4)],
        ("sigma", "vector"): [rng.uniform(0.7, 0.9), rng.uniform(1.1, 1.3)],
        ("A", "matrix"): [[rng.uniform(0.5, 1.5), rng.uniform(-1.5, -0.5)] for _ in range(2)],
        ("epsilon", "epsilon"): [rng.uniform(0.2, 1), rng.uniform(-1, -0.2)],
        ("J", "natural"): 2,
        ("i", "index"): 2,
        ("k", "index"): 1,
    }
    f = lambda z: np.cos(z[0] + 0.3) * z[1] ** 2 + z[0]
    return NumericModel({"z": plane(), "epsilon": plane()}, {"f": f}), env


HYPOTHESES = {
    reparameterization_normal: [
        "z in R^J",
        "sigma_j > 0 for all j in {1, .., J}",
        "epsilon in R^J",
        "i in {1, .., J}",
    ],
    reparameterization_multivariate: ["epsilon in R^J"],
}
scripts = pytest.mark.parametrize("script", HYPOTHESES, ids=lambda s: s.__name__.replace("_", "-"))


@scripts
def test_it_holds(script, seed):
    assert [text(h) for h in script().hypotheses] == HYPOTHESES[script]
    model, env = situation(seed)
    holds(script(), model, {**env, ("z", "z"): [0.0, 0.0]})


@scripts
def test_no_false_line_is_proved(script, seed, monkeypatch):
    parts = chains(reparameterization, script, monkeypatch)
    no_mutant_is_proved(parts, *situation(seed), random.Random(f"reparameterization {seed}"), each=3)


def test_the_covariance_is_that_of_the_matrix_product(seed):
    model, env = situation(seed)
    A = np.array(env["A", "matrix"])
    for side in reparameterization_multivariate().theorems[1].sides:
        assert same(model.value(side, env), (A @ A.T)[1, 0])
    assert not same((A @ A.T)[1, 0], (A.T @ A)[1, 0])


def test_wrong_twins(seed, monkeypatch):
    with sympy.evaluate(False):
        z, eps, mu, sigma, f, A = Point("z"), Point("epsilon"), Vector("mu"), Vector("sigma"), Mapping("f"), Matrix("A")
        i, j, k, l, n = *map(Index, "ijkl"), Natural("J")
        standard = Normal(eps, 0, 1, (j, n))
        point = PointOf(z, mu[j] + sigma[j] * eps[j], (j, n))
        without_sigma, squared = (PointOf(z, mu[j] + s * eps[j], (j, n)) for s in (1, sigma[j] ** 2))
        moved = Normal(point, mu[j], sigma[j] ** 2, (j, n))
        volume = Product(sigma[j], (j, 1, n))
        product = Integral(moved * f(point) * volume, eps)
        shape = exp(-Rational(1, 2) * Sum(eps[j] ** 2, (j, 1, n)))
        twins = {
            reparameterization_normal: [
                (product, Integral(moved * f(point), eps)),
                (product, Integral(moved * f(point) * Product(sigma[j] ** 2, (j, 1, n)), eps)),
                (E(standard, f(point)), E(standard, f(without_sigma))),
                (E(standard, f(point)), E(standard, f(squared))),
                (1 / sqrt((2 * pi) ** n) * shape, 1 / sqrt((2 * pi) ** n * volume) * shape),
                (sigma[i] ** 2, sigma[i]),
                (mu[i], mu[i] + sigma[i]),
            ],
            reparameterization_multivariate: [
                (Sum(A[i, j] * A[k, j], (j, 1, n)), Sum(A[j, i] * A[j, k], (j, 1, n))),
                (Sum(A[i, j] * A[k, j], (j, 1, n)), Sum(A[i, j] * A[j, k], (j, 1, n))),
                (Sum(A[i, j] * A[k, j], (j, 1, n)), Sum(A[i, j], (j, 1, n)) * Sum(A[k, j], (j, 1, n))),
                (
                    Sum(Sum(A[i, j] * A[k, l] * Delta(j, l), (l, 1, n)), (j, 1, n)),
                    Sum(Sum(A[i, j] * A[k, l], (l, 1, n)), (j, 1, n)),
                ),
            ],
        }
    for script, pairs in twins.items():
        parts = chains(reparameterization, script, monkeypatch)
        for wanted, wrong in pairs:
            twin_is_rejected(parts, wanted, wrong, *situation(seed))
