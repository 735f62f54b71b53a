"""Inequalities, derived from the kernel's few: ``log t <= t - 1``, monotonicity, and non-negative squares."""

from __future__ import annotations

from derivations.conversion import same, symmetry, transitivity
from derivations.kernel import Term, Theorem, infer, number

ONE = number(1)


def at_most_reflexive(term: Term) -> Theorem:
    """``a <= a``."""
    whole = infer("combined_inequalities", term, (), (), ())
    return along(whole, infer("field", whole.sides[0], term), infer("field", whole.sides[1], term))


def along(inequality: Theorem, left: Theorem, right: Theorem) -> Theorem:
    """``c <= d`` from ``a <= b``, ``a = c`` and ``b = d``."""
    return infer("rewrite", infer("rewrite", inequality, left, (0,)), right, (1,))


def as_inequality(equation: Theorem) -> Theorem:
    """``a <= b`` from ``a = b``."""
    return infer("rewrite", at_most_reflexive(equation.sides[0]), equation, (1,))


def combine(constant: Term, *weighted: tuple[Term, Theorem]) -> Theorem:
    """``t + c a + ... <= t + c b + ...`` from ``a <= b``, ...; that each c is positive is proved or supposed."""
    coefficients = tuple(c for c, _ in weighted)
    lefts, rights = (tuple(theorem.sides[i] for _, theorem in weighted) for i in (0, 1))
    whole = infer("combined_inequalities", constant, coefficients, lefts, rights)
    for c, theorem in weighted:
        whole = infer("discharge", theorem, infer("discharge", infer("positivity", c), whole))
    return whole


def chained(first: Theorem, *others: Theorem) -> Theorem:
    """``a <= d`` from ``a <= b``, ``b <= c``, ``c <= d``."""
    for second in others:
        (a, b), (_, c) = first.sides, second.sides
        whole = combine(number(-1) * b, (ONE, first), (ONE, second))
        first = along(whole, infer("field", whole.sides[0], a), infer("field", whole.sides[1], c))
    return first


def rearranged(inequality: Theorem, left: Term, right: Term, factor: Term = ONE) -> Theorem:
    """``left <= right`` from ``a <= b``, if ``right - left = c (b - a)`` by the laws of a field, for a c > 0."""
    a = inequality.sides[0]
    whole = combine(left - factor * a, (factor, inequality))
    return along(whole, infer("field", whole.sides[0], left), infer("field", whole.sides[1], right))


def integral_inequality(v: Term, pointwise: Theorem) -> Theorem:
    """``int f dv <= int g dv`` from ``f <= g``; that f and g are integrable is supposed."""
    whole = infer("integral_monotonicity", v, *pointwise.sides)
    return infer("discharge", infer("generalise", pointwise, v), whole)


def sum_inequality(j: Term, lower: Term, upper: Term, termwise: Theorem) -> Theorem:
    """``sum_j f <= sum_j g`` from ``f <= g``."""
    whole = infer("sum_monotonicity", j, lower, upper, *termwise.sides)
    return infer("discharge", infer("generalise", termwise, j, lower, upper), whole)


def joined(start: Term, steps: list[tuple[str, Theorem]]) -> tuple[str, Theorem]:
    """The relation of the ends of a chain ``=``, ``<=``, ``>=``, and its theorem.

    Raises
    ------
    ValueError
        If the chain goes both up and down.
    """
    directions = {relation for relation, _ in steps} - {"="}
    if len(directions) > 1:
        raise ValueError("a chain that goes both up and down has no relation between its ends")
    if not directions:
        return "=", transitivity(same(start), *(t for _, t in steps))
    (direction,) = directions
    ordered = steps if direction == "<=" else [(r, symmetry(t) if r == "=" else t) for r, t in reversed(steps)]
    return direction, chained(*(as_inequality(t) if r == "=" else t for r, t in ordered))
