"""What a user points at: ``file.py:name`` or ``package.module:name``."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any


class TargetError(Exception):
    """A target that cannot be had; one line that names the file, the place and the remedy."""


def load(target: str) -> Any:
    """Import the file or module of a target, and return what it names.

    The folder of a file, or the working directory, can be imported from, as when Python runs a script.

    Raises
    ------
    TargetError
        If the target is not written as above, is not there, raises when imported, or lacks the name.

    Examples
    --------
    >>> load("math:tau")
    6.283185307179586
    """
    place, separator, name = target.rpartition(":")
    if not (separator and place and name):
        raise TargetError(f"{target}: write file.py:name or package.module:name")
    value: Any = _imported(place)
    for part in name.split("."):
        try:
            value = getattr(value, part)
        except AttributeError as error:
            known = (
                ", ".join(sorted(n for n in vars(value) if not n.startswith("_"))[:12])
                if hasattr(value, "__dict__")
                else ""
            )
            raise TargetError(f"{place} has no {name}" + (f"; it has {known}" if known else "")) from error
    return value


def _imported(place: str) -> ModuleType:
    path = Path(place)
    if place.endswith(".py") and not path.is_file():
        raise TargetError(f"{place}: no such file")
    folder = str(path.resolve().parent) if place.endswith(".py") else str(Path.cwd())
    sys.path.insert(0, folder)
    try:
        return _module_of(path) if place.endswith(".py") else importlib.import_module(place)
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # the user's code may raise anything, SystemExit included
        raise TargetError(f"{_where(error, place)}: {type(error).__name__}: {error}") from error


def _module_of(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # dataclasses and pickles look their module up
    spec.loader.exec_module(module)
    return module


def _where(error: BaseException, place: str) -> str:
    """The last line of the user's file that the error passed through."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f.lineno for f in frames if place.endswith(".py") and Path(f.filename).name == Path(place).name]
    return f"{place}:{lines[-1]}" if lines else place
