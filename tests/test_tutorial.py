"""The tutorial's Python examples give what it says."""

import doctest
from pathlib import Path

TUTORIAL = Path(__file__).resolve().parent.parent / "docs" / "tutorial.md"


def test_the_examples_run() -> None:
    outcome = doctest.testfile(str(TUTORIAL), module_relative=False)
    assert outcome.attempted >= 8
    assert outcome.failed == 0


def test_a_wrong_example_would_fail(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.md"
    wrong.write_text(TUTORIAL.read_text(encoding="utf-8").replace("'0.5478", "'0.5479"), encoding="utf-8")
    assert doctest.testfile(str(wrong), module_relative=False, verbose=False).failed == 1
