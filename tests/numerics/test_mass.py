import mpmath
import numpy as np
import pytest
from flint import arb
from mpmath import log, mpf

from numerics.mass import Bernoulli, Binomial, Categorical, Geometric, Poisson
from numerics.quadrature import (
    entropy,
    kl_divergence,
)

from .classical import UNIT, bernoulli_entropy, bernoulli_kl, contains


def random_probs(rng, size):
    weights = rng.dirichlet(np.ones(size))
    return tuple(float(w) for w in weights)


def test_categorical_is_normalised_and_meets_its_definition(seed):
    rng = np.random.default_rng(seed)
    a, b = random_probs(rng, 5), random_probs(rng, 5)
    with mpmath.workdps(60):
        q, p = ([mpf(w) / mpmath.fsum(map(mpf, weights)) for w in weights] for weights in (a, b))
        kl = mpmath.fsum(x * log(x / y) for x, y in zip(q, p, strict=True))
        assert contains(kl_divergence(Categorical(a), Categorical(b)), kl)
        assert contains(entropy(Categorical(a)), -mpmath.fsum(x * log(x) for x in q))
        # The twin: weights 0.1 and 0.9 as floats do not sum to one.
        unnormalised = mpmath.fsum(mpf(x) * log(mpf(x)) for x in (0.1, 0.7, 0.3))
        assert not contains(entropy(Categorical((0.1, 0.7, 0.3))), -unnormalised)


def test_logits_are_log_odds_and_unnormalised_log_probabilities(seed):
    rng = np.random.default_rng(seed)
    logits = tuple(float(x) for x in rng.normal(size=4))
    with mpmath.workdps(60):
        weights = [mpmath.exp(mpf(x)) for x in logits]
        p = [w / mpmath.fsum(weights) for w in weights]
        assert contains(entropy(Categorical(logits=logits)), -mpmath.fsum(x * log(x) for x in p))
        odds = 1 / (1 + mpmath.exp(-mpf(logits[0])))
        assert contains(entropy(Bernoulli(logits=logits[0])), bernoulli_entropy(odds))
        assert contains(entropy(Geometric(logits=logits[0])), bernoulli_entropy(odds) / odds)
        assert contains(kl_divergence(Bernoulli(logits=0.0), Bernoulli(logits=17.0)), log(mpmath.cosh(mpf(17) / 2)))


def test_binomial_is_n_times_bernoulli_in_divergence_but_not_in_entropy(seed):
    rng = np.random.default_rng(seed)
    a, b = UNIT(rng), UNIT(rng)
    with mpmath.workdps(60):
        assert contains(kl_divergence(Binomial(9, a), Binomial(9, b)), 9 * bernoulli_kl(mpf(a), mpf(b)))
        assert not contains(entropy(Binomial(9, a)), 9 * bernoulli_entropy(mpf(a)))
        masses = [mpmath.binomial(9, k) * mpf(a) ** k * (1 - mpf(a)) ** (9 - k) for k in range(10)]
        assert contains(entropy(Binomial(9, a)), -mpmath.fsum(m * log(m) for m in masses))


def test_impossible_counts():
    assert kl_divergence(Bernoulli(0.3), Bernoulli(0.0)) == arb.pos_inf()
    assert kl_divergence(Bernoulli(0.0), Bernoulli(0.3)).overlaps(-(arb(1) - arb(0.3)).log())
    assert entropy(Bernoulli(1.0)).contains(0)
    assert entropy(Binomial(3, 0.0)).contains(0)
    assert kl_divergence(Categorical((0.5, 0.5, 0.0)), Categorical((0.5, 0.5))).contains(0)
    assert kl_divergence(Categorical((0.5, 0.4, 0.1)), Categorical((0.5, 0.5))) == arb.pos_inf()
    assert kl_divergence(Binomial(3, 0.4), Binomial(2, 0.4)) == arb.pos_inf()
    assert kl_divergence(Binomial(3, 0.4), Binomial(4, 0.4)).is_finite()
    assert kl_divergence(Poisson(2.0), Binomial(9, 0.4)) == arb.pos_inf()
    assert kl_divergence(Geometric(1.0), Geometric(0.25)).overlaps(arb(4).log())


def test_a_poisson_of_large_mean():
    ball = kl_divergence(Poisson(5000.0), Poisson(5100.5))
    with mpmath.workdps(60):
        assert contains(ball, mpf(5000) * log(mpf(5000) / mpf(5100.5)) + mpf(100.5))


def test_numbers_of_numpy_are_numbers():
    for family in (Bernoulli, Geometric):
        number = np.float64(0.3)
        assert entropy(family(number)).overlaps(entropy(family(0.3)))
        assert not entropy(family(number)).overlaps(entropy(family(0.31)))
        assert entropy(family(logits=number)).overlaps(entropy(family(logits=0.3)))
        with pytest.raises(ValueError, match="either probs or logits"):
            family(number, logits=number)
