"""Bounds with several importance samples, right and wrong, as values to compare a loss with."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
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
from vae_min.audit.spec import VAESpec

_FEW = 8


class LogWeights(NamedTuple):
    """Log-weights, each of shape (k, B): the right ones, and wrong ones that lack a term or hold the closed divergence."""

    right: Tensor
    closed: Tensor
    no_posterior: Tensor
    no_prior: Tensor


@dataclass(frozen=True)
class Wrong:
    """The code of a finding, and what is wrong in words."""

    code: str
    how: str


@dataclass(frozen=True)
class Reading:
    """One way to read the loss per example: minus or plus the log of a mean of weights, or minus a weighted mean of logs.

    Parameters
    ----------
    target : str
        The log-weights, a field of `LogWeights`.
    share : callable, optional
        From the log-weights (k, B), the weights of the weighted mean.
    sign, power : float
        Before the log of the mean, and before the log-weights in it.
    wrong : tuple of Wrong
    uneven : bool
        Whether what the weights of the mean add up to is no constant: a constant of the log-weights is then seen.
    axis : int
        Over which the weights are averaged inside the logarithm: 0 for the samples, 1 for the batch.
    """

    target: str
    share: Callable[[Tensor], Tensor] | None = None
    sign: float = -1.0
    power: float = 1.0
    wrong: tuple[Wrong, ...] = ()
    uneven: bool = False
    axis: int = 0

    def value(self, weights: LogWeights, detached: bool = False, shift: float = 0.0) -> Tensor:
        """The loss, shape (B,), or (k,) where the mean is over the batch; ``detached`` keeps gradients from the weights of a weighted mean.

        ``shift`` is a constant that the log-weights hold besides.
        """
        target: Tensor = getattr(weights, self.target) + shift
        if self.share is None:
            return self.sign * ((self.power * target).logsumexp(self.axis) - math.log(target.shape[self.axis]))
        share = self.share(target)
        return -((share.detach() if detached else share) * target).sum(0)

    def mass(self, weights: LogWeights, shift: float = 0.0) -> float:
        """What the weights of a weighted mean add up to, on average over the batch."""
        assert self.share is not None
        return float(self.share(getattr(weights, self.target) + shift).sum(0).mean())


_TARGETS = {
    "right": (),
    "closed": (Wrong("kl-inside-weights", "the log-weights hold the closed KL divergence"),),
    "no_posterior": (Wrong("weights-term", "the log-weights lack log q(z|x)"),),
    "no_prior": (Wrong("weights-term", "the log-weights lack log p(z)"),),
}
_INVERSE = (Wrong("weights-sign", "the log-weights have the wrong sign"),)
_COMBINED = {
    "bound": Reading(""),
    "surrogate": Reading("", lambda w: w.softmax(0)),
    "inverse": Reading("", sign=1.0, power=-1.0, wrong=_INVERSE),
    "inverse minimised": Reading("", power=-1.0, wrong=_INVERSE),
    "inverse surrogate": Reading(
        "",
        lambda w: (-w).softmax(0),
        wrong=(Wrong("weights-sign", "the weights are normalised from minus their logarithms"),),
    ),
    "maximised": Reading("", sign=1.0, wrong=(Wrong("weights-sign", "the bound is minimised, not maximised"),)),
    "bound over the batch": Reading(
        "", wrong=(Wrong("mean-of-logs", "the log of the mean is taken over the batch, not over the samples"),), axis=1
    ),
    "unnormalised": Reading(
        "",
        torch.exp,
        wrong=(Wrong("weights-unnormalised", "the weights are not normalised over the samples"),),
        uneven=True,
    ),
    "unnormalised by the largest": Reading(
        "",
        lambda w: (w - w.max(0).values).exp(),
        wrong=(Wrong("weights-unnormalised", "the weights are divided by the largest, not by their sum"),),
        uneven=True,
    ),
    "over the batch": Reading(
        "",
        lambda w: w.softmax(1),
        wrong=(Wrong("weights-unnormalised", "the weights are normalised over the batch"),),
    ),
}
READINGS: dict[str, Reading] = {
    name if target == "right" else f"{name} {target}": replace(r, target=target, wrong=(*wrong, *r.wrong))
    for target, wrong in _TARGETS.items()
    for name, r in _COMBINED.items()
}


@dataclass(frozen=True)
class Match:
    """A reading that reproduces the loss: loss = factor * mean over the batch of the reading + constant.

    ``shift`` is a constant that the log-weights hold besides.
    """

    name: str
    read: str
    likelihood: Likelihood
    factor: float
    shift: float
    constant: float
    residual: float


def log_weights(view: View, likelihood: Likelihood, read: str = "") -> LogWeights:
    """log p(x|z) + log p(z) - log q(z|x), and what is found in its place.

    ``read`` is how log q(z|x) reads the second head, if not as the sampler does.
    """
    elements = likelihood.elements(view.data, view.output)
    reconstruction = -sum(p * e.sum(-1) for p, e in zip(likelihood.proper, elements, strict=True))
    assert isinstance(reconstruction, Tensor)
    scale, second = view.latent.scale, view.latent.heads.second
    assert second is not None
    scale = SCALES[read](second) if read else scale
    assert scale is not None
    log_q = normal.log_prob(view.latent.code, view.latent.heads.loc, scale).sum(-1)
    log_p = -0.5 * (view.latent.prior_term + view.latent.code.shape[-1] * math.log(2 * math.pi))
    closed = reconstruction - kl_standard(view.latent, scale)
    return LogWeights(reconstruction + log_p - log_q, closed, reconstruction + log_p, reconstruction - log_q)


def match(bench: Bench, seen: Sequence[View], scaled: bool = False) -> Match | None:
    """The first reading that reproduces the loss at all points; None if none does.

    Views that are ``scaled`` by what may be the decoder's scale are compared with likelihoods that have one, alone.
    """
    loss = np.array([v.loss for v in seen])
    with torch.no_grad():
        reads = (*(() if seen[0].latent.scale is None else ("",)), *CLAIMABLE)[: 1 if scaled else None]
        likelihoods = [
            c for likelihood in likelihoods_of(bench, seen) for c in _of_fixed_variance(bench.spec, likelihood)
        ]
        for read, likelihood in product(reads, likelihoods):
            if scaled and len(likelihood.proper) == 1:
                continue
            few = [log_weights(v, likelihood, read) for v in seen[:_FEW]]
            names = [
                n for n, r in READINGS.items() if _may_fit(r, few, loss, tolerance(bench, not r.wrong and not read))
            ]
            weights = [*few, *(log_weights(v, likelihood, read) for v in seen[_FEW:])] if names else []
            for name in names:
                reading = READINGS[name]
                factor, shift, constant, residual = _fit(reading, weights, loss)
                if residual / loss.std() < tolerance(bench, not reading.wrong and not read) and factor > 0:
                    return Match(name, read, likelihood, factor, shift, constant, residual / float(loss.std()))
    return None


def _of_fixed_variance(spec: VAESpec, likelihood: Likelihood) -> Iterator[Likelihood]:
    """A normal likelihood of the variance that is claimed, or 1, or 1/2: in log-weights it is no common factor."""
    if likelihood.family != "normal" or not likelihood.free:
        yield likelihood
        return
    claimed = 1.0 if spec.variance is None else spec.variance
    yield replace(likelihood, proper=(1 / claimed,))
    for variance in {1.0, 0.5} - {claimed}:
        how, defect = (
            f"the variance is {variance:.4g} in the log-weights, {claimed:.4g} is claimed",
            "variance-mismatch",
        )
        if spec.variance is None:
            how, defect = "a squared error without 1/2 is a normal likelihood of variance 1/2", "squared-error"
        yield replace(likelihood, proper=(1 / variance,), defect=likelihood.defect or defect, how=likelihood.how or how)


def _may_fit(reading: Reading, few: list[LogWeights], loss: NDArray[np.float64], tolerance: float) -> bool:
    """Whether the first points allow that a reading fits all: of n points, their own fit leaves at most sqrt(n) times as much."""
    return _fit(reading, few, loss[: len(few)])[-1] <= math.sqrt(len(few)) * tolerance * float(loss.std())


def _fit(reading: Reading, weights: list[LogWeights], loss: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Factor, shift and constant by least squares, and the largest residual, infinite where the values are not finite or one.

    With a shift c, sum w (log w + c) is the value and c times what the weights add up to.
    """
    columns = [[float(reading.value(w).mean()) for w in weights]]
    if reading.uneven:
        columns.append([-reading.mass(w) for w in weights])
    design = np.array(columns).T
    with np.errstate(over="ignore", invalid="ignore"):  # weights may be as large as numbers are
        centre, spread = design.mean(0), design.std(0)
        if not np.isfinite(spread).all() or not spread.all():
            return 0.0, 0.0, 0.0, np.inf
        scaled = (design - centre) / spread
        solution, *_ = np.linalg.lstsq(scaled, loss - loss.mean(), rcond=None)
        residual = float(np.abs(scaled @ solution + loss.mean() - loss).max())
    factor, *rest = map(float, solution / spread)
    constant = float(loss.mean() - solution / spread @ centre)
    if not rest or not factor:
        return factor, 0.0, constant, residual
    shift = rest[0] / factor
    mass = reading.mass(weights[0], shift)
    if not 0.0 < mass < np.inf:  # no constant that anybody left out
        return 0.0, 0.0, 0.0, np.inf
    return factor * reading.mass(weights[0]) / mass, shift, constant, residual


