"""The budget is shared, never exceeded, and the table says what was asserted."""

from __future__ import annotations

import math

import pytest

from elbocheck.ledger import SHARES, Entry, Ledger, table


def test_a_share_is_the_same_for_every_assertion_and_all_shares_are_the_budget() -> None:
    ledger = Ledger(1e-3)
    drawn = [ledger.draw(None) for _ in range(SHARES)]
    assert len(set(drawn)) == 1
    assert math.isclose(sum(drawn), 1e-3, rel_tol=1e-9)
    with pytest.raises(ValueError, match=r"error budget of 0\.001 is spent: .* raise elbocheck_budget or ask for less"):
        ledger.draw(1e-6)


def test_a_named_share_is_taken_from_the_same_budget() -> None:
    ledger = Ledger(1e-3)
    assert ledger.draw(6e-4) == 6e-4
    with pytest.raises(ValueError, match="is spent"):
        ledger.draw(6e-4)
    assert ledger.spent == 6e-4
    assert ledger.draw(3e-4) == 3e-4


@pytest.mark.parametrize("share", [0.0, -1e-9, 1.0, math.nan])
def test_a_share_is_a_probability(share: float) -> None:
    ledger = Ledger(1e-3)
    with pytest.raises(ValueError, match="raise elbocheck_budget or ask for less"):
        ledger.draw(share)
    assert ledger.spent == 0.0


def test_workers_may_spend_their_part_alone() -> None:
    worker = Ledger(1e-3, fraction=0.25)
    worker.draw(2.4e-4)
    with pytest.raises(ValueError, match="is spent"):
        worker.draw(2.4e-4)
    assert Ledger(1e-3).draw(4.8e-4) == 4.8e-4  # which a session of one process could


def test_beginning_again_forgets() -> None:
    ledger = Ledger(1e-3)
    ledger.draw(9e-4)
    ledger.record("a", "b", "confirmed")
    ledger.begin(1e-6, 1.0)
    assert (ledger.spent, ledger.entries, ledger.total) == (0.0, [], 1e-6)
    with pytest.raises(ValueError, match="is spent"):
        ledger.draw(9e-4)


def test_the_table_is_aligned() -> None:
    lines = table([Entry("kl is KL(q || p)", "off by <= 1e-16", "confirmed"), Entry("z", "off", "refuted")])
    assert lines == [
        "assertion         figure           outcome",
        "kl is KL(q || p)  off by <= 1e-16  confirmed",
        "z                 off              refuted",
    ]
