"""MNIST: its four IDX files read and checked, downloaded once into the user's cache."""

from __future__ import annotations

import gzip
import hashlib
import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pooch
from numpy.typing import NDArray

from elbocheck.atomic import replacing
from vae_min.data import DataError, Dataset, Split, split

#: MD5 of the decompressed content of each file of MNIST, the same for every faithful copy.
MNIST_MD5: Final[Mapping[str, str]] = MappingProxyType(
    {
        "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    }
)
_REPLACE = "replace it by a faithful copy of MNIST, or name no data folder to have it downloaded"
#: Where the four files lie, gzipped; the second is asked when the first fails.
MIRRORS: Final = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)


def read(data_dir: Path, *, checksums: Mapping[str, str] = MNIST_MD5) -> Dataset:
    """MNIST, 28x28 pixels: 60,000 images for training, 10,000 for tests.

    ``data_dir`` holds the four IDX files, gzipped or not, itself or in ``MNIST/raw`` or ``raw``; ``checksums`` are
    those of other files of the same names, for tests.

    Raises
    ------
    DataError
        If a file is missing, unreadable, truncated, corrupted or foreign.
    """
    paths = {name: _find(data_dir, name) for name in checksums}
    arrays = {name: _read(paths[name], name, checksums[name]) for name in checksums}
    train, test = (_pair(arrays, part, paths) for part in ("train", "t10k"))
    height, width = arrays["train-images-idx3-ubyte"].shape[1:]
    return Dataset("mnist", (height, width), train, test)


def _read(path: Path, name: str, md5: str) -> NDArray[np.uint8]:
    """The array of the file of this name, gzipped or not.

    Raises
    ------
    DataError
        If it cannot be read, or its content is not the one with this MD5.
    """
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path}: truncated or corrupted gzip file; {_REPLACE}") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); make it readable") from error
    array = _parse_idx(content, path, dimensions=3 if "images" in name else 1)
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != md5:
        raise DataError(f"{path}: its content is not MNIST's (MD5 differs): corrupted or foreign; {_REPLACE}")
    return array


def _pair(arrays: Mapping[str, NDArray[np.uint8]], part: str, paths: Mapping[str, Path]) -> Split:
    images, labels = arrays[f"{part}-images-idx3-ubyte"], arrays[f"{part}-labels-idx1-ubyte"]
    if len(images) != len(labels):
        path = paths[f"{part}-labels-idx1-ubyte"]
        raise DataError(f"{path}: {len(labels)} labels for {len(images)} images; {_REPLACE}")
    return split(images / np.float32(255), labels)


def _find(data_dir: Path, name: str) -> Path:
    for folder in (data_dir, data_dir / "MNIST" / "raw", data_dir / "raw"):
        for path in (folder / name, folder / f"{name}.gz"):
            if path.is_file():
                return path
    raise DataError(f"{data_dir / name}[.gz]: not found; put MNIST's four files there, or name no data folder")


def _parse_idx(content: bytes, path: Path, *, dimensions: int) -> NDArray[np.uint8]:
    """Array of an IDX file: 0, 0, type (8: bytes), rank, the sizes as big-endian uint32, the values."""
    magic, header = bytes([0, 0, 8, dimensions]), 4 + 4 * dimensions
    if not content.startswith(magic):
        begins = f"begins with {content[:4].hex()}, not {magic.hex()}" if content else "empty"
        raise DataError(f"{path}: not this file of MNIST ({begins}); {_REPLACE}")
    sizes = [int.from_bytes(content[start : start + 4], "big") for start in range(4, header, 4)]
    expected = header + math.prod(sizes)
    if len(content) != expected or len(content) < header:
        fault = "truncated" if len(content) < max(expected, header) else "trailing bytes"
        raise DataError(f"{path}: {fault} ({len(content)} bytes, its header says {expected}); {_REPLACE}")
    return np.frombuffer(content, np.uint8, offset=header).reshape(sizes)


def cached(
    *,
    progress: Callable[[str], Any] | None = None,
    checksums: Mapping[str, str] = MNIST_MD5,
    mirrors: Sequence[str] = MIRRORS,
) -> Path:
    """Folder of the user's cache that holds MNIST's four files, downloaded unless they are already there.

    Parameters
    ----------
    progress
        Maps a file's name to the object that pooch drives as progress bar of its download.
    checksums, mirrors
        Other files of the same names, for tests.

    Raises
    ------
    vae_min.data.DataError
        If the folder cannot be made or a file cannot be downloaded.
    """
    folder = Path(pooch.os_cache("elbocheck")) / "mnist"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: cannot be created ({error.strerror}); name a data folder") from error
    for name, md5 in checksums.items():
        path = folder / f"{name}.gz"
        if not (path.is_file() and _is_faithful(path, name, md5)):
            _download(path, name, md5, mirrors, progress)
    return folder


def _download(path: Path, name: str, md5: str, mirrors: Sequence[str], progress: Callable[[str], Any] | None) -> None:
    faults = []
    for mirror in mirrors:
        download = pooch.HTTPDownloader(progress(name) if progress else False, chunk_size=2**16, timeout=30)
        try:
            with replacing(path) as part:
                download(f"{mirror}{name}.gz", str(part), None)
                _read(part, name, md5)
            return
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
