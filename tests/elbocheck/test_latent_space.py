"""Measures of a latent space against cases whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from elbocheck.latent_space import digit_classifier, effective_number, measure, sliced_distance, whitened
from vae_min.config import Config
from vae_min.data import Dataset, digits
from vae_min.model import Autoencoder, VariationalAutoencoder
from vae_min.train import train

COUNT = 20_000


def normal(seed: int, size: int = 2) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((COUNT, size))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("size", [2, 3])
def test_the_distance_of_a_shift_and_of_a_scale_is_known(seed: int, size: int) -> None:
    points = normal(seed, size)
    assert sliced_distance(points) < 0.05
    # W2 of N(m, s^2) from N(0, 1) is sqrt(m^2 + (s - 1)^2); over directions the shift's square averages to |m|^2 / D
    assert sliced_distance(points * 3) == pytest.approx(2, abs=0.05)
    if size == 2:
        assert sliced_distance(points + np.array([2.0, 0.0])) == pytest.approx(2 / np.sqrt(2), abs=0.05)


def test_whitening_leaves_the_shape_alone() -> None:
    points = normal(7) @ np.array([[3.0, 1.0], [0.0, 0.2]]) + 5
    result = whitened(points)
    np.testing.assert_allclose(result.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(np.cov(result.T, bias=True), np.eye(2), atol=1e-12)
    assert sliced_distance(result) < 0.05 < sliced_distance(points)
    clusters = np.sign(normal(8)) * 4 + 0.1 * normal(9)  # four far clusters stay four
    assert sliced_distance(whitened(clusters)) > 0.2


def test_three_equal_classes_count_three_and_none_none() -> None:
    assert effective_number(np.array([1, 5, 8] * 4)) == pytest.approx(3, rel=1e-12, abs=0)
    assert effective_number(np.array([], dtype=int)) == 0.0


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return digits()


def test_the_vae_is_nearer_to_its_prior_than_the_autoencoder(dataset: Dataset) -> None:
    config = Config(hidden_sizes=(16,), epochs=10, learning_rate=5e-3)
    classifier = digit_classifier(dataset)
    autoencoder, vae = (
        measure(train(kind, config, dataset).model, classifier, dataset)
        for kind in (Autoencoder, VariationalAutoencoder)
    )
    assert vae.distance < autoencoder.distance
    for space in (autoencoder, vae):
        assert 0 <= space.confident <= 1
        assert 0 <= space.num_digits <= 10
        assert 0.15 < space.accuracy < 1  # by chance it is 0.1


def test_a_decoder_of_one_image_is_confident_of_one_digit(dataset: Dataset) -> None:
    model = VariationalAutoencoder(Config(hidden_sizes=(4,)), 64)
    zero = dataset.train.images[dataset.train.labels == 0][0].clamp(0.01, 0.99)
    with torch.no_grad():
        model.decoder[-1].weight.zero_()
        model.decoder[-1].bias.copy_(zero.logit())
        model.encoder[-1].weight.zero_()
        model.encoder[-1].bias.zero_()
    space = measure(model, digit_classifier(dataset), dataset)
    assert space.confident == 1
    assert space.num_digits == 1
    assert space.distance < 0.2  # q(z|x) is the prior: 400 draws of it
