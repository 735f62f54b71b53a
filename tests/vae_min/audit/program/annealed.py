"""Linear KL annealing that has come to its end."""

import torch
from torch import nn
from torch.nn import functional as F

from elbocheck import VAESpec


class AnnealedVAE(nn.Module):
    def __init__(self, latent, warmup_steps=500):
        super().__init__()
        self.warmup_steps = warmup_steps
        self.global_step = 600
        self.encoder = nn.Sequential(nn.Linear(12, 16), nn.ReLU(), nn.Linear(16, 2 * latent))
        self.decoder = nn.Sequential(nn.Linear(latent, 16), nn.ReLU(), nn.Linear(16, 12), nn.Sigmoid())

    def encode(self, x):
        return self.encoder(x).chunk(2, dim=1)

    def decode(self, z):
        return self.decoder(z)

    def kl_weight(self):
        return min(1.0, self.global_step / self.warmup_steps)

    def forward(self, x):
        mu, logvar = self.encode(x)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        rec = F.binary_cross_entropy(self.decode(z), x, reduction="none").sum(dim=1).mean()
        kld = (-0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum(dim=1)).mean()
        self.global_step += 1
        return rec + self.kl_weight() * kld


def spec(latent=3, batch_size=8):
    model = AnnealedVAE(latent)
    batch = torch.bernoulli(torch.rand(batch_size, 12))
    return VAESpec(loss=model, encode=model.encode, decode=model.decode, batch=batch, module=model)
