import mpmath
import numpy as np
import pytest
import torch
from mpmath import exp, log, loggamma, mpf

from numerics import bernoulli

from .definition import (
    assert_accuracy,
    assert_close,
    assert_definition,
    assert_gradient,
    assert_pair,
    assert_textbook_fails,
    every_case,
    every_gradient,
    sum_under,
)
from .reference import kl_bernoulli, kl_bernoulli_logits

POINTS = [((0.3,), (0.6,)), ((0.7,), (0.2,))]
LOGITS = [(-1.3, 0.6), (2.1, -0.4)]


def usual(q, p):
    return q * np.log(q / p) + (1 - q) * np.log((1 - q) / (1 - p))


WRONG = {
    "second outcome lost": lambda q, p: q * np.log(q / p),
    "second outcome under p": lambda q, p: q * np.log(q / p) + (1 - p) * np.log((1 - q) / (1 - p)),
    "cross-entropy": lambda q, p: -q * np.log(p) - (1 - q) * np.log(1 - p),
}


def log_mass(k, probs):
    return log(probs) if k == 1 else log(1 - probs)


def mean_of(log_q):
    return sum_under(log_q, (0, 1))


@pytest.mark.parametrize(("q", "p"), POINTS)
def test_definition(q, p):
    assert_definition(bernoulli, log_mass, mean_of, q, p, [0, 1], kl_bernoulli)


@pytest.mark.parametrize(("q", "p"), LOGITS)
def test_logits_are_log_odds(q, p):
    q_probs, p_probs = (1 / (1 + np.exp(-x)) for x in (q, p))
    assert_close(bernoulli.entropy_logits(q), bernoulli.entropy(q_probs))
    assert_close(bernoulli.cross_entropy_logits(q, p), bernoulli.cross_entropy(q_probs, p_probs))
    assert_close(bernoulli.kl_divergence_logits(q, p), bernoulli.kl_divergence(q_probs, p_probs))
    for value in (0.0, 0.25, 1.0):
        assert_close(bernoulli.log_prob_logits(value, q), bernoulli.log_prob(value, q_probs))
    assert abs(bernoulli.kl_divergence_logits(q, p) - bernoulli.kl_divergence_logits(p, q)) > 1e-3


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize(("q", "p"), POINTS)
def test_wrong_twin_is_not_the_sum(q, p, wrong):
    truth = float(kl_bernoulli(*map(mpf, (*q, *p))))
    assert abs(WRONG[wrong](*q, *p) - truth) > 1e-2 * truth


@pytest.mark.parametrize("name", ["Bernoulli, probs", "Bernoulli, logits"])
@every_case
def test_accuracy(name, regime, dtype, convert, seed):
    assert_accuracy(name, regime, dtype, convert, seed)


def test_accuracy_rejects_the_usual_expressions(seed):
    def usual_logits(q, p):
        return usual(1 / (1 + np.exp(-q)), 1 / (1 + np.exp(-p)))

    assert_textbook_fails("Bernoulli, probs", usual, seed)
    assert_textbook_fails("Bernoulli, logits", usual_logits, seed)
    assert_textbook_fails("Bernoulli, logits", usual_logits, seed, "extreme")


@pytest.mark.parametrize("name", ["Bernoulli, probs", "Bernoulli, logits"])
@every_gradient
def test_gradient(name, regime, dtype, seed):
    assert_gradient(name, regime, dtype, seed)


def test_gradient_at_large_logits():
    """Where the derivative through rounded probabilities has the wrong sign."""
    for dtype, rel in ((torch.float32, 1e-6), (torch.float64, 1e-9)):
        q = torch.tensor(20.0, dtype=dtype, requires_grad=True)
        bernoulli.kl_divergence_logits(q, torch.tensor(3.0, dtype=dtype)).backward()
        with mpmath.workdps(50):
            truth = 17 * exp(mpf(-20)) / (1 + exp(mpf(-20))) ** 2
        assert q.grad.item() == pytest.approx(float(truth), rel=rel, abs=0)


def test_logits_whose_probability_rounds_to_one():
    value = bernoulli.kl_divergence_logits(torch.tensor(0.0), torch.tensor(17.0))
    assert value.item() == pytest.approx(float(kl_bernoulli_logits(mpf(0), mpf(17))), rel=2.5e-7, abs=0)


def test_supports():
    q, p = np.array([0.0, 1.0, 0.5, 0.5, 1.0]), np.array([0.0, 1.0, 0.0, 1.0, 0.0])
    assert bernoulli.kl_divergence(q, p).tolist() == [0.0, 0.0, np.inf, np.inf, np.inf]
    assert bernoulli.entropy(q[:2]).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("q", [(0.3,), (0.8,)])
def test_divergence_from_a_poisson(q):
    def log_poisson(k, rate):
        return k * log(rate) - rate - loggamma(k + 1)

    assert_pair(bernoulli.kl_divergence_poisson, q, (0.6,), log_mass, log_poisson, mean_of)
