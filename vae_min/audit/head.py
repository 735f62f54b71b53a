"""The outputs of encoder and decoder, whatever their form, and the ways to read a second head."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, Laplace, MultivariateNormal, Normal
from torch.nn.functional import softplus

READINGS: dict[str, Callable[[Tensor], Tensor]] = {
    "log_variance": lambda v: torch.exp(0.5 * v),
    "log_scale": torch.exp,
    "scale": lambda v: v,
    "variance": torch.sqrt,
    "softplus": softplus,
    "softplus variance": lambda v: softplus(v).sqrt(),
    "softplus of twice": lambda v: softplus(2 * v),
    "softplus of half": lambda v: softplus(0.5 * v),
    "negative log_variance": lambda v: torch.exp(-0.5 * v),
    "negative log_scale": lambda v: torch.exp(-v),
    "twice log_scale": lambda v: torch.exp(2 * v),
    "half log_variance": lambda v: torch.exp(0.25 * v),
    "squared scale": torch.square,
    "exponentiated log_variance": lambda v: torch.exp(0.5 * torch.exp(0.5 * v)),
    "exponentiated log_scale": lambda v: torch.exp(torch.exp(v)),
}
"""From the second head to the scale, by the name of the reading."""
CHANGED: dict[str, Callable[[Tensor], Tensor]] = {
    "half log_variance": lambda v: 0.5 * v,
    "exponentiated log_variance": lambda v: torch.exp(0.5 * v),
    "exponentiated log_scale": torch.exp,
}
"""The readings that are a usual one of a head which was changed in place, each with the change."""
CLAIMABLE = ("log_variance", "log_scale", "scale", "variance")


@dataclass(frozen=True, eq=False)
class Heads:
    """Location and second output of an encoder or decoder, each of shape (B, ...); ``second`` may be absent.

    ``law`` names the family if the output was a distribution; the second is its scale then, and ``density`` its
    -log p(x|z), of shape (k, B, terms), where it is one of the data.
    """

    loc: Tensor
    second: Tensor | None = None
    law: str = ""
    density: Tensor | None = None

    def flat(self) -> Heads:
        """The same with all axes but the first as one; that of one number for each row has one more."""
        second = self.second
        if second is not None and expands(second, self.loc):
            second = second.expand_as(self.loc)
        return Heads(by_row(self.loc), None if second is None else by_row(second), self.law)

    def detached(self) -> Heads:
        """The same numbers without their graph."""
        return Heads(self.loc.detach(), None if self.second is None else self.second.detach(), self.law)


def by_row(value: Tensor) -> Tensor:
    """A tensor (B, ...) as (B, N).

    Examples
    --------
    >>> by_row(torch.zeros(2, 3, 4)).shape, by_row(torch.zeros(2)).shape
    (torch.Size([2, 12]), torch.Size([2, 1]))
    """
    return value.reshape(len(value), -1)


def expands(value: Tensor, like: Tensor) -> bool:
    """Whether a tensor broadcasts to the shape of another."""
    try:
        return value.expand_as(like) is not None
    except RuntimeError:
        return False


def heads_of(output: Any) -> Heads | None:
    """Read the output of an encoder or decoder; None if its form is not known."""
    if isinstance(output, Distribution):
        base = output.base_dist if isinstance(output, Independent) else output
        if isinstance(base, Normal | Laplace):
            scale = base.scale
            return Heads(base.loc, scale, type(base).__name__.lower())
        if isinstance(base, MultivariateNormal):
            scale = base.scale_tril.diagonal(dim1=-2, dim2=-1)
            diagonal = torch.equal(base.scale_tril, torch.diag_embed(scale))
            return Heads(base.loc, scale if diagonal else None, "normal")
        if hasattr(base, "logits"):
            return Heads(base.logits, None, type(base).__name__.lower())
        return Heads(output.mean, None, type(base).__name__.lower())
    if isinstance(output, Tensor):
        return Heads(output)
    if is_dataclass(output):
        output = tuple(getattr(output, f.name) for f in fields(output))
    if isinstance(output, dict):
        output = tuple(output.values())
    if isinstance(output, tuple | list):
        parts = [p for p in output if isinstance(p, Tensor)]
        if len(parts) == 2:
            return Heads(parts[0], parts[1])
        if len(parts) == 1:
            return Heads(parts[0])
    return None


def readings(scale: Tensor, second: Tensor) -> list[str]:
    """The readings of a second head that give this scale."""
    with torch.no_grad():
        return [name for name, read in READINGS.items() if _close(scale, read(second))]


def factor(scale: Tensor, second: Tensor) -> tuple[str, float] | None:
    """The reading and the constant, not 1, that give this scale; None if there is none."""
    with torch.no_grad():
        for name, read in READINGS.items():
            ratio = scale / read(second)
            if ratio.isfinite().all() and _close(ratio, ratio.flatten()[0].expand_as(ratio)):
                return name, float(ratio.flatten()[0])
    return None


def _close(a: Tensor, b: Tensor) -> bool:
    # rounding of an exponential in float64 is 1e-15; user code may add 1e-8 or so to a scale
    return bool(
        torch.allclose(a, b.to(a.dtype), rtol=1e-6 if a.dtype == torch.float64 else 1e-4, atol=1e-7)
    ) and math.isfinite(float(b.sum()))
