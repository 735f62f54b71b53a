"""A folder is one process's: the second is refused, a killed one lets go, and where there are no locks nobody is refused."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from elbocheck import lock
from elbocheck.lock import HeldError, holding

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
HOLD = """
import sys
from pathlib import Path
from elbocheck.lock import holding
with holding(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no advisory locks")


def holder(folder: Path) -> subprocess.Popen[str]:
    """Another process, once it holds the folder."""
    command = [sys.executable, "-c", HOLD, str(folder)]
    process = subprocess.Popen(command, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def enter(folder: Path) -> None:
    with holding(folder):
        assert [path.name for path in folder.iterdir()] == [lock.NAME]


def test_a_second_process_is_refused_until_the_first_has_ended(tmp_path: Path) -> None:
    folder = tmp_path / "a b" / "\u03bb"
    with holder(folder) as first:
        before = (folder / lock.NAME).stat()
        with pytest.raises(HeldError, match="another process holds it"), holding(folder):
            raise AssertionError("both hold it")
        assert (folder / lock.NAME).stat() == before
        assert first.communicate("") == ("", None)
    assert list(folder.iterdir()) == []
    enter(folder)
    assert list(folder.iterdir()) == []


def test_a_killed_process_lets_go(tmp_path: Path) -> None:
    with holder(tmp_path) as first:
        first.send_signal(signal.SIGKILL)
        first.wait()
    assert (tmp_path / lock.NAME).exists()
    enter(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_exception_lets_go(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="mine"), holding(tmp_path):
        raise KeyError("mine")
    enter(tmp_path)


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF])
def test_where_there_are_no_locks_nobody_is_refused(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*arguments: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", none)
    enter(tmp_path)


def test_a_file_that_lost_its_name_meanwhile_is_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between opening and locking it, another process ends, and a third takes the folder."""
    right, others = lock._lock, [lambda: (tmp_path / lock.NAME).unlink(), lambda: None]

    def late(descriptor: int) -> None:
        others.pop(0)()
        right(descriptor)

    monkeypatch.setattr(lock, "_lock", late)
    enter(tmp_path)
    assert others == []


def test_files_whose_number_is_never_the_same_can_be_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.path.samestat", lambda one, other: False)
    enter(tmp_path)


def test_a_folder_that_cannot_be_written_into_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(FileExistsError, match="file"), holding(tmp_path / "file"):
        raise AssertionError("held")
    with pytest.raises(NotADirectoryError, match="file"), holding(tmp_path / "file" / "run"):
        raise AssertionError("held")
    assert (tmp_path / "file").read_text() == "mine"
