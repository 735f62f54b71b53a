"""One call: numbers of every sort, and one line for what is none."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
import pytest
import torch

from elbocheck.call import Function, Kind, called, caller


class Unreadable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no message")


def unreadable(x: float) -> float:
    raise Unreadable


def fault(function: Function, kind: Kind = "float") -> str:
    return caller(function)([0.5], kind, False).fault


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda x: None, "returns None, not a number"),
        (lambda x: "0.5", "returns a str, not a number"),
        (lambda x: (x, x), "returns a tuple of 2, not a number"),
        (lambda x: True, "returns a bool, not a number"),
        (lambda x: 1j * x, "returns the complex number 0.5j, not a real number"),
        (lambda x: np.array([1j * x]), "returns a ndarray of complex128, not a real number"),
        (lambda x: torch.tensor(1j), "returns a tensor of torch.complex64"),
        (lambda x: sys.exit(3), "raises SystemExit"),
        (lambda x: x.missing, "raises AttributeError"),
        (unreadable, "its message cannot be read"),
    ],
)
def test_what_is_no_number_is_one_line(function: Function, says: str) -> None:
    assert says in fault(function)
    assert "\n" not in fault(function)


def test_a_fault_names_the_line() -> None:
    def fails(x: float) -> float:
        raise ValueError("two\nlines")

    line = fails.__code__.co_firstlineno + 1
    assert fault(fails) == f"raises ValueError at {__file__}:{line}: two lines"


def test_an_interrupt_gets_out() -> None:
    def interrupted(x: float) -> float:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fault(interrupted)


def test_what_is_printed_is_kept_from_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    reply = caller(lambda x: print("hello") or x)([0.5], "float", False)
    assert reply.printed == "hello"
    assert reply.values == (0.5,)
    assert capsys.readouterr().out == ""


def test_warnings_of_a_function_do_not_fail_it() -> None:
    assert caller(lambda x: np.log(x - 0.5))([0.5], "numpy", False).values == (-np.inf,)


def test_tensors_come_with_gradients_and_none_where_nothing_depends() -> None:
    reply = caller(lambda x, y: (x**2).sum())([(1.0, 3.0), 2.0], "torch", True)
    assert reply.values == (10.0,)
    assert reply.gradient == ((2.0, 6.0), None)
    assert caller(lambda x: x.detach())([1.0], "torch", True).gradient is None


def test_arguments_may_be_changed_in_place() -> None:
    assert caller(lambda x: x.add_(1.0))([1.0], "torch", True).gradient == ((1.0,),)


def test_the_dtype_is_told() -> None:
    assert caller(lambda x: x.float())([1.0], "torch", False).dtype == "float32"
    assert caller(lambda x: np.float32(x))([1.0], "float", False).dtype == "float32"
    assert caller(lambda x: 3)([1.0], "float", False).dtype == "float64"


def test_what_is_changed_in_place_is_told() -> None:
    def scaled(x: Any) -> Any:
        x[0] = 3.0
        return 1.0

    assert all(called(scaled, [(1.0, 2.0)], kind, False).changed for kind in ("torch", "numpy", "float"))
    assert not any(called(scaled, [(3.0, 2.0)], kind, False).changed for kind in ("torch", "numpy", "float"))
    assert not called(lambda x: x + math.nan, [0.5], "float", False).changed
