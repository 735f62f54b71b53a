r"""Integrals over the latent plane: where the integrand is, and rules refined there until they agree.

A joint density :math:`p(x, z) = p(x|z) p(z)` with an analytic :math:`p(x|z)` is smooth and falls like a normal density.
`find_cells` looks for the cells of a square grid that hold all that counts; `log_integral` puts a product rule on
each of them, for all x at once because evaluating the density is what costs. Equal spacing converges geometrically.

References
----------
L. N. Trefethen, J. A. C. Weideman, The exponentially convergent trapezoidal rule, SIAM Review 56 (2014).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, roots_hermitenorm

from numerics.array import Array

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]
Rule = Callable[[int], tuple[Floats, Floats]]
LogDensity = Callable[[Floats], Floats]

#: Refinement stops when two results differ by less, in nats.
AGREEMENT: Final = 1e-8
#: Values below exp(-NEGLIGIBLE) of the whole are left out.
NEGLIGIBLE: Final = 36.0
#: Nodes evaluated at a time: 50 MB of MNIST logits.
CHUNK: Final = 8192


@dataclass(frozen=True, eq=False)
class Estimate:
    """A value with an estimate of its absolute error, both of shape (B,), in nats."""

    value: Array
    error: Array


@dataclass(frozen=True, eq=False)
class Cells:
    """Square cells of the plane that hold B densities.

    ``centres`` (C, 2); ``width``; ``active`` (C, B), true where a cell counts for a density; ``log_outside`` (B,),
    the logarithm of the integral over what is left out.
    """

    centres: Floats
    width: float
    active: NDArray[np.bool_]
    log_outside: Floats

    def of(self, chosen: Integers) -> Floats:
        """Centres of the cells that count for any of some densities, shape (c, 2)."""
        return self.centres[self.active[:, chosen].any(1)]

    def with_outside(self, estimate: Estimate) -> Estimate:
        """Adds to the error of a log-integral what lies outside of the cells, as a share of it."""
        return Estimate(estimate.value, estimate.error + np.exp(self.log_outside - estimate.value))


def midpoint(count: int) -> tuple[Floats, Floats]:
    """Nodes and weights on [-1, 1], equally spaced: side by side, the trapezoid rule of the whole line."""
    return (2.0 * np.arange(count) + 1) / count - 1, np.full(count, 2 / count)


@cache
def hermite(count: int) -> tuple[Floats, Floats]:
    """Nodes and weights of Gauss-Hermite under the standard normal density, without those below 1e-20."""
    nodes, weights = roots_hermitenorm(count)
    weights = weights / weights.sum()
    return nodes[weights > 1e-20], weights[weights > 1e-20]


def product(axis: Floats) -> Floats:
    """All pairs of an axis's values, the second running fastest, shape (K^2, 2)."""
    return np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)


def integral(rule: Rule, integrand: Callable[[Floats], Floats], counts: Sequence[int]) -> tuple[float, float]:
    """Integral by the square of a rule, and the larger of its last two changes.

    Parameters
    ----------
    rule : callable
        Maps a number of nodes to nodes and weights on the line.
    integrand : callable
        Maps nodes of shape (K, 2) to values of shape (K,).
    counts : sequence of int
        Numbers of nodes, tried in this order until two results agree.

    Examples
    --------
    >>> value, error = integral(hermite, lambda z: z[:, 0] ** 2 * z[:, 1] ** 4, (4, 8, 12))
    >>> round(value, 12), error < 1e-12
    (3.0, True)
    """
    value = change = error = math.inf
    for count in counts:
        nodes, weights = _square(rule(count))
        finer = float(weights @ np.concatenate([integrand(chunk) for chunk in _chunks(nodes, CHUNK)]))
        # Gauss-Hermite converges like exp(-c sqrt(n)): one small difference may be chance, two are not.
        change, error, value = abs(finer - value), max(change, abs(finer - value)), finer
        if error < AGREEMENT:
            break
    return value, error


