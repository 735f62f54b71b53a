"""Bounds with several importance samples, right and wrong, as values to compare a loss with."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from torch import Tensor

from numerics import normal
from vae_min.audit import gradient
from vae_min.audit.bench import Bench, Point
from vae_min.audit.divergence import kl_standard
from vae_min.audit.explanation import View, likelihoods_of, tolerance
from vae_min.audit.finding import Finding
from vae_min.audit.head import CLAIMABLE
from vae_min.audit.head import READINGS as SCALES
from vae_min.audit.likelihood import Likelihood
from vae_min.audit.sampler import Sampler

Bound = Callable[[Tensor, Tensor], Tensor]
"""From log-weights (k, B) and log-weights with the closed divergence inside (k, B): the loss per example (B,)."""


def _log_mean(log_weight: Tensor) -> Tensor:
    return log_weight.logsumexp(0) - math.log(len(log_weight))


def _weighted(weight: Tensor, log_weight: Tensor) -> Tensor:
    return -(weight * log_weight).sum(0)


@dataclass(frozen=True)
class Reading:
    """One way to read the loss: its value, the code of the finding that it is, and what it does in words."""

    bound: Bound
    code: str = ""
    how: str = ""


READINGS: dict[str, Reading] = {
    "bound": Reading(lambda w, c: -_log_mean(w)),
    "surrogate": Reading(lambda w, c: _weighted(w.softmax(0), w)),
    "inside": Reading(lambda w, c: -_log_mean(c), "kl-inside-weights", "the log-weights hold the closed KL divergence"),
    "inside surrogate": Reading(
        lambda w, c: _weighted(c.softmax(0), c), "kl-inside-weights", "the log-weights hold the closed KL divergence"
    ),
    "inverse": Reading(lambda w, c: _log_mean(-w), "weights-sign", "the log-weights have the wrong sign"),
    "inverse minimised": Reading(lambda w, c: -_log_mean(-w), "weights-sign", "the log-weights have the wrong sign"),
    "inverse surrogate": Reading(
        lambda w, c: _weighted((-w).softmax(0), w),
        "weights-sign",
        "the weights are normalised from minus their logarithms",
    ),
    "maximised": Reading(lambda w, c: _log_mean(w), "weights-sign", "the bound is minimised, not maximised"),
    "unnormalised": Reading(
        lambda w, c: _weighted(w.exp(), w), "weights-unnormalised", "the weights are not normalised over the samples"
    ),
    "unnormalised by the largest": Reading(
        lambda w, c: _weighted((w - w.max(0).values).exp(), w),
        "weights-unnormalised",
        "the weights are divided by the largest, not by their sum",
    ),
    "over the batch": Reading(
        lambda w, c: _weighted(w.softmax(1), w), "weights-unnormalised", "the weights are normalised over the batch"
    ),
}


@dataclass(frozen=True)
class Match:
    """A reading that reproduces the loss: loss = factor * mean over the batch of the reading + constant."""

    name: str
    read: str
    likelihood: Likelihood
    factor: float
    constant: float
    residual: float


def log_weights(view: View, likelihood: Likelihood, read: str = "") -> tuple[Tensor, Tensor]:
    """log p(x|z) + log p(z) - log q(z|x), and log p(x|z) - KL(q || p), each of shape (k, B).

    ``read`` is how log q(z|x) reads the second head, if not as the sampler does.
    """
    elements = likelihood.elements(view.data, view.output)
    reconstruction = -sum(p * e.sum(-1) for p, e in zip(likelihood.proper, elements, strict=True))
    assert isinstance(reconstruction, Tensor)
    scale, second = view.latent.scale, view.latent.heads.second
    assert scale is not None
    assert second is not None
    scale = SCALES[read](second) if read else scale
    log_q = normal.log_prob(view.latent.code, view.latent.heads.loc, scale).sum(-1)
    log_p = -0.5 * (view.latent.prior_term + view.latent.code.shape[-1] * math.log(2 * math.pi))
    closed = reconstruction - kl_standard(view.latent, scale)
    return reconstruction + log_p - log_q, closed


def match(bench: Bench, seen: Sequence[View]) -> Match | None:
    """The first reading that reproduces the loss at all points; None if none does."""
    loss = np.array([v.loss for v in seen])
    with torch.no_grad():
        for read, likelihood in product(("", *CLAIMABLE), likelihoods_of(bench, seen)):
            weights = [log_weights(v, likelihood, read) for v in seen]
            for name in READINGS if not read else ("bound", "surrogate"):
                values = np.array([float(READINGS[name].bound(*w).mean()) for w in weights])
                if not np.isfinite(values).all() or values.std() == 0:
                    continue
                factor = float(np.cov(values, loss)[0, 1] / values.var(ddof=1))
                constant = float(loss.mean() - factor * values.mean())
                residual = float(np.abs(factor * values + constant - loss).max() / loss.std())
                if residual < tolerance(bench, not READINGS[name].code and not read) and factor > 0:
                    return Match(name, read, likelihood, factor, constant, residual)
    return None


UNBIASED = ("right", "sticking", "doubly")  # the last: doubly reparameterised, arXiv:1810.04152


def findings(bench: Bench, sampler: Sampler, found: Match, point: Point) -> Iterator[Finding]:
    """What is wrong with the value or the gradient of a loss that a reading reproduces."""
    reading = READINGS[found.name]
    shown = f"{sampler.num_samples} samples; loss = {found.factor:.4g} * this + {round(found.constant, 9) + 0.0:.4g}"
    if found.read:
        message = f"the sampler reads the second head as {sampler.name}, log q(z|x) as {found.read}"
        yield Finding("sampler-scale-mismatch", message, shown)
        return
    if reading.code:
        yield Finding(reading.code, reading.how, shown)
        return

    def value(name: str, detached: bool = False) -> gradient.Value:
        def of(view: View) -> Tensor:
            w, c = log_weights(view, found.likelihood)
            if detached:
                return found.factor * _weighted(w.softmax(0).detach(), w).mean()
            return found.factor * READINGS[name].bound(w, c).mean()

        return of

    def doubly(view: View) -> Tensor:
        w, _ = log_weights(view, found.likelihood)
        share = w.softmax(0).detach()
        view.latent.code.register_hook(lambda gradient: share.unsqueeze(-1) * gradient)  # type: ignore[no-untyped-call]
        return found.factor * _weighted(share, w).mean()

    values = {
        "right": (value("bound"), ""),
        "sticking": (value("bound"), "posterior"),
        "doubly": (doubly, "posterior"),
        "surrogate": (value("surrogate"), ""),
        "code": (value(found.name), "code"),
        "decoder": (value(found.name), "decoder"),
        "scale": (value(found.name), "scale"),
        "loc": (value(found.name), "loc"),
    }
    outcome = gradient.compare(bench, sampler, point, values)
    if outcome is None:
        return
    name, differences = outcome
    shown = f"relative difference from the gradient of the bound: {differences['right']:.3g}"
    if name in gradient.CUT:
        yield Finding("gradient-cut", f"the gradient does not pass through the sampler: {gradient.CUT[name]}", shown)
    elif found.name == "bound" and name not in UNBIASED:
        yield Finding(
            "value-only", "the value is the importance-weighted bound, the gradient is not its gradient", shown
        )
    elif found.name == "surrogate" and name in UNBIASED:
        message = "the gradient is that of the importance-weighted bound; the value of the loss is another"
        yield Finding("gradient-only", message, f"relative difference of the gradients: {differences[name]:.6f}")
    elif found.name == "surrogate" and name == "surrogate":
        message = "the normalised weights carry gradients: the gradient is that of the weighted mean, not of the bound"
        yield Finding("weights-not-detached", message, shown)
    elif found.name == "surrogate":
        yield Finding("value-only", "the gradient is neither that of the bound nor of the loss's value", shown)
