"""The corpus: nothing false is proved, nothing true is refuted, and nearly everything is decided."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from corpus import CORPUS, Outcome, outcomes, report

FILES = sorted(p for p in CORPUS.iterdir() if p.suffix in (".tex", ".md"))
FOUND: dict[str, list[Outcome]] = {}


def of(path):
    if path.name not in FOUND:
        FOUND[path.name] = list(outcomes(path))
    return FOUND[path.name]


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_no_verdict_is_wrong(path):
    found = of(path)
    assert found
    assert not [o.judgement for o in found if o.wrong]


def test_nearly_all_is_decided():
    found = [o for path in FILES for o in of(path)]
    counts = {e: sum(o.expected == e for o in found) for e in ("true", "false", "open")}
    assert counts["false"] >= 50
    assert counts["true"] + counts["false"] >= 150
    for expected in ("true", "false"):
        decided = sum(o.decided for o in found if o.expected == expected)
        assert decided >= 0.95 * counts[expected], report(found, every=False)


def test_marks_are_read(tmp_path):
    path = tmp_path / "notes.tex"
    path.write_text("$p(x) = p(x)$ and $p(x) = 2 p(x)$ % false 2: twice\n$p(x) = 3 p(x)$ % open: who knows\n", "utf-8")
    assert [o.expected for o in outcomes(path)] == ["true", "false", "open"]
    (first, second, third) = outcomes(path)
    assert (first.wrong, second.wrong, third.wrong) == (False, False, True)
