"""Normalised, detached importance weights: the gradient of the importance-weighted bound, another value."""

import torch
from torch import nn
from torch.nn import functional as F

from elbocheck import VAESpec

NUM_SAMPLES = 4


class IWAE(nn.Module):
    def __init__(self, latent):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(12, 16), nn.Tanh(), nn.Linear(16, 2 * latent))
        self.decoder = nn.Sequential(nn.Linear(latent, 16), nn.Tanh(), nn.Linear(16, 12), nn.Sigmoid())

    def encode(self, x):
        return self.encoder(x).chunk(2, dim=-1)

    def decode(self, z):
        return self.decoder(z)


def iwae_loss(model, inputs):
    mu_h, log_var_h = model.encode(inputs)
    std = torch.exp(0.5 * log_var_h)
    eps = torch.randn(inputs.size(0), NUM_SAMPLES, mu_h.size(1))
    h = mu_h.unsqueeze(1) + std.unsqueeze(1) * eps
    log_QhGx = torch.sum(-0.5 * eps**2 - torch.log(std.unsqueeze(1)), -1)
    log_Ph = torch.sum(-0.5 * h**2, -1)
    p = model.decode(h).clamp(1e-6, 1 - 1e-6)
    x = inputs.unsqueeze(1)
    log_PxGh = torch.sum(x * torch.log(p) + (1 - x) * torch.log(1 - p), -1)
    log_weight = log_Ph + log_PxGh - log_QhGx
    weight = F.softmax(log_weight, dim=1).detach()
    return -torch.mean(torch.sum(weight * log_weight, 1), 0)


def spec(latent=3, batch_size=8):
    model = IWAE(latent)
    batch = torch.bernoulli(torch.rand(batch_size, 12))
    return VAESpec(
        loss=lambda x: iwae_loss(model, x),
        encode=model.encode,
        decode=model.decode,
        batch=batch,
        module=model,
        num_importance_samples=NUM_SAMPLES,
    )
