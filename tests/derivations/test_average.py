"""A bound, or a divergence at x, beside a mean over x."""

from derivations.average import mean_of_bound, mean_of_divergences
from derivations.convention import POSTERIOR, PRIOR, X, Z, elbo
from derivations.kernel import bind, density, log

DATA = density("q", [X])
DIVERGENCE = bind("kl", Z, POSTERIOR, PRIOR)
MEAN = bind("expectation", X, DATA, DIVERGENCE)


def test_a_bound_is_its_mean_where_the_other_side_is_one():
    assert mean_of_bound(elbo(), MEAN) == (bind("expectation", X, DATA, elbo()), "the bound is its mean over q(x)")


def test_a_bound_stays_as_it_is_beside_what_is_at_x_or_no_mean():
    assert mean_of_bound(elbo(), log(density("p", [X]))) is None
    assert mean_of_bound(elbo(), PRIOR) is None
    assert mean_of_bound(elbo(), bind("kl", Z, PRIOR, PRIOR)) is None


def test_a_divergence_may_be_a_mean_where_the_other_side_has_no_x():
    assert mean_of_divergences(DIVERGENCE, MEAN) == (MEAN, "the divergence is its mean over x")


def test_a_divergence_is_at_x_beside_what_is_at_x():
    assert mean_of_divergences(DIVERGENCE, log(density("p", [X]))) is None
    assert mean_of_divergences(log(density("p", [X])), MEAN) is None
