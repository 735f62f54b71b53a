"""How many outputs an encoder needs for a diagonal and for a full covariance (problem 2.4 of the exercise)."""

from __future__ import annotations

from functools import cache

import sympy
from sympy import Sum

from derivations.conversion import congruence, simplify, telescoped, transitivity
from derivations.derivation import Derivation, Lemma, Reason, derive
from derivations.document import fragments
from derivations.kernel import Term, Theorem, infer
from derivations.notation import Index, Natural, to_kernel


@cache
def covariance_parameters() -> Derivation:
    """``D + D = 2 D`` outputs for mean and variances, ``D + D (D + 1)/2`` for mean and a full covariance."""
    with sympy.evaluate(False):
        i, D = Index("i"), Natural("D")
        below, above = i * (i - 1) / 2, (i + 1) * i / 2
        ones, rows = Sum(1, (i, 1, D)), Sum(i, (i, 1, D))
        steps = Sum(above - below, (i, 1, D))
        count = Reason("D entries each", simplify)

        whole = telescoped(*map(to_kernel, (i, D, below, above - below)))

        def summed_up(left: Term, right: Term) -> Theorem:
            summed = congruence(left, (1,), whole)
            return transitivity(summed, infer("field", summed.sides[1], right))

        return derive(
            "covariance-parameters",
            "The outputs of an encoder with a diagonal and with a full covariance",
            "problem 2.4",
            [ones + ones, (D + D, count), (2 * D, count)],
            [
                ones + rows,
                (D + rows, count),
                (D + steps, Reason("a difference of successive terms", simplify)),
                (D + D * (D + 1) / 2, Lemma("telescoping sum", summed_up)),
            ],
        )


DERIVATIONS = {
    "covariance-parameters": covariance_parameters,
}

if __name__ == "__main__":
    print(fragments(DERIVATIONS), end="")
