"""The page of statements is the generated one."""

import sys
from pathlib import Path

from derivations.catalogue import DERIVATIONS

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs"))

import statement


def test_the_page_is_what_the_command_writes() -> None:
    written = statement.PAGE.read_text(encoding="utf-8")
    assert written == statement.page(), "run: python docs/statement.py"
    assert written.count("\n## ") + 1 == len(DERIVATIONS)
