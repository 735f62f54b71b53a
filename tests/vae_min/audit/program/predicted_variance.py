"""The decoder predicts the log-variance of each pixel."""

import torch
from torch import nn

from elbocheck import VAESpec


class GaussianVAE(nn.Module):
    def __init__(self, latent):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(8, 16), nn.GELU())
        self.enc_mu, self.enc_logvar = nn.Linear(16, latent), nn.Linear(16, latent)
        self.dec = nn.Sequential(nn.Linear(latent, 16), nn.GELU())
        self.dec_mu, self.dec_logvar = nn.Linear(16, 8), nn.Linear(16, 8)

    def encode(self, x):
        h = self.enc(x)
        return self.enc_mu(h), self.enc_logvar(h)

    def decode(self, z):
        h = self.dec(z)
        return self.dec_mu(h), self.dec_logvar(h)

    def sample(self, mu, logvar):
        return mu + logvar.mul(0.5).exp() * torch.randn_like(mu)

    def forward(self, x):
        mu, logvar = self.encode(x)
        z = self.sample(mu, logvar)
        x_mu, x_logvar = self.decode(z)
        return x_mu, x_logvar, mu, logvar


def gaussian_nll(x, mean, log_var):
    return 0.5 * (log_var + (x - mean) ** 2 / log_var.exp())


def loss(model, x):
    x_mu, x_logvar, mu, logvar = model(x)
    kl = -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(-1)
    return (gaussian_nll(x, x_mu, x_logvar).sum(-1) + kl).sum()


def spec(latent=3, batch_size=8):
    model = GaussianVAE(latent)
    return VAESpec(
        loss=lambda x: loss(model, x),
        encode=model.encode,
        decode=model.decode,
        batch=torch.randn(batch_size, 8),
        module=model,
    )
