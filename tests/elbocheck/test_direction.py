"""Derivatives of enclosures against those found by hand, and directions that stay in the domain."""

from __future__ import annotations

import math

import numpy as np
import pytest

from elbocheck.claim import Claim, Site
from elbocheck.direction import derivative, directions, partial_derivatives
from elbocheck.family import family


def claim(q: str, p: str) -> Claim:
    return Claim(family(q), family(p))


def test_a_derivative_is_the_one_found_by_hand() -> None:
    exponentials, site = claim("exponential", "exponential"), Site((0.7,), (1.9,))  # log q - log p + p / q - 1
    in_q, in_p = (derivative(exponentials, site, i, 1.0) for i in (0, 1))
    assert math.isclose(in_q, 1 / 0.7 - 1.9 / 0.7**2, rel_tol=1e-14)
    assert math.isclose(in_p, -1 / 1.9 + 1 / 0.7, rel_tol=1e-14)
    assert not math.isclose(in_q, 1 / 0.7, rel_tol=0.1)


def test_a_direction_scales_its_derivative() -> None:
    normals, site = claim("normal", "normal"), Site((0.7, 0.4), (-0.6, 1.3))
    once, thrice = (derivative(normals, site, 0, step) for step in (1.0, 3.0))
    assert math.isclose(once, 1.3 / 1.3**2, rel_tol=1e-14)
    assert math.isclose(thrice, 3 * once, rel_tol=1e-13)


@pytest.mark.parametrize("name", ["categorical", "multivariate_normal", "multivariate_normal_covariance", "binomial"])
def test_directions_stay_in_the_domain(name: str) -> None:
    pair = claim(name, name)
    (site,) = pair.sites("generic", 1, seed=0)
    found = dict(directions(pair))
    roles = [role for _, role in pair.parameters]
    assert set(found) == {i for i, role in enumerate(roles) if role != "count"}
    for index, step in found.items():
        array = np.array(step)
        assert array.shape == np.shape(site.arguments[index])
        assert np.all(array != 0) or roles[index] == "factor"
        if roles[index] == "vector probability":
            assert abs(array.sum()) < 1e-12
        if roles[index] == "factor":
            assert np.array_equal(array, np.tril(array))
        if roles[index] == "covariance":
            assert np.array_equal(array, array.T)
        assert math.isfinite(derivative(pair, site, index, step))


def test_partial_derivatives_are_those_of_each_entry_of_q() -> None:
    dirichlets = claim("dirichlet", "dirichlet")
    site = Site(((0.7, 1.4, 2.2),), ((1.5, 0.6, 0.9),))
    slopes = partial_derivatives(dirichlets, site)
    assert len(slopes) == 3
    assert math.isclose(
        derivative(dirichlets, site, 0, (1.0, 2.0, -3.0)), float(np.dot(slopes, (1, 2, -3))), rel_tol=1e-12
    )
    with pytest.raises(ValueError, match=r"the entries of q\.probs do not change one by one"):
        partial_derivatives(claim("categorical", "categorical"), Site(((0.2, 0.8),), ((0.5, 0.5),)))
