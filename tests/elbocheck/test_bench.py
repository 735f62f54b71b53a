"""How a function can be called, what is compared, and what is noticed on the way."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from elbocheck.bench import Bench, Form
from elbocheck.call import caller
from elbocheck.claim import Claim, Site, enclosure
from elbocheck.family import family
from elbocheck.judgement import UnusableFunction

VAE = Claim(family("normal_log_variance"), family("standard_normal"))
ONE = Form("one", "float")


def bench(function: Callable[..., Any], claim: Claim = VAE, *, has_torch: bool = False, seed: int = 0) -> Bench:
    return Bench(caller(function), claim, seed, has_torch, enclosure)


def of_numbers(mu: float, logvar: float) -> float:
    return (mu**2 + math.exp(logvar) - 1 - logvar) / 2


def of_arrays(mu: np.ndarray, logvar: np.ndarray) -> np.ndarray:
    return np.sum(mu**2 + np.exp(logvar) - 1 - logvar, axis=-1) / 2


def of_batches(mu: torch.Tensor, logvar: torch.Tensor) -> torch.Tensor:
    return (mu**2 + logvar.exp() - 1 - logvar).sum(1).mean() / 2


@pytest.mark.parametrize(
    ("function", "has_torch", "forms"),
    [
        (of_numbers, False, ["one distribution a call, float"]),
        (of_arrays, False, ["one distribution a call, float", "vectors of 3, numpy"]),
        (of_batches, True, ["batches of 5, torch"]),
        (lambda m, v: torch.exp(v) + m, True, ["one distribution a call, torch", "vectors of 3, torch"]),
    ],
)
def test_the_forms_are_found_by_trying(function: Callable[..., Any], has_torch: bool, forms: list[str]) -> None:
    assert [str(f) for f in bench(function, has_torch=has_torch).forms()] == forms


def test_numbers_alone_are_noted() -> None:
    numbers, arrays = bench(of_numbers), bench(of_arrays)
    numbers.forms()
    arrays.forms()
    assert "it does not take vectors" in numbers.notes["vectors"]
    assert arrays.notes == {}


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda m, v: None, r"returns None, not a number, called with q\.loc = "),
        (lambda m, v: np.zeros(7), r"returns the shape \(7,\), called with q\.loc = "),
        (lambda m, v: m.missing, r"raises AttributeError at .*test_bench\.py:\d+: .*, called with q\.loc = "),
    ],
)
def test_a_function_without_a_form_is_unusable(function: Callable[..., Any], says: str) -> None:
    with pytest.raises(UnusableFunction, match=says):
        bench(function).forms()


def test_what_is_printed_is_noted_once() -> None:
    def loud(mu: float, logvar: float) -> float:
        print("value", mu)
        return of_numbers(mu, logvar)

    noted = bench(loud)
    for mu in (0.25, 0.75):
        noted.reply(ONE, (mu, 0.5))
    assert noted.notes == {"prints": "prints when it is called: 'value 0.25'"}


def test_errors_are_relative_to_the_larger_of_1_and_the_value() -> None:
    off = bench(lambda m, v: of_numbers(m, v) + 0.01)
    comparison = off.compared(ONE, off.generic(ONE))
    rights = [float(r[0]) for r in comparison.rights]
    assert np.allclose(comparison.errors(), [0.01 / max(1.0, r) for r in rights], rtol=1e-9, atol=0)
    assert np.allclose(comparison.errors(floor=0.0), [0.01 / r for r in rights], rtol=1e-9, atol=0)
    assert max(bench(of_numbers).compared(ONE, off.generic(ONE)).errors()) < 1e-15


def test_what_is_no_number_is_infinitely_wrong() -> None:
    some = bench(lambda m, v: math.nan if m > 0 else of_numbers(m, v))
    comparison = some.compared(ONE, some.generic(ONE))
    assert [math.isinf(e) for e in comparison.errors()] == [case.arguments[0] > 0 for case in comparison.cases]


def test_an_infinite_value_is_right_where_the_divergence_is_infinite() -> None:
    uniforms = Claim(family("uniform"), family("uniform"))
    for value, wrong in ((math.inf, False), (0.25, True), (-math.inf, True), (math.nan, True)):
        edged = bench(lambda *a, value=value: value, uniforms)
        several = edged.edges(ONE)
        assert len(several) == 4
        assert [math.isinf(e) for e in edged.compared(ONE, several).errors()] == [wrong] * 4


def test_a_counterexample_names_the_arguments_and_both_values() -> None:
    double = bench(lambda m, v: 2 * of_numbers(m, v))
    comparison = double.compared(ONE, double.generic(ONE))
    shown = str(double.counterexample(comparison, 0))
    mu, logvar = comparison.cases[0].arguments
    right = enclosure(VAE, Site((mu, logvar))).str(12, radius=False)
    assert (
        shown == f"at q.loc = {mu}, q.log_variance = {logvar} it returns {2 * float(right):.12g}; right is {right} nats"
    )
