"""Heads far from those near the user's parameters: whether sampler and KL divergence still read them alike.

An untrained encoder's second head stays near 0, where a clamp of it has no effect; training moves it on. Likewise the KL
divergence may be clamped, or its absolute value taken, below or above all that is seen near the given parameters.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from vae_min.audit import derivative
from vae_min.audit.bench import Bench, Point
from vae_min.audit.divergence import kl_of_latents
from vae_min.audit.explanation import Explanation, View, finite_view, values_of
from vae_min.audit.finding import Finding
from vae_min.audit.noise import constant, seeded
from vae_min.audit.sampler import Sampler
from vae_min.audit.truncation import among

_PLACES = ((1.0, 1.0), (4.0, 1.0), (10.0, 1.0), (1.0, 0.03))  # spread and factor; the last: the KL divergence almost 0
_RTOL, _GAP, _EXACT, _MOST, _NONE = 1e-6, 0.1, 1e-5, 0.8, 1e-9
_CLOSE = 1e-2  # the coefficients may be fitted to points of which a clamp acts on few
_SCALES = (0.05, 20.0)  # a clamp that acts beyond is one against overflow
_LARGEST = 20.0  # nats of a latent; a clamp that acts above is one against overflow
_LEAST = 1e-4  # nats; a clamp that changes less has no weight

Limits = tuple[float, float]
"""Between which codes are clamped; infinite where they are not."""


def findings(bench: Bench, sampler: Sampler, explained: Explanation) -> Iterator[Finding]:
    """What a sampler or a KL divergence does far off, where by the explanation of the loss it should do otherwise."""
    if not (bench.double and sampler.drawn and sampler.names):
        return
    seeds = range(1, 3 if bench.is_large else 5)
    far = [v for s in seeds for place in _PLACES if (v := _at(bench, sampler, s, place)) is not None]
    kept, limits = [(v, _explains(explained, v)) for v in far], _limits(far)
    normal = not any(f.code == "noise-law" for f in sampler.findings)  # else the scale is not what noise 1 gives
    drawn = _of_sampler(bench, sampler, [v for v, e in kept if e], limits) if normal else None
    for found in (drawn, _of_divergence(bench, sampler, explained, far, limits)):
        if found is not None:
            yield found
            return


def _at(bench: Bench, sampler: Sampler, seed: int, place: tuple[float, float]) -> View | None:
    return finite_view(bench, sampler, Point(seed, 1000 + seed, 4, seeded(seed), True, *place), apart=True)


def _of_sampler(bench: Bench, sampler: Sampler, views: list[View], limits: Limits) -> Finding | None:
    """A scale of the code that leaves the reading by which the KL divergence explains the loss."""
    for view in views:
        if _is_as_read(sampler, view, limits):
            continue
        drawn, read = _scales(bench, sampler, view.observation.point)
        wrong = ((drawn / read - 1).abs() > _GAP) & _usual(read)
        if wrong.any():
            message = "the sampler clamps or bends the second head, the KL divergence does not"
            shown = f"the sampler's scale is {drawn[wrong][0]:.4f}, that of the KL divergence {read[wrong][0]:.4f}"
            return Finding("sampler-scale-mismatch", message, f"far from the given parameters {shown}")
    return None


def _inside(view: View, limits: Limits) -> Tensor:
    """Which codes are at no limit, shape (k, B, D)."""
    return (view.latent.code > limits[0]) & (view.latent.code < limits[1])


def _limits(views: list[View]) -> Limits:
    """To what codes are clamped, if they are: the least or largest of all, where it occurs more than once.

    Such a clamp is the first thing that the decoder does: it changes the likelihood, and nothing of the posterior.
    """
    low, high = -math.inf, math.inf
    if views:
        codes = torch.cat([v.latent.code.detach().flatten() for v in views])
        least, most = codes.min(), codes.max()
        low = float(least) if int((codes == least).sum()) > 1 else low
        high = float(most) if int((codes == most).sum()) > 1 else high
    return low, high


def _is_as_read(sampler: Sampler, view: View, limits: Limits) -> bool:
    """Whether the code is the location and the scale, by the reading of the head, times numbers that were drawn.

    Codes at the limits are not asked: of these the noise is not known.
    """
    o, scale = view.observation, sampler.scale(view.latent.heads)
    noise = ((view.latent.code - view.latent.heads.loc) / scale).detach()
    normal = [d.value.flatten() for d in o.draws if d.law == "normal"]
    return bool(normal) and among(noise[_inside(view, limits)], torch.cat(normal).to(noise))


def _of_divergence(bench: Bench, sampler: Sampler, e: Explanation, views: list[View], limits: Limits) -> Finding | None:
    """Derivatives of the loss in the heads that far off are zero, or the opposite of what they are nearby."""
    ratios = [(v, r) for v in views if (r := _ratio(sampler, e, v, limits)) is not None]
    near = [r[~r.isnan()] for v, r in ratios if v.observation.point.spread == v.observation.point.factor == 1]
    if not near or float(((torch.cat(near) - 1).abs() < _CLOSE).double().mean()) < _MOST:
        return None
    for view, ratio in ratios:
        left, mirrored, follows = ratio.abs() < _EXACT, (ratio + 1).abs() < _CLOSE, (ratio - 1).abs() < _CLOSE
        if not bool((left | mirrored | follows | ratio.isnan()).all()):
            continue
        if _matters(e, view, left[0] | mirrored.any(0), ratio[0].isnan()):
            message = "the KL divergence is clamped, or its absolute value taken, beyond what is seen near the given parameters"
            parts = [f"{part.double().mean():.0%} of its derivatives" for part in (left, mirrored)]
            return Finding("kl-clamped", message, f"at one point {parts[0]} are 0, {parts[1]} have the opposite sign")
        second = left[1] & follows[0]  # it alone is clamped, not the divergence
        if not bool(second.any()) or _gap(e, view) < _LEAST * abs(float(e.reconstruction[0])):
            continue
        drawn, read = _scales(bench, sampler, view.observation.point)
        wrong = second.flatten() & _usual(read) & ((drawn / read - 1).abs() < _EXACT)
        if bool(wrong.any()):
            message = "the KL divergence clamps the second head, the sampler does not"
            shown = f"the sampler's scale is {read[wrong][0]:.4f}, and the KL divergence does not depend on it there"
            return Finding("sampler-scale-mismatch", message, f"far from the given parameters {shown}")
    return None


def _matters(e: Explanation, view: View, cut: Tensor, unknown: Tensor) -> bool:
    """Whether what is cut off, (B, D), is of a size that training reaches, and the loss another for it."""
    if not bool(cut.any()) or view.latent.scale is None:
        return False
    with torch.no_grad():
        kl = kl_of_latents(view.latent, view.latent.scale)
    whole = (cut | unknown).all(1, keepdim=True)
    kl = torch.where(whole, kl.mean(1, keepdim=True), kl)  # the clamp of a sum, or of each latent
    return bool((kl[cut] < _LARGEST).any()) and _gap(e, view) > _LEAST * abs(float(e.reconstruction[0]))


def _ratio(sampler: Sampler, e: Explanation, view: View, limits: Limits) -> Tensor | None:
    """The loss's derivatives in the heads while the code is held, in units of those of the KL divergence: (2, B, D).

    NaN where the latter are too small to tell, and where the code is at a limit, which does not move with the heads.
    """
    own = derivative.of_heads(sampler, view)
    if own is None or not bool(own.isfinite().all()):
        return None
    coefficients = np.where(np.abs(e.kl) < _NONE * np.abs(e.kl).max(), 0.0, e.kl)  # rounding, which exp would raise
    proper = torch.tensordot(torch.from_numpy(coefficients), derivative.of_columns(sampler, view, e.divergence), 1)
    known = (proper.abs() > _EXACT * proper.abs().max()) & _inside(view, limits)
    return torch.where(known, own / proper, torch.nan)


def _usual(scale: Tensor) -> Tensor:
    return (scale > _SCALES[0]) & (scale < _SCALES[1])


def _explains(e: Explanation, view: View) -> bool:
    return _gap(e, view) < _RTOL * max(1.0, abs(view.loss))


def _gap(e: Explanation, view: View) -> float:
    """How far the loss is from what the explanation gives."""
    with torch.no_grad():
        reconstruction, kl = values_of(e, view)
    return abs(float(e.reconstruction @ reconstruction + e.kl @ kl + e.constant) - view.loss)


def _scales(bench: Bench, sampler: Sampler, point: Point) -> tuple[Tensor, Tensor]:
    """The scale by which the code moves with the noise, and that by the reading of the head, flat."""
    with torch.no_grad():
        still, moved = (bench.observe(replace(point, noise=constant(v))) for v in (0.0, 1.0))
        if not (still.codes and moved.codes and torch.equal(still.heads.loc, moved.heads.loc)):
            return torch.ones(1), torch.ones(1)  # the heads are random themselves: dropout
        drawn = sampler.arranged(moved.code - still.code, len(still.batch[0]))[0]
        return drawn.abs().flatten(), sampler.scale(still.heads).abs().flatten()
