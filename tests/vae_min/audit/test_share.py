"""Shares of elements that follow a term."""

import pytest
import torch

from vae_min.audit.share import share

TERM = torch.linspace(0.3, 2.0, 40, dtype=torch.float64)


@pytest.mark.parametrize(
    ("factor", "partial"),
    [
        (torch.ones(40), False),
        (torch.where(TERM > 1, 0.0, 1.0), True),
        (torch.where(TERM > 1, -1.0, 1.0), True),
        (torch.where(TERM > 1, TERM, 1.0), False),  # another law beyond 1, no clamp
        (torch.zeros(40), False),
        (TERM, False),
    ],
)
def test_only_a_clamp_or_a_mirror_is_partial(factor, partial) -> None:
    assert share(3 * factor * TERM, TERM).partial is partial


def test_the_weight_is_that_of_those_that_follow() -> None:
    s = share(torch.where(TERM > 1, 0.0, 3.0) * TERM, TERM)
    assert s.weight == pytest.approx(3.0, rel=1e-9, abs=0)
    assert s.follow == pytest.approx(float((TERM <= 1).double().mean()), rel=1e-9, abs=0)
