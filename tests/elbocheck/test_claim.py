"""A claim: its arguments, its points, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from elbocheck.claim import Claim, Site, enclosure
from elbocheck.family import FAMILIES, FamilyError, family


def claim(q: str, p: str | None = None) -> Claim:
    return Claim(family(q), None if p is None else family(p))


def test_the_arguments_are_those_of_q_and_then_of_p() -> None:
    assert claim("normal", "normal").names == ("q.loc", "q.scale", "p.loc", "p.scale")
    assert claim("gamma", "exponential").names == ("q.concentration", "q.rate", "p.rate")
    assert claim("normal").names == ("q.loc", "q.scale")
    assert Site((1.0, 2.0), (3.0,)).arguments == (1.0, 2.0, 3.0)
    assert str(claim("gamma", "exponential")) == "KL(gamma || exponential)"
    assert str(claim("beta")) == "the entropy of beta"


@pytest.mark.parametrize(
    ("q", "p", "says"),
    [
        ("normal", "poisson", "do not live on one space"),
        ("normal", "exponential", r"KL\(normal \|\| exponential\) is infinite: q has mass where p has none"),
        ("poisson", "bernoulli", "is infinite"),
        ("gamma", "uniform", "is infinite"),
    ],
)
def test_what_has_no_finite_divergence_is_refused(q: str, p: str, says: str) -> None:
    with pytest.raises(FamilyError, match=says):
        claim(q, p)


def test_the_points_are_those_of_the_seed() -> None:
    gammas = claim("gamma", "gamma")
    assert gammas.sites("generic", 6, 3) == gammas.sites("generic", 6, 3)
    assert not set(gammas.sites("generic", 6, 3)) & set(gammas.sites("generic", 6, 4))
    assert not set(gammas.sites("generic", 3, 3)) & set(gammas.sites("extreme", 3, 3))


@pytest.mark.parametrize(
    ("q", "p"),
    [("uniform", "uniform"), ("uniform", "beta"), ("uniform", "gamma"), ("beta", "uniform"), ("pareto", "pareto")],
)
def test_moderate_points_have_supports_that_nest(q: str, p: str) -> None:
    pair = claim(q, p)
    for seed in range(5):
        assert all(enclosure(pair, site).is_finite() for site in pair.sites("generic", 2, seed))


def test_points_near_equality_are_near_and_not_equal() -> None:
    for name in FAMILIES:
        if name == "standard_normal":
            continue
        same = claim(name, name)
        assert same.has_equality
        values = [enclosure(same, site) for site in same.sites("near-equal", 3, seed=1)]
        assert all(0 < value < 1e-3 for value in values), name
    assert claim("normal_log_variance", "standard_normal").has_equality
    assert not claim("gamma", "exponential").has_equality


def test_an_enclosure_has_its_digits_and_knows_the_order() -> None:
    normals = claim("normal", "normal")
    there, back = Site((0.7, 0.4), (-0.6, 1.3)), Site((-0.6, 1.3), (0.7, 0.4))
    by_hand = np.log(1.3 / 0.4) + (0.4**2 + 1.3**2) / (2 * 1.3**2) - 0.5
    assert abs(float(enclosure(normals, there)) - by_hand) < 1e-14
    assert abs(float(enclosure(normals, back)) - by_hand) > 1
    assert enclosure(normals, there, 30).rad() < 1e-29
