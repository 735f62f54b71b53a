"""Right arithmetic, wrong names: what is called std is a log-variance, what is called logvar a scale."""

import torch
from torch import nn

from elbocheck import VAESpec


class Codec(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.down = nn.Sequential(nn.Linear(12, 16), nn.Tanh())
        self.sigma, self.mean = nn.Linear(16, size), nn.Linear(16, size)
        self.up = nn.Sequential(nn.Linear(size, 16), nn.Tanh(), nn.Linear(16, 12), nn.Sigmoid())

    def encode(self, data):
        hidden = self.down(data)
        std = self.mean(hidden)
        mu = self.sigma(hidden)
        return mu, std

    def decode(self, code):
        return self.up(code)

    def forward(self, data):
        mu, std = self.encode(data)
        logvar = torch.exp(std / 2)
        code = mu + logvar * torch.randn_like(logvar)
        output = self.decode(code)
        kl = -(data * torch.log(output) + (1 - data) * torch.log(1 - output)).sum(1)
        bce = 0.5 * (torch.exp(std) + mu * mu - 1.0 - std).sum(1)
        return (kl + bce).mean()


def spec(latent=3, batch_size=8):
    codec = Codec(latent)
    data = torch.bernoulli(torch.rand(batch_size, 12))
    return VAESpec(loss=codec, encode=codec.encode, decode=codec.decode, batch=data, module=codec)
