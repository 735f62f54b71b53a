"""The Gaussian KL divergence in closed form, term by term (problem 1.7 of the exercise), for any dimension J."""

from __future__ import annotations

from functools import cache

import sympy
from sympy import Integral, Product, Rational, Sum, exp, log, pi, sqrt

from derivations.conversion import (
    everywhere,
    expand,
    expand_log,
    in_turn,
    simplify,
    unfold_expectation,
    unfold_kl,
)
from derivations.derivation import Derivation, Reason, by_theorem, derive
from derivations.document import fragments
from derivations.expectation import moments, polynomial, under
from derivations.notation import KL, E, Index, Natural, Normal, Parameter, Point, Vector, to_kernel
from derivations.reason import DIVERGENCE, EXPECTATION

HALF = Rational(1, 2)
DENSITY = Reason("density of the normal", polynomial)
MOMENTS = Reason("mean and variance of the normal", in_turn(everywhere(moments), simplify))
SUM = Reason("linearity of the sum", in_turn(everywhere(expand_log), simplify))


def _linearity(z: Point, q: Normal) -> Reason:
    """The logarithm of the density taken apart, and its expectation under q."""
    under_q = under(to_kernel(z), to_kernel(q))
    words = "logarithm of a product, linearity of the expectation"
    return Reason(words, in_turn(under_q, everywhere(expand_log), simplify))


@cache
def normal_negative_entropy() -> Derivation:
    """``int q log q = -J/2 log 2 pi - 1/2 sum_j (log sigma_j^2 + 1)`` for a diagonal normal q."""
    with sympy.evaluate(False):
        z, mu, sigma, j, J = Point("z"), Vector("mu"), Vector("sigma"), Index("j"), Natural("J")
        q = Normal(z, mu[j], sigma[j] ** 2, (j, J))
        volume = sqrt((2 * pi) ** J * Product(sigma[j] ** 2, (j, 1, J)))
        squares = Sum((z[j] - mu[j]) ** 2 / sigma[j] ** 2, (j, 1, J))
        linear = _linearity(z, q)
        constant = -(J / 2) * log(2 * pi)
        spread = E(q, (z[j] - mu[j]) ** 2)
        return derive(
            "normal-negative-entropy",
            "The negative entropy of a diagonal normal",
            "problem 1.7",
            [
                Integral(q * log(q), z),
                (E(q, log(q)), EXPECTATION),
                (E(q, log(1 / volume * exp(-HALF * squares))), DENSITY),
                (
                    constant + Sum(-HALF * log(sigma[j] ** 2) - (1 / (2 * sigma[j] ** 2)) * spread, (j, 1, J)),
                    linear,
                ),
                (constant + Sum(-HALF * log(sigma[j] ** 2) - HALF, (j, 1, J)), MOMENTS),
                (constant - HALF * Sum(log(sigma[j] ** 2) + 1, (j, 1, J)), SUM),
            ],
        )


@cache
def normal_cross_entropy() -> Derivation:
    """``int q log p = -J/2 log 2 pi - 1/2 sum_j (mu_j^2 + sigma_j^2)`` for a diagonal normal q and p = N(0, I)."""
    with sympy.evaluate(False):
        z, mu, sigma, j, J = Point("z"), Vector("mu"), Vector("sigma"), Index("j"), Natural("J")
        q, p = Normal(z, mu[j], sigma[j] ** 2, (j, J)), Normal(z, 0, 1, (j, J))
        squares = Sum(z[j] ** 2, (j, 1, J))
        constant = -(J / 2) * log(2 * pi)
        linear = _linearity(z, q)
        return derive(
            "normal-cross-entropy",
            "The expected log-density of N(0, I) under a diagonal normal",
            "problem 1.7",
            [
                Integral(q * log(p), z),
                (E(q, log(p)), EXPECTATION),
                (E(q, log(1 / sqrt((2 * pi) ** J) * exp(-HALF * squares))), DENSITY),
                (constant - HALF * E(q, squares), linear),
                (constant - HALF * Sum(mu[j] ** 2 + sigma[j] ** 2, (j, 1, J)), MOMENTS),
            ],
        )


