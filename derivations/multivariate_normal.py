"""The divergence of two multivariate normals with full covariances, written in indices.

The normal q of mean mu and covariance ``A A'`` is given through the inverse B of A, and that ``eps -> mu + A eps`` is a
bijection of volume factor a, which is the absolute value of the determinant of A; the normal p of mean nu through the
inverse P of its covariance, and the root c of the determinant of that covariance.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import sympy
from sympy import Rational, Sum, exp, log, pi, sqrt

from derivations.change_of_variables import transported
from derivations.conversion import everywhere, expand_log, in_turn, simplify, unfold_kl, unfold_log_normal
from derivations.derivation import Derivation, Reason, derive
from derivations.document import fragments
from derivations.double_sum import inverse
from derivations.hypothesis import supposing
from derivations.notation import (
    KL,
    Delta,
    E,
    Family,
    Index,
    Matrix,
    Natural,
    Normal,
    Parameter,
    Point,
    PointOf,
    Vector,
    to_kernel,
)
from derivations.reason import COVARIANCE

HALF = Rational(1, 2)
LINEAR = Reason("linearity of the sum", simplify)


@cache
def kl_multivariate_normal() -> Derivation:
    """``1/2 (tr(P A A') + (mu - nu)' P (mu - nu) - J) + log c - log a``, and ``1/2 (tr(A A') + mu' mu - J) - log a``."""
    with sympy.evaluate(False):
        z, eps, mu, nu = Point("z"), Point("epsilon"), Vector("mu"), Vector("nu")
        A, B, P = map(Matrix, "ABP")
        a, c, J, (i, j, k, l) = Parameter("a"), Parameter("c"), Natural("J"), map(Index, "ijkl")
        q, p, standard = Family("q")(z), Family("p")(z), Normal(eps, 0, 1, (j, J))

        def quadratic(deviation: Any) -> Any:
            return Sum(Sum(deviation(j) * P[j, l] * deviation(l), (l, 1, J)), (j, 1, J))

        def image(row: Index) -> Any:
            return mu[row] + Sum(A[row, k] * eps[k], (k, 1, J))

        squares = Sum(Sum(B[i, j] * (z[j] - mu[j]), (j, 1, J)) ** 2, (i, 1, J))
        density_q = 1 / (sqrt((2 * pi) ** J) * a) * exp(-HALF * squares)
        density_p = 1 / (sqrt((2 * pi) ** J) * c) * exp(-HALF * quadratic(lambda m: z[m] - nu[m]))
        written = everywhere(supposing(q, density_q), supposing(p, density_p))
        row, delta, column, point, size = map(to_kernel, (Sum(B[i, j] * A[j, k], (j, 1, J)), Delta(i, k), k, eps, J))
        identity = everywhere(inverse(row, delta, column, point, size))
        moved, factor, base = map(to_kernel, (PointOf(z, image(j), (j, J)), a, standard))
        law = transported(to_kernel(q), to_kernel(density_q), moved, factor, base, identity)
        spread, shift = Sum(A[j, k] * A[l, k], (k, 1, J)), (mu[j] - nu[j]) * P[j, l] * (mu[l] - nu[l])
        trace = Sum(Sum(P[j, l] * spread, (l, 1, J)), (j, 1, J))
        distance = quadratic(lambda m: mu[m] - nu[m])
        prior, rows = Normal(z, 0, 1, (j, J)), Sum(Sum(A[j, k] ** 2, (k, 1, J)), (j, 1, J))
        of_prior = everywhere(supposing(q, density_q), unfold_log_normal)
        return derive(
            "kl-multivariate-normal",
            "The divergence of two multivariate normals",
            "beyond the exercise",
            [
                KL(q, p),
                (E(q, log(q / p)), Reason("definition of the KL divergence", everywhere(unfold_kl))),
                (
                    E(q, log(c) - log(a) + HALF * quadratic(lambda m: z[m] - nu[m]) - HALF * squares),
                    Reason("densities", in_turn(written, everywhere(expand_log), simplify)),
                ),
                (
                    E(
                        standard,
                        log(c)
                        - log(a)
                        + HALF * quadratic(lambda m: image(m) - nu[m])
                        - HALF * Sum(eps[i] ** 2, (i, 1, J)),
                    ),
                    Reason("z = mu + A epsilon, and B A = I", in_turn(everywhere(law), simplify)),
                ),
                (
                    log(c) - log(a) + HALF * Sum(Sum(P[j, l] * spread + shift, (l, 1, J)), (j, 1, J)) - HALF * J,
                    COVARIANCE,
                ),
                (HALF * (trace + distance - J) + log(c) - log(a), LINEAR),
            ],
            [
                KL(q, prior),
                (E(q, log(q / prior)), Reason("definition of the KL divergence", everywhere(unfold_kl))),
                (
                    E(q, HALF * Sum(z[j] ** 2, (j, 1, J)) - log(a) - HALF * squares),
                    Reason("densities", in_turn(everywhere(expand_log), of_prior, everywhere(expand_log), simplify)),
                ),
                (
                    E(
                        standard,
                        HALF * Sum(image(j) ** 2, (j, 1, J)) - log(a) - HALF * Sum(eps[i] ** 2, (i, 1, J)),
                    ),
                    Reason("z = mu + A epsilon, and B A = I", in_turn(everywhere(law), simplify)),
                ),
                (HALF * (rows + Sum(mu[j] ** 2, (j, 1, J)) - J) - log(a), COVARIANCE),
            ],
        )


DERIVATIONS = {
    "kl-multivariate-normal": kl_multivariate_normal,
}

if __name__ == "__main__":
    print(fragments(DERIVATIONS), end="")
