import numpy as np
import pytest
from scipy import stats

from numerics import density
from numerics.law import VarianceBound
from numerics.quadratic_form import QuadraticForm
from numerics.quadrature import kl_divergence, variance_log_ratio
from numerics.sequential import SequentialTest

RATE = 0.01
FORMS = [QuadraticForm((0.7,), (-0.4,)), QuadraticForm((-0.45, 0.2), (1.3, 0.1))]

# 20,000 repetitions and more laws are in benchmarks/calibration.py.

# A binomial of 3000 trials at 1 % exceeds 60 with probability 1e-7.
SEQUENCES, LIMIT = 3000, 60


def quadratic_rows(rng, shape):
    noise = rng.standard_normal(shape)
    return 0.7 * (noise**2 - 1) - 0.4 * noise


def exponential_rows(rng, shape):
    return rng.exponential(size=shape) - 1


SEQUENTIAL = {
    "quadratic form": (SequentialTest(FORMS[0], 0.6, RATE, RATE), quadratic_rows),
    "variance bound": (SequentialTest(VarianceBound(1.0), 0.6, RATE, RATE), exponential_rows),
}


@pytest.mark.parametrize("name", SEQUENTIAL)
def test_declared_rates_hold_against_a_user_who_stops_at_the_worst_moment(name, seed):
    test, draw = SEQUENTIAL[name]
    rows = draw(np.random.default_rng(seed), (SEQUENCES, test.num_samples))
    assert np.sum((test.decide(rows, 0.0) == -1).any(axis=1)) <= LIMIT
    for bias in (-0.6, 0.6, -2.0, 2.0):
        assert np.sum((test.decide(rows + bias, 0.0) == 1).any(axis=1)) <= LIMIT
    # Not vacuous: on right rows nearly all pass before the last draw.
    assert np.mean((test.decide(rows, 0.0)[:, :-1] == 1).any(axis=1)) > 0.8


def test_looking_again_and_again_breaks_a_test_that_looks_once(seed):
    """The twin: the mean test's interval at each n, looked at after every draw."""
    law = FORMS[0]
    rows = quadratic_rows(np.random.default_rng(seed), (SEQUENCES, 300))
    counts = np.arange(1, 301)
    means = np.cumsum(rows, axis=1) / counts
    radius = 2.576 * np.sqrt(law.variance / counts)
    assert np.sum((abs(means) > radius).any(axis=1)) > 5 * LIMIT


def test_a_variance_that_is_too_small_breaks_the_rates(seed):
    """The twin: half of the variance is declared, so the wagers are better than fair."""
    test = SequentialTest(VarianceBound(0.1), 0.6, RATE, RATE)
    rows = exponential_rows(np.random.default_rng(seed), (SEQUENCES, test.num_samples))
    assert np.sum((test.decide(rows, 0.0) == -1).any(axis=1)) > LIMIT


@pytest.mark.parametrize("bias", [0.0, 0.6])
def test_batches_and_single_rows_come_to_the_same_decision(bias, seed):
    test, draw = SEQUENTIAL["variance bound"]
    rows = draw(np.random.default_rng(seed), (20, test.num_samples)) + bias
    for row, decisions in zip(rows, test.decide(rows, 0.0), strict=True):
        whole = test.verdict(row, 0.0)
        state = test.start()
        for part in np.split(row, [1, 2, 30]):
            state = state.after(part, 0.0)
        assert (state.passed, state.num_samples) == (whole.passed, whole.num_samples)
        first = np.flatnonzero(decisions)[0]
        assert (whole.num_samples, whole.passed) == (first + 1, decisions[first] == 1)
        assert whole.guarantee == "finite-sample"


def test_a_decision_stays_and_a_nan_fails():
    test = SequentialTest(VarianceBound(1.0), 0.6, RATE, RATE)
    passed = test.verdict(np.zeros(test.num_samples), 0.0)
    assert passed.passed
    assert passed.after(np.full(1000, 50.0), 0.0) is passed
    assert test.verdict([np.nan], 0.0).passed is False
    assert test.start().after([], 0.0).passed is None


@pytest.mark.parametrize("law", [FORMS[0], FORMS[1], VarianceBound(2.0)], ids=str)
def test_smaller_discrepancies_need_more_draws(law):
    draws = [SequentialTest(law, d, RATE, RATE).num_samples for d in (2.0, 0.5, 0.05)]
    assert draws == sorted(draws)
    # In the limit of small discrepancies: 4 (log 200 + log 200) variance / discrepancy**2 at most, growth d^2/4v.
    assert draws[2] == pytest.approx(4 * 2 * np.log(200) * law.variance / 0.05**2, rel=0.02, abs=0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"discrepancy": 0.0}, "discrepancy must be positive and finite"),
        ({"false_alarm": 1.0}, "false_alarm must lie strictly between 0 and 1"),
        ({"miss": 0.0}, "miss must lie strictly between 0 and 1"),
        ({"law": QuadraticForm((0.0,), (0.0,))}, "rows without variance need one draw"),
    ],
)
def test_bad_sequential_tests_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        SequentialTest(**{"law": FORMS[0], "discrepancy": 0.1, "false_alarm": RATE, "miss": RATE, **arguments})


def test_a_divergence_without_a_known_law_is_tested_with_its_certified_variance(seed):
    q, p = density.Gamma(2.5, 1.3), density.Gamma(0.8, 1.7)
    law = VarianceBound(float(variance_log_ratio(q, p).upper()))
    truth = float(kl_divergence(q, p))
    test = SequentialTest(law, discrepancy=0.05, false_alarm=1e-7, miss=RATE)
    z = np.random.default_rng(seed).gamma(q.concentration, 1 / q.rate, test.num_samples)
    rows = stats.gamma(q.concentration, scale=1 / q.rate).logpdf(z) - stats.gamma(0.8, scale=1 / 1.7).logpdf(z)
    assert test.verdict(rows, truth).passed
    assert test.verdict(rows, 1.1 * truth + 0.05).passed is False
