"""Clamps and guards: where the loss follows a known term for some elements only, and not at all for the others.

The loss is differentiated with respect to the decoder's output and the heads, element by element; a clamped element has
derivative zero. This is asked only where no combination of whole terms reproduces the loss. Elements that the batch
alone leaves out, whatever the parameters (a mask, padding, missing values), belong to the model and are no defect.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from vae_min.audit.bench import Bench, Observation
from vae_min.audit.explanation import View, likelihoods_of, view_of
from vae_min.audit.finding import Finding
from vae_min.audit.head import Heads, heads_of
from vae_min.audit.sampler import Sampler

_EQUAL, _SMALL, _ENOUGH, _ALIKE = 1e-5, 1e-9, 0.05, 0.999
_COUNT = 8


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
        return (
            f"{self.follow:.0%} of the derivatives are {self.weight:.4g} times those of the term, {self.none:.0%} are 0"
        )


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
    if not len(moved) or not bool(ratio.isfinite().all()):
        return Share(0.0, 0.0, 0.0, 0.0)
    probes = moved[:: max(1, len(moved) // 64)]
    counts = ((moved[None] - probes[:, None]).abs() < _EQUAL * probes[:, None].abs()).sum(1)
    weight = float(probes[counts.argmax()])

    def among(value: float) -> float:
        return float(((ratio - value).abs() < _EQUAL * abs(weight)).double().mean())

    return Share(among(weight), among(0.0), among(-weight), weight)


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


def findings(bench: Bench, sampler: Sampler, seen: Sequence[View]) -> Iterator[Finding]:
    """Guards of the reconstruction and clamps of the divergence in a loss that whole terms do not explain."""
    near = [s.observation.point for s in seen[:_COUNT]]
    points = [*near, *(replace(p, spread=4 * p.spread) for p in near)]  # clamps act far off, guards nearby
    views = [v for p in points if (v := view_of(bench, sampler, p, graph=True)) is not None and math.isfinite(v.loss)]
    if not views or any(len(v.observation.codes) != 1 or sampler.num_samples != 1 for v in views):
        return
    yield from _reconstruction(bench, views)
    yield from _divergence(sampler, views)


def _reconstruction(bench: Bench, views: Sequence[View]) -> Iterator[Finding]:
    derivatives = [d.flatten() for v in views if (d := _derivative(v, _output(v.observation))) is not None]
    if len(derivatives) < len(views):
        return
    shares = []
    for likelihood in likelihoods_of(bench, views):
        terms = []
        for v in views:
            leaf = v.output.loc.detach().clone().requires_grad_()
            parts = likelihood.elements(v.data, replace(v.output, loc=leaf))
            value = torch.stack([p * e.sum() for p, e in zip(likelihood.proper, parts, strict=True)]).sum()
            if value.requires_grad:  # not so where the data cannot be read as classes
                terms.append(torch.autograd.grad(value, leaf)[0].flatten())
        if len(terms) < len(views):
            continue
        s = share(torch.cat(derivatives), torch.cat(terms))
        if s.follow > 0.999 or (s.partial and chosen_by_batch(derivatives, terms, _rows(views))):
            return
        shares.append((s.follow, s, likelihood))
    best = max((t for t in shares if t[1].partial), key=lambda t: t[0], default=None)
    if best is not None:
        yield Finding(
            "guard", f"a clamp or guard cuts the {best[2].family} likelihood off for some pixels", str(best[1])
        )


def _divergence(sampler: Sampler, views: Sequence[View]) -> Iterator[Finding]:
    direct, terms = [], []
    for v in views:
        loc = _named(v.observation, v.latent.heads.loc)
        code = v.observation.codes[0]
        both = _derivative(v, loc), _derivative(v, code)
        if both[0] is None or both[1] is None:
            return
        direct.append((both[0].flatten() - both[1].flatten()).detach())
        terms.append(v.latent.deviation.detach().flatten())
    s = share(torch.cat(direct), torch.cat(terms))
    if s.partial and not chosen_by_batch(direct, terms, _rows(views)):
        yield Finding(
            "kl-clamped", "the KL divergence is clamped, or its absolute value taken, for some latents", str(s)
        )


def _rows(views: Sequence[View]) -> list[int]:
    return [v.observation.point.rows for v in views]


def _derivative(view: View, at: Tensor | None) -> Tensor | None:
    if at is None or not at.requires_grad:
        return None
    return torch.autograd.grad(view.observation.loss, at, allow_unused=True, retain_graph=True)[0]


def _output(o: Observation) -> Tensor | None:
    heads: Heads | None = heads_of(o.outputs[0])
    return None if heads is None else _named(o, heads.loc)


def _named(o: Observation, value: Tensor) -> Tensor | None:
    """The tensor in the loss's own graph that has these values."""
    for call in o.trace.calls:
        for t in call.outputs:
            if t.numel() == value.numel() and t.dtype == value.dtype and torch.equal(t.flatten(), value.flatten()):
                return t
    return None
