from functools import partial

import numpy as np
import pytest

from numerics.calibrated import Budget, MeanTest, num_samples_needed
from numerics.law import NormalApproximation, VarianceBound
from numerics.moments import estimate
from numerics.monte_carlo import PathwiseRows, log_ratio
from numerics.proposal import IndependentNormal
from numerics.quadratic_form import QuadraticForm, kl_divergence_gradient_laws, kl_divergence_law
from numerics.quadrature import kl_divergence_normal, kl_divergence_normal_gradient

RATE = 0.01
REPETITIONS = 20_000
FORMS = [QuadraticForm((0.7,), (-0.4,)), QuadraticForm((-0.45, 0.2), (1.3, 0.1))]
NUM_SAMPLES = 200_000


def means(form, num_samples, rng):
    noise = rng.standard_normal((REPETITIONS, num_samples, len(form.square)))
    return ((noise**2 - 1) @ np.array(form.square) + noise @ np.array(form.linear)).mean(axis=1)


def pass_rate(test, estimates, bias):
    lower, upper = test.interval(0.0)
    passed = (lower <= estimates + bias) & (estimates + bias <= upper)
    # One element through the public verdict, so that both say the same.
    assert test.verdict(estimates[0] + bias, 0.0).passed == passed[0]
    return passed.mean()


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("num_samples", [2, 30])
def test_declared_rates_hold_in_simulation(form, num_samples, seed):
    test = MeanTest(form, num_samples, false_alarm=RATE, miss=RATE)
    estimates = means(form, num_samples, np.random.default_rng(seed))
    assert 1 - pass_rate(test, estimates, 0.0) <= 0.012
    assert pass_rate(test, estimates, test.resolution) <= 0.012
    assert pass_rate(test, estimates, -test.resolution) <= 0.012
    # Not vacuous: a quarter of the resolution mostly passes, so the resolution is a real limit.
    assert pass_rate(test, estimates, test.resolution / 4) > 0.5


def test_simulation_rejects_the_normal_approximation(seed):
    """The twin: radii of 2.576 standard errors are exceeded by two chi-squares more often than declared."""
    form = QuadraticForm((0.7,), (0.0,))
    estimates = means(form, 2, np.random.default_rng(seed))
    assert np.mean(abs(estimates) > 2.576 * np.sqrt(form.variance / 2)) > 0.012


@pytest.fixture(scope="module")
def sampled(seed):
    """Mean row (value, d/dloc, d/dscale) at each point, drawn once."""

    def draw(m, s, n, t):
        rows = PathwiseRows(partial(log_ratio, p_loc=[n], p_scale=[t]), IndependentNormal([m], [s]))
        return estimate(rows, NUM_SAMPLES, seed=seed).mean

    cache = {}
    return lambda point: cache.setdefault(point, draw(*point))


def test_sampled_divergence_and_gradient_meet_their_enclosures(point, sampled):
    columns = [[p] for p in point]
    in_loc, in_scale = kl_divergence_normal_gradient(*point)
    expected = [float(ball.mid()) for ball in (kl_divergence_normal(*point), *in_loc, *in_scale)]
    laws_loc, laws_scale = kl_divergence_gradient_laws(*columns)
    budget = Budget()
    laws = [kl_divergence_law(*columns), *laws_loc, *laws_scale]
    for law, mean, truth in zip(laws, sampled(point), expected, strict=True):
        test = MeanTest(law, NUM_SAMPLES, false_alarm=budget.draw(1e-7), miss=RATE)
        assert test.verdict(mean, truth).passed
        assert not test.verdict(mean, truth + test.resolution * 1.5).passed
    assert budget.remaining == pytest.approx(7e-7, rel=1e-9, abs=0)


