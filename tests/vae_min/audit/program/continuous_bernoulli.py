"""A continuous Bernoulli likelihood for grey values."""

import torch
from torch import nn
from torch.distributions import ContinuousBernoulli, Normal, kl_divergence

from elbocheck import VAESpec


class GreyVAE(nn.Module):
    def __init__(self, latent):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(12, 16), nn.ReLU(), nn.Linear(16, 2 * latent))
        self.decoder = nn.Sequential(nn.Linear(latent, 16), nn.ReLU(), nn.Linear(16, 12))

    def encode(self, x):
        mu, log_std = self.encoder(x).chunk(2, dim=-1)
        return Normal(mu, log_std.exp())

    def decode(self, z):
        return ContinuousBernoulli(logits=self.decoder(z))

    def loss(self, x):
        q = self.encode(x)
        p = Normal(torch.zeros_like(q.loc), torch.ones_like(q.scale))
        log_likelihood = self.decode(q.rsample()).log_prob(x).sum(-1)
        return (kl_divergence(q, p).sum(-1) - log_likelihood).mean()


def spec(latent=3, batch_size=8):
    model = GreyVAE(latent)
    grey = torch.rand(batch_size, 12)
    return VAESpec(loss=model.loss, encode=model.encode, decode=model.decode, batch=grey, module=model)
