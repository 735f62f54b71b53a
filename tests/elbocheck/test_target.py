"""Loading a target: what it finds, and one line for each thing that can go wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from elbocheck.target import TargetError, load

SOUND = """
from dataclasses import dataclass

@dataclass
class Model:
    scale: float = 2.0

    @staticmethod
    def kl(x):
        return x + 1

def kl(x):
    return x

constant = 3
"""


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


def wrote(name: str, text: str) -> str:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text)
    return name


def test_a_file_gives_its_functions_methods_and_constants() -> None:
    file = wrote("sub/my_kl.py", SOUND)
    assert load(f"{file}:kl")(5) == 5
    assert load(f"{file}:Model.kl")(5) == 6
    assert load(f"{file}:constant") == 3


def test_a_file_imports_its_neighbours() -> None:
    wrote("sub/neighbour_of_kl.py", "value = 7")
    assert load(f"{wrote('sub/my_kl.py', 'from neighbour_of_kl import value')}:value") == 7


def test_a_package_in_the_working_directory_is_found() -> None:
    wrote("my_package/__init__.py", "")
    wrote("my_package/inner.py", "value = 8")
    wrote("my_package/outer.py", "from .inner import value")
    assert load("my_package.outer:value") == 8


@pytest.mark.parametrize(
    ("target", "text", "says"),
    [
        ("kl", "", "kl: name a function as file.py:name or package.module:name"),
        ("kl.py", "x = 1", "kl.py: name a function as file.py:name or package.module:name"),
        ("kl.py:", "x = 1", "kl.py:: name a function as file.py:name or package.module:name"),
        (":kl", "", ":kl: name a function as file.py:name or package.module:name"),
        ("C:/code/kl.py", "", "C:/code/kl.py: name a function as file.py:name or package.module:name"),
        ("absent.py:kl", "", "absent.py: no such file"),
        ("kl.py:kl_div", "def kl_dif(x): pass", "kl.py has no 'kl_div'; nearest: kl_dif"),
        ("kl.py:zzz", "def first(x): pass", "kl.py has no 'zzz'; nearest: first"),
        ("kl.py:kl", "x = 1\ndef kl(:\n", "kl.py:2: does not parse: invalid syntax"),
        ("kl.py:kl", "x = 1\ny = 1 / 0\n", "kl.py: loading it raises ZeroDivisionError at kl.py:2: division by zero"),
        ("kl.py:kl", "import sys\nsys.exit(4)\n", "kl.py: loading it raises SystemExit at kl.py:2: 4"),
        ("kl.py:kl", "import absent_module\n", "kl.py: loading it raises ModuleNotFoundError at kl.py:1: No module"),
        ("kl.py:kl", "from .other import f\n", "name it as package.module:name"),
        ("absent_module:kl", "", "no module named absent_module"),
        ("math.absent:kl", "", "no module named math.absent"),
        ("kl:kl", "kl = 1", ""),
    ],
)
def test_what_goes_wrong_is_one_line(target: str, text: str, says: str) -> None:
    if text:
        wrote("kl.py", text)
    if not says:
        assert load(target) == 1
        return
    with pytest.raises(TargetError) as caught:
        load(target)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_syntax_error_in_a_neighbour_names_the_neighbour() -> None:
    wrote("broken_neighbour.py", "x = (\n")
    wrote("kl.py", "import broken_neighbour\n")
    with pytest.raises(TargetError, match=r"broken_neighbour\.py:1: does not parse"):
        load("kl.py:kl")


def test_a_folder_is_named() -> None:
    Path("folder.py").mkdir()
    with pytest.raises(TargetError, match=r"folder\.py: is a folder"):
        load("folder.py:kl")


def test_a_file_that_fails_leaves_no_module_behind() -> None:
    wrote("kl_that_fails.py", "raise ValueError('no')")
    before = list(sys.path)
    with pytest.raises(TargetError, match="raises ValueError"):
        load("kl_that_fails.py:kl")
    assert "kl_that_fails" not in sys.modules
    assert sys.path == before


def test_a_file_that_fails_leaves_the_module_of_its_name_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = ModuleType("mine")
    monkeypatch.setitem(sys.modules, "mine", before)
    (tmp_path / "mine.py").write_text("raise RuntimeError")
    with pytest.raises(TargetError, match="loading it raises RuntimeError"):
        load(f"{tmp_path}/mine.py:kl")
    assert sys.modules["mine"] is before
    assert str(tmp_path) not in sys.path
