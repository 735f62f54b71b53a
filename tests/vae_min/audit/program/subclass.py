"""A base class for the objective; a subclass says what the networks are; modes differ."""

import torch
from torch import nn
from torch.nn import functional as F

from elbocheck import VAESpec


class BaseVAE(nn.Module):
    def reparameterize(self, mu, logvar):
        if self.training:
            std = logvar.mul(0.5).exp_()
            eps = std.data.new(std.size()).normal_()
            return eps.mul(std).add_(mu)
        std = logvar.mul(0.5).exp_()
        return mu + std * torch.randn_like(std)

    def forward(self, x):
        mu, logvar = self.encode(x)
        return self.decode(self.reparameterize(mu, logvar)), mu, logvar

    def objective(self, x):
        recon_x, mu, logvar = self(x)
        bce = F.binary_cross_entropy(recon_x, x, reduction="sum")
        kld_element = mu.pow(2).add_(logvar.exp()).mul_(-1).add_(1).add_(logvar)
        kld = torch.sum(kld_element).mul_(-0.5)
        return bce.div(x.size(0)) + kld.div(x.size(0))


class DenseVAE(BaseVAE):
    def __init__(self, n_z):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(16, 20), nn.ReLU(True))
        self.mu, self.logvar = nn.Linear(20, n_z), nn.Linear(20, n_z)
        self.generator = nn.Sequential(nn.Linear(n_z, 20), nn.ReLU(True), nn.Linear(20, 16), nn.Sigmoid())

    def encode(self, x):
        h = self.trunk(x)
        return self.mu(h), self.logvar(h)

    def decode(self, z):
        return self.generator(z)


def spec(latent=3, batch_size=8):
    vae = DenseVAE(latent)
    images = torch.bernoulli(torch.rand(batch_size, 16))
    return VAESpec(loss=vae.objective, encode=vae.encode, decode=vae.decode, batch=images, module=vae)
