"""The coefficients of a loss, and the residual that none of them avoids."""

from __future__ import annotations

import numpy as np
import pytest

from vae_min.audit.least_squares import fit, least_residual, still


def columns(seed: int, count: int, points: int = 48) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(points, count)) * 10.0 ** rng.uniform(-3, 3, count) + rng.normal(size=count)


@pytest.mark.parametrize("seed", range(5))
def test_the_coefficients_of_an_exact_sum_are_found(seed: int) -> None:
    first, second = columns(seed, 2), columns(seed + 100, 3)
    a, b = np.array([1.5, -0.25]), np.array([0.5, 2.0, -1.0])
    found, others, constant, residual = fit(first @ a + second @ b + 0.75, first, second)
    assert np.allclose(found, a, rtol=1e-6, atol=0)
    assert np.allclose(others, b, rtol=1e-6, atol=0)
    assert abs(constant - 0.75) < 1e-6
    assert residual < 1e-12
    assert fit(first @ a + second @ b + np.sin(np.arange(48)), first, second)[-1] > 1e-6


@pytest.mark.parametrize("seed", range(20))
def test_the_quick_look_is_what_the_whole_fit_leaves(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = columns(seed, 1 + seed % 2), columns(seed + 100, 4)
    loss = columns(seed + 200, 1)[:, 0]
    loss += loss.std() * first @ rng.normal(size=first.shape[1]) / first.std()
    coefficients, others, constant, residual = fit(loss, first, second)
    left = (first @ coefficients + second @ others + constant - loss).std() / loss.std()
    assert left > 1e-2
    assert least_residual(loss, second)(first) == pytest.approx(left, rel=1e-6, abs=0)
    assert left < residual


@pytest.mark.parametrize("seed", range(10))
def test_columns_that_depend_on_each_other_raise_no_bound(seed: int) -> None:
    first, second = columns(seed, 2), columns(seed + 100, 4)
    second[:, 1], second[:, 2] = 3 * first[:, 0] - second[:, 0], 0.25
    loss = columns(seed + 200, 1)[:, 0]
    coefficients, others, constant, _ = fit(loss, first, second)
    left = (first @ coefficients + second @ others + constant - loss).std() / loss.std()
    assert 0.5 * left < least_residual(loss, second)(first) < left * (1 + 1e-6)


@pytest.mark.parametrize("noise", [1e-4, 1e-7, 0.0])
def test_the_quick_look_refuses_nothing_that_fits(noise: float) -> None:
    first, second = columns(1, 2), columns(2, 5)
    loss = first @ np.array([1.0, 0.5]) + 0.5 * second @ (1 / second.std(0))
    loss += noise * loss.std() * np.sin(np.arange(48))
    assert least_residual(loss, second)(first) <= noise + 1e-11  # the sine is one candidate for what is left
    assert least_residual(loss, second[:, :-1])(first) > 1e-4


def test_a_column_too_large_for_a_variance_has_no_part() -> None:
    first, second = columns(3, 1), columns(4, 2)
    loss = 2 * first[:, 0] + second[:, 0]
    second[:, 1] = 1e300 * np.cos(np.arange(48))
    found, others, _, residual = fit(loss, first, second)
    assert np.allclose([*found, *others], [2.0, 1.0, 0.0], rtol=1e-9, atol=1e-12)
    assert residual < 1e-10
    assert least_residual(loss, second)(first) < 1e-10
    assert least_residual(loss, second[:, 1:])(first) > 1e-4


def test_rounding_is_no_variation() -> None:
    terms = np.array([[0.1 + 0.2, 1.0], [0.3, 1.0 + 1e-9]])
    assert still(terms).tolist() == [True, False]
