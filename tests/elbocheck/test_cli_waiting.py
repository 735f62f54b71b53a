"""What takes long says where it is, and what does not says nothing."""

import time

import pytest

from elbocheck.cli_waiting import waiting


def _slow(seconds: float) -> None:
    time.sleep(seconds)


def test_work_that_takes_long_says_where_it_is(capsys) -> None:
    with waiting("the audit", patience=0.2):
        _slow(1.5)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("elbocheck: the audit takes longer than 0.2 s: ")
    assert len(lines) > 1
    assert lines[1].startswith("elbocheck: the audit takes longer than 0.4 s: ")
    assert all(f"_slow is at {__file__}:" in line and line.endswith("; Ctrl-C ends it") for line in lines)


def test_work_that_does_not_is_silent(capsys) -> None:
    with waiting("the audit", patience=30.0):
        _slow(0.0)
    assert capsys.readouterr().err == ""


def test_an_interruption_says_where_it_was(capsys) -> None:
    with pytest.raises(KeyboardInterrupt), waiting("the audit", patience=30.0):
        _interrupted()
    assert capsys.readouterr().err.startswith(f"elbocheck: the audit was interrupted: _interrupted is at {__file__}:")


def test_what_is_raised_otherwise_is_not_told_here(capsys) -> None:
    with pytest.raises(ZeroDivisionError, match="by zero"), waiting("the audit", patience=30.0):
        1 / 0  # noqa: B018
    assert capsys.readouterr().err == ""


def _interrupted() -> None:
    raise KeyboardInterrupt
