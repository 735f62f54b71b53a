r"""Integrals over the latent plane: where the integrand is, and rules refined there until they agree.

A joint density :math:`p(x, z) = p(x|z) p(z)` with an analytic decoder is smooth and falls like a normal density.
`find_cells` looks for the cells of a square grid that hold all that counts; `log_integral` puts a product rule on
each of them, for all images at once because decoding is what costs. Equal spacing converges geometrically.

References
----------
L. N. Trefethen, J. A. C. Weideman, The exponentially convergent trapezoidal rule, SIAM Review 56 (2014).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import torch
from scipy.special import roots_hermitenorm
from torch import Tensor

Rule = Callable[[int], tuple[Tensor, Tensor]]
LogDensity = Callable[[Tensor], Tensor]

#: Refinement stops when two results differ by less, in nats.
AGREEMENT: Final = 1e-8
#: Values below exp(-NEGLIGIBLE) of the whole are left out.
NEGLIGIBLE: Final = 36.0
#: Nodes decoded at a time: 50 MB of MNIST logits.
CHUNK: Final = 8192


@dataclass(frozen=True, eq=False)
class Estimate:
    """A value with an estimate of its absolute error, both of shape (B,), in nats."""

    value: Tensor
    error: Tensor


@dataclass(frozen=True, eq=False)
class Cells:
    """Square cells of the plane that hold the joint density of B images.

    ``centres`` (C, 2); ``width``; ``active`` (C, B), true where a cell counts for an image; ``log_outside`` (B,),
    the logarithm of the integral over what is left out.
    """

    centres: Tensor
    width: float
    active: Tensor
    log_outside: Tensor

    def of(self, images: Tensor) -> Tensor:
        """Centres of the cells that count for any of some images, shape (c, 2)."""
        return self.centres[self.active[:, images].any(1)]

    def with_outside(self, estimate: Estimate) -> Estimate:
        """Adds to the error of an evidence what lies outside of the cells, as a share of it."""
        return Estimate(estimate.value, estimate.error + (self.log_outside - estimate.value).exp())


def midpoint(count: int) -> tuple[Tensor, Tensor]:
    """Nodes and weights on [-1, 1], equally spaced: side by side, the trapezoid rule of the whole line."""
    nodes = (2 * torch.arange(count, dtype=torch.float64) + 1) / count - 1
    return nodes, torch.full_like(nodes, 2 / count)


@cache
def hermite(count: int) -> tuple[Tensor, Tensor]:
    """Nodes and weights of Gauss-Hermite under the standard normal density, without those below 1e-20."""
    nodes, weights = roots_hermitenorm(count)
    kept = weights / weights.sum() > 1e-20
    return torch.from_numpy(nodes[kept]), torch.from_numpy(weights[kept] / weights.sum())


def integral(rule: Rule, integrand: Callable[[Tensor], Tensor], counts: Sequence[int]) -> tuple[float, float]:
    """Integral by the square of a rule, and the larger of its last two changes.

    Parameters
    ----------
    rule : callable
        Maps a number of nodes to nodes and weights on the line.
    integrand : callable
        Maps nodes of shape (K, 2) to values of shape (K,).
    counts : sequence of int
        Numbers of nodes, tried in this order until two results agree.
    """
    value = change = error = math.inf
    for count in counts:
        nodes, weights = _square(rule(count))
        finer = float(weights @ torch.cat([integrand(chunk) for chunk in torch.split(nodes, CHUNK)]))
        # Gauss-Hermite converges like exp(-c sqrt(n)): one small difference may be chance, two are not.
        change, error, value = abs(finer - value), max(change, abs(finer - value)), finer
        if error < AGREEMENT:
            break
    return value, error


def log_integral(log_density_of: Callable[[Tensor], LogDensity], cells: Cells, counts: Sequence[int]) -> Estimate:
    """Logarithm of the integral of each image's joint density over its cells, on equally spaced nodes.

    Parameters
    ----------
    log_density_of : callable
        Maps indices of images, shape (b,), to a function from codes (K, 2) to their log p(x, z), (K, b).
    cells : Cells
    counts : sequence of int
        Nodes per side of a cell, tried as by `refined`.

    Returns
    -------
    Estimate
        Its error is the difference of the last two refinements plus what lies outside of the cells.
    """

    def at(count: int, images: Tensor) -> Tensor:
        centres, density = cells.of(images), log_density_of(images)
        nodes, weights = _square(midpoint(count))
        log_weights = weights.log()[:, None] + 2 * math.log(cells.width / 2)  # (K, 1)
        sums = []
        for chunk in torch.split(centres, max(1, CHUNK // len(nodes))):
            z = chunk[:, None] + cells.width / 2 * nodes  # (C, K, 2)
            values = density(z.flatten(0, 1))  # (C K, b)
            sums.append((values + log_weights.repeat(len(chunk), 1)).logsumexp(0))
        return torch.stack(sums).logsumexp(0)

    return cells.with_outside(refined(at, cells.active.shape[1], counts))


def refined(at: Callable[[int, Tensor], Tensor], num_images: int, counts: Sequence[int]) -> Estimate:
    """Values for all images, each refined until two agree; their difference is the estimate of the error.

    Parameters
    ----------
    at : callable
        Maps a number of nodes and indices of images, shape (b,), to values of shape (b,).
    num_images : int
    counts : sequence of int
        Numbers of nodes, tried in this order.
    """
    value, error = torch.full((2, num_images), math.inf, dtype=torch.float64)
    for count in counts:
        images = (~(error < AGREEMENT)).nonzero().squeeze(1)
        if len(images) == 0:
            break
        finer = at(count, images)
        error[images], value[images] = (finer - value[images]).abs(), finer
    return Estimate(value, error)


def find_cells(log_density: LogDensity, width: float) -> Cells:
    r"""Cells outside of which the joint density of each image is negligible.

    Parameters
    ----------
    log_density : callable
        Maps codes of shape (K, 2) to log p(x, z), shape (K, B), with a standard normal prior.
    width : float
        Side of a cell.

    Raises
    ------
    ValueError
        If the density of an image is not finite.

    Notes
    -----
    Since :math:`p(x|z) \le 1`, the plane beyond radius R holds at most :math:`e^{-R^2/2}`. A sum over a small
    square bounds the evidence from below, and so tells which R is enough. A cell counts if at its centre, or at a
    neighbour's, the density exceeds exp(-36) of that bound: even a mode as narrow as a twelfth of a cell is seen.
    """
    log_area = 2 * math.log(width)
    bound = _at(log_density, _grid(6.0, width)).logsumexp(0) + log_area  # (B,)
    if not bound.isfinite().all():
        raise ValueError("the density of an image is not finite: look at the parameters and the images")
    radius = math.sqrt(2 * (NEGLIGIBLE - float(bound.min())))
    centres = _grid(radius, width)
    values = _at(log_density, centres)  # (C, B)
    seen = values > bound - NEGLIGIBLE
    left_out = values.masked_fill(seen, -math.inf).logsumexp(0) + log_area
    beyond = torch.full_like(left_out, -(radius**2) / 2)
    active = _with_neighbours(seen)
    used = active.any(1)
    return Cells(centres[used], width, active[used], torch.logaddexp(left_out, beyond))


def _square(rule: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Product of a rule on the line with itself: nodes of shape (K^2, 2), weights of shape (K^2,)."""
    nodes, weights = rule
    return torch.cartesian_prod(nodes, nodes), torch.outer(weights, weights).flatten()


def _grid(radius: float, width: float) -> Tensor:
    """Centres of the cells of a square that reaches beyond ``radius``, row by row, shape (C, 2)."""
    count = math.ceil(radius / width) + 1
    axis = width * torch.arange(-count, count + 1, dtype=torch.float64)
    return torch.cartesian_prod(axis, axis)


def _at(log_density: LogDensity, z: Tensor) -> Tensor:
    return torch.cat([log_density(chunk) for chunk in torch.split(z, CHUNK)])


def _with_neighbours(seen: Tensor) -> Tensor:
    """Cells of a square grid, shape (C, B), that are seen or touch one that is."""
    side = math.isqrt(len(seen))
    cells = seen.reshape(side, side, -1)
    for axis in (0, 1):
        cells = cells | cells.roll(1, axis) | cells.roll(-1, axis)
    return cells.flatten(0, 1)
