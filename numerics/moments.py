r"""
Moments of rows: an accumulator that streams and merges, and draws shared out to any executor.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = NDArray[np.float64]
Rows: TypeAlias = Callable[[np.random.Generator, int], NDArray[Any]]
"""Maps a generator and a number of draws n to rows of shape (n, ...)."""

_WINDOW = 256


@dataclass(frozen=True)
class Moments:
    """
    Count, mean and squared deviations of a set of rows; sets are joined by :meth:`merge`.

    Parameters
    ----------
    count : int
        Number of rows.
    mean : array, shape (...)
    squares : array, shape (...)
        Sum over the rows of their squared deviations from the mean.

    Examples
    --------
    >>> moments = Moments.of([1.0, 2.0]).merge(Moments.of([6.0]))
    >>> moments.count, float(moments.mean), float(moments.variance)
    (3, 3.0, 7.0)
    """

    count: int
    mean: Floats
    squares: Floats

    @classmethod
    def of(cls, rows: ArrayLike) -> Moments:
        """
        Moments of an array of rows, shape (n, ...).

        Raises
        ------
        ValueError
            If there is no row.
        """
        rows = np.asarray(rows, dtype=np.float64)
        if rows.ndim == 0 or len(rows) == 0:
            raise ValueError("moments need at least one row")
        mean = rows.mean(axis=0)
        return cls(len(rows), mean, np.square(rows - mean).sum(axis=0))

    def merge(self, other: Moments) -> Moments:
        """
        Moments of both sets together; associative and commutative up to rounding.

        References
        ----------
        .. [1] Chan, Golub and LeVeque, Updating Formulae and a Pairwise Algorithm (1979), eq. 2.1.
        """
        count = self.count + other.count
        shift = other.mean - self.mean
        mean = self.mean + shift * (other.count / count)
        squares = self.squares + other.squares + shift * shift * (self.count * other.count / count)
        return Moments(count, mean, squares)

    @property
    def variance(self) -> Floats:
        """Unbiased variance of a row, shape (...); NaN for a single row."""
        return self.squares / (self.count - 1) if self.count > 1 else np.full_like(self.mean, np.nan)

    @property
    def standard_error(self) -> Floats:
        """Estimated standard deviation of the mean, shape (...)."""
        return np.sqrt(self.variance / self.count)


def estimate(
    rows: Rows,
    num_samples: int,
    *,
    seed: int,
    chunk_size: int = 2**14,
    executor: Executor | None = None,
) -> Moments:
    """
    Moments of many rows, drawn in chunks and merged in order.

    Parameters
    ----------
    rows : callable
        ``rows(rng, n)`` returns an array of shape (n, ...); picklable if the executor uses processes.
    num_samples : int
    seed : int
        Chunk number k draws from child k of ``numpy.random.SeedSequence(seed)``.
    chunk_size : int
        Rows per chunk. Memory is that of one chunk per worker, however many rows are drawn.
    executor : concurrent.futures.Executor, optional
        Without one, chunks run here, one after the other.

    Returns
    -------
    Moments
        The same, bit for bit, for every executor and every number of workers.

    Raises
    ------
    ValueError
        If ``num_samples`` or ``chunk_size`` is not positive, or ``rows`` returns a wrong number of rows.

    Examples
    --------
    >>> moments = estimate(lambda rng, n: rng.standard_normal(n), 10_000, seed=0, chunk_size=1000)
    >>> moments.count, bool(abs(moments.mean) < 5 * moments.standard_error)
    (10000, True)
    """
    if num_samples < 1 or chunk_size < 1:
        raise ValueError(f"num_samples and chunk_size must be positive, not {num_samples} and {chunk_size}")
    chunks = _chunks(rows, num_samples, seed, chunk_size, executor)
    total = next(chunks)
    for chunk in chunks:
        total = total.merge(chunk)
    return total


def _chunks(rows: Rows, num_samples: int, seed: int, chunk_size: int, executor: Executor | None) -> Iterator[Moments]:
    """Moments of the chunks, in order; at most a window of them is under way."""
    pending: deque[Future[Moments]] = deque()
    for index in range(math.ceil(num_samples / chunk_size)):
        size = min(chunk_size, num_samples - index * chunk_size)
        if executor is None:
            yield _chunk(rows, seed, index, size)
            continue
        pending.append(executor.submit(_chunk, rows, seed, index, size))
        if len(pending) >= _WINDOW:
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()


def _chunk(rows: Rows, seed: int, index: int, size: int) -> Moments:
    # This is SeedSequence(seed).spawn(index + 1)[index], without making the others.
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(index,)))
    drawn = np.asarray(rows(rng, size))
    if drawn.shape[:1] != (size,):
        raise ValueError(f"rows must return {size} rows, not shape {drawn.shape}")
    return Moments.of(drawn)
