"""Noise of which large numbers are cut off: clamped to a limit, or drawn anew until they are small."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from vae_min.audit.bench import Bench, Observation
from vae_min.audit.finding import Finding
from vae_min.audit.noise import constant

_EQUAL = 1e-5  # of noise that is a quotient, to rounding
_RARE = 4.0  # of 16,000 normal numbers one is beyond: to clamp it is no other law
_LOOSE = 1e-3


def of_clamp(noise: Tensor) -> Iterator[Finding]:
    """That noise is clamped, where this changes its law."""
    low, high = float(noise.min()), float(noise.max())
    if min(-low, high) < _RARE:
        shown = f"of {len(noise)} numbers twice as far from 0 as normal ones none left [{low:.4g}, {high:.4g}]"
        yield Finding("noise-law", "the noise is clamped, not normal", shown)


def of_rejected(bench: Bench, still: Observation, b: Tensor) -> Iterator[Finding]:
    """That numbers are drawn anew where they are large, which is no normal law though each is a normal number."""
    for far in (-_RARE, _RARE):
        o = bench.observe(replace(still.point, noise=constant(0.9 * far)))
        if (
            o.codes
            and len(o.draws) > len(still.draws)
            and not torch.allclose(o.code, still.code + 0.9 * far * b, rtol=_LOOSE, atol=_LOOSE)
        ):
            shown = f"where each number is {0.9 * far:.4g}, {len(o.draws)} draws are made; where it is 0, {len(still.draws)}"
            yield Finding(
                "noise-law", "numbers are drawn until they are accepted: the noise is truncated, not normal", shown
            )
            return


def is_clamped(noise: Tensor, drawn: Tensor) -> bool:
    """Whether noise is what was drawn, but for numbers beyond a limit, which are the limit."""
    if not len(noise):
        return False
    low, high = noise.min(), noise.max()
    inside = noise[(noise - low > _EQUAL) & (high - noise > _EQUAL)]
    beyond = (drawn < low - _EQUAL) | (drawn > high + _EQUAL)
    return len(inside) > 0 and among(inside, drawn) and bool(beyond.any())


def among(values: Tensor, drawn: Tensor) -> bool:
    """Whether each value is one of those drawn, to rounding."""
    if not len(drawn):
        return False
    ordered = drawn.sort().values
    v = values.flatten()
    right = torch.searchsorted(ordered, v).clamp(max=len(ordered) - 1)
    left = (right - 1).clamp(min=0)
    gap = torch.minimum((ordered[right] - v).abs(), (ordered[left] - v).abs())
    return bool((gap < (1e-6 if v.dtype == torch.float64 else 1e-3)).all())
