"""Heads far from those near the user's parameters: whether sampler and KL divergence still read them alike.

An untrained encoder's second head stays near 0, where a clamp of it has no effect; training moves it on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from vae_min.audit.bench import Bench, Point
from vae_min.audit.explanation import Explanation, View, values_of, view_of
from vae_min.audit.finding import Finding
from vae_min.audit.noise import constant, seeded
from vae_min.audit.sampler import Sampler
from vae_min.audit.spec import AuditError

_SPREADS = (4.0, 10.0)
_RTOL, _GAP = 1e-6, 0.1
_SCALES = (0.05, 20.0)  # a clamp that acts beyond is one against overflow


def findings(bench: Bench, sampler: Sampler, explained: Explanation) -> Iterator[Finding]:
    """A sampler whose scale leaves the reading of the head by which the KL divergence still explains the loss."""
    if not (bench.double and sampler.drawn and sampler.names):
        return
    for seed in range(1, 5):
        for spread in _SPREADS:
            point = Point(seed, 1000 + seed, 4, seeded(seed), True, spread)
            try:
                view = view_of(bench, sampler, point)
                if view is None or not _explains(explained, view):
                    continue
                drawn, read = _scales(bench, sampler, point)
            except AuditError:  # so far from the given parameters the model may have no loss
                continue
            wrong = ((drawn / read - 1).abs() > _GAP) & (read > _SCALES[0]) & (read < _SCALES[1])
            if wrong.any():
                message = "the sampler clamps or bends the second head, the KL divergence does not"
                shown = f"the sampler's scale is {drawn[wrong][0]:.4f}, that of the KL divergence {read[wrong][0]:.4f}"
                yield Finding("sampler-scale-mismatch", message, f"far from the given parameters {shown}")
                return


def _explains(e: Explanation, view: View) -> bool:
    with torch.no_grad():
        reconstruction, kl = values_of(e, view)
    value = float(e.reconstruction @ reconstruction + e.kl @ kl + e.constant)
    return bool(np.isfinite(view.loss)) and abs(value - view.loss) < _RTOL * max(1.0, abs(view.loss))


def _scales(bench: Bench, sampler: Sampler, point: Point) -> tuple[Tensor, Tensor]:
    """The scale by which the code moves with the noise, and that by the reading of the head, flat."""
    with torch.no_grad():
        still, moved = (bench.observe(replace(point, noise=constant(v))) for v in (0.0, 1.0))
        if not (still.codes and moved.codes and torch.equal(still.heads.loc, moved.heads.loc)):
            return torch.ones(1), torch.ones(1)  # the heads are random themselves: dropout
        drawn = sampler.arranged(moved.code - still.code, len(still.batch[0]))[0]
        return drawn.abs().flatten(), sampler.scale(still.heads).abs().flatten()
