"""A small VAE whose parts can be replaced, one at a time, by wrong twins."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vae_min.audit.spec import VAESpec


def std(v: Tensor) -> Tensor:
    return torch.exp(0.5 * v)


def kl(loc: Tensor, v: Tensor) -> Tensor:
    return 0.5 * (loc**2 + v.exp() - 1 - v).sum(-1)


def bce(y: Tensor, x: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(y, x, reduction="none").sum(-1)


class Small(nn.Module):
    """Five binary pixels, two latents."""

    def __init__(
        self,
        scale: Callable = std,
        divergence: Callable = kl,
        nll: Callable = bce,
        noise: Callable = torch.randn_like,
        reduce: Callable = torch.mean,
    ) -> None:
        super().__init__()
        self.body, self.head, self.decoder = nn.Linear(5, 6), nn.Linear(6, 4), nn.Linear(2, 5)
        self.scale, self.divergence, self.nll, self.noise, self.reduce = scale, divergence, nll, noise, reduce

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        loc, v = self.head(torch.tanh(self.body(x))).chunk(2, -1)
        return loc, v.clone()  # a chunk may not be changed in place, which one of the twins does

    def decode(self, z: Tensor) -> Tensor:
        return self.decoder(z)

    def loss(self, x: Tensor) -> Tensor:
        loc, v = self.encode(x)
        z = loc + self.scale(v) * self.noise(v)
        return self.reduce(self.nll(self.decode(z), x) + self.divergence(loc, v))


def spec(seed: int = 0, claims: dict | None = None, **parts: Callable) -> VAESpec:
    """A specification of it, from a seed."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model, x = Small(**parts), torch.bernoulli(torch.full((6, 5), 0.5))
    return VAESpec(loss=model.loss, encode=model.encode, decode=model.decode, batch=x, **(claims or {}))
