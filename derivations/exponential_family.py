"""Exponential families: the KL divergence as a Bregman divergence of the log-partition function, and the entropy.

A density is ``q(x) = h(x) exp(sum_k eta_k T_k(x) - A_q)`` with natural parameters eta, sufficient statistics T, base
measure h and the value A_q of the log-partition function, A_p for p. What a family needs besides is the mean of its
statistics, which is supposed and printed. Points of the space of x may be counted or measured: the theorems hold for
either.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import sympy
from sympy import Integer, Integral, Sum, exp, log

from derivations.conversion import (
    Conversion,
    by_equation,
    congruence,
    everywhere,
    expand,
    expand_log,
    in_turn,
    prove_equal,
    simplify,
    unfold_kl,
)
from derivations.derivation import Derivation, Lemma, Reason, derive
from derivations.derivative import differentiate
from derivations.document import fragments
from derivations.expectation import under
from derivations.exponential_form import of_laws, specialised
from derivations.hypothesis import supposing
from derivations.integrability import supposed_by_terms
from derivations.kernel import KernelError, Term, Theorem
from derivations.notation import KL, D, E, Index, Mapping, Natural, Parameter, Point, to_kernel
from derivations.reason import DIVERGENCE

X, K, N = Point("x"), Index("k"), Natural("n")
Q, P = Mapping("q"), Mapping("p")
H, T, M, ETA, THETA = map(Mapping, ("h", "T", "m", "eta", "theta"))
A_Q, A_P = Parameter("A_q"), Parameter("A_p")
MEANS = Reason("means of the sufficient statistics", in_turn(everywhere(supposing(E(Q(X), T(K, X)), M(K))), simplify))


def in_logarithms(conversion: Conversion) -> Conversion:
    """Convert everywhere inside logarithms, and nowhere else: the law of an expectation keeps its name."""

    def convert(term: Term) -> Theorem:
        if term.head != "log":
            raise KernelError("not a logarithm")
        inner = everywhere(conversion)(term.args[0])
        if inner.sides[0] == inner.sides[1]:
            raise KernelError("nothing to convert")
        return congruence(term, (0,), inner)

    return convert


def logarithms(q: Any, p: Any) -> Lemma:
    """The logarithms of the laws q and p of x opened, and the expectation under q taken apart."""
    under_q = under(to_kernel(X), to_kernel(Q(X)))
    densities = everywhere(*(in_logarithms(supposing(law, formula)) for law, formula in ((Q(X), q), (P(X), p))))
    logs = in_turn(densities, under_q, everywhere(expand_log), simplify)

    def prove(left: Term, right: Term) -> Theorem:
        return supposed_by_terms(prove_equal(left, right, logs), to_kernel(X), to_kernel(Q(X)))

    return Lemma("logarithm of the densities, linearity of the expectation", prove)


@cache
def kl_exponential_family() -> Derivation:
    """``KL(q || p) = A_p - A_q - sum_k (theta_k - eta_k) m_k`` with ``m_k = E_q[T_k]``."""
    with sympy.evaluate(False):
        laws = ((ETA(K), A_Q), (THETA(K), A_P))
        q, p = (H(X) * exp(Sum(v * T(K, X), (K, 1, N)) - a) for v, a in laws)
        mean = E(Q(X), T(K, X))
        return derive(
            "kl-exponential-family",
            "The divergence within an exponential family is a Bregman divergence of its log-partition function",
            "beyond the exercise",
            [
                KL(Q(X), P(X)),
                (E(Q(X), log(Q(X) / P(X))), DIVERGENCE),
                (A_P - A_Q - Sum((THETA(K) - ETA(K)) * mean, (K, 1, N)), logarithms(q, p)),
                (A_P - A_Q - Sum((THETA(K) - ETA(K)) * M(K), (K, 1, N)), MEANS),
            ],
        )


@cache
def entropy_exponential_family() -> Derivation:
    """``-E_q[log q] = A_q - sum_k eta_k m_k`` for h = 1: the divergence from the law that is 1 everywhere."""
    divergence = kl_exponential_family()
    with sympy.evaluate(False):
        one, zero = Integer(1), Integer(0)
        q = exp(Sum(ETA(K) * T(K, X), (K, 1, N)) - A_Q)
        mean = E(Q(X), T(K, X))
        values = (T(K, X), T(K, X)), (H(X), one), (P(X), one), (THETA(K), zero), (A_P, zero)
        whole = specialised(divergence.theorems[0], X, Q(X), M(K), *values)
        bregman = everywhere(by_equation(of_laws(whole, (Q(X), q), (one, one))))
        return derive(
            "entropy-exponential-family",
            "The entropy of an exponential family",
            "beyond the exercise",
            [
                -E(Q(X), log(Q(X))),
                (-KL(Q(X), one, X), Reason("definition of the KL divergence", in_turn(everywhere(unfold_kl), expand))),
                (
                    A_Q - Sum(ETA(K) * mean, (K, 1, N)),
                    Reason("the divergence within an exponential family", in_turn(bregman, simplify)),
                ),
                (A_Q - Sum(ETA(K) * M(K), (K, 1, N)), MEANS),
            ],
            uses=(divergence,),
        )


@cache
def exponential_family_mean() -> Derivation:
    """``E_q[T] = A'(eta)`` for ``q(x) = h(x) exp(eta T(x) - A(eta))``, by differentiating ``int q dx = 1``."""
    with sympy.evaluate(False):
        eta, t = Parameter("eta"), Parameter("t")
        h, statistic, a = Mapping("h"), Mapping("T"), Mapping("A")

        def law(parameter: Any) -> Any:
            return h(X) * exp(parameter * statistic(X) - a(parameter))

        whole = D(Integral(law(t), X), t, eta)
        inside = Integral(D(law(t), t, eta), X)
        over_x = under(to_kernel(X), None)
        calculus = in_turn(everywhere(differentiate), expand, over_x, expand)
        normalised = everywhere(*(supposing(Integral(law(v), X), Integer(1)) for v in (t, eta)))
        interchange = in_turn(everywhere(supposing(whole, inside)), normalised, expand)
        constant = in_turn(normalised, everywhere(differentiate), expand)
        return derive(
            "exponential-family-mean",
            "The mean of the sufficient statistic is the derivative of the log-partition function",
            "beyond the exercise",
            [
                Integral(law(eta) * statistic(X), X),
                (inside + D(a(eta), eta) * Integral(law(eta), X), Reason("derivative of the density", calculus)),
                (whole + D(a(eta), eta), Reason("derivative under the integral, normalisation", interchange)),
                (D(a(eta), eta), Reason("derivative of a constant", constant)),
            ],
        )


DERIVATIONS = {
    "exponential-family-mean": exponential_family_mean,
    "kl-exponential-family": kl_exponential_family,
    "entropy-exponential-family": entropy_exponential_family,
}

if __name__ == "__main__":
    print(fragments(DERIVATIONS), end="")
