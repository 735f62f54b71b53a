"""Importance-weighted bound by logsumexp; samples along the first axis."""

import math

import torch
from torch import nn
from torch.distributions import Normal
from torch.nn import functional as F

from elbocheck import VAESpec


class IWAE(nn.Module):
    def __init__(self, dim_z, k):
        super().__init__()
        self.k = k
        self.enc = nn.Sequential(nn.Linear(12, 16), nn.Tanh())
        self.enc_mu, self.enc_sigma = nn.Linear(16, dim_z), nn.Linear(16, dim_z)
        self.dec = nn.Sequential(nn.Linear(dim_z, 16), nn.Tanh(), nn.Linear(16, 12))

    def encode(self, x):
        h = self.enc(x)
        return self.enc_mu(h), torch.exp(self.enc_sigma(h))

    def decode(self, z):
        return self.dec(z)

    def forward(self, x):
        mu, sigma = self.encode(x)
        mu, sigma = mu.expand(self.k, *mu.shape), sigma.expand(self.k, *sigma.shape)
        eps = torch.randn_like(sigma)
        z = mu + sigma * eps
        log_qz = Normal(mu, sigma).log_prob(z).sum(-1)
        log_pz = Normal(0.0, 1.0).log_prob(z).sum(-1)
        logits = self.decode(z)
        log_px = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
        log_w = log_px + log_pz - log_qz
        bound = torch.logsumexp(log_w, dim=0) - math.log(self.k)
        return -bound.mean()


def spec(latent=3, batch_size=8):
    model = IWAE(latent, k=5)
    batch = torch.bernoulli(torch.rand(batch_size, 12))
    return VAESpec(
        loss=model,
        encode=model.encode,
        decode=model.decode,
        batch=batch,
        module=model,
        num_importance_samples=5,
    )
