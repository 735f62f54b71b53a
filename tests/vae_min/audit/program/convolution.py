"""Convolutions on images of four dimensions; logits; clamped log-variances."""

import torch
from torch import nn
from torch.nn import functional as F

from elbocheck import VAESpec


class ConvVAE(nn.Module):
    def __init__(self, latent_dim):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 4, 4, stride=2, padding=1)
        self.conv2 = nn.Conv2d(4, 8, 4, stride=2, padding=1)
        self.to_mu = nn.Linear(8 * 2 * 2, latent_dim)
        self.to_log_var = nn.Linear(8 * 2 * 2, latent_dim)
        self.from_z = nn.Linear(latent_dim, 8 * 2 * 2)
        self.deconv1 = nn.ConvTranspose2d(8, 4, 4, stride=2, padding=1)
        self.deconv2 = nn.ConvTranspose2d(4, 2, 4, stride=2, padding=1)

    def encode(self, x):
        h = F.relu(self.conv1(x))
        h = F.relu(self.conv2(h)).flatten(1)
        return self.to_mu(h), self.to_log_var(h).clamp(-10, 10)

    def decode(self, z):
        h = F.relu(self.from_z(z)).view(-1, 8, 2, 2)
        h = F.relu(self.deconv1(h))
        return self.deconv2(h)

    def forward(self, x):
        mu, log_var = self.encode(x)
        sigma = log_var.mul(0.5).exp()
        z = mu + sigma * torch.randn_like(sigma)
        return self.decode(z), mu, log_var


def elbo_loss(model, x):
    logits, mu, log_var = model(x)
    bce = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(dim=[1, 2, 3])
    kld = 0.5 * torch.sum(mu.pow(2) + log_var.exp() - log_var - 1, dim=1)
    return torch.mean(bce + kld)


def spec(latent=3, batch_size=8):
    model = ConvVAE(latent)
    x = torch.bernoulli(torch.full((batch_size, 2, 8, 8), 0.3))
    return VAESpec(loss=lambda x: elbo_loss(model, x), encode=model.encode, decode=model.decode, batch=x, module=model)
