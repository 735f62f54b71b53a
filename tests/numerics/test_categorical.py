import numpy as np
import pytest
import torch
from mpmath import mpf

from numerics import bernoulli, categorical

from .definition import (
    assert_accuracy,
    assert_close,
    assert_gradient,
    assert_textbook_fails,
    every_case,
    every_gradient,
)
from .reference import FAMILIES, kl_logits, kl_probs

POINTS = [((0.2, 0.5, 0.3), (0.6, 0.1, 0.3)), ((0.7, 0.1, 0.2), (0.25, 0.5, 0.25))]


def usual(q, p):
    return (q * np.log(q / p)).sum(-1)


def softmax(logits):
    weights = np.exp(logits - logits.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


@pytest.mark.parametrize(("q", "p"), POINTS)
def test_definition(q, p):
    q, p = np.array(q), np.array(p)
    truth = sum(mpf(float(a)) * (np.log(a) - np.log(b)) for a, b in zip(q, p, strict=True))
    assert_close(categorical.kl_divergence(q, p), truth)
    assert_close(categorical.entropy(q), -sum(a * np.log(a) for a in q))
    assert_close(categorical.cross_entropy(q, p), -sum(a * np.log(b) for a, b in zip(q, p, strict=True)))
    assert_close(categorical.log_prob(np.eye(3)[1], q), np.log(q[1]))
    twins = {
        "arguments swapped": usual(p, q),
        "one outcome against the rest": bernoulli.kl_divergence(q[0], p[0]),
        "mean, not sum": truth / 3,
    }
    for name, value in twins.items():
        assert abs(value - truth) > 1e-2 * truth, name


@pytest.mark.parametrize(("q", "p"), POINTS)
def test_logits_need_no_normalisation(q, p):
    """Logarithms plus a constant: what is computed from tables is computed from them."""
    q, p = np.array(q), np.array(p)
    q_logits, p_logits = np.log(q) + 2.5, np.log(p) - 1.0
    assert_close(categorical.kl_divergence_logits(q_logits, p_logits), categorical.kl_divergence(q, p))
    assert_close(categorical.entropy_logits(q_logits), categorical.entropy(q))
    assert_close(categorical.cross_entropy_logits(q_logits, p_logits), categorical.cross_entropy(q, p))
    assert_close(categorical.log_prob_logits(np.eye(3)[2], q_logits), np.log(q[2]))
    assert_close(categorical.kl_divergence(3.0 * q, 7.0 * p), categorical.kl_divergence(q, p))


@pytest.mark.parametrize("name", ["categorical, probs", "categorical, logits"])
@every_case
def test_accuracy(name, regime, dtype, convert, seed):
    assert_accuracy(name, regime, dtype, convert, seed)


def test_accuracy_rejects_the_usual_expressions(seed):
    assert_textbook_fails("categorical, probs", usual, seed)
    assert_textbook_fails("categorical, logits", lambda q, p: usual(softmax(q), softmax(p)), seed)


@every_gradient
def test_gradient(regime, dtype, seed):
    assert_gradient("categorical, probs", regime, dtype, seed)


@every_gradient
def test_gradient_in_logits(regime, dtype, seed):
    assert_gradient("categorical, logits", regime, dtype, seed)


@pytest.mark.parametrize("function", [categorical.kl_divergence, categorical.kl_divergence_logits])
def test_many_categories(function, seed):
    """A thousand near-equal tables of a thousandth each: the share of the likeliest is no obstacle."""
    rng = np.random.default_rng(seed)
    q = rng.normal(size=1000)
    p = q + 1e-9 * rng.normal(size=1000)
    truth = kl_logits if function is categorical.kl_divergence_logits else kl_probs
    if truth is kl_probs:
        q, p = softmax(q), softmax(p)
    family = FAMILIES["categorical, logits"]
    expected = family.__class__(function, truth, ()).truths([q[None], p[None]])[0]
    assert function(q, p) == pytest.approx(float(expected), rel=1e-13, abs=0)


def test_ties_at_the_top():
    q = torch.tensor([1.0, 1.0, -2.0], dtype=torch.float64, requires_grad=True)
    p = torch.tensor([1.5, 0.0, 3.0], dtype=torch.float64)
    value = categorical.kl_divergence_logits(q, p)
    value.backward()
    assert value.item() == pytest.approx(float(kl_logits(*(tuple(map(mpf, x.tolist())) for x in (q, p)))), rel=1e-14)
    shares, step = torch.softmax(q.detach(), -1), p - q.detach()
    expected = -shares * (step - (shares * step).sum())
    torch.testing.assert_close(q.grad, expected, rtol=1e-13, atol=0)


def test_supports():
    q, p = np.array([[0.5, 0.5, 0.0], [0.5, 0.0, 0.5]]), np.array([0.25, 0.75, 0.0])
    value = categorical.kl_divergence(q, p)
    assert value.shape == (2,)
    assert value[0] == pytest.approx(0.5 * np.log(2.0) + 0.5 * np.log(2.0 / 3.0), rel=1e-14, abs=0)
    assert value[1] == np.inf
