r"""Parse LaTeX formulas as people write them.

>>> tree = parse(r"\tfrac12 \log \mathbf{x}_j")
>>> [[unit.base for unit in row.items] for _, row in tree.rows]
[['\\frac', '\\log', 'x']]
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import lark

from derivations.spelling import normalised
from derivations.syntax import FormulaError, Group, Row, Sum, Unit


@lru_cache(maxsize=1024)
def parse(source: str) -> Sum:
    """The tree of a formula.

    Raises
    ------
    FormulaError
        If the formula is not one that the grammar knows; nothing is guessed.
    """
    if len(source) > _LONGEST:
        raise FormulaError(f"more than {_LONGEST} characters")
    if r"\newline" in source:
        raise FormulaError("a row that goes on without a sign: is it a factor, a summand, or another formula?")
    plain = normalised(source)
    if not plain.strip():
        raise FormulaError("nothing to read")
    word = _WORD.search(plain)
    if word:
        raise FormulaError(f"the word {word.group()!r}")
    if _depth(plain) > _DEEPEST:
        raise FormulaError(f"brackets nested more than {_DEEPEST} deep")
    if _LONG_NUMBER.search(plain):
        raise FormulaError("a number of more than 50 digits")
    try:
        return _Tree().transform(_parser().parse(plain))  # type: ignore[no-any-return]
    except RecursionError as error:
        raise FormulaError("nested too deeply") from error
    except lark.exceptions.VisitError as error:
        raise FormulaError(str(error.orig_exc)) from error
    except lark.exceptions.UnexpectedToken as error:
        ended = error.token.type == "$END"
        rest = plain[error.pos_in_stream :][:20].strip()
        raise FormulaError(_unfinished(plain) if ended else f"cannot read {rest!r}") from error
    except lark.exceptions.UnexpectedCharacters as error:
        raise FormulaError(f"cannot read {plain[error.pos_in_stream :][:20].strip()!r}") from error


@cache
def _parser() -> lark.Lark:
    grammar = (Path(__file__).parent / "formula.lark").read_text("utf-8")
    return lark.Lark(grammar, parser="lalr", maybe_placeholders=False)


_DEEPEST, _LONGEST = 40, 4000
_LONG_NUMBER = re.compile(r"[0-9]{51}")
_WORD = re.compile(r"(?<![a-zA-Z\\])[a-zA-Z]{3,}(?![a-zA-Z])")


def _unfinished(plain: str) -> str:
    """Why a formula that is read to its end is not complete."""
    opened = next((a for a, b in ("()", "[]", "{}", "⟨⟩") if plain.count(a) > plain.count(b)), "")
    return f"a bracket {opened} is not closed" if opened else "the formula ends too early"


def _depth(plain: str) -> int:
    deepest = depth = 0
    for c in plain:
        depth += (c in "([{⟨") - (c in ")]}⟩")
        deepest = max(deepest, depth)
    return deepest


class _Tree(lark.Transformer[Any, Any]):
    """From lark's tree to ours."""

    def start(self, children: list[Any]) -> Sum:
        return children[0]  # type: ignore[no-any-return]

    def sum(self, children: list[Any]) -> Sum:
        signed = isinstance(children[0], str)
        signs = children if signed else ["+", *children]
        pairs = [("-" if s != "+" else "+", row) for s, row in zip(signs[::2], signs[1::2], strict=True)]
        if not signed and len(pairs) > 1 and not pairs[0][1].items:
            del pairs[0]  # ``{} - a``, which is spaced as a difference is
        if not all(row.items for _, row in pairs):
            raise FormulaError("empty braces where a summand is wanted")
        return Sum(tuple(part for sign, row in pairs for part in _apart(sign, row)), signed)

    def row(self, children: list[Any]) -> Row:
        found: list[Unit | str] = []
        for item in (c if isinstance(c, Unit) else str(c) for c in children if not _is_nothing(c)):
            found += _integrand(item) if found and found[-1] == Unit(r"\int") else [item]
            if isinstance(item, str) and item.startswith("∂"):
                parse(item[1:])  # what is integrated over is read later, and has to be readable
        return Row(tuple(found))

    def separated(self, children: list[Any]) -> tuple[tuple[Sum, ...], tuple[str, ...]]:
        return tuple(children[::2]), tuple(map(str, children[1::2]))

    def unit(self, children: list[Any]) -> Unit:
        base, *scripts = children
        # of what stands below and above, empty braces are nothing
        subs = tuple(g for k, g in scripts if k == "_" and g.sums)
        sups = tuple(g for k, g in scripts if k == "^" and g.sums)
        if len(subs) > 1 or len(sups) > 1:
            raise FormulaError("two subscripts or two superscripts at one place")
        kind, arguments = base if isinstance(base, tuple) else (base, ())
        primes = sum(k == "'" for k, _ in scripts)
        inner = _braced_unit(kind)
        if inner is not None and not (subs or sups or primes):
            return inner
        if inner is not None and not (inner.subs or inner.sups or inner.primes):
            kind, arguments = inner.base, inner.arguments
        return Unit(kind, arguments, subs, sups, primes)

    def atom(self, children: list[Any]) -> str:
        return str(children[0])

    def sub(self, children: list[Any]) -> tuple[str, Group]:
        return "_", _grouped(children[0])

    def sup(self, children: list[Any]) -> tuple[str, Group]:
        return "^", _grouped(children[0])

    def prime(self, children: list[Any]) -> tuple[str, None]:
        return "'", None

    def parens(self, children: list[Any]) -> Group:
        return _group("(", children)

    def brackets(self, children: list[Any]) -> Group:
        return _group("[", children)

    def angles(self, children: list[Any]) -> Group:
        return _group("<", children)

    def braces(self, children: list[Any]) -> Group:
        return _group("{", children)

    def fraction(self, children: list[Any]) -> tuple[str, tuple[Group, ...]]:
        return r"\frac", tuple(map(_grouped, children[1:]))

    def root(self, children: list[Any]) -> tuple[str, tuple[Group, ...]]:
        return r"\sqrt", tuple(map(_grouped, children[1:]))


