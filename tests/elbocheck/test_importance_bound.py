"""Verdicts on importance-weighted bounds; on trained networks and wrong twins see `test_evaluation`."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from elbocheck.importance_bound import COUNTS, Bounds, bounds, check_below_evidence, check_monotone
from elbocheck.verdict import Verdict
from numerics.plane import Estimate
from vae_min.config import Config
from vae_min.model import VariationalAutoencoder

RATE = 1e-7


def drawn(*means: float, spread: float = 0.5) -> Bounds:
    noise = torch.randn(3, 20, 50, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return Bounds({k: mean + spread * rows for k, mean, rows in zip(COUNTS, means, noise, strict=True)})


@pytest.mark.parametrize(
    ("means", "verdict"),
    [
        ((-25, -24, -23.5), Verdict.confirmed),
        ((-25, -25, -25), Verdict.undecided),
        ((-25, -24, -24.01), Verdict.undecided),
        ((-25, -24, -24.5), Verdict.refuted),
    ],
)
def test_bounds_must_grow_by_more_than_their_error(means: tuple[float, float, float], verdict: Verdict) -> None:
    assert check_monotone(drawn(*means), RATE).verdict is verdict


def evidence(value: float, error: float = 1e-9) -> Estimate:
    return Estimate(torch.full((50,), value, dtype=torch.float64), torch.full((50,), error, dtype=torch.float64))


def test_a_bound_above_the_evidence_is_refuted_from_the_limit_of_markov() -> None:
    sure = drawn(-25, -24, -23, spread=0.0)
    limit = math.log(3 / RATE) / 1000 + 1e-9
    assert check_below_evidence(sure, evidence(-23 - 0.99 * limit), RATE).verdict is Verdict.confirmed
    finding = check_below_evidence(sure, evidence(-23 - 1.01 * limit), RATE)
    assert finding.verdict is Verdict.refuted
    assert "the bounds exceed it by -1.98, -0.983, 0.0174" in finding.detail
    assert check_below_evidence(sure, evidence(math.nan), RATE).verdict is Verdict.undecided
    assert check_below_evidence(sure, evidence(-23.1, math.inf), RATE).verdict is Verdict.undecided


def test_each_image_has_the_same_number_of_draws_each_its_own() -> None:
    model = VariationalAutoencoder(Config(hidden_sizes=(4,)), 5)
    x = torch.eye(5)[:3]
    seen: list[int] = []
    found = bounds(model, x, num_draws=100, advance=seen.append)
    assert sum(seen) == 3
    for rows in found.rows.values():
        assert rows.shape == (34, 3)
        assert len(_distinct(rows)) == 34 * 3
    # fewer samples, more spread: the bounds are not one and the same
    spreads = [float(rows.std(0).mean()) for rows in found.rows.values()]
    assert spreads[0] > spreads[1] > spreads[2]


def _distinct(rows: Tensor) -> set[float]:
    return set(rows.flatten().tolist())
