import numpy as np
import pytest
import scipy.integrate
import scipy.stats
import torch
from torch.distributions import MultivariateNormal
from torch.distributions import kl_divergence as torch_kl_divergence

from numerics.calibrated import MeanTest
from numerics.plane import hermite, product
from numerics.quadratic_form import QuadraticForm
from vae_min import evaluate, objective
from vae_min.config import Config
from vae_min.distribution import CholeskyNormal, DiagonalNormal
from vae_min.model import VariationalAutoencoder
from vae_min.objective import (
    elbo,
    elbo_terms,
    iwae_terms,
    kl_divergence,
    log_likelihood_terms,
    objective_terms,
    sampled_terms,
)


def kl_by_quadrature(loc, scale):
    q, p = scipy.stats.norm(loc, scale), scipy.stats.norm()
    integrand = lambda z: q.pdf(z) * (q.logpdf(z) - p.logpdf(z))
    return scipy.integrate.quad(integrand, loc - 12 * scale, loc + 12 * scale, epsabs=1e-12)[0]


@pytest.mark.parametrize(("loc", "scale"), [((0.7, -0.6), (0.4, 1.3)), ((-2.0, 0.3), (2.5, 0.05))])
def test_kl_divergence_is_its_definition(loc, scale):
    expected = sum(kl_by_quadrature(*pair) for pair in zip(loc, scale, strict=True))
    mean, deviation = (torch.tensor(values, dtype=torch.float64) for values in (loc, scale))
    value = kl_divergence(DiagonalNormal(mean, 2 * deviation.log())).item()
    assert value == pytest.approx(expected, rel=1e-9, abs=0)
    sigma_for_log_variance = kl_divergence(DiagonalNormal(mean, deviation)).item()
    assert sigma_for_log_variance != pytest.approx(expected, rel=1e-2, abs=0)


def test_the_kl_divergence_of_the_prior_from_itself_is_zero():
    assert kl_divergence(DiagonalNormal(torch.zeros(3, 2), torch.zeros(3, 2))).tolist() == [0, 0, 0]


def test_elbo_is_per_example_and_the_difference_of_its_terms(vae, binary_images):
    x, noise = binary_images[:5], torch.randn(5, 2, generator=torch.Generator().manual_seed(0))
    terms = elbo_terms(vae, x, noise)
    assert elbo(vae, x, noise).shape == terms.reconstruction.shape == terms.kl.shape == (5,)
    assert torch.equal(elbo(vae, x, noise), terms.reconstruction - terms.kl)
    one_by_one = torch.cat([elbo(vae, x[i : i + 1], noise[i : i + 1]) for i in range(5)])
    torch.testing.assert_close(elbo(vae, x, noise), one_by_one)


def test_elbo_is_unbiased_for_its_expectation(vae, binary_images):
    x = binary_images[:1].expand(40000, -1)
    noise = torch.randn(40000, 2, generator=torch.Generator().manual_seed(0))
    values = elbo(vae, x, noise).detach()
    exact = evaluate.elbo(vae, binary_images[:1]).value.item()
    assert abs(values.mean().item() - exact) < 5 * values.std().item() / 200
    assert abs(elbo(vae, x[:1], noise[:1] * 0).item() - exact) > 5 * values.std().item() / 200


def test_gradients_reach_encoder_and_decoder(vae, binary_images):
    vae.zero_grad()
    elbo(vae, binary_images[:3], torch.ones(3, 2)).sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in vae.parameters())
    vae.zero_grad()


def test_the_autoencoders_objective_is_its_log_likelihood(autoencoder, binary_images):
    x = binary_images[:5]
    terms = log_likelihood_terms(autoencoder, x)
    p = autoencoder.decode(autoencoder.encode(x)).mean
    expected = torch.where(x == 1, p, 1 - p).log().sum(-1)
    torch.testing.assert_close(terms.objective, expected, rtol=1e-4, atol=0)
    assert terms.kl.tolist() == [0] * 5


def test_only_training_negates():
    assert not hasattr(objective, "negative_elbo")


@pytest.fixture
def cholesky(seed):
    generator = torch.Generator().manual_seed(seed)
    draw = lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)
    return CholeskyNormal(draw(6, 2), 0.5 * draw(6, 2), draw(6, 1))


def test_kl_divergence_of_a_full_covariance_is_torchs_and_the_integral(cholesky):
    prior = MultivariateNormal(torch.zeros(2).double(), torch.eye(2).double())
    expected = torch_kl_divergence(MultivariateNormal(cholesky.loc, scale_tril=cholesky.factor), prior)
    value = kl_divergence(cholesky)
    torch.testing.assert_close(value, expected, rtol=1e-12, atol=0)
    nodes, weights = hermite(12)  # exact for polynomials of degree 23; log q - log p is one of degree 2 in the noise
    noise, weight = torch.from_numpy(product(nodes)), torch.from_numpy(np.outer(weights, weights).ravel())
    z = cholesky.rsample(noise[:, None])
    integrand = cholesky.log_prob(z) - prior.log_prob(z)
    torch.testing.assert_close(value, weight @ integrand, rtol=1e-11, atol=1e-12)
    off_diagonal_lost = kl_divergence(DiagonalNormal(cholesky.loc, 2 * cholesky.log_diagonal))
    assert (value - off_diagonal_lost).abs().max() > 0.01


