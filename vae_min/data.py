"""Handwritten digits: scikit-learn's bundled 8x8 images, or MNIST from its four IDX files."""

import gzip
import hashlib
import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pooch
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor

from vae_min.atomic import replacing
from vae_min.config import Binarisation

#: MD5 of the decompressed content of each file of MNIST, the same for every faithful copy.
MNIST_MD5: Final[Mapping[str, str]] = MappingProxyType(
    {
        "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    }
)
#: Where the four files lie, gzipped; the second is asked when the first fails.
MNIST_MIRRORS: Final = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
_REPLACE = "replace it by a faithful copy of MNIST, or name no data folder to have it downloaded"


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

    Examples
    --------
    >>> digits().train.images.shape, digits().test.images.shape
    (torch.Size([1397, 64]), torch.Size([400, 64]))
    """
    images, labels = load_digits(return_X_y=True)  # (1797, 64), grey values 0..16
    parts = train_test_split(images / 16, labels, test_size=400, random_state=0, stratify=labels)
    train_images, test_images, train_labels, test_labels = parts
    return Dataset("digits", (8, 8), _split(train_images, train_labels), _split(test_images, test_labels))


def mnist(
    data_dir: Path | None = None,
    *,
    progress: Callable[[str], Any] | None = None,
    checksums: Mapping[str, str] = MNIST_MD5,
    mirrors: Sequence[str] = MNIST_MIRRORS,
) -> Dataset:
    """MNIST, 28x28 pixels: 60,000 images for training, 10,000 for tests.

    Parameters
    ----------
    data_dir : Path, optional
        Folder that holds the four IDX files, gzipped or not, itself or in ``MNIST/raw`` or ``raw``. Without it
        they come from the user's cache, downloaded on first use.
    progress : callable, optional
        Maps a file's name to the object that pooch drives as progress bar of its download.
    checksums, mirrors
        Other files of the same names, for tests.

    Raises
    ------
    DataError
        If a file is missing, unreadable, truncated, corrupted or foreign, or cannot be downloaded.
    """
    if data_dir is None:
        folder = Path(pooch.os_cache("elbocheck")) / "mnist"
        paths = {name: _cached(folder, name, checksums[name], mirrors, progress) for name in checksums}
    else:
        paths = {name: _find(data_dir, name) for name in checksums}
    arrays = {name: _read(paths[name], name, checksums[name]) for name in checksums}
    train, test = (_pair(arrays, part, paths) for part in ("train", "t10k"))
    height, width = arrays["train-images-idx3-ubyte"].shape[1:]
    return Dataset("mnist", (height, width), train, test)


def binarise(images: Tensor, how: Binarisation, generator: torch.Generator) -> Tensor:
    """Binary pixels from grey values in [0, 1], of the same shape.

    ``dynamic`` draws each pixel with its grey value as probability, ``threshold`` compares it with 1/2, and
    ``none`` leaves it grey; the Bernoulli "likelihood" is then a score, not a probability.
    """
    if how == "dynamic":
        return (torch.rand(images.shape, generator=generator) < images).to(images.dtype)
    return (images > 0.5).to(images.dtype) if how == "threshold" else images


def fixed_binarisation(images: Tensor, *, seed: int = 0) -> Tensor:
    """Binary images for evaluation: each pixel drawn once with its grey value as probability, from the seed."""
    return binarise(images, "dynamic", torch.Generator().manual_seed(seed))


def _split(images: NDArray[Any], labels: NDArray[Any]) -> Split:
    flat = images.reshape(len(images), -1).astype(np.float32)
    return Split(torch.from_numpy(flat), torch.from_numpy(labels.astype(np.int64)))


def _pair(arrays: Mapping[str, NDArray[np.uint8]], part: str, paths: Mapping[str, Path]) -> Split:
    images, labels = arrays[f"{part}-images-idx3-ubyte"], arrays[f"{part}-labels-idx1-ubyte"]
    if len(images) != len(labels):
        path = paths[f"{part}-labels-idx1-ubyte"]
        raise DataError(f"{path}: {len(labels)} labels for {len(images)} images; {_REPLACE}")
    return _split(images / np.float32(255), labels)


def _find(data_dir: Path, name: str) -> Path:
    for folder in (data_dir, data_dir / "MNIST" / "raw", data_dir / "raw"):
        for path in (folder / name, folder / f"{name}.gz"):
            if path.is_file():
                return path
    raise DataError(f"{data_dir / name}[.gz]: not found; put MNIST's four files there, or name no data folder")


def _read(path: Path, name: str, md5: str) -> NDArray[np.uint8]:
    """The array of one file, whose content must be the known one."""
    content = _content(path)
    array = _parse_idx(content, path, dimensions=3 if "images" in name else 1)
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != md5:
        raise DataError(f"{path}: its content is not MNIST's (MD5 differs): corrupted or foreign; {_REPLACE}")
    return array


def _content(path: Path) -> bytes:
    """Bytes of a file, decompressed if gzipped."""
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path}: truncated or corrupted gzip file; {_REPLACE}") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); make it readable") from error


def _parse_idx(content: bytes, path: Path, *, dimensions: int) -> NDArray[np.uint8]:
    """Array of an IDX file: 0, 0, type (8: bytes), rank, the sizes as big-endian uint32, the values."""
    magic, header = bytes([0, 0, 8, dimensions]), 4 + 4 * dimensions
    if not content.startswith(magic):
        raise DataError(
            f"{path}: not this file of MNIST (begins with {content[:4].hex()}, not {magic.hex()}); {_REPLACE}"
        )
    sizes = [int.from_bytes(content[start : start + 4], "big") for start in range(4, header, 4)]
    expected = header + math.prod(sizes)
    if len(content) != expected or len(content) < header:
        fault = "truncated" if len(content) < max(expected, header) else "trailing bytes"
        raise DataError(f"{path}: {fault} ({len(content)} bytes, its header says {expected}); {_REPLACE}")
    return np.frombuffer(content, np.uint8, offset=header).reshape(sizes)


def _cached(folder: Path, name: str, md5: str, mirrors: Sequence[str], progress: Callable[[str], Any] | None) -> Path:
    """Path of a faithful copy in the cache, downloaded unless it is already there."""
    path = folder / f"{name}.gz"
    if path.is_file() and _is_faithful(path, name, md5):
        return path
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: cannot be created ({error.strerror}); name a data folder") from error
    faults = []
    for mirror in mirrors:
        download = pooch.HTTPDownloader(progress(name) if progress else False, chunk_size=2**16, timeout=30)
        try:
            with replacing(path) as part:
                download(f"{mirror}{name}.gz", str(part), None)
                _read(part, name, md5)
            return path
        except DataError:
            faults.append(f"{mirror} sent something else")
        except OSError as error:  # those of requests too
            faults.append(f"{mirror} failed with {type(error).__name__}")
    raise DataError(
        f"{path}: cannot be downloaded ({'; '.join(faults)}); connect to the network, "
        "or name a data folder that holds MNIST's four files"
    )


def _is_faithful(path: Path, name: str, md5: str) -> bool:
    try:
        _read(path, name, md5)
    except DataError:
        return False
    return True
