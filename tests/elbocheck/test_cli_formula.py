"""`elbocheck formula`: exit codes, JSON and nothing else, and one line for each input that it cannot use."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from elbocheck import cli
from elbocheck.family import FAMILIES

FILE = """
import math, time

def right(q, p):
    print("noise")
    return math.log(q / p) + p / q - 1

def swapped(q, p):
    return math.log(p / q) + q / p - 1

def rounded(q, p):
    return math.log(q / p + 1e-7) + p / q - 1

def entropy(rate):
    return 1 - math.log(rate)

def not_a_number(q, p):
    return math.nan

def imaginary(q, p):
    return 1j

def shape(q, p):
    return [[1.0, 2.0]]

def raises(q, p):
    raise RuntimeError("not today")

def hangs(q, p):
    time.sleep(1000)
"""
EXPONENTIALS = ("--q", "exponential", "--p", "exponential")


@pytest.fixture(autouse=True)
def _formulas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "f.py").write_text(FILE)
    (tmp_path / "broken.py").write_text("def kl(:\n")
    monkeypatch.chdir(tmp_path)


def formula(*arguments: str) -> int:
    """Exit code of a run in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["elbocheck", "formula", *arguments])
        with pytest.raises(SystemExit) as exit_:
            cli.main()
    return int(exit_.value.code or 0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "code", "says"),
    [
        ("right", 0, "f.py:right: confirmed: KL(exponential || exponential), called with (q.rate, p.rate)"),
        ("swapped", 1, "q and p are swapped: it is KL(p || q)"),
        ("rounded", 3, "an epsilon inside a logarithm"),
        ("not_a_number", 1, "returns nan; right is"),
    ],
)
def test_the_exit_code_is_the_verdict(name: str, code: int, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert formula(f"f.py:{name}", *EXPONENTIALS) == code
    out, err = capsys.readouterr()
    assert says in out
    assert err == ""


def test_json_is_one_document_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    assert formula("f.py:right", *EXPONENTIALS, "--json") == 0
    right = json.loads(capsys.readouterr().out)
    assert (right["verdict"], right["counterexample"], right["diagnosis"]) == ("confirmed", None, [])
    assert {w["verdict"] for w in right["witnesses"]} == {"confirmed"}
    assert "prints when it is called: 'noise'" in right["notes"]
    assert formula("f.py:swapped", *EXPONENTIALS, "--json") == 1
    wrong = json.loads(capsys.readouterr().out)
    assert wrong["verdict"] == "refuted"
    assert set(wrong["counterexample"]["arguments"]) == {"q.rate", "p.rate"}
    assert wrong["diagnosis"][0] == "q and p are swapped: it is KL(p || q)"


def test_an_entropy_takes_one_family(capsys: pytest.CaptureFixture[str]) -> None:
    assert formula("f.py:entropy", "--q", "exponential", "--quantity", "entropy") == 0
    assert "the entropy of exponential" in capsys.readouterr().out


def test_the_families_are_listed_with_the_order_of_their_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    assert formula("--families") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(FAMILIES)
    assert any(line.split(maxsplit=1) == ["normal", "loc: real; scale: positive"] for line in lines)
    assert formula("--families", "--json") == 0
    assert json.loads(capsys.readouterr().out)["gamma"][1] == {"name": "rate", "domain": "positive"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "formula needs a TARGET and --q FAMILY"),
        (("f.py:right", "--q", "normal"), "--quantity kl needs --p FAMILY"),
        (("f.py:entropy", *EXPONENTIALS, "--quantity", "entropy"), "--p does not go with --quantity entropy"),
        (("f.py:right", "--q", "exponentail", "--p", "normal"), "no family 'exponentail'; nearest: exponential"),
        (("f.py:right", "--q", "normal", "--p", "poisson"), "do not live on one space"),
        (("f.py:right", "--q", "normal", "--p", "gamma"), "is infinite: q has mass where p has none"),
        (
            ("f.py:right", "--q", "beta", "--p", "inverse_gamma"),
            "no certified enclosure of KL(beta || inverse_gamma)",
        ),
        (("f.py:right", "--q", "normal", "--p", "normal"), "f.py:right takes (q, p), but is called with 4: q.loc"),
        (("absent.py:kl", *EXPONENTIALS), "absent.py: no such file"),
        (("broken.py:kl", *EXPONENTIALS), "broken.py:1: does not parse"),
        (("f.py:rihgt", *EXPONENTIALS), "f.py has no 'rihgt'; nearest: right"),
        (("f.py:imaginary", *EXPONENTIALS), "f.py:imaginary: returns the complex number 1j, not a real number"),
        (("f.py:shape", *EXPONENTIALS), "f.py:shape: returns the shape (1, 2), called with q.rate ="),
        (("f.py:raises", *EXPONENTIALS), "raises RuntimeError at"),
        (("f.py:hangs", *EXPONENTIALS, "--time-limit", "0.5"), "did not end within 0.5 s (--time-limit)"),
    ],
)
def test_what_it_cannot_use_is_one_line_and_exit_2(
    arguments: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert formula(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("elbocheck: ")
    assert err.count("\n") == 1
    assert says in err
