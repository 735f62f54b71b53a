"""Points at the edge: the divergence there is infinite or a limit, and the point that they were made from is neither."""

from __future__ import annotations

import math

import pytest

from elbocheck.claim import Claim, Site, enclosure
from elbocheck.edge import edges
from elbocheck.family import family


def at_edges(q: str, p: str, site: Site) -> list[float]:
    claim = Claim(family(q), family(p))
    assert enclosure(claim, site).is_finite()
    return [float(enclosure(claim, edge).mid()) for edge in edges(claim, site)]


@pytest.mark.parametrize(
    ("q", "p", "site", "count"),
    [
        ("uniform", "uniform", Site((0.5, 1.25), (0.25, 2.5)), 4),
        ("uniform", "exponential", Site((0.5, 1.25), (0.7,)), 1),
        ("uniform", "beta", Site((0.25, 0.75), (1.5, 0.7)), 2),
        ("beta", "uniform", Site((1.5, 0.7), (-0.25, 2.5)), 2),
        ("pareto", "pareto", Site((1.5, 2.5), (0.75, 1.25)), 1),
    ],
)
def test_where_supports_do_not_nest_the_divergence_is_infinite(q: str, p: str, site: Site, count: int) -> None:
    assert at_edges(q, p, site) == [math.inf] * count


def test_a_probability_of_0_or_1_leaves_a_limit_in_q_and_infinity_in_p() -> None:
    of_0, of_1, *others = at_edges("bernoulli", "bernoulli", Site((0.3,), (0.6,)))
    assert math.isclose(of_0, -math.log(0.4), rel_tol=1e-14)
    assert math.isclose(of_1, -math.log(0.6), rel_tol=1e-14)
    assert others == [math.inf, math.inf]


def test_a_table_loses_one_entry_and_keeps_its_sum() -> None:
    claim = Claim(family("categorical"), family("categorical"))
    lost_q, lost_p = edges(claim, Site(((0.25, 0.5, 0.25),), ((0.5, 0.375, 0.125),)))
    assert lost_q == Site(((0.0, 0.5, 0.5),), ((0.5, 0.375, 0.125),))
    assert lost_p == Site(((0.25, 0.5, 0.25),), ((0.0, 0.375, 0.625),))
    assert enclosure(claim, lost_q).is_finite()
    assert not enclosure(claim, lost_p).is_finite()


def test_most_claims_have_no_edge() -> None:
    assert edges(Claim(family("normal"), family("normal")), Site((0.7, 0.4), (-0.6, 1.3))) == []
