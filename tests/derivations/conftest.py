"""The seed and the working precision that the tests of this folder share."""

import os

import flint
import pytest

from .finite_model import DIGITS


@pytest.fixture(scope="session")
def seed() -> int:
    """Seed of every random test; the tests hold for any."""
    return int(os.environ.get("ELBOCHECK_TEST_SEED", "0"))


@pytest.fixture
def precise():
    """Balls of the finite models hold 120 digits."""
    previous = flint.ctx.dps
    flint.ctx.dps = DIGITS
    yield
    flint.ctx.dps = previous
