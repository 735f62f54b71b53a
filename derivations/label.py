"""Letters that a text uses for several things, and variables that it only uses together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from derivations.parser import parse
from derivations.syntax import FormulaError, Group, Row, Sum, Unit
from derivations.tree import (
    FAMILIES,
    INDICES,
    NATURALS,
    PARAMETERS,
    Label,
    is_parenthesised,
    is_transposed,
    letters,
    name_of,
    parameter,
    plain_letter,
    units,
    variable_of,
)

_WHOLE, _PART = "as a whole", "in parts"


def several(trees: Iterable[Sum]) -> frozenset[str]:
    """Letters that the trees use with more than one label; no label at all is not another one, but a capital is.

    Nor is ``p(z)`` beside ``p_\\theta(x|z)`` another density, but ``p(x)`` beside ``p_\\theta(x)`` is.
    """
    found: dict[str, set[str]] = {}
    trees = list(trees)
    variables = random_parameters(trees)
    for tree in trees:
        for letter, label in labels(tree, variables):
            found.setdefault(letter, set()).add(label)
    return frozenset(letter for letter, used in found.items() if _ambiguous(used)) | _with_and_without(trees, variables)


def in_definitions(trees: Iterable[Sum], variables: frozenset[str]) -> frozenset[str]:
    r"""Letters with several parameters or numbers in trees of which some are definitions: ``q_\\phi`` beside a symbol for ``E_{q_\\psi}``.

    What has no label in a definition may have one elsewhere.
    """
    found: dict[str, set[str]] = {}
    trees = list(trees)
    for tree in trees:
        for letter, label in labels(tree, variables):
            found.setdefault(letter, set()).add(label)
    several_labels = (letter for letter, used in found.items() if _ambiguous(used - {"", "upper", _WHOLE, _PART}))
    return frozenset(several_labels) | _with_and_without(trees, variables)


def _ambiguous(used: set[str]) -> bool:
    exponents = {label for label in used if label.startswith("^")}
    parameters = used - exponents - {"", "upper", _WHOLE, _PART}
    return {"", "upper"} <= used or len(exponents) > 1 or len(parameters) > 1 or {_WHOLE, _PART} <= used


def _with_and_without(trees: Iterable[Sum], variables: frozenset[str]) -> frozenset[str]:
    r"""Families of which one density is written both with parameters and without, as the data's and a model's.

    For q, which is ``q_\phi`` wherever it is not beside it, only what stands on one side counts.
    """
    found = [set(_families_at(tree, variables)) for tree in trees]
    one_side = frozenset[str]().union(*map(_in_both_ways, found))
    return one_side | (_in_both_ways(set().union(*found)) & {"p"})


def _in_both_ways(found: set[tuple[str, bool, object]]) -> frozenset[str]:
    plain, fitted = ({(letter, at) for letter, has, at in found if has is fit} for fit in (False, True))
    both = {letter for letter, at in plain & fitted if (letter, at) != ("q", _BARE)}
    if any(letter == "q" for letter, _, _ in found):
        return frozenset(both)  # a bare p is beside q whatever q is near to
    return frozenset(both | {letter for letter, at in fitted if (letter, _BARE) in plain and _is_of_data(at)})


def random_parameters(trees: Iterable[Sum]) -> frozenset[str]:
    r"""Letters of parameters that are variables here: integrated over, or before the bar of a density, ``p(\theta|x)``."""
    found: set[str] = set()
    for tree in trees:
        for row in rows(tree):
            for unit, following in row.neighbours:
                if isinstance(unit, str):
                    found |= {plain_letter(parse(unit[1:]))} if unit.startswith("∂") else set()
                elif unit.base in FAMILIES and isinstance(following, Unit) and isinstance(following.base, Group):
                    found |= set(map(plain_letter, _targets(following.base)))
    return frozenset(found & PARAMETERS)


def _targets(group: Group) -> Iterator[Sum]:
    for separator, s in zip(("", *group.separators), group.sums, strict=False):
        if separator not in ("", ","):
            return
        yield s


_BARE = ()  # where a family stands without its variables


def _is_of_data(at: object) -> bool:
    """Whether the variables at which a density is written, all of them, are data."""
    return at != _BARE and isinstance(at, tuple) and all(plain_letter(s).lower() in ("x", "y") for s in at[0])


def _families_at(tree: Sum, variables: frozenset[str]) -> Iterator[tuple[str, bool, object]]:
    """The families in a tree: the letter, whether it has parameters, and the variables at which it stands."""
    for row in rows(tree):
        for unit, following in row.neighbours:
            if not isinstance(unit, Unit) or unit.base not in FAMILIES:
                continue
            group = following.base if isinstance(following, Unit) and isinstance(following.base, Group) else None
            below = {i for g in unit.subs for i in letters(g)}
            if not below <= PARAMETERS or unit.sups or unit.primes:
                continue
            if group is None or group.kind != "(" or not group.sums:
                yield str(unit.base).lower(), bool(below - variables), _BARE
                continue
            named = [bool(parameter(s, variables)) for s in group.sums]
            separated = zip(("", *group.separators), group.sums, named, strict=True)
            at = tuple(zip(*((s, separator) for separator, s, fixed in separated if not fixed), strict=True))
            yield str(unit.base).lower(), bool(below - variables) or any(named), at


def labels(tree: Sum, variables: frozenset[str] = frozenset()) -> Iterator[tuple[str, str]]:
    """Letters, in lower case, with what tells them apart from the same letter elsewhere: case, label, parameters.

    Parameters that are `variables` tell no densities apart.
    """
    bound = {i for unit in units(tree) if unit.base in (r"\sum", r"\prod") for g in unit.subs for i in letters(g)}
    random = set(_random(tree))
    for unit in units(tree):
        if isinstance(unit.base, str) and id(unit) not in random:
            yield from _labels_of(unit, unit.base, bound)
    for row in rows(tree):
        yield from _labels_of_arguments(row, variables)


def _random(tree: Sum) -> Iterator[int]:
    """The variables of ``H(X)``, ``I(X; Y)``, the space of ``int_Z`` and the law of ``z ~ P(Z)``, by identity.

    Their values are small letters.
    """
    for sub in (g for u in units(tree) if u.base in (r"\Expectation", "E") for g in u.subs if "∼" in g.separators):
        drawn = {str(u.base) for s in sub.sums[: sub.separators.index("∼") + 1] for u in units(s)}
        law = (u for s in sub.sums[sub.separators.index("∼") + 1 :] for u in units(s))
        yield from (id(u) for u in law if u.base in ("X", "Y", "Z") and str(u.base).lower() in drawn)
    integrals = (u for u in units(tree) if u.base == r"\int")
    yield from (id(u) for i in integrals for g in i.subs for s in g.sums for u in units(s))
    for row in rows(tree):
        for unit, group in pairwise(row.items):
            of = isinstance(unit, Unit) and unit.base in ("H", "I", r"\ScriptH", r"\ScriptI")
            if of and isinstance(group, Unit) and isinstance(group.base, Group):
                yield from (id(u) for s in group.base.sums for u in units(s))


def rows(tree: Sum) -> Iterator[Row]:
    """All rows of a tree, those in brackets and scripts included."""
    for _, row in tree.rows:
        yield row
    for unit in units(tree):
        inside = [unit.base] if isinstance(unit.base, Group) else []
        for group in (*unit.arguments, *inside, *unit.subs, *unit.sups):
            for s in group.sums:
                for _, row in s.rows:
                    yield row


def _labels_of(unit: Unit, base: str, bound: set[str]) -> Iterator[tuple[str, str]]:
    letter = name_of(base)
    if len(letter) == 1 and letter.isalpha() and base not in INDICES | NATURALS | {"I", "E", "D", "H", "T", "L", "F"}:
        yield letter.lower(), "upper" if letter.isupper() else ""
    parameters = sorted(i for g in unit.subs for i in letters(g) if i in PARAMETERS)
    if parameters:
        yield letter.lower(), "_".join(parameters)
    if is_transposed(unit) or (not any(is_parenthesised(g) for g in unit.sups) and not unit.subs):
        return
    try:
        label = Label(Unit(base, subs=unit.subs, sups=tuple(g for g in unit.sups if is_parenthesised(g))))
    except FormulaError:
        return
    indices = [i for i in label.indices if i not in bound]
    if indices and (letter in ("x", "y", "z") or unit.sups):
        yield letter.lower(), "^" + "".join(sorted(indices))
    elif label.kept and any(is_parenthesised(g) for g in unit.sups):
        yield letter.lower(), "^" + label.kept
    if label.range and label.range[0] != "0":
        yield letter.lower(), _WHOLE
    elif label.kept and label.kept != "0" and not label.range:
        yield letter.lower(), _PART


def _labels_of_arguments(row: Row, variables: frozenset[str]) -> Iterator[tuple[str, str]]:
    """The parameters among the arguments of a density: ``p(x | \\theta)`` is ``p_\\theta(x)``."""
    for unit, group in zip(row.items, row.items[1:], strict=False):
        density = isinstance(unit, Unit) and unit.base in FAMILIES
        if density and isinstance(group, Unit) and isinstance(group.base, Group):
            assert isinstance(unit, Unit)
            inside = {i for s in group.base.sums for i in letters(Group("{", (s,), ()))} & PARAMETERS - variables
            if inside:
                yield str(unit.base).lower(), "_".join(sorted(inside))


# --- variables that stand together everywhere ---


def together(trees: Iterable[Sum]) -> dict[str, str]:
    """For variables such as ``z_1`` and ``z_2`` that never stand apart, what both are called: ``z_1,2``."""
    segments = [s for tree in trees for s in _segments(tree) if s]
    names = sorted(set().union(*segments)) if segments else []
    found: dict[str, str] = {}
    for name in names:
        where = [i for i, s in enumerate(segments) if name in s]
        block = [
            other
            for other in names
            if other[0] == name[0] and [i for i, s in enumerate(segments) if other in s] == where
        ]
        if len(block) > 1:
            found[name] = block[0] + "," + ",".join(other.split("_", 1)[1] for other in block[1:])
    return found


def _segments(tree: Sum) -> Iterator[set[str]]:
    """The labelled variables between separators, and those of neighbouring differentials."""
    for unit in units(tree):
        inside = [unit.base] if isinstance(unit.base, Group) else []
        for group in (*inside, *unit.subs):
            segment: set[str] = set()
            for separator, s in zip(("", *group.separators), group.sums, strict=False):
                if separator not in ("", ","):
                    yield segment
                    segment = set()
                segment |= _named(s)
            yield segment
    for row in rows(tree):
        places = [i for i, item in enumerate(row.items) if isinstance(item, str) and item.startswith("∂")]
        segment = set()
        for before, place in zip([-2, *places], places, strict=False):
            if place != before + 1:
                yield segment
                segment = set()
            segment = segment | _named(parse(str(row.items[place])[1:]))
        yield segment


def _named(tree: Sum) -> set[str]:
    try:
        letter, label = variable_of(tree)
    except FormulaError:
        return set()
    return {f"{letter}_{label.kept}"} if label.kept and not label.range and letter in ("x", "y", "z") else set()