# of what follows these in braces, the sign is that of an argument
_PREFIX = {
    r"\log",
    r"\exp",
    r"\sum",
    r"\prod",
    r"\int",
    r"\Expectation",
    "E",
    r"\Gradient",
    r"\diag",
    r"\Trace",
    r"\det",
}


def _apart(sign: str, row: Row) -> Iterator[tuple[str, Row]]:
    r"""A row as it is printed: ``a {-b}``, as in ``a \underbrace{-b}_{c}``, is a difference and no product."""
    for i, (before, item) in enumerate(zip(row.items, row.items[1:], strict=False), 1):
        inner = _signed_braces(item)
        if inner is None or (isinstance(before, Unit) and before.base in _PREFIX):
            continue
        if isinstance(before, str) and not before.startswith("∂"):
            continue  # a factor after a dot or a slash
        (last, end) = inner.rows[-1]
        yield sign, Row(row.items[:i])
        yield from inner.rows[:-1]
        yield from _apart(last, Row((*end.items, *row.items[i + 1 :])))
        return
    yield sign, row


def _signed_braces(item: Unit | str) -> Sum | None:
    """The sum that an item is, in braces without scripts, if it begins with a sign that is written."""
    if isinstance(item, str) or not isinstance(item.base, Group) or item.subs or item.sups or item.primes:
        return None
    group = item.base
    return group.sums[0] if group.kind == "{" and len(group.sums) == 1 and group.sums[0].signed else None


def _integrand(item: Unit | str) -> tuple[Unit | str, ...]:
    r"""What stands in the braces of ``\int{f dz}`` after an integral, out of them."""
    if isinstance(item, Unit) and item == Unit(item.base) and isinstance(item.base, Group) and item.base.kind == "{":
        rows = item.base.sums[0].rows if len(item.base.sums) == 1 else ()
        if len(rows) == 1 and rows[0][0] == "+" and any(str(i).startswith("∂") for i in rows[0][1].items):
            return rows[0][1].items
    return (item,)


def _is_nothing(item: Any) -> bool:
    return isinstance(item, Unit) and item == Unit(Group("{", (), ()))


def _braced_unit(base: str | Group) -> Unit | None:
    r"""The unit that stands alone in braces, as in ``{p_\theta}(x)``; None for what is no such thing."""
    return _alone(base) if isinstance(base, Group) and base.sums and not base.sums[0].signed else None


def _alone(group: Group) -> Unit | None:
    """The unit that is all that a group of braces holds."""
    if group.kind != "{" or len(group.sums) != 1 or len(group.sums[0].rows) != 1:
        return None
    sign, row = group.sums[0].rows[0]
    item = row.items[0] if sign == "+" and len(row.items) == 1 else ""
    return item if isinstance(item, Unit) else None


def _group(kind: str, children: list[Any]) -> Group:
    sums, separators = children[0] if children else ((), ())
    return Group(kind, sums, separators)


def _grouped(value: Any) -> Group:
    while isinstance(value, Group) and (inner := _only_braces(value)) is not None:
        value = inner
    if isinstance(value, Group):
        return value
    unit = Unit(*value) if isinstance(value, tuple) else Unit(value)
    return Group("{", (Sum((("+", Row((unit,))),)),), ())


def _only_braces(group: Group) -> Group | None:
    """What stands in ``{{...}}``, for a group that is braces around nothing but braces."""
    item = _alone(group)
    if item is None or not isinstance(item.base, Group) or item.subs or item.sups or item.primes:
        return None
    return item.base if item.base.kind == "{" else None
