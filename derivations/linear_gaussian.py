"""Evidence and posterior of the linear Gaussian model (probabilistic PCA): z ~ N(0, I), x ~ N(m + W z, s^2 I).

With y the solution of ``(W W' + s^2 I) y = x - m``, the evidence is proportional to ``exp(-1/2 (x - m)' y)``, and the
posterior is the law of ``W' y + A eps`` for eps ~ N(0, I), where ``A' (I + W' W / s^2) A = I``: its covariance ``A A'`` is
the inverse of ``I + W' W / s^2``. The volume factor a of A is the absolute value of its determinant. That ``a / s^D`` is
``|W W' + s^2 I|^(-1/2)`` is the matrix determinant lemma, which is not proved here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import sympy
from sympy import Integral, Rational, Sum, exp, pi, sqrt

from derivations.assumption import positive_by
from derivations.change_of_variables import by_logarithm, components, quotient, substituted
from derivations.conversion import (
    Conversion,
    by_equation,
    everywhere,
    expand,
    in_turn,
    prove_equal,
    simplify,
    symmetry,
    transitivity,
    unfold_conditional,
    unfold_expectation,
)
from derivations.derivation import Derivation, Lemma, Reason, by_theorem, derive
from derivations.document import fragments
from derivations.double_sum import turned
from derivations.expectation import under
from derivations.hypothesis import supposing
from derivations.kernel import Term, Theorem, equal, infer
from derivations.notation import (
    Component,
    E,
    Family,
    Index,
    Mapping,
    Matrix,
    Natural,
    Normal,
    Parameter,
    Point,
    PointOf,
    Vector,
    to_kernel,
)
from derivations.reason import EXPECTATION

HALF = Rational(1, 2)


class _Model:
    """The symbols of the model and the steps of both proofs."""

    def __init__(self) -> None:
        self.x, self.z, self.eps = map(Point, ("x", "z", "epsilon"))
        self.d, self.e, self.i, self.k = map(Index, "deik")
        self.K, self.D, self.s, self.a = Natural("K"), Natural("D"), Parameter("s"), Parameter("a")
        self.p, self.m, self.y, self.W, self.A = Family("p"), Vector("m"), Vector("y"), Matrix("W"), Matrix("A")
        self.point = PointOf(self.z, self.mean(self.k) + self.deviation(self.k), (self.k, self.K))
        self.standard = Normal(self.eps, 0, 1, (self.i, self.K))
        weighted = Sum((self.x[self.d] - self.m[self.d]) * self.y[self.d], (self.d, 1, self.D))
        self.evidence = self.a / (sqrt((2 * pi) ** self.D) * self.s**self.D) * exp(-HALF * weighted)

    def mean(self, k: Any) -> Any:
        """``(W' y)_k``"""
        return Sum(self.W[self.e, k] * self.y[self.e], (self.e, 1, self.D))

    def deviation(self, k: Any) -> Any:
        """``(A eps)_k``"""
        return Sum(self.A[k, self.i] * self.eps[self.i], (self.i, 1, self.K))

    def image(self, d: Any, vector: Callable[[Any], Any]) -> Any:
        """``(W v)_d``"""
        return Sum(self.W[d, self.k] * vector(self.k), (self.k, 1, self.K))

    def prior(self, at: Any) -> Any:
        return Normal(at, 0, 1, (self.k, self.K))

    def likelihood(self, at: Any) -> Any:
        centre = self.m[self.d] + self.image(self.d, lambda k: Component(at, k))
        return Normal(self.x, centre, self.s**2, (self.d, self.D))

    def prior_density(self) -> Theorem:
        """``p(z) = N(z; 0, I)``, which is supposed."""
        return infer("assume", equal(to_kernel(self.p(self.z)), to_kernel(self.prior(self.z))))

    def densities(self) -> tuple[Conversion, ...]:
        """The model: what the prior and the conditional density are supposed to be."""
        x, z = self.x, self.z
        return supposing(self.p(z), self.prior(z)), supposing(self.p(x | z), self.likelihood(z))

    def change(self) -> Conversion:
        """``int f(z) dz = int f(W' y + A eps) a d eps``"""
        return everywhere(substituted(*map(to_kernel, (self.z, self.point, self.eps, self.a))))

    def completed(self) -> Conversion:
        """``|x - m - W z|^2 / s^2 + |z|^2 = (x - m)' y + |eps|^2`` for ``z = W' y + A eps``, by sums that are turned."""
        solves = self.m[self.d] + self.image(self.d, self.mean) + self.s**2 * self.y[self.d]
        observation = everywhere(supposing(self.x[self.d], solves))
        rows = (self.y[self.d] * self.image(self.d, v) for v in (self.deviation, self.mean))
        sums = [
            to_kernel(Sum(Sum(r.args[0] * r.args[1].function, r.args[1].limits[0]), (self.d, 1, self.D))) for r in rows
        ]
        crossed = [turned(t, to_kernel(self.eps)) for t in sums]
        squares = Sum(self.deviation(self.k) ** 2, (self.k, 1, self.K))
        images = Sum(self.image(self.d, self.deviation) ** 2, (self.d, 1, self.D)) / self.s**2
        whole = infer(
            "assume", equal(*map(to_kernel, (squares + images, Sum(self.eps[self.i] ** 2, (self.i, 1, self.K)))))
        )
        first, rest = map(to_kernel, (squares, images))
        opened = infer("field", first, whole.sides[0] - rest)
        alone = infer("rewrite", opened, whole, (1, 0))
        alone = transitivity(symmetry(simplify(first)), alone)
        return in_turn(observation, simplify, everywhere(by_equation(*crossed, alone)), simplify)

    def square(self) -> Conversion:
        """``N(z; 0, I) = p(x) N(eps; 0, I) / (a N(x; m + W z, s^2 I))`` at ``z = W' y + A eps``."""
        terms = self.prior(self.point) * (self.a * self.likelihood(self.point)), self.evidence * self.standard
        left, right = map(to_kernel, terms)
        through = in_turn(by_logarithm, components, simplify, self.completed())
        return in_turn(everywhere(by_equation(quotient(prove_equal(left, right, through)))), expand)


@cache
def linear_gaussian_evidence() -> Derivation:
    """``p(x) = a / (sqrt((2 pi)^D) s^D) exp(-1/2 (x - m)' y)`` where ``(W W' + s^2 I) y = x - m``."""
    with sympy.evaluate(False):
        model = _Model()
        x, z, eps, p, point, standard = model.x, model.z, model.eps, model.p, model.point, model.standard
        prior, likelihood, evidence = model.prior, model.likelihood, model.evidence
        bayes = in_turn(everywhere(unfold_conditional("p")), expand)
        over = under(to_kernel(eps), to_kernel(standard))
        return derive(
            "linear-gaussian-evidence",
            "The evidence of the linear Gaussian model",
            "beyond the exercise",
            [
                p(x),
                (Integral(p(x, z), z), Lemma("marginal density", _marginal)),
                (Integral(p(x | z) * p(z), z), _positive("Bayes' rule", bayes, model.prior_density())),
                (Integral(likelihood(z) * prior(z), z), Reason("the model", everywhere(*model.densities()))),
                (
                    Integral(likelihood(point) * prior(point) * model.a, eps),
                    Reason("z = W' y + A epsilon", in_turn(model.change(), expand)),
                ),
                (Integral(evidence * standard, eps), Reason("completing the square", model.square())),
                (E(standard, evidence), EXPECTATION),
                (evidence, Reason("expectation of a constant", over)),
            ],
            joint=frozenset({"p"}),
        )


@cache
def linear_gaussian_posterior() -> Derivation:
    """``E_{p(z|x)}[f(z)] = E_{N(0, I)}[f(W' y + A eps)]``: the posterior is normal, of mean W' y and covariance A A'."""
    known = linear_gaussian_evidence()
    with sympy.evaluate(False):
        model = _Model()
        x, z, eps, p, point, standard = model.x, model.z, model.eps, model.p, model.point, model.standard
        prior, likelihood, f = model.prior, model.likelihood, Mapping("f")
        forms = (*known.theorems, model.prior_density())

        def reason(words: str, conversion: Conversion) -> Lemma:
            return _positive(words, conversion, *forms)

        is_evidence = in_turn(everywhere(by_theorem(known)), expand)
        cancelled = in_turn(everywhere(unfold_expectation), under(to_kernel(eps), None), expand)
        bayes = in_turn(everywhere(unfold_expectation), everywhere(unfold_conditional("p")), under(to_kernel(z), None))
        return derive(
            "linear-gaussian-posterior",
            "The posterior of the linear Gaussian model",
            "beyond the exercise",
            [
                E(p(z | x), f(z)),
                (
                    1 / p(x) * Integral(p(x | z) * p(z) * f(z), z),
                    reason("Bayes' rule", in_turn(bayes, expand)),
                ),
                (
                    1 / p(x) * Integral(likelihood(z) * prior(z) * f(z), z),
                    reason("the model", everywhere(*model.densities())),
                ),
                (
                    1 / p(x) * Integral(likelihood(point) * prior(point) * model.a * f(point), eps),
                    reason("z = W' y + A epsilon", in_turn(model.change(), expand)),
                ),
                (
                    1 / p(x) * Integral(model.evidence * standard * f(point), eps),
                    reason("completing the square", model.square()),
                ),
                (1 / p(x) * Integral(p(x) * standard * f(point), eps), reason("the evidence above", is_evidence)),
                (E(standard, f(point)), reason("linearity of the integral", cancelled)),
            ],
            joint=frozenset({"p"}),
            uses=(known,),
        )


def _marginal(left: Term, right: Term) -> Theorem:
    return symmetry(infer("marginalisation", right.args[0], right.bound))


def _positive(words: str, convert: Conversion, *known: Theorem) -> Lemma:
    """A reason that needs the left sides of the `known` equations to be positive, which the right sides show."""

    def prove(left: Term, right: Term) -> Theorem:
        theorem = prove_equal(left, right, convert)
        for equation in known:
            theorem = positive_by(theorem, equation)
        return theorem

    return Lemma(words, prove)


DERIVATIONS = {
    "linear-gaussian-evidence": linear_gaussian_evidence,
    "linear-gaussian-posterior": linear_gaussian_posterior,
}

if __name__ == "__main__":
    print(fragments(DERIVATIONS), end="")
