"""Importance-weighted bounds with K weights, for any K (Burda, Grosse and Salakhutdinov 2016).

omega is what is drawn, K latent variables z_1, ..., z_K together; ``w_k(omega) = p(x, z_k) / q(z_k | x)`` is the weight of the
k-th.
"""

from __future__ import annotations

from functools import cache

import sympy
from sympy import Integral, Sum, log

from derivations.concavity import expectation_inequality, jensen, jensen_average
from derivations.conversion import (
    Conversion,
    congruence,
    everywhere,
    in_turn,
    prove_equal,
    simplify,
    split_sum,
    symmetry,
    transitivity,
    unfold_expectation,
)
from derivations.derivation import Derivation, Lemma, Reason, derive
from derivations.document import fragments
from derivations.expectation import under
from derivations.hypothesis import supposing
from derivations.kernel import Term, Theorem, infer
from derivations.marginalisation import integrate_out
from derivations.nested import inside
from derivations.notation import E, Family, Index, Mapping, Natural, Point, to_kernel
from derivations.reason import EXPECTATION

SUM = Reason("linearity of the sum", simplify)


@cache
def iwae_lower_bound() -> Derivation:
    """``E[log 1/K sum_k w_k] <= log p(x)``, since every weight has the mean p(x)."""
    with sympy.evaluate(False):
        x, z, omega, k, K = Point("x"), Point("z"), Point("omega"), Index("k"), Natural("K")
        p, q, w, draw = Family("p"), Family("q"), Mapping("w"), Family("Q")(Point("omega"))
        weight, ratio = w(k, omega), p(x, z) / q(z | x)
        average = (1 / K) * Sum(weight, (k, 1, K))
        linear = in_turn(under(to_kernel(omega), to_kernel(draw)), simplify)
        a_weight = everywhere(supposing(E(draw, weight), E(q(z | x), ratio)))
        means = to_kernel(E(draw, average)), to_kernel((1 / K) * Sum(E(draw, weight), (k, 1, K)))
        evaluated = in_turn(a_weight, simplify, everywhere(unfold_expectation), everywhere(integrate_out()))

        def jensen_for_average(small: Term, big: Term) -> Theorem:
            return jensen(small, big, transitivity(prove_equal(*means, linear), evaluated(means[1])))

        return derive(
            "iwae-lower-bound",
            "The importance-weighted bound is a lower bound on the evidence",
            "beyond the exercise",
            [
                E(draw, log(average)),
                ("<=", log(E(draw, average)), Lemma("Jensen's inequality", jensen_for_average)),
                (
                    log((1 / K) * Sum(E(draw, weight), (k, 1, K))),
                    Reason("linearity of the expectation", inside(linear)),
                ),
                (
                    log((1 / K) * Sum(E(q(z | x), ratio), (k, 1, K))),
                    Reason(
                        "each weight is p(x, z) / q(z | x) of a draw z from q",
                        a_weight,
                    ),
                ),
                (log(E(q(z | x), ratio)), Reason("K equal terms", inside(SUM.conversion))),
                (
                    log(Integral(p(x, z), z)),
                    EXPECTATION,
                ),
                (log(p(x)), Reason("marginal density", everywhere(integrate_out()))),
            ],
            joint=frozenset({"p"}),
        )


@cache
def iwae_monotone() -> Derivation:
    """``E[log 1/N sum_{k<=N} w_k] <= E[log 1/K sum_{k<=K} w_k]`` for K = N + 1: another sample does not lower the bound."""
    with sympy.evaluate(False):
        omega, i, k, K, N = Point("omega"), Index("i"), Index("k"), Natural("K"), Natural("N")
        w, draw = Mapping("w"), Family("Q")(Point("omega"))
        whole = Sum(w(k, omega), (k, 1, K))
        fewer = E(draw, log((1 / N) * Sum(w(k, omega), (k, 1, N))))
        others = (1 / N) * (whole - w(i, omega))
        exchangeable = everywhere(supposing(E(draw, log(others)), fewer))
        linear = in_turn(under(to_kernel(omega), to_kernel(draw)), simplify)
        averages, one_more = to_kernel((1 / K) * Sum(others, (i, 1, K))), everywhere(supposing(K, N + 1))

        def jensen_for_others(small: Term, big: Term) -> Theorem:
            average = jensen_average(small.args[1], Term("log", (averages,)))
            equal = _counted(averages, big.args[1].args[0], one_more)
            return expectation_inequality(to_kernel(omega), small.args[0], infer("rewrite", average, equal, (1, 0)))

        return derive(
            "iwae-monotone",
            "The importance-weighted bound does not fall when a sample is added",
            "beyond the exercise",
            [
                fewer,
                ((1 / K) * Sum(fewer, (i, 1, K)), Reason("K equal terms", simplify)),
                (
                    (1 / K) * Sum(E(draw, log(others)), (i, 1, K)),
                    Reason("the samples are exchangeable: it does not matter which one is left out", exchangeable),
                ),
                (E(draw, (1 / K) * Sum(log(others), (i, 1, K))), Reason("linearity of the expectation", linear)),
                (
                    "<=",
                    E(draw, log((1 / K) * whole)),
                    Lemma(
                        "Jensen's inequality for the average over i, where each sample counts N times",
                        jensen_for_others,
                    ),
                ),
            ],
        )


def _counted(average: Term, wanted: Term, one_more: Conversion) -> Theorem:
    """``1/K sum_i 1/N (sum_k w_k - w_i) = 1/K sum_k w_k``, for K = N + 1."""
    taken = congruence(average, (1,), split_sum(average.args[1]))
    left, right = one_more(taken.sides[1]), one_more(wanted)
    return transitivity(taken, left, infer("field", left.sides[1], right.sides[1]), symmetry(right))


DERIVATIONS = {"iwae-lower-bound": iwae_lower_bound, "iwae-monotone": iwae_monotone}

if __name__ == "__main__":
    print(fragments(DERIVATIONS), end="")
