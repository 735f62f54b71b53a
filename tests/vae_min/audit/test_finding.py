"""Codes are data: each has a rank and a remedy; a code that is not there is an error."""

import re

import pytest

from vae_min.audit.finding import KINDS, Finding


def test_every_code_is_kebab_case_with_a_rank_and_a_remedy_of_one_line() -> None:
    for code, kind in KINDS.items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", code)
        assert kind.rank in ("error", "note")
        assert kind.remedy
        assert "\n" not in kind.remedy


def test_a_finding_takes_rank_and_remedy_from_its_code() -> None:
    f = Finding("grey-values", "m", "e")
    assert (f.rank, f.remedy) == KINDS["grey-values"]
    with pytest.raises(KeyError, match="no-such-code"):
        Finding("no-such-code", "m", "e")
