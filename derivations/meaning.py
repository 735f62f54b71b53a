"""What a relation of a text may mean: readings of both sides, under the conventions on q and p; and doubts about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from derivations.convention import Model, context, default, modelled, speaks_of, stated
from derivations.conversion import subterms
from derivations.kernel import Term, free
from derivations.manuscript import Convention
from derivations.reading import Context, Reading, read, readings
from derivations.syntax import FormulaError, Group, Sum, Unit

CLAIMS = {"expectation", "kl", "integral", "density", "normal", "sum"}


@dataclass(frozen=True)
class Surroundings:
    """What the text around a relation says.

    Attributes
    ----------
    symbols
        What calligraphic letters stand for: the source and the tree of their definition.
    conventions
        What comments say of the densities.
    named
        The laws that the chain has named, by variable and by family.
    apart
        Letters that the chain uses for several things.
    """

    symbols: Mapping[str, tuple[str, Sum]] = field(default_factory=dict)
    conventions: tuple[Convention, ...] = ()
    named: Mapping[str, Term] = field(default_factory=dict)
    apart: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Meaning:
    """Both sides of a relation under one reading, and the convention on the densities that it uses, if any."""

    reading: Reading
    left: Term
    right: Term
    convention: str = ""


def meanings(trees: tuple[Sum, Sum], around: Surroundings) -> Iterator[Meaning]:
    """Readings that give both sides a meaning, as written and under the conventions, each once."""
    seen: set[tuple[Term, Term]] = set()
    for meaning in _all(trees, around):
        if (meaning.left, meaning.right) not in seen:
            seen.add((meaning.left, meaning.right))
            yield meaning


def _all(trees: tuple[Sum, Sum], around: Surroundings) -> Iterator[Meaning]:
    for log_variance in (False, True):
        for vector in (True, False):
            names = context(around.named, {}, around.apart, vector=vector, log_variance=log_variance)
            names = replace(names, symbols=dict(_symbols(around, names, vector=vector)))
            model = stated(around.conventions, vector=vector) or default(vector=vector, log_variance=log_variance)
            left, right = ([(r, t) for r, t in readings(tree, names) if r.scalar is not vector] for tree in trees)
            for reading, first in left:
                for _, second in right:
                    if log_variance and not any(speaks_of(t, "v") for t in (first, second)):
                        continue
                    yield Meaning(reading, first, second)
                    yield from _under(model, Meaning(reading, first, second))


def _under(model: Model, meaning: Meaning) -> Iterator[Meaning]:
    """The relation about normal densities, where it speaks of parameters."""
    left, right = (modelled(t, model) for t in (meaning.left, meaning.right))
    parameters = any(v.data[1] in ("real", "vector") for t in (meaning.left, meaning.right) for v in free(t))
    if parameters and (left, right) != (meaning.left, meaning.right):
        yield Meaning(meaning.reading, left, right, model.words)


def _symbols(around: Surroundings, names: Context, *, vector: bool) -> Iterator[tuple[str, Term]]:
    for name, (_, tree) in around.symbols.items():
        term = next((t for r, t in readings(tree, names) if r.scalar is not vector), None)
        if term is not None:
            yield name, term


def is_assumption(meaning: Meaning) -> bool:
    """Whether it says that a density is normal, or a normal one of other parameters: no claim."""
    heads = {meaning.left.head, meaning.right.head}
    return "normal" in heads and heads <= {"normal", "density"}


def why_none(trees: tuple[Sum, Sum], around: Surroundings) -> str:
    """Why a relation has no meaning that we know."""
    for tree in trees:
        reasons = []
        for scalar in (False, True):
            names = context({}, {}, around.apart, vector=not scalar, log_variance=False)
            try:
                read(tree, Reading(scalar=scalar), names)
            except FormulaError as error:
                reasons.append(str(error))
        if len(reasons) == 2:
            return reasons[1]
    return "the sides have no common reading"


# --- doubts ---


def doubt(trees: tuple[Sum, Sum], found: list[Meaning], around: Surroundings) -> str:
    """Why a relation that has no proof may yet be no claim, or one that we misread; empty if there is no doubt."""
    if around.apart:
        return f"{', '.join(sorted(around.apart))}: one letter for several things"
    if len({_has_limits(tree) for tree in trees} - {None}) > 1:
        return "a sum without limits beside one with"
    return next(filter(None, map(_doubt_about, found)), "")


def _doubt_about(meaning: Meaning) -> str:
    sides = meaning.left, meaning.right
    heads = [{t.head for _, t in subterms(side)} for side in sides]
    if not set.union(*heads) & CLAIMS:
        return "a choice of numbers, or a definition"
    if ("normal" in heads[0]) != ("normal" in heads[1]) and any("density" in h for h in heads):
        return "which densities are normal?"
    names = [{v.data[0] for v in free(t) if v.data[1] in ("real", "vector", "natural")} for t in sides]
    if names[0] != names[1]:
        return f"what is {', '.join(sorted(names[0] ^ names[1]))}?"
    return ""


def _has_limits(tree: Sum) -> bool | None:
    """Whether the sums of a tree have an upper limit; None if it has no sums."""
    found = {bool(u.sups) for u in _units(tree) if u.base == r"\sum"}
    return None if not found else all(found)


def _units(tree: Sum) -> Iterator[Unit]:
    for _, row in tree.rows:
        for item in row.items:
            if isinstance(item, Unit):
                yield item
                for group in (*item.arguments, *([item.base] if isinstance(item.base, Group) else [])):
                    for part in group.sums:
                        yield from _units(part)
