"""The evidence lower bound: how log p(x) splits into it and a KL divergence (problem 1.1 of the exercise)."""

from __future__ import annotations

from functools import cache

import sympy
from sympy import log

from derivations.conversion import everywhere, expand, expand_log, in_turn, unfold_conditional, unfold_kl
from derivations.derivation import Derivation, Reason, derive
from derivations.document import fragments
from derivations.expectation import under
from derivations.notation import KL, E, Family, Point, to_kernel


@cache
def elbo_gap() -> Derivation:
    """``log p(x) = E_q[log p(x|z)] - KL(q(z|x) || p(z)) + KL(q(z|x) || p(z|x))``."""
    with sympy.evaluate(False):
        x, z = Point("x"), Point("z")
        p, q = Family("p"), Family("q")
        under_q = under(to_kernel(z), to_kernel(q(z | x)))
        bayes = p(x | z) * p(z) / p(z | x)

        constant = Reason("expectation of a constant", under_q)
        by_bayes = Reason("Bayes' rule", in_turn(everywhere(unfold_conditional("p")), expand))
        one = Reason("multiply by one", expand)
        logs = Reason(
            "logarithm of a product, linearity of the expectation", in_turn(under_q, everywhere(expand_log), expand)
        )
        definition = Reason("definition of the KL divergence", in_turn(everywhere(unfold_kl), expand))

        return derive(
            "elbo-gap",
            "The evidence is the ELBO plus the divergence from the posterior",
            "problem 1.1",
            [
                log(p(x)),
                (E(q(z | x), log(p(x))), constant),
                (E(q(z | x), log(bayes)), by_bayes),
                (E(q(z | x), log(bayes * (q(z | x) / q(z | x)))), one),
                (
                    E(q(z | x), log(p(x | z)))
                    - E(q(z | x), log(q(z | x) / p(z)))
                    + E(q(z | x), log(q(z | x) / p(z | x))),
                    logs,
                ),
                (E(q(z | x), log(p(x | z))) - KL(q(z | x), p(z)) + KL(q(z | x), p(z | x)), definition),
            ],
            joint=frozenset({"p"}),
        )


DERIVATIONS = {"elbo-gap": elbo_gap}

if __name__ == "__main__":
    print(fragments(DERIVATIONS), end="")
