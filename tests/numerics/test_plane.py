import math

import numpy as np
import pytest
import scipy.integrate

from numerics.plane import Cells, find_cells, hermite, integral, log_integral, midpoint, refined

COUNTS = (1, 2, 3, 4, 6, 8, 12, 16, 24)


def log_normal(z, loc, scale):
    """log density of a diagonal normal, from the definition."""
    deviation = (z - np.array(loc)) / np.array(scale)
    return -0.5 * (deviation**2).sum(-1) - math.log(2 * math.pi) - sum(map(math.log, scale))


def joint(bumps):
    """log of p(z) times bumps that are at most one, and its exact integral over the plane."""

    def density(images):
        chosen = [bumps[i] for i in images.tolist()]
        return lambda z: np.stack(
            [
                log_normal(z, (0.0, 0.0), (1.0, 1.0)) - 0.5 * (((z - np.array(loc)) / np.array(scale)) ** 2).sum(-1)
                for loc, scale in chosen
            ],
            axis=1,
        )

    exact = []
    for loc, scale in bumps:  # normal(z; 0, 1) * bump integrates to sqrt(2 pi) s * normal(loc; 0, 1 + s^2)
        terms = [
            math.log(s) - 0.5 * math.log1p(s * s) - 0.5 * m * m / (1 + s * s) for m, s in zip(loc, scale, strict=True)
        ]
        exact.append(sum(terms))
    return density, np.array(exact)


BUMPS = [((0.3, -1.1), (0.7, 0.4)), ((4.03, 2.51), (0.02, 0.03)), ((-2.0, 0.0), (5.0, 0.05))]


@pytest.mark.parametrize("width", [1 / 8, 1 / 9])
def test_evidences_known_exactly(width):
    density, exact = joint(BUMPS)
    cells = find_cells(density(np.arange(3)), width)
    estimate = log_integral(density, cells, COUNTS)
    assert np.abs(estimate.value - exact).max() < 1e-8
    assert estimate.error.max() < 1e-8
    wrong = log_integral(density, Cells(cells.centres, 1.1 * width, cells.active, cells.log_outside), COUNTS)
    assert np.abs(wrong.value - exact).min() > 1e-2


def test_scipy_agrees():
    density, _ = joint(BUMPS[:1])
    at = density(np.array([0]))
    value, _ = scipy.integrate.dblquad(lambda y, x: np.exp(at(np.array([[x, y]]))).item(), -5, 5, -5, 5, epsabs=1e-9)
    cells = find_cells(at, 1 / 8)
    assert log_integral(density, cells, COUNTS).value.item() == pytest.approx(math.log(value), rel=1e-6, abs=0)


def test_the_error_admits_what_was_left_out():
    density, exact = joint(BUMPS[:1])
    cells = find_cells(density(np.array([0])), 1 / 8)
    half = cells.centres[:, 0] < 0.3
    lost = Cells(cells.centres[half], cells.width, cells.active[half], exact + math.log(0.5))
    estimate = log_integral(density, lost, COUNTS)
    assert estimate.error.item() > np.abs(estimate.value - exact).item()


def test_an_integrand_too_sharp_for_the_counts_is_reported():
    density, _ = joint([((4.03, 2.51), (0.004, 0.004))])
    cells = find_cells(density(np.array([0])), 1 / 8)
    assert log_integral(density, cells, (1, 2, 3)).error.item() > 1e-3


def test_densities_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="density of an image is not finite"):
        find_cells(lambda z: np.full((len(z), 2), np.nan), 1 / 8)


def test_each_image_is_refined_until_it_agrees():
    calls = []

    def at(count, images):
        calls.append((count, images.tolist()))
        return 1 + images * 0.1**count

    estimate = refined(at, 2, (1, 2, 4, 8, 16))
    assert calls == [(1, [0, 1]), (2, [0, 1]), (4, [1]), (8, [1]), (16, [1])]
    assert estimate.error[1] == pytest.approx(1e-8, rel=1e-6, abs=0)


@pytest.mark.parametrize("count", [12, 96, 512])
def test_hermite_has_the_moments_of_the_standard_normal(count):
    nodes, weights = hermite(count)
    moments = [(weights * nodes**power).sum().item() for power in (0, 1, 2, 4, 6)]
    assert moments == pytest.approx([1, 0, 1, 3, 15], rel=1e-11, abs=1e-11)


def test_midpoint_weights_fill_the_interval():
    nodes, weights = midpoint(7)
    assert weights.sum().item() == pytest.approx(2, rel=1e-14, abs=0)
    assert nodes.sum().item() == pytest.approx(0, abs=1e-14)


def test_integral_stops_when_two_changes_are_small():
    orders = []

    def rule(count):
        orders.append(count)
        return hermite(count)

    value, error = integral(rule, lambda z: np.cos(z[:, 0]) * np.cos(2 * z[:, 1]), (4, 8, 16, 32, 48, 64))
    assert value == pytest.approx(math.exp(-0.5 - 2), rel=1e-9, abs=0)
    assert error < 1e-8
    assert orders[-1] < 64


def test_chance_agreement_does_not_pass():
    """Two equal coarse values by accident, then the truth."""
    values = iter([0.5, 0.5, 0.7, 0.7, 0.7])

    def rule(count):
        return np.zeros(1), np.ones(1)

    value, error = integral(rule, lambda z: np.array([next(values)]), (1, 2, 3, 4, 5))
    assert (value, error) == (0.7, 0.0)
