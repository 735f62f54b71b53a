"""Divergences that a regularising term may stand for: elementary sums over the latents, per code and example."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution

from numerics import normal
from vae_min.audit.head import CHANGED, CLAIMABLE, READINGS, Heads


@dataclass(frozen=True, eq=False)
class Latent:
    """What the divergence depends on: heads (B, D), codes (k, B, D), their scale (B, D) if they have one, the prior."""

    heads: Heads
    code: Tensor
    scale: Tensor | None
    prior: tuple[Any, Any] | Distribution | None

    @property
    def deviation(self) -> Tensor:
        """The location in units of the prior, shape (B, D)."""
        loc, scale = self.prior_parameters()
        value: Tensor = (self.heads.loc - loc) / scale
        return value

    def ratio(self, scale: Tensor) -> Tensor:
        """A scale in units of the prior's, shape (B, D)."""
        value: Tensor = scale / self.prior_parameters()[1]
        return value

    @property
    def prior_term(self) -> Tensor:
        """-2 log p(z) but for constants of a standard prior, shape (k, B)."""
        if isinstance(self.prior, Distribution):
            value: Tensor = -2 * self.prior.log_prob(self.code)
            return value.flatten(2).sum(-1) if value.ndim > 2 else value
        loc, scale = self.prior_parameters()
        squares: Tensor = ((self.code - loc) / scale).square().sum(-1)
        return squares

    def prior_parameters(self) -> tuple[Any, Any]:
        """Location and scale of a normal prior."""
        if isinstance(self.prior, tuple):
            return self.prior
        return 0.0, 1.0


Columns = Callable[[Latent], list[Tensor]]


@dataclass(frozen=True)
class Divergence:
    """One way to read the regularising term.

    Parameters
    ----------
    reading : str
        How it reads the second head.
    columns : callable
        Elementary sums of shape (B,) or (k, B); which coefficients make them a KL divergence, `weight` knows.
    form : str
        "standard" (squares of location and scale, the logarithm, squares of the code and of the noise),
        "sampled" (the logarithm, -log p(z), squares of the noise), "swapped", "reversed", "modulus", or "loose".
    own : bool
        Whether the scale is that of the code.
    """

    reading: str
    columns: Columns
    form: str
    own: bool = False


def _scale(latent: Latent, name: str) -> Tensor:
    """The scale by a reading of the second head; by no name, that of the code."""
    if not name:
        assert latent.scale is not None
        return latent.scale
    assert latent.heads.second is not None
    return READINGS[name](latent.heads.second)


def _noise(latent: Latent, name: str) -> Tensor:
    return ((latent.code - latent.heads.loc) / _scale(latent, name)).square().sum(-1)


def _standard(name: str, noisy: bool) -> Columns:
    def columns(latent: Latent) -> list[Tensor]:
        ratio = latent.ratio(_scale(latent, name)).square()
        closed = [latent.deviation.square().sum(-1), ratio.sum(-1), ratio.log().sum(-1)]
        return closed + ([latent.prior_term, _noise(latent, name)] if noisy else [])

    return columns


def _sampled(name: str) -> Columns:
    def columns(latent: Latent) -> list[Tensor]:
        log_variance = 2 * _scale(latent, name).abs().log()
        return [log_variance.sum(-1), latent.prior_term, _noise(latent, name)]

    return columns


def _swapped(name: str, change: Callable[[Tensor], Tensor] = lambda v: v) -> Columns:
    def columns(latent: Latent) -> list[Tensor]:
        assert latent.heads.second is not None
        variance = READINGS[name](latent.heads.loc).square()
        return [change(latent.heads.second).square().sum(-1), variance.sum(-1), variance.log().sum(-1)]

    return columns


def _reversed(name: str) -> Columns:
    def columns(latent: Latent) -> list[Tensor]:
        ratio = latent.ratio(_scale(latent, name)).square()
        return [(latent.deviation.square() / ratio).sum(-1), (1 / ratio).sum(-1), ratio.log().sum(-1)]

    return columns


def _modulus(name: str, latents: bool) -> Columns:
    """The modulus, for each latent or for each code, of the estimate log q(z|x) - log p(z) at the draw."""

    def columns(latent: Latent) -> list[Tensor]:
        scale, (loc, prior_scale) = _scale(latent, name), latent.prior_parameters()
        squares = ((latent.code - loc) / prior_scale).square() - ((latent.code - latent.heads.loc) / scale).square()
        estimate = 0.5 * squares - latent.ratio(scale).abs().log()
        return [estimate.abs().sum(-1) if latents else estimate.sum(-1).abs()]

    return columns


def _loose(name: str) -> Columns:
    def columns(latent: Latent) -> list[Tensor]:
        ratio, deviation = latent.ratio(_scale(latent, name)), latent.deviation
        terms = [deviation, deviation.square(), deviation.abs(), ratio, ratio.square(), ratio**4, ratio.square().log()]
        return [t.sum(-1) for t in terms] + [latent.prior_term, _noise(latent, name)]

    return columns


def candidates(names: list[str], noisy: bool, general: bool) -> Iterator[Divergence]:
    """The readings worth trying, that of the sampler first.

    Parameters
    ----------
    names : list of str
        The sampler's readings of the second head.
    noisy : bool
        Whether the code is not just the location.
    general : bool
        Whether the prior is known by its log-density alone.
    """
    own = "" if noisy else "log_variance"
    shown = (names or ["as sampled" if noisy else own])[0]
    others = [n for n in (*CLAIMABLE, *READINGS) if n != own]
    if general:
        yield Divergence(shown, _sampled(own), "sampled", noisy)
        for name in dict.fromkeys(others):
            yield Divergence(name, _sampled(name), "sampled")
        return
    yield Divergence(shown, _standard(own, noisy), "standard", noisy)
    for name in dict.fromkeys(others):
        yield Divergence(name, _standard(name, noisy), "standard")
    for name in CLAIMABLE:
        yield Divergence(name, _swapped(name), "swapped")
    for changed in ("exponentiated log_variance", "exponentiated log_scale"):
        yield Divergence(changed, _swapped("log_variance", CHANGED[changed]), "swapped")
    yield Divergence(shown, _reversed(own), "reversed", noisy)
    for name in dict.fromkeys(others):
        yield Divergence(name, _reversed(name), "reversed")
    for name in (own, *dict.fromkeys(others)) if noisy else ():
        for latents in (True, False):
            yield Divergence(name or shown, _modulus(name, latents), "modulus", name == own)
    yield Divergence(shown, _loose(own), "loose", noisy)
    for name in (*CLAIMABLE, *CHANGED):
        yield Divergence(name, _loose(name), "loose")


def kl_standard(latent: Latent, scale: Tensor) -> Tensor:
    """KL(q || p) in nats by `numerics`, shape (B,), for a normal prior."""
    return kl_of_latents(latent, scale).sum(-1)


def kl_of_latents(latent: Latent, scale: Tensor) -> Tensor:
    """The same of each latent, shape (B, D)."""
    loc, prior_scale = latent.prior_parameters()
    loc, prior_scale = (torch.as_tensor(v, dtype=scale.dtype) for v in (loc, prior_scale))
    value: Tensor = normal.kl_divergence(latent.heads.loc, scale.abs(), loc, prior_scale)
    return value
