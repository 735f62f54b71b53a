from functools import partial

import mpmath
import numpy as np
import pytest

from numerics.monte_carlo import log_ratio, pathwise, pathwise_gradient
from numerics.proposal import IndependentNormal
from numerics.quadratic_form import QuadraticForm, check_rate, kl_divergence_gradient_laws, kl_divergence_law

FORMS = [QuadraticForm((0.7,), (-0.4,)), QuadraticForm((-0.45,), (1.3,)), QuadraticForm((0.3, -0.8), (0.0, 0.5))]
LOC, SCALE, P_LOC, P_SCALE = [0.7, -1.1], [0.4, 2.3], [-0.6, 0.9], [1.3, 0.8]


def sample(form, shape, rng):
    noise = rng.standard_normal((*shape, len(form.square)))
    return (noise**2 - 1) @ np.array(form.square) + noise @ np.array(form.linear)


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("t", [-0.5, 1e-3, 0.4])
def test_cumulant_is_the_log_of_the_defining_expectation(form, t):
    def factor(a, b):
        return mpmath.quad(
            lambda x: mpmath.npdf(x) * mpmath.exp(t * (a * (x * x - 1) + b * x)), mpmath.linspace(-40, 40, 41)
        )

    with mpmath.workdps(30):
        truth = sum(mpmath.log(factor(a, b)) for a, b in zip(form.square, form.linear, strict=True))
    assert form.cumulant(t) == pytest.approx(float(truth), rel=1e-13, abs=0)
    # The twin: the linear part without what the square adds to it.
    a, b = np.array(form.square), np.array(form.linear)
    without = np.sum(0.5 * (t * b) ** 2 - 0.5 * np.log(1 - 2 * t * a) - t * a)
    if abs(t) > 0.1:
        assert without != pytest.approx(float(truth), rel=1e-3, abs=0)


def test_cumulant_is_infinite_beyond_its_pole():
    assert QuadraticForm((0.5, -1.0), (0.0, 0.0)).cumulant(1.0) == np.inf


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_variance_is_the_curvature_of_the_cumulant(form):
    step = 1e-4
    curvature = (form.cumulant(step) + form.cumulant(-step)) / step**2
    assert form.variance == pytest.approx(curvature, rel=1e-6, abs=0)


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("num_samples", [1, 3, 40])
def test_radii_hold_at_any_number_of_samples(form, num_samples, seed):
    rate, repetitions = 0.02, 20_000
    means = sample(form, (repetitions, num_samples), np.random.default_rng(seed)).mean(axis=1)
    below, above = form.deviation(num_samples, 2 * rate)
    # At a true rate of 2 % the count would exceed 2.6 % with probability 1e-9.
    assert np.mean(means >= above) < 0.026
    assert np.mean(means <= -below) < 0.026
    # Not vacuous: half the radius is exceeded far more often.
    assert np.mean((means >= above / 2) | (means <= -below / 2)) > 0.03


def test_normal_radii_are_no_bound_for_few_draws(seed):
    """The twin: a normal approximation at 2 % per side is exceeded by a chi-square more often than that."""
    form = QuadraticForm((1.0,), (0.0,))
    means = sample(form, (20_000, 3), np.random.default_rng(seed)).mean(axis=1)
    assert np.mean(means >= 2.0537 * np.sqrt(form.variance / 3)) > 0.03


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_radius_is_sub_gaussian_for_many_draws(form):
    num_samples, rate = 10**10, 1e-3
    expected = np.sqrt(2 * form.variance * -np.log(rate) / num_samples)
    for side in (-1, 1):
        assert form.radius(side, num_samples, rate) == pytest.approx(expected, rel=1e-3, abs=0)


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("num_samples", [1, 1000])
def test_radius_is_the_smallest_that_chernoff_gives(form, num_samples):
    for side in (-1, 1):
        grid = [(form.cumulant(side * t) - np.log(0.01) / num_samples) / t for t in np.geomspace(1e-4, 1e4, 4_001)]
        # Every point of the grid gives a valid radius; the best of them misses the minimum by the grid's step.
        assert min(grid) * (1 - 1e-3) < form.radius(side, num_samples, 0.01) < min(grid) * (1 + 1e-6)


def test_no_variance_no_radius():
    assert QuadraticForm((0.0,), (0.0,)).deviation(1, 1e-9) == (0.0, 0.0)


def test_law_describes_each_row_of_the_divergence(seed):
    noise = np.random.default_rng(seed).standard_normal((200, 2))
    integrand = partial(log_ratio, p_loc=P_LOC, p_scale=P_SCALE)
    laws_loc, laws_scale = kl_divergence_gradient_laws(LOC, SCALE, P_LOC, P_SCALE)
    in_loc, in_scale = pathwise_gradient(integrand, IndependentNormal(LOC, SCALE), noise)
    pairs = [
        (
            kl_divergence_law(LOC, SCALE, P_LOC, P_SCALE),
            pathwise(integrand, IndependentNormal(LOC, SCALE), noise),
            noise,
        )
    ]
    pairs += [(laws_loc[j], in_loc[:, j], noise[:, [j]]) for j in range(2)]
    pairs += [(laws_scale[j], in_scale[:, j], noise[:, [j]]) for j in range(2)]
    for law, rows, eps in pairs:
        # A row is its law plus a constant, which is its mean: no spread beyond rounding.
        centred = (eps**2 - 1) @ np.array(law.square) + eps @ np.array(law.linear)
        assert np.ptp(rows - centred) < 1e-13 * (1 + np.abs(rows).max())


def test_law_of_a_wrong_scale_leaves_a_spread(seed):
    noise = np.random.default_rng(seed).standard_normal((200, 2))
    rows = pathwise(partial(log_ratio, p_loc=P_LOC, p_scale=P_SCALE), IndependentNormal(LOC, SCALE), noise)
    law = kl_divergence_law(LOC, np.square(SCALE), P_LOC, P_SCALE)
    assert np.ptp(rows - (noise**2 - 1) @ np.array(law.square) - noise @ np.array(law.linear)) > 1.0


@pytest.mark.parametrize(
    ("square", "linear", "message"),
    [((1.0,), (), "square and linear differ in length: 1 and 0"), ((np.inf,), (0.0,), "must be finite")],
)
def test_bad_coefficients_are_refused(square, linear, message):
    with pytest.raises(ValueError, match=message):
        QuadraticForm(square, linear)


@pytest.mark.parametrize("rate", [0.0, 1.0, 1.5, -0.1, np.nan])
def test_a_rate_that_bounds_nothing_is_refused(rate):
    with pytest.raises(ValueError, match="error_rate must lie strictly between 0 and 1"):
        FORMS[0].deviation(10, rate)
    with pytest.raises(ValueError, match="share must lie strictly between 0 and 1"):
        check_rate("share", rate)


def test_no_samples_are_refused():
    with pytest.raises(ValueError, match="num_samples must be positive, not 0"):
        FORMS[0].deviation(0, 0.1)


@pytest.mark.parametrize("laws", [kl_divergence_law, kl_divergence_gradient_laws])
def test_bad_parameters_are_refused(laws):
    with pytest.raises(ValueError, match="scale must be positive"):
        laws([0.0], [1.0], [0.0], [0.0])
    with pytest.raises(ValueError, match=r"need four arrays of one shape"):
        laws([0.0, 1.0], [1.0], [0.0], [1.0])
