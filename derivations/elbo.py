"""The evidence lower bound: how log p(x) splits, why it is a bound, and its other forms (problems 1.1 to 1.4)."""

from __future__ import annotations

from functools import cache, partial

import sympy
from sympy import Integral, log

from derivations.concavity import jensen
from derivations.conversion import (
    Conversion,
    everywhere,
    expand,
    expand_log,
    in_turn,
    unfold_conditional,
)
from derivations.derivation import Derivation, Lemma, Reason, by_theorem, derive
from derivations.document import fragments
from derivations.expectation import under
from derivations.inequality import rearranged
from derivations.kl_property import kl_nonnegative
from derivations.marginalisation import integrate_out
from derivations.notation import KL, E, Family, Point, to_kernel
from derivations.reason import DIVERGENCE, EXPECTATION

X, Y, Z = Point("x"), Point("y"), Point("z")
P, Q = Family("p"), Family("q")
JOINT = frozenset({"p"})

BAYES = Reason("Bayes' rule", in_turn(everywhere(unfold_conditional("p")), expand))
ONE = Reason("multiply by one", expand)
PRODUCT_RULE = Reason(
    "product rule, logarithm of a product",
    in_turn(everywhere(unfold_conditional("p")), everywhere(expand_log), expand),
)


def _linear(under_q: Conversion) -> Reason:
    return Reason(
        "logarithm of a product, linearity of the expectation", in_turn(under_q, everywhere(expand_log), expand)
    )


@cache
def elbo_gap(x: Point = X, z: Point = Z) -> Derivation:
    """``log p(x) = E_q[log p(x|z)] - KL(q(z|x) || p(z)) + KL(q(z|x) || p(z|x))``."""
    with sympy.evaluate(False):
        p, q = P, Q
        under_q = under(to_kernel(z), to_kernel(q(z | x)))
        bayes = p(x | z) * p(z) / p(z | x)
        return derive(
            "elbo-gap",
            "The evidence is the ELBO plus the divergence from the posterior",
            "problem 1.1",
            [
                log(p(x)),
                (E(q(z | x), log(p(x))), Reason("expectation of a constant", under_q)),
                (E(q(z | x), log(bayes)), BAYES),
                (E(q(z | x), log(bayes * (q(z | x) / q(z | x)))), ONE),
                (
                    E(q(z | x), log(p(x | z)))
                    - E(q(z | x), log(q(z | x) / p(z)))
                    + E(q(z | x), log(q(z | x) / p(z | x))),
                    _linear(under_q),
                ),
                (E(q(z | x), log(p(x | z))) - KL(q(z | x), p(z)) + KL(q(z | x), p(z | x)), DIVERGENCE),
            ],
            joint=JOINT,
        )


@cache
def elbo_bound(x: Point = X, z: Point = Z) -> Derivation:
    """``log p(x) >= E_q[log p(x|z)] - KL(q(z|x) || p(z))``."""
    gap = elbo_gap(x, z)
    with sympy.evaluate(False):
        p, q = P, Q
        gibbs = kl_nonnegative(q(z | x), p(z | x), JOINT)
        elbo = E(q(z | x), log(p(x | z))) - KL(q(z | x), p(z))
        return derive(
            "elbo-bound",
            "The ELBO is a lower bound on the evidence",
            "problem 1.2",
            [
                log(p(x)),
                (elbo + KL(q(z | x), p(z | x)), Reason("the evidence identity", everywhere(by_theorem(gap)))),
                (">=", elbo, Lemma("the KL divergence is not negative", partial(rearranged, gibbs.theorems[0]))),
            ],
            joint=JOINT,
            uses=(gap, gibbs),
        )


@cache
def elbo_tight() -> Derivation:
    """``E_{p(z|x)}[log p(x|z)] - KL(p(z|x) || p(z)) = log p(x)``: the bound is attained by the posterior."""
    with sympy.evaluate(False):
        x, z, p = X, Z, P
        under_posterior = under(to_kernel(z), to_kernel(p(z | x)))
        return derive(
            "elbo-tight",
            "The ELBO equals the evidence when q is the posterior",
            "problem 1.2",
            [
                E(p(z | x), log(p(x | z))) - KL(p(z | x), p(z)),
                (E(p(z | x), log(p(x | z))) - E(p(z | x), log(p(z | x) / p(z))), DIVERGENCE),
                (E(p(z | x), log(p(x | z) * p(z) / p(z | x))), _linear(under_posterior)),
                (E(p(z | x), log(p(x))), BAYES),
                (log(p(x)), Reason("expectation of a constant", under_posterior)),
            ],
            joint=JOINT,
        )


