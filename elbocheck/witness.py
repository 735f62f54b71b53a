"""Witnesses of a trained network's divergence and of its training loss, which share no code with its objective."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor
from torch.nn.functional import softplus

from numerics import multivariate_normal, normal
from vae_min import objective
from vae_min.config import Config
from vae_min.model import VariationalAutoencoder
from vae_min.train import Loss, draw_noise, negative_elbo


@dataclass(frozen=True, eq=False)
class KLWitnesses:
    """The KL divergence of q(z|x) from the prior by three witnesses, each of shape (B,), in nats.

    ``monte_carlo`` is the mean of log q(z) - log p(z) over ``num_samples`` draws ``z = loc + factor noise`` per
    image, a quadratic form in the noise; ``loc``, shape (B, D), and ``factor``, (B, D, D), give its coefficients.
    """

    closed_form: Tensor
    numerics: Tensor
    monte_carlo: Tensor
    num_samples: int
    loc: Tensor
    factor: Tensor


@dataclass(frozen=True, eq=False)
class LossWitness:
    """The loss of one training step on ``batch_size`` images, in nats, and what it must be at the same noise.

    ``gradient`` and ``expected_gradient`` hold the derivatives in all parameters of the model, shape (P,).
    """

    loss: Tensor
    expected: Tensor
    gradient: Tensor
    expected_gradient: Tensor
    batch_size: int


@torch.no_grad()
def kl_witnesses(model: VariationalAutoencoder, x: Tensor, *, num_samples: int = 1000, seed: int = 0) -> KLWitnesses:
    """KL divergence from the prior of each image x of shape (B, N): objective, `numerics`, and sampled."""
    model, x = copy.deepcopy(model).double().eval(), x.double()
    posterior, outputs = model.encode(x), model.encoder(x)
    loc, factor = posterior_parameters(model, outputs)
    generator = torch.Generator().manual_seed(seed)
    total = torch.zeros(len(x), dtype=torch.float64)
    for _ in range(num_samples):
        z = posterior.rsample(torch.randn(loc.shape, generator=generator, dtype=torch.float64))
        total += log_posterior(model, z, loc, factor) - normal.log_prob(z, 0.0, 1.0).sum(-1)
    closed_form, reference = objective.kl_divergence(posterior), _kl_divergence(model, outputs)
    return KLWitnesses(closed_form, reference, total / num_samples, num_samples, loc, factor)


def _kl_divergence(model: VariationalAutoencoder, outputs: Tensor) -> Tensor:
    """KL divergence of q(z|x) from N(0, I) by `numerics`, shape (B,), from the encoder's outputs."""
    if model.covariance == "diagonal":
        return cast(Tensor, normal.kl_divergence_standard(*outputs.chunk(2, dim=-1)))
    loc, factor = posterior_parameters(model, outputs)
    zero, one = torch.zeros_like(loc), torch.eye(loc.shape[-1], dtype=loc.dtype)
    return cast(Tensor, multivariate_normal.kl_divergence(loc, factor, zero, one))


def loss_witness(model: VariationalAutoencoder, config: Config, x: Tensor, *, seed: int = 0) -> LossWitness:
    """The loss that training descends, for images x of shape (B, N), and the same written without the objective.

    The second is minus the mean of the bound that the configuration names, with z drawn by its own expression at the
    same noise, the likelihood from `log_likelihood` and densities and divergence from `numerics`.
    """
    model, x = copy.deepcopy(model).double().eval(), x.double()
    noise = draw_noise(model, config, len(x), torch.Generator().manual_seed(seed)).double()
    terms = Loss(model, config).backward(x, noise)
    gradient = torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])
    expected = -_bound(model, config, x, noise).sum() / len(x)
    derivatives = torch.autograd.grad(expected, list(model.parameters()))
    expected_gradient = torch.cat([d.flatten() for d in derivatives])
    return LossWitness(negative_elbo(terms), expected.detach(), gradient, expected_gradient, len(x))


def _bound(model: VariationalAutoencoder, config: Config, x: Tensor, noise: Tensor) -> Tensor:
    """The bound of each image that the configuration names, at this noise (k, B, D), without the objective's code."""
    outputs = model.encoder(x)
    loc, factor = posterior_parameters(model, outputs)
    z = loc + (factor @ noise[..., None]).squeeze(-1)
    likelihood = log_likelihood(model, x, z)
    if config.objective == "elbo":
        return likelihood[0] - config.beta * _kl_divergence(model, outputs)
    if config.objective == "stl":
        loc, factor = loc.detach(), factor.detach()
    excess = log_posterior(model, z, loc, factor) - normal.log_prob(z, 0.0, 1.0).sum(-1)
    log_weight: Tensor = likelihood - config.beta * excess
    return log_weight.logsumexp(0) - math.log(len(noise))


def posterior_parameters(model: VariationalAutoencoder, outputs: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (B, D) and Cholesky factor (B, D, D) of q(z|x) from the encoder's outputs, without the model's code."""
    size = model.latent_dim
    loc, log_scale, below = outputs[:, :size], outputs[:, size : 2 * size], outputs[:, 2 * size :]
    if model.covariance == "diagonal":
        return loc, torch.diag_embed((log_scale / 2).exp())
    place = (torch.arange(len(outputs))[:, None], *torch.tril_indices(size, size, -1))
    empty = torch.zeros(len(outputs), size, size, dtype=outputs.dtype)
    return loc, empty.index_put(place, below) + torch.diag_embed(log_scale.exp())


def log_posterior(model: VariationalAutoencoder, z: Tensor, loc: Tensor, factor: Tensor) -> Tensor:
    """log q(z|x) by `numerics` at codes z of shape (..., B, D), from `posterior_parameters`; shape (..., B)."""
    if model.covariance == "diagonal":
        return cast(Tensor, normal.log_prob(z, loc, factor.diagonal(dim1=-2, dim2=-1)).sum(-1))
    return cast(Tensor, multivariate_normal.log_prob(z, loc, factor))


def log_likelihood(model: VariationalAutoencoder, x: Tensor, z: Tensor) -> Tensor:
    """log p(x|z) of images x of shape (B, N) at codes z of shape (..., B, D), without the objective's code; (..., B).

    With a Bernoulli decoder the images are binary.
    """
    outputs = model.decoder(z)
    if model.log_variance is None:
        return -softplus(outputs * (1 - 2 * x)).sum(-1)
    return cast(Tensor, normal.log_prob(x, outputs, (model.log_variance / 2).exp()).sum(-1))
