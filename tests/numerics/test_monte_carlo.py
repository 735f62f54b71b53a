from functools import partial

import numpy as np
import pytest
import torch

from numerics import density
from numerics.moments import estimate
from numerics.monte_carlo import (
    PathwiseRows,
    ScoreFunctionRows,
    importance_weighted,
    importance_weighted_gradient,
    log_ratio,
    pathwise,
    pathwise_gradient,
    score_function_gradient,
)
from numerics.proposal import IndependentBernoulli, IndependentGamma, IndependentNormal
from numerics.quadrature import kl_divergence, kl_divergence_normal_gradient

LOC, SCALE, P_LOC, P_SCALE = [0.7, -1.1], [0.4, 2.3], [-0.6, 0.9], [1.3, 0.8]
Q = IndependentNormal(LOC, SCALE)
ROWS = PathwiseRows(partial(log_ratio, p_loc=P_LOC, p_scale=P_SCALE), Q)


@pytest.fixture
def noise(seed):
    return np.random.default_rng(seed).standard_normal((50, 2))


def test_pathwise_rows_are_the_integrand_at_the_draws(noise):
    rows = pathwise(log_ratio_to_p, Q, noise)
    draws = torch.tensor(LOC) + torch.tensor(SCALE) * torch.tensor(noise)
    q, p = (torch.distributions.Normal(torch.tensor(m), torch.tensor(s)) for m, s in ((LOC, SCALE), (P_LOC, P_SCALE)))
    expected = (q.log_prob(draws) - p.log_prob(draws)).sum(-1).numpy()
    np.testing.assert_allclose(rows, expected, rtol=1e-5, atol=1e-5)  # torch's parameters are float32
    assert not np.allclose(rows, pathwise(log_ratio_to_p, IndependentNormal(LOC, np.square(SCALE)), noise), rtol=1e-2)


def log_ratio_to_p(value, loc, scale):
    return log_ratio(value, loc, scale, p_loc=P_LOC, p_scale=P_SCALE)


def transcendental(value, loc, scale):
    return (np.exp(np.sin(value)) * np.log(scale) / (1 + loc**2)).sum(axis=-1)


def transcendental_torch(value, loc, scale):
    return (torch.exp(torch.sin(value)) * torch.log(scale) / (1 + loc**2)).sum(-1)


def autograd(integrand, noise, *, detach=False):
    loc, scale = (torch.tensor([p] * len(noise), dtype=torch.float64, requires_grad=True) for p in (LOC, SCALE))
    value = loc + scale * torch.tensor(noise)
    rows = integrand(value, loc.detach() if detach else loc, scale.detach() if detach else scale)
    return [g.numpy() for g in torch.autograd.grad(rows.sum(), (loc, scale))]


