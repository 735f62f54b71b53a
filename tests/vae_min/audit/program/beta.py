"""A beta-VAE whose beta is declared; the closed form per latent, then totals."""

import torch
from torch import nn
from torch.nn import functional as F

from elbocheck import VAESpec


class BetaVAE(nn.Module):
    def __init__(self, z_dim, beta):
        super().__init__()
        self.z_dim, self.beta = z_dim, beta
        self.encoder = nn.Sequential(nn.Linear(12, 16), nn.ReLU(), nn.Linear(16, z_dim * 2))
        self.decoder = nn.Sequential(nn.Linear(z_dim, 16), nn.ReLU(), nn.Linear(16, 12))

    def _encode(self, x):
        distributions = self.encoder(x)
        return distributions[:, : self.z_dim], distributions[:, self.z_dim :]

    def _decode(self, z):
        return self.decoder(z)


def reparametrize(mu, logvar):
    std = logvar.div(2).exp()
    eps = torch.randn_like(std)
    return mu + std * eps


def reconstruction_loss(x, x_recon):
    batch_size = x.size(0)
    return F.binary_cross_entropy_with_logits(x_recon, x, reduction="sum").div(batch_size)


def kl_divergence(mu, logvar):
    klds = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp())
    return klds.sum(1).mean(0)


def spec(latent=3, batch_size=8, beta=6.0):
    net = BetaVAE(latent, beta)

    def loss(x):
        mu, logvar = net._encode(x)
        x_recon = net._decode(reparametrize(mu, logvar))
        return reconstruction_loss(x, x_recon) + net.beta * kl_divergence(mu, logvar)

    return VAESpec(
        loss=loss,
        encode=net._encode,
        decode=net._decode,
        batch=torch.bernoulli(torch.rand(batch_size, 12)),
        module=net,
        beta=beta,
    )
