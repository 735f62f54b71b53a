"""A normal likelihood of known variance, each term averaged over the batch."""

import torch
from torch import nn

from elbocheck import VAESpec

NOISE_VARIANCE = 0.3


class Encoder(nn.Module):
    def __init__(self, z_dim):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(10, 20), nn.Tanh())
        self.z_mean = nn.Linear(20, z_dim)
        self.z_log_var = nn.Linear(20, z_dim)

    def forward(self, x):
        h = self.body(x)
        return self.z_mean(h), self.z_log_var(h)


class Decoder(nn.Module):
    def __init__(self, z_dim):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(z_dim, 20), nn.Tanh(), nn.Linear(20, 10))

    def forward(self, z):
        return self.body(z)


def sample(z_mean, z_log_var):
    epsilon = torch.randn(z_mean.shape)
    return z_mean + (z_log_var / 2).exp() * epsilon


def spec(latent=3, batch_size=8):
    encoder, decoder = Encoder(latent), Decoder(latent)

    def loss(x):
        z_mean, z_log_var = encoder(x)
        z = sample(z_mean, z_log_var)
        x_hat = decoder(z)
        recon_loss = ((x - x_hat) ** 2).sum(dim=1) / (2 * NOISE_VARIANCE)
        kl_loss = 0.5 * (z_mean**2 + z_log_var.exp() - 1 - z_log_var).sum(dim=1)
        return (recon_loss + kl_loss).mean()

    return VAESpec(
        loss=loss,
        encode=encoder,
        decode=decoder,
        batch=torch.randn(batch_size, 10),
        module=[encoder, decoder],
        head="log_variance",
        likelihood="normal",
        variance=NOISE_VARIANCE,
    )
