"""The gradient of an expectation in the parameter of its density: pathwise and score-function (problem 1.4).

That gradient and integral may be interchanged is supposed, as an equation that is printed.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import sympy
from sympy import Integral, Sum, log

from derivations.change_of_variables import reparameterized, substituted
from derivations.conversion import everywhere, expand, in_turn, simplify
from derivations.derivation import Derivation, Reason, derive
from derivations.derivative import differentiate
from derivations.document import fragments
from derivations.hypothesis import assumed, supposing
from derivations.notation import D, E, Family, Index, Mapping, Natural, Normal, Parameter, Point, to_kernel
from derivations.reason import EXPECTATION
from derivations.score import by_score, inside_derivative, score, under_derivative

RULES = Reason("rules of differentiation", in_turn(everywhere(differentiate), simplify))


def _interchange(derivative: Any, interchanged: Any) -> Reason:
    return Reason("gradient and integral interchanged", everywhere(supposing(derivative, interchanged)))


@cache
def score_function_gradient() -> Derivation:
    """``d/dphi E_q[f(z)] = E_q[f(z) d/dphi log q(z)]`` for a density q that depends on phi."""
    with sympy.evaluate(False):
        phi, z, f = Parameter("phi"), Point("z"), Mapping("f")
        q = Mapping("q")(phi, z)
        gradient, interchanged = D(E(q, f(z)), phi), Integral(D(q * f(z), phi), z)
        return derive(
            "score-function-gradient",
            "The score-function gradient",
            "problem 1.4",
            [
                gradient,
                (interchanged, _interchange(gradient, interchanged)),
                (Integral(f(z) * D(q, phi), z), RULES),
                (Integral(q * f(z) * D(log(q), phi), z), RULES),
                (E(q, f(z) * D(log(q), phi)), EXPECTATION),
            ],
        )


@cache
def pathwise_gradient() -> Derivation:
    """``d/dphi E_q[f(z)] = E_p[d/dphi f(g(phi, eps))]`` where ``z = g(phi, eps)`` has the density q for eps ~ p."""
    with sympy.evaluate(False):
        phi, z, eps, f = Parameter("phi"), Point("z"), Point("epsilon"), Mapping("f")
        q, p, image = Mapping("q"), Family("p")(eps), Mapping("g", "z")(phi, eps)
        factor = Mapping("a")(phi, eps)
        v, point, e, transformed, volume = map(to_kernel, (phi, z, eps, image, factor))
        moved, base = to_kernel(q(phi, image) * factor), to_kernel(p)
        gradient, interchanged = D(E(p, f(image)), phi), E(p, D(f(image), phi))
        change = inside_derivative(v, lambda at: substituted(point, at(transformed), e, at(volume)))
        law = inside_derivative(v, lambda at: everywhere(assumed(at(moved), base)))
        return derive(
            "pathwise-gradient",
            "The pathwise gradient",
            "problem 1.4",
            [
                D(E(q(phi, z), f(z)), phi),
                (
                    D(Integral(f(image) * (q(phi, image) * factor), eps), phi),
                    Reason("change of variables", in_turn(everywhere(change), expand)),
                ),
                (D(Integral(f(image) * p, eps), phi), Reason("the law of epsilon", everywhere(law))),
                (gradient, EXPECTATION),
                (interchanged, _interchange(gradient, interchanged)),
            ],
        )


@cache
def gradient_agreement() -> Derivation:
    """Both gradients of ``E_{N(mu, sigma^2 I)}[f(z_i)]`` in mu, and in sigma, are one."""
    with sympy.evaluate(False):
        mu, sigma, u, f = Parameter("mu"), Parameter("sigma"), Parameter("u"), Mapping("f")
        z, eps, i, j, J = Point("z"), Point("epsilon"), Index("i"), Index("j"), Natural("J")
        q, standard = Normal(z, mu, sigma**2, (j, J)), Normal(eps, 0, 1, (j, J))
        image = mu + sigma * eps[i]
        slope, value = D(f(u), u, image), f(z[i])
        trick = everywhere(under_derivative(reparameterized(to_kernel(eps))))

        def chain(parameter: Parameter, pathwise: Any, log_density: Any) -> list[Any]:
            gradient, inside = D(E(standard, f(image)), parameter), E(standard, D(f(image), parameter))
            of_law, weighted = D(E(q, value), parameter), Integral(D(q * value, parameter), z)
            return [
                E(standard, pathwise),
                (inside, Reason("chain rule", RULES.conversion)),
                (gradient, _interchange(gradient, inside)),
                (of_law, Reason("z = mu + sigma epsilon", trick)),
                (weighted, _interchange(of_law, weighted)),
                (E(q, value * D(log(q), parameter)), Reason("derivative of the logarithm", by_score)),
                (E(q, value * log_density), Reason("density of the normal", score)),
            ]

        return derive(
            "gradient-agreement",
            "Pathwise and score-function gradient agree for a normal density",
            "problem 1.4",
            chain(mu, slope, Sum((z[j] - mu) / sigma**2, (j, 1, J))),
            chain(sigma, eps[i] * slope, Sum((z[j] - mu) ** 2 / sigma**3 - 1 / sigma, (j, 1, J))),
        )


DERIVATIONS = {
    "score-function-gradient": score_function_gradient,
    "pathwise-gradient": pathwise_gradient,
    "gradient-agreement": gradient_agreement,
}

if __name__ == "__main__":
    print(fragments(DERIVATIONS), end="")
