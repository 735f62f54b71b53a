"""Integrability: what follows from the moments of the normal, from linearity, and from integrals that are not zero."""

from __future__ import annotations

from collections.abc import Callable

from derivations.conversion import combination, congruence, expand, monomials, split, symmetry, transitivity
from derivations.derivative import fresh
from derivations.kernel import KernelError, Term, Theorem, alpha_equal, bind, equal, infer, multiply, number, substitute


def integrable_polynomial(density: Term, f: Term) -> Theorem:
    """``integrable(z; N f)`` for a normal density N and a polynomial f in the components of its point, with sums.

    Raises
    ------
    KernelError
        If f is no such polynomial.
    """
    return integrable_by_terms(density.args[0], density, f, _normal_monomial)


def integrable_by_terms(z: Term, density: Term, f: Term, leaf: Callable[[Term, Term], Theorem]) -> Theorem:
    """``integrable(z; d f)`` from ``leaf(d, m)``, which shows ``integrable(z; d m)``, for the monomials m of f.

    Sums over an index are taken apart, products of such sums too.
    """
    expanded = expand(f)
    parts = split(expanded.sides[1], z) or [(number(0), number(1))]
    terms = tuple(density * rest for _, rest in parts)
    whole = infer("integrable_linearity", z, tuple(c for c, _ in parts), terms)
    for _, rest in parts:
        whole = infer("discharge", _integrable_monomial(z, density, rest, leaf), whole)
    factored = infer("field", whole.conclusion.args[0], density * combination(parts))
    restored = infer("field", factored.sides[1], density * expanded.sides[1])
    back = congruence(restored.sides[1], (1,), symmetry(expanded))
    return infer("rewrite", whole, transitivity(factored, restored, back), (0,))


def _integrable_monomial(z: Term, density: Term, rest: Term, leaf: Callable[[Term, Term], Theorem]) -> Theorem:
    ((_, monomial),) = monomials(rest)
    factors = [a for a, e in monomial for _ in range(e)]
    whole = next((a for a in factors if a.head == "sum"), None)
    if whole is None or whole.bound is None or any(e < 0 for _, e in monomial):
        return leaf(density, rest)
    factors.remove(whole)
    j = fresh(whole.bound, density, *factors)
    body = substitute(whole.args[2], whole.bound, j)
    summand = multiply(*factors, body)
    inner = infer("generalise", integrable_by_terms(z, density, summand, leaf), j, *whole.args[:2])
    summed = infer("discharge", inner, infer("integrable_sum", z, j, *whole.args[:2], density * summand))
    outer = multiply(density, *factors)
    regrouped = congruence(summed.conclusion.args[0], (2,), infer("field", density * summand, outer * body))
    outside = infer("sum_linearity", j, *whole.args[:2], (outer,), (body,))
    back = infer("field", outside.sides[1], density * rest)
    return infer("rewrite", summed, transitivity(regrouped, outside, back), (0,))


def _normal_monomial(density: Term, rest: Term) -> Theorem:
    ((_, monomial),) = monomials(rest)
    indices = []
    for atom, degree in monomial:
        if atom.head != "component" or atom.args[0] != density.args[0] or len(atom.args) != 2 or degree < 0:
            raise KernelError("not a polynomial in the components")
        indices += [atom.args[1]] * degree
    theorem = infer("normal_integrability", density, *indices)
    return infer("rewrite", theorem, infer("field", theorem.conclusion.args[0], density * rest), (0,))


def supposed_by_terms(theorem: Theorem, z: Term, density: Term) -> Theorem:
    """`theorem` with each hypothesis ``integrable(z; d f)`` replaced by ``integrable(z; d m)`` for the monomials m of f."""
    for hypothesis in theorem.hypotheses:
        proof = _by_terms(hypothesis, z, density)
        if proof is not None and not any(alpha_equal(h, hypothesis) for h in proof.hypotheses):
            theorem = infer("discharge", proof, theorem)
    return theorem


def _by_terms(proposition: Term, z: Term, density: Term) -> Theorem | None:
    if proposition.head in ("forall", "forall_in"):
        inner = _by_terms(proposition.args[-1], z, density)
        return None if inner is None else infer("generalise", inner, proposition.bound, *proposition.args[:-1])
    if proposition.head != "integrable" or proposition.bound != z:
        return None
    product = proposition.args[0]
    rest = number(1) if product == density else multiply(*(a for a in product.args if a != density))
    if product != density and (product.head != "multiply" or density not in product.args):
        return None
    taken = integrable_by_terms(z, density, rest, lambda d, m: _leaf(z, d, m))
    return infer("rewrite", taken, infer("field", density * rest, product), (0,))


def _leaf(z: Term, density: Term, rest: Term) -> Theorem:
    if rest != number(1):
        return infer("assume", bind("integrable", z, density * rest))
    one = infer("assume", equal(bind("integral", z, density), number(1)))
    whole = integrable_density(z, one)
    return infer("rewrite", whole, infer("field", density, density * rest), (0,))


def integrable_density(z: Term, whole: Theorem) -> Theorem:
    """``integrable(z; f)`` from ``int f dz = 1``."""
    integral = whole.sides[0]
    one = infer("discharge", infer("positivity", number(1)), infer("positive_nonzero", number(1)))
    nonzero = infer("rewrite", one, symmetry(whole), (0,))
    return infer("discharge", nonzero, infer("integrable_nonzero", z, integral.args[0]))
