"""Where the divergence of a normal from N(0, 1) is least (problem 1.3 of the exercise)."""

from __future__ import annotations

from functools import cache

import sympy
from sympy import Rational, log

from derivations.change_of_variables import log_density
from derivations.conversion import (
    everywhere,
    expand_log,
    in_turn,
    monomials,
    powers,
    simplify,
    subterms,
    unfold_kl,
)
from derivations.derivation import Derivation, Lemma, Reason, derive
from derivations.derivative import differentiate
from derivations.document import fragments
from derivations.expectation import moments
from derivations.inequality import rearranged
from derivations.kernel import KernelError, Term, Theorem, infer, multiply, number
from derivations.notation import KL, D, Index, Normal, Parameter, Point
from derivations.score import under_derivative

ZERO, ONE, HALF = sympy.Integer(0), sympy.Integer(1), Rational(1, 2)


def _closed(term: Term) -> Theorem:
    """The divergence of two normals as a polynomial in their parameters and logarithms."""
    if term.head != "kl":
        raise KernelError("not a divergence")
    return in_turn(everywhere(unfold_kl), log_density, everywhere(moments), simplify)(term)


def _differentiated(term: Term) -> Theorem:
    """Derivatives of the divergence, also repeated ones, by the rules for its closed form."""
    inside = in_turn(everywhere(_closed, _differentiated), simplify)
    try:
        return under_derivative(inside)(term)
    except KernelError:
        return differentiate(term)


def _log_bound(smaller: Term, larger: Term) -> Theorem:
    """The larger side holds ``-1/2 log t``, which is at least ``-1/2 (t - 1)``."""
    (t,) = [found.args[0] for _, found in subterms(larger) if found.head == "log"]
    return rearranged(infer("log_bound", t), smaller, larger, number("1/2"))


def _square(smaller: Term, larger: Term) -> Theorem:
    """The sides differ by a positive number times a square."""
    ((coefficient, monomial),) = monomials(larger - smaller)
    base = multiply(*powers([(atom, exponent // 2) for atom, exponent in monomial]))
    return rearranged(infer("square", base), smaller, larger, number(coefficient))


CLOSED = Reason(
    "densities, mean and variance of the normal", in_turn(everywhere(_closed), everywhere(expand_log), simplify)
)
DERIVATIVE = Reason("closed form, rules of differentiation", in_turn(everywhere(_differentiated), simplify))
FIELD = Lemma("by rearranging", lambda left, right: infer("field", left, right))
LOG_BOUND = Lemma("log t is at most t - 1", _log_bound)
SQUARE = Lemma("squares are not negative", _square)


@cache
def kl_normal_minimum() -> Derivation:
    """KL(N(mu, sigma^2) || N(0, 1)) >= 0 = KL(N(0, 1) || N(0, 1)), with its gradient and its second derivatives.

    The gradient vanishes only at mu = 0, sigma = 1, since ``mu = d KL / d mu`` and ``sigma - 1 = sigma / (sigma + 1)
    d KL / d sigma``; the second derivatives 1, 0 and ``1 + 1 / sigma^2`` are those of a convex function.
    """
    with sympy.evaluate(False):
        z, mu, sigma, j = Point("z"), Parameter("mu"), Parameter("sigma"), Index("j")
        q, p = Normal(z, mu, sigma**2, (j, 1)), Normal(z, 0, 1, (j, 1))
        divergence, slope = KL(q, p), D(KL(q, p), sigma)
        closed = HALF * (mu**2 + sigma**2 - 1 - log(sigma**2))
        return derive(
            "kl-normal-minimum",
            "The divergence from N(0, 1) is convex, with its one stationary point, the minimum, at mu = 0, sigma = 1",
            "problem 1.3",
            [divergence, (closed, CLOSED), (">=", HALF * mu**2, LOG_BOUND), (">=", ZERO, SQUARE)],
            [KL(p, p), (ZERO, CLOSED)],
            [D(divergence, mu), (mu, DERIVATIVE)],
            [slope, (sigma - 1 / sigma, DERIVATIVE)],
            [
                sigma - 1,
                (sigma / (sigma + 1) * (sigma - 1 / sigma), FIELD),
                (sigma / (sigma + 1) * slope, DERIVATIVE),
            ],
            [D(D(divergence, mu), mu), (ONE, DERIVATIVE)],
            [D(slope, mu), (ZERO, DERIVATIVE)],
            [D(slope, sigma), (1 + 1 / sigma**2, DERIVATIVE), (">=", ONE, SQUARE)],
        )


DERIVATIONS = {
    "kl-normal-minimum": kl_normal_minimum,
}

if __name__ == "__main__":
    print(fragments(DERIVATIONS), end="")
