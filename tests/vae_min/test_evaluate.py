import math
from dataclasses import replace

import pytest
import torch

from numerics.plane import Estimate
from vae_min import evaluate, objective
from vae_min.config import Config
from vae_min.distribution import Bernoulli, DiagonalNormal
from vae_min.model import VariationalAutoencoder
from vae_min.train import train


def holds(identity):
    """Where the gap is within tolerance and the ELBO is below the evidence."""
    below = identity.elbo.value < identity.log_evidence.value + identity.tolerance
    return (identity.gap.abs() <= identity.tolerance) & below


@pytest.fixture(scope="module")
def images(binary_images):
    return binary_images[:2]


@pytest.fixture(scope="module")
def terms(vae, images):
    return evaluate.identity(vae, images)


def test_the_identity_holds_on_a_hundred_images(vae, binary_images):
    result = evaluate.identity(vae, binary_images[:100])
    assert result.gap.shape == (100,)
    assert result.error.max() < 1e-7
    assert result.gap.abs().max() <= 1e-6
    assert holds(result).all()
    assert (result.elbo.value < result.log_evidence.value).all()
    assert (result.posterior_kl.value > 0).all()


@pytest.mark.parametrize("seed", range(10))
def test_the_identity_holds_for_every_seed_and_width(seed, dataset, small, binary_images):
    config = replace(small, seed=seed, epochs=1 + seed, hidden_sizes=(8 + seed,) * (1 + seed % 2))
    model = train(VariationalAutoencoder, config, dataset).model
    result = evaluate.identity(model, binary_images[10 * seed : 10 * seed + 2])
    assert holds(result).all()
    assert result.error.max() < 1e-6


def kl_halved(posterior):
    return 0.5 * original_kl(posterior)


def kl_with_sigma_for_log_variance(posterior):
    return original_kl(DiagonalNormal(posterior.loc, posterior.scale))


original_kl = objective.kl_divergence


@pytest.mark.parametrize("twin", [kl_halved, kl_with_sigma_for_log_variance])
def test_a_wrong_kl_divergence_breaks_the_identity(vae, images, terms, twin, monkeypatch):
    monkeypatch.setattr(objective, "kl_divergence", twin)
    broken = replace(terms, elbo=evaluate.elbo(vae, images))
    assert (broken.gap.abs() > 100 * broken.tolerance).all()
    assert not holds(broken).any()


def test_sigma_for_log_variance_in_the_sampler_breaks_the_identity(vae, images, terms, monkeypatch):
    monkeypatch.setattr(DiagonalNormal, "rsample", lambda q, noise: q.loc + q.log_variance.exp() * noise)
    broken = replace(terms, elbo=evaluate.elbo(vae, images))
    assert not holds(broken).any()


def test_a_wrong_likelihood_breaks_the_identity(vae, images, terms, monkeypatch):
    original = Bernoulli.log_prob
    monkeypatch.setattr(Bernoulli, "log_prob", lambda p, x: original(p, x) / x.shape[-1])  # mean for sum
    assert not holds(replace(terms, elbo=evaluate.elbo(vae, images))).any()


def test_an_evidence_without_its_prior_breaks_the_identity(vae, images, terms, monkeypatch):
    original = evaluate.log_joint

    def without_prior(model, x):
        density = original(model, x)
        # a broad prior in place of the standard one: without any the integral diverges
        return lambda z: density(z) + 0.5 * 0.5 * z.square().sum(-1, keepdim=True)

    monkeypatch.setattr(evaluate, "log_joint", without_prior)
    assert not holds(replace(terms, log_evidence=evaluate.log_evidence(vae, images))).any()
    assert not holds(evaluate.identity(vae, images)).any()  # and when both evidences have it


@pytest.mark.parametrize(
    "fault",
    [
        lambda value, loc, scale: -0.5 * ((value - loc) / scale) ** 2,  # the half of the square is lost
        lambda value, loc, scale: 0.5 * math.log(2 * math.pi),  # the constant is lost
        lambda value, loc, scale: torch.as_tensor(scale).log(),  # log sigma is lost, which the prior does not show
    ],
)
def test_a_wrong_normal_density_breaks_the_identity(vae, images, monkeypatch, fault):
    original = evaluate.normal.log_prob
    wrong = lambda value, loc, scale: original(value, loc, scale) + fault(value, loc, scale)
    monkeypatch.setattr(evaluate.normal, "log_prob", wrong)
    assert not holds(evaluate.identity(vae, images)).any()


def test_a_wrong_evidence_does_not_cancel(vae, images, terms, monkeypatch):
    original = evaluate.log_integral

    def shifted(*arguments):
        estimate = original(*arguments)
        return Estimate(estimate.value + 1e-5, estimate.error)

    monkeypatch.setattr(evaluate, "log_integral", shifted)
    assert not holds(evaluate.identity(vae, images)).any()


def test_the_evidence_of_a_constant_decoder_is_known(images):
    """p(x|z) does not depend on z, so log p(x) = log p(x|0) and q = p(z) makes the bound tight."""
    model = VariationalAutoencoder(Config(hidden_sizes=(3,)), 64).double()
    with torch.no_grad():
        model.decoder[-1].weight.zero_()
        model.encoder[-1].weight.zero_()
        model.encoder[-1].bias.zero_()
    probability = model.decode(torch.zeros(1, 2).double()).mean
    exact = torch.where(images == 1, probability, 1 - probability).log().sum(-1)
    result = evaluate.identity(model, images)
    for value in (result.log_evidence.value, result.elbo.value):
        torch.testing.assert_close(value, exact.detach(), rtol=1e-12, atol=0)
    assert result.posterior_kl.value.abs().max() < 1e-10
    assert holds(result).all()


def test_the_probabilities_of_all_small_images_sum_to_one():
    torch_state = torch.Generator().manual_seed(5)
    model = VariationalAutoencoder(Config(hidden_sizes=(4,)), 3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=torch_state))
    x = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 3)
    assert evaluate.log_evidence(model, x).value.exp().sum().item() == pytest.approx(1, rel=1e-8, abs=0)


def test_the_model_is_not_changed(vae, images):
    evaluate.log_evidence(vae, images)
    assert {parameter.dtype for parameter in vae.parameters()} == {torch.float32}


def test_a_kinked_decoder_admits_its_error(dataset, small, images, monkeypatch):
    monkeypatch.setattr(evaluate, "_PER_CELL", (1, 2, 3))  # more would not help, and take long
    monkeypatch.setattr(evaluate, "_UNDER_Q", (12, 16, 24))
    model = train(VariationalAutoencoder, replace(small, activation="relu", epochs=5), dataset).model
    result = evaluate.identity(model, images)
    assert (result.gap.abs() <= result.tolerance).all()
    assert (result.error > 1e-6).all()


def test_what_cannot_be_integrated_is_refused(vae, images):
    with pytest.raises(ValueError, match="needs 2 latent dimensions, the model has 3"):
        evaluate.identity(VariationalAutoencoder(Config(latent_dim=3), 64), images)
    with pytest.raises(ValueError, match="images must be binary"):
        evaluate.log_evidence(vae, images / 2)
