"""Verdicts on gradients; on trained networks and wrong twins see `test_evaluation`."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch

from elbocheck.gradient import (
    AgreementWitness,
    PathwiseWitness,
    agreement_witness,
    check_agreement,
    check_pathwise,
    pathwise_witness,
)
from elbocheck.verdict import Verdict
from numerics.moments import Moments
from vae_min.config import Config
from vae_min.model import VariationalAutoencoder

X = torch.tensor([[0.0, 1, 1, 0, 1], [1, 0, 0, 0, 1]])


def random_model(**changes: object) -> VariationalAutoencoder:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return VariationalAutoencoder(Config(hidden_sizes=(6,), **changes), 5)  # type: ignore[arg-type]


@pytest.mark.parametrize("changes", [{}, {"covariance": "full", "latent_dim": 3}, {"decoder": "linear-normal"}])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_any_model_has_the_gradient_of_the_closed_form(changes: dict[str, object], seed: int) -> None:
    model = random_model(**changes)
    assert check_pathwise(pathwise_witness(model, X, seed=seed)).verdict is Verdict.confirmed
    agreement = agreement_witness(model, X, num_samples=2000, seed=seed)
    assert check_agreement(agreement, 1e-6).verdict is not Verdict.refuted


def test_the_closed_form_is_the_difference_quotient() -> None:
    """From the definition: the ELBO at the same noise, with an output moved a little."""
    model = copy.deepcopy(random_model()).double()
    witness = pathwise_witness(model, X, seed=4)
    noise = torch.randn((2, 2), generator=torch.Generator().manual_seed(4), dtype=torch.float64)

    def elbo(outputs: torch.Tensor) -> torch.Tensor:
        loc, log_variance = outputs[:, :2], outputs[:, 2:]
        p = torch.sigmoid(model.decoder(loc + (log_variance / 2).exp() * noise))
        kl = 0.5 * (loc**2 + log_variance.exp() - 1 - log_variance).sum(-1)
        return torch.where(X == 1, p, 1 - p).log().sum(-1) - kl

    with torch.no_grad():
        outputs, step = model.encoder(X.double()), 1e-5
        for j in range(4):
            move = step * torch.eye(4, dtype=torch.float64)[j]
            slope = (elbo(outputs + move) - elbo(outputs - move)) / (2 * step)
            torch.testing.assert_close(witness.expected[:, j], slope, rtol=0, atol=1e-8)  # step^2 and rounding / step


def test_one_wrong_image_is_named_with_both_rows() -> None:
    witness = pathwise_witness(random_model(), X)
    wrong = witness.gradient.clone()
    wrong[1, 2] += 1e-8
    finding = check_pathwise(replace(witness, gradient=wrong))
    assert finding.verdict is Verdict.refuted
    assert finding.figure == "wrong on 1 of 2 images"
    assert finding.detail.startswith("test image 1: it is (")
    assert check_pathwise(PathwiseWitness(torch.full((1, 4), torch.nan), torch.zeros(1, 4))).verdict is Verdict.refuted


def agreement(difference: float, pathwise: float) -> AgreementWitness:
    rows = torch.randn(1000, 2, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    rows[:, 1, 3] += difference
    return AgreementWitness(Moments.of(rows.numpy()), torch.full((2, 4), pathwise, dtype=torch.float64))


def test_gradients_agree_differ_or_are_too_small_to_tell() -> None:
    assert check_agreement(agreement(0.0, 5.0), 1e-6).verdict is Verdict.confirmed
    assert check_agreement(agreement(0.0, 0.01), 1e-6).verdict is Verdict.undecided
    finding = check_agreement(agreement(1.0, 5.0), 1e-6)
    assert finding.verdict is Verdict.refuted
    assert (
        "test image 1, output 3 of the encoder: the pathwise gradient is 5, that of the score function 4"
        in finding.detail
    )
