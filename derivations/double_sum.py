"""The order of finite sums, which the kernel does not know: it follows from the moments of a standard normal vector.

For a vector e of n independent standard normal components, ``E[e_k e_m] = delta(k, m)``. So both orders of the double sum
of f are the expectation of ``(sum_m e_m) (sum_j sum_k f_jk e_k)``, with the sum over j and k, or that over m, taken out.
"""

from __future__ import annotations

from functools import cache, partial

from derivations.assumption import settle
from derivations.conversion import (
    Conversion,
    by_equation,
    everywhere,
    in_turn,
    prove_equal,
    simplify,
    symmetry,
    transitivity,
)
from derivations.delta import contract
from derivations.derivative import fresh
from derivations.expectation import moments, under
from derivations.hypothesis import assumed, renamed
from derivations.kernel import KernelError, Term, Theorem, bind, component, forall, free, number, total


@cache
def exchanged(term: Term, point: Term) -> Theorem:
    """``sum_j sum_k f = sum_k sum_j f`` for k = 1..n, where the space of the point has n dimensions."""
    j, k, lower, upper, n, f = _rectangle(term)
    one, e, m = number(1), fresh(point, f), fresh(k, f, j, k)
    standard = bind("normal", k, e, n, number(0), one)
    mean = partial(bind, "expectation", e, standard)
    components, weighted = total(m, one, n, component(e, m)), f * component(e, k)
    weights = total(j, lower, upper, total(k, one, n, weighted))
    by_rows = total(j, lower, upper, total(k, one, n, f * mean(component(e, k) * components)))
    by_columns = total(m, one, n, mean(component(e, m) * weights))
    same, valued = in_turn(under(e, standard), simplify), in_turn(everywhere(moments), contract)
    whole, orders = mean(components * weights), (term, total(k, one, n, total(j, lower, upper, f)))
    sides = []
    for taken_out, order in zip((by_rows, by_columns), orders, strict=True):
        value = transitivity(prove_equal(whole, taken_out, same), valued(taken_out))
        sides.append(transitivity(value, prove_equal(value.sides[1], order, simplify)))
    proved = settle(transitivity(symmetry(sides[0]), sides[1]))
    return renamed(proved, forall(point, Term("dimension", (point, n))))


def _rectangle(term: Term) -> tuple[Term, Term, Term, Term, Term, Term]:
    """j, k, a, b, n, f of ``sum_{j=a..b} sum_{k=1..n} f``, where neither index is in the limits of the other."""
    if term.head != "sum" or term.args[2].head != "sum" or term.bound is None or term.args[2].bound is None:
        raise KernelError("not a double sum")
    (lower, upper, inner), j = term.args, term.bound
    (one, n, f), k = inner.args, inner.bound
    assert k is not None
    if one != number(1) or k == j or k in free(lower) | free(upper) or j in free(n):
        raise KernelError("not a double sum over a rectangle")
    return j, k, lower, upper, n, f


def turned(term: Term, point: Term) -> Theorem:
    """The same for the sums as `simplify` writes them, ``sum_j a_j sum_k b_jk = sum_k sum_j a_j b_jk``."""
    whole = exchanged(term, point)
    return transitivity(symmetry(simplify(whole.sides[0])), whole, simplify(whole.sides[1]))


def inverse(rows: Term, identity: Term, k: Term, point: Term, n: Term) -> Conversion:
    """``sum_j B_ij sum_k A_jk e_k = e_i``, where ``sum_j B_ij A_jk = delta(i, k)`` is supposed for i and k = 1..n."""
    (lower, upper, entry), j = rows.args, rows.bound
    whole = turned(total(j, lower, upper, total(k, number(1), n, entry * component(point, k))), point)
    supposed = everywhere(assumed(simplify(rows).sides[1], identity))
    return by_equation(transitivity(whole, in_turn(supposed, contract)(whole.sides[1])))
