"""A table goes into its own section of the page, with the command that wrote it, and nowhere else."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from section import PAGE, insert

NAMES = ("train-cpu", "train-cuda", "covariance")


@pytest.mark.parametrize("name", NAMES)
def test_a_table_goes_into_its_section_alone(name: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    changed = insert(page, name, "python benchmarks/x.py", "| a |")
    assert f"<!-- {name} -->\n```console\n$ python benchmarks/x.py\n```\n\n| a |\n\n<!-- /{name} -->" in changed
    for other in set(NAMES) - {name}:
        part = lambda text, other=other: text[text.index(f"<!-- {other} -->") : text.index(f"<!-- /{other} -->")]
        assert part(changed) == part(page)
    assert insert(changed, name, "python benchmarks/x.py", "| a |") == changed


def test_a_section_that_is_not_there_once_is_an_error() -> None:
    with pytest.raises(ValueError, match="0 places for 'other', not one"):
        insert(PAGE.read_text(encoding="utf-8"), "other", "", "")
