"""The reparameterization trick: z = mu + sigma eps (problem 1.5 of the exercise), and z = mu + A eps."""

from __future__ import annotations

from functools import cache
from typing import Any

import sympy
from sympy import Integral, Product, Rational, Sum, exp, pi, sqrt

from derivations.change_of_variables import affine, by_logarithm, standardised
from derivations.conversion import everywhere, expand, in_turn, simplify
from derivations.delta import contract
from derivations.derivation import Derivation, Reason, derive
from derivations.document import fragments
from derivations.notation import (
    Delta,
    E,
    Index,
    Mapping,
    Matrix,
    Natural,
    Normal,
    Point,
    PointOf,
    Vector,
    to_kernel,
)
from derivations.reason import COVARIANCE, EXPECTATION

HALF = Rational(1, 2)
DEVIATION = Reason("subtract the mean", simplify)
DELTA = Reason("sum with a Kronecker delta", contract)
LINEARITY = Reason("linearity of the expectation", COVARIANCE.conversion)


@cache
def reparameterization_normal() -> Derivation:
    """``N(mu + sigma eps; mu, sigma^2) prod_j sigma_j = N(eps; 0, I)`` and ``E[f(z)] = E[f(mu + sigma eps)]``."""
    with sympy.evaluate(False):
        z, eps, mu, sigma, f = Point("z"), Point("epsilon"), Vector("mu"), Vector("sigma"), Mapping("f")
        i, j, J = Index("i"), Index("j"), Natural("J")
        image = mu[j] + sigma[j] * eps[j]
        point, volume = PointOf(z, image, (j, J)), Product(sigma[j], (j, 1, J))
        q, standard = Normal(z, mu[j], sigma[j] ** 2, (j, J)), Normal(eps, 0, 1, (j, J))
        moved = Normal(point, mu[j], sigma[j] ** 2, (j, J))
        squares = Sum((image - mu[j]) ** 2 / sigma[j] ** 2, (j, 1, J))
        constant = 1 / sqrt((2 * pi) ** J * Product(sigma[j] ** 2, (j, 1, J)))
        density = Reason("density of the normal", by_logarithm)
        change = in_turn(everywhere(affine(*map(to_kernel, (eps, z, q)))), expand)
        above = in_turn(everywhere(standardised(to_kernel(eps))), expand)
        return derive(
            "reparameterization-normal",
            "The law of mu + sigma eps",
            "problem 1.5",
            [
                moved * volume,
                (constant * exp(-HALF * squares) * volume, density),
                (1 / sqrt((2 * pi) ** J) * exp(-HALF * Sum(eps[j] ** 2, (j, 1, J))), density),
                (standard, density),
            ],
            [
                E(q, f(z)),
                (Integral(q * f(z), z), EXPECTATION),
                (Integral(moved * f(point) * volume, eps), Reason("change of variables", change)),
                (Integral(standard * f(point), eps), Reason("the density above", above)),
                (E(standard, f(point)), EXPECTATION),
            ],
            [
                E(standard, mu[i] + sigma[i] * eps[i]),
                (mu[i], COVARIANCE),
            ],
            [
                E(standard, (mu[i] + sigma[i] * eps[i] - mu[i]) ** 2),
                (sigma[i] ** 2 * E(standard, eps[i] ** 2), LINEARITY),
                (sigma[i] ** 2, COVARIANCE),
            ],
        )


@cache
def reparameterization_multivariate() -> Derivation:
    """``mu + A eps`` has the mean mu and the covariance ``A A'`` under N(0, I)."""
    with sympy.evaluate(False):
        eps, mu, A = Point("epsilon"), Vector("mu"), Matrix("A")
        i, j, k, l, J = Index("i"), Index("j"), Index("k"), Index("l"), Natural("J")
        standard = Normal(eps, 0, 1, (j, J))

        def image(row: Index) -> Any:
            return mu[row] + Sum(A[row, j] * eps[j], (j, 1, J))

        return derive(
            "reparameterization-multivariate",
            "Mean and covariance of mu + A eps",
            "problem 1.5",
            [
                E(standard, image(i)),
                (mu[i] + Sum(A[i, j] * E(standard, eps[j]), (j, 1, J)), LINEARITY),
                (mu[i], COVARIANCE),
            ],
            [
                E(standard, (image(i) - mu[i]) * (image(k) - mu[k])),
                (E(standard, Sum(A[i, j] * eps[j], (j, 1, J)) * Sum(A[k, l] * eps[l], (l, 1, J))), DEVIATION),
                (Sum(Sum(A[i, j] * A[k, l] * E(standard, eps[j] * eps[l]), (l, 1, J)), (j, 1, J)), LINEARITY),
                (Sum(Sum(A[i, j] * A[k, l] * Delta(j, l), (l, 1, J)), (j, 1, J)), COVARIANCE),
                (Sum(A[i, j] * A[k, j], (j, 1, J)), DELTA),
            ],
        )


DERIVATIONS = {
    "reparameterization-normal": reparameterization_normal,
    "reparameterization-multivariate": reparameterization_multivariate,
}

if __name__ == "__main__":
    print(fragments(DERIVATIONS), end="")
