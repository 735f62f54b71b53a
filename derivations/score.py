"""Derivatives of densities and their logarithms, of expectations, and of whatever else an equation is known for."""

from __future__ import annotations

from collections.abc import Callable

from derivations.assumption import settle
from derivations.change_of_variables import log_normal, normal_by_logarithm
from derivations.conversion import (
    Conversion,
    congruence,
    everywhere,
    in_turn,
    simplify,
    symmetry,
    transitivity,
    unfold_expectation,
)
from derivations.derivative import differentiate
from derivations.distribution import is_law_of
from derivations.hypothesis import assumed, renamed
from derivations.kernel import KernelError, Term, Theorem, alpha_equal, bind, equal, forall, infer, number, substitute


def under_derivative(conversion: Conversion) -> Conversion:
    """``d f / d v = d g / d v`` from ``f = g``, which holds at all v, or at all positive v and the point is positive."""

    def convert(term: Term) -> Theorem:
        if term.head != "derivative":
            raise KernelError("not a derivative")
        at, body = term.args
        equation = _changed(settle(conversion(body)))
        return infer("derivative_congruence", equation, term.bound, at)

    return convert


def inside_derivative(v: Term, conversion: Callable[[Callable[[Term], Term]], Conversion]) -> Conversion:
    """The same for an equation that is supposed for all v.

    The conversion is made from a function that puts the variable of the derivative for v into a term.
    """

    def convert(term: Term) -> Theorem:
        if term.head != "derivative" or term.bound is None:
            raise KernelError("not a derivative")
        bound = term.bound
        equation = congruence(term, (1,), conversion(lambda t: substitute(t, v, bound))(term.args[1]))
        named = (forall(v, substitute(h.args[0], bound, v)) for h in equation.hypotheses if h.bound == bound)
        return renamed(_changed(equation), *named)

    return convert


def mass_kept(term: Term) -> Theorem:
    """``int d/dv q(v, z) dz = d/dv int q(v, z) dz = d/dv 1 = 0`` for a density q; the interchange is supposed."""
    if term.head != "integral" or term.args[0].head != "derivative":
        raise KernelError("not an integral of a derivative")
    z, inner = term.bound, term.args[0]
    at, law = inner.args
    if z is None or inner.bound is None or at.head != "variable" or not is_law_of(law, inner.bound, z):
        raise KernelError("not the derivative of a density of the variable")
    whole = bind("integral", z, law)
    outside = bind("derivative", inner.bound, at, whole)
    interchanged = symmetry(infer("assume", equal(outside, term)))
    one = inside_derivative(at, lambda put: assumed(put(substitute(whole, inner.bound, at)), number(1)))(outside)
    return transitivity(interchanged, one, differentiate(one.sides[1]))


def _changed(equation: Theorem) -> Theorem:
    if alpha_equal(*equation.sides):
        raise KernelError("nothing to convert under the derivative")
    return equation


log_derivative = everywhere(under_derivative(everywhere(log_normal, normal_by_logarithm)), differentiate)
score = in_turn(log_derivative, simplify)
by_score = in_turn(everywhere(unfold_expectation), log_derivative, everywhere(normal_by_logarithm), simplify)
