"""The exercise's notebook runs from top to bottom in a fresh process, and shows what it gives."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = ROOT / "docs" / "exercise.ipynb"


def cells() -> list[dict[str, object]]:
    return [cell for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]


def run(program: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(program)], capture_output=True, text=True, check=False, cwd=ROOT)


def test_every_cell_runs() -> None:
    done = run(ROOT / "docs" / "notebook.py")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{len(cells())} cells ran\n"


def test_the_outputs_are_there_and_small() -> None:
    assert all(cell["outputs"] for cell in cells()[1:])  # the first one imports
    assert NOTEBOOK.stat().st_size < 300_000


def test_a_cell_that_fails_is_named(tmp_path: Path) -> None:
    (tmp_path / "notebook.py").write_text((ROOT / "docs" / "notebook.py").read_text(encoding="utf-8"))
    wrong = [{"cell_type": "code", "source": ["x = 1"]}, {"cell_type": "code", "source": ["x\n", "assert x == 2"]}]
    (tmp_path / "exercise.ipynb").write_text(json.dumps({"cells": wrong}))
    done = run(tmp_path / "notebook.py")
    assert done.returncode == 1
    assert 'File "cell 2", line 2' in done.stderr
    assert "AssertionError" in done.stderr
