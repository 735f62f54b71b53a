"""The divergence from the prior, averaged over the data x ~ q(x): mutual information, total correlation, and the rest.

The family q is the joint density of data and codes: q(x) is the density of the data, q(z|x) the encoder, and
q(z), the integral of q(z|x) q(x) over x, the aggregate posterior.
"""

from __future__ import annotations

from functools import cache

import sympy
from sympy import Integral, Product, Sum, log

from derivations.conversion import (
    everywhere,
    expand,
    expand_log,
    in_turn,
    simplify,
    unfold_conditional,
    unfold_expectation,
    unfold_kl,
)
from derivations.derivation import Derivation, Reason, by_theorem, derive
from derivations.document import fragments
from derivations.expectation import under
from derivations.hypothesis import supposing
from derivations.marginalisation import integrate_out
from derivations.nested import constant_outside, under_all
from derivations.notation import KL, E, Family, Index, Mapping, Natural, Point, to_kernel
from derivations.reason import DIVERGENCE

X, Z = Point("x"), Point("z")
P, Q = Family("p"), Family("q")
JOINT = frozenset({"q"})


@cache
def elbo_surgery() -> Derivation:
    """``E_{q(x)}[KL(q(z|x) || p(z))] = I(x; z) + KL(q(z) || p(z))``, and what the mutual information I is."""
    with sympy.evaluate(False):
        x, z, p, q = X, Z, P, Q
        outer, inner = ((to_kernel(v), to_kernel(d)) for v, d in ((x, q(x)), (z, q(z | x))))
        conditional = everywhere(unfold_conditional("q"))
        both = in_turn(everywhere(unfold_kl), under_all(outer, inner), everywhere(expand_log), expand)
        opened = everywhere(unfold_kl, unfold_expectation)
        product = in_turn(opened, conditional, everywhere(constant_outside), expand)
        marginal = in_turn(opened, everywhere(integrate_out()), expand)
        ratio = log(q(z) / p(z))
        order = supposing(Integral(Integral(q(x, z) * ratio, z), x), Integral(Integral(q(x, z) * ratio, x), z))
        information = E(q(x), KL(q(z | x), q(z)))
        return derive(
            "elbo-surgery",
            "The average divergence from the prior is the mutual information plus that of the aggregate posterior",
            "beyond the exercise",
            [
                E(q(x), KL(q(z | x), p(z))),
                (E(q(x), E(q(z | x), log(q(z | x) / p(z)))), DIVERGENCE),
                (E(q(x), E(q(z | x), log(q(z | x) / q(z) * (q(z) / p(z))))), Reason("multiply by one", expand)),
                (
                    information + E(q(x), E(q(z | x), ratio)),
                    Reason("logarithm of a product, linearity of both expectations", both),
                ),
                (
                    information + Integral(Integral(q(x, z) * ratio, z), x),
                    Reason("product rule for q(x, z)", product),
                ),
                (
                    information + Integral(Integral(q(x, z) * ratio, x), z),
                    Reason("order of integration", everywhere(order)),
                ),
                (information + KL(q(z), p(z)), Reason("aggregate posterior", marginal)),
            ],
            [
                information,
                (
                    Integral(Integral(q(x, z) * log(q(x, z) / (q(x) * q(z))), z), x),
                    Reason("definition of the KL divergence, product rule for q(x, z)", product),
                ),
            ],
            joint=JOINT,
        )


@cache
def elbo_total_correlation() -> Derivation:
    """``E_{q(x)}[KL(q(z|x) || p(z))]`` as mutual information, total correlation and the divergences of the coordinates.

    z has J coordinates z_j; under q(z) they have the densities m_j, under p(z) they are independent with densities r_j.
    """
    surgery = elbo_surgery()
    with sympy.evaluate(False):
        x, z, s, p, q, j, J = X, Z, Point("s"), P, Q, Index("j"), Natural("J")
        m, r = Mapping("m"), Mapping("r")
        under_q = under(to_kernel(z), to_kernel(q(z)))
        marginals, prior = Product(m(j, z[j]), (j, 1, J)), Product(r(j, z[j]), (j, 1, J))
        information = E(q(x), KL(q(z | x), q(z)))
        logs = in_turn(under_q, everywhere(expand_log), simplify)
        ratio = log(m(j, z[j]) / r(j, z[j]))
        coordinate = E(m(j, s[1]), log(m(j, s[1]) / r(j, s[1])), s)
        return derive(
            "elbo-total-correlation",
            "Mutual information, total correlation, and the divergences of the coordinates",
            "beyond the exercise",
            [
                E(q(x), KL(q(z | x), p(z))),
                (information + KL(q(z), p(z)), Reason("elbo-surgery", everywhere(by_theorem(surgery)))),
                (
                    information + KL(q(z), prior, z),
                    Reason("independent coordinates of the prior", everywhere(supposing(p(z), prior))),
                ),
                (information + E(q(z), log(q(z) / prior)), DIVERGENCE),
                (information + E(q(z), log(q(z) / marginals * (marginals / prior))), Reason("multiply by one", expand)),
                (
                    information + E(q(z), log(q(z) / marginals)) + Sum(E(q(z), ratio), (j, 1, J)),
                    Reason("logarithm of a product, linearity of the expectation", logs),
                ),
                (
                    information + KL(q(z), marginals) + Sum(coordinate, (j, 1, J)),
                    Reason(
                        "densities of the coordinates, definition of the KL divergence",
                        everywhere(unfold_kl, supposing(E(q(z), ratio), coordinate)),
                    ),
                ),
                (
                    information + KL(q(z), marginals) + Sum(KL(m(j, s[1]), r(j, s[1]), s), (j, 1, J)),
                    Reason("definition of the KL divergence", everywhere(unfold_kl)),
                ),
            ],
            joint=JOINT,
            uses=(surgery,),
        )


DERIVATIONS = {"elbo-surgery": elbo_surgery, "elbo-total-correlation": elbo_total_correlation}

if __name__ == "__main__":
    print(fragments(DERIVATIONS), end="")
