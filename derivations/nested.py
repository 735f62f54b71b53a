"""Expectations inside expectations."""

from __future__ import annotations

from derivations.conversion import Conversion, congruence, in_turn
from derivations.expectation import under
from derivations.kernel import KernelError, Term, Theorem


def inside(conversion: Conversion) -> Conversion:
    """Apply a conversion to the integrand, or to what is averaged."""

    def convert(term: Term) -> Theorem:
        if term.head not in ("expectation", "integral"):
            raise KernelError("not an expectation or an integral")
        place = len(term.args) - 1
        return congruence(term, (place,), conversion(term.args[place]))

    return convert


def under_all(*laws: tuple[Term, Term]) -> Conversion:
    """Bring a term under nested expectations over variables with their densities, the outermost first."""
    (z, density), *rest = laws
    outer = under(z, density)
    return in_turn(outer, inside(under_all(*rest))) if rest else outer