@cache
def elbo_jensen() -> Derivation:
    """``log p(x) = log E_q[p(x,z) / q(z|x)] >= E_q[log p(x,z) / q(z|x)]``, and this is the ELBO."""
    with sympy.evaluate(False):
        x, z, p, q = X, Z, P, Q
        under_q = under(to_kernel(z), to_kernel(q(z | x)))
        weight = p(x, z) / q(z | x)
        return derive(
            "elbo-jensen",
            "The ELBO is a lower bound on the evidence, through Jensen's inequality",
            "problem 1.2",
            [
                log(p(x)),
                (log(Integral(p(x, z), z)), Reason("marginal density", everywhere(integrate_out()))),
                (log(Integral(q(z | x) * weight, z)), ONE),
                (
                    log(E(q(z | x), weight)),
                    EXPECTATION,
                ),
                (">=", E(q(z | x), log(weight)), Lemma("Jensen's inequality", jensen)),
                (E(q(z | x), log(p(x | z) * (p(z) / q(z | x)))), PRODUCT_RULE),
                (E(q(z | x), log(p(x | z))) - E(q(z | x), log(q(z | x) / p(z))), _linear(under_q)),
                (E(q(z | x), log(p(x | z))) - KL(q(z | x), p(z)), DIVERGENCE),
            ],
            joint=JOINT,
        )


@cache
def elbo_terms() -> Derivation:
    """``E_q[log p(x,z)] - E_q[log q(z|x)] = E_q[log p(x|z)] - KL(q(z|x) || p(z))``: reconstruction and regulariser."""
    with sympy.evaluate(False):
        x, z, p, q = X, Z, P, Q
        under_q = under(to_kernel(z), to_kernel(q(z | x)))
        split = in_turn(under_q, PRODUCT_RULE.conversion)
        return derive(
            "elbo-terms",
            "The ELBO is the expected reconstruction less the divergence from the prior",
            "problem 1.3",
            [
                E(q(z | x), log(p(x, z))) - E(q(z | x), log(q(z | x))),
                (
                    E(q(z | x), log(p(x | z))) + E(q(z | x), log(p(z))) - E(q(z | x), log(q(z | x))),
                    Reason("product rule, linearity of the expectation", split),
                ),
                (E(q(z | x), log(p(x | z))) - E(q(z | x), log(q(z | x) / p(z))), _linear(under_q)),
                (E(q(z | x), log(p(x | z))) - KL(q(z | x), p(z)), DIVERGENCE),
            ],
            joint=JOINT,
        )


@cache
def elbo_sampled() -> Derivation:
    """``E_q[log p(x|z)] - KL(q(z|x) || p(z)) = E_q[log p(x,z) - log q(z|x)]``: one expectation to be sampled."""
    with sympy.evaluate(False):
        x, z, p, q = X, Z, P, Q
        under_q = under(to_kernel(z), to_kernel(q(z | x)))
        return derive(
            "elbo-sampled",
            "The ELBO is one expectation under q",
            "problem 1.4",
            [
                E(q(z | x), log(p(x | z))) - KL(q(z | x), p(z)),
                (E(q(z | x), log(p(x | z))) - E(q(z | x), log(q(z | x) / p(z))), DIVERGENCE),
                (E(q(z | x), log(p(x | z)) - log(q(z | x)) + log(p(z))), _linear(under_q)),
                (E(q(z | x), -log(q(z | x)) + log(p(x, z))), PRODUCT_RULE),
            ],
            joint=JOINT,
        )


@cache
def elbo_conditional(x: Point = X, z: Point = Z, y: Point = Y) -> Derivation:
    """``log p(x|y) >= E_{q(z|x,y)}[log p(x|z,y)] - KL(q(z|x,y) || p(z|y))``: everything given y."""
    with sympy.evaluate(False):
        p, q = P(x | y), Q(z | (x, y))
        under_q = under(to_kernel(z), to_kernel(q))
        likelihood, prior, posterior = P(x | (y, z)), P(z | y), P(z | (x, y))
        gibbs = kl_nonnegative(q, posterior, JOINT)
        elbo = E(q, log(likelihood)) - KL(q, prior)
        return derive(
            "elbo-conditional",
            "The ELBO of a conditional model is a lower bound on the conditional evidence",
            "beyond the exercise",
            [
                log(p),
                (E(q, log(p)), Reason("expectation of a constant", under_q)),
                (E(q, log(likelihood * prior / posterior)), BAYES),
                (E(q, log(likelihood * prior / posterior * (q / q))), ONE),
                (E(q, log(likelihood)) - E(q, log(q / prior)) + E(q, log(q / posterior)), _linear(under_q)),
                (elbo + KL(q, posterior), DIVERGENCE),
                (">=", elbo, Lemma("the KL divergence is not negative", partial(rearranged, gibbs.theorems[0]))),
            ],
            joint=JOINT,
            uses=(gibbs,),
        )


DERIVATIONS = {
    "elbo-gap": elbo_gap,
    "elbo-bound": elbo_bound,
    "elbo-tight": elbo_tight,
    "elbo-jensen": elbo_jensen,
    "elbo-terms": elbo_terms,
    "elbo-sampled": elbo_sampled,
    "elbo-conditional": elbo_conditional,
}

if __name__ == "__main__":
    print(fragments(DERIVATIONS), end="")
