import pytest
import scipy.stats
import torch

from vae_min.distribution import Bernoulli, CholeskyNormal, DiagonalNormal

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
    assert torch.equal((z - loc).sign(), noise.sign())  # z = mu + sigma epsilon; minus has the same law
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


def test_the_log_density_is_scipys():
    x = torch.tensor([[0.3, -1.2], [2.0, 0.4]], dtype=torch.float64)
    expected = scipy.stats.norm.logpdf(x, LOC, (LOG_VARIANCE / 2).exp()).sum(-1)
    value = DiagonalNormal(LOC, LOG_VARIANCE).log_prob(x)
    assert value.tolist() == pytest.approx(expected.tolist(), rel=1e-13, abs=0)
    scale_for_variance = DiagonalNormal(LOC, LOG_VARIANCE / 2).log_prob(x)
    assert (value - scale_for_variance).abs().min() > 0.01


@pytest.fixture
def cholesky(seed):
    generator = torch.Generator().manual_seed(seed)
    draw = lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)
    return CholeskyNormal(draw(5, 4), 0.5 * draw(5, 4), draw(5, 6))


def test_the_factor_is_lower_triangular_with_a_positive_diagonal(cholesky):
    factor = cholesky.factor
    assert torch.equal(factor, factor.tril())
    assert torch.equal(factor.diagonal(dim1=-2, dim2=-1), cholesky.log_diagonal.exp())
    below = torch.tril(torch.ones(4, 4), -1).bool()
    assert torch.equal(factor[:, below], cholesky.below)  # every entry once, row by row


def test_the_log_density_of_a_full_covariance_is_the_definitions(cholesky):
    z = torch.linspace(-1, 2, 12, dtype=torch.float64).reshape(3, 1, 4)  # leading axes broadcast
    value = cholesky.log_prob(z)
    assert value.shape == (3, 5)
    for i in range(5):
        covariance = (cholesky.factor[i] @ cholesky.factor[i].T).numpy()
        expected = scipy.stats.multivariate_normal(cholesky.loc[i].numpy(), covariance).logpdf(z[:, 0].numpy())
        # what rounding does to a solution with L grows with its condition
        condition = float(torch.linalg.cond(cholesky.factor[i])) ** 2
        assert value[:, i].tolist() == pytest.approx(expected.tolist(), rel=1e-14 * condition, abs=0)
        transposed = cholesky.factor[i].T @ cholesky.factor[i]
        twin = scipy.stats.multivariate_normal(cholesky.loc[i].numpy(), transposed.numpy()).logpdf(z[:, 0].numpy())
        assert abs(value[:, i].numpy() - twin).max() > 1e-3


def test_draws_of_a_full_covariance_are_loc_plus_the_factor_times_noise(cholesky):
    noise = torch.eye(4, dtype=torch.float64)[:, None].expand(4, 5, 4)
    columns = cholesky.rsample(noise) - cholesky.loc  # (4, 5, 4): column j of L for each of the five
    torch.testing.assert_close(columns.permute(1, 2, 0), cholesky.factor, rtol=1e-13, atol=1e-14)
    assert not torch.allclose(columns.permute(1, 0, 2), cholesky.factor)  # its transpose is a wrong twin


def test_a_full_covariance_without_anything_below_is_diagonal(cholesky):
    z = torch.ones(5, 4, dtype=torch.float64)
    plain = CholeskyNormal(cholesky.loc, cholesky.log_diagonal, 0 * cholesky.below)
    expected = DiagonalNormal(cholesky.loc, 2 * cholesky.log_diagonal).log_prob(z)
    torch.testing.assert_close(plain.log_prob(z), expected, rtol=1e-13, atol=0)


def test_detached_parameters_have_no_gradient(cholesky):
    for normal in (cholesky, DiagonalNormal(cholesky.loc, cholesky.log_diagonal)):
        parameters = [value.requires_grad_() for value in vars(normal).values()]
        z = torch.ones(5, 4, dtype=torch.float64, requires_grad=True)
        normal.detach().log_prob(z).sum().backward()
        assert z.grad.abs().sum() > 0
        assert all(parameter.grad is None for parameter in parameters)
