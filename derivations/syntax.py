"""The syntax of formulas: a tree of sums, rows of factors, brackets and scripts; `derivations.parser` makes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


class FormulaError(ValueError):
    """A formula that cannot be read; the message says where and why."""


@dataclass(frozen=True)
class Group:
    """Sums between brackets, and what separates them; `kind` is ``(``, ``[``, ``{`` or ``<``."""

    kind: str
    sums: tuple[Sum, ...]
    separators: tuple[str, ...]


@dataclass(frozen=True)
class Unit:
    r"""A letter, command, number or group with its scripts; ``\frac`` and ``\sqrt`` have their groups as arguments."""

    base: str | Group
    arguments: tuple[Group, ...] = ()
    subs: tuple[Group, ...] = ()
    sups: tuple[Group, ...] = ()
    primes: int = 0


@dataclass(frozen=True)
class Row:
    """Factors side by side: units, and the signs ``*``, ``/`` and ``dz`` between them."""

    items: tuple[Unit | str, ...]

    @property
    def neighbours(self) -> Iterator[tuple[Unit | str, Unit | str]]:
        """Each item with the one that follows it; with an empty one the last."""
        return zip(self.items, (*self.items[1:], ""), strict=True)


@dataclass(frozen=True)
class Sum:
    """Rows with their signs, ``+`` or ``-``; `signed` if the sign of the first is written, which makes no difference alone."""

    rows: tuple[tuple[str, Row], ...]
    signed: bool = field(default=False, compare=False, repr=False)
