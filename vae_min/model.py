"""The autoencoder and the variational autoencoder: one encoder body, one decoder.

The VAE's encoder ends in 2D outputs (D means, D log-variances) where the autoencoder's ends in D (Problem 2.3
of the exercise), or in D + D (D + 1) / 2 with a full covariance (2.4). Nothing else differs.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from vae_min.config import Activation, Config
from vae_min.distribution import Bernoulli, CholeskyNormal, DiagonalNormal, Posterior


class LatentModel(nn.Module):
    """What both models share: the body of the encoder, the decoder, and a point of latent space per image."""

    def __init__(self, config: Config, num_pixels: int) -> None:
        super().__init__()
        hidden, latent_dim = config.hidden_sizes, config.latent_dim
        self.latent_dim, self.covariance = latent_dim, config.covariance
        self.encoder = _perceptron((num_pixels, *hidden, self.num_outputs(config)), config.activation)
        linear = config.decoder == "linear-normal"
        self.decoder = _perceptron((latent_dim, *(() if linear else hidden[::-1]), num_pixels), config.activation)
        self.log_variance = nn.Parameter(torch.zeros(())) if linear else None  # of the decoder's noise

    @torch.no_grad()
    def start_at(self, mean_image: Tensor) -> None:
        """Set the decoder's last biases so that it begins near an image of shape (N,), values in [0, 1], for every code.

        Otherwise the first steps teach it the mean image alone, and the KL divergence prunes latents meanwhile.
        """
        bias = self.decoder[-1].bias
        assert isinstance(bias, Tensor)
        bias.copy_(mean_image if self.log_variance is not None else mean_image.logit(eps=1e-3))

    @staticmethod
    def num_outputs(config: Config) -> int:
        """Outputs of the encoder."""
        raise NotImplementedError

    def decode(self, z: Tensor) -> Bernoulli | DiagonalNormal:
        """Distribution of the image given codes z of shape (..., D); its parameters have shape (..., N)."""
        outputs = self.decoder(z).to(z.dtype)  # which autocast may have lowered: densities want more
        return Bernoulli(outputs) if self.log_variance is None else DiagonalNormal(outputs, self.log_variance)

    def codes(self, x: Tensor) -> Tensor:
        """Point of latent space that stands for each image x of shape (..., N); shape (..., D)."""
        raise NotImplementedError


class Autoencoder(LatentModel):
    """Deterministic code: a compressor, not a generative model."""

    @staticmethod
    def num_outputs(config: Config) -> int:
        """D."""
        return config.latent_dim

    def encode(self, x: Tensor) -> Tensor:
        """Codes of images x of shape (..., N); shape (..., D)."""
        codes: Tensor = self.encoder(x).to(x.dtype)
        return codes

    def codes(self, x: Tensor) -> Tensor:
        """The code itself, shape (..., D)."""
        return self.encode(x)


class VariationalAutoencoder(LatentModel):
    """Prior N(0, I) on codes, decoder p(x|z), normal encoder q(z|x)."""

    @staticmethod
    def num_outputs(config: Config) -> int:
        """2D with a diagonal covariance, D + D (D + 1) / 2 with a full one."""
        size = config.latent_dim
        return 2 * size if config.covariance == "diagonal" else size + size * (size + 1) // 2

    def encode(self, x: Tensor) -> Posterior:
        """Approximate posterior q(z|x) of images x of shape (..., N)."""
        outputs = self.encoder(x).to(x.dtype)
        if self.covariance == "full":
            sizes = (self.latent_dim, self.latent_dim, self.latent_dim * (self.latent_dim - 1) // 2)
            return CholeskyNormal(*outputs.split(sizes, dim=-1))
        loc, log_variance = outputs.chunk(2, dim=-1)  # (..., 2D) -> 2 x (..., D)
        return DiagonalNormal(loc, log_variance)

    def codes(self, x: Tensor) -> Tensor:
        """Mean of q(z|x), shape (..., D)."""
        return self.encode(x).loc


def _perceptron(sizes: tuple[int, ...], activation: Activation) -> nn.Sequential:
    """Linear layers of the given sizes with the activation between them."""
    nonlinearity = {"tanh": nn.Tanh, "relu": nn.ReLU}[activation]
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nonlinearity()]
    return nn.Sequential(*layers[:-1])
