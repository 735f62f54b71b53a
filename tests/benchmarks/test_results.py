"""The page of results has a place for each part, and a table says what was measured."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import results
from section import insert

from elbocheck.latent_space import LatentSpace


@pytest.mark.parametrize("part", results.PARTS)
def test_each_part_has_its_place(part: str) -> None:
    page = results.PAGE.read_text(encoding="utf-8")
    assert "| other |" in insert(page, part, "command", "| other |")


def test_a_cell_is_the_mean_and_the_range_over_the_seeds() -> None:
    spaces = [LatentSpace(d, 0.1, c, 5.0, 0.75) for d, c in ((1.0, 0.2), (3.0, 0.6))]
    table = results.latent_table({"VAE": spaces}, 0.02, 0.97, "digits")
    assert "| VAE | 2.00 (1.00 to 3.00) | 0.10 (0.10 to 0.10) | 40% (20% to 60%) |" in table
    assert "2 seeds" in table
