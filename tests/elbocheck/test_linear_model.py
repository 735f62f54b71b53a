"""The linear VAE: its terms in closed form against sampling, its optimum against principal components."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from elbocheck import linear_model
from elbocheck.linear_model import PrincipalComponents, against_pca, check_optimum, identity, optimum
from elbocheck.verdict import Verdict
from vae_min.config import Config
from vae_min.data import digits
from vae_min.model import VariationalAutoencoder

LINEAR = Config(hidden_sizes=(6,), decoder="linear-normal", binarisation="none")


def random_model(seed: int, latent_dim: int = 2, num_pixels: int = 5) -> VariationalAutoencoder:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = VariationalAutoencoder(replace(LINEAR, latent_dim=latent_dim), num_pixels)
        with torch.no_grad():
            assert model.log_variance is not None
            model.log_variance.fill_(-0.7)
    return model


def data(seed: int, count: int = 300) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.standard_normal((count, 5)) @ rng.standard_normal((5, 5)) + rng.standard_normal(5))


@pytest.mark.parametrize("seed", range(10))
def test_the_identity_holds_and_the_evidence_is_that_of_the_definition(seed: int) -> None:
    model, x = random_model(seed).double(), data(seed, 4)
    terms = identity(model, x)
    assert (terms.gap.abs() <= 1e-10).all()
    z = torch.randn(200_000, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    with torch.no_grad():
        mean, deviation = model.decoder(z), math.exp(-0.35)
        squares = ((x[:, None] - mean) / deviation).square().sum(-1)  # (4, draws)
    weights = -0.5 * squares - 5 * math.log(deviation * math.sqrt(2 * math.pi))
    sampled = weights.logsumexp(1) - math.log(len(z))
    error = (2 * (weights - sampled[:, None])).logsumexp(1).exp().sqrt() / len(z)
    trusted = error < 0.05  # far from the mean of the data draws from the prior say nothing
    assert ((terms.log_evidence.value - sampled).abs() < 7 * error)[trusted].all()


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("latent_dim", [1, 2, 3])
def test_the_optimum_is_probabilistic_pca_from_any_start(seed: int, latent_dim: int) -> None:
    x = data(seed)
    best = optimum(random_model(seed, latent_dim), x)
    found = against_pca(best, x)
    finding = check_optimum(found)
    assert finding.verdict is Verdict.confirmed, finding
    assert abs(found.elbo - found.log_evidence) <= 1e-6
    # the solution of Tipping and Bishop, by the eigenvalues of the covariance
    values = np.linalg.eigvalsh(np.cov(x.numpy().T, bias=True))
    noise = values[: 5 - latent_dim].mean()
    assert best.log_variance is not None
    assert float(best.log_variance.detach().exp()) == pytest.approx(noise, rel=1e-4, abs=0)
    log_det = np.log(values[5 - latent_dim :]).sum() + (5 - latent_dim) * math.log(noise)
    assert found.log_evidence == pytest.approx(-0.5 * (5 * math.log(2 * math.pi) + log_det + 5), rel=1e-9, abs=0)


def test_the_digits_too() -> None:
    x = digits().train.images
    model = random_model(1, 2, 64)
    assert check_optimum(against_pca(optimum(model, x), x)).verdict is Verdict.confirmed


def test_what_is_not_the_optimum_is_not_confirmed() -> None:
    x = data(0)
    best = optimum(random_model(0), x)
    right = against_pca(best, x)
    assert check_optimum(against_pca(random_model(0), x)).verdict is Verdict.undecided  # short of it
    cases = {"log_evidence": right.log_evidence + 2e-6, "largest_gap": 2e-6, "angle": 2e-3}
    for name, value in cases.items():
        assert check_optimum(replace(right, **{name: value})).verdict is Verdict.refuted
    rotated = torch.tensor([[math.cos(0.3), -math.sin(0.3)], [math.sin(0.3), math.cos(0.3)]], dtype=torch.float64)
    with torch.no_grad():
        best.decoder[0].weight.copy_(
            best.decoder[0].weight @ rotated
        )  # the same evidence, but a diagonal q no longer reaches it
    turned = against_pca(best, x)
    assert turned.log_evidence == pytest.approx(right.log_evidence, rel=1e-12, abs=0)
    assert turned.largest_gap > 1e-3
    assert check_optimum(turned).verdict is Verdict.refuted


def test_variances_over_one_image_less_are_not_those_of_greatest_likelihood(monkeypatch: pytest.MonkeyPatch) -> None:
    """scikit-learn divides by M - 1; with few images the difference is seen."""
    x = data(2, 30)
    best = optimum(random_model(2), x)
    found = against_pca(best, x)
    right = linear_model.PCA(2, svd_solver="covariance_eigh").fit(x.numpy()).score(x.numpy())
    wrong = PrincipalComponents(found.elbo, found.log_evidence, found.largest_gap, float(right), found.angle)
    assert check_optimum(found).verdict is Verdict.confirmed
    assert check_optimum(wrong).verdict is Verdict.refuted


def test_a_bernoulli_decoder_has_no_closed_forms() -> None:
    with pytest.raises(ValueError, match="the closed forms are those of a linear-normal decoder"):
        identity(VariationalAutoencoder(Config(hidden_sizes=(4,)), 5), torch.zeros(1, 5))
