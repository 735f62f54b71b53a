"""Two latent layers, u above z above x: the bound for one layer, used twice."""

from __future__ import annotations

from functools import cache, partial

import sympy
from sympy import log

from derivations.concavity import expectation_inequality
from derivations.conversion import everywhere, expand, in_turn
from derivations.derivation import Derivation, Lemma, Reason, derive
from derivations.document import fragments
from derivations.elbo import elbo_bound, elbo_conditional
from derivations.expectation import apart
from derivations.hypothesis import supposing
from derivations.inequality import rearranged
from derivations.kernel import Term, Theorem, infer
from derivations.notation import KL, E, Family, Point, to_kernel


@cache
def elbo_hierarchical() -> Derivation:
    """``log p(x) >= E_u E_z[log p(x|z)] - E_u[KL(q(z|x,u) || p(z|u))] - KL(q(u|x) || p(u))``, u under q(u|x)."""
    with sympy.evaluate(False):
        x, z, u, p, q = Point("x"), Point("z"), Point("u"), Family("p"), Family("q")
        top, bottom = q(u | x), q(z | (x, u))
        outer = to_kernel(u), to_kernel(top)
        first, second = elbo_bound(x, u), elbo_conditional(x, z, u)

        divergence = KL(bottom, p(z | u))
        markov = everywhere(supposing(p(x | (z, u)), p(x | z)))

        def lower_layer(small: Term, big: Term) -> Theorem:
            (bound,) = second.theorems
            chain = infer("rewrite", bound, markov(bound.sides[0]), (0,))
            return rearranged(expectation_inequality(*outer, chain), small, big)

        return derive(
            "elbo-hierarchical",
            "The ELBO of two latent layers",
            "beyond the exercise",
            [
                log(p(x)),
                (
                    ">=",
                    E(top, log(p(x | u))) - KL(top, p(u)),
                    Lemma("the ELBO for the layer u is a lower bound", partial(rearranged, first.theorems[0])),
                ),
                (
                    ">=",
                    E(top, E(bottom, log(p(x | z))) - divergence) - KL(top, p(u)),
                    Lemma(
                        "the ELBO for the layer z, given u; given z, the observation does not depend on u", lower_layer
                    ),
                ),
                (
                    E(top, E(bottom, log(p(x | z)))) - E(top, divergence) - KL(top, p(u)),
                    Reason("linearity of the expectation", in_turn(everywhere(apart(*outer)), expand)),
                ),
            ],
            joint=frozenset({"p"}),
            uses=(first, second),
        )


DERIVATIONS = {"elbo-hierarchical": elbo_hierarchical}

if __name__ == "__main__":
    print(fragments(DERIVATIONS), end="")
