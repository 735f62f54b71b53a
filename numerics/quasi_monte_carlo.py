r"""
Randomised quasi-Monte Carlo: scrambled Sobol points, in independent replicates that show their own error.

The mean over a scrambled Sobol set is unbiased, like a plain mean, and for smooth integrands its error falls nearly
like :math:`n^{-3/2}` instead of :math:`n^{-1/2}`. Points of one set depend on each other, so the rows that show the
variance are the means of independently scrambled replicates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.stats import qmc

from numerics.moments import Floats, Moments
from numerics.proposal import Reparameterised

_BITS = 52
_CHUNK = 2**14


class NoiseRows(Protocol):
    """Rows as a function of noise, such as :class:`numerics.monte_carlo.PathwiseRows`."""

    @property
    def q(self) -> Reparameterised:
        """The distribution whose noise it takes."""

    def at(self, noise: Floats) -> Floats:
        """Rows of shape (N, ...) at noise of shape (N, D)."""


@dataclass(frozen=True)
class SobolRows:
    r"""
    Rows for :func:`numerics.moments.estimate`, each the mean over one scrambled Sobol set.

    Parameters
    ----------
    rows : NoiseRows
        What is averaged, such as :class:`numerics.monte_carlo.PathwiseRows`.
    log2_points : int
        Logarithm to base 2 of the number of points in a set; Sobol sets are balanced at powers of two.

    Raises
    ------
    ValueError
        If ``log2_points`` is not between 0 and 52.

    Notes
    -----
    Points are :math:`u + 2^{-53}` for u on the grid of step :math:`2^{-52}`, its cells' middles: an end of the
    interval would give infinite noise.

    Requirements: one replicate needs the memory of 2**14 points, whatever their number. With
    ``estimate(rows, num_replicates, seed=..., chunk_size=1)`` replicates are shared out to an executor.

    References
    ----------
    .. [1] Owen, Scrambled Net Variance for Integrals of Smooth Functions (1997), Theorem 2.

    Examples
    --------
    >>> from numerics.moments import estimate
    >>> from numerics.monte_carlo import PathwiseRows
    >>> from numerics.proposal import IndependentNormal
    >>> square = PathwiseRows(lambda z, loc, scale: (z**2).sum(axis=-1), IndependentNormal([0.0], [1.0]))
    >>> moments = estimate(SobolRows(square, 12), 8, seed=0)
    >>> bool(abs(moments.mean[0] - 1.0) < 1e-3)  # plain Monte Carlo: 0.008
    True
    """

    rows: NoiseRows
    log2_points: int

    def __post_init__(self) -> None:
        if not 0 <= self.log2_points <= _BITS:
            raise ValueError(f"log2_points must lie between 0 and {_BITS}, not {self.log2_points}")

    def __call__(self, rng: np.random.Generator, num_samples: int) -> Floats:
        """One row per replicate, shape (n, ...)."""
        return np.stack([self._mean(rng) for _ in range(num_samples)])

    def _mean(self, rng: np.random.Generator) -> Floats:
        engine = qmc.Sobol(self.rows.q.dimension, scramble=True, bits=_BITS, rng=rng)
        left, total = 2**self.log2_points, None
        while left:
            points = engine.random(min(left, _CHUNK)) + 2.0 ** -(_BITS + 1)
            part = Moments.of(self.rows.at(self.rows.q.noise_at(points)))
            total = part if total is None else total.merge(part)
            left -= len(points)
        assert total is not None
        return total.mean
