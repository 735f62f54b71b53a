"""What the commands share: the data sets they know, and input that they cannot use."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from typer.exceptions import TyperException

if TYPE_CHECKING:
    from elbocheck.checkpoint import Checkpoint
    from vae_min.data import Dataset


UNUSABLE: Final = 2
_FAULT: Final = 70


class Data(StrEnum):
    """Data sets that the commands know."""

    digits = "digits"
    mnist = "mnist"


class UnusableInput(Exception):
    """Input that a command cannot use; one line that names it and the remedy."""


def complain(error: Exception) -> int:
    """Say on standard error what stopped a command, and give its exit code.

    One line for what it cannot use; for a fault of elbocheck the trace: an exit code of 1 would say that something is
    refuted.
    """
    if not isinstance(error, UnusableInput | OSError | MemoryError | TyperException):
        traceback.print_exception(error)
        return _FAULT
    text = error.format_message() if isinstance(error, TyperException) else str(error)
    if isinstance(error, OSError) and error.filename is not None and error.strerror is not None:
        text = f"{error.filename}: {error.strerror}"
    with suppress(OSError):  # where nothing can be written, the exit code is left
        print(f"elbocheck: {' '.join(text.split()) or 'the memory is too small'}", file=sys.stderr)
    return UNUSABLE


@contextmanager
def writing_into(folder: Path) -> Iterator[None]:
    """Write results into a folder.

    Raises
    ------
    UnusableInput
        If something cannot be written; one line that names it.
    """
    try:
        yield
    except OSError as error:
        reason = f"cannot be written ({error.strerror}); free space or name another folder with --out"
        raise UnusableInput(f"{error.filename or folder}: {reason}") from error


def read_dataset(data: Data, data_dir: Path | None) -> Dataset:
    """The data set, read or downloaded.

    Raises
    ------
    UnusableInput
        If it cannot be had; one line that names the file.
    """
    from elbocheck import mnist
    from vae_min.data import DataError, digits

    if data is Data.digits and data_dir is not None:
        raise UnusableInput("--data-dir goes with --data mnist; the digits come with the installation")
    try:
        return digits() if data is Data.digits else mnist.read(data_dir or mnist.cached(progress=Download))
    except DataError as error:
        raise UnusableInput(str(error)) from error


def trained_on(saved: Checkpoint, data_dir: Path | None) -> Dataset:
    """The data set of a saved run, as of `read_dataset`.

    Raises
    ------
    UnusableInput
        If it is none that the commands know, or cannot be had; one line that names the file.
    """
    if saved.data not in set(Data):
        known = ", ".join(Data)
        raise UnusableInput(f"{saved.path}: trained on {saved.data!r}; only runs on {known} can be read back")
    return read_dataset(Data(saved.data), data_dir)


class Download:
    """The progress bar of one download, driven by pooch in the manner of tqdm."""

    def __init__(self, name: str) -> None:
        columns = (TextColumn(f"download {name}"), BarColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=Console(stderr=True))
        self._task = self._progress.add_task("", total=None)
        self._progress.start()

    @property
    def total(self) -> float | None:
        """Bytes to come."""
        return self._progress.tasks[0].total

    @total.setter
    def total(self, total: float) -> None:
        self._progress.update(self._task, total=total)

    def update(self, steps: int) -> None:
        """Some bytes more have come."""
        self._progress.advance(self._task, steps)

    def reset(self) -> None:
        """Start again; pooch does so at the end, to show the bar full."""
        self._progress.reset(self._task, total=self.total)

    def close(self) -> None:
        """The download has ended."""
        self._progress.stop()
