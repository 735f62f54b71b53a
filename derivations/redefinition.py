"""Symbols of which a text says several things: a definition that is followed by another one, or by a mistake."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import inf

from derivations.conversion import subterms
from derivations.definition import FAR, Equation, has_evidence, of_symbols, sign_of, within
from derivations.kernel import Term, equal, free, number
from derivations.reader import Context
from derivations.reading import readings
from derivations.refute import refute
from derivations.surroundings import BOUNDS, Redefinition, Surroundings, defined
from derivations.syntax import Sum
from derivations.tree import bases
from derivations.written import WrittenChain


def redefinitions(
    chains: Sequence[WrittenChain], around: Surroundings
) -> tuple[tuple[Redefinition, ...], tuple[Redefinition, ...]]:
    """Where a text defines a symbol anew, far from its definition, and where it only disputes that."""
    anew: list[Redefinition] = []
    disputes: list[Redefinition] = []
    first: dict[str, int] = {}
    anywhere = {d.name for d in around.again}
    for e in _first_equations(chains):
        name = defined(e.left)
        line = first.setdefault(name, around.lines.get(name, e.after.line))
        if name not in anywhere and _is_another(name, e, around):
            this = Redefinition(e.place, name, (e.after.source, e.right))
            (anew if e.after.line > line + FAR else disputes).append(this)
    return tuple(anew), tuple(disputes)


def _is_another(name: str, e: Equation, around: Surroundings) -> bool:
    """Whether an equation says of a symbol what its definition does not say, or what the bound is not."""
    if name in around.symbols:
        if around.symbols[name][0] == e.after.source or bases(e.left) != bases(around.called[name]):
            return False  # J(p), where J(q) is defined
        return _differ(around.symbols[name][1], e.right, within(e.chain, around))
    if (
        name not in {*BOUNDS} - {"ELBO"}
        or name not in around.positive | around.negative
        or any(map(has_evidence, e.chain.sides))
    ):
        return False
    here = within(e.chain, around)
    sign, is_negative = sign_of(name, e.right, here), name in around.negative
    if sign or name in around.spelled or here.bound is None:
        return bool(sign) and is_negative is (sign == "+")
    return _is_other(_value(e.right, here), number(-1) * here.bound if is_negative else here.bound)


def _first_equations(chains: Iterable[WrittenChain]) -> Iterator[Equation]:
    """The equations with which chains begin; another one in a chain is a step."""
    return (e for e in of_symbols(chains) if e.after.relation == "=" and not e.negated and e.chain.sides[1] is e.after)


def _differ(one: Sum, other: Sum, here: Surroundings) -> bool:
    """Whether two definitions of a symbol are of different things."""
    value = _value(other, here)
    return value is not None and _is_other(_value(one, here), value)


def _value(tree: Sum, here: Surroundings) -> Term | None:
    names = Context(here.laws, apart=here.apart, variables=here.variables)
    return next((r.term for r in readings(tree, names)), None)


def _is_other(value: Term | None, term: Term) -> bool:
    """Whether a value differs from a term; of closed forms, which rest on what the densities are, nothing is said."""
    if value is None or _parameters(value) != _parameters(term):
        return False
    return refute(equal(value, term), seconds=inf) is not None


def _parameters(term: Term) -> set[Term]:
    normal = {t for _, t in subterms(term) if t.head == "normal"}
    return {v for v in free(term) if v.data[1] in ("real", "vector")} | normal
