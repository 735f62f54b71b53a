"""Calls of a user's function in a process of its own, which may hang, print or die without harm to this one.

Both sides speak lines of JSON: ``python -m elbocheck.isolation TARGET`` loads the function and answers calls.
"""

from __future__ import annotations

import inspect
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from threading import Thread, Timer
from types import TracebackType
from typing import Any, Self, TextIO

from elbocheck.call import Kind, Reply, Value, called, has_torch
from elbocheck.target import TargetError, fault, load

LOADING = 120.0  # seconds; importing torch on a busy machine takes a dozen


class CallError(Exception):
    """A function that does not return, or takes its process down; one line."""


class Isolated:
    """A user's function in another process.

    Parameters
    ----------
    target : str
        ``file.py:name`` or ``package.module:name``.
    names : sequence of str
        Names of the arguments that it will be called with.
    time_limit : float
        Seconds that a call may take.

    Raises
    ------
    TargetError
        If the target cannot be loaded, is not a function, or does not take so many arguments.
    CallError
        If loading it does not end, or ends the process.
    """

    def __init__(self, target: str, names: Sequence[str], time_limit: float) -> None:
        self.target, self._limit = target, time_limit
        self._process = subprocess.Popen(
            [sys.executable, "-m", "elbocheck.isolation", target, *names],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        hello = self._line(max(LOADING, time_limit), "loading it")
        if "error" in hello:
            self.close()
            raise TargetError(hello["error"])
        self.has_torch: bool = hello["has_torch"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __call__(self, arguments: Sequence[Value], kind: Kind, derivatives: bool) -> Reply:
        """Call the function once.

        Raises
        ------
        CallError
            If it does not return in time, or ends the process.
        """
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # the answer then is the end of the process
            self._process.stdin.write(json.dumps([arguments, kind, derivatives]) + "\n")
            self._process.stdin.flush()
        answer = self._line(self._limit, f"a call with {', '.join(map(str, arguments))}")
        lists = {name: tuple(answer[name]) for name in ("values", "shape")}
        gradient = answer["gradient"]
        tuples = None if gradient is None else tuple(None if g is None else tuple(g) for g in gradient)
        return Reply(**{**answer, **lists, "gradient": tuples})

    def close(self) -> None:
        """End the process, and those that it has started."""
        self._kill()
        self._process.communicate()

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _line(self, limit: float, doing: str) -> dict[str, Any]:
        assert self._process.stdout is not None
        timer = Timer(limit, self._kill)
        timer.start()
        line = self._process.stdout.readline()
        expired = not timer.is_alive()
        timer.cancel()
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        code = self._process.wait()
        self.close()
        if expired:
            raise CallError(f"{self.target}: {doing} did not end within {limit:g} s (--time-limit)")
        ended = f"with exit code {code}" if code >= 0 else f"by signal {-code}"
        raise CallError(f"{self.target}: {doing} ended its process {ended}")


# --- the other side ---


def main() -> None:
    """Answer calls until the input ends; what the function prints goes nowhere, or into the reply."""
    Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    requests = os.fdopen(os.dup(0), encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    target, *names = sys.argv[1:]
    sys.argv = [target]
    try:
        function = _function(target, names)
    except TargetError as error:
        _send(answers, {"error": str(error)})
        return
    _send(answers, {"has_torch": has_torch()})
    file = _file(function)
    for request in requests:
        arguments, kind, derivatives = json.loads(request)
        _send(answers, asdict(called(function, arguments, kind, derivatives, file)))


def _end_with(asking: int) -> None:
    """End this process, and those that it has started, once the one that asks is gone, however that was ended."""
    while os.getppid() == asking:
        time.sleep(1)
    os.killpg(0, signal.SIGKILL)


def _function(target: str, names: Sequence[str]) -> Callable[..., Any]:
    function = load(target)
    if not callable(function) or isinstance(function, type):
        raise TargetError(f"{target} is of type {type(function).__name__}, not a function")
    check_arguments(target, function, names)
    return function  # type: ignore[no-any-return]


def check_arguments(target: str, function: Callable[..., Any], names: Sequence[str]) -> None:
    """Refuse a function that cannot be called with so many arguments.

    Raises
    ------
    TargetError
        One line that names what it is called with.

    Examples
    --------
    >>> check_arguments("my.py:kl", lambda mu, logvar: 0.0, ["q.loc", "q.scale", "p.loc"])
    Traceback (most recent call last):
        ...
    elbocheck.target.TargetError: my.py:kl takes (mu, logvar), but is called with 3: q.loc, q.scale, p.loc
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # built in, without a signature
        return
    try:
        signature.bind(*names)
    except TypeError:
        called_with = f"{len(names)}: {', '.join(names)}"
        raise TargetError(f"{target} takes {signature}, but is called with {called_with}") from None


def _file(function: Callable[..., Any]) -> str:
    try:
        return inspect.getsourcefile(inspect.unwrap(function)) or ""
    except TypeError:
        return ""


def _send(answers: TextIO, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


if __name__ == "__main__":
    try:
        main()
    except Exception as error:  # noqa: BLE001 - a fault of our own must not look like one of the user's
        sys.exit(f"elbocheck.isolation {fault(error)}")
