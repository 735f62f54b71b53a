"""Images of one kind, scikit-learn's bundled digits among them, and their binarisation."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor

from vae_min.config import Binarisation


class DataError(Exception):
    """Data that cannot be used; its message is one line that names the file and says what to do."""


@dataclass(frozen=True, eq=False)
class Split:
    """Images, float32 of shape (M, N) with values in [0, 1], and their labels, int64 of shape (M,)."""

    images: Tensor
    labels: Tensor


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training and test images of one kind; ``image_shape`` is (height, width) with height * width = N."""

    name: str
    image_shape: tuple[int, int]
    train: Split
    test: Split


def digits() -> Dataset:
    """Scikit-learn's bundled digits, 8x8 pixels: 1,397 for training, 400 for tests, equally mixed by class.

    >>> digits().train.images.shape, digits().test.images.shape
    (torch.Size([1397, 64]), torch.Size([400, 64]))
    """
    images, labels = load_digits(return_X_y=True)  # (1797, 64), grey values 0..16
    parts = train_test_split(images / 16, labels, test_size=400, random_state=0, stratify=labels)
    train_images, test_images, train_labels, test_labels = parts
    return Dataset("digits", (8, 8), split(train_images, train_labels), split(test_images, test_labels))


def binarise(images: Tensor, how: Binarisation, generator: torch.Generator) -> Tensor:
    """Binary pixels from grey values in [0, 1], of the same shape.

    ``dynamic`` draws each pixel with its grey value as probability, ``threshold`` compares it with 1/2, and
    ``none`` leaves it grey; the Bernoulli "likelihood" is then a score, not a probability.
    """
    if how == "dynamic":
        return (torch.rand(images.shape, generator=generator, device=images.device) < images).to(images.dtype)
    return (images > 0.5).to(images.dtype) if how == "threshold" else images


class Binariser:
    """Grey images (M, N), resident on a device, that give binary images for indices: `binarise` for training.

    On a CPU ``dynamic`` compares 16 random bits with a 16-bit threshold, in a third of the time of a float: a pixel's
    probability is its grey value to within 2^-17 (2^-15 above 1 - 2^-15), and exactly 0 where it is black, 1 where white.
    """

    def __init__(self, images: Tensor, how: Binarisation, device: torch.device | None = None) -> None:
        self._dynamic, self._quick = how == "dynamic", how == "dynamic" and (device or images.device).type == "cpu"
        if self._quick:
            levels = (images.double() * 2**16).round().clamp_(max=2**16 - 2).masked_fill_(images >= 1, 2**16 - 1)
            self._images = (levels - 2**15).to(torch.int16)
        else:
            self._images = (images if self._dynamic else binarise(images, how, torch.Generator())).to(device)

    def __call__(self, indices: Tensor, generator: torch.Generator) -> Tensor:
        """Images of these indices, float32 of shape (B, N), binarised afresh."""
        grey = self._images.index_select(0, indices)
        if not self._quick:
            return binarise(grey, "dynamic", generator) if self._dynamic else grey
        bits = torch.empty(-(-grey.numel() // 4), dtype=torch.int64).random_(-(2**63), None, generator=generator)
        # no bits at the top: what is white stays so
        draws = bits.view(torch.int16)[: grey.numel()].view_as(grey).clamp_(max=2**15 - 2)
        return torch.lt(draws, grey, out=torch.empty(grey.shape))


def fixed_binarisation(images: Tensor, *, seed: int = 0) -> Tensor:
    """Binary images for evaluation: each pixel drawn once with its grey value as probability, from the seed."""
    return binarise(images, "dynamic", torch.Generator().manual_seed(seed))


def split(images: NDArray[Any], labels: NDArray[Any]) -> Split:
    """Split from images of shape (M, ...) and labels of shape (M,)."""
    flat = images.reshape(len(images), -1).astype(np.float32)
    return Split(torch.from_numpy(flat), torch.from_numpy(labels.astype(np.int64)))
