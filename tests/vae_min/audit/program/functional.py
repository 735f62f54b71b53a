"""Closures over a dictionary of parameters; log-scales, and a loss per pixel of the batch."""

import torch
import torch.nn.functional as F
from torch import nn

from elbocheck import VAESpec


def make_parameters(latent):
    shapes = {"W1": (16, 9), "b1": (16,), "W2": (2 * latent, 16), "b2": (2 * latent,)}
    shapes |= {"W3": (16, latent), "b3": (16,), "W4": (9, 16), "b4": (9,)}
    return nn.ParameterDict({name: nn.Parameter(0.3 * torch.randn(shape)) for name, shape in shapes.items()})


def encode(params, x):
    h = torch.tanh(F.linear(x, params["W1"], params["b1"]))
    mu, log_sigma = torch.chunk(F.linear(h, params["W2"], params["b2"]), 2, dim=1)
    return mu, log_sigma


def decode(params, z):
    h = torch.tanh(F.linear(z, params["W3"], params["b3"]))
    return F.linear(h, params["W4"], params["b4"])


def negative_elbo(params, x):
    mu, log_sigma = encode(params, x)
    z = mu + torch.exp(log_sigma) * torch.randn_like(mu)
    logits = decode(params, z)
    nll = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    kl = -0.5 * torch.sum(1 + 2 * log_sigma - mu**2 - torch.exp(2 * log_sigma))
    return (nll + kl) / (x.shape[0] * x.shape[1])


def spec(latent=3, batch_size=8):
    params = make_parameters(latent)
    return VAESpec(
        loss=lambda x: negative_elbo(params, x),
        encode=lambda x: encode(params, x),
        decode=lambda z: decode(params, z),
        batch=torch.randint(0, 2, (batch_size, 9)).float(),
        module=params,
    )
