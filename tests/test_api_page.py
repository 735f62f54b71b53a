"""The page of the API is the generated one: it shows each module that has something public."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs"))

import api


def test_the_page_is_what_the_command_writes() -> None:
    names = api.modules(ROOT)
    assert len(names) > 200
    written = api.PAGE.read_text("utf-8")
    assert written == api.page(written, names), "run: python docs/api.py"
    assert written != api.page(written, names[1:])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("def f(): ...", True),
        ("class C: ...", True),
        ("NAME: int = 1", True),
        ("LEFT = RIGHT = 1", True),
        ("def _f(): ...", False),
        ("from numerics import normal", False),
        ("_A = 1", False),
    ],
)
def test_a_module_is_shown_if_it_has_a_public_name(text: str, shown: bool, tmp_path: Path) -> None:
    (tmp_path / "numerics" / "deep").mkdir(parents=True)
    (tmp_path / "numerics" / "deep" / "one.py").write_text(text)
    assert api.modules(tmp_path) == ["numerics.deep.one"] * shown


def test_the_command_line_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "elbocheck").mkdir()
    for name in ("cli", "cli_train", "__main__", "__init__", "client"):
        (tmp_path / "elbocheck" / f"{name}.py").write_text("def f(): ...")
    assert api.modules(tmp_path) == ["elbocheck.client"]
