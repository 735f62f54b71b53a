r"""
Monte Carlo estimators that return one row per draw, and the accumulator that streams and merges rows.

For :math:`z = \mu + \sigma\varepsilon` with standard normal noise, :func:`pathwise` gives rows of
:math:`f(z, \mu, \sigma)` and :func:`pathwise_gradient` their total derivatives. Derivatives are taken by complex
steps, so they are right to rounding and share no code with automatic differentiation.
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

from numerics import normal

Floats: TypeAlias = NDArray[np.float64]
Integrand: TypeAlias = Callable[[NDArray[Any], NDArray[Any], NDArray[Any]], NDArray[Any]]
"""Maps ``(value, loc, scale)`` of shapes (N, D), (D,), (D,) to one number per draw, shape (N,)."""
Rows: TypeAlias = Callable[[np.random.Generator, int], NDArray[Any]]
"""Maps a generator and a number of draws n to rows of shape (n, ...)."""

_STEP = 1e-100
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


def pathwise(integrand: Integrand, loc: ArrayLike, scale: ArrayLike, noise: ArrayLike) -> NDArray[Any]:
    """
    Reparameterised rows: the integrand at ``loc + scale * noise``.

    Parameters
    ----------
    integrand : callable
        ``integrand(value, loc, scale)`` with shapes (N, D), (D,), (D,), returning shape (N,).
    loc, scale : array, shape (D,)
    noise : array, shape (N, D)

    Returns
    -------
    array, shape (N,)

    Raises
    ------
    ValueError
        If the shapes do not fit, a scale is not positive, or the integrand does not return one number per draw.

    References
    ----------
    .. [1] Kingma and Welling, Auto-Encoding Variational Bayes (2014), Sec. 2.4.

    Examples
    --------
    >>> pathwise(lambda z, loc, scale: z.sum(axis=-1), [1.0], [2.0], [[0.5], [-0.5]])
    array([2., 0.])
    """
    return _rows(integrand, *_checked(loc, scale, noise))


def pathwise_gradient(
    integrand: Integrand, loc: ArrayLike, scale: ArrayLike, noise: ArrayLike
) -> tuple[Floats, Floats]:
    r"""
    Total derivative of each row of :func:`pathwise` in the locations and the scales.

    Parameters
    ----------
    integrand, loc, scale, noise
        As for :func:`pathwise`.

    Returns
    -------
    tuple of array, each of shape (N, D)
        ``(d row / d loc, d row / d scale)``, through the draw and through the parameters.

    Raises
    ------
    ValueError
        As for :func:`pathwise`.

    Notes
    -----
    For analytic f and real x,
    :math:`f(x + \mathrm i h) = f(x) + \mathrm i h f'(x) + O(h^2)`, hence :math:`f'(x) = \Im f(x + \mathrm i h)/h`
    without a subtraction, exact to rounding for the step 1e-100.

    Requirements: the integrand is analytic where it is evaluated, is real for real arguments, and accepts complex
    arrays: no modulus, maximum, comparison or conjugate, and no conversion to float.

    References
    ----------
    .. [1] Squire and Trapp, Using Complex Variables to Estimate Derivatives of Real Functions (1998), Sec. 1.

    Examples
    --------
    >>> loc, scale = pathwise_gradient(lambda z, m, s: (z**3).sum(axis=-1), [1.0], [2.0], [[0.5]])
    >>> loc.item(), scale.item()
    (12.0, 6.0)
    """
    loc, scale, noise = _checked(loc, scale, noise)
    steps = 1j * _STEP * np.eye(loc.size)
    in_loc = [_rows(integrand, loc + step, scale, noise).imag / _STEP for step in steps]
    in_scale = [_rows(integrand, loc, scale + step, noise).imag / _STEP for step in steps]
    return np.stack(in_loc, axis=-1), np.stack(in_scale, axis=-1)


def log_ratio(
    value: NDArray[Any], loc: NDArray[Any], scale: NDArray[Any], *, p_loc: ArrayLike, p_scale: ArrayLike
) -> NDArray[Any]:
    r"""
    The integrand of the divergence of diagonal normals, :math:`\log q(z) - \log p(z)`, from the two densities.

    Parameters
    ----------
    value : array, shape (..., D)
    loc, scale : array, shape (D,)
        Parameters of q; may be complex, as ``value`` may.
    p_loc, p_scale : array, shape (D,)

    Returns
    -------
    array, shape (...)
        In nats, summed over the last axis.

    Examples
    --------
    >>> float(log_ratio(np.array([0.3]), np.array([0.0]), np.array([1.0]), p_loc=[0.0], p_scale=[1.0]))
    0.0
    """
    p_loc, p_scale = np.asarray(p_loc, dtype=np.float64), np.asarray(p_scale, dtype=np.float64)
    ratio = normal.log_prob(value, loc, scale) - normal.log_prob(value, p_loc, p_scale)
    return np.asarray(ratio.sum(axis=-1))


@dataclass(frozen=True)
class PathwiseRows:
    """
    Rows for :func:`estimate`: the value of an integrand and its gradient, from the same draws.

    Parameters
    ----------
    integrand : callable
        As for :func:`pathwise_gradient`; for the divergence of diagonal normals
        ``functools.partial(log_ratio, p_loc=..., p_scale=...)``. A module-level function or a ``partial`` of
        one can be sent to other processes.
    loc, scale : array, shape (D,)

    Examples
    --------
    >>> from functools import partial
    >>> rows = PathwiseRows(partial(log_ratio, p_loc=[-0.6], p_scale=[1.3]), [0.7], [0.4])
    >>> rows(np.random.default_rng(0), 5).shape
    (5, 3)
    """

    integrand: Integrand
    loc: ArrayLike
    scale: ArrayLike

    def __call__(self, rng: np.random.Generator, num_samples: int) -> Floats:
        """Columns: the value, its D derivatives in loc, its D derivatives in scale; shape (n, 1 + 2 D)."""
        noise = rng.standard_normal((num_samples, np.size(self.loc)))
        value = pathwise(self.integrand, self.loc, self.scale, noise)
        return np.column_stack([value, *pathwise_gradient(self.integrand, self.loc, self.scale, noise)])


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


def _checked(loc: ArrayLike, scale: ArrayLike, noise: ArrayLike) -> tuple[Floats, Floats, Floats]:
    loc, scale, noise = (np.asarray(values, dtype=np.float64) for values in (loc, scale, noise))
    if loc.ndim != 1 or scale.shape != loc.shape or noise.ndim != 2 or noise.shape[1] != loc.size:
        raise ValueError(f"need shapes (D,), (D,), (N, D), not {loc.shape}, {scale.shape}, {noise.shape}")
    if len(noise) == 0:
        raise ValueError("need at least one draw of noise")
    if not np.all(scale > 0.0):
        raise ValueError(f"scale must be positive, not {scale}")
    return loc, scale, noise


def _rows(integrand: Integrand, loc: NDArray[Any], scale: NDArray[Any], noise: Floats) -> NDArray[Any]:
    rows = np.asarray(integrand(loc + scale * noise, loc, scale))
    if rows.shape != noise.shape[:1]:
        raise ValueError(f"the integrand must return shape {noise.shape[:1]}, not {rows.shape}")
    return rows
