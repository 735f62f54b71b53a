import numpy as np
import pytest

from elbocheck.claim import Claim
from elbocheck.corner import spread
from elbocheck.family import family


@pytest.mark.parametrize("seed", range(10))
def test_points_lie_in_every_corner(seed: int) -> None:
    """On both sides of each pair of boundaries: signs of locations, scales below and above 1, and of each other."""
    sites = Claim(family("normal"), family("normal")).sites("corner", 8, seed)
    points = np.array([site.arguments for site in sites])
    answers = np.stack([*(points > [0, 1, 0, 1]).T, points[:, 0] > points[:, 2], points[:, 1] > points[:, 3]])
    for i, first in enumerate(answers):
        for second in answers[i + 1 :]:
            pairs = {(bool(a), bool(b)) for a, b in zip(first, second, strict=True)}
            assert len(pairs) >= 3  # a sign may decide a comparison
    assert {(m < 0, n < 0) for m, _, n, _ in points} == {(a, b) for a in (True, False) for b in (True, False)}
    assert np.abs(points).max() > 3
    assert points[:, [1, 3]].min() < 1 / 3


def test_points_of_one_corner_are_not_chosen_where_others_are_left() -> None:
    candidates = [(1.5, 2.0), (1.6, 2.1), (1.7, 2.2), (-1.5, 0.3), (1.5, 0.3)]
    chosen = spread(candidates, [(0, 1)], 3)
    assert set(chosen) == {0, 3, 4}
    assert spread(candidates[:3], [(0, 1)], 1) == [0]  # the twin: of equals the first


def test_entries_of_vectors_count() -> None:
    assert spread([((1.5, 2.0),), ((1.5, 2.5),), ((-1.5, 2.0),)], [], 2) == [0, 2]
