"""A folder that one process at a time writes into."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

if sys.platform != "win32":
    import fcntl

NAME: Final = ".elbocheck.lock"
_ATTEMPTS: Final = 10  # at a file that does not lose its name meanwhile; on some network file systems none looks so


class HeldError(Exception):
    """Another process holds the folder."""


@contextmanager
def holding(folder: Path) -> Iterator[None]:
    """Hold a folder, which is made if there is none, against every other process that asks.

    The system lets go of it when this process ends, however it ends. The lock is advisory, and nothing is held where
    there are no locks: on Windows, and on some network file systems.

    Raises
    ------
    HeldError
        If another process holds it; nothing is changed.
    OSError
        If the folder cannot be written into.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if sys.platform == "win32":
        yield
        return
    path = folder / NAME
    descriptor = _locked(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)  # still held: who has opened it meanwhile sees that it has lost its name
        os.close(descriptor)


def _locked(path: Path) -> int:
    """Descriptor of the lock file, locked while it had its name."""
    for attempt in range(_ATTEMPTS):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(descriptor)
            if _has_name(descriptor, path) or attempt + 1 == _ATTEMPTS:
                break
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
    return descriptor


def _lock(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            raise HeldError("another process holds it") from error
        # there are no locks: a lone process is not to be refused for that


def _has_name(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
