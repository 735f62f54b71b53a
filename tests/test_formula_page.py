"""The page on formulas shows what the tool says of its example."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_example_of_the_page(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "formula.md").read_text("utf-8")
    example, shown = (re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)[0] for language in ("python", "text"))
    (command,) = re.findall(r"`elbocheck (formula my_kl\.py:kl [^`]*)` prints", page)
    (tmp_path / "my_kl.py").write_text(example, "utf-8")
    finished = subprocess.run(
        [sys.executable, "-m", "elbocheck", *command.split()],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.stdout == shown
    assert finished.returncode == 1
