import pytest
import scipy.stats
import torch

from vae_min.distribution import Bernoulli, DiagonalNormal

LOC = torch.tensor([[0.7, -0.6], [0.1, 2.0]], dtype=torch.float64)
LOG_VARIANCE = torch.tensor([[-1.8, 0.5], [0.2, -0.4]], dtype=torch.float64)


def test_scale_is_the_standard_deviation():
    posterior = DiagonalNormal(LOC, LOG_VARIANCE)
    torch.testing.assert_close(posterior.scale.square().log(), LOG_VARIANCE, rtol=1e-14, atol=1e-15)
    assert (posterior.scale - LOG_VARIANCE.exp()).abs().min() > 0.1  # the variance is a wrong twin


def test_rsample_has_the_pathwise_derivatives():
    loc, log_variance = LOC.clone().requires_grad_(), LOG_VARIANCE.clone().requires_grad_()
    noise = torch.tensor([[0.3, -1.2], [2.0, 0.4]], dtype=torch.float64)
    z = DiagonalNormal(loc, log_variance).rsample(noise)
    z.sum().backward()
    torch.testing.assert_close(loc.grad, torch.ones_like(LOC), rtol=0, atol=0)
    torch.testing.assert_close(log_variance.grad, (z - loc).detach() / 2, rtol=1e-14, atol=1e-15)


def test_log_prob_is_scipys():
    logits = torch.tensor([[0.3, -2.0, 40.0]], dtype=torch.float64)
    x = torch.tensor([[1.0, 0.0, 1.0]], dtype=torch.float64)
    expected = scipy.stats.bernoulli.logpmf(x.numpy(), scipy.special.expit(logits.numpy())).sum()
    assert Bernoulli(logits).log_prob(x).item() == pytest.approx(expected, rel=1e-14, abs=0)
    assert Bernoulli(-logits).log_prob(x).item() < expected - 1  # the wrong sign


def test_probabilities_of_all_images_sum_to_one():
    logits = torch.tensor([0.3, -2.0, 1.1], dtype=torch.float64)
    images = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=torch.float64)] * 3)
    total = sum(Bernoulli(logits[None]).log_prob(x[None]).exp().item() for x in images)
    assert total == pytest.approx(1, rel=1e-14, abs=0)
