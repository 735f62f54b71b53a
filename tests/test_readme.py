"""The README says what is so: its commands exist, its table is the generated one."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COPIED = ("results.py", "section.py")


def test_the_table_is_the_generated_one() -> None:
    table = (ROOT / "docs" / "generated" / "verify.md").read_text(encoding="utf-8")
    assert f"<!-- table -->\n\n{table}\n<!-- /table -->" in README
    assert README.count("<!-- table -->") == 1


def test_the_generated_table_goes_into_the_readme(tmp_path: Path) -> None:
    for folder in ("docs", "benchmarks"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=lambda _, names: [n for n in names if n not in COPIED])
    (tmp_path / "docs" / "generated").mkdir()
    (tmp_path / "README.md").write_text(README, encoding="utf-8")
    (tmp_path / "table.md").write_text("| other |", encoding="utf-8")
    subprocess.run([sys.executable, tmp_path / "docs" / "results.py", tmp_path / "table.md"], check=True)
    assert (tmp_path / "docs" / "generated" / "verify.md").read_text(encoding="utf-8") == "| other |"
    assert "<!-- table -->\n\n| other |\n<!-- /table -->" in (tmp_path / "README.md").read_text(encoding="utf-8")


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
