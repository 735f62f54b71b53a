"""One call of a user's function: its numbers, and one line for anything that is not a number."""

from __future__ import annotations

import copy
import io
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from elbocheck.target import fault

Value: TypeAlias = Any
"""An argument: a number, or nested tuples of numbers."""
Kind: TypeAlias = Literal["torch", "torch float32", "float", "numpy"]
Function: TypeAlias = Callable[..., Any]


@dataclass(frozen=True)
class Reply:
    """What came back: the numbers in C order with their shape and dtype, or a fault in one line.

    ``gradient`` has the derivatives of the numbers' sum in each argument, in C order; None for an argument that they do
    not depend on, and as a whole where the function is not differentiable by torch.
    ``changed`` tells whether the function has changed its arguments in place.
    """

    values: tuple[float, ...] = ()
    shape: tuple[int, ...] = ()
    dtype: str = "float64"
    is_tensor: bool = False
    gradient: tuple[tuple[float, ...] | None, ...] | None = None
    fault: str = ""
    printed: str = ""
    changed: bool = False


Caller: TypeAlias = Callable[[Sequence[Value], Kind, bool], Reply]
"""Calls the function under judgement: its arguments, what they are passed as, and whether derivatives are wanted."""


def caller(function: Function) -> Caller:
    """Calls in this process; without a time limit, and what the function does to the process stays done.

    Examples
    --------
    >>> caller(lambda x: 2 * x)([0.5], "float", False).values
    (1.0,)
    >>> caller(lambda x: x * 1j)([0.5], "float", False).fault
    'returns the complex number 0.5j, not a real number'
    """
    file = getattr(getattr(function, "__code__", None), "co_filename", "")
    return lambda arguments, kind, derivatives: called(function, arguments, kind, derivatives, file)


def called(function: Function, arguments: Sequence[Value], kind: Kind, derivatives: bool, file: str = "") -> Reply:
    """Call the function once.

    Parameters
    ----------
    function : callable
    arguments : sequence of number or nested tuples
    kind : {"torch", "torch float32", "float", "numpy"}
        Passed as float64 or float32 tensors, as numbers (and lists), or as float64 arrays.
    derivatives : bool
        Whether to differentiate, if tensors come back.
    file : str
        The function's file, so that a fault can name the line.

    Raises
    ------
    KeyboardInterrupt
        Nothing else that the function raises gets out: it is the reply's fault.
    """
    leaves = [_passed(a, kind) for a in arguments]
    # a function may change its arguments in place
    given = [leaf.clone() if is_tensor(kind) else copy.deepcopy(leaf) for leaf in leaves]
    printed = io.StringIO()
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"), redirect_stdout(printed), redirect_stderr(printed):
            warnings.simplefilter("ignore")
            reply = _read(function(*given), leaves if derivatives and is_tensor(kind) else [])
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever a user's function raises, SystemExit included
        reply = Reply(fault=fault(error, file))
    lines = printed.getvalue().split("\n")
    changed = any(_is_changed(*pair) for pair in zip(given, leaves, strict=True))
    return Reply(**{**vars(reply), "printed": lines[0][:80], "changed": changed})


def has_torch() -> bool:
    """Whether anything has imported torch: a function that has not does not take tensors."""
    return "torch" in sys.modules


def is_tensor(kind: Kind) -> bool:
    """Whether arguments are passed as tensors."""
    return kind in ("torch", "torch float32")


def _passed(value: Value, kind: Kind) -> Any:
    if is_tensor(kind):
        torch = sys.modules["torch"]
        return torch.tensor(value, dtype=torch.float64 if kind == "torch" else torch.float32, requires_grad=True)
    if kind == "numpy":
        return np.array(value, dtype=np.float64)[()]  # a number is no array of no axes
    return _listed(value)


def _is_changed(given: Any, leaf: Any) -> bool:
    """Whether an argument, or the shape of a tensor, is not what was passed."""
    if isinstance(given, list):
        return bool(given != leaf)
    same = given.shape == leaf.shape and (given == leaf).all() if hasattr(given, "shape") else given == leaf
    return not bool(same)


def _listed(value: Value) -> Any:
    return [_listed(entry) for entry in value] if isinstance(value, tuple | list) else value


def _read(result: Any, leaves: Sequence[Any]) -> Reply:
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(result, torch.Tensor):
        if result.is_complex() or result.dtype == torch.bool:
            return Reply(fault=f"returns a tensor of {result.dtype}")
        dtype = str(result.dtype).removeprefix("torch.") if result.is_floating_point() else "float64"
        numbers = tuple(result.detach().double().reshape(-1).tolist())
        return Reply(numbers, tuple(result.shape), dtype, True, _gradient(torch, result, leaves))
    if result is None or isinstance(result, str | bytes | bool | tuple | dict | set):
        return Reply(fault=f"returns {_named(result)}, not a number")
    array = np.asarray(result)
    if array.dtype.kind not in "fiu":
        shown = f"the complex number {result}" if array.dtype.kind == "c" and array.ndim == 0 else _named(result)
        return Reply(fault=f"returns {shown}, not a real number")
    dtype = array.dtype.name if array.dtype.kind == "f" else "float64"
    return Reply(tuple(array.astype(np.float64).reshape(-1).tolist()), array.shape, dtype)


def _named(result: Any) -> str:
    if result is None:
        return "None"
    length = f" of {len(result)}" if isinstance(result, tuple | dict | set) else ""
    kind = f" of {result.dtype}" if isinstance(result, np.ndarray) else ""
    return f"a {type(result).__name__}{length}{kind}"


def _gradient(torch: Any, result: Any, leaves: Sequence[Any]) -> tuple[tuple[float, ...] | None, ...] | None:
    if not leaves or not result.requires_grad:
        return None
    gradients = torch.autograd.grad(result.sum(), leaves, allow_unused=True)
    return tuple(None if g is None else tuple(g.double().reshape(-1).tolist()) for g in gradients)
