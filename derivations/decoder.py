r"""The decoder that a relation is about: ``p(x|z) = N(x; \mu(z), \sigma^2 I)`` where it measures how far x is from a mean.

What is subtracted from x is the mean, and the scale is the sigma beside it. Both are read as they are written, in place
of x, the mean and the variance of a normal density, so that the convention says what the formula would. Where ``1 - x`` and
``1 - y`` occur, y is the mean of Bernoulli laws.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from derivations.clue import is_other_scale, normal_parameters
from derivations.convention import PRIOR, Model, X, Z
from derivations.kernel import density
from derivations.label import rows
from derivations.latex import text
from derivations.reader import Context, Reading, group_of
from derivations.reading import read
from derivations.symbol import without_index
from derivations.syntax import FormulaError, Group, Row, Sum, Unit
from derivations.tree import INDICES, alone, bases, braced, is_parenthesised, letters, only_unit, units

DECODER, JOINT = density("p", [X], [Z]), density("p", [X, Z])
_DATA = ("x", "X")


@dataclass(frozen=True)
class Decoder:
    """A mean and a scale as they are written, without the index of an entry; no scale stands for the unit matrix.

    `of_entries` says that the scale has an index, `vector` that x has one, `given` that the mean is one at z.
    """

    mean: Sum
    scale: Sum | None
    of_entries: bool
    vector: bool
    given: bool

    @property
    def chosen(self) -> bool:
        """Whether the variance is none that the text says."""
        return self.scale is None

    def fits(self, law: Sum) -> bool:
        """Whether a law that the text has for ``p(x|z)`` may be this one, as far as one can tell."""
        parameters = normal_parameters(law)
        if not parameters:
            return r"\Normal" in bases(law)
        letters_of = bases(parameters[1]) - {"I", r"\One", "1"}
        if self.scale is None:
            return not letters_of
        return r"\Sigma" in letters_of or (r"\sigma" in letters_of and not is_other_scale(parameters[1]))

    def laws(self, names: Context, *, scalar: bool) -> Iterator[tuple[Model, str]]:
        r"""``p(x|z)`` as the normal density with the variance ``\sigma^2``; and with the variance ``\sigma``, a condition."""
        for variance, condition in () if scalar and self.vector else self._variances(scalar=scalar):
            call = Group("(", (alone(Unit("x")), self.mean, variance), (";", ","))
            tree = alone(Unit(r"\Normal"), Unit(call))
            yield from ((model, condition) for model in _models(tree, names, scalar=scalar))

    def _variances(self, *, scalar: bool) -> Iterator[tuple[Sum, str]]:
        if self.scale is None:
            yield alone(Unit("1" if scalar else "I")), ""
            return
        unit, *call = self.scale.rows[0][1].items
        assert isinstance(unit, Unit)
        matrix = () if scalar or self.of_entries else (Unit("I"),)
        inside = Unit(Group("(", (alone(unit, *call),), ()), sups=(braced(alone(Unit("2"))),))
        yield alone(inside, *matrix), ""
        yield alone(unit, *call, *matrix), "sigma is the variance, not the standard deviation"


@dataclass(frozen=True)
class Binary:
    """The mean of Bernoulli laws, with the index of an entry, if it has one, and whether it is one at z."""

    mean: Sum
    index: str
    given: bool
    chosen: bool = False

    def fits(self, law: Sum) -> bool:
        """Whether a law that the text has for ``p(x|z)`` may be this one."""
        return r"\Normal" not in bases(law)

    def laws(self, names: Context, *, scalar: bool) -> Iterator[tuple[Model, str]]:
        """``p(x|z)`` as the product of Bernoulli laws, or one of them."""
        if scalar is bool(self.index):
            return
        x = Unit("x", subs=(braced(alone(Unit(self.index))),) if self.index else ())
        law = (Unit(r"\Bernoulli"), Unit(Group("(", (alone(x), self.mean), (";",))))
        product = (Unit(r"\prod", subs=x.subs),) if self.index else ()
        yield from ((model, "") for model in _models(alone(*product, *law), names, scalar=scalar))


def _models(tree: Sum, names: Context, *, scalar: bool) -> Iterator[Model]:
    """The law of the decoder as it is read, and that of x and z with it."""
    try:
        law = read(tree, Reading(scalar=scalar), names).term
    except FormulaError:
        return
    yield Model(((DECODER, law), (JOINT, law * PRIOR)), f"{text(DECODER)} = {text(law)}")


def decoder_of(trees: tuple[Sum, Sum]) -> Decoder | Binary | None:
    """The decoder of which a relation speaks; None if x is compared with nothing, or with several things."""
    return _binary(trees) or _normal(trees)


def _binary(trees: tuple[Sum, Sum]) -> Binary | None:
    found = [parts for tree in trees for s in _sums(tree) if (parts := _complement(s))]
    data, means = ([parts for parts in found if _is_data(parts) is of_data] for of_data in (True, False))
    indices = {"".join(sorted(_index(parts[0]))) for parts in found}
    if not data or len(set(means)) != 1 or len(indices) != 1:
        return None
    given = any(_is_point(call) for call in means[0][1:])
    return Binary(alone(*means[0]), indices.pop(), given)


def _complement(tree: Sum) -> tuple[Unit, ...]:
    """``y`` for ``1 - y``."""
    if [sign for sign, _ in tree.rows] != ["+", "-"] or tree.rows[0][1] != Row((Unit("1"),)):
        return ()
    parts = tuple(i for i in tree.rows[1][1].items if isinstance(i, Unit))
    letter = bool(parts) and isinstance(parts[0].base, str) and not parts[0].base[0].isdigit() and not parts[0].sups
    return parts if letter and (len(parts) == 1 or (len(parts) == 2 and _is_point(parts[1]))) else ()


def _normal(trees: tuple[Sum, Sum]) -> Decoder | None:
    pairs = [pair for tree in trees for s in _sums(tree) if (pair := _deviation(s)) is not None]
    means = {_mean(*pair) for pair in pairs}
    scales = {scale for tree in trees for scale in _scales(tree)}
    if len(means) != 1 or len(scales) > 1:
        return None
    scale, of_entries = scales.pop() if scales else (None, False)
    mean, given = means.pop(), any(_is_point(call) for _, parts in pairs for call in parts[1:])
    return Decoder(mean, scale, of_entries, any(_index(x) for x, _ in pairs), given)


def _sums(tree: Sum) -> Iterator[Sum]:
    """A tree, and the sums in its brackets, fractions and exponents."""
    yield tree
    for unit in units(tree):
        inside = (unit.base,) if isinstance(unit.base, Group) else ()
        for group in (*inside, *unit.arguments, *unit.sups):
            yield from group.sums


def _mean(x: Unit, mean: tuple[Unit, ...]) -> Sum:
    """A mean without the index that it shares with x."""
    first, *call = mean
    return alone(without_index(first, _index(x)), *call)


def _deviation(tree: Sum) -> tuple[Unit, tuple[Unit, ...]] | None:
    """``x`` and ``mu(z)`` for their difference, in any order."""
    if len(tree.rows) != 2 or {sign for sign, _ in tree.rows} != {"+", "-"}:
        return None
    one, other = (tuple(i for i in row.items if isinstance(i, Unit)) for _, row in tree.rows)
    if any(len(part) != len(row.items) for part, (_, row) in zip((one, other), tree.rows, strict=True)):
        return None
    x, mean = (one, other) if _is_data(one) else (other, one)
    if not _is_data(x) or _is_data(mean) or not mean or not isinstance(mean[0].base, str) or mean[0].base[0].isdigit():
        return None
    return (x[0], mean) if len(mean) == 1 or (len(mean) == 2 and group_of(mean[1], "(") is not None) else None


def _is_data(items: tuple[Unit, ...]) -> bool:
    labelled = all(map(is_parenthesised, items[0].sups))
    return len(items) == 1 and items[0].base in _DATA and labelled and not _words(items[0])


def _words(unit: Unit) -> set[str]:
    """What stands below a letter beside indices, such as the hat of ``\\hat x``."""
    return {i for g in unit.subs for i in letters(g)} - INDICES


def _scales(tree: Sum) -> Iterator[tuple[Sum, bool]]:
    for row in rows(tree):
        for item, after in row.neighbours:
            if isinstance(item, Unit) and item.base == r"\sigma":
                index = _index(item)
                call = (after,) if group_of(after, "(") is not None and _is_point(after) else ()
                yield alone(replace(without_index(item, index), sups=()), *call), bool(index)


def _is_point(item: Unit | str) -> bool:
    group = group_of(item, "(")
    unit = only_unit(group.sums[0]) if group is not None and len(group.sums) == 1 else None
    return unit is not None and unit.base in ("z", "Z")


def _index(unit: Unit) -> set[str]:
    return {i for g in unit.subs for i in letters(g)} & INDICES
