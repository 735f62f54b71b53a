"""Layouts: what a function is called with, and what the numbers that it returns may rightly be."""

from __future__ import annotations

import numpy as np
import pytest

from elbocheck.case import LENGTH, ROWS, Case, Layout, cases
from elbocheck.claim import Site

SITES = [Site((float(i), 10.0 + i)) for i in range(6)]
VALUES = np.array([2.0**i for i in range(ROWS * LENGTH)])  # every sum of them is another number


def test_arguments_are_nested_as_the_places_are() -> None:
    (batch, *_) = cases("batch", SITES, 0)
    first, second = batch.arguments
    assert np.shape(first) == (ROWS, LENGTH)
    assert np.array_equal(np.array(second), np.array(first) + 10)
    assert first[0] == (0.0, 1.0, 2.0)
    assert first[1] == (1.0, 2.0, 3.0)


def test_events_with_axes_are_stacked_whole() -> None:
    tables = [Site(((0.25, 0.75),)), Site(((0.5, 0.5),))] * 3
    assert np.shape(cases("batch", tables, 1)[0].arguments[0]) == (ROWS, 2)
    assert np.shape(cases("one", tables, 1)[0].arguments[0]) == (2,)


@pytest.mark.parametrize(
    ("layout", "axes", "shape", "names"),
    [
        ("one", 0, (), ["each distribution"]),
        ("one", 0, (1,), ["each distribution"]),
        ("one", 0, (2,), []),
        ("vector", 0, (LENGTH,), ["each coordinate"]),
        ("vector", 0, (), ["the sum over the event"]),
        ("vector", 0, (2,), []),
        ("batch", 0, (ROWS, LENGTH), ["each coordinate"]),
        ("batch", 0, (ROWS,), ["the sum over the event"]),
        ("batch", 0, (ROWS, 1), ["the sum over the event"]),
        ("batch", 0, (LENGTH,), []),
        ("batch", 0, (), ["the sum over the batch", "the mean over the batch"]),
        ("batch", 1, (ROWS,), ["each distribution"]),
        ("batch", 1, (), ["the sum over the batch", "the mean over the batch"]),
        ("batch", 1, (ROWS, LENGTH), []),
    ],
)
def test_what_a_shape_may_be(layout: Layout, axes: int, shape: tuple[int, ...], names: list[str]) -> None:
    (case, *_) = cases(layout, SITES, axes)
    assert [r.name for r in case.reductions(shape)] == names


def test_reductions_reduce() -> None:
    case = Case("batch", [SITES[0]] * (ROWS * LENGTH), 0)
    table = VALUES.reshape(ROWS, LENGTH)
    (rows,) = case.reductions((ROWS,))
    total, mean = case.reductions(())
    assert np.array_equal(rows.weights @ VALUES, table.sum(axis=1))
    assert np.array_equal(total.weights @ VALUES, [table.sum()])
    assert np.allclose(mean.weights @ VALUES, [table.sum(axis=1).mean()], rtol=1e-14, atol=0)
    assert not np.allclose(mean.weights @ VALUES, [table.mean()])  # the mean over the event is none of them
    assert not np.allclose(mean.weights @ VALUES, [table.sum() / 2])  # nor is half of the sum


@pytest.mark.parametrize(("layout", "axes"), [("vector", 0), ("batch", 0), ("batch", 1)])
def test_the_sums_of_several_cases_differ(layout: Layout, axes: int) -> None:
    values = {site: 3.0**i for i, site in enumerate(SITES)}
    sums = [sum(values[s] for s in case.sites) for case in cases(layout, SITES, axes)]
    assert len(set(sums)) == len(sums) == 4  # equal sums would be one equation in four disguises
