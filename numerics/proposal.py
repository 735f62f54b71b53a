r"""
Distributions to draw from, with densities and transformations that accept complex parameters.

A *reparameterised* distribution writes a draw as a function of noise that does not depend on the parameters; a
*scorable* one has a log density (or log probability) that is analytic in them. Parameters are vectors, one entry for
each of the D independent coordinates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import loggamma, ndtri

from numerics import normal
from numerics.moments import Floats

Parameters: TypeAlias = Sequence[Floats]


class Reparameterised(Protocol):
    """Draws are ``transform(noise, *parameters)``."""

    @property
    def parameters(self) -> tuple[Floats, ...]:
        """Parameters, each of shape (P,)."""

    @property
    def dimension(self) -> int:
        """Length D of a draw."""

    def noise(self, rng: np.random.Generator, num_samples: int) -> Floats:
        """Noise of shape (N, D)."""

    def noise_at(self, uniform: Floats) -> Floats:
        """Noise at points of the unit cube, shape (N, D), by the inverse of its distribution function."""

    def transform(self, noise: NDArray[Any], *parameters: NDArray[Any]) -> NDArray[Any]:
        """Draws of shape (N, D)."""


class Scorable(Protocol):
    """Draws have a log density that is analytic in the parameters."""

    @property
    def parameters(self) -> tuple[Floats, ...]:
        """Parameters, each of shape (P,)."""

    @property
    def dimension(self) -> int:
        """Length D of a draw."""

    def sample(self, rng: np.random.Generator, num_samples: int) -> Floats:
        """Draws of shape (N, D)."""

    def log_prob(self, value: NDArray[Any], *parameters: NDArray[Any]) -> NDArray[Any]:
        """Log density summed over the coordinates, shape (N,)."""


@dataclass(frozen=True)
class IndependentNormal:
    """
    Independent normals, reparameterised and scorable.

    Parameters
    ----------
    loc, scale : array, shape (D,)

    Raises
    ------
    ValueError
        If the shapes are not (D,) and (D,), or a scale is not positive.

    Examples
    --------
    >>> q = IndependentNormal([0.7, -0.6], [0.4, 1.3])
    >>> q.transform(np.zeros((1, 2)), *q.parameters)
    array([[ 0.7, -0.6]])
    """

    loc: ArrayLike
    scale: ArrayLike

    def __post_init__(self) -> None:
        _check("loc", self.loc, "scale", self.scale)

    @property
    def parameters(self) -> tuple[Floats, Floats]:
        return np.asarray(self.loc, dtype=np.float64), np.asarray(self.scale, dtype=np.float64)

    @property
    def dimension(self) -> int:
        return int(np.size(self.loc))

    def noise(self, rng: np.random.Generator, num_samples: int) -> Floats:
        """Standard normal noise."""
        return rng.standard_normal((num_samples, self.dimension))

    def noise_at(self, uniform: Floats) -> Floats:
        """Standard normal quantiles."""
        return np.asarray(ndtri(uniform), dtype=np.float64)

    def transform(self, noise: NDArray[Any], *parameters: NDArray[Any]) -> NDArray[Any]:
        """Location plus scale times noise."""
        loc, scale = parameters
        return np.asarray(loc + scale * noise)

    def sample(self, rng: np.random.Generator, num_samples: int) -> Floats:
        """Draws of shape (N, D)."""
        return self.transform(self.noise(rng, num_samples), *self.parameters)

    def log_prob(self, value: NDArray[Any], *parameters: NDArray[Any]) -> NDArray[Any]:
        """Log density, shape (N,)."""
        return np.asarray(normal.log_prob(value, *parameters).sum(axis=-1))


@dataclass(frozen=True)
class IndependentBernoulli:
    """
    Independent Bernoulli variables of log odds ``logits``: scorable, not reparameterised.

    Parameters
    ----------
    logits : array, shape (D,)

    Raises
    ------
    ValueError
        If the shape is not (D,).

    Examples
    --------
    >>> q = IndependentBernoulli([0.0, 0.0])
    >>> q.log_prob(np.array([[0.0, 1.0]]), *q.parameters).round(12)
    array([-1.38629436])
    """

    logits: ArrayLike

    def __post_init__(self) -> None:
        _check("logits", self.logits)

    @property
    def parameters(self) -> tuple[Floats]:
        return (np.asarray(self.logits, dtype=np.float64),)

    @property
    def dimension(self) -> int:
        return int(np.size(self.logits))

    def sample(self, rng: np.random.Generator, num_samples: int) -> Floats:
        """Zeros and ones of shape (N, D)."""
        probs = 1.0 / (1.0 + np.exp(-self.parameters[0]))
        return (rng.random((num_samples, self.dimension)) < probs).astype(np.float64)

    def log_prob(self, value: NDArray[Any], *parameters: NDArray[Any]) -> NDArray[Any]:
        """Log probability, shape (N,)."""
        signed = (2.0 * value - 1.0) * parameters[0]
        return np.asarray(-np.log1p(np.exp(-signed)).sum(axis=-1))


@dataclass(frozen=True)
class IndependentGamma:
    """
    Independent gamma variables: scorable, and reparameterised in the rate alone, so that it is not offered as such.

    Parameters
    ----------
    concentration, rate : array, shape (D,)

    Raises
    ------
    ValueError
        If the shapes are not (D,) and (D,), or a parameter is not positive.

    Examples
    --------
    >>> q = IndependentGamma([1.0], [2.0])
    >>> float(q.log_prob(np.array([[0.0]]), *q.parameters).round(12).item())  # an exponential
    0.69314718056
    """

    concentration: ArrayLike
    rate: ArrayLike

    def __post_init__(self) -> None:
        _check("concentration", self.concentration, "rate", self.rate)
        if not np.all(np.asarray(self.concentration) > 0.0):
            raise ValueError(f"concentration must be positive, not {np.asarray(self.concentration)}")

    @property
    def parameters(self) -> tuple[Floats, Floats]:
        return np.asarray(self.concentration, dtype=np.float64), np.asarray(self.rate, dtype=np.float64)

    @property
    def dimension(self) -> int:
        return int(np.size(self.rate))

    def sample(self, rng: np.random.Generator, num_samples: int) -> Floats:
        """Draws of shape (N, D)."""
        concentration, rate = self.parameters
        return rng.gamma(concentration, 1.0 / rate, (num_samples, self.dimension))

    def log_prob(self, value: NDArray[Any], *parameters: NDArray[Any]) -> NDArray[Any]:
        """Log density, shape (N,)."""
        a, b = parameters
        power = np.where(value > 0.0, (a - 1.0) * np.log(np.where(value > 0.0, value, 1.0)), 0.0 * (a - 1.0))
        return np.asarray((power - b * value + a * np.log(b) - loggamma(a)).sum(axis=-1))


def _check(first: str, vector: ArrayLike, second: str = "", positive: ArrayLike | None = None) -> None:
    shape = np.shape(vector)
    if len(shape) != 1 or shape[0] == 0:
        raise ValueError(f"{first} must have shape (D,), not {shape}")
    if positive is None:
        return
    if np.shape(positive) != shape:
        raise ValueError(f"{first} and {second} must have one shape (D,), not {shape} and {np.shape(positive)}")
    if not np.all(np.asarray(positive) > 0.0):
        raise ValueError(f"{second} must be positive, not {np.asarray(positive)}")
