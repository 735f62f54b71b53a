r"""How compact and how gap-free a latent space is: what the exercise says of the VAE, as numbers.

One can sample from a model whose codes are spread like the prior, whose prior draws decode to digits, and to all of
them. Measured on test images; the classifier that judges the draws has seen no model, only training images.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import ndtri
from sklearn.neighbors import KNeighborsClassifier

from elbocheck.training import few_threads
from vae_min.data import Dataset, Split
from vae_min.model import LatentModel, VariationalAutoencoder

Floats = NDArray[np.floating]

NEIGHBOURS: Final = 10
CONFIDENT: Final = 9  # of the nearest training images are of one class
NUM_DRAWS: Final = 2000
_DIRECTIONS: Final = 64


@dataclass(frozen=True)
class LatentSpace:
    """Measures of a latent space.

    Parameters
    ----------
    distance, distance_whitened : float
        `sliced_distance` of the codes of test images from N(0, I), as they are and after an affine map that gives
        them mean 0 and covariance I: the first sees place and scale, the second the shape alone. The codes of a VAE
        are drawn from q(z|x), one for each image: together they are its aggregate posterior.
    confident : float
        Share of 2,000 draws from N(0, I) that decode to an image of which 9 of the 10 nearest training images, pixel
        by pixel, are of one class.
    num_digits : float
        Exponential of the entropy of those classes: 10 if all are equally frequent.
    accuracy : float
        Share of test images whose class is that of most of the 10 nearest training codes.
    """

    distance: float
    distance_whitened: float
    confident: float
    num_digits: float
    accuracy: float


@torch.no_grad()
def measure(model: LatentModel, classifier: KNeighborsClassifier, dataset: Dataset, *, seed: int = 0) -> LatentSpace:
    """Measure the latent space of an autoencoder or a VAE, with a classifier of images from `digit_classifier`."""
    generator = torch.Generator().manual_seed(seed)
    with few_threads(dataset):
        codes = _codes(model, dataset.test, generator)
        z = torch.randn(NUM_DRAWS, model.latent_dim, generator=generator)
        probabilities = classifier.predict_proba(model.decode(z).mean.numpy())
        train, test = (model.codes(part.images).numpy() for part in (dataset.train, dataset.test))
    neighbours = KNeighborsClassifier(NEIGHBOURS).fit(train, dataset.train.labels.numpy())
    confident = probabilities.max(axis=1) > (CONFIDENT - 0.5) / NEIGHBOURS
    return LatentSpace(
        distance=sliced_distance(codes),
        distance_whitened=sliced_distance(whitened(codes)),
        confident=float(confident.mean()),
        num_digits=effective_number(probabilities[confident].argmax(axis=1)),
        accuracy=float(neighbours.score(test, dataset.test.labels.numpy())),
    )


def digit_classifier(dataset: Dataset) -> KNeighborsClassifier:
    """The classifier of images by their 10 nearest training images: nothing to tune, and independent of any model."""
    classifier = KNeighborsClassifier(NEIGHBOURS)
    return classifier.fit(dataset.train.images.numpy(), dataset.train.labels.numpy())


def sliced_distance(points: Floats) -> float:
    r"""Sliced Wasserstein distance of points (M, D) from N(0, I), in standard deviations of the prior.

    The root of the mean, over directions, of the squared distance :math:`W_2` on the line between the projected
    points and N(0, 1), with the M points at their quantiles. Two dimensions have 64 equally spaced directions, others
    random ones, always the same.

    Examples
    --------
    >>> grid = ndtri((np.arange(1000) + 0.5) / 1000)
    >>> round(sliced_distance(grid[:, None]), 6), round(sliced_distance(grid[:, None] + 3), 6)
    (0.0, 3.0)
    """
    count, size = points.shape
    directions = np.random.default_rng(0).standard_normal((_DIRECTIONS, size))
    if size == 2:
        angles = np.pi * np.arange(_DIRECTIONS) / _DIRECTIONS
        directions = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
    projected = np.sort(points @ directions.T, axis=0)  # (M, directions)
    quantiles = ndtri((np.arange(count) + 0.5) / count)
    return float(np.sqrt(np.square(projected - quantiles[:, None]).mean()))


def whitened(points: Floats) -> Floats:
    """The points (M, D), moved and stretched to mean 0 and covariance I.

    Raises
    ------
    numpy.linalg.LinAlgError
        If they lie in a plane of fewer dimensions.
    """
    centred = points - points.mean(axis=0)
    factor = np.linalg.cholesky(centred.T @ centred / len(points))
    result: Floats = np.linalg.solve(factor, centred.T).T
    return result


def effective_number(labels: NDArray[np.integer]) -> float:
    """Exponential of the entropy of the frequencies of some labels; 0 without labels.

    Examples
    --------
    >>> round(effective_number(np.array([3, 3, 7, 7])), 6), effective_number(np.array([5, 5]))
    (2.0, 1.0)
    """
    if len(labels) == 0:
        return 0.0
    shares = np.unique(labels, return_counts=True)[1] / len(labels)
    return float(np.exp(-(shares * np.log(shares)).sum()))


def _codes(model: LatentModel, split: Split, generator: torch.Generator) -> Floats:
    """Codes of images, drawn from q(z|x) by a VAE."""
    if not isinstance(model, VariationalAutoencoder):
        return model.codes(split.images).double().numpy()
    noise = torch.randn(len(split.images), model.latent_dim, generator=generator)
    return model.encode(split.images).rsample(noise).double().numpy()
