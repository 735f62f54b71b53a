"""Put the table that `elbocheck verify` wrote into the documentation and the README: ``make results``."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MARKED = re.compile(r"(<!-- table -->\n).*?(<!-- /table -->)", re.DOTALL)


def insert(table: str, readme: str) -> str:
    """`readme` with `table` between its two marks.

    Raises
    ------
    ValueError
        If the marks are not there, once.
    """
    changed, count = MARKED.subn(lambda match: f"{match[1]}\n{table}\n{match[2]}", readme)
    if count != 1:
        raise ValueError(f"README.md has {count} places for the table, not one")
    return changed


if __name__ == "__main__":
    table = Path(sys.argv[1]).read_text(encoding="utf-8")
    (ROOT / "docs" / "generated" / "verify.md").write_text(table, encoding="utf-8")
    readme = ROOT / "README.md"
    readme.write_text(insert(table, readme.read_text(encoding="utf-8")), encoding="utf-8")
