"""The README says what is so: its commands exist, its table is the generated one."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def insert(table: str, readme: str) -> str:
    specification = importlib.util.spec_from_file_location("results", ROOT / "docs" / "results.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return str(module.insert(table, readme))


def test_the_table_is_the_generated_one() -> None:
    table = (ROOT / "docs" / "generated" / "verify.md").read_text(encoding="utf-8")
    assert insert(table, README) == README
    assert insert(table.replace("confirmed", "proved"), README) != README


def test_the_table_has_exactly_one_place() -> None:
    with pytest.raises(ValueError, match="0 places for the table"):
        insert("", README.replace("<!-- table -->", ""))


def test_the_first_two_commands_are_what_ci_and_the_workflow_run() -> None:
    commands = re.findall(r"^\$ (make \w+)", README, re.MULTILINE)
    assert commands == ["make verify", "make test"]
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert all(command in workflow for command in commands)


def test_every_make_command_is_a_target() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    documents = [README, *(p.read_text(encoding="utf-8") for p in (ROOT / "docs").glob("*.md"))]
    named = {c for text in documents for c in re.findall(r"(?:`|\$ )make (\w+)", text)}
    assert named <= targets
    assert {"verify", "test"} <= named
