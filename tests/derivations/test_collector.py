"""The collector is stopped for a while only, and proofs leave nothing to it."""

import gc

import pytest

from derivations.collector import paused
from derivations.kl_divergence import kl_normal_standard


@paused()
def mistaken():
    assert not gc.isenabled()
    raise ValueError("a mistake")


def test_it_goes_on_afterwards_whatever_happens():
    assert gc.isenabled()
    with pytest.raises(ValueError, match="a mistake"):
        mistaken()
    assert gc.isenabled()


def test_within_one_another_the_inner_one_does_not_start_it():
    with paused():
        with paused():
            pass
        assert not gc.isenabled()


def test_proofs_hold_no_cycles():
    """What the collector finds after a proof is far less than what a proof makes, a thousand theorems."""
    gc.collect()
    with paused():
        proved = kl_normal_standard.__wrapped__()
        assert gc.collect() < 100
    cycle = []
    cycle.append(cycle)
    del cycle
    assert gc.collect() == 1
    assert proved.steps
