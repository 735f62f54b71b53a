"""A call of a formula at one or several points: how the points are laid out, and what their values reduce to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from elbocheck.call import Value
from elbocheck.claim import Site

Layout: TypeAlias = Literal["one", "vector", "batch"]
"""One distribution; a vector of ``LENGTH`` independent coordinates; a batch of ``ROWS`` such."""
Weights: TypeAlias = NDArray[np.float64]

LENGTH = 3
ROWS = 5  # not 2: half of a sum would be a mean
_CASES = 4
_SITES: dict[Layout, tuple[int, ...]] = {"one": (), "vector": (LENGTH,), "batch": (ROWS, LENGTH)}


@dataclass(frozen=True)
class Reduction:
    """How returned numbers come from the values at the points: in words, and as a matrix."""

    name: str
    weights: Weights


@dataclass(frozen=True)
class Case:
    """Points that one call evaluates.

    Parameters
    ----------
    layout : {"one", "vector", "batch"}
    sites : sequence of Site
        As many as the layout has places, in C order. An event with axes of its own (a table of probabilities) has
        one place, or ``ROWS`` in a batch.
    axes : int
        Axes of one event.

    Examples
    --------
    >>> case = Case("vector", [Site((0.1, 1.0)), Site((0.2, 2.0)), Site((0.3, 3.0))], 0)
    >>> case.arguments
    ((0.1, 0.2, 0.3), (1.0, 2.0, 3.0))
    >>> [r.name for r in case.reductions(())]
    ['the sum over the event']
    """

    layout: Layout
    sites: Sequence[Site]
    axes: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the places."""
        return places(self.layout, self.axes)

    @property
    def arguments(self) -> tuple[Value, ...]:
        """What the function is called with."""
        columns = zip(*(site.arguments for site in self.sites), strict=True)
        return tuple(_nested(tuple(column), self.shape) for column in columns)

    def reductions(self, shape: tuple[int, ...]) -> list[Reduction]:
        """What numbers of a shape may rightly be; none if the shape fits nothing."""
        count = len(self.sites)
        if self.axes or self.layout == "one":
            rows = [Reduction("each distribution", np.eye(count))] if _size(shape) == count else []
            return rows or (self._totals(count) if _size(shape) == 1 else [])
        if shape == self.shape:
            return [Reduction("each coordinate", np.eye(count))]
        if self.layout == "batch" and shape in ((ROWS,), (ROWS, 1)):
            return [Reduction("the sum over the event", np.repeat(np.eye(ROWS), LENGTH, axis=1))]
        return self._totals(count) if _size(shape) == 1 else []

    def _totals(self, count: int) -> list[Reduction]:
        total = np.ones((1, count))
        if self.layout == "vector":
            return [Reduction("the sum over the event", total)]
        return [Reduction("the sum over the batch", total), Reduction("the mean over the batch", total / ROWS)]


def places(layout: Layout, axes: int) -> tuple[int, ...]:
    """Shape of the places of a layout, for events with so many axes."""
    return _SITES[layout][:1] if axes else _SITES[layout]


def cases(layout: Layout, sites: Sequence[Site], axes: int) -> list[Case]:
    """Cases of a layout that use points again, each other ones, so that their sums differ.

    Examples
    --------
    >>> sites = [Site((float(i),)) for i in range(6)]
    >>> [len(cases(layout, sites, 0)) for layout in ("one", "vector", "batch")]
    [6, 4, 4]
    """
    size = _size(places(layout, axes))
    if size == 1:
        return [Case(layout, [site], axes) for site in sites]
    starts = range(_CASES)
    orders = [[(start + i % LENGTH + i // LENGTH) % len(sites) for i in range(size)] for start in starts]
    return [Case(layout, [sites[i] for i in order], axes) for order in orders]


def _nested(column: tuple[Value, ...], shape: tuple[int, ...]) -> Value:
    if not shape:
        return column[0]
    step = len(column) // shape[0]
    return tuple(_nested(column[i * step : (i + 1) * step], shape[1:]) for i in range(shape[0]))


def _size(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape, dtype=int))
