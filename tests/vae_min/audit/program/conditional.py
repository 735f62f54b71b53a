"""Conditional on a label, one-hot, for the encoder and the decoder."""

import torch
import torch.nn.functional as F
from torch import nn

from elbocheck import VAESpec

NUM_CLASSES = 4


class CVAE(nn.Module):
    def __init__(self, latent_size):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(13 + NUM_CLASSES, 20), nn.ReLU())
        self.linear_means = nn.Linear(20, latent_size)
        self.linear_log_var = nn.Linear(20, latent_size)
        self.decoder = nn.Sequential(
            nn.Linear(latent_size + NUM_CLASSES, 20), nn.ReLU(), nn.Linear(20, 13), nn.Sigmoid()
        )

    def encode(self, x, c):
        h = self.encoder(torch.cat((x, F.one_hot(c, NUM_CLASSES).float()), dim=-1))
        return self.linear_means(h), self.linear_log_var(h)

    def decode(self, z, c):
        return self.decoder(torch.cat((z, F.one_hot(c, NUM_CLASSES).float()), dim=-1))

    def forward(self, x, c):
        means, log_var = self.encode(x, c)
        z = self.reparameterize(means, log_var)
        return self.decode(z, c), means, log_var

    def reparameterize(self, mu, log_var):
        std = torch.exp(0.5 * log_var)
        eps = torch.randn_like(std)
        return mu + eps * std


def loss_fn(recon_x, x, mean, log_var):
    BCE = F.binary_cross_entropy(recon_x, x, reduction="sum")
    KLD = -0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp())
    return (BCE + KLD) / x.size(0)


def spec(latent=3, batch_size=8):
    cvae = CVAE(latent)

    def loss(x, y):
        recon_x, mean, log_var = cvae(x, y)
        return loss_fn(recon_x, x, mean, log_var)

    x, y = (torch.rand(batch_size, 13) > 0.5).float(), torch.arange(batch_size) % NUM_CLASSES
    return VAESpec(loss=loss, encode=cvae.encode, decode=cvae.decode, batch=(x, y), module=cvae)