UNBIASED = ("right", "doubly")  # the latter: doubly reparameterised, arXiv:1810.04152
_STICKING = (
    "log q(z|x) has no gradient in the heads: what it lacks has mean 0 in an ELBO, not in a bound over several samples"
)


def findings(bench: Bench, sampler: Sampler, found: Match, point: Point) -> Iterator[Finding]:
    """What is wrong with the value or the gradient of a loss that a reading reproduces."""
    reading = READINGS[found.name]
    shown = f"{sampler.num_samples} samples; loss = {found.factor:.4g} * this + {round(found.constant, 9) + 0.0:.4g}"
    if found.read and sampler.noisy:
        message = f"the sampler reads the second head as {sampler.name}, log q(z|x) as {found.read}"
        yield Finding("sampler-scale-mismatch", message, shown)
    for wrong in reading.wrong:
        yield Finding(wrong.code, wrong.how, shown)
    outcome = gradient.compare(bench, sampler, point, _values(found), found.residual)
    if outcome is None:
        return
    name, differences = outcome
    shown = f"relative difference from the gradient of the bound: {differences['right']:.3g}"
    cut, *of = name.split() or [""]
    if cut in gradient.CUT:
        message = f"the gradient does not pass through the sampler: {gradient.CUT[cut]}"
        yield Finding("gradient-cut", message, shown)
    if "mean" in (cut, *of):
        yield Finding("value-only", "the gradient of the loss is that of the mean of the log-weights", shown)
    elif cut in gradient.CUT:
        return
    elif not reading.wrong:
        yield from _of_right_value(found.name, name, differences, shown)
    elif reading.share is not None and name == "right":
        yield Finding("weights-not-detached", "the weights carry gradients", shown)
    elif reading.share is None and name not in UNBIASED:
        yield Finding("value-only", "the gradient of the loss is not the gradient of its value", shown)


