"""The witnesses of a network agree where it is right; what a wrong network does to them is in `test_verify`."""

from __future__ import annotations

import pytest
import torch

from elbocheck.witness import kl_witnesses, loss_witness
from vae_min.config import Config
from vae_min.data import Dataset, digits, fixed_binarisation
from vae_min.model import VariationalAutoencoder
from vae_min.train import Run, train


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return digits()


@pytest.fixture(scope="module")
def run(dataset: Dataset) -> Run[VariationalAutoencoder]:
    return train(VariationalAutoencoder, Config(hidden_sizes=(16,), epochs=20, learning_rate=5e-3), dataset)


def test_the_three_witnesses_of_the_kl_divergence_agree(run: Run[VariationalAutoencoder], dataset: Dataset) -> None:
    x = fixed_binarisation(dataset.test.images)
    result = kl_witnesses(run.model, x, num_samples=400, seed=7)
    torch.testing.assert_close(result.closed_form, result.numerics, rtol=1e-13, atol=1e-15)
    variance = result.factor.diagonal(dim1=-2, dim2=-1).square()
    # log q - log p = sum_j a e^2 + b e + c with a = (s^2 - 1)/2, b = mu s; Var = 2 a^2 + b^2
    deviation = (2 * ((variance - 1) / 2).square() + result.loc.square() * variance).sum(-1).sqrt() / 20
    scores = (result.monte_carlo - result.closed_form) / deviation
    assert scores.abs().max() < 6
    assert ((result.monte_carlo - result.closed_form / 2) / deviation).abs().median() > 6
    again = kl_witnesses(run.model, x, num_samples=400, seed=7)
    assert torch.equal(result.monte_carlo, again.monte_carlo)


@pytest.mark.parametrize("seed", range(3))
def test_the_loss_and_its_gradient_are_the_expected_ones(
    run: Run[VariationalAutoencoder], dataset: Dataset, seed: int
) -> None:
    result = loss_witness(run.model, run.config, fixed_binarisation(dataset.test.images[:20]), seed=seed)
    torch.testing.assert_close(result.loss, result.expected, rtol=1e-12, atol=0)
    assert (result.gradient - result.expected_gradient).norm() < 1e-12 * result.expected_gradient.norm()
    assert {parameter.dtype for parameter in run.model.parameters()} == {torch.float32}
