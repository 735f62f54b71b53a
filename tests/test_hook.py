"""The pre-commit hook: what is refuted or cannot be read fails a commit, what is undecided does not."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CASES = {
    "proved": (r"$\log p(x,z) = \log p(x|z) + \log p(z)$", True),
    "unparsed": (r"$\log p(x) = \heartsuit$", True),
    "refuted": (r"$\log p(x,z) = \log p(x|z) - \log p(z)$", False),
    "missing": (None, False),
}


@pytest.mark.skipif(os.name != "posix", reason="the hook needs a POSIX shell")
@pytest.mark.parametrize("case", CASES)
def test_the_hook(case, tmp_path):
    text, passes = CASES[case]
    if text is not None:
        (tmp_path / "notes.md").write_text(text)
    program = tmp_path / "bin" / "elbocheck"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m elbocheck "$@"\n')
    program.chmod(0o755)
    (entry,) = re.findall(r"^  entry: (.*)$", (ROOT / ".pre-commit-hooks.yaml").read_text(), re.MULTILINE)
    environment = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    finished = subprocess.run(
        [*shlex.split(entry), "notes.md"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (finished.returncode == 0) is passes
    assert case in finished.stdout or "No such file" in finished.stderr
