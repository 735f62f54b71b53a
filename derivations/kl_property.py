"""What holds for every KL divergence: its sign, the chain rule, and its invariance under a change of variables."""

from __future__ import annotations

from functools import cache
from typing import Any

import sympy
from sympy import Integral, log

from derivations.concavity import above_inverse, expectation_inequality
from derivations.conversion import (
    Conversion,
    everywhere,
    expand,
    expand_log,
    in_turn,
    same,
    unfold_conditional,
    unfold_expectation,
    unfold_kl,
)
from derivations.derivation import Derivation, Lemma, Reason, derive
from derivations.document import fragments
from derivations.expectation import under
from derivations.hypothesis import supposing
from derivations.inequality import along
from derivations.kernel import Term, Theorem, infer
from derivations.nested import inside, under_all
from derivations.notation import KL, E, Family, Mapping, Point, to_kernel
from derivations.reason import DIVERGENCE

ONE = sympy.S.One


def _bound_inside(small: Term, big: Term) -> Theorem:
    """``E_q[1 - p/q] <= E_q[log(q/p)]`` for positive densities."""
    (density, ratio), z = (big.args[0], big.args[1].args[0]), big.bound
    assert z is not None
    bound = above_inverse(ratio)
    exact = along(bound, infer("field", bound.sides[0], small.args[1]), infer("reflexivity", *[bound.sides[1]] * 2))
    return expectation_inequality(z, density, exact)


@cache
def kl_nonnegative(q: Any = None, p: Any = None, joint: frozenset[str] = frozenset()) -> Derivation:
    """``KL(q || p) >= 0`` for densities q and p of z, ``q(z)`` and ``p(z)`` if nothing else is said."""
    with sympy.evaluate(False):
        z = Point("z")
        q, p = q or Family("q")(z), p or Family("p")(z)
        v = q.args[1][0]
        bound = Lemma("log t is at most t - 1, here for t = p/q; monotonicity of the expectation", _bound_inside)
        over_z = under(to_kernel(v), None)
        linear = Reason("linearity of the integral", in_turn(everywhere(unfold_expectation), over_z, expand))
        normalised = everywhere(supposing(Integral(q, v), ONE), supposing(Integral(p, v), ONE))
        one = Reason("densities integrate to one", in_turn(normalised, expand))
        return derive(
            "kl-nonnegative",
            "The KL divergence is not negative (Gibbs' inequality)",
            "problem 1.2",
            [
                KL(q, p),
                (E(q, log(q / p)), DIVERGENCE),
                (">=", E(q, 1 - p / q), bound),
                (Integral(q, v) - Integral(p, v), linear),
                (sympy.S.Zero, one),
            ],
            joint=joint,
        )


@cache
def kl_chain_rule() -> Derivation:
    """``KL(q(x,z) || p(x,z)) = KL(q(x) || p(x)) + E_{q(x)}[KL(q(z|x) || p(z|x))]``, the left side as an integral."""
    with sympy.evaluate(False):
        x, z, q, p = Point("x"), Point("z"), Family("q"), Family("p")
        outer, inner = ((to_kernel(v), to_kernel(d)) for v, d in ((x, q(x)), (z, q(z | x))))
        conditionals = everywhere(unfold_conditional("q"), unfold_conditional("p"))
        integrals = in_turn(everywhere(unfold_expectation), conditionals, inside(under(to_kernel(z), None)), expand)
        product = Reason("product rule for q(x, z)", integrals)
        logs = Reason("product rule, logarithm of a product", in_turn(conditionals, everywhere(expand_log), expand))
        both = in_turn(everywhere(unfold_kl), under_all(outer, inner), expand)
        one = in_turn(everywhere(unfold_kl), under(*outer), expand)
        return derive(
            "kl-chain-rule",
            "The divergence of two joint densities splits into that of the marginals and that of the conditionals",
            "beyond the exercise",
            [
                Integral(Integral(q(x, z) * log(q(x, z) / p(x, z)), z), x),
                (E(q(x), E(q(z | x), log(q(x, z) / p(x, z)))), product),
                (E(q(x), E(q(z | x), log(q(x) / p(x)) + log(q(z | x) / p(z | x)))), logs),
                (
                    E(q(x), log(q(x) / p(x)) + KL(q(z | x), p(z | x))),
                    Reason("linearity of the inner expectation", both),
                ),
                (KL(q(x), p(x)) + E(q(x), KL(q(z | x), p(z | x))), Reason("linearity of the outer expectation", one)),
            ],
            joint=frozenset({"p", "q"}),
        )


@cache
def kl_invariance() -> Derivation:
    """``KL(q || p) = KL(r || s)`` for the densities r, s of e that q, p of ``z = T(e)`` become."""
    with sympy.evaluate(False):
        z, e = Point("z"), Point("epsilon")
        q, p, r, s = (Family(name) for name in "qprs")
        image, factor = Mapping("T", "z")(e), Mapping("D")(e)
        transformed = q(image) * factor, p(image) * factor
        densities = everywhere(supposing(r(e), transformed[0]), supposing(s(e), transformed[1]))
        return derive(
            "kl-invariance",
            "The KL divergence does not change under a change of variables",
            "beyond the exercise",
            [
                KL(q(z), p(z)),
                (
                    Integral(q(z) * log(q(z) / p(z)), z),
                    Reason(
                        "definition of the KL divergence", in_turn(everywhere(unfold_kl, unfold_expectation), expand)
                    ),
                ),
                (
                    Integral(q(image) * log(q(image) / p(image)) * factor, e),
                    Reason("change of variables z = T(epsilon)", in_turn(_substitution(z, e, image, factor), expand)),
                ),
                (
                    Integral(transformed[0] * log(transformed[0] / transformed[1]), e),
                    Reason("multiply by one", expand),
                ),
                (
                    KL(r(e), s(e)),
                    Reason(
                        "densities of epsilon, definition of the KL divergence",
                        in_turn(everywhere(unfold_kl, unfold_expectation), densities, expand),
                    ),
                ),
            ],
        )


def _substitution(z: Point, e: Point, image: Any, factor: Any) -> Conversion:
    """``int f(z) dz = int f(T) D de`` for a map that is supposed to be one-to-one and onto."""
    variable, *others = map(to_kernel, (z, e, image, factor))

    def convert(term: Term) -> Theorem:
        if term.head != "integral" or term.bound != variable:
            return same(term)
        return infer("change_of_variables", variable, *term.args, *others)

    return convert


DERIVATIONS = {
    "kl-nonnegative": kl_nonnegative,
    "kl-chain-rule": kl_chain_rule,
    "kl-invariance": kl_invariance,
}

if __name__ == "__main__":
    print(fragments(DERIVATIONS), end="")
