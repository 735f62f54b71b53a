"""log p(x|z) + log p(z) - log q(z|x) at one draw, the densities written out."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from elbocheck import VAESpec


class Model(nn.Module):
    def __init__(self, latent_dim):
        super().__init__()
        self.inference_net = nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Linear(16, latent_dim + latent_dim))
        self.generative_net = nn.Sequential(nn.Linear(latent_dim, 16), nn.ReLU(), nn.Linear(16, 10))

    def encode(self, x):
        mean, logvar = torch.chunk(self.inference_net(x), 2, dim=1)
        return mean, logvar

    def decode(self, z):
        return self.generative_net(z)


def reparameterize(mean, logvar):
    eps = torch.randn(mean.shape)
    return eps * torch.exp(logvar * 0.5) + mean


def log_normal_pdf(sample, mean, logvar):
    log2pi = math.log(2 * math.pi)
    return torch.sum(-0.5 * ((sample - mean) ** 2 * torch.exp(-logvar) + logvar + log2pi), dim=1)


def compute_loss(model, x):
    mean, logvar = model.encode(x)
    z = reparameterize(mean, logvar)
    x_logit = model.decode(z)
    cross_ent = F.binary_cross_entropy_with_logits(x_logit, x, reduction="none")
    logpx_z = -torch.sum(cross_ent, dim=1)
    logpz = log_normal_pdf(z, torch.zeros_like(z), torch.zeros_like(z))
    logqz_x = log_normal_pdf(z, mean, logvar)
    return -torch.mean(logpx_z + logpz - logqz_x)


def spec(latent=3, batch_size=8):
    model = Model(latent)
    batch = torch.bernoulli(torch.rand(batch_size, 10))
    return VAESpec(
        loss=lambda x: compute_loss(model, x), encode=model.encode, decode=model.decode, batch=batch, module=model
    )
