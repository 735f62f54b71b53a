"""Integrability: what follows from the moments of the normal, from linearity, and from integrals that are not zero."""

from __future__ import annotations

from derivations.conversion import combination, congruence, expand, monomials, split, symmetry, transitivity
from derivations.kernel import KernelError, Term, Theorem, infer, number


def integrable_polynomial(density: Term, f: Term) -> Theorem:
    """``integrable(z; N f)`` for a normal density N and a polynomial f in the components of its point, with sums.

    Raises
    ------
    KernelError
        If f is no such polynomial, or a product of sums.
    """
    z = density.args[0]
    expanded = expand(f)
    parts = split(expanded.sides[1], z) or [(number(0), number(1))]
    terms = tuple(density * rest for _, rest in parts)
    whole = infer("integrable_linearity", z, tuple(c for c, _ in parts), terms)
    for _, rest in parts:
        whole = infer("discharge", _integrable_monomial(density, rest), whole)
    factored = infer("field", whole.conclusion.args[0], density * combination(parts))
    restored = infer("field", factored.sides[1], density * expanded.sides[1])
    back = congruence(restored.sides[1], (1,), symmetry(expanded))
    return infer("rewrite", whole, transitivity(factored, restored, back), (0,))


def _integrable_monomial(density: Term, rest: Term) -> Theorem:
    z = density.args[0]
    ((_, monomial),) = monomials(rest)
    if [a.head for a, _ in monomial] == ["sum"]:
        ((whole, degree),) = monomial
        if degree != 1 or whole.bound is None:
            raise KernelError("the square of a sum")
        (lower, upper, body), j = whole.args, whole.bound
        inner = infer("generalise", integrable_polynomial(density, body), j, lower, upper)
        summed = infer("discharge", inner, infer("integrable_sum", z, j, lower, upper, density * body))
        outside = infer("sum_linearity", j, lower, upper, (density,), (body,))
        return infer("rewrite", summed, outside, (0,))
    indices = []
    for atom, degree in monomial:
        if atom.head != "component" or atom.args[0] != z or len(atom.args) != 2 or degree < 0:
            raise KernelError("not a polynomial in the components")
        indices += [atom.args[1]] * degree
    theorem = infer("normal_integrability", density, *indices)
    return infer("rewrite", theorem, infer("field", theorem.conclusion.args[0], density * rest), (0,))


def integrable_density(z: Term, whole: Theorem) -> Theorem:
    """``integrable(z; f)`` from ``int f dz = 1``."""
    integral = whole.sides[0]
    one = infer("discharge", infer("positivity", number(1)), infer("positive_nonzero", number(1)))
    nonzero = infer("rewrite", one, symmetry(whole), (0,))
    return infer("discharge", nonzero, infer("integrable_nonzero", z, integral.args[0]))
