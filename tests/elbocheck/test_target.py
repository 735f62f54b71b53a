"""What a target names is loaded, and what is wrong with it is said in one line."""

import sys
from pathlib import Path

import pytest

from elbocheck.target import TargetError, load


@pytest.fixture(autouse=True)
def _clean_imports(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


def write(folder: Path, text: str, name: str = "target_file.py") -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def test_a_name_of_a_file_and_of_a_module(tmp_path: Path) -> None:
    file = write(tmp_path, "import target_beside\nclass A:\n    b = target_beside.c\n")
    write(tmp_path, "c = 7\n", "target_beside.py")
    assert load(f"{file}:A.b") == 7
    assert load("os.path:sep") == "/"


@pytest.mark.parametrize(
    ("text", "name", "match"),
    [
        ("a = 1", "b", "has no b; it has a$"),
        ("a = 1\nb = a / 0", "b", r"target_file.py:2: ZeroDivisionError"),
        ("a = (", "a", r"target_file.py:1: SyntaxError"),
        ("raise SystemExit(3)", "a", r"target_file.py:1: SystemExit"),
    ],
)
def test_a_faulty_file_is_named_with_its_line(tmp_path: Path, text: str, name: str, match: str) -> None:
    with pytest.raises(TargetError, match=match):
        load(f"{write(tmp_path, text)}:{name}")


@pytest.mark.parametrize(
    ("target", "match"),
    [
        ("model", "write file.py:name"),
        (":spec", "write file.py:name"),
        ("nowhere.py:spec", "nowhere.py: no such file"),
        ("nowhere_at_all.module:spec", "ModuleNotFoundError"),
    ],
)
def test_a_target_that_is_not_one(target: str, match: str) -> None:
    with pytest.raises(TargetError, match=match):
        load(target)