def test_wrong_twin_lies_outside_the_acceptance_interval(point, wrong_twin, sampled):
    law = kl_divergence_law(*[[p] for p in point])
    test = MeanTest(law, NUM_SAMPLES, false_alarm=1e-7, miss=1e-7)
    truth = float(kl_divergence_normal(*point).mid())
    assert abs(wrong_twin(*point) - truth) > test.resolution
    assert not test.verdict(sampled(point)[0], wrong_twin(*point)).passed


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("discrepancy", [3.0, 0.05])
def test_draws_needed_are_the_fewest(form, discrepancy):
    fewest = num_samples_needed(form, discrepancy, 1e-6, RATE)
    assert MeanTest(form, fewest, 1e-6, RATE).resolution <= discrepancy
    assert fewest == 1 or MeanTest(form, fewest - 1, 1e-6, RATE).resolution > discrepancy


def test_rows_without_variance_need_one_draw_and_a_rounding_allowance():
    law = QuadraticForm((0.0,), (0.0,))
    assert num_samples_needed(law, 1e-9, 1e-6, RATE) == 1
    test = MeanTest(law, 1, 1e-6, RATE, rounding=1e-12)
    assert test.verdict(1.0 + 1e-13, 1.0).passed
    assert not test.verdict(1.0 + 1e-11, 1.0).passed
    assert not MeanTest(law, 1, 1e-6, RATE).verdict(1.0 + 1e-13, 1.0).passed


def test_nan_does_not_pass():
    assert not MeanTest(FORMS[0], 10, RATE, RATE).verdict(np.nan, 0.0).passed


def test_verdict_shows_what_was_compared():
    test = MeanTest(FORMS[0], 100, RATE, RATE)
    verdict = test.verdict(0.25, 0.2)
    assert (verdict.lower, verdict.upper) == test.interval(0.2)
    assert verdict.mean == 0.25
    assert verdict.resolution == test.resolution


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_samples": 0}, "num_samples must be positive, not 0"),
        ({"false_alarm": 0.0}, "false_alarm must lie strictly between 0 and 1, not 0.0"),
        ({"miss": 1.0}, "miss must lie strictly between 0 and 1, not 1.0"),
        ({"rounding": -1.0}, "rounding must be finite and not negative"),
    ],
)
def test_bad_tests_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        MeanTest(**{"law": FORMS[0], "num_samples": 10, "false_alarm": RATE, "miss": RATE, **arguments})


@pytest.mark.parametrize("discrepancy", [0.0, -1.0, np.inf, np.nan])
def test_bad_discrepancies_are_refused(discrepancy):
    with pytest.raises(ValueError, match="discrepancy must be positive and finite"):
        num_samples_needed(FORMS[0], discrepancy, RATE, RATE)


def test_budget_is_spent_exactly_once():
    budget = Budget(1e-6)
    for _ in range(7):
        budget.draw(1e-6 / 7)
    assert budget.remaining < 1e-20
    with pytest.raises(ValueError, match="error budget of 1e-06 is spent"):
        budget.draw(1e-12)


def test_budget_refuses_what_it_does_not_have_and_keeps_the_rest():
    budget = Budget(1e-6)
    with pytest.raises(ValueError, match="1e-06 left, 2e-06 asked"):
        budget.draw(2e-6)
    assert budget.draw(1e-6) == 1e-6


@pytest.mark.parametrize("rate", [0.0, 1.0, np.nan])
def test_budget_refuses_bad_rates(rate):
    with pytest.raises(ValueError, match="total must lie strictly between 0 and 1"):
        Budget(rate)
    with pytest.raises(ValueError, match="share must lie strictly between 0 and 1"):
        Budget().draw(rate)


@pytest.mark.parametrize(
    ("law", "guarantee"),
    [
        (FORMS[0], "finite-sample"),
        (QuadraticForm((0.0,), (0.0,)), "exact"),
        (VarianceBound(1.0), "finite-sample"),
        (NormalApproximation(1.0), "asymptotic"),
    ],
)
def test_every_outcome_says_which_guarantee_holds(law, guarantee):
    assert MeanTest(law, 10, RATE, RATE).verdict(0.0, 0.0).guarantee == guarantee
