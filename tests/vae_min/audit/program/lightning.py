"""A training step that logs; the KL divergence by Monte Carlo from complete log-densities; a learned scale."""

import torch
from torch import nn

from elbocheck import VAESpec


class LitVAE(nn.Module):
    def __init__(self, latent_dim):
        super().__init__()
        self.logged = {}
        self.encoder = nn.Sequential(nn.Linear(12, 24), nn.ReLU())
        self.decoder = nn.Sequential(nn.Linear(latent_dim, 24), nn.ReLU(), nn.Linear(24, 12))
        self.fc_mu = nn.Linear(24, latent_dim)
        self.fc_var = nn.Linear(24, latent_dim)
        self.log_scale = nn.Parameter(torch.tensor([0.2]))

    def log_dict(self, values):
        self.logged.update({name: float(value.detach()) for name, value in values.items()})

    def encode(self, x):
        x_encoded = self.encoder(x)
        return self.fc_mu(x_encoded), self.fc_var(x_encoded)

    def decode(self, z):
        return self.decoder(z), self.log_scale

    def gaussian_likelihood(self, x_hat, logscale, x):
        scale = torch.exp(logscale)
        dist = torch.distributions.Normal(x_hat, scale)
        log_pxz = dist.log_prob(x)
        return log_pxz.sum(dim=1)

    def kl_divergence(self, z, mu, std):
        p = torch.distributions.Normal(torch.zeros_like(mu), torch.ones_like(std))
        q = torch.distributions.Normal(mu, std)
        log_qzx = q.log_prob(z)
        log_pz = p.log_prob(z)
        kl = log_qzx - log_pz
        return kl.sum(-1)

    def training_step(self, batch, batch_idx):
        x = batch
        mu, log_var = self.encode(x)
        std = torch.exp(log_var / 2)
        q = torch.distributions.Normal(mu, std)
        z = q.rsample()
        x_hat, log_scale = self.decode(z)
        recon_loss = self.gaussian_likelihood(x_hat, log_scale, x)
        kl = self.kl_divergence(z, mu, std)
        elbo = kl - recon_loss
        elbo = elbo.mean()
        self.log_dict({"elbo": -elbo, "kl": kl.mean(), "reconstruction": recon_loss.mean()})
        return elbo


def spec(latent=3, batch_size=8):
    model = LitVAE(latent)

    def reported(x):
        model.training_step(x, 0)
        return model.logged

    return VAESpec(
        loss=lambda x: model.training_step(x, 0),
        encode=model.encode,
        decode=model.decode,
        batch=torch.randn(batch_size, 12),
        module=model,
        reported=reported,
    )
