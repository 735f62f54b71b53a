"""The strategies reach the points that they promise, and no wrong formula agrees with the right one at all of them."""

from __future__ import annotations

import importlib.util
import math
import sys
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from elbocheck import strategies
from elbocheck.strategies import FAMILIES, cholesky_factor, logits, pairs, parameters, positive, probability, real

LIGHT = settings(
    max_examples=50, deadline=None, database=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("regime", ["generic", "near-equal", "extreme"])
def test_parameters_are_valid_in_every_regime(family: str, regime: strategies.PairRegime) -> None:
    kinds = strategies._KINDS[family]

    @LIGHT
    @given(pairs(family, regime))
    def check(pair: tuple[tuple[float, ...], tuple[float, ...]]) -> None:
        for point in pair:
            assert len(point) == len(kinds)
            for kind, value in zip(kinds, point, strict=True):
                assert math.isfinite(value)
                assert kind == "real" or value > 0
                assert kind != "probability" or value < 1

    check()


def test_near_equal_pairs_differ_in_the_twelfth_to_third_digit() -> None:
    @LIGHT
    @given(pairs("normal", "near-equal"))
    def check(pair: tuple[tuple[float, ...], tuple[float, ...]]) -> None:
        for q, p in zip(*pair, strict=True):
            assert 0.9e-12 < abs(q / p - 1) < 1.1e-3

    check()


@pytest.mark.parametrize(
    ("strategy", "reaches"),
    [
        (real(), lambda x: x < -2),
        (real("extreme"), lambda x: x < -1e10),
        (positive(), lambda x: x > 5),
        (positive("extreme"), lambda x: x < 1e-10),
        (probability("extreme"), lambda x: x < 1e-10),
        (probability("extreme"), lambda x: 0 < 1 - x < 1e-10),
        (logits("extreme"), lambda x: x < -50),
    ],
)
def test_regimes_reach_their_points(strategy: st.SearchStrategy[float], reaches: Callable[[float], bool]) -> None:
    assert reaches(find(strategy, reaches))


def test_generic_points_avoid_zero_and_one() -> None:
    @LIGHT
    @given(real(), positive(), probability())
    def check(loc: float, scale: float, probs: float) -> None:
        assert loc != 0
        assert scale != 1
        assert probs != 0.5

    check()


@LIGHT
@given(strategies.probability_vector(4, "extreme"))
def test_probability_vectors_sum_to_one(vector: tuple[float, ...]) -> None:
    assert len(vector) == 4
    assert min(vector) > 0
    assert abs(sum(vector) - 1) < 8 * sys.float_info.epsilon


@LIGHT
@given(cholesky_factor(3))
def test_cholesky_factors_are_lower_triangular_with_a_positive_diagonal(lower: tuple[tuple[float, ...], ...]) -> None:
    assert [len(row) for row in lower] == [3, 3, 3]
    assert all(lower[i][i] > 0 for i in range(3))
    assert all(lower[i][j] == 0 for i in range(3) for j in range(i + 1, 3))


def test_an_unknown_family_is_refused() -> None:
    with pytest.raises(ValueError, match="no strategy for 'cauchy'; there are bernoulli, beta"):
        parameters("cauchy")


def test_without_hypothesis_the_error_is_one_line_that_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    specification = importlib.util.spec_from_file_location("strategies_alone", strategies.__file__)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    with pytest.raises(ModuleNotFoundError, match=r"^elbocheck.strategies needs hypothesis: pip install .*$"):
        specification.loader.exec_module(module)
