"""The pytest plugin: one false-alarm budget for a session, and the table of what was asserted.

Imports nothing but pytest and the ledger: a suite that does not use :mod:`elbocheck.testing` notices nothing.
"""

from __future__ import annotations

from dataclasses import astuple

import pytest

from elbocheck import ledger


def pytest_addoption(parser: pytest.Parser) -> None:
    """The budget, in the configuration file."""
    parser.addini(
        "elbocheck_budget",
        "probability that any assertion of elbocheck.testing fails on right code, for the whole session (default 1e-6)",
        default="1e-6",
    )


def pytest_configure(config: pytest.Config) -> None:
    """A new ledger for this session; workers of pytest-xdist share the budget equally."""
    text = config.getini("elbocheck_budget")
    try:
        total = float(text)
    except ValueError:
        total = 0.0
    if not 0 < total < 1:
        raise pytest.UsageError(f"elbocheck_budget must lie between 0 and 1, not {text!r}")
    workers = int(getattr(config, "workerinput", {}).get("workercount", 1))
    ledger.SESSION.begin(total, 1 / workers)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of pytest-xdist sends its entries to the process that prints."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["elbocheck"] = [list(astuple(e)) for e in ledger.SESSION.entries], ledger.SESSION.spent


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Take a worker's entries."""
    entries, spent = getattr(node, "workeroutput", {}).get("elbocheck", ([], 0.0))
    ledger.SESSION.entries += [ledger.Entry(*e) for e in entries]
    ledger.SESSION.spent += spent


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table, if anything was asserted."""
    session = ledger.SESSION
    if not session.entries:
        return
    terminalreporter.section("elbocheck")
    for line in ledger.table(session.entries):
        terminalreporter.write_line(line)
    spent = f"{session.spent:.1e} of {session.total:g}"
    terminalreporter.write_line(f"{len(session.entries)} assertions; false-alarm budget spent: {spent}")
