"""Memory that the machine has not is refused, and the limit is as it was afterwards."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from elbocheck import memory

resource = pytest.importorskip("resource", reason="there are no limits on this system")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no such limit on this system")


def test_memory_that_is_not_left_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a quarter of a gibibyte left, half of one is too much, and is not afterwards."""
    before = resource.getrlimit(resource.RLIMIT_DATA)
    own = memory._kilobytes("/proc/self/status")["VmData"]
    monkeypatch.setattr(memory, "_left", lambda: 1024 * own + 2**28)
    with memory.limited():
        with pytest.raises(MemoryError):
            bytearray(2**29)
        bytearray(2**27)
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
    bytearray(2**29)


def test_what_is_left_is_what_the_process_has_and_the_machine_too() -> None:
    left = memory._left()
    assert left is not None
    total = memory._kilobytes("/proc/meminfo")
    assert (
        0
        < left - 1024 * memory._kilobytes("/proc/self/status")["VmData"]
        <= 1024 * sum(total[name] for name in ("MemTotal", "SwapTotal"))
    )


def test_a_lower_limit_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    before = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (2**40, hard))
    try:
        monkeypatch.setattr(memory, "_left", lambda: 2**41)
        with memory.limited():
            assert resource.getrlimit(resource.RLIMIT_DATA)[0] == 2**40
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def test_where_the_system_does_not_say_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(path: str) -> dict[str, int]:
        raise FileNotFoundError(path)

    monkeypatch.setattr(memory, "_kilobytes", missing)
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with memory.limited():
        assert resource.getrlimit(resource.RLIMIT_DATA) == before
    assert Path("/proc/meminfo").exists()
