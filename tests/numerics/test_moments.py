import multiprocessing
import tracemalloc
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest

from numerics.moments import Moments, estimate
from numerics.monte_carlo import PathwiseRows, log_ratio
from numerics.proposal import IndependentNormal

LOC, SCALE, P_LOC, P_SCALE = [0.7, -1.1], [0.4, 2.3], [-0.6, 0.9], [1.3, 0.8]
ROWS = PathwiseRows(partial(log_ratio, p_loc=P_LOC, p_scale=P_SCALE), IndependentNormal(LOC, SCALE))


def uniform_rows(rng, num_samples):
    return rng.random((num_samples, 3))


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


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("distributed", reason="the optional extra 'dask' is not installed")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as local,
        distributed.Client(local) as client,
    ):
        yield client


@pytest.mark.filterwarnings("default")
def test_a_dask_cluster_gives_the_same_result(cluster, seed):
    shared = estimate(ROWS, 10_001, seed=seed, chunk_size=500, executor=cluster.get_executor())
    alone = estimate(ROWS, 10_001, seed=seed, chunk_size=500)
    assert np.array_equal(shared.mean, alone.mean)
    assert np.array_equal(shared.squares, alone.squares)
