"""torch.distributions throughout: softplus scales, `Independent`, `kl_divergence`."""

import torch
from torch import nn
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence
from torch.nn import functional as F

from elbocheck import VAESpec


class VAE(nn.Module):
    def __init__(self, latent_features):
        super().__init__()
        self.latent_features = latent_features
        self.encoder = nn.Sequential(nn.Linear(15, 18), nn.ELU(), nn.Linear(18, 2 * latent_features))
        self.decoder = nn.Sequential(nn.Linear(latent_features, 18), nn.ELU(), nn.Linear(18, 15))

    def posterior(self, x):
        loc, raw = self.encoder(x).chunk(2, dim=-1)
        return Independent(Normal(loc, F.softplus(raw) + 1e-4), 1)

    def prior(self, qz):
        return Independent(Normal(torch.zeros_like(qz.mean), torch.ones_like(qz.mean)), 1)

    def observation_model(self, z):
        return Independent(Bernoulli(logits=self.decoder(z)), 1)

    def elbo(self, x):
        qz = self.posterior(x)
        z = qz.rsample()
        px = self.observation_model(z)
        log_px = px.log_prob(x)
        kl = kl_divergence(qz, self.prior(qz))
        return log_px - kl


def spec(latent=3, batch_size=8):
    model = VAE(latent)
    return VAESpec(
        loss=lambda x: -model.elbo(x).mean(),
        encode=model.posterior,
        decode=model.observation_model,
        batch=(torch.rand(batch_size, 15) < 0.4).float(),
        module=model,
    )
