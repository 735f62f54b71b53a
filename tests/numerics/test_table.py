"""The parts of the divergence of tables; `test_categorical` measures it, value and gradient."""

import mpmath
import numpy as np
import pytest
import torch
from array_api_compat import array_namespace
from mpmath import mpf

from numerics import table
from numerics.table import divergence, divergence_of_logits, is_largest, split

from .reference import exact, kl_logits, kl_probs


def relative_error(value, truth):
    with mpmath.workdps(300):
        return float(abs(mpf(float(value)) - truth) / truth)


def test_the_largest_and_the_rest():
    values = np.array([[1.0, 3.0, 3.0], [2.0**-60, 2.0**-60, 1.0]])
    marked = is_largest(np, values)
    assert marked.tolist() == [[False, True, False], [False, False, True]]
    own, rest = split(np, values, marked)
    assert own.tolist() == [[3.0], [1.0]]
    assert rest.tolist() == [[4.0], [2.0**-59]]
    assert (values.sum(-1, keepdims=True) - own)[1] == 0.0  # what is left by subtraction


# Steps on both sides of where the series ends, and far from it.
STEPS = [1e-9, 1e-3, 1 / 64 - 1e-6, 1 / 64 + 1e-6, 0.2499, 0.2501, 1.5, 30.0]


@pytest.mark.parametrize("step", [*STEPS, *(-s for s in STEPS)])
@pytest.mark.parametrize(("dtype", "claim"), [(np.float64, 1e-13), (np.float32, 1e-8)], ids=["float64", "float32"])
def test_every_step(step, dtype, claim):
    """Of float32, before the result is rounded to it: the short series shows."""
    q = np.array([0.4, -1.1, 0.9])
    tables = [np.array(x, dtype) for x in (q, q + np.array([step, 0.3 * step, -0.2 * step]))]
    if dtype == np.float64 or abs(step) > 1e-8:  # less than that is no difference in float32
        with mpmath.workdps(300):
            truth = kl_logits(*map(exact, tables))
        assert relative_error(divergence_of_logits(np, *tables), truth) < claim
        tables = [np.exp(x) for x in tables]
        with mpmath.workdps(300):
            truth = kl_probs(*map(exact, tables))
        assert relative_error(divergence(np, *tables), truth) < claim


def test_the_short_series_is_not_for_float64(monkeypatch):
    q, p = np.array([0.4, -1.1, 0.9]), np.array([0.41, -1.1, 0.9])
    with mpmath.workdps(300):
        truth = kl_logits(exact(q), exact(p))
    assert relative_error(divergence_of_logits(np, q, p), truth) < 1e-13
    monkeypatch.setattr(table, "_DOUBLE", table._SINGLE)
    assert relative_error(divergence_of_logits(np, q, p), truth) > 1e-13


def test_logits_that_are_near_but_for_a_constant(seed):
    """The constant is lost exactly, by differences within each table; by one of both it takes digits along."""
    generator = np.random.default_rng(seed)
    q = generator.normal(size=(8, 3))
    p = q * (1 + 1e-9 * generator.uniform(0.5, 1, q.shape)) + 100.0
    for tables in ((q, p), (p, q)):
        with mpmath.workdps(300):
            truths = [kl_logits(*map(exact, rows)) for rows in zip(*tables, strict=True)]
        assert max(map(relative_error, divergence_of_logits(np, *tables), truths)) < 1e-10
        q_logits, p_logits = tables
        steps = p_logits - q_logits
        weights = np.exp(q_logits - q_logits.max(-1, keepdims=True))
        weights = weights / weights.sum(-1, keepdims=True)
        twin = np.sum(weights * (steps - np.sum(weights * steps, -1, keepdims=True)) ** 2, -1) / 2
        assert max(map(relative_error, twin, truths)) > 1e-10


def test_logits_far_below_and_far_above():
    """Masks of -1e9 have no weight, and what has none in q still has its weight in p."""
    q, p = np.array([0.0, 1.0, -1e9]), np.array([0.5, 0.25, 2.0])
    with mpmath.workdps(300):
        truth = kl_logits(exact(q), exact(p))
    assert relative_error(divergence_of_logits(np, q, p), truth) < 1e-14
    q, p = np.array([0.0, 0.0]), np.array([0.0, 1e5])
    assert divergence_of_logits(np, q, p) == pytest.approx(5e4 - np.log(2.0), rel=1e-15, abs=0)


def test_gradient_where_a_category_is_impossible():
    q = torch.tensor([0.5, 0.5, 0.0, 0.0], dtype=torch.float64, requires_grad=True)
    p = torch.tensor([0.25, 0.5, 0.25, 0.0], dtype=torch.float64, requires_grad=True)
    in_q, in_p = torch.autograd.grad(divergence(array_namespace(q), q, p), (q, p))
    value = 0.5 * np.log(2.0)
    assert in_q.tolist() == pytest.approx([np.log(2.0) - value, -value, -np.inf, 0.0], rel=1e-15, abs=0)
    assert in_p.tolist() == [-1.0, 0.0, 1.0, 1.0]
