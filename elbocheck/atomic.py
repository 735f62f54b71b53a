"""Files that are there completely or not at all."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """Write text, in UTF-8 and with newlines as they are.

    Raises
    ------
    OSError
        If the file cannot be written; ``path`` is then as it was.
    """
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; on success it takes that name, on any exception it is removed.

    Raises
    ------
    OSError
        If the file cannot be written; ``path`` is then as it was.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}.part")
    try:
        yield part
        part.replace(path)
    except OSError as error:
        if error.errno is not None:
            error.filename = str(path)  # a full disk is told without one, and nobody knows the temporary path
        raise
    finally:
        part.unlink(missing_ok=True)
