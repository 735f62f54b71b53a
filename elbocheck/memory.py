"""What this process can have of the machine's memory."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform != "win32":
    import resource


@contextmanager
def limited() -> Iterator[None]:
    """Have the system refuse memory that the machine has not, where it would promise it and end the process later.

    What is refused is an exception that can be told; being ended is not. On Linux; elsewhere, nothing is done.
    """
    if sys.platform != "linux" or (left := _left()) is None:
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_DATA)
    soft = min((limit for limit in (left, *before) if limit != resource.RLIM_INFINITY), default=left)
    resource.setrlimit(resource.RLIMIT_DATA, (soft, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def _left() -> int | None:
    """Bytes that this process has, and that the machine has left."""
    try:
        machine, own = _kilobytes("/proc/meminfo"), _kilobytes("/proc/self/status")
        return 1024 * (own["VmData"] + machine["MemAvailable"] + machine["SwapFree"])
    except (OSError, KeyError):
        return None


def _kilobytes(path: str) -> dict[str, int]:
    lines = (line.split() for line in Path(path).read_text(encoding="utf-8", errors="replace").splitlines())
    return {words[0].rstrip(":"): int(words[1]) for words in lines if len(words) == 3 and words[2] == "kB"}