def log_integral(log_density_of: Callable[[Integers], LogDensity], cells: Cells, counts: Sequence[int]) -> Estimate:
    """Logarithm of the integral of each density over its cells, on equally spaced nodes.

    Parameters
    ----------
    log_density_of : callable
        Maps indices of densities, shape (b,), to a function from points (K, 2) to their logarithms, (K, b).
    cells : Cells
    counts : sequence of int
        Nodes per side of a cell, tried as by `refined`.

    Returns
    -------
    Estimate
        Its error is the difference of the last two refinements plus what lies outside of the cells.
    """

    def at(count: int, chosen: Integers) -> Floats:
        centres, density = cells.of(chosen), log_density_of(chosen)
        nodes, weights = _square(midpoint(count))
        log_weights = np.log(weights)[:, None] + 2 * math.log(cells.width / 2)  # (K, 1)
        sums = []
        for chunk in _chunks(centres, max(1, CHUNK // len(nodes))):
            z = chunk[:, None] + cells.width / 2 * nodes  # (C, K, 2)
            values = density(z.reshape(-1, 2))  # (C K, b)
            sums.append(logsumexp(values + np.tile(log_weights, (len(chunk), 1)), axis=0))
        total: Floats = logsumexp(np.stack(sums), axis=0)
        return total

    return cells.with_outside(refined(at, cells.active.shape[1], counts))


def log_sum(log_density_of: Callable[[Integers], LogDensity], cells: Cells, counts: Sequence[int]) -> Estimate:
    """What `log_integral` computes, by another sum: exponentials relative to the largest centre, added up as they are."""

    def at(count: int, chosen: Integers) -> Floats:
        spacing, centres, density = cells.width / count, cells.of(chosen), log_density_of(chosen)
        steps = product(spacing * (np.arange(count, dtype=np.float64) - (count - 1) / 2))
        shift: Floats = density(centres).max(0)  # (b,), keeps the exponentials in range
        total = np.zeros_like(shift)
        for chunk in _chunks(centres, max(1, CHUNK // count**2)):
            total += np.exp(density((chunk[:, None] + steps).reshape(-1, 2)) - shift).sum(0)
        return shift + np.log(total * spacing**2)

    return cells.with_outside(refined(at, cells.active.shape[1], counts))


def refined(at: Callable[[int, Integers], Floats], num_densities: int, counts: Sequence[int]) -> Estimate:
    """Values for all densities, each refined until two agree; their difference is the estimate of the error.

    Parameters
    ----------
    at : callable
        Maps a number of nodes and indices of densities, shape (b,), to values of shape (b,).
    num_densities : int
    counts : sequence of int
        Numbers of nodes, tried in this order.
    """
    value, error = np.full((2, num_densities), math.inf)
    for count in counts:
        chosen = np.flatnonzero(~(error < AGREEMENT))
        if len(chosen) == 0:
            break
        finer = at(count, chosen)
        error[chosen], value[chosen] = np.abs(finer - value[chosen]), finer
    return Estimate(value, error)


def find_cells(log_density: LogDensity, width: float) -> Cells:
    r"""Cells outside of which each joint density is negligible.

    Parameters
    ----------
    log_density : callable
        Maps points of shape (K, 2) to log p(x, z), shape (K, B), with a standard normal prior.
    width : float
        Side of a cell.

    Raises
    ------
    ValueError
        If a density is not finite.

    Notes
    -----
    Since :math:`p(x|z) \le 1`, the plane beyond radius R holds at most :math:`e^{-R^2/2}`. A sum over a small
    square bounds the evidence from below, and so tells which R is enough. A cell counts if at its centre, or at a
    neighbour's, the density exceeds exp(-36) of that bound: even a mode as narrow as a twelfth of a cell is seen.
    """
    log_area = 2 * math.log(width)
    bound = logsumexp(_at(log_density, _grid(6.0, width)), axis=0) + log_area  # (B,)
    if not np.isfinite(bound).all():
        raise ValueError("the density of an image is not finite: look at the parameters and the images")
    radius = math.sqrt(2 * (NEGLIGIBLE - float(bound.min())))
    centres = _grid(radius, width)
    values = _at(log_density, centres)  # (C, B)
    seen = values > bound - NEGLIGIBLE
    left_out = logsumexp(np.where(seen, -math.inf, values), axis=0) + log_area
    active = _with_neighbours(seen)
    used = active.any(1)
    return Cells(centres[used], width, active[used], np.logaddexp(left_out, -(radius**2) / 2))


def _square(rule: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Product of a rule on the line with itself: nodes of shape (K^2, 2), weights of shape (K^2,)."""
    nodes, weights = rule
    return product(nodes), np.outer(weights, weights).ravel()


def _grid(radius: float, width: float) -> Floats:
    """Centres of the cells of a square that reaches beyond ``radius``, row by row, shape (C, 2)."""
    count = math.ceil(radius / width) + 1
    return product(width * np.arange(-count, count + 1.0))


def _chunks(points: Floats, size: int) -> list[Floats]:
    return [points[start : start + size] for start in range(0, len(points), size)]


def _at(log_density: LogDensity, z: Floats) -> Floats:
    return np.concatenate([log_density(chunk) for chunk in _chunks(z, CHUNK)])


def _with_neighbours(seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Cells of a square grid, shape (C, B), that are seen or touch one that is."""
    side = math.isqrt(len(seen))
    cells = seen.reshape(side, side, -1)
    for axis in (0, 1):
        cells = cells | np.roll(cells, 1, axis) | np.roll(cells, -1, axis)
    return cells.reshape(len(seen), -1)
