"""The pages on proofreading and on formulas show what the tool says of their examples."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def said(folder: Path, *arguments: str) -> tuple[str, int]:
    """What elbocheck prints in a folder, and its exit code."""
    finished = subprocess.run(
        [sys.executable, "-m", "elbocheck", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    return finished.stdout, finished.returncode


def test_the_example_of_proofreading(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "proofread.md").read_text("utf-8")
    (example,) = re.findall(r"````markdown\n(.*?)````", page, re.DOTALL)
    (shown,) = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    (tmp_path / "notes.md").write_text(example, "utf-8")
    assert said(tmp_path, "proofread", "notes.md") == (shown, 1)


def test_the_example_of_a_formula(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "formula.md").read_text("utf-8")
    example, shown = (re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)[0] for language in ("python", "text"))
    (command,) = re.findall(r"`elbocheck (formula my_kl\.py:kl [^`]*)` prints", page)
    (tmp_path / "my_kl.py").write_text(example, "utf-8")
    assert said(tmp_path, *command.split()) == (shown, 1)
