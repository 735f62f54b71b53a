import multiprocessing
import tracemalloc
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
import torch

from numerics.monte_carlo import Moments, PathwiseRows, estimate, log_ratio, pathwise, pathwise_gradient

LOC, SCALE, P_LOC, P_SCALE = [0.7, -1.1], [0.4, 2.3], [-0.6, 0.9], [1.3, 0.8]
ROWS = PathwiseRows(partial(log_ratio, p_loc=P_LOC, p_scale=P_SCALE), LOC, SCALE)


def uniform_rows(rng, num_samples):
    return rng.random((num_samples, 3))


@pytest.fixture
def noise(seed):
    return np.random.default_rng(seed).standard_normal((50, 2))


def assert_same(left, right, rtol):
    assert left.count == right.count
    np.testing.assert_allclose(left.mean, right.mean, rtol=rtol)
    np.testing.assert_allclose(left.squares, right.squares, rtol=rtol)


def test_moments_are_those_of_two_passes(seed):
    rows = 1e6 + np.random.default_rng(seed).standard_normal((1000, 2))
    merged = Moments.of(rows[:1])
    for part in np.split(rows[1:], [1, 10, 400]):
        merged = merged.merge(Moments.of(part))
    assert merged.count == 1000
    # The mean is right to rounding at 1e6; the deviations are right to that rounding too.
    np.testing.assert_allclose(merged.mean, rows.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(merged.variance, rows.var(axis=0, ddof=1), rtol=1e-8)
    np.testing.assert_allclose(merged.standard_error, rows.std(axis=0, ddof=1) / np.sqrt(1000), rtol=1e-8)
    # The twin: merging without the shift between the means.
    parts = [Moments.of(part) for part in np.split(np.sort(rows, axis=0), 2)]
    assert np.all(parts[0].squares + parts[1].squares < 0.5 * Moments.of(rows).squares)


def test_merge_is_associative_and_commutative(seed):
    a, b, c = (Moments.of(part) for part in np.split(uniform_rows(np.random.default_rng(seed), 90), [7, 30]))
    assert_same(a.merge(b).merge(c), a.merge(b.merge(c)), rtol=1e-13)
    assert_same(a.merge(b), b.merge(a), rtol=1e-13)


def test_variance_of_one_row_is_unknown():
    assert np.isnan(Moments.of([3.0]).variance)


@pytest.mark.parametrize("rows", [[], np.empty((0, 3)), 1.0])
def test_moments_need_rows(rows):
    with pytest.raises(ValueError, match="at least one row"):
        Moments.of(rows)


def test_pathwise_rows_are_the_integrand_at_the_draws(noise):
    rows = pathwise(log_ratio_to_p, LOC, SCALE, noise)
    draws = torch.tensor(LOC) + torch.tensor(SCALE) * torch.tensor(noise)
    q, p = (torch.distributions.Normal(torch.tensor(m), torch.tensor(s)) for m, s in ((LOC, SCALE), (P_LOC, P_SCALE)))
    expected = (q.log_prob(draws) - p.log_prob(draws)).sum(-1).numpy()
    np.testing.assert_allclose(rows, expected, rtol=1e-5, atol=1e-5)  # torch's parameters are float32
    assert not np.allclose(rows, pathwise(log_ratio_to_p, LOC, np.square(SCALE), noise), rtol=1e-2)


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
    in_loc, in_scale = pathwise_gradient(transcendental, LOC, SCALE, noise)
    expected = autograd(transcendental_torch, noise)
    np.testing.assert_allclose(in_loc, expected[0], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(in_scale, expected[1], rtol=1e-12, atol=1e-14)
    # The twin: the path alone, with the parameters' own part lost.
    assert not np.allclose(in_loc, autograd(transcendental_torch, noise, detach=True)[0], rtol=1e-3)


def test_gradient_of_the_log_ratio_row_by_row(noise):
    in_loc, in_scale = pathwise_gradient(log_ratio_to_p, LOC, SCALE, noise)
    m, s, n, t = map(np.asarray, (LOC, SCALE, P_LOC, P_SCALE))
    pull = (m + s * noise - n) / t**2
    np.testing.assert_allclose(in_loc, pull, rtol=1e-13)
    np.testing.assert_allclose(in_scale, pull * noise - 1 / s, rtol=1e-12, atol=1e-14)
    assert not np.allclose(in_scale, pull * noise, rtol=1e-2)


def test_gradient_needs_an_analytic_integrand(noise):
    """What the Requirements paragraph warns of: a modulus hides the step."""
    in_loc, _ = pathwise_gradient(lambda z, m, s: abs(z).sum(axis=-1), LOC, SCALE, noise)
    assert np.all(in_loc == 0.0)


def test_log_ratio_vanishes_where_q_is_p(noise):
    rows = pathwise(partial(log_ratio, p_loc=LOC, p_scale=SCALE), LOC, SCALE, noise)
    assert np.all(rows == 0.0)


def test_rows_hold_value_and_gradient_of_the_same_draws(seed):
    rows = ROWS(np.random.default_rng(seed), 8)
    noise = np.random.default_rng(seed).standard_normal((8, 2))
    assert np.array_equal(rows[:, 0], pathwise(log_ratio_to_p, LOC, SCALE, noise))
    assert np.array_equal(rows[:, 1:], np.hstack(pathwise_gradient(log_ratio_to_p, LOC, SCALE, noise)))


def test_estimate_does_not_depend_on_the_executor(seed):
    draw = partial(estimate, ROWS, 10_001, seed=seed, chunk_size=500)
    results = [draw()]
    for workers in (1, 3):
        with ThreadPoolExecutor(workers) as pool:
            results.append(draw(executor=pool))
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        results.append(draw(executor=pool))
    assert results[0].count == 10_001
    for other in results[1:]:
        assert np.array_equal(other.mean, results[0].mean)
        assert np.array_equal(other.squares, results[0].squares)
    # The twin: another seed is another sample.
    assert not np.array_equal(estimate(ROWS, 10_001, seed=seed + 1, chunk_size=500).mean, results[0].mean)


def test_more_chunks_than_the_window(seed):
    with ThreadPoolExecutor(2) as pool:
        shared = estimate(uniform_rows, 700, seed=seed, chunk_size=1, executor=pool)
    assert np.array_equal(shared.mean, estimate(uniform_rows, 700, seed=seed, chunk_size=1).mean)


def test_chunks_draw_from_different_streams(seed):
    seen = []

    def record(rng, num_samples):
        seen.append(rng.random(num_samples))
        return seen[-1]

    estimate(record, 30, seed=seed, chunk_size=10)
    assert len(np.unique(np.concatenate(seen))) == 30
    children = np.random.SeedSequence(seed).spawn(3)
    assert np.array_equal(seen, [np.random.default_rng(child).random(10) for child in children])


def test_memory_does_not_grow_with_the_number_of_draws(seed):
    def peak(num_samples):
        tracemalloc.start()
        estimate(uniform_rows, num_samples, seed=seed, chunk_size=1000)
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(1000)
    assert peak(200_000) < 1.5 * peak(2_000) < 200_000 * 3 * 8 / 10


@pytest.mark.parametrize("keyword", ["num_samples", "chunk_size"])
def test_estimate_refuses_nothing_to_do(keyword):
    with pytest.raises(ValueError, match="num_samples and chunk_size must be positive"):
        estimate(uniform_rows, **{"num_samples": 1, "seed": 0, keyword: 0})


def test_estimate_refuses_a_wrong_number_of_rows():
    with pytest.raises(ValueError, match=r"rows must return 10 rows, not shape \(9,\)"):
        estimate(lambda rng, n: rng.random(n - 1), 10, seed=0)


@pytest.mark.parametrize(
    ("loc", "scale", "noise", "message"),
    [
        ([0.0], [0.0], [[1.0]], "scale must be positive"),
        ([0.0], [np.nan], [[1.0]], "scale must be positive"),
        ([0.0, 1.0], [1.0], [[1.0]], r"need shapes \(D,\), \(D,\), \(N, D\)"),
        ([0.0], [1.0], [1.0], r"need shapes \(D,\), \(D,\), \(N, D\)"),
        ([0.0], [1.0], np.empty((0, 1)), "at least one draw"),
    ],
)
@pytest.mark.parametrize("estimator", [pathwise, pathwise_gradient])
def test_bad_input_is_refused(estimator, loc, scale, noise, message):
    with pytest.raises(ValueError, match=message):
        estimator(lambda z, m, s: z.sum(axis=-1), loc, scale, noise)


def test_an_integrand_that_does_not_sum_the_event_is_refused(noise):
    with pytest.raises(ValueError, match=r"integrand must return shape \(50,\), not \(50, 2\)"):
        pathwise(lambda z, m, s: z, LOC, SCALE, noise)
