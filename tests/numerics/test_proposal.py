import numpy as np
import pytest
import torch

from numerics.proposal import IndependentBernoulli, IndependentGamma, IndependentNormal

PROPOSALS = {
    "normal": IndependentNormal([0.7, -1.1], [0.4, 2.3]),
    "bernoulli": IndependentBernoulli([0.7, -1.1]),
    "gamma": IndependentGamma([0.7, 2.5], [0.4, 2.3]),
}
TORCH = {
    "normal": lambda a, b: torch.distributions.Normal(a, b),
    "bernoulli": lambda a: torch.distributions.Bernoulli(logits=a),
    "gamma": lambda a, b: torch.distributions.Gamma(a, b),
}


@pytest.mark.parametrize("name", PROPOSALS)
def test_log_prob_is_that_of_another_library(name, seed):
    q = PROPOSALS[name]
    draws = q.sample(np.random.default_rng(seed), 20)
    other = TORCH[name](*map(torch.tensor, q.parameters))
    expected = other.log_prob(torch.tensor(draws)).sum(-1).numpy()
    np.testing.assert_allclose(q.log_prob(draws, *q.parameters), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", PROPOSALS)
def test_draws_have_the_mean_and_variance_of_the_distribution(name, seed):
    q = PROPOSALS[name]
    draws = q.sample(np.random.default_rng(seed), 200_000)
    other = TORCH[name](*map(torch.tensor, q.parameters))
    deviation = np.sqrt(other.variance.numpy())
    # Six standard errors of the mean; the variance within 10 %, which kurtosis up to 12 leaves 10 of its errors.
    assert np.all(abs(draws.mean(axis=0) - other.mean.numpy()) < 6 * deviation / np.sqrt(200_000))
    np.testing.assert_allclose(draws.var(axis=0), deviation**2, rtol=0.1)


def test_quantiles_of_the_unit_cube_are_noise(seed):
    q = PROPOSALS["normal"]
    grid = (np.arange(1000)[:, None] + 0.5) / 1000 * np.ones(2)
    noise = q.noise_at(grid)
    assert abs(noise.mean()) < 1e-12
    assert noise.var() == pytest.approx(1, rel=1e-2, abs=0)
    assert np.isfinite(q.noise_at(np.array([[2.0**-53, 1 - 2.0**-53]]))).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: IndependentNormal([0.0], [0.0]), "scale must be positive"),
        (lambda: IndependentNormal([0.0], [np.nan]), "scale must be positive"),
        (lambda: IndependentNormal([0.0, 1.0], [1.0]), r"must have one shape \(D,\), not \(2,\) and \(1,\)"),
        (lambda: IndependentNormal(0.0, 1.0), r"loc must have shape \(D,\), not \(\)"),
        (lambda: IndependentBernoulli([]), r"logits must have shape \(D,\), not \(0,\)"),
        (lambda: IndependentGamma([-1.0], [1.0]), "concentration must be positive"),
        (lambda: IndependentGamma([1.0], [0.0]), "rate must be positive"),
    ],
)
def test_bad_parameters_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
