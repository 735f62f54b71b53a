"""Theorems about arbitrary functions and variables, for given ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from derivations.conversion import subterms
from derivations.derivative import fresh
from derivations.kernel import Term, Theorem, infer, substitute
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
        theorem = infer("instantiate", theorem, *_apart(theorem, to_kernel(pattern), to_kernel(value)))
    return theorem


def _apart(theorem: Theorem, pattern: Term, value: Term) -> tuple[Term, Term]:
    """A pattern and its value with the variables of the pattern renamed, so that the theorem has none of them."""
    used = set(_variables(theorem))
    arguments = tuple(fresh(v, *used) for v in pattern.args)
    for v, new in zip(pattern.args, arguments, strict=True):
        value = substitute(value, v, new)
    return Term(pattern.head, arguments, pattern.data), value


def _variables(theorem: Theorem) -> Iterator[Term]:
    for statement in (*theorem.hypotheses, theorem.conclusion):
        for _, part in subterms(statement):
            yield from (v for v in (part, part.bound) if v is not None and v.head == "variable")
