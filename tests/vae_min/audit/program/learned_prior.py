"""A prior of learned location and scale, which the spec gives."""

import torch
from torch import nn
from torch.distributions import Bernoulli, Normal, kl_divergence

from elbocheck import VAESpec


class PriorVAE(nn.Module):
    def __init__(self, latent):
        super().__init__()
        self.prior_loc = nn.Parameter(0.5 * torch.randn(latent))
        self.prior_scale = nn.Parameter(0.5 + torch.rand(latent))
        self.enc = nn.Sequential(nn.Linear(12, 16), nn.Tanh(), nn.Linear(16, 2 * latent))
        self.dec = nn.Sequential(nn.Linear(latent, 16), nn.Tanh(), nn.Linear(16, 12))

    def prior(self):
        return Normal(self.prior_loc, self.prior_scale)

    def encode(self, x):
        loc, log_scale = self.enc(x).chunk(2, dim=-1)
        return Normal(loc, log_scale.exp())

    def decode(self, z):
        return Bernoulli(logits=self.dec(z))

    def loss(self, x):
        q_z = self.encode(x)
        z = q_z.rsample()
        log_p_x = self.decode(z).log_prob(x).sum(-1)
        kl = kl_divergence(q_z, self.prior()).sum(-1)
        return -(log_p_x - kl).mean()


def spec(latent=3, batch_size=8):
    model = PriorVAE(latent)
    return VAESpec(
        loss=model.loss,
        encode=model.encode,
        decode=model.decode,
        batch=torch.bernoulli(torch.rand(batch_size, 12)),
        module=model,
        prior=(model.prior_loc, model.prior_scale),
    )
