"""The configuration of a run: together with the data set and the class of the model, it defines every number."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, get_args

Activation = Literal["tanh", "relu"]
Binarisation = Literal["dynamic", "threshold", "none"]


@dataclass(frozen=True, kw_only=True)
class Config:
    """Everything, beside the data, that defines a run. One configuration trains the autoencoder and the VAE.

    Parameters
    ----------
    latent_dim : int
        Dimension D of the latent space.
    hidden_sizes : tuple of int
        Widths of the encoder's hidden layers; the decoder has them in reverse.
    activation : {"tanh", "relu"}
        Activation of the hidden layers.
    epochs, batch_size : int
        Passes over the training images, and images per step.
    learning_rate : float
        Adam's step size at the start; it falls to zero along a half cosine.
    seed : int
        Seed of initialisation, order, binarisation and noise.
    binarisation : {"dynamic", "threshold", "none"}
        How grey values become the model's binary pixels (`vae_min.data.binarise`).

    Raises
    ------
    ValueError
        If a value is out of range; one line that names it.

    Examples
    --------
    >>> Config(latent_dim=0)
    Traceback (most recent call last):
        ...
    ValueError: latent_dim must be at least 1, got 0
    """

    latent_dim: int = 2
    hidden_sizes: tuple[int, ...] = (64, 64)
    # tanh keeps the decoder analytic: the trapezoid rule over the latent plane then converges geometrically.
    # With relu the integrand has kinks, and `vae_min.evaluate` would report errors above its tolerance.
    activation: Activation = "tanh"
    epochs: int = 100
    batch_size: int = 64
    learning_rate: float = 1e-3
    seed: int = 0
    binarisation: Binarisation = "dynamic"

    def __post_init__(self) -> None:
        for name in ("latent_dim", "epochs", "batch_size"):
            _require(getattr(self, name) >= 1, name, "at least 1", getattr(self, name))
        sizes = self.hidden_sizes
        _require(all(size >= 1 for size in sizes), "hidden_sizes", "positive widths", sizes)
        _require(0 < self.learning_rate < float("inf"), "learning_rate", "positive and finite", self.learning_rate)
        _require(0 <= self.seed < 2**63, "seed", "in [0, 2^63)", self.seed)
        for name, allowed in (("activation", get_args(Activation)), ("binarisation", get_args(Binarisation))):
            value = getattr(self, name)
            _require(value in allowed, name, f"one of {', '.join(allowed)}", repr(value))


def _require(condition: bool, name: str, requirement: str, value: object) -> None:
    if not condition:
        raise ValueError(f"{name} must be {requirement}, got {value}")


#: The exercise's run on each data set.
PRESETS: Final[Mapping[str, Config]] = MappingProxyType(
    {
        "digits": Config(hidden_sizes=(64, 64), epochs=300, batch_size=64, learning_rate=2e-3),
        "mnist": Config(hidden_sizes=(256, 128), epochs=30, batch_size=128, learning_rate=1e-3),
    }
)
