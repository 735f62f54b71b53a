"""A function in a process of its own: it may print, hang, end the process or not load, and one line says so."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from elbocheck.isolation import CallError, Isolated
from elbocheck.target import TargetError

ROOT = Path(__file__).parents[2]
FILE = """
import os, sys, time

def right(x, y):
    return x + y

def prints(x, y):
    print("out"); print("err", file=sys.stderr); os.write(1, b"raw\\n"); os.system("echo shell")
    return x + y

def hangs(x, y):
    while True:
        time.sleep(0.01)

def says_who_and_hangs(x, y):
    open("pid", "w").write(str(os.getpid()))
    hangs(x, y)

def dies(x, y):
    os._exit(7)

def leaves_a_child(x, y):
    if os.fork() == 0:
        time.sleep(60)
    return x + y

def one(x):
    return x

number = 3
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "formulas.py"
    path.write_text(FILE)
    return str(path)


def test_it_answers_call_after_call_and_prints_harm_nothing(file: str, capfd: pytest.CaptureFixture[str]) -> None:
    with Isolated(f"{file}:prints", ["q.x", "p.y"], 60.0) as function:
        assert not function.has_torch
        replies = [function([x, 2.0], "float", False) for x in (1.0, 2.0)]
        assert [r.values for r in replies] == [(3.0,), (4.0,)]
        assert replies[0].printed == "out"
        assert function([(1.0, 5.0), (2.0, 3.0)], "numpy", False).values == (3.0, 8.0)
    assert capfd.readouterr() == ("", "")


def test_a_call_that_does_not_return_is_ended(file: str) -> None:
    with (
        Isolated(f"{file}:hangs", ["q.x", "p.y"], 0.5) as function,
        pytest.raises(CallError, match=r"hangs: a call with 1\.0, 2\.0 did not end within 0\.5 s"),
    ):
        function([1.0, 2.0], "float", False)


def test_processes_that_a_function_started_do_not_outlive_it(file: str) -> None:
    begun = time.monotonic()
    with Isolated(f"{file}:leaves_a_child", ["q.x", "p.y"], 30.0) as function:
        assert function([1.0, 2.0], "float", False).values == (3.0,)
    assert time.monotonic() - begun < 50


@pytest.mark.skipif(os.name != "posix", reason="processes are ended otherwise on this system")
def test_a_call_that_does_not_return_does_not_outlive_who_asks(file: str, tmp_path: Path) -> None:
    """Not even if that one is killed, as by a time limit of a test run: nobody would end the call then."""
    code = f"from elbocheck.isolation import Isolated; Isolated({file + ':says_who_and_hangs'!r}, 'xy', 999)([1, 2], 'float', 0)"
    asking = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=tmp_path)
    said = tmp_path / "pid"
    while not (said.exists() and said.read_text()):
        assert asking.poll() is None
        time.sleep(0.1)
    calling = int(said.read_text())
    assert computes(calling)
    asking.kill()
    asking.wait()
    deadline = time.monotonic() + 60
    while computes(calling):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def computes(process: int) -> bool:
    """Whether a process is there and has not ended; nobody may have asked yet how an orphan has."""
    shown = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False
    ).stdout
    return bool(shown.strip()) and not shown.startswith("Z")


def test_a_call_that_ends_its_process_is_named(file: str) -> None:
    with (
        Isolated(f"{file}:dies", ["q.x", "p.y"], 60.0) as function,
        pytest.raises(CallError, match=r"dies: a call with 1\.0, 2\.0 ended its process with exit code 7"),
    ):
        function([1.0, 2.0], "float", False)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("one", r"formulas\.py:one takes \(x\), but is called with 2: q\.x, p\.y"),
        ("number", r"formulas\.py:number is of type int, not a function"),
        ("rigth", r"formulas\.py has no 'rigth'; nearest: right"),
    ],
)
def test_what_cannot_be_called_is_one_line(file: str, name: str, says: str) -> None:
    with pytest.raises(TargetError, match=says):
        Isolated(f"{file}:{name}", ["q.x", "p.y"], 60.0)
