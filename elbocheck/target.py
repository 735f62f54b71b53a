"""A user's object by TARGET, ``file.py:name`` or ``package.module:name``; what goes wrong is one line with place and remedy."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from difflib import get_close_matches
from functools import reduce
from pathlib import Path
from types import ModuleType
from typing import Any


class TargetError(Exception):
    """A target that cannot be loaded; one line that names the file, the line in it where there is one, and a remedy."""


def load(target: str) -> Any:
    """The object that a target names; its module is executed, as if imported.

    Parameters
    ----------
    target : str
        ``file.py:name``, or ``package.module:name`` with the package installed or in the working directory. The name
        may have dots, as in ``Model.kl``.

    Raises
    ------
    TargetError
        If the target has no name, the file or module is missing, does not parse or raises, or has no such name.

    Notes
    -----
    A file's folder is put first on the search path, as for a script, so that it can import its neighbours.

    Examples
    --------
    >>> load("math:hypot")(3.0, 4.0)
    5.0
    >>> load("math:hypo")
    Traceback (most recent call last):
        ...
    elbocheck.target.TargetError: math has no 'hypo'; nearest: hypot
    """
    source, colon, name = target.rpartition(":")
    if not colon or not source or not name or "/" in name or "\\" in name:
        raise TargetError(f"{target}: name a function as file.py:name or package.module:name")
    module = _of_file(Path(source)) if source.endswith(".py") else _of_package(source)
    try:
        return reduce(getattr, name.split("."), module)
    except AttributeError:
        raise TargetError(f"{source} has no {name!r}{_nearest(name, module)}") from None


def fault(error: BaseException, file: str = "") -> str:
    """What was raised, in one line: the type, the message, and the line of ``file`` that it came through last.

    Examples
    --------
    >>> fault(KeyError("scale"))
    "raises KeyError: 'scale'"
    """
    message = " ".join(_message(error).split())
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    place = f" at {file}:{lines[-1]}" if lines else ""
    return f"raises {type(error).__name__}{place}" + (f": {message}" if message else "")


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - a user's exception may fail even at saying what it is
        return "(its message cannot be read)"


def _of_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise TargetError(f"{path}: {'is a folder' if path.is_dir() else 'no such file'}")
    file = path.resolve()
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = sys.modules.get(file.stem)
    sys.modules[file.stem] = module  # dataclasses and typing look their module up
    sys.path.insert(0, str(file.parent))
    try:
        spec.loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever a user's file raises, SystemExit included
        sys.path.remove(str(file.parent))
        sys.modules.pop(file.stem)
        if before is not None:
            sys.modules[file.stem] = before
        raise TargetError(_while_loading(str(path), str(file), error)) from None
    return module


def _of_package(name: str) -> ModuleType:
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise TargetError(_while_loading(name, "", error)) from None
        raise TargetError(f"no module named {error.name}") from None
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - as for a file
        raise TargetError(_while_loading(name, "", error)) from None


def _while_loading(source: str, file: str, error: BaseException) -> str:
    if isinstance(error, SyntaxError) and error.filename:
        shown = source if error.filename == file else error.filename
        return f"{shown}:{error.lineno}: does not parse: {error.msg}"
    remedy = "; name it as package.module:name" if "relative import" in str(error) else ""
    return f"{source}: loading it {fault(error, file)}{remedy}".replace(file or source, source)


def _nearest(name: str, module: ModuleType) -> str:
    names = [n for n in vars(module) if not n.startswith("_")]
    near = get_close_matches(name, names, n=3) or [n for n in names if callable(getattr(module, n))][:3]
    return f"; nearest: {', '.join(near)}" if near else ""
