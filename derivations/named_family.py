"""KL divergence and entropy of exponential families by name, each an instance of the theorem about all of them.

A `NamedFamily` holds what a textbook's table holds: the functions for which `kl-exponential-family` and
`entropy-exponential-family` are read. The gamma function, its logarithmic derivative psi, the distance ``d(x) = |x - mu|``
and the like are functions of which nothing is used but what is printed among the hypotheses, and so are the means.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import sympy
from sympy import Product, Rational, Sum, exp, log, pi, sqrt

from derivations.conversion import by_equation, everywhere, expand_log, in_turn, simplify
from derivations.derivation import Derivation, Reason, derive
from derivations.document import fragments
from derivations.expectation import apart
from derivations.exponential_family import (
    A_P,
    A_Q,
    ETA,
    THETA,
    H,
    K,
    M,
    N,
    P,
    Q,
    T,
    X,
    entropy_exponential_family,
    kl_exponential_family,
)
from derivations.exponential_form import along, evaluated, of_laws, specialised
from derivations.hypothesis import supposing
from derivations.kernel import Term, Theorem
from derivations.notation import KL, E, Mapping, Natural, Parameter, Vector, to_kernel

HALF = Rational(1, 2)
BEYOND = "beyond the exercise"


@dataclass(frozen=True)
class NamedFamily:
    """A family of laws; its functions take the parameters.

    Attributes
    ----------
    title
        Its name in words.
    parameters
        Those of q, and those of p.
    density
        The density at x.
    statistics
        The sufficient statistics T_i, each with its mean.
    natural
        The natural parameters eta_i, as many as statistics.
    log_partition
        A.
    divergence
        The closed form, from the parameters of q and of p.
    entropy
        The closed form; None where there is none.
    base
        The base measure at x.
    count
        The number of statistics, where they are symbolically many, written in the index k.
    """

    title: str
    parameters: tuple[tuple[Any, ...], tuple[Any, ...]]
    density: Callable[..., Any]
    statistics: Callable[..., tuple[tuple[Any, Any], ...]]
    natural: Callable[..., tuple[Any, ...]]
    log_partition: Callable[..., Any]
    divergence: Callable[..., Any]
    entropy: Callable[..., Any] | None = None
    base: Any = sympy.S.One
    count: Any = None

    def combination(self, coefficients: Sequence[Any]) -> Any:
        """``sum_k c_k E_q[T_k]``."""
        terms = [c * E(Q(X), t) for c, (t, _) in zip(coefficients, self.statistics(*self.parameters[0]), strict=True)]
        return sum(terms[1:], terms[0]) if self.count is None else Sum(terms[0], (K, 1, self.count))

    def instance(self, theorem: Theorem) -> Theorem:
        """What a theorem about exponential families says of this one."""
        q, p = self.parameters
        with sympy.evaluate(False):
            statistics = [t for t, _ in self.statistics(*q)]
            given = specialised(
                theorem,
                X,
                Q(X),
                M(K),
                (T(K, X), along(K, statistics)),
                (N, sympy.Integer(len(statistics)) if self.count is None else self.count),
                (ETA(K), along(K, self.natural(*q))),
                (THETA(K), along(K, self.natural(*p))),
                (H(X), self.base),
                (A_Q, self.log_partition(*q)),
                (A_P, self.log_partition(*p)),
            )
            return of_laws(given, (Q(X), self.density(*q)), (P(X), self.density(*p)))

    @property
    def closed(self) -> Reason:
        """The means of the statistics, and the laws of the logarithm."""
        means = everywhere(*(supposing(E(Q(X), t), value) for t, value in self.statistics(*self.parameters[0])))
        logs = in_turn(everywhere(expand_log), simplify)
        return Reason("means of the sufficient statistics", in_turn(means, logs, means, logs))


def divergence(name: str, family: NamedFamily) -> Derivation:
    """The KL divergence between two laws of the family."""
    general = kl_exponential_family()
    q, p = family.parameters
    difference = [b - a for a, b in zip(family.natural(*q), family.natural(*p), strict=True)]
    with sympy.evaluate(False):
        before, after = family.log_partition(*q), family.log_partition(*p)
        combination = family.combination(difference)
        bregman = -combination if after == before else after - before - combination  # both may be 0
        return derive(
            f"kl-{name}",
            f"The divergence between two {family.title} laws",
            BEYOND,
            [
                KL(Q(X), P(X)),
                (
                    bregman,
                    _as_in(
                        "the divergence within an exponential family",
                        cache(partial(family.instance, general.theorems[0])),
                    ),
                ),
                (family.divergence(*q, *p), family.closed),
            ],
            uses=(general,),
        )


def entropy(name: str, family: NamedFamily) -> Derivation:
    """The entropy of a law of the family."""
    assert family.entropy is not None
    general = entropy_exponential_family()
    q, _ = family.parameters
    opposite = [-natural for natural in family.natural(*q)]
    with sympy.evaluate(False):
        partition, combination = family.log_partition(*q), family.combination(opposite)
        linear = combination if partition == 0 else partition + combination
        return derive(
            f"entropy-{name}",
            f"The entropy of the {family.title} law",
            BEYOND,
            [
                -E(Q(X), log(Q(X))),
                (
                    linear,
                    _as_in(
                        "the entropy of an exponential family", cache(partial(family.instance, general.theorems[0]))
                    ),
                ),
                (family.entropy(*q), family.closed),
            ],
            uses=(general,),
        )


def _as_in(words: str, theorem: Callable[[], Theorem]) -> Reason:
    """That one side is the left side of a theorem, and the other one its right side."""

    def convert(term: Term) -> Theorem:
        by_theorem = everywhere(by_equation(theorem()))
        return in_turn(by_theorem, everywhere(apart(to_kernel(X), to_kernel(Q(X)))), evaluated)(term)

    return Reason(words, convert)


def _named() -> dict[str, NamedFamily]:
    x, log_x = X[1], log(X[1])
    alpha, beta, a, b = (Parameter(name) for name in ("alpha", "beta", "a", "b"))
    theta, rho, rate, other_rate = (Parameter(name) for name in ("theta", "rho", "lambda", "kappa"))
    mu, sigma, nu, tau, s = (Parameter(name) for name in ("mu", "sigma", "nu", "tau", "s"))
    gamma, psi, h, d, bessel, ratio, cosine = map(Mapping, ("Gamma", "psi", "h", "d", "I", "r", "c"))
    n, k, count = Natural("n"), K, Natural("K")
    probabilities, others = Vector("pi"), Vector("rho")
    alphas, betas = Vector("alpha"), Vector("beta")

    def beta_partition(c: Any, e: Any) -> Any:
        return log(gamma(c)) + log(gamma(e)) - log(gamma(c + e))

    def total(v: Any) -> Any:
        return Sum(v[k], (k, 1, count))

    return {
        "bernoulli": NamedFamily(
            "Bernoulli",
            ((theta,), (rho,)),
            lambda t: t**x * (1 - t) ** (1 - x),
            lambda t: ((x, t),),
            lambda t: (log(t) - log(1 - t),),
            lambda t: -log(1 - t),
            lambda t, r: t * log(t / r) + (1 - t) * log((1 - t) / (1 - r)),
            lambda t: -(t * log(t)) - (1 - t) * log(1 - t),
        ),
        "categorical": NamedFamily(
            "categorical",
            ((probabilities,), (others,)),
            lambda v: Product(v[k] ** X[k], (k, 1, count)),
            lambda v: ((X[k], v[k]),),
            lambda v: (log(v[k]),),
            lambda v: sympy.Integer(0),
            lambda v, w: Sum(v[k] * log(v[k] / w[k]), (k, 1, count)),
            lambda v: -Sum(v[k] * log(v[k]), (k, 1, count)),
            count=count,
        ),
        "binomial": NamedFamily(
            "binomial",
            ((theta,), (rho,)),
            lambda t: h(X) * (t**x * (1 - t) ** (n - x)),
            lambda t: ((x, n * t),),
            lambda t: (log(t) - log(1 - t),),
            lambda t: -(n * log(1 - t)),
            lambda t, r: n * (t * log(t / r) + (1 - t) * log((1 - t) / (1 - r))),
            base=h(X),
        ),
        "poisson": NamedFamily(
            "Poisson",
            ((rate,), (other_rate,)),
            lambda t: h(X) * (t**x * exp(-t)),
            lambda t: ((x, t),),
            lambda t: (log(t),),
            lambda t: t,
            lambda t, r: t * log(t / r) - t + r,
            base=h(X),
        ),
        "geometric": NamedFamily(
            "geometric",
            ((theta,), (rho,)),
            lambda t: t * (1 - t) ** x,
            lambda t: ((x, (1 - t) / t),),
            lambda t: (log(1 - t),),
            lambda t: -log(t),
            lambda t, r: log(t / r) + (1 - t) / t * log((1 - t) / (1 - r)),
            lambda t: -log(t) - (1 - t) / t * log(1 - t),
        ),
        "exponential": NamedFamily(
            "exponential",
            ((rate,), (other_rate,)),
            lambda t: t * exp(-(t * x)),
            lambda t: ((x, 1 / t),),
            lambda t: (-t,),
            lambda t: -log(t),
            lambda t, r: log(t / r) + r / t - 1,
            lambda t: 1 - log(t),
        ),
        "gamma": NamedFamily(
            "gamma",
            ((alpha, beta), (a, b)),
            lambda c, e: e**c / gamma(c) * (x ** (c - 1) * exp(-(e * x))),
            lambda c, e: ((log_x, psi(c) - log(e)), (x, c / e)),
            lambda c, e: (c - 1, -e),
            lambda c, e: log(gamma(c)) - c * log(e),
            lambda c, e, f, g: (
                (c - f) * psi(c) - log(gamma(c)) + log(gamma(f)) + f * (log(e) - log(g)) + c * ((g - e) / e)
            ),
            lambda c, e: c - log(e) + log(gamma(c)) + (1 - c) * psi(c),
        ),
        "inverse-gamma": NamedFamily(
            "inverse gamma",
            ((alpha, beta), (a, b)),
            lambda c, e: e**c / gamma(c) * (x ** (-c - 1) * exp(-(e / x))),
            lambda c, e: ((log_x, log(e) - psi(c)), (1 / x, c / e)),
            lambda c, e: (-c - 1, -e),
            lambda c, e: log(gamma(c)) - c * log(e),
            lambda c, e, f, g: (
                (c - f) * psi(c) - log(gamma(c)) + log(gamma(f)) + f * (log(e) - log(g)) + c * ((g - e) / e)
            ),
            lambda c, e: c + log(e) + log(gamma(c)) - (1 + c) * psi(c),
        ),
        "beta": NamedFamily(
            "beta",
            ((alpha, beta), (a, b)),
            lambda c, e: gamma(c + e) / (gamma(c) * gamma(e)) * (x ** (c - 1) * (1 - x) ** (e - 1)),
            lambda c, e: ((log_x, psi(c) - psi(c + e)), (log(1 - x), psi(e) - psi(c + e))),
            lambda c, e: (c - 1, e - 1),
            beta_partition,
            lambda c, e, f, g: (
                beta_partition(f, g)
                - beta_partition(c, e)
                + (c - f) * psi(c)
                + (e - g) * psi(e)
                + (f - c + g - e) * psi(c + e)
            ),
            lambda c, e: beta_partition(c, e) - (c - 1) * psi(c) - (e - 1) * psi(e) + (c + e - 2) * psi(c + e),
        ),
        "dirichlet": NamedFamily(
            "Dirichlet",
            ((alphas,), (betas,)),
            lambda v: (
                gamma(total(v)) / Product(gamma(v[k]), (k, 1, count)) * Product(X[k] ** (v[k] - 1), (k, 1, count))
            ),
            lambda v: ((log(X[k]), psi(v[k]) - psi(total(v))),),
            lambda v: (v[k] - 1,),
            lambda v: Sum(log(gamma(v[k])), (k, 1, count)) - log(gamma(total(v))),
            lambda v, w: (
                log(gamma(total(v)))
                - log(gamma(total(w)))
                - Sum(log(gamma(v[k])), (k, 1, count))
                + Sum(log(gamma(w[k])), (k, 1, count))
                + Sum((v[k] - w[k]) * (psi(v[k]) - psi(total(v))), (k, 1, count))
            ),
            count=count,
        ),
        "laplace": NamedFamily(
            "Laplace (of one location)",
            ((b,), (s,)),
            lambda t: 1 / (2 * t) * exp(-(d(X) / t)),
            lambda t: ((d(X), t),),
            lambda t: (-(1 / t),),
            lambda t: log(2 * t),
            lambda t, r: log(r / t) + t / r - 1,
            lambda t: 1 + log(2 * t),
        ),
        "log-normal": NamedFamily(
            "log-normal",
            ((mu, sigma), (nu, tau)),
            lambda m, t: 1 / (x * (t * sqrt(2 * pi))) * exp(-((log_x - m) ** 2 / (2 * t**2))),
            lambda m, t: ((log_x, m), (log_x**2, m**2 + t**2)),
            lambda m, t: (m / t**2 - 1, -(1 / (2 * t**2))),
            lambda m, t: m**2 / (2 * t**2) + log(t) + HALF * log(2 * pi),
            lambda m, t, c, e: log(e / t) + (t**2 + (m - c) ** 2) / (2 * e**2) - HALF,
            lambda m, t: m + HALF + log(t) + HALF * log(2 * pi),
        ),
        "pareto": NamedFamily(
            "Pareto (of one scale)",
            ((alpha,), (a,)),
            lambda t: t * s**t * x ** (-t - 1),
            lambda t: ((log_x, log(s) + 1 / t),),
            lambda t: (-t - 1,),
            lambda t: -log(t) - t * log(s),
            lambda t, r: log(t / r) + r / t - 1,
            lambda t: log(s / t) + 1 + 1 / t,
        ),
        "half-normal": NamedFamily(
            "half-normal",
            ((sigma,), (tau,)),
            lambda t: sqrt(2 / pi) / t * exp(-(x**2 / (2 * t**2))),
            lambda t: ((x**2, t**2),),
            lambda t: (-(1 / (2 * t**2)),),
            lambda t: log(t) + HALF * log(pi / 2),
            lambda t, r: log(r / t) + t**2 / (2 * r**2) - HALF,
            lambda t: log(t) + HALF * log(pi / 2) + HALF,
        ),
        "von-mises": NamedFamily(
            "von Mises (of one location)",
            ((a,), (b,)),
            lambda t: 1 / (2 * pi * bessel(t)) * exp(t * cosine(X)),
            lambda t: ((cosine(X), ratio(t)),),
            lambda t: (t,),
            lambda t: log(2 * pi) + log(bessel(t)),
            lambda t, r: log(bessel(r) / bessel(t)) + (t - r) * ratio(t),
            lambda t: log(2 * pi) + log(bessel(t)) - t * ratio(t),
        ),
    }


with sympy.evaluate(False):
    FAMILIES = _named()

DIVERGENCES: dict[str, Callable[[], Derivation]] = {
    f"kl-{name}": cache(partial(divergence, name, family)) for name, family in FAMILIES.items()
}
ENTROPIES: dict[str, Callable[[], Derivation]] = {
    f"entropy-{name}": cache(partial(entropy, name, family)) for name, family in FAMILIES.items() if family.entropy
}
DERIVATIONS = DIVERGENCES | ENTROPIES

if __name__ == "__main__":
    print(fragments(DERIVATIONS), end="")
