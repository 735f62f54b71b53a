"""Witnesses of a trained network's divergence and of its training loss, which share no code with its objective."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics import normal
from vae_min import objective
from vae_min.config import Config
from vae_min.distribution import DiagonalNormal
from vae_min.evaluate import log_joint
from vae_min.model import VariationalAutoencoder
from vae_min.train import Loss, draw_noise, negative_elbo


@dataclass(frozen=True, eq=False)
class KLWitnesses:
    """The KL divergence of q(z|x) from the prior by three witnesses, each of shape (B,), in nats.

    ``monte_carlo`` is the mean of log q(z) - log p(z) over ``num_samples`` draws ``z = loc + scale * noise`` per
    image, a quadratic form in the noise; ``loc`` and ``log_variance``, shape (B, D), give its coefficients.
    """

    closed_form: Tensor
    numerics: Tensor
    monte_carlo: Tensor
    num_samples: int
    loc: Tensor
    log_variance: Tensor


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
    posterior = copy.deepcopy(model).double().eval().encode(x.double())
    assert isinstance(posterior, DiagonalNormal)
    loc, scale = posterior.loc, posterior.scale
    generator = torch.Generator().manual_seed(seed)
    total = torch.zeros(len(x), dtype=torch.float64)
    for _ in range(num_samples):
        z = posterior.rsample(torch.randn(loc.shape, generator=generator, dtype=torch.float64))
        total += (normal.log_prob(z, loc, scale) - normal.log_prob(z, 0.0, 1.0)).sum(-1)
    reference = normal.kl_divergence_standard(loc, posterior.log_variance)
    closed_form = objective.kl_divergence(posterior)
    return KLWitnesses(closed_form, reference, total / num_samples, num_samples, loc, posterior.log_variance)


def loss_witness(model: VariationalAutoencoder, config: Config, x: Tensor, *, seed: int = 0) -> LossWitness:
    """The loss that training descends, for images x of shape (B, N), and the same written without the objective.

    The second is minus the mean of log p(x|z) - KL, with z drawn by its own expression at the same noise, the
    likelihood from `vae_min.evaluate.log_joint` and the divergence from `numerics`.
    """
    model, x = copy.deepcopy(model).double().eval(), x.double()
    drawn = draw_noise(model, config, len(x), torch.Generator().manual_seed(seed))
    terms = Loss(model, config).backward(x, drawn.double())
    gradient = torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])
    noise = torch.randn(len(x), model.latent_dim, generator=torch.Generator().manual_seed(seed))
    loc, log_variance = model.encoder(x).chunk(2, dim=-1)
    z = loc + (log_variance / 2).exp() * noise
    likelihood = log_joint(model, x)(z).diagonal() - normal.log_prob(z, 0.0, 1.0).sum(-1)
    expected = (normal.kl_divergence_standard(loc, log_variance) - likelihood).sum() / len(x)
    derivatives = torch.autograd.grad(expected, list(model.parameters()))
    expected_gradient = torch.cat([d.flatten() for d in derivatives])
    return LossWitness(negative_elbo(terms), expected.detach(), gradient, expected_gradient, len(x))
