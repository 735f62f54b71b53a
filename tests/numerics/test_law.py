import numpy as np
import pytest
from scipy import stats

from numerics import density
from numerics.law import NormalApproximation, VarianceBound, check_draws, check_rate
from numerics.quadratic_form import QuadraticForm, kl_divergence_law
from numerics.quadrature import variance_log_ratio

LAWS = {
    "quadratic form": (QuadraticForm((0.7,), (-0.4,)), stats.norm),
    "variance bound, normal rows": (VarianceBound(1.0), stats.norm),
    "variance bound, exponential rows": (VarianceBound(1.0), stats.expon(-1)),
    "variance bound, two points": (VarianceBound(1.0), stats.rv_discrete(values=([-1, 1], [0.5, 0.5]))),
    "variance bound, heavy tails": (VarianceBound(3.0), stats.t(3)),
}


def expected(function, law, distribution):
    """Expectation over rows by quadrature: 200,000 quantiles, which leave the far tails out, so at most the truth."""
    grid = (np.arange(200_000) + 0.5) / 200_000
    rows = distribution.ppf(grid).astype(float)
    if isinstance(law, QuadraticForm):
        rows = law.square[0] * (rows**2 - 1) + law.linear[0] * rows
    return function(rows).mean()


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("rate", [-0.6, -0.1, 0.05, 0.3])
def test_a_wager_is_fair_or_worse(name, rate):
    law, distribution = LAWS[name]
    assert expected(lambda x: np.exp(law.wager(x, rate)), law, distribution) <= 1 + 1e-4
    # The twin: without its compensation it grows.
    compensation = law.cumulant(rate) if isinstance(law, QuadraticForm) else 0.5 * rate**2 * law.variance
    assert expected(lambda x: np.exp(law.wager(x, rate) + 3 * compensation), law, distribution) > 1


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("discrepancy", [-0.8, 0.3])
def test_growth_bounds_the_moment_that_chernoff_and_markov_use(name, discrepancy):
    """At mean deviation d, E exp(-wager) <= exp(-growth): then n wagers fall below n g - log(1/b) at most b often."""
    law, distribution = LAWS[name]
    rate = law.best_rate(discrepancy)
    assert rate * discrepancy > 0
    growth = law.growth(discrepancy, rate)
    assert growth > 0
    assert expected(lambda x: np.exp(-law.wager(x + discrepancy, rate)), law, distribution) <= np.exp(-growth) + 1e-4


@pytest.mark.parametrize("law", [law for law, _ in LAWS.values()], ids=list(LAWS))
@pytest.mark.parametrize("discrepancy", [-2.0, 0.01])
def test_the_best_rate_is_nearly_the_best(law, discrepancy):
    best = law.growth(discrepancy, law.best_rate(discrepancy))
    grid = law.best_rate(discrepancy) * np.geomspace(0.1, 1.5, 60)
    others = [law.growth(discrepancy, t) for t in grid]
    assert best >= np.nanmax([g for g in others if np.isfinite(g)]) * (1 - 1e-6)


def test_cantelli_is_attained_by_its_two_points():
    """With variance 1 and N = 1, a law on two points has probability exactly alpha beyond the radius."""
    alpha = 0.2
    radius = VarianceBound(1.0).radius(1, 1, alpha)
    points = np.array([radius, -1 / radius])
    weights = np.array([alpha, 1 - alpha])
    assert weights @ points == pytest.approx(0, abs=1e-15)
    assert weights @ points**2 == pytest.approx(1, rel=1e-12, abs=0)


def test_the_normal_approximation_is_the_narrowest_and_says_so():
    form = QuadraticForm((0.7,), (-0.4,))
    laws = [NormalApproximation(form.variance), form, VarianceBound(form.variance)]
    radii = [law.radius(1, 100, 1e-4) for law in laws]
    assert radii == sorted(radii)
    assert [law.guarantee for law in laws] == ["asymptotic", "finite-sample", "finite-sample"]
    assert QuadraticForm((0.0,), (0.0,)).guarantee == "exact"


def test_an_estimate_from_few_rows_has_students_quantile():
    few = NormalApproximation(1.0, degrees=15).radius(1, 1, 1e-9)
    assert stats.t(15).sf(few) == pytest.approx(1e-9, rel=1e-6, abs=0)
    assert few > 1.5 * NormalApproximation(1.0).radius(1, 1, 1e-9)


def test_certified_variance_is_that_of_the_known_law():
    law = kl_divergence_law([0.7], [0.4], [-0.6], [1.3])
    ball = variance_log_ratio(density.Normal(0.7, 0.4), density.Normal(-0.6, 1.3))
    assert float(ball) == pytest.approx(law.variance, rel=1e-13, abs=0)
    second_moment = float(ball) + 1.2259922744481549**2  # the twin: the mean not taken off
    assert float(ball) != pytest.approx(second_moment, rel=1e-3, abs=0)
    assert variance_log_ratio(density.Normal(0.0, 1.0), density.Exponential(1.0)) == float("inf")


@pytest.mark.parametrize("law", [VarianceBound, NormalApproximation])
@pytest.mark.parametrize("variance", [-1.0, np.inf, np.nan])
def test_bad_variances_are_refused(law, variance):
    with pytest.raises(ValueError, match="variance must be finite and not negative"):
        law(variance)


@pytest.mark.parametrize("rate", [0.0, 1.0, np.nan])
def test_rates_that_bound_nothing_are_refused(rate):
    with pytest.raises(ValueError, match="miss must lie strictly between 0 and 1"):
        check_rate("miss", rate)
    with pytest.raises(ValueError, match="error_rate must lie"):
        check_draws(1, rate)
    with pytest.raises(ValueError, match="num_samples must be positive, not 0"):
        check_draws(0, 0.5)
