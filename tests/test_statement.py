"""The page of statements is the generated one."""

import importlib.util
from pathlib import Path

from derivations.catalogue import DERIVATIONS

ROOT = Path(__file__).resolve().parent.parent


def test_the_page_is_what_the_command_writes() -> None:
    specification = importlib.util.spec_from_file_location("statement", ROOT / "docs" / "statement.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    written = module.PAGE.read_text(encoding="utf-8")
    assert written == module.page(), "run: python docs/statement.py"
    assert written.count("\n## ") + 1 == len(DERIVATIONS)
