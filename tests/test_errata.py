"""The page of errata is what its command writes, and each relation that is said to hold a misprint is there, once."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs"))

import errata


@pytest.fixture(scope="module")
def judgements():
    return errata.judged()


def test_the_page_is_what_the_command_writes(judgements):
    assert errata.page(judgements) == (ROOT / "docs" / "errata.md").read_text("utf-8")


def test_another_verdict_changes_the_page(judgements):
    changed = [replace(j, verdict="undecided", message="") if j.verdict == "refuted" else j for j in judgements]
    assert errata.page(changed) != errata.page(judgements)
    assert "| the tool |" not in errata.page(changed)


def test_each_misprint_of_a_formula_is_in_one_relation_as_the_right_side(judgements):
    for misprint in errata.MISPRINTS:
        if misprint.formula:
            assert sum(misprint.formula in j.rhs for j in judgements) == 1


def test_only_what_is_misprinted_is_refuted(judgements):
    misprinted = [m.formula for m in errata.MISPRINTS if m.formula]
    refuted = [j.rhs for j in judgements if j.verdict == "refuted"]
    assert refuted
    assert all(any(m in rhs for m in misprinted) for rhs in refuted)
