"""The variational bound of a diffusion of T + 1 steps, for any T.

The data x is noised into states x_1, ..., x_(T+1), which are functions x_t(z) of the trajectory z. Forward, f_t(x_(t+1), x_t)
is the density of x_(t+1) given x_t, and m_t that of x_t given x; b_t(x_t, x_(t+1)) is the density of x_t given x_(t+1) and x.
In reverse, the model has a density r of x_(T+1), g_t(x_t, x_(t+1)) of x_t given x_(t+1), and d(x, x_1) of the data
given x_1.
"""

from __future__ import annotations

from functools import cache

import sympy
from sympy import Integral, Product, Sum, log

from derivations.concavity import jensen
from derivations.conversion import (
    everywhere,
    expand,
    expand_log,
    in_turn,
    simplify,
    transitivity,
    unfold_expectation,
    unfold_kl,
)
from derivations.derivation import Derivation, Lemma, Reason, derive
from derivations.document import fragments
from derivations.expectation import under
from derivations.hypothesis import supposing
from derivations.kernel import KernelError, Term, Theorem, infer
from derivations.marginalisation import integrate_out
from derivations.notation import KL, E, Family, Index, Mapping, Natural, Point, to_kernel


@cache
def elbo_diffusion() -> Derivation:
    """``log p(x) >= E[log d(x, x_1)] - sum_t E[KL(b_t || g_t)] - KL(m_{T+1} || r)``, t = 1..T."""
    with sympy.evaluate(False):
        x, z, s, earlier, t, T = Point("x"), Point("z"), Point("s"), Point("s'"), Index("t"), Natural("T")
        p, q, state = Family("p"), Family("q"), Mapping("x", "s")
        m, f, b, g, d, r = (Mapping(name) for name in ("m", "f", "b", "g", "d", "r"))
        law, one = q(z | x), sympy.S.One
        now, later, first, last = (state(i, z) for i in (t, t + 1, one, T + 1))
        model = d(x, first) * Product(g(t, now, later), (t, 1, T)) * r(last)
        forward = m(one, first) * Product(f(t, later, now), (t, 1, T))
        bayes = b(t, now, later) * m(t + 1, later) / m(t, now)
        chains = supposing(p(x, z), model), supposing(law, forward)
        ratio, pair = b(t, now, later) / g(t, now, later), b(t, earlier, s) / g(t, earlier, s)
        posterior = Sum(log(ratio), (t, 1, T))
        steps = Sum(log(m(t + 1, later)) - log(m(t, now)), (t, 1, T))
        laws = (
            supposing(E(law, log(d(x, first))), E(m(one, s), log(d(x, s)), s)),
            supposing(E(law, log(ratio)), E(m(t + 1, s), E(b(t, earlier, s), log(pair), earlier), s)),
            supposing(E(law, log(m(T + 1, last) / r(last))), E(m(T + 1, s), log(m(T + 1, s) / r(s)), s)),
        )
        under_q = under(to_kernel(z), to_kernel(law))
        logs = Reason("logarithm of a product", in_turn(everywhere(expand_log), simplify))
        return derive(
            "elbo-diffusion",
            "The variational bound of a diffusion",
            "beyond the exercise",
            [
                log(p(x)),
                (log(Integral(p(x, z), z)), Reason("marginal density", everywhere(integrate_out()))),
                (
                    log(E(law, p(x, z) / law)),
                    Reason("multiply by one", in_turn(everywhere(unfold_expectation), expand)),
                ),
                (">=", E(law, log(p(x, z) / law)), Lemma("Jensen's inequality", jensen)),
                (
                    E(law, log(model / forward)),
                    Reason("Markov chains, in reverse and forward", in_turn(everywhere(*chains), expand)),
                ),
                (
                    E(law, log(model / (m(one, first) * Product(bayes, (t, 1, T))))),
                    Reason(
                        "Bayes' rule for the forward chain",
                        in_turn(everywhere(supposing(f(t, later, now), bayes)), expand),
                    ),
                ),
                (E(law, log(d(x, first)) - posterior - steps + log(r(last)) - log(m(one, first))), logs),
                (
                    E(law, log(d(x, first)) - posterior - log(m(T + 1, last) / r(last))),
                    Reason("the sum telescopes", in_turn(everywhere(_telescoped), logs.conversion)),
                ),
                (
                    E(law, log(d(x, first)))
                    - Sum(E(law, log(ratio)), (t, 1, T))
                    - E(law, log(m(T + 1, last) / r(last))),
                    Reason("linearity of the expectation", in_turn(under_q, logs.conversion)),
                ),
                (
                    E(m(one, s), log(d(x, s)), s)
                    - Sum(E(m(t + 1, s), E(b(t, earlier, s), log(pair), earlier), s), (t, 1, T))
                    - E(m(T + 1, s), log(m(T + 1, s) / r(s)), s),
                    Reason("densities of the states", everywhere(*laws)),
                ),
                (
                    E(m(one, s), log(d(x, s)), s)
                    - Sum(E(m(t + 1, s), KL(b(t, earlier, s), g(t, earlier, s), earlier), s), (t, 1, T))
                    - KL(m(T + 1, s), r(s), s),
                    Reason("definition of the KL divergence", everywhere(unfold_kl)),
                ),
            ],
            joint=frozenset({"p"}),
        )


def _telescoped(term: Term) -> Theorem:
    """``sum_{t=1..n} (f_{t+1} - f_t) = f_{n+1} - f_1``."""
    if term.head != "sum" or term.args[2].head != "add" or term.bound is None:
        raise KernelError("not a sum of differences")
    whole = infer("telescoping", term.bound, term.args[1], term.args[2].args[1].args[-1])
    return transitivity(infer("reflexivity", term, whole.sides[0]), whole)


DERIVATIONS = {"elbo-diffusion": elbo_diffusion}

if __name__ == "__main__":
    print(fragments(DERIVATIONS), end="")
