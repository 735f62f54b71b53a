"""The spaces of a random model, finite or R^J, with their points, vectors and matrices of parameters, and random numbers."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from flint import fmpq

from derivations.gaussian_form import UndefinedError
from derivations.kernel import Term
from derivations.matrix import Matrix
from derivations.point import FinitePoint, Parameters, Point, RealPoint, written
from derivations.vocabulary import PARAMETERS, Vocabulary

DRAWS = 3
ROUNDS = 2  # of exchangeable numbers: in one round alone their sum would be the same at each point


class Spaces:
    """The spaces for the names of a vocabulary.

    Attributes
    ----------
    sizes, dimensions, weights
        Of the finite spaces, of the spaces R^J, and of the points of the finite spaces.
    signed
        Whether numbers may be negative where nothing is supposed.
    defined, evaluate
        The value of what a definition defines, else None, and that of a term.
    record
        What was drawn, as JSON data: `components` of vectors and points, `densities`, `functions`.
    """

    def __init__(self, vocabulary: Vocabulary, seed: str) -> None:
        self.vocabulary, self.seed, self.signed = vocabulary, seed, False
        self.sizes: dict[str, int] = {}
        self.dimensions: dict[str, int] = {}
        self.weights: dict[str, list[Any]] = {}
        self.record: dict[str, dict[str, Any]] = {"components": {}, "densities": {}, "functions": {}}
        self.defined: Callable[[str, tuple[Any, ...]], Any] = lambda name, values: None
        self.evaluate: Callable[[Term, dict[Any, Any]], Any] = lambda term, env: None
        self._drawn: dict[tuple[Any, ...], Any] = {}

    def rng(self, *key: Any) -> random.Random:
        """A generator of its own for each thing to be drawn."""
        return random.Random(f"{self.seed} {key}")

    def positive(self, *key: Any) -> fmpq:
        """A generic positive number."""
        rng = self.rng(*key)
        return fmpq(rng.choice((2, 3, 4, 5, 8, 9, 11, 13)), rng.choice((7, 7, 17)))

    def generic(self, name: str, *key: Any) -> fmpq:
        """A generic number; positive if the name has to be."""
        sign = self.rng("sign", name, *key).choice((1, -1)) if self._may_be_negative(name) else 1
        return sign * self.positive(name, *key)

    def _may_be_negative(self, name: str) -> bool:
        return self.signed and name not in self.vocabulary.positive

    def add_finite(self, space: str, size: int, weighted: bool) -> None:
        """A finite space, with the counting measure or with random weights."""
        self.sizes[space] = size
        self.weights[space] = [self.positive("weight", space, k) if weighted else fmpq(1) for k in range(size)]

    def points(self, space: str) -> list[FinitePoint]:
        """The points of a finite space."""
        return [FinitePoint(space, k) for k in range(self.sizes[space])]

    def point(self, space: str, *key: Any) -> Point:
        """A point drawn from a space."""
        if space in PARAMETERS:
            return Parameters("".join(map(str, key)))
        if space in self.sizes:
            return FinitePoint(space, self.rng("point", space, *key).randrange(self.sizes[space]))
        components = (self.generic(f"point {key}", i) for i in range(self.dimensions[space]))
        return RealPoint(space, tuple(components))

    def component(self, point: Point, indices: tuple[int, ...]) -> Any:
        """A component of a point or vector.

        Raises
        ------
        UndefinedError
            If the point has no such component.
        """
        if isinstance(point, RealPoint):
            if len(indices) != 1 or not 1 <= indices[0] <= len(point.components):
                raise UndefinedError("no such component")
            return point.components[indices[0] - 1]
        owner = point.name if isinstance(point, Parameters) else point.space
        place = (point.place,) if isinstance(point, FinitePoint) else ()
        known = None if place else self.defined(owner, tuple(map(fmpq, indices)))
        if known is not None:
            return known
        value = self._drawn.get((owner, place, indices))
        if value is None:
            value = self.generic(owner, *place, *indices)
            if len(indices) == 2 and indices[0] == indices[1]:
                value += 3 if value > 0 else -3  # a matrix dominated by its diagonal, so that it has an inverse
            self._drawn[owner, place, indices] = value
        entry = ",".join(map(str, indices))
        self.record["components"].setdefault(owner, {})[";".join((*map(str, place), entry))] = written(value)
        return value

    def set_entries(self, name: str, matrix: Matrix) -> None:
        """Give the entries of a matrix of parameters values."""
        for i, row in enumerate(matrix, 1):
            self._drawn.update({(name, (), (i, k)): value for k, value in enumerate(row, 1)})
