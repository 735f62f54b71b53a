"""What an explanation amounts to, in nats per example: both weights, the constant, the variance, the sum over the batch."""

from __future__ import annotations

import math
from collections.abc import Mapping

from vae_min.audit import weight
from vae_min.audit.effective import Effective
from vae_min.audit.explanation import Explanation
from vae_min.audit.sampler import Sampler
from vae_min.audit.spec import VAESpec

_NOTHING = 1e-10


def effective(spec: VAESpec, sampler: Sampler, by_size: Mapping[int, Explanation], latents: int) -> Effective:
    """The first of the explanations, which are by batch size, as a bound; the batch's size taken out of a sum."""
    size, e = next(iter(by_size.items()))
    w = weight.weights(e)
    variance = beta = None
    if w.kl and w.reconstruction:
        beta = w.kl / w.reconstruction
        if e.likelihood.free and beta > _NOTHING:
            variance, beta = (beta, 1.0) if spec.beta is None else (beta / spec.beta, spec.beta)
    summed = _is_sum(by_size)
    a, c = _in_nats(e, w, variance, latents, math.prod(spec.tensors[0].shape[1:]))
    unit = size if summed else 1
    reconstruction, kl, constant = (None if v is None else _clear(v / unit) for v in (a, w.kl, c))
    return Effective(
        reconstruction=reconstruction,
        kl=kl,
        constant=constant,
        likelihood=e.likelihood.family,
        variance=variance,
        beta=None if beta is None else _clear(beta),
        sampler=sampler.name,
        kl_reading=e.divergence.reading,
        summed=summed,
    )


def _is_sum(by_size: Mapping[int, Explanation]) -> bool:
    """Whether the loss grows with the batch."""
    low, high = min(by_size), max(by_size)
    first, last = (weight.reconstruction_weight(by_size[s]) for s in (low, high))
    return low < high and bool(first and last) and weight.equal((last or 0) * low, (first or 0) * high)


def _in_nats(
    e: Explanation, w: weight.Weights, variance: float | None, latents: int, pixels: int
) -> tuple[float | None, float]:
    """The weight of -log p(x|z) at this variance, and what is left beside both terms in nats."""
    (unit, power), a, constant = weight.DENSITY.get(e.likelihood.family, (0.0, 0.0)), w.reconstruction, e.constant
    noise = {"standard": e.kl[4] if len(e.kl) == 5 else 0.0, "sampled": e.kl[-1]}.get(e.divergence.form)
    if w.kl is not None and noise is not None:
        constant += latents * (0.5 * w.kl + float(noise))
    if a is not None and len(e.likelihood.proper) == 2:
        constant -= a * pixels * unit
    if a is None or not variance:
        return a, constant
    return a * variance, constant + a * pixels * unit - a * variance * pixels * (unit + power * math.log(variance))


def _clear(value: float) -> float:
    return 0.0 if abs(value) < _NOTHING else value
