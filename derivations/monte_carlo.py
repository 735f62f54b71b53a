"""The mean of L draws: it is unbiased, and its variance is that of one draw over L (problem 1.4 of the exercise).

Draws are functions ``z_l`` on a sample space with the law P: the estimator is ``1/L sum_l f(z_l(omega))``.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import sympy
from sympy import Sum

from derivations.conversion import Conversion, everywhere, in_turn, prove_equal, simplify
from derivations.delta import contract
from derivations.derivation import Derivation, Lemma, Reason, derive
from derivations.document import fragments
from derivations.expectation import apart, under
from derivations.hypothesis import supposing
from derivations.integrability import supposed_by_terms
from derivations.kernel import Term, Theorem
from derivations.notation import Delta, E, Family, Index, Mapping, Natural, Point, to_kernel


def _linearity(point: Point, law: Any, conversion: Conversion) -> Lemma:
    """Linearity of the expectation over the point, by a conversion, for integrable monomials."""
    variable, density = to_kernel(point), to_kernel(law)

    def prove(left: Term, right: Term) -> Theorem:
        return supposed_by_terms(prove_equal(left, right, in_turn(conversion, simplify)), variable, density)

    return Lemma("linearity of the expectation", prove)


def _over_draws(omega: Point, law: Any) -> Lemma:
    return _linearity(omega, law, under(to_kernel(omega), to_kernel(law)))


@cache
def monte_carlo_mean() -> Derivation:
    """``E[1/L sum_l f(z_l)] = E_q[f(z)]``."""
    with sympy.evaluate(False):
        omega, z, l, L = Point("omega"), Point("z"), Index("l"), Natural("L")
        law, q, f, draw = Family("P")(omega), Family("q")(z), Mapping("f"), Mapping("z", "z")
        value = f(draw(l, omega))
        same_law = everywhere(supposing(E(law, value), E(q, f(z))))
        return derive(
            "monte-carlo-mean",
            "The mean of L draws is unbiased",
            "problem 1.4",
            [
                E(law, (1 / L) * Sum(value, (l, 1, L))),
                ((1 / L) * Sum(E(law, value), (l, 1, L)), _over_draws(omega, law)),
                ((1 / L) * Sum(E(q, f(z)), (l, 1, L)), Reason("each draw has the law q", same_law)),
                (E(q, f(z)), Reason("a sum of L equal terms", simplify)),
            ],
        )


@cache
def monte_carlo_variance() -> Derivation:
    """``E[(1/L sum_l f(z_l) - m)^2] = 1/L E_q[(f(z) - m)^2]`` with ``m = E_q[f(z)]``, for independent draws."""
    with sympy.evaluate(False):
        omega, z, k, l, L = Point("omega"), Point("z"), Index("k"), Index("l"), Natural("L")
        law, q, f, draw = Family("P")(omega), Family("q")(z), Mapping("f"), Mapping("z", "z")
        f_k, f_l, mean = f(draw(k, omega)), f(draw(l, omega)), E(q, f(z))
        linear = _over_draws(omega, law)
        same_law = Reason(
            "each draw has the law q",
            in_turn(
                everywhere(
                    supposing(E(law, f_k), mean),
                    supposing(E(law, f_l), mean),
                    supposing(E(law, f_k**2), E(q, f(z) ** 2)),
                ),
                simplify,
            ),
        )
        distinct = 1 - Delta(k, l)
        independent = Reason(
            "draws k and l are independent unless k = l",
            in_turn(
                everywhere(supposing(distinct * E(law, f_k) * E(law, f_l), distinct * E(law, f_k * f_l))), simplify
            ),
        )

        def double(term: Any) -> Any:
            return (1 / L**2) * Sum(Sum(term, (l, 1, L)), (k, 1, L))

        return derive(
            "monte-carlo-variance",
            "The variance of the mean of L independent draws",
            "problem 1.4",
            [
                E(law, ((1 / L) * Sum(f_l, (l, 1, L)) - mean) ** 2),
                (E(law, ((1 / L) * Sum(f_l - mean, (l, 1, L))) ** 2), Reason("a sum of L equal terms", simplify)),
                (double(E(law, (f_k - mean) * (f_l - mean))), linear),
                (double(E(law, f_k * f_l) - mean * E(law, f_k) - mean * E(law, f_l) + mean**2), linear),
                (double(E(law, f_k * f_l) - mean**2), same_law),
                (
                    double(Delta(k, l) * E(law, f_k * f_l) + distinct * E(law, f_k) * E(law, f_l) - mean**2),
                    independent,
                ),
                (double(Delta(k, l) * (E(law, f_k * f_l) - mean**2)), same_law),
                (
                    (1 / L**2) * Sum(E(law, f_k**2) - mean**2, (k, 1, L)),
                    Reason("sum with a Kronecker delta", contract),
                ),
                ((1 / L**2) * Sum(E(q, f(z) ** 2) - mean**2, (k, 1, L)), same_law),
                ((1 / L) * (E(q, f(z) ** 2) - mean**2), Reason("a sum of L equal terms", simplify)),
                ((1 / L) * E(q, (f(z) - mean) ** 2), _linearity(z, q, everywhere(apart(to_kernel(z), to_kernel(q))))),
            ],
        )


DERIVATIONS = {
    "monte-carlo-mean": monte_carlo_mean,
    "monte-carlo-variance": monte_carlo_variance,
}

if __name__ == "__main__":
    print(fragments(DERIVATIONS), end="")
