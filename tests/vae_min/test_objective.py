import pytest
import scipy.integrate
import scipy.stats
import torch

from vae_min import evaluate, objective
from vae_min.distribution import DiagonalNormal
from vae_min.objective import elbo, elbo_terms, kl_divergence, log_likelihood_terms


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
