"""The written-out gradient against automatic differentiation of the objective, and against what it must reject."""

from dataclasses import replace

import pytest
import torch

from vae_min import gradient
from vae_min.config import Config
from vae_min.gradient import ElboGradient, is_written_out
from vae_min.model import Autoencoder, VariationalAutoencoder
from vae_min.objective import elbo_terms

EPS32, EPS64 = (torch.finfo(dtype).eps for dtype in (torch.float32, torch.float64))


def model_of(config, seed, dtype):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = VariationalAutoencoder(config, 30).to(dtype)
        return model, torch.rand(7, 30).round().to(dtype), torch.randn(7, config.latent_dim, dtype=dtype)


def by_differentiation(model, x, noise, beta, weight):
    model.zero_grad()
    terms = elbo_terms(model, x, noise, beta=beta)
    (weight * terms.objective.sum()).backward()
    return terms, [p.grad.clone() for p in model.parameters()]


def difference(model, gradients):
    """Of the whole gradient, relative to its norm."""
    squares = [
        ((p.grad - g).square().sum(), g.square().sum()) for p, g in zip(model.parameters(), gradients, strict=True)
    ]
    return (sum(a for a, _ in squares) / sum(b for _, b in squares)).sqrt().item()


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1000 * EPS64), (torch.float32, 1000 * EPS32)])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("hidden_sizes", [(), (9,), (12, 5)])
@pytest.mark.parametrize("beta", [1.0, 0.3])
def test_it_is_the_objectives_gradient(dtype, tolerance, activation, hidden_sizes, beta, seed):
    """To the rounding of sums of at most a thousand terms."""
    config = Config(latent_dim=3, hidden_sizes=hidden_sizes, activation=activation, beta=beta)
    model, x, noise = model_of(config, seed, dtype)
    expected_terms, expected = by_differentiation(model, x, noise, beta, -0.25)
    terms = ElboGradient(model, beta)(x, noise, -0.25)
    assert difference(model, expected) < tolerance
    for value, wanted in zip(terms, expected_terms, strict=True):
        torch.testing.assert_close(value, wanted.detach(), rtol=tolerance, atol=0)
        assert not value.requires_grad


@pytest.mark.parametrize("threshold", [None, 20])
def test_a_sure_pixel_keeps_its_value(threshold, monkeypatch, seed):
    """To the rounding of its logits, which lie around 21: what softplus leaves out past 20 is seen."""
    model, _, noise = model_of(Config(latent_dim=3, hidden_sizes=(9,)), seed, torch.float64)
    with torch.no_grad():
        model.decoder[-1].bias.fill_(21)
    x = torch.ones(7, 30, dtype=torch.float64)
    expected = elbo_terms(model, x, noise).reconstruction.detach()
    if threshold is not None:
        softplus = torch.nn.functional.softplus
        monkeypatch.setattr(gradient, "softplus", lambda l, **options: softplus(l, threshold=threshold))
    error = (ElboGradient(model, 1.0)(x, noise, -0.25).reconstruction - expected).abs().max()
    assert (error < 30 * 25 * EPS64) == (threshold is None)


def after_two_steps(seed, twin=lambda step, model: step):
    """Whether the gradients lie where they lay, and how far they are from those of the second step alone."""
    model, x, noise = model_of(Config(latent_dim=3, hidden_sizes=(9,)), seed, torch.float64)
    _, expected = by_differentiation(model, x, noise, 1.0, -0.25)
    places = [p.grad.data_ptr() for p in model.parameters()]
    step = twin(ElboGradient(model, 1.0), model)
    for images, draws in ((1 - x, -noise), (x, noise)):
        step(images, draws, -0.25)
    return [p.grad.data_ptr() for p in model.parameters()] == places, difference(model, expected)


def test_a_step_writes_over_the_gradient_that_is_there(seed):
    """Into the same memory, and adds nothing to it."""
    in_place, error = after_two_steps(seed)
    assert in_place
    assert error < 1000 * EPS64


def adds(step, model):
    def twin(*arguments):
        before = [p.grad.clone() for p in model.parameters()]
        step(*arguments)
        for parameter, old in zip(model.parameters(), before, strict=True):
            parameter.grad += old

    return twin


def writes_elsewhere(step, model):
    def twin(*arguments):
        step(*arguments)
        for parameter in model.parameters():
            parameter.grad = parameter.grad.clone()

    return twin


def test_a_step_that_adds_is_seen_by_its_gradient(seed):
    in_place, error = after_two_steps(seed, adds)
    assert in_place
    assert error > 0.1


def test_a_step_that_writes_elsewhere_is_seen_by_its_place(seed):
    in_place, error = after_two_steps(seed, writes_elsewhere)
    assert not in_place
    assert error < 1000 * EPS64


def without(name, monkeypatch):
    """Lose one factor of the chain rule."""
    if name == "activation":
        monkeypatch.setattr(gradient, "_BACKWARD", dict.fromkeys(gradient._BACKWARD, lambda g, y: g))
    else:
        monkeypatch.setattr(torch.Tensor, {"sigmoid": "sigmoid_", "noise": "mul_", "variance": "expm1"}[name], lost)


def lost(self, *arguments, **options):
    return self.clone()


@pytest.mark.parametrize("name", ["activation", "sigmoid", "noise", "variance"])
def test_a_factor_lost_is_seen(name, monkeypatch, seed):
    model, x, noise = model_of(Config(latent_dim=3, hidden_sizes=(9,)), seed, torch.float64)
    _, expected = by_differentiation(model, x, noise, 1.0, -0.25)
    without(name, monkeypatch)
    ElboGradient(model, 1.0)(x, noise, -0.25)
    monkeypatch.undo()
    assert difference(model, expected) > 1e-3


def test_beta_is_seen(seed):
    model, x, noise = model_of(Config(latent_dim=3), seed, torch.float64)
    _, expected = by_differentiation(model, x, noise, 1.0, -0.25)
    ElboGradient(model, 0.9)(x, noise, -0.25)
    assert difference(model, expected) > 1e-4


def test_what_is_not_written_out_is_known():
    usual = Config(latent_dim=3)
    assert is_written_out(VariationalAutoencoder(usual, 4), usual)
    assert not is_written_out(Autoencoder(usual, 4), usual)
    for changes in ({"covariance": "full"}, {"decoder": "linear-normal"}, {"objective": "stl"}, {"objective": "iwae"}):
        config = replace(usual, **changes)
        assert not is_written_out(VariationalAutoencoder(config, 4), config)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_in_bfloat16_it_is_near(activation, seed):
    """To sixteen of its roundings, and not to less than a hundredth of one, which would be float32's; values keep that."""
    config = Config(latent_dim=3, hidden_sizes=(12, 9), activation=activation)
    model, x, noise = model_of(config, seed, torch.float32)
    expected_terms, expected = by_differentiation(model, x, noise, 1.0, -0.25)
    terms = ElboGradient(model, 1.0, bf16=True)(x, noise, -0.25)
    rounding = torch.finfo(torch.bfloat16).eps / 2
    assert rounding / 100 < difference(model, expected) < 16 * rounding
    for value, wanted in zip(terms, expected_terms, strict=True):
        assert value.dtype == torch.float32
        torch.testing.assert_close(value, wanted.detach(), rtol=16 * rounding, atol=16 * rounding)
    assert all(p.dtype == p.grad.dtype == torch.float32 for p in model.parameters())
