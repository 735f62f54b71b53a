"""One learned variance for all pixels, with its logarithm in the likelihood."""

import math

import torch
from torch import nn

from elbocheck import VAESpec


class SigmaVAE(nn.Module):
    def __init__(self, latent):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(11, 16), nn.SiLU(), nn.Linear(16, 2 * latent))
        self.dec = nn.Sequential(nn.Linear(latent, 16), nn.SiLU(), nn.Linear(16, 11))
        self.log_sigma = nn.Parameter(torch.full((1,), -0.4))

    def encode(self, x):
        mu, logvar = self.enc(x).chunk(2, dim=1)
        return mu, logvar

    def decode(self, z):
        return self.dec(z), self.log_sigma

    def loss(self, x):
        mu, logvar = self.encode(x)
        std = (0.5 * logvar).exp()
        z = mu + std * torch.randn_like(std)
        x_hat, log_sigma = self.decode(z)
        nll = 0.5 * ((x - x_hat) / log_sigma.exp()) ** 2 + log_sigma + 0.5 * math.log(2 * math.pi)
        kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1)
        return nll.sum(dim=1).mean() + kl.sum(dim=1).mean()


def spec(latent=3, batch_size=8):
    model = SigmaVAE(latent)
    batch = torch.randn(batch_size, 11)
    return VAESpec(loss=model.loss, encode=model.encode, decode=model.decode, batch=batch, module=model)
