"""The assertions: each passes what is right, and fails its wrong twin for the stated reason."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from elbocheck.ledger import SESSION, Ledger
from elbocheck.testing import assert_entropy, assert_kl, assert_mean, assert_unbiased_gradient
from numerics.quadratic_form import QuadraticForm

NORMAL = ("normal", (0.7, 0.4))
STANDARD = ("standard_normal", ())


@pytest.fixture(autouse=True)
def _session() -> Iterator[None]:
    before = vars(SESSION).copy()
    vars(SESSION).update(vars(Ledger()))
    yield
    vars(SESSION).update(before)


def kl(mu: float, sigma: float) -> float:
    return 0.5 * (mu**2 + sigma**2 - 1) - math.log(sigma)


def test_a_divergence() -> None:
    assert assert_kl(kl, "normal", "standard_normal").counterexample is None
    with pytest.raises(AssertionError, match=r"refuted: KL\(normal \|\| standard_normal\): .*sign is wrong.* right is"):
        assert_kl(lambda m, s: -kl(m, s), "normal", "standard_normal")
    assert [e.outcome for e in SESSION.entries] == ["confirmed", "refuted"]


def test_an_undecided_formula_is_not_a_pass() -> None:
    with pytest.raises(AssertionError, match=r"undecided: .* it agrees to"):
        assert_kl(lambda m, s: kl(m, s) + 1e-8 * m, "normal", "standard_normal")


def test_an_entropy() -> None:
    assert_entropy(lambda m, s: math.log(s * math.sqrt(2 * math.pi * math.e)), "normal")
    with pytest.raises(AssertionError, match=r"the term 1/2 is lost"):
        assert_entropy(lambda m, s: math.log(s * math.sqrt(2 * math.pi)), "normal")


@pytest.mark.parametrize("seed", range(10))
def test_a_mean(seed: int) -> None:
    rows = np.random.default_rng(seed).normal([0.7, -0.6], 1.0, (50_000, 2))
    outcomes = assert_mean(rows, [0.7, -0.6], detects=0.1)
    assert [o.guarantee for o in outcomes] == ["asymptotic", "asymptotic"]
    with pytest.raises(AssertionError, match=r"z: the mean of component 1 of 50000 draws is"):
        assert_mean(rows, [0.7, -0.5], detects=0.1, name="z")
    assert math.isclose(SESSION.spent, 2e-9, rel_tol=1e-9)


def test_a_known_law_gives_a_finite_sample_guarantee() -> None:
    rows = np.random.default_rng(0).normal(size=50_000)
    noise = QuadraticForm((0.0,), (1.0,))
    assert assert_mean(rows, 0.0, detects=0.1, law=noise)[0].guarantee == "finite-sample"
    with pytest.raises(AssertionError, match=r"outside .* around 0\.1"):
        assert_mean(rows, 0.1, detects=0.1, law=noise)


@pytest.mark.parametrize(
    ("rows", "expected", "says"),
    [
        (np.arange(100.0), 49.5, r"100 draws detect \d+, 0\.1 needs \d+"),
        (np.zeros((10, 2)), 0.0, r"not \(10, 2\), \(\)"),
        (np.zeros(1), 0.0, r"N >= 2"),
        (np.array([0.0, np.nan]), 0.0, "not finite"),
        (np.full(10, 1.0 + 1.0j), 1.0, "real numbers are needed, not an array of complex128"),
    ],
)
def test_draws_that_can_assert_nothing_are_an_error(rows: np.ndarray, expected: float, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        assert_mean(rows, expected, detects=0.1)


@pytest.mark.parametrize("detects", [0.0, -1.0, math.nan])
def test_a_discrepancy_to_detect_is_positive(detects: float) -> None:
    with pytest.raises(ValueError, match=r"detects must be positive, not"):
        assert_mean(np.zeros(10), 0.0, detects=detects)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_draws_without_variance_may_differ_by_roundings_alone(dtype: type) -> None:
    rows = np.full(1000, 0.1, dtype)
    assert_mean(rows, 0.1 + 4 * np.finfo(dtype).eps, detects=0.01)
    with pytest.raises(AssertionError, match=r"the mean of 1000 draws is 0\.1"):
        assert_mean(rows, 0.1 + 1e4 * np.finfo(dtype).eps, detects=0.01)


def pathwise(num_samples: int, seed: int) -> np.ndarray:
    """Derivatives of log q(z) - log p(z) at z = loc + scale * noise, in loc and scale."""
    noise = np.random.default_rng(seed).normal(size=num_samples)
    z = 0.7 + 0.4 * noise
    return np.stack([z, z * noise - 1 / 0.4], axis=1)


@pytest.mark.parametrize("seed", range(3))
def test_an_unbiased_gradient(seed: int) -> None:
    estimates = pathwise(100_000, seed)
    assert_unbiased_gradient(estimates, NORMAL, STANDARD, detects=0.05)
    cut = estimates + np.array([0.0, 1 / 0.4])  # the entropy's gradient is lost
    with pytest.raises(AssertionError, match=r"gradient of KL\(normal \|\| standard_normal\): the mean of component 1"):
        assert_unbiased_gradient(cut, NORMAL, STANDARD, detects=0.05)


def test_an_estimate_that_is_zero_for_every_draw_at_equality() -> None:
    same = ("dirichlet", ((0.7, 0.4, 0.6),))
    assert_unbiased_gradient(np.zeros((10, 3)), same, same, detects=0.05)
    with pytest.raises(AssertionError, match=r"the mean of component 0 of 10 draws is 1e-12"):
        assert_unbiased_gradient(np.full((10, 3), 1e-12), same, same, detects=0.05)


def test_parameters_may_be_tensors_and_their_number_is_checked() -> None:
    loc, scale = torch.tensor(0.7, dtype=torch.float64), torch.tensor(0.4, dtype=torch.float64, requires_grad=True)
    assert_unbiased_gradient(torch.from_numpy(pathwise(100_000, 0)), ("normal", (loc, scale)), STANDARD, detects=0.05)
    with pytest.raises(ValueError, match=r"normal takes 2 parameters \(loc, scale\), not 1"):
        assert_unbiased_gradient(pathwise(10, 0), ("normal", (loc,)), STANDARD, detects=0.05)


def test_a_gradient_in_parameters_that_cannot_change_alone_is_refused() -> None:
    table = ("categorical", ((0.25, 0.75, 0.0),))
    with pytest.raises(ValueError, match=r"the entries of q\.probs do not change one by one"):
        assert_unbiased_gradient(np.zeros((10, 3)), table, table, detects=1.0)
