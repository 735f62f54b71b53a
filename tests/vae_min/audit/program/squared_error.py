"""Summed squared error, which is a normal likelihood of variance 1/2, and a mean over the batch of both."""

import torch
import torch.nn.functional as F
from torch import nn

from elbocheck import VAESpec


class VanillaVAE(nn.Module):
    def __init__(self, in_dim, latent_dim):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(in_dim, 24), nn.LeakyReLU())
        self.fc_mu = nn.Linear(24, latent_dim)
        self.fc_var = nn.Linear(24, latent_dim)
        self.decoder_input = nn.Linear(latent_dim, 24)
        self.final_layer = nn.Sequential(nn.LeakyReLU(), nn.Linear(24, in_dim), nn.Tanh())

    def encode(self, input):
        result = torch.flatten(self.encoder(input), start_dim=1)
        mu = self.fc_mu(result)
        log_var = self.fc_var(result)
        return [mu, log_var]

    def decode(self, z):
        return self.final_layer(self.decoder_input(z))

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        eps = torch.randn_like(std)
        return eps * std + mu

    def forward(self, input):
        mu, log_var = self.encode(input)
        z = self.reparameterize(mu, log_var)
        return [self.decode(z), input, mu, log_var]

    def loss_function(self, *args):
        recons, input, mu, log_var = args
        recons_loss = F.mse_loss(recons, input, reduction="sum") / input.shape[0]
        kld_loss = torch.mean(-0.5 * torch.sum(1 + log_var - mu**2 - log_var.exp(), dim=1), dim=0)
        loss = recons_loss + kld_loss
        return {"loss": loss, "Reconstruction_Loss": recons_loss.detach(), "KLD": kld_loss.detach()}


def spec(latent=3, batch_size=8):
    model = VanillaVAE(14, latent)
    return VAESpec(
        loss=lambda x: model.loss_function(*model(x))["loss"],
        encode=model.encode,
        decode=model.decode,
        batch=2 * torch.rand(batch_size, 14) - 1,
        module=model,
    )
