"""Points of the spaces of a random model, and how values are written in a counterexample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flint import fmpq

from derivations.gaussian_form import NoValueError


@dataclass(frozen=True)
class FinitePoint:
    """A point of a finite space, by its place."""

    space: str
    place: int


@dataclass(frozen=True)
class RealPoint:
    """A point of R^J."""

    space: str
    components: tuple[Any, ...]


@dataclass(frozen=True)
class Parameters:
    """A vector or matrix of parameters, of any size: its entries are drawn when they are read."""

    name: str


Point = FinitePoint | RealPoint | Parameters


def written(value: Any) -> str:
    """A rational number as it is, a ball as a decimal number with an error bound."""
    return str(value) if isinstance(value, fmpq) else str(value.str(40))


def place_of(value: Any) -> int:
    """A whole number, or the place of a point of a finite space.

    Raises
    ------
    NoValueError
        If the value is neither.
    """
    if isinstance(value, FinitePoint):
        return value.place
    if isinstance(value, fmpq) and value.q == 1:
        return int(value.p)
    raise NoValueError("not a whole number")
