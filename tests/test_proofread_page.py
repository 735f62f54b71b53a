"""The page on proofreading shows what the tool says of its example."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_example_of_the_page(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "proofread.md").read_text("utf-8")
    (example,) = re.findall(r"````markdown\n(.*?)````", page, re.DOTALL)
    (shown,) = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    (tmp_path / "notes.md").write_text(example, "utf-8")
    finished = subprocess.run(
        [sys.executable, "-m", "elbocheck", "proofread", "notes.md"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.stdout == shown
    assert finished.returncode == 1
