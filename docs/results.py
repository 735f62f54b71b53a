"""Put the table that `elbocheck verify` wrote into the documentation and the README: ``make results``."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))

from section import between

if __name__ == "__main__":
    table = Path(sys.argv[1]).read_text(encoding="utf-8")
    (ROOT / "docs" / "generated" / "verify.md").write_text(table, encoding="utf-8")
    readme = ROOT / "README.md"
    readme.write_text(between(readme.read_text(encoding="utf-8"), "table", f"\n{table}\n"), encoding="utf-8")
