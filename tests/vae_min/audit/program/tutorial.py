"""The common tutorial: BCE summed over the batch, and the closed form of the KL divergence."""

import torch
from torch import nn
from torch.nn import functional as F

from elbocheck import VAESpec


class VAE(nn.Module):
    def __init__(self, latent):
        super().__init__()
        self.fc1 = nn.Linear(12, 16)
        self.fc21 = nn.Linear(16, latent)
        self.fc22 = nn.Linear(16, latent)
        self.fc3 = nn.Linear(latent, 16)
        self.fc4 = nn.Linear(16, 12)

    def encode(self, x):
        h1 = F.relu(self.fc1(x))
        return self.fc21(h1), self.fc22(h1)

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        eps = torch.randn_like(std)
        return mu + eps * std

    def decode(self, z):
        h3 = F.relu(self.fc3(z))
        return torch.sigmoid(self.fc4(h3))

    def forward(self, x):
        mu, logvar = self.encode(x.view(-1, 12))
        z = self.reparameterize(mu, logvar)
        return self.decode(z), mu, logvar


def loss_function(recon_x, x, mu, logvar):
    BCE = F.binary_cross_entropy(recon_x, x.view(-1, 12), reduction="sum")
    KLD = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return BCE + KLD


def spec(latent=3, batch_size=8):
    model = VAE(latent)

    def loss(x):
        recon_batch, mu, logvar = model(x)
        return loss_function(recon_batch, x, mu, logvar)

    images = torch.bernoulli(torch.rand(batch_size, 12))
    return VAESpec(loss=loss, encode=model.encode, decode=model.decode, batch=images, module=model)
