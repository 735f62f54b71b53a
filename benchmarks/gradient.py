"""Relative errors of the gradients of the closed forms of the Kullback-Leibler divergence, as torch computes them.

    python -m benchmarks.gradient [--cases N] [--seed K] [--families NAME ...] [--write docs/gradient.md]

Every family is evaluated on N random pairs of distributions in three regimes and two dtypes, those of
`benchmarks.accuracy`; every component is compared with a central difference of the usual expression at hundreds of digits
(`tests/numerics/definition.py`). The numbers depend on the seed alone.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from benchmarks.accuracy import number
from tests.numerics.definition import gradient_errors
from tests.numerics.reference import CLAIM, FAMILIES, GRADIENT_CLAIM, REGIMES

COLUMNS = ("family", "regime", "dtype", "components", "worst error", "wrong", "not finite")


def rows(families: list[str], cases: int, seed: int) -> Iterator[tuple[str, ...]]:
    """One row for each family, regime and dtype."""
    for name in families:
        for regime in REGIMES:
            for dtype in CLAIM:
                errors = gradient_errors(name, regime, dtype, seed, cases)
                shares = (errors > GRADIENT_CLAIM[dtype], ~np.isfinite(errors))
                percent = (f"{100 * share.mean():.1f} %" for share in shares)
                yield name, regime, dtype.__name__, str(len(errors)), number(float(errors.max())), *percent


def main() -> int:
    parser = argparse.ArgumentParser(description="relative errors of gradients, against hundreds of digits")
    parser.add_argument("--cases", type=int, default=30, help="pairs of distributions per family, regime and dtype")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--families", nargs="*", default=list(FAMILIES))
    parser.add_argument("--write", type=Path, help="a Markdown file to write")
    options = parser.parse_args()
    torch.set_num_threads(1)
    table = []
    for row in rows(options.families, options.cases, options.seed):
        table.append(row)
        print(*row, sep=" | ", flush=True)
    if options.write:
        lines = [COLUMNS, tuple("---" if i < 3 else "--:" for i in range(len(COLUMNS))), *table]
        text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        command = f"python -m benchmarks.gradient --cases {options.cases} --seed {options.seed}"
        options.write.write_text(PAGE.format(command=command, table=text, cases=options.cases), encoding="utf-8")
    return 1 if any(row[5:] != ("0.0 %",) * 2 for row in table) else 0


PAGE = """# Accuracy of gradients

Relative errors of the gradients of the closed forms of the Kullback-Leibler divergence, as torch computes them, against
differences of their usual expressions at hundreds of digits; {cases} pairs of distributions in each row. Written by

```console
$ {command} --write docs/gradient.md
```

The regimes are those of the page on [accuracy](accuracy.md). *wrong*: errors above the claim, which is 1e-9 for float64
and 1e-6 for float32. Components whose true value the dtype cannot represent are left out.

{table}
"""

if __name__ == "__main__":
    sys.exit(main())
