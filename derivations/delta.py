"""Sums with a Kronecker delta: ``sum_j delta(i, j) f_j = f_i``."""

from __future__ import annotations

from derivations.conversion import (
    congruence,
    everywhere,
    expand,
    in_turn,
    monomials,
    powers,
    split_sum,
    symmetry,
    transitivity,
)
from derivations.derivative import fresh
from derivations.kernel import KernelError, Term, Theorem, alpha_equal, delta, free, infer, multiply, number


def delta_same(term: Term) -> Theorem:
    """``delta(i, i) = 1``."""
    if term.head != "delta" or not alpha_equal(*term.args):
        raise KernelError("not a delta of an index and itself")
    return infer("delta_same", term.args[0])


def delta_swapped(i: Term, k: Term, limits: tuple[Term, Term]) -> Theorem:
    """``delta(i, k) = delta(k, i)`` for indices within the limits: both are ``sum_j delta(i, j) delta(k, j)``."""
    j = fresh(i, i, k)
    first = infer("delta_sum", j, *limits, i, delta(k, j))
    second = infer("delta_sum", j, *limits, k, delta(i, j))
    swapped = infer("field", first.sides[0].args[2], second.sides[0].args[2])
    return transitivity(symmetry(second), symmetry(congruence(first.sides[0], (2,), swapped)), first)


def delta_sum(term: Term) -> Theorem:
    """``sum_j delta(i, j) f_j = f_i``, and the same for ``delta(j, i)``, whatever the order of the factors."""
    if term.head != "sum" or term.bound is None:
        raise KernelError("not a sum")
    (lower, upper, body), j = term.args, term.bound
    parts = monomials(body)
    if len(parts) != 1:
        raise KernelError("not a sum of one product")
    ((coefficient, monomial),) = parts
    found = next((a for a, e in monomial if a.head == "delta" and e > 0 and _picks(a, j)), None)
    if found is None:
        raise KernelError("no delta of the summation index")
    rest = multiply(number(coefficient), *powers([(a, e - (a is found)) for a, e in monomial if e > (a is found)]))
    regrouped = congruence(term, (2,), infer("field", body, found * rest))
    i = found.args[0]
    if i == j:
        i = found.args[1]
        regrouped = infer("rewrite", regrouped, delta_swapped(j, i, (lower, upper)), (1, 2, 0))
    return transitivity(regrouped, infer("delta_sum", j, lower, upper, i, rest))


def _picks(found: Term, j: Term) -> bool:
    """Whether exactly one argument of the delta is j, and the other does not depend on it."""
    return [a == j for a in found.args].count(True) == 1 and sum(j in free(a) for a in found.args) == 1


contract = in_turn(everywhere(split_sum, delta_sum, delta_same), expand)