def test_pathwise_gradient_is_the_total_derivative(noise):
    in_loc, in_scale = pathwise_gradient(transcendental, Q, noise)
    expected = autograd(transcendental_torch, noise)
    np.testing.assert_allclose(in_loc, expected[0], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(in_scale, expected[1], rtol=1e-12, atol=1e-14)
    # The twin: the path alone, with the parameters' own part lost.
    assert not np.allclose(in_loc, autograd(transcendental_torch, noise, detach=True)[0], rtol=1e-3)


def test_gradient_of_the_log_ratio_row_by_row(noise):
    in_loc, in_scale = pathwise_gradient(log_ratio_to_p, Q, noise)
    m, s, n, t = map(np.asarray, (LOC, SCALE, P_LOC, P_SCALE))
    pull = (m + s * noise - n) / t**2
    np.testing.assert_allclose(in_loc, pull, rtol=1e-13)
    np.testing.assert_allclose(in_scale, pull * noise - 1 / s, rtol=1e-12, atol=1e-14)
    assert not np.allclose(in_scale, pull * noise, rtol=1e-2)


def test_gradient_needs_an_analytic_integrand(noise):
    """What the Requirements paragraph warns of: a modulus hides the step."""
    in_loc, _ = pathwise_gradient(lambda z, m, s: abs(z).sum(axis=-1), Q, noise)
    assert np.all(in_loc == 0.0)


def test_log_ratio_vanishes_where_q_is_p(noise):
    rows = pathwise(partial(log_ratio, p_loc=LOC, p_scale=SCALE), Q, noise)
    assert np.all(rows == 0.0)


def test_rows_hold_value_and_gradient_of_the_same_draws(seed):
    rows = ROWS(np.random.default_rng(seed), 8)
    noise = np.random.default_rng(seed).standard_normal((8, 2))
    assert np.array_equal(rows[:, 0], pathwise(log_ratio_to_p, Q, noise))
    assert np.array_equal(rows[:, 1:], np.hstack(pathwise_gradient(log_ratio_to_p, Q, noise)))


def test_an_integrand_that_does_not_sum_the_event_is_refused(noise):
    with pytest.raises(ValueError, match=r"integrand must return shape \(50,\), not \(50, 2\)"):
        pathwise(lambda z, m, s: z, Q, noise)


@pytest.mark.parametrize("shape", [(2,), (50, 3), (0, 2)])
@pytest.mark.parametrize("estimator", [pathwise, pathwise_gradient, score_function_gradient])
def test_draws_of_another_shape_are_refused(estimator, shape):
    message = "need at least one draw" if shape == (0, 2) else r"need shape \(N, D\) with D = 2"
    with pytest.raises(ValueError, match=message):
        estimator(lambda z, m, s: z.sum(axis=-1), Q, np.zeros(shape))


# --- score function ---


def quartic(value, loc, scale):
    """An integrand that depends on the parameters itself."""
    return (value**4 + loc * value**2 + scale).sum(axis=-1)


def test_score_function_rows_are_advantage_times_score_plus_the_explicit_part(noise):
    draws = Q.transform(noise, *Q.parameters)
    loc, scale = (torch.tensor(p, dtype=torch.float64, requires_grad=True) for p in (LOC, SCALE))
    for row in range(5):
        z = torch.tensor(draws[row])
        log_q = torch.distributions.Normal(loc, scale).log_prob(z).sum()
        f = (z**4 + loc * z**2 + scale).sum()
        surrogate = (f.detach() - 1.5) * log_q + f
        expected = torch.autograd.grad(surrogate, (loc, scale))
        actual = score_function_gradient(quartic, Q, draws[row : row + 1], baseline=1.5)
        for a, e in zip(actual, expected, strict=True):
            np.testing.assert_allclose(a[0], e.numpy(), rtol=1e-9, atol=1e-9)


def test_the_leave_one_out_baseline_leaves_its_own_draw_out(noise):
    draws = Q.transform(noise, *Q.parameters)
    f = quartic(draws, *Q.parameters)
    rows = score_function_gradient(quartic, Q, draws, "leave-one-out")[0]
    for i in (0, 17):
        single = score_function_gradient(quartic, Q, draws[i : i + 1], float(np.delete(f, i).mean()))[0]
        np.testing.assert_allclose(rows[i], single[0], rtol=1e-9)
        # The twin: the mean of all draws, its own included, shrinks the estimate by (N - 1)/N.
        biased = score_function_gradient(quartic, Q, draws[i : i + 1], float(f.mean()))[0]
        assert not np.allclose(rows[i], biased[0], rtol=1e-3)


def test_a_leave_one_out_baseline_needs_another_draw():
    with pytest.raises(ValueError, match="at least two draws"):
        score_function_gradient(quartic, Q, [[0.0, 0.0]], "leave-one-out")


def z_scores(moments, expected):
    return abs(moments.mean - np.asarray(expected)) / moments.standard_error


@pytest.mark.parametrize("baseline", [0.0, 1.3, "leave-one-out"])
def test_score_function_gradient_of_a_divergence_meets_its_enclosure(baseline, seed):
    rows = ScoreFunctionRows(partial(log_ratio, p_loc=P_LOC, p_scale=P_SCALE), Q, baseline)
    in_loc, in_scale = kl_divergence_normal_gradient(LOC, SCALE, P_LOC, P_SCALE)
    moments = estimate(rows, 2**18, seed=seed)
    expected = [float(b) for b in (*in_loc, *in_scale)]
    # Six standard errors: by the central limit theorem exceeded once in 10^8 times for each of 12 columns.
    assert np.all(z_scores(moments, [moments.mean[0], *expected])[1:] < 6)
    # The twin: the explicit part for a baseline's; E[log q - log p + 1] needs no one, E of the score being 0.
    assert np.any(z_scores(moments, [moments.mean[0], *(e + 1 for e in expected)])[1:] > 20)


def test_baselines_lower_the_variance_and_keep_the_mean(seed):
    integrand = partial(shifted, shift=30.0)
    bare, loo = (estimate(ScoreFunctionRows(integrand, Q, b), 2**16, seed=seed) for b in (0.0, "leave-one-out"))
    assert np.all(loo.variance[1:] < 0.1 * bare.variance[1:])
    assert np.all(abs(bare.mean - loo.mean)[1:] < 6 * (bare.standard_error + loo.standard_error)[1:])


def shifted(value, loc, scale, *, shift):
    return shift + value.sum(axis=-1)


def parity(value, logits):
    return value.sum(axis=-1) % 2.0 + 0 * logits.sum()


def test_score_function_gradient_of_a_discrete_expectation_is_exact_when_enumerated(seed):
    """All four draws, weighted by their probabilities, give the derivative of P(odd) without sampling."""
    logits = np.random.default_rng(seed).normal(size=2)
    q = IndependentBernoulli(logits)
    draws = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    weights = np.exp(q.log_prob(draws, logits))
    a, b = 1 / (1 + np.exp(-logits))
    exact = np.array([a * (1 - a) * (1 - 2 * b), b * (1 - b) * (1 - 2 * a)])
    (rows,) = score_function_gradient(parity, q, draws, baseline=0.3)
    np.testing.assert_allclose(weights @ rows, exact, rtol=1e-12)
    assert weights.sum() == pytest.approx(1, rel=1e-12, abs=0)


def gamma_log_ratio(value, concentration, rate):
    q, p = (
        IndependentGamma([1.0], [1.0]).log_prob(value, np.array(a), np.array(b))
        for a, b in ((concentration, rate), ([0.8], [1.7]))
    )
    return q - p


def test_score_function_gradient_of_a_gamma_divergence(seed):
    """Against differences of the certified enclosure: a distribution without a reparameterisation."""
    q = IndependentGamma([2.5], [1.3])
    moments = estimate(ScoreFunctionRows(gamma_log_ratio, q, "leave-one-out"), 2**17, seed=seed)

    def kl(a, b):
        return float(kl_divergence(density.Gamma(a, b), density.Gamma(0.8, 1.7)))

    h = 1e-5
    expected = [
        kl(2.5, 1.3),
        (kl(2.5 + h, 1.3) - kl(2.5 - h, 1.3)) / (2 * h),
        (kl(2.5, 1.3 + h) - kl(2.5, 1.3 - h)) / (2 * h),
    ]
    assert np.all(z_scores(moments, expected) < 6)
    assert np.all(z_scores(moments, [-e for e in expected]) > 20)  # the twin: sign reversed


# --- importance weighting: p(z) = N(0, 1), p(x|z) = N(x; z, 1), so p(x) = N(x; 0, 2) and the posterior is N(x/2, 1/2) ---

X = 1.2
LOG_EVIDENCE = -0.5 * np.log(4 * np.pi) - X**2 / 4


def log_weight(value, loc, scale):
    return (-0.5 * value**2 - 0.5 * (X - value) ** 2 - np.log(2 * np.pi)).sum(axis=-1) - IndependentNormal(
        [0.0], [1.0]
    ).log_prob(value, loc, scale)


def test_one_importance_sample_is_the_elbo(seed):
    q, noise = IndependentNormal([0.2], [0.9]), np.random.default_rng(seed).standard_normal((20, 1, 1))
    np.testing.assert_allclose(
        importance_weighted(log_weight, q, noise), pathwise(log_weight, q, noise[:, 0]), rtol=1e-12
    )
    for a, b in zip(
        importance_weighted_gradient(log_weight, q, noise), pathwise_gradient(log_weight, q, noise[:, 0]), strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


def test_the_bound_grows_with_the_number_of_importance_samples_up_to_the_evidence(seed):
    q = IndependentNormal([0.2], [0.9])
    noise = np.random.default_rng(seed).standard_normal((40_000, 16, 1))
    rows = {k: importance_weighted(log_weight, q, noise[:, :k]) for k in (1, 4, 16)}
    means = [r.mean() for r in rows.values()]
    errors = [r.std() / np.sqrt(len(r)) for r in rows.values()]
    assert means[0] + 6 * errors[0] < means[1] < means[2] < LOG_EVIDENCE + 6 * errors[2]
    # The twin: the mean of the logarithms instead of the logarithm of the mean stays at the ELBO.
    assert abs(importance_weighted(log_weight, q, noise.reshape(-1, 1, 1)).mean() - means[0]) < 6 * errors[0]


def test_with_the_posterior_every_row_is_the_evidence(seed):
    q = IndependentNormal([X / 2], [np.sqrt(0.5)])
    rows = importance_weighted(log_weight, q, np.random.default_rng(seed).standard_normal((100, 5, 1)))
    np.testing.assert_allclose(rows, LOG_EVIDENCE, rtol=1e-13)


def test_importance_weighted_gradient_is_that_of_autograd(seed):
    noise = np.random.default_rng(seed).standard_normal((30, 7, 1))
    actual = importance_weighted_gradient(log_weight, IndependentNormal([0.2], [0.9]), noise)
    loc, scale = (torch.full((30, 1, 1), v, dtype=torch.float64, requires_grad=True) for v in (0.2, 0.9))
    z = loc + scale * torch.tensor(noise)
    normal = torch.distributions.Normal
    one = torch.ones((), dtype=torch.float64)
    log_p = normal(0 * one, one).log_prob(z) + normal(z, one).log_prob(torch.tensor(X, dtype=torch.float64))
    rows = torch.logsumexp((log_p - normal(loc, scale).log_prob(z)).squeeze(-1), 1)
    expected = torch.autograd.grad(rows.sum(), (loc, scale))
    for a, e in zip(actual, expected, strict=True):
        np.testing.assert_allclose(a, e.squeeze(-1).numpy(), rtol=1e-9, atol=1e-12)


def test_weights_beyond_the_range_of_floats_do_not_overflow():
    q = IndependentNormal([0.0], [1.0])
    rows = importance_weighted(lambda z, m, s: 5000.0 + z.sum(axis=-1), q, np.zeros((1, 3, 1)))
    assert rows == pytest.approx([5000.0], rel=1e-15, abs=0)
