"""Expectations inside expectations."""

from __future__ import annotations

from derivations.conversion import Conversion, combination, congruence, expand, in_turn, split, transitivity
from derivations.expectation import under
from derivations.kernel import KernelError, Term, Theorem, infer, number


def inside(conversion: Conversion) -> Conversion:
    """Apply a conversion to the integrand, to what is averaged, or to the argument of a logarithm."""

    def convert(term: Term) -> Theorem:
        if term.head not in ("expectation", "integral", "log"):
            raise KernelError("neither expectation nor integral nor logarithm")
        place = len(term.args) - 1
        return congruence(term, (place,), conversion(term.args[place]))

    return convert


def under_all(*laws: tuple[Term, Term]) -> Conversion:
    """Bring a term under nested expectations over variables with their densities, the outermost first."""
    (z, density), *rest = laws
    outer = under(z, density)
    return in_turn(outer, inside(under_all(*rest))) if rest else outer


def linear(term: Term) -> Theorem:
    """``int (c f + d g) dz = c int f dz + d int g dz`` for integrable f, g, where z is in neither c nor d; ``int 0 dz = 0``."""
    if term.head != "integral" or term.bound is None:
        raise KernelError("not an integral")
    expanded = expand(term.args[0])
    parts = split(expanded.sides[1], term.bound)
    if len(parts) == 1 and parts[0][0] == number(1):
        raise KernelError("no constant factor")
    regrouped = transitivity(expanded, infer("field", expanded.sides[1], combination(parts)))
    coefficients, rests = tuple(c for c, _ in parts), tuple(t for _, t in parts)
    apart = infer("integral_linearity", term.bound, coefficients, rests)
    return transitivity(congruence(term, (0,), regrouped), apart)


def constant_outside(term: Term) -> Theorem:
    """``int c f dz = c int f dz`` where z is not in c."""
    found = linear(term)
    if found.sides[1].head == "add":
        raise KernelError("a sum, and no constant factor")
    return found
