"""The head is a scale, by softplus; the KL divergence in scales; a step that returns a dictionary."""

import torch
from torch import nn
from torch.nn import functional as F

from elbocheck import VAESpec


class ScaleVAE(nn.Module):
    def __init__(self, latent):
        super().__init__()
        self.hidden = nn.Linear(12, 16)
        self.to_mu, self.to_sigma = nn.Linear(16, latent), nn.Linear(16, latent)
        self.out1, self.out2 = nn.Linear(latent, 16), nn.Linear(16, 12)

    def encode(self, x):
        h = F.softplus(self.hidden(x))
        return self.to_mu(h), F.softplus(self.to_sigma(h)) + 1e-3

    def decode(self, z):
        return torch.sigmoid(self.out2(F.softplus(self.out1(z))))

    def forward(self, x):
        mu, sigma = self.encode(x)
        noise = torch.normal(torch.zeros_like(mu), torch.ones_like(mu))
        z = mu + sigma * noise
        recon = self.decode(z)
        kld = 0.5 * torch.sum(mu**2 + sigma**2 - 2 * torch.log(sigma) - 1, dim=1)
        rec = F.binary_cross_entropy(recon, x, reduction="none").sum(1)
        return {"recon": recon, "kl": kld, "rec": rec, "loss": (rec + kld).sum()}


def spec(latent=3, batch_size=8):
    model = ScaleVAE(latent)
    return VAESpec(
        loss=lambda x: model(x)["loss"],
        encode=model.encode,
        decode=model.decode,
        batch=torch.bernoulli(torch.rand(batch_size, 12)),
        module=model,
        head="scale",
        reported=lambda x: {"kl": model(x)["kl"].mean()},
    )