@cache
def kl_normal_standard() -> Derivation:
    """``-KL(N(mu, diag sigma^2) || N(0, I)) = 1/2 sum_j (1 + log sigma_j^2 - mu_j^2 - sigma_j^2)``."""
    entropy, cross_entropy = normal_negative_entropy(), normal_cross_entropy()
    with sympy.evaluate(False):
        z, mu, sigma, j, J = Point("z"), Vector("mu"), Vector("sigma"), Index("j"), Natural("J")
        q, p = Normal(z, mu[j], sigma[j] ** 2, (j, J)), Normal(z, 0, 1, (j, J))
        over_z = under(to_kernel(z), None)
        definition = Reason(
            "definition of the KL divergence",
            in_turn(everywhere(unfold_kl), everywhere(unfold_expectation), over_z, everywhere(expand_log), expand),
        )
        linear = Reason("linearity of the integral", in_turn(over_z, expand))
        lemmas = Reason(
            "the two integrals above", in_turn(everywhere(by_theorem(entropy), by_theorem(cross_entropy)), expand)
        )
        constant = -(J / 2) * log(2 * pi)
        return derive(
            "kl-normal-standard",
            "The divergence of a diagonal normal from N(0, I)",
            "problem 1.7",
            [
                -KL(q, p),
                (Integral(q * (log(p) - log(q)), z), definition),
                (Integral(q * log(p), z) - Integral(q * log(q), z), linear),
                (
                    (constant - HALF * Sum(mu[j] ** 2 + sigma[j] ** 2, (j, 1, J)))
                    - (constant - HALF * Sum(log(sigma[j] ** 2) + 1, (j, 1, J))),
                    lemmas,
                ),
                (HALF * Sum(1 + log(sigma[j] ** 2) - mu[j] ** 2 - sigma[j] ** 2, (j, 1, J)), SUM),
            ],
            uses=(entropy, cross_entropy),
        )


LOG_DENSITIES = in_turn(everywhere(expand_log), polynomial)


@cache
def kl_normal() -> Derivation:
    """``KL(N(mu, sigma^2) || N(nu, tau^2)) = log tau/sigma + (sigma^2 + (mu - nu)^2)/(2 tau^2) - 1/2``, dimension one."""
    with sympy.evaluate(False):
        z, mu, sigma, nu, tau = Point("z"), *(Parameter(name) for name in ("mu", "sigma", "nu", "tau"))
        indices = Index("j"), sympy.S.One
        q, p = Normal(z, mu, sigma**2, indices), Normal(z, nu, tau**2, indices)
        under_q = under(to_kernel(z), to_kernel(q))
        entropy = -HALF * log(2 * pi * sigma**2) - HALF
        cross_entropy = -HALF * log(2 * pi * tau**2) - (sigma**2 + (mu - nu) ** 2) / (2 * tau**2)
        closed = in_turn(everywhere(expand_log), expand)
        return derive(
            "kl-normal",
            "The divergence of two normals",
            "beyond the exercise",
            [
                KL(q, p),
                (E(q, log(q / p)), DIVERGENCE),
                (
                    E(q, log(q)) - E(q, log(p)),
                    Reason("logarithm of a product, linearity of the expectation", in_turn(under_q, LOG_DENSITIES)),
                ),
                (
                    entropy - cross_entropy,
                    Reason(
                        "density, mean and variance of the normal",
                        in_turn(LOG_DENSITIES, everywhere(moments), everywhere(expand_log), simplify),
                    ),
                ),
                (log(tau / sigma) + (sigma**2 + (mu - nu) ** 2) / (2 * tau**2) - HALF, Reason("cancel", closed)),
            ],
        )


@cache
def kl_normal_diagonal() -> Derivation:
    """``KL = sum_j (log tau_j/sigma_j + (sigma_j^2 + (mu_j - nu_j)^2)/(2 tau_j^2) - 1/2)`` for two diagonal normals."""
    with sympy.evaluate(False):
        z, mu, sigma, nu, tau = Point("z"), *(Vector(name) for name in ("mu", "sigma", "nu", "tau"))
        j, J = Index("j"), Natural("J")
        q, p = Normal(z, mu[j], sigma[j] ** 2, (j, J)), Normal(z, nu[j], tau[j] ** 2, (j, J))
        logs = log(tau[j] / sigma[j])
        from_p, from_q = (z[j] - nu[j]) ** 2, (z[j] - mu[j]) ** 2
        under_q = under(to_kernel(z), to_kernel(q))
        return derive(
            "kl-normal-diagonal",
            "The divergence of two diagonal normals",
            "beyond the exercise",
            [
                KL(q, p),
                (E(q, log(q / p)), DIVERGENCE),
                (
                    E(q, Sum(logs + from_p / (2 * tau[j] ** 2) - from_q / (2 * sigma[j] ** 2), (j, 1, J))),
                    Reason("density of the normal", LOG_DENSITIES),
                ),
                (
                    Sum(logs + E(q, from_p) / (2 * tau[j] ** 2) - E(q, from_q) / (2 * sigma[j] ** 2), (j, 1, J)),
                    Reason("linearity of the expectation", in_turn(under_q, everywhere(expand_log), simplify)),
                ),
                (
                    Sum(logs + (sigma[j] ** 2 + (mu[j] - nu[j]) ** 2) / (2 * tau[j] ** 2) - HALF, (j, 1, J)),
                    Reason(
                        "mean and variance of the normal",
                        in_turn(everywhere(moments), everywhere(expand_log), simplify),
                    ),
                ),
            ],
        )


DERIVATIONS = {
    "normal-negative-entropy": normal_negative_entropy,
    "normal-cross-entropy": normal_cross_entropy,
    "kl-normal-standard": kl_normal_standard,
    "kl-normal": kl_normal,
    "kl-normal-diagonal": kl_normal_diagonal,
}

if __name__ == "__main__":
    print(fragments(DERIVATIONS), end="")
