"""Theorems about arbitrary functions and variables, for given ones."""

from __future__ import annotations

from typing import Any

from derivations.kernel import Term, Theorem, infer, sort, substitute, variable
from derivations.notation import to_kernel


def instance(theorem: Theorem, *values: tuple[Any, Any]) -> Theorem:
    """`theorem` with functions and variables replaced one after the other, in its hypotheses too.

    Parameters
    ----------
    values
        Pairs ``(f(x), t)`` or ``(v, t)`` of expressions: f becomes the function whose value at x is t, v becomes t.

    Raises
    ------
    KernelError
        If what stands free in t is bound in the theorem, or t is of another kind than f.

    Examples
    --------
    >>> from derivations.kernel import number
    >>> from derivations.latex import text
    >>> from derivations.notation import Mapping, Parameter
    >>> f, a = Mapping("f"), Parameter("a")
    >>> square = infer("square", to_kernel(f(a)))
    >>> text(instance(square, (f(a), a + 1)).conclusion)
    '0 <= (1 + a)^2'
    """
    for pattern, value in values:
        theorem = infer("instantiate", theorem, *_by_places(to_kernel(pattern), to_kernel(value)))
    return theorem


def _by_places(pattern: Term, value: Term) -> tuple[Term, Term]:
    """A pattern and its value, the variables of the pattern named by their places, as the rule wants it."""
    places = [variable(str(i), "real" if sort(v) == "r" else v.data[1]) for i, v in enumerate(pattern.args)]
    for v, place in zip(pattern.args, places, strict=True):
        value = substitute(value, v, place)
    return Term(pattern.head, tuple(places), pattern.data), value