@pytest.mark.parametrize("covariance", ["diagonal", "full"])
def test_sampled_and_analytic_differ_by_a_quadratic_form_of_the_noise(covariance, seed):
    """Draw by draw and exactly: log q - log p - KL = (|L e + m|^2 - |m|^2 - |L|^2 - |e|^2 + D) / 2."""
    model, x, noise = small_model(Config(latent_dim=3, hidden_sizes=(6,), covariance=covariance), seed)
    posterior = model.encode(x)
    factor = posterior.factor if covariance == "full" else torch.diag_embed(posterior.scale)
    shift = (factor @ noise[0][..., None]).squeeze(-1)
    expected = (shift.square().sum(-1) - factor.square().sum((-2, -1)) - noise[0].square().sum(-1) + 3) / 2
    expected = expected + (shift * posterior.loc).sum(-1)
    difference = sampled_terms(model, x, noise[0]).kl - elbo_terms(model, x, noise[0]).kl
    torch.testing.assert_close(difference, expected, rtol=1e-10, atol=1e-12)
    assert sampled_terms(model, x, noise[0]).reconstruction.equal(elbo_terms(model, x, noise[0]).reconstruction)


def test_sampled_and_analytic_agree_within_declared_rates(seed):
    """The mean of 20,000 draws of one image: false alarm 1e-6, and it would miss a halved KL once in 1e6."""
    model, x, _ = small_model(Config(latent_dim=3, hidden_sizes=(6,)), seed)
    x, count = x[:1], 20_000
    noise = torch.randn(count, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    sampled, analytic = sampled_terms(model, x, noise), elbo_terms(model, x, noise)
    posterior = model.encode(x)
    variance, loc = posterior.log_variance.exp()[0], posterior.loc[0]
    law = QuadraticForm((((variance - 1) / 2).tolist()), ((loc * variance.sqrt()).tolist()))
    test = MeanTest(law, count, 1e-6, 1e-6)
    kl = analytic.kl.mean().item()
    assert test.verdict(sampled.kl.mean().item(), kl).passed
    assert test.resolution < kl / 2
    assert not test.verdict(sampled.kl.mean().item(), kl / 2).passed


def small_model(config, seed, num_pixels=11):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = VariationalAutoencoder(config, num_pixels).double()
        with torch.no_grad():
            for parameter in model.encoder.parameters():  # away from the prior, where wrong forms agree
                parameter.mul_(2)
        noise = torch.randn(config.num_importance_samples, 7, config.latent_dim, dtype=torch.float64)
        return model, torch.rand(7, num_pixels).round().double(), noise


def encoder_gradient(model, objective_):
    model.zero_grad()
    objective_.sum().backward()
    return torch.cat([p.grad.flatten() for p in model.encoder.parameters()])


@pytest.mark.parametrize("covariance", ["diagonal", "full"])
def test_one_importance_sample_is_the_sampled_elbo_with_its_gradient(covariance, seed):
    model, x, noise = small_model(Config(latent_dim=3, hidden_sizes=(6,), covariance=covariance), seed)
    iwae, sampled = iwae_terms(model, x, noise), sampled_terms(model, x, noise[0])
    for value, wanted in zip(iwae, sampled, strict=True):
        torch.testing.assert_close(value, wanted, rtol=1e-13, atol=0)
    one, other = (encoder_gradient(model, terms.objective) for terms in (iwae, sampled))
    assert (one - other).norm() < 1e-12 * other.norm()


def test_the_bound_is_the_log_of_the_mean_weight(seed):
    config = Config(latent_dim=3, hidden_sizes=(6,), objective="iwae", num_importance_samples=5)
    model, x, noise = small_model(config, seed)
    singles = torch.stack([sampled_terms(model, x, e).objective for e in noise])  # log weights (5, 7)
    bound, *parts = objective_terms(model, config, x, noise)
    for part, name in zip(
        parts, ("reconstruction", "kl"), strict=True
    ):  # what is logged beside it: means over the draws
        means = sum(getattr(sampled_terms(model, x, e), name) for e in noise) / 5
        torch.testing.assert_close(part, means, rtol=1e-13, atol=0)
    torch.testing.assert_close(bound, singles.exp().mean(0).log(), rtol=1e-12, atol=0)
    assert (bound >= singles.mean(0)).all()  # Jensen, for every draw
    assert (singles.exp().sum(0).log() - bound).min() > 1  # a sum for the mean is a wrong twin: log 5
    shared = noise[:1].expand(5, -1, -1)  # and so is one noise for all samples
    assert (objective_terms(model, config, x, shared).objective - bound).abs().max() > 1e-3


def exact_linear_model(seed, num_pixels=11, latent_dim=3):
    """A linear decoder with normal noise, and the encoder that is its posterior exactly."""
    config = Config(latent_dim=latent_dim, hidden_sizes=(), decoder="linear-normal", covariance="full")
    model, x, noise = small_model(config, seed, num_pixels)
    weight, bias = model.decoder[0].weight.detach(), model.decoder[0].bias.detach()
    with torch.no_grad():
        model.log_variance.fill_(-0.4)
        variance = model.log_variance.exp()
        covariance = torch.linalg.inv(torch.eye(latent_dim, dtype=torch.float64) + weight.T @ weight / variance)
        factor = torch.linalg.cholesky(covariance)
        to_loc = covariance @ weight.T / variance
        rows, columns = torch.tril_indices(latent_dim, latent_dim, offset=-1)
        encoder = model.encoder[0]
        encoder.weight.zero_()
        encoder.weight[:latent_dim] = to_loc
        encoder.bias.copy_(torch.cat([-to_loc @ bias, factor.diagonal().log(), factor[rows, columns]]))
    x = torch.randn(7, num_pixels, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    evidence = MultivariateNormal(
        bias, weight @ weight.T + variance * torch.eye(num_pixels, dtype=torch.float64)
    ).log_prob(x)
    return model, x, noise, evidence.detach()


def test_where_the_posterior_is_exact_each_draw_is_the_evidence_and_the_landing_sticks(seed):
    """log p(x, z) - log q(z|x) is then the constant log p(x): so is each draw, and its derivative in z is zero."""
    model, x, noise, evidence = exact_linear_model(seed)
    stick, sampled = (sampled_terms(model, x, noise[0], stick=flag) for flag in (True, False))
    for terms in (stick, sampled):
        torch.testing.assert_close(terms.objective, evidence, rtol=1e-12, atol=0)
    landed, moving = (encoder_gradient(model, terms.objective) for terms in (stick, sampled))
    assert landed.norm() < 1e-11 * moving.norm()  # the plain gradient is zero on average only
    assert moving.norm() > 0.1
    torch.testing.assert_close(iwae_terms(model, x, noise).objective, evidence, rtol=1e-12, atol=0)


def test_where_the_posterior_is_not_exact_the_landing_does_not_stick(seed):
    model, x, noise, evidence = exact_linear_model(seed)
    with torch.no_grad():
        model.encoder[0].bias.add_(0.01)
    stick = sampled_terms(model, x, noise[0], stick=True)
    assert encoder_gradient(model, stick.objective).norm() > 1e-3
    assert (stick.objective - evidence).abs().max() > 1e-6


def test_sticking_the_landing_changes_the_gradient_by_the_score_alone(seed):
    model, x, noise = small_model(Config(latent_dim=3, hidden_sizes=(6,)), seed)
    stick, sampled = (sampled_terms(model, x, noise[0], stick=flag).objective for flag in (True, False))
    assert torch.equal(stick, sampled)
    posterior = model.encode(x)
    score = encoder_gradient(model, posterior.log_prob(posterior.rsample(noise[0]).detach()))
    landed = encoder_gradient(model, sampled_terms(model, x, noise[0], stick=True).objective)
    moving = encoder_gradient(model, sampled_terms(model, x, noise[0]).objective)
    assert (landed - score - moving).norm() < 1e-12 * moving.norm()
    assert score.norm() > 1e-3


def test_a_configuration_gets_the_objective_that_it_names(seed):
    """By the gradient: the values of two of them are the same."""
    model, x, noise = small_model(Config(latent_dim=3, hidden_sizes=(6,)), seed)
    direct = {
        "elbo": elbo_terms(model, x, noise[0]),
        "sampled": sampled_terms(model, x, noise[0]),
        "stl": sampled_terms(model, x, noise[0], stick=True),
    }
    wanted = {name: encoder_gradient(model, terms.objective) for name, terms in direct.items()}
    for name in wanted:
        config = Config(latent_dim=3, hidden_sizes=(6,), objective=name)
        found = encoder_gradient(model, objective_terms(model, config, x, noise).objective)
        assert [other for other in wanted if torch.equal(found, wanted[other])] == [name]


@pytest.mark.parametrize("name", ["elbo", "sampled", "stl"])
def test_beta_weights_the_divergence_alone(name, seed):
    config = Config(latent_dim=3, hidden_sizes=(6,), objective=name, beta=0.25)
    model, x, noise = small_model(config, seed)
    terms = objective_terms(model, config, x, noise)
    torch.testing.assert_close(terms.objective, terms.reconstruction - 0.25 * terms.kl, rtol=1e-14, atol=0)
    whole = objective_terms(model, Config(latent_dim=3, hidden_sizes=(6,), objective=name), x, noise)
    assert torch.equal(whole.kl, terms.kl)
    assert torch.equal(whole.reconstruction, terms.reconstruction)


def test_an_autoencoder_has_one_objective(autoencoder, binary_images):
    terms = objective_terms(autoencoder, Config(), binary_images[:5], torch.empty(0, 5, 2))
    assert torch.equal(terms.objective, log_likelihood_terms(autoencoder, binary_images[:5]).objective)
