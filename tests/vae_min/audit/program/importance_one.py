"""Code for many importance samples, run with one."""

import math

import torch
from torch import nn

from elbocheck import VAESpec


class Net(nn.Module):
    def __init__(self, latent):
        super().__init__()
        self.q = nn.Sequential(nn.Linear(9, 16), nn.Tanh(), nn.Linear(16, 2 * latent))
        self.p = nn.Sequential(nn.Linear(latent, 16), nn.Tanh(), nn.Linear(16, 9), nn.Sigmoid())

    def encode(self, x):
        return self.q(x).chunk(2, dim=-1)

    def decode(self, z):
        return self.p(z)


def log_gauss(x, mu, log_var):
    return (-0.5 * (math.log(2 * math.pi) + log_var + (x - mu) ** 2 / log_var.exp())).sum(-1)


def log_bernoulli(x, p):
    return (x * torch.log(p + 1e-10) + (1 - x) * torch.log(1 - p + 1e-10)).sum(-1)


def objective(net, x, imp_n=1):
    mu, log_var = net.encode(x)
    mu, log_var = mu.repeat(imp_n, 1, 1), log_var.repeat(imp_n, 1, 1)
    z = mu + torch.exp(log_var / 2) * torch.randn(mu.shape)
    log_joint = log_bernoulli(x, net.decode(z)) + log_gauss(z, torch.zeros_like(z), torch.zeros_like(z))
    log_w = log_joint - log_gauss(z, mu, log_var)
    max_w = log_w.max(0, keepdim=True)[0]
    bound = torch.log(torch.mean(torch.exp(log_w - max_w), 0)) + max_w.squeeze(0)
    return -bound.sum()


def spec(latent=3, batch_size=8):
    net = Net(latent)
    batch = torch.bernoulli(torch.rand(batch_size, 9))
    return VAESpec(loss=lambda x: objective(net, x), encode=net.encode, decode=net.decode, batch=batch, module=net)