def _values(found: Match) -> dict[str, tuple[gradient.Value, str]]:
    """What the gradient may be that of, the right one first."""
    reading = READINGS[found.name]

    def value(of: Reading, detached: bool = False) -> gradient.Value:
        return lambda v: (
            found.factor * of.value(log_weights(v, found.likelihood, found.read), detached, found.shift).mean()
        )

    def doubly(view: View) -> Tensor:
        w = log_weights(view, found.likelihood, found.read).right
        share = w.softmax(0).detach()
        view.latent.code.register_hook(lambda gradient: share.unsqueeze(-1) * gradient)  # type: ignore[no-untyped-call]
        return -found.factor * (share * w).sum(0).mean()

    right = READINGS["bound"] if not reading.wrong else reading
    mean = replace(right, share=lambda w: torch.full_like(w, 1 / len(w)))
    values = {"right": (value(right), ""), "sticking": (value(right), "posterior")}
    if not reading.wrong:
        values |= {"doubly": (doubly, "posterior"), "surrogate": (value(READINGS["surrogate"]), "")}
    if reading.wrong and reading.share is not None:
        values["detached"] = value(reading, True), ""
    for cut in gradient.CUT:
        values[cut] = value(reading), cut
        if reading.share is not None:
            values[f"{cut} detached"] = value(reading, True), cut
    return values | {"mean": (value(mean), "")} | {f"{cut} mean": (value(mean), cut) for cut in gradient.CUT}


def _of_right_value(read: str, name: str, differences: dict[str, float], shown: str) -> Iterator[Finding]:
    """What is wrong with the gradient, by name, where the value is that of the bound or of its surrogate."""
    if name == "sticking":
        yield Finding("value-only", _STICKING, shown)
    elif read == "bound" and name not in UNBIASED:
        message = "the value is the importance-weighted bound, the gradient is not its gradient"
        yield Finding("value-only", message, shown)
    elif read == "surrogate" and name in UNBIASED:
        message = "the gradient is that of the importance-weighted bound; the value of the loss is another"
        yield Finding("gradient-only", message, f"relative difference of the gradients: {differences[name]:.6f}")
    elif read == "surrogate" and name == "surrogate":
        message = "the normalised weights carry gradients: the gradient is that of the weighted mean, not of the bound"
        yield Finding("weights-not-detached", message, shown)
    elif read == "surrogate":
        yield Finding("value-only", "the gradient is neither that of the bound nor of the loss's value", shown)
