"""What a test session asserted, and the false-alarm budget that its statistical assertions share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numerics.calibrated import Budget

SHARES = 1000  # statistical assertions that a session's budget pays for, unless they name their own share


@dataclass(frozen=True)
class Entry:
    """One assertion: what was asserted, what was found, its outcome."""

    assertion: str
    figure: str
    outcome: str


@dataclass
class Ledger:
    """The assertions of one session.

    Parameters
    ----------
    total : float
        Bound on the probability that any of the session's assertions about right code fails.
    fraction : float
        The part of it that this process may spend: workers of one session share the total.

    Examples
    --------
    >>> ledger = Ledger(1e-6)
    >>> f"{ledger.draw(None):.0e}"
    '1e-09'
    >>> ledger.draw(2e-6)
    Traceback (most recent call last):
        ...
    ValueError: error budget of 1e-06 is spent: 9.99e-07 left, 2e-06 asked; raise elbocheck_budget or ask for less
    """

    total: float = 1e-6
    fraction: float = 1.0
    entries: list[Entry] = field(default_factory=list)
    spent: float = 0.0
    _budget: Budget | None = None

    def begin(self, total: float, fraction: float) -> None:
        """Start again, with another budget."""
        self.total, self.fraction, self.spent, self._budget = total, fraction, 0.0, None
        self.entries.clear()

    def draw(self, share: float | None) -> float:
        """Reserve a share of the budget for one assertion: the total over `SHARES` if none is named.

        Raises
        ------
        ValueError
            If the share is not between 0 and 1, or more than is left.
        """
        from numerics.calibrated import Budget  # SciPy, which a suite that asserts nothing does not pay for

        self._budget = self._budget or Budget(self.total * self.fraction)
        try:
            drawn = self._budget.draw(self.total / SHARES if share is None else share)
        except ValueError as error:
            raise ValueError(f"{error}; raise elbocheck_budget or ask for less") from None
        self.spent += drawn
        return drawn

    def record(self, assertion: str, figure: str, outcome: str) -> None:
        """Enter an assertion into the table."""
        self.entries.append(Entry(assertion, figure, str(outcome)))  # workers send plain text


def table(entries: list[Entry]) -> list[str]:
    """The lines of the table that a session ends with."""
    rows = [("assertion", "figure", "outcome"), *((e.assertion, e.figure, e.outcome) for e in entries)]
    widths = [max(len(row[i]) for row in rows) for i in range(2)]
    return [f"{a:{widths[0]}}  {f:{widths[1]}}  {o}" for a, f, o in rows]


SESSION = Ledger()
"""The ledger of this process; the pytest plugin sets its budget and prints it."""
