"""Exponential families: the KL divergence as a Bregman divergence of the log-partition function, and families by name.

A density is ``q(x) = h(x) exp(sum_i eta_i T_i(x) - A)`` with natural parameters eta, sufficient statistics T, base
measure h and log-partition A. What a family needs besides is the mean of its statistics, which is supposed and printed.
Points of the space of x may be counted or measured: the theorems hold for either.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import sympy
from sympy import Integer, Integral, Sum, exp, log

from derivations.conversion import (
    Conversion,
    congruence,
    everywhere,
    expand,
    expand_log,
    in_turn,
    simplify,
    unfold_kl,
)
from derivations.derivation import Derivation, Reason, derive
from derivations.derivative import differentiate
from derivations.document import fragments
from derivations.expectation import under
from derivations.hypothesis import supposing
from derivations.kernel import KernelError, Term, Theorem
from derivations.notation import KL, D, E, Index, Mapping, Natural, Parameter, Point, Vector, to_kernel

X = Point("x")
Q, P = Mapping("q"), Mapping("p")


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


def reasons(q: Any, p: Any, means: Sequence[tuple[Any, Any]]) -> tuple[Reason, Reason, Reason]:
    """Definition, densities with linearity, and means, for the laws q and p of x."""
    under_q = under(to_kernel(X), to_kernel(Q(X)))
    densities = everywhere(*(in_logarithms(supposing(law, formula)) for law, formula in ((Q(X), q), (P(X), p))))
    logs = in_turn(densities, under_q, everywhere(expand_log), simplify)
    mean = everywhere(*(supposing(mean, value) for mean, value in means))
    known = in_turn(mean, everywhere(expand_log), simplify, mean, everywhere(expand_log), simplify)
    return (
        Reason("definition of the KL divergence", everywhere(unfold_kl)),
        Reason("logarithm of the densities, linearity of the expectation", logs),
        Reason("means of the sufficient statistics", known),
    )


@cache
def kl_exponential_family() -> Derivation:
    """``KL(q || p) = A(theta) - A(eta) - sum_i (theta_i - eta_i) m_i`` with ``m_i = E_q[T_i]``."""
    with sympy.evaluate(False):
        eta, theta, m = Vector("eta"), Vector("theta"), Vector("m")
        h, t, a = Mapping("h"), Mapping("T"), Mapping("A")
        i, n = Index("i"), Natural("n")
        q, p = (h(X) * exp(Sum(v[i] * t(i, X), (i, 1, n)) - a(v)) for v in (eta, theta))
        definition, logs, means = reasons(q, p, [(E(Q(X), t(i, X)), m[i])])
        return derive(
            "kl-exponential-family",
            "The divergence within an exponential family is a Bregman divergence of its log-partition function",
            "beyond the exercise",
            [
                KL(Q(X), P(X)),
                (E(Q(X), log(Q(X) / P(X))), definition),
                (a(theta) - a(eta) - Sum((theta[i] - eta[i]) * E(Q(X), t(i, X)), (i, 1, n)), logs),
                (a(theta) - a(eta) - Sum((theta[i] - eta[i]) * m[i], (i, 1, n)), means),
            ],
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


DERIVATIONS = {"exponential-family-mean": exponential_family_mean, "kl-exponential-family": kl_exponential_family}

if __name__ == "__main__":
    print(fragments(DERIVATIONS), end="")
