"""How derivatives follow those of known terms: as a sum of them, by columns, or for a share of the elements only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_EQUAL, _SMALL, _ENOUGH, _ALIKE = 1e-5, 1e-9, 0.002, 0.999
_LEAST = 2  # one alone follows any term
_EXACT, _NONE = 1e-6, 1e-10  # of what regresses: relative, and absolute


@dataclass(frozen=True)
class Share:
    """How many elements follow a term with one weight, how many do not at all, how many with the opposite weight."""

    follow: float
    none: float
    opposite: float
    weight: float

    @property
    def partial(self) -> bool:
        """Whether some elements follow, and all others are clamped or mirrored."""
        return self.follow >= _ENOUGH and self.follow < 1 and self.follow + self.none + self.opposite > 0.999

    def __str__(self) -> str:
        shown = f"{_percent(self.follow)} of the derivatives are {self.weight:.4g} times those of the term"
        parts = ((self.none, "are 0"), (self.opposite, "have the opposite sign"))
        return ", ".join([shown, *(f"{_percent(part)} {what}" for part, what in parts if part)])


def _percent(part: float) -> str:
    """A share in percent; one that is almost nothing, or almost all, with as many digits as tell it from that."""
    return f"{part:.0%}" if 0.005 <= part <= 0.995 else f"{part:.2%}"


def share(derivative: Tensor, term: Tensor) -> Share:
    """Compare derivatives of the loss with those of a term, elementwise.

    Examples
    --------
    >>> share(torch.tensor([2.0, 0.0, 4.0, 0.0]), torch.tensor([1.0, 1.0, 2.0, 5.0])).partial
    True
    >>> share(torch.tensor([2.0, 1.0, 4.0, 0.0]), torch.tensor([1.0, 1.0, 2.0, 5.0])).partial
    False
    """
    ratio = (derivative / term)[term.abs() > _SMALL]
    moved = ratio[ratio.abs() > _SMALL]
    if len(moved) < _LEAST or not bool(ratio.isfinite().all()):
        return Share(0.0, 0.0, 0.0, 0.0)
    probes = moved[:: max(1, len(moved) // 64)]
    ordered, reach = moved.sort().values, _EQUAL * probes.abs()
    counts = torch.searchsorted(ordered, probes + reach) - torch.searchsorted(ordered, probes - reach, right=True)
    weight = float(probes[counts.argmax()])

    def among(value: float) -> float:
        return float(((ratio - value).abs() < _EQUAL * abs(weight)).double().mean())

    return Share(among(weight), among(0.0), among(-weight), weight)


def by_column(derivative: Tensor, term: Tensor) -> Tensor | None:
    """The weight of each column, if each row follows the term with the same ones; None if not.

    Examples
    --------
    >>> by_column(torch.tensor([[2.0, 9.0], [4.0, 3.0]]), torch.tensor([[1.0, 3.0], [2.0, 1.0]]))
    tensor([2., 3.])
    >>> by_column(torch.tensor([[2.0, 9.0], [4.0, 3.0]]), torch.tensor([[1.0, 3.0], [2.0, 2.0]]))
    """
    known = term.abs() > _SMALL
    if not bool(known.any(0).all()):
        return None
    ratio = torch.where(known, derivative / term, torch.nan)
    weight: Tensor = ratio.nanmedian(0).values
    off = (ratio - weight).abs() > _EQUAL * weight.abs().max()
    return None if bool((off & known).any()) else weight


def chosen_by_batch(derivatives: Sequence[Tensor], terms: Sequence[Tensor], rows: Sequence[int]) -> bool:
    """Whether the same elements are left out at all parameters: the batch chooses them, no clamp.

    Parameters
    ----------
    derivatives, terms : sequence of Tensor
        Of the loss and of the term it is compared with, one of each for each point.
    rows : sequence of int
        Names the batch of each point.

    Examples
    --------
    >>> term, left = torch.ones(3), torch.tensor([1.0, 0.0, 1.0])
    >>> chosen_by_batch([left, 2 * left], [term, term], [5, 5])
    True
    >>> chosen_by_batch([left, left.flip(0).roll(1)], [term, term], [5, 5])
    False
    """
    seen: dict[int, tuple[Tensor, Tensor]] = {}
    alike = []
    for derivative, term, row in zip(derivatives, terms, rows, strict=True):
        left, known = derivative.abs() <= _SMALL, term.abs() > _SMALL
        if row in seen:
            both = known & seen[row][1]
            alike.append((torch.sign(derivative * term) == seen[row][0])[both])
        seen[row] = torch.where(left, 0.0, torch.sign(derivative * term)), known
    return bool(alike) and float(torch.cat(alike).double().mean()) > _ALIKE


def regress(derivatives: Sequence[Tensor], terms: Sequence[Tensor]) -> NDArray[np.float64] | None:
    """The coefficients with which the terms' derivatives make up the loss's; None if they do not.

    A term of no derivatives has the coefficient 0.

    Examples
    --------
    >>> t = torch.tensor([[1.0, 2.0, 0.0], [0.0, 1.0, 1.0]], dtype=torch.float64)
    >>> regress([2 * t[0] - t[1]], [t]).round(9)
    array([ 2., -1.])
    >>> regress([torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64)], [t])
    """
    y = torch.cat([d.flatten() for d in derivatives])
    design = torch.cat([t.flatten(1) for t in terms], 1)
    known, size = design.abs().amax(1) > 0, float(y.abs().max())
    solution = torch.zeros(len(design), dtype=torch.float64)
    if size < _NONE:
        return solution.numpy()
    if not bool(known.any()) or not bool(design.isfinite().all()):
        return None
    columns = design[known].T.double()
    units = columns.norm(dim=0)
    solution[known] = torch.linalg.lstsq(columns / units, y.double()).solution / units
    residual = float((columns @ solution[known] - y).abs().max())
    return solution.numpy() if residual < _EXACT * size else None
