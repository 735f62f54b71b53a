"""Choose points so that every corner of the parameters is visited: signs, large and small, one larger than the other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from elbocheck.call import Value

Side = tuple[int, bool]


def spread(candidates: Sequence[Sequence[Value]], couples: Sequence[tuple[int, int]], count: int) -> list[int]:
    """Indices of points that together lie on both sides of as many pairs of boundaries as they can.

    Parameters
    ----------
    candidates : sequence of points
        A point is its arguments: numbers, or nested tuples of numbers.
    couples : sequence of pairs
        Arguments that are compared with each other, by index.
    count : int
        Of the points that are chosen.

    Returns
    -------
    list of int

    Notes
    -----
    The boundaries are 0, 1/2, 1 for each number, and equality for each couple. Each time the point is taken that has most
    pairs of sides that none had before.

    Examples
    --------
    >>> spread([(1.5, 2.0), (1.7, 2.0), (-1.5, 0.3)], [], 2)
    [0, 2]
    """
    sides = [_sides(point, couples) for point in candidates]
    seen: set[tuple[Side, Side]] = set()
    chosen: list[int] = []
    for _ in range(min(count, len(candidates))):
        left = [i for i in range(len(candidates)) if i not in chosen]
        chosen.append(max(left, key=lambda i: len(sides[i] - seen)))
        seen |= sides[chosen[-1]]
    return chosen


def _sides(point: Sequence[Value], couples: Sequence[tuple[int, int]]) -> set[tuple[Side, Side]]:
    arrays = [np.ravel(np.asarray(value, dtype=np.float64)) for value in point]
    numbers = np.concatenate(arrays)
    larger = [arrays[i] > arrays[j] for i, j in couples if len(arrays[i]) == len(arrays[j])]
    answers = np.concatenate([numbers > 0.0, numbers > 0.5, numbers > 1.0, *larger])
    return set(combinations(enumerate(answers.tolist()), 2))
