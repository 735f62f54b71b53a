"""The assertions: each passes what is right, and fails its wrong twin for the stated reason."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest

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
    ],
)
def test_draws_that_can_assert_nothing_are_an_error(rows: np.ndarray, expected: float, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        assert_mean(rows, expected, detects=0.1)


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


def test_a_gradient_in_parameters_that_cannot_change_alone_is_refused() -> None:
    table = ("categorical", ((0.25, 0.75, 0.0),))
    with pytest.raises(ValueError, match=r"the entries of q\.probs do not change one by one"):
        assert_unbiased_gradient(np.zeros((10, 3)), table, table, detects=1.0)
