"""The autoencoder and the variational autoencoder: one encoder body, one decoder.

The VAE's encoder ends in 2D outputs (D means, D log-variances) where the autoencoder's ends in D (Problem 2.3
of the exercise). Nothing else differs.
"""

from itertools import pairwise
from typing import ClassVar

from torch import Tensor, nn

from vae_min.config import Activation, Config
from vae_min.distribution import Bernoulli, DiagonalNormal


class LatentModel(nn.Module):
    """What both models share: the body of the encoder, the decoder, and a point of latent space per image.

    Parameters
    ----------
    config : Config
        Sizes and activation.
    num_pixels : int
        Pixels N of an image.
    """

    outputs_per_latent: ClassVar[int]

    def __init__(self, config: Config, num_pixels: int) -> None:
        super().__init__()
        hidden, latent_dim = config.hidden_sizes, config.latent_dim
        outputs = self.outputs_per_latent * latent_dim
        self.latent_dim = latent_dim
        self.encoder = _perceptron((num_pixels, *hidden, outputs), config.activation)
        self.decoder = _perceptron((latent_dim, *reversed(hidden), num_pixels), config.activation)

    def decode(self, z: Tensor) -> Bernoulli:
        """Distribution of the image given codes z of shape (..., D); its logits have shape (..., N)."""
        return Bernoulli(self.decoder(z))

    def codes(self, x: Tensor) -> Tensor:
        """Point of latent space that stands for each image x of shape (..., N); shape (..., D)."""
        raise NotImplementedError


class Autoencoder(LatentModel):
    """Deterministic code: a compressor, not a generative model."""

    outputs_per_latent = 1

    def encode(self, x: Tensor) -> Tensor:
        """Codes of images x of shape (..., N); shape (..., D)."""
        codes: Tensor = self.encoder(x)
        return codes

    def codes(self, x: Tensor) -> Tensor:
        """The code itself, shape (..., D)."""
        return self.encode(x)


class VariationalAutoencoder(LatentModel):
    """Prior N(0, I) on codes, Bernoulli decoder p(x|z), diagonal normal encoder q(z|x)."""

    outputs_per_latent = 2

    def encode(self, x: Tensor) -> DiagonalNormal:
        """Approximate posterior q(z|x) of images x of shape (..., N)."""
        loc, log_variance = self.encoder(x).chunk(2, dim=-1)  # (..., 2D) -> 2 x (..., D)
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
