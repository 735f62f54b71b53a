"""Absolute error, which is a Laplace likelihood of scale one."""

import torch
from torch import nn
from torch.nn import functional as F

from elbocheck import VAESpec


class LaplaceVAE(nn.Module):
    def __init__(self, latent):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(10, 16), nn.ELU())
        self.head_mu, self.head_logvar = nn.Linear(16, latent), nn.Linear(16, latent)
        self.decoder = nn.Sequential(nn.Linear(latent, 16), nn.ELU(), nn.Linear(16, 10))

    def encode(self, x):
        h = self.encoder(x)
        return self.head_mu(h), self.head_logvar(h)

    def decode(self, z):
        return self.decoder(z)

    def forward(self, x):
        mu, logvar = self.encode(x)
        z = torch.randn_like(mu) * torch.exp(0.5 * logvar) + mu
        return self.decode(z), mu, logvar


def criterion(x_hat, x, mu, logvar):
    l1 = F.l1_loss(x_hat, x, reduction="sum")
    kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return l1 + kl


def spec(latent=3, batch_size=8):
    model = LaplaceVAE(latent)

    def loss(x):
        x_hat, mu, logvar = model(x)
        return criterion(x_hat, x, mu, logvar)

    return VAESpec(loss=loss, encode=model.encode, decode=model.decode, batch=torch.randn(batch_size, 10), module=model)
