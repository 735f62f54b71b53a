"""Gaps that are not negative: a divergence, its average, a sum of divergences."""

import pytest

from derivations.gap import gibbs, not_negative
from derivations.kernel import KernelError, alpha_equal, at_most, bind, density, log, number, variable

X, Z, N = variable("x", "x"), variable("z", "z"), variable("n", "index")
Q, PRIOR = density("q", [Z], [X]), density("p", [Z])
DIVERGENCE = bind("kl", Z, Q, PRIOR)
DATA = density("q", [X])
GAPS = {
    "a divergence": DIVERGENCE,
    "an average": bind("expectation", X, DATA, DIVERGENCE),
    "a sum": bind("sum", N, number(1), variable("N", "natural"), DIVERGENCE),
    "a multiple": number(2) * DIVERGENCE,
    "two of them": DIVERGENCE + bind("expectation", X, DATA, DIVERGENCE),
    "half of two": number("1/2") * (DIVERGENCE + bind("kl", Z, PRIOR, Q)),
    "an average of averages": bind("expectation", X, DATA, bind("expectation", Z, Q, DIVERGENCE)),
}


@pytest.mark.parametrize("what", GAPS)
def test_the_theorem_is_about_the_gap_it_is_given(what):
    assert alpha_equal(not_negative(GAPS[what]).conclusion, at_most(number(0), GAPS[what]))


@pytest.mark.parametrize(
    "term",
    [
        number(-1) * DIVERGENCE,
        DIVERGENCE - DIVERGENCE,
        number(2) * log(PRIOR),
        log(PRIOR),
        bind("expectation", X, DATA, log(DATA)),
    ],
)
def test_what_is_no_gap(term):
    with pytest.raises(KernelError, match="not a divergence"):
        not_negative(term)


def test_gibbs_supposes_that_both_densities_integrate_to_one():
    shown = [h for h in gibbs(DIVERGENCE).hypotheses if h.head == "equal"]
    assert {h.args[0].args[0] for h in shown} == {Q, PRIOR}


@pytest.mark.parametrize("other", [density("p", [X], [Z]), density("p", [X, Z])])
def test_a_likelihood_is_no_density_of_what_is_given(other):
    with pytest.raises(KernelError, match="does not integrate to one over z"):
        gibbs(bind("kl", Z, Q, other))
