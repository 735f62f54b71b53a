import numpy as np
import pytest
import torch
from mpmath import binomial as choose
from mpmath import log, mpf

from numerics import bernoulli, binomial

from .definition import assert_close, sum_under

POINTS = [(7, 0.3, 0.6), (4, 0.7, 0.2)]


def log_mass(k, count, probs):
    return log(choose(count, k)) + k * log(probs) + (count - k) * log(1 - probs)


@pytest.mark.parametrize(("count", "q", "p"), POINTS)
def test_definition(count, q, p):
    mean = sum_under(lambda k: log_mass(k, count, mpf(q)), range(count + 1))
    truth = mean(lambda k: log_mass(k, count, mpf(q)) - log_mass(k, count, mpf(p)))
    assert_close(binomial.kl_divergence(count, q, p), truth)
    logits = [np.log(x / (1 - x)) for x in (q, p)]
    assert_close(binomial.kl_divergence_logits(count, *logits), truth)
    for k in range(count + 1):
        assert_close(binomial.log_prob(k, count, q), log_mass(k, count, mpf(q)))
        assert_close(binomial.log_prob_logits(k, count, logits[0]), log_mass(k, count, mpf(q)))
    # The twins: one trial; p and q exchanged; a different number of trials.
    for wrong in (bernoulli.kl_divergence(q, p), binomial.kl_divergence(count, p, q), truth * (count + 1) / count):
        assert abs(wrong - truth) > 1e-2 * truth


def test_supports_and_equality():
    assert binomial.kl_divergence(3.0, np.array([0.5, 0.0, 0.3]), np.array([0.0, 0.0, 0.3])).tolist() == [np.inf, 0, 0]
    assert float(binomial.log_prob(0.0, 5.0, 0.0)) == 0.0


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_shapes_broadcast_and_dtype_is_kept(dtype):
    count, logits = torch.tensor([[2.0], [5.0]], dtype=dtype), torch.tensor([0.5, -20.0, 60.0], dtype=dtype)
    value = binomial.kl_divergence_logits(count, logits, 0.25)
    assert value.shape == (2, 3)
    assert value.dtype == dtype
    torch.testing.assert_close(value[1], 5 * bernoulli.kl_divergence_logits(logits, 0.25), rtol=1e-6, atol=0)
