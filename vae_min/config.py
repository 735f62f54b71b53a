"""The configuration of a run: together with the data set and the class of the model, it defines every number."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

Activation = Literal["tanh", "relu"]
Binarisation = Literal["dynamic", "threshold", "none"]
Covariance = Literal["diagonal", "full"]
Decoder = Literal["bernoulli", "linear-normal"]
Objective = Literal["elbo", "sampled", "stl", "iwae"]


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
    covariance : {"diagonal", "full"}
        Of q(z|x); ``full`` through a Cholesky factor.
    decoder : {"bernoulli", "linear-normal"}
        p(x|z): pixels from logits, or a linear map of the code plus normal noise of one learned variance.
    objective : {"elbo", "sampled", "stl", "iwae"}
        `vae_min.objective`: with the KL in closed form, sampled, sampled and sticking the landing, importance-weighted.
    num_importance_samples : int
        Samples k of ``iwae``; 1 with the others.
    beta : float
        Weight of the KL divergence; 1 is the ELBO.
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
        If a value is out of range, or two contradict each other; one line that names it.

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
    covariance: Covariance = "diagonal"
    decoder: Decoder = "bernoulli"
    objective: Objective = "elbo"
    num_importance_samples: int = 1
    beta: float = 1.0
    epochs: int = 100
    batch_size: int = 64
    learning_rate: float = 1e-3
    seed: int = 0
    binarisation: Binarisation = "dynamic"

    def __post_init__(self) -> None:
        for name in ("latent_dim", "epochs", "batch_size", "num_importance_samples"):
            _require(getattr(self, name) >= 1, name, "at least 1", getattr(self, name))
            _require(getattr(self, name) < 2**31, name, "below 2^31", getattr(self, name))
        sizes, beta, k = self.hidden_sizes, self.beta, self.num_importance_samples
        _require(all(1 <= size < 2**31 for size in sizes), "hidden_sizes", "positive widths below 2^31", sizes)
        _require(0 < self.learning_rate < float("inf"), "learning_rate", "positive and finite", self.learning_rate)
        _require(0 <= beta < 2**127, "beta", "not negative and below 2^127", beta)
        _require(0 <= self.seed < 2**63, "seed", "in [0, 2^63)", self.seed)
        for name, hint in get_type_hints(type(self)).items():
            if get_origin(hint) is Literal:
                value, allowed = getattr(self, name), get_args(hint)
                _require(value in allowed, name, f"one of {', '.join(allowed)}", repr(value))
        iwae = self.objective == "iwae"
        _require(beta == 1 or not iwae, "beta", "1 with the objective iwae, which has no KL term", beta)
        _require(k == 1 or iwae, "num_importance_samples", f"1 with {self.objective}; the objective iwae takes more", k)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "Config":
        """The configuration with these values, as `dataclasses.asdict` and JSON give them.

        Raises
        ------
        ValueError
            If a name is missing or unknown, a value has another type or is out of range; one line that names it.
        """
        types = {field.name: type(field.default) for field in fields(cls)}
        if values.keys() != types.keys():
            raise ValueError(f"configuration with {sorted(values.keys() ^ types.keys())} missing or unknown")
        values = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
        for name, kind in types.items():
            _require(type(values[name]) is kind, name, f"of type {kind.__name__}", repr(values[name]))
        _require(
            all(type(size) is int for size in values["hidden_sizes"]),
            "hidden_sizes",
            "integers",
            values["hidden_sizes"],
        )
        return cls(**values)


def _require(condition: bool, name: str, requirement: str, value: object) -> None:
    if not condition:
        raise ValueError(f"{name} must be {requirement}, got {value}")


#: The exercise's run on each data set.
EXERCISE: Final[Mapping[str, Config]] = MappingProxyType(
    {
        "digits": Config(hidden_sizes=(64, 64), epochs=300, batch_size=64, learning_rate=2e-3),
        "mnist": Config(hidden_sizes=(256, 128), epochs=30, batch_size=128, learning_rate=1e-3),
    }
)
#: Runs by name: the exercise's (here on MNIST), the common tutorial's, and the IWAE paper's with one latent layer.
PRESETS: Final[Mapping[str, Config]] = MappingProxyType(
    {
        "exercise": EXERCISE["mnist"],
        # the tutorial's rate is 1e-3 throughout; along a cosine that begins there, equal epochs would get half as far
        "example": Config(
            latent_dim=20, hidden_sizes=(400,), activation="relu", epochs=10, batch_size=128, learning_rate=3e-3
        ),
        # the paper takes batches of 20 at 1e-3: as much noise in a step, and five times the steps
        "burda": Config(latent_dim=50, hidden_sizes=(200, 200), epochs=600, batch_size=100, learning_rate=2e-3),
    }
)


def preset(name: str, data: str, **changes: Any) -> Config:
    """The preset of a name, as it is on a data set, with some values changed.

    Raises
    ------
    LookupError
        If there is none of this name; one line with the nearest.
    ValueError
        If a changed value is out of range.
    """
    if name not in PRESETS:
        near = difflib.get_close_matches(name, PRESETS, n=1, cutoff=0.0)[0]
        raise LookupError(f"no preset {name!r}; nearest: {near}; there are {', '.join(PRESETS)}")
    return replace(EXERCISE.get(data, PRESETS[name]) if name == "exercise" else PRESETS[name], **changes)
