"""The page on audits: its gallery holds every code, and shows what the tool says."""

import random
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs"))

from gallery import BITS, EXAMPLES, Example, audit, page_of, said, spec_of

from vae_min.audit.finding import KINDS

CHECKED = 6  # examples run in each test session; the command writes them all


def test_every_code_has_its_example():
    assert {example.code for example in EXAMPLES} == set(KINDS)


@pytest.mark.parametrize("example", random.Random(0).sample(EXAMPLES, CHECKED), ids=lambda example: example.code)
def test_an_example_of_the_page_is_what_the_tool_says(example):
    page = (ROOT / "docs" / "audit.md").read_text("utf-8")
    assert page_of([(example, said(example))]) in page


def test_the_right_program_of_a_base_has_no_finding_of_rank_error():
    bases = {example.base: example for example in EXAMPLES}
    assert len(bases) > 5
    for base in random.Random(0).sample(sorted(bases), 3):
        outcome = audit(spec_of(base))
        assert outcome.verdict == "elbo"
        assert [f.code for f in outcome.findings if f.rank == "error"] == []


def test_an_example_whose_line_is_not_there_once_is_an_error():
    with pytest.raises(ValueError, match="kl-sign: 0 places for 'absent', not one"):
        _ = Example("kl-sign", BITS, "absent", "").text
