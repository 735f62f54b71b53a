"""The shape of a tail against draws of known shape, and what cannot be fitted."""

from __future__ import annotations

import math

import numpy as np
import pytest

from numerics import pareto_tail
from numerics.pareto_tail import pareto_shape, tail_length, threshold, weight_shape

SIZE, SETS = 400, 400


def pareto(shape: float, seed: int) -> np.ndarray:
    """Ascending draws of the generalised Pareto law with scale 2.5 by its quantile function, shape (SETS, SIZE)."""
    u = np.random.default_rng(seed).random((SETS, SIZE))
    return np.sort(2.5 * np.expm1(-shape * np.log1p(-u)) / shape, axis=1)


def drawn_to_half(shape: float) -> float:
    return (SIZE * shape + 5) / (SIZE + 10)


@pytest.mark.parametrize("shape", [-0.3, 0.2, 0.7, 1.4])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_mean_fit_of_many_sets_is_the_shape(shape: float, seed: int) -> None:
    fitted = pareto_shape(pareto(shape, seed))
    # the estimator's deviation is near (1 + k)/sqrt(M), its bias of the order of 1/M; false alarm 1e-8 for the mean
    allowed = 5.7 * (1 + abs(shape)) / math.sqrt(SIZE * SETS) + 3 * (1 + abs(shape)) / SIZE
    assert abs(fitted.mean() - drawn_to_half(shape)) < allowed
    assert abs(fitted.mean() - drawn_to_half(-shape)) > allowed  # the other sign convention
    assert abs(fitted.mean() - drawn_to_half(shape + 0.1)) > allowed


def test_the_scale_of_the_weights_does_not_matter() -> None:
    log_weights = np.log(pareto(0.6, 3)[:5] + 1.7)
    np.testing.assert_allclose(weight_shape(log_weights), weight_shape(log_weights - 5000.0), rtol=1e-9)


def test_weights_of_a_power_law_have_its_shape() -> None:
    """Weights u^(-k) have tail shape k; the cutoff is taken off before the fit."""
    rng = np.random.default_rng(5)
    for shape in (0.3, 0.9):
        log_weights = -shape * np.log(rng.random((SETS, 5000)))
        largest = np.sort(log_weights, axis=1)[:, -tail_length(5000) - 1 :]
        size = tail_length(5000)
        expected = (size * shape + 5) / (size + 10)
        assert abs(weight_shape(largest).mean() - expected) < 5.7 * (1 + shape) / math.sqrt(size * SETS) + 3 / size


def test_constant_tied_and_short_tails() -> None:
    constant, tied = np.full(20, 3.0), np.r_[np.full(19, 3.0), 4.0]
    plain = np.linspace(0, 1, 20)
    fitted = weight_shape(np.stack([constant, tied, plain]))
    assert fitted[0] == -math.inf
    assert math.isnan(fitted[1])
    assert fitted[2] == weight_shape(plain[None])[0]
    assert (weight_shape(np.zeros((2, pareto_tail._FEWEST))) == math.inf).all()


def test_few_draws_are_never_trusted() -> None:
    assert threshold(1) == -math.inf
    assert threshold(10) == 0.0
    assert threshold(10**6) == 0.7
