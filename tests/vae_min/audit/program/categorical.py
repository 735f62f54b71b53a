"""256 levels for each pixel, by cross entropy."""

import torch
from torch import nn
from torch.nn import functional as F

from elbocheck import VAESpec


class PixelVAE(nn.Module):
    def __init__(self, latent):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(6, 16), nn.ReLU())
        self.mean, self.logvar = nn.Linear(16, latent), nn.Linear(16, latent)
        self.decoder = nn.Sequential(nn.Linear(latent, 16), nn.ReLU(), nn.Linear(16, 256 * 6))

    def encode(self, x):
        h = self.encoder(x.float() / 255)
        return self.mean(h), self.logvar(h)

    def decode(self, z):
        return self.decoder(z).view(-1, 256, 6)

    def forward(self, x):
        mean, logvar = self.encode(x)
        std = torch.exp(0.5 * logvar)
        z = mean + std * torch.randn_like(std)
        return self.decode(z), mean, logvar


def spec(latent=3, batch_size=8):
    model = PixelVAE(latent)

    def loss(x):
        logits, mean, logvar = model(x)
        recon = F.cross_entropy(logits, x, reduction="none").sum(dim=1)
        kl = 0.5 * (mean**2 + logvar.exp() - logvar - 1).sum(dim=1)
        return (recon + kl).mean()

    batch = torch.randint(0, 256, (batch_size, 6))
    return VAESpec(
        loss=loss, encode=model.encode, decode=model.decode, batch=batch, module=model, likelihood="categorical"
    )
