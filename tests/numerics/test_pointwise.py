import mpmath
import numpy as np
import pytest

from numerics.monte_carlo import pathwise_gradient
from numerics.pointwise import ConjugateNormal, log_weights, sticking_the_landing_gradient
from numerics.proposal import IndependentNormal

MODEL = ConjugateNormal([1.7, -0.6], [0.8, 2.3])
X = [0.9, -2.1]
EPS = np.finfo(float).eps
# A row adds some twenty terms below 50 in modulus, and the posterior's parameters carry three roundings.
ROUNDING = 64 * EPS * 50


def log_joint(z):
    return MODEL.log_joint(X, z)


@pytest.fixture
def noise(seed):
    return np.random.default_rng(seed).standard_normal((100, 2))


def test_evidence_is_the_integral_of_the_joint():
    """By mpmath on its own densities: no conjugacy is used."""
    with mpmath.workdps(25):
        total = mpmath.mpf(0)
        for w, s, x in zip(MODEL.slope, MODEL.scale, X, strict=True):
            integrand = lambda z, w=w, s=s, x=x: mpmath.npdf(z, 0, 1) * mpmath.npdf(x, w * z, s)
            total += mpmath.log(mpmath.quad(integrand, mpmath.linspace(-12, 12, 13)))
    assert MODEL.log_evidence(X) == pytest.approx(float(total), rel=1e-14, abs=0)


def test_with_the_exact_posterior_every_row_is_the_evidence(noise):
    rows = log_weights(log_joint, MODEL.posterior(X), noise)
    assert np.ptp(rows) < ROUNDING
    assert abs(rows - MODEL.log_evidence(X)).max() < ROUNDING


WRONG_POSTERIORS = {
    "mean of another x": lambda q: IndependentNormal(1.001 * q.loc, q.scale),
    "variance for scale": lambda q: IndependentNormal(q.loc, q.scale**2),
    "prior": lambda q: IndependentNormal(0 * q.loc, 0 * q.scale + 1),
    "coordinates swapped": lambda q: IndependentNormal(q.loc[::-1], q.scale[::-1]),
}


@pytest.mark.parametrize("name", WRONG_POSTERIORS)
def test_a_wrong_posterior_has_a_spread_and_a_gradient_at_once(name, noise):
    q = WRONG_POSTERIORS[name](MODEL.posterior(X))
    assert np.ptp(log_weights(log_joint, q, noise[:5])) > 1e6 * ROUNDING
    gradient = np.hstack(sticking_the_landing_gradient(log_joint, q, noise[:5]))
    assert abs(gradient).max() > 1e6 * ROUNDING


def test_the_path_derivative_at_the_optimum_is_zero_for_every_draw(noise):
    for gradient in sticking_the_landing_gradient(log_joint, MODEL.posterior(X), noise):
        assert gradient.shape == (100, 2)
        assert abs(gradient).max() < ROUNDING


def test_the_total_derivative_at_the_optimum_is_zero_only_on_average(noise):
    """The twin: with the score kept, rows of the gradient scatter."""
    q = MODEL.posterior(X)
    total = pathwise_gradient(lambda z, *theta: log_joint(z) - q.log_prob(z, *theta), q, noise)
    assert abs(np.hstack(total)).max() > 0.5


def test_both_gradients_have_one_mean(seed):
    q = IndependentNormal([0.2, 0.3], [0.9, 1.4])
    noise = np.random.default_rng(seed).standard_normal((200_000, 2))
    landing = np.hstack(sticking_the_landing_gradient(log_joint, q, noise))
    total = np.hstack(pathwise_gradient(lambda z, *theta: log_joint(z) - q.log_prob(z, *theta), q, noise))
    difference = landing - total
    assert np.all(abs(difference.mean(axis=0)) < 6 * difference.std(axis=0) / np.sqrt(len(noise)) + 1e-12)


def test_bad_models_are_refused():
    with pytest.raises(ValueError, match="scale must be positive"):
        ConjugateNormal([1.0], [0.0])
    with pytest.raises(ValueError, match="one shape"):
        ConjugateNormal([1.0, 2.0], [1.0])
