"""The range of the encoder's heads: a location that is never negative, a scale that can be 0 or never below 1."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import chain

import torch

from vae_min.audit.bench import Bench, Point
from vae_min.audit.finding import Finding
from vae_min.audit.head import Heads
from vae_min.audit.sampler import Sampler

_LOGARITHMS = frozenset(
    {"log_variance", "log_scale", "negative log_variance", "negative log_scale", "twice log_scale", "half log_variance"}
)
_ANY = frozenset({"softplus", "softplus of twice", "softplus of half"})  # take any number, too
_ZERO_AT_ZERO = frozenset({"scale", "variance", "squared scale"})


def of_range(bench: Bench, sampler: Sampler) -> Iterator[Finding]:
    """A location that is never negative, a scale that can be exactly 0, at parameters near the user's."""
    scaled = bool(_ZERO_AT_ZERO & {*sampler.names[:1], bench.spec.head})
    far = list[Heads]()
    for heads in _far(bench, 1.0):
        far.append(heads)
        if not scaled and bool((heads.loc < 0).any()):
            return  # the other points can add nothing
    loc = torch.cat([h.loc.flatten() for h in far])
    zeros = float((loc == 0).double().mean())
    if bool((loc >= 0).all()) and zeros > 0.05:
        shown = f"{len(loc)} values at random parameters, {zeros:.0%} of them exactly 0"
        yield Finding("head-range", "the posterior mean is never negative: a ReLU ends the encoder", shown)
    second = torch.cat([h.second.flatten() for h in far if h.second is not None])
    zeros = float((second == 0).double().mean())
    if scaled and zeros > 0.02:
        yield Finding(
            "head-range", "the scale can be exactly 0", f"{zeros:.0%} of {len(second)} values at random parameters"
        )


def of_sign(bench: Bench, readings: set[str]) -> Iterator[Finding]:
    """A logarithm of the scale that is never negative, where a linear layer has both signs; given how the head is read."""
    if not readings & _LOGARITHMS or not readings <= _LOGARITHMS | _ANY:
        return
    low, high, count = math.inf, -math.inf, 0
    for heads in chain(_far(bench, 4.0), _far(bench, 40.0)):
        assert heads.second is not None
        count += heads.second.numel()
        low, high = min(low, float(heads.second.min())), max(high, float(heads.second.max()))
        if low < 0 < high or bool(heads.second.isnan().any()):
            return
    inverse = {r for r in readings if r.startswith("negative")}
    if low == high or not (readings - inverse if low >= 0 else inverse):
        return  # a scale that is fixed, or one of at most 1, as that of a true posterior in units of the prior's may be
    message = "the logarithm of the scale has one sign only: sigma is never below 1"
    yield Finding("head-range", message, f"{count} values at random parameters in [{low:.3g}, {high:.3g}]")


def _far(bench: Bench, spread: float) -> Iterator[Heads]:
    for s in range(1, 7 if bench.is_large else 25):
        point = Point(s, s, 8, spread=spread)
        with torch.no_grad():
            heads = bench.encode(point, bench.batch(point))
        yield heads
