import pytest
from flint import arb

from numerics import expectation, quadrature
from numerics.ball import working_precision
from numerics.density import Gamma, Normal
from numerics.mass import Binomial, Geometric
from numerics.quadrature import (
    FAMILIES,
    entropy,
)

from .classical import CLASSICAL, draw

# nothing is cut where the support is bounded, and is integrated as it is
INFINITE = sorted(set(CLASSICAL) - {"bernoulli", "continuous_bernoulli", "von_mises"})


@pytest.mark.parametrize("name", INFINITE)
def test_the_tails_are_needed(name, seed, monkeypatch):
    """With a coarse cut the mass outside is within the radius; the twin forgets the tail, and mass is missing."""
    (q, _), *_ = draw(name, seed)
    q = FAMILIES[name](*q)
    cuts = {function: getattr(expectation, function) for function in ("_cut", "_last")}

    def mass(keep):
        for function, right in cuts.items():

            def coarse(*arguments, right=right):
                end, bound = right(*arguments[:-1], arb(0.25))
                return end, bound * keep

            monkeypatch.setattr(expectation, function, coarse)
        with working_precision(200):
            return expectation.expectation_at(q, lambda x: arb(1), 30)

    assert mass(keep=1).contains(1)
    assert mass(keep=1).rad() < 1
    assert mass(keep=0) < 1


def test_sums_that_are_too_long_are_an_error():
    with pytest.raises(ArithmeticError, match="the sum needs more than 1000000 terms"):
        entropy(Geometric(1e-9))
    with pytest.raises(ArithmeticError, match="the sum needs 2000000 terms, more than 1000000"):
        entropy(Binomial(2 * 10**6, 0.5))


def test_an_integrand_without_a_majorant_is_refused():
    with pytest.raises(NotImplementedError, match="has no log"):
        quadrature.expectation(Normal(0.0, 1.0), lambda x: x.log)
    with pytest.raises(NotImplementedError, match="no majorant"):
        quadrature.expectation(Gamma(1.0, 1.0), lambda x: x.exp(0.5))
