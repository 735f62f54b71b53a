"""What the trees of a relation tell of its notation, and what they do not."""

import pytest

from derivations.clue import (
    deviations,
    dimension_of,
    families_of_entries,
    given_or_mean,
    has_bare_p,
    has_exponential,
    informative,
    labels_of,
    limits_of,
    numbered_data,
    numbers_of,
)
from derivations.parser import parse


def trees(left, right=r"1"):
    return parse(left), parse(right)


@pytest.mark.parametrize(
    ("right", "letter"),
    [(r"\sum_{j=1}^d \mu_j", "d"), (r"\sum_j \mu_j - k", "k"), (r"\sum_{i=1}^N x_i", "J"), (r"\mu", "J")],
)
def test_the_dimension_is_the_letter_that_the_formula_has_for_it(right, letter):
    assert dimension_of(trees("KL", right)) == letter


def test_labels_of_parameters_are_two_or_none():
    assert labels_of(trees(r"\mu_1", r"\sigma_2")) == ("1", "2")
    assert labels_of(trees(r"\mu_p", r"\sigma_q")) == ("q", "p")
    assert labels_of(trees(r"\mu_1", r"\sigma_1")) is None


def test_what_is_meant_without_its_variables():
    assert has_bare_p(trees(r"KL(q\|p)"))
    assert has_bare_p(trees(r"\mathbb{E}_p[\log q]"))
    assert not has_bare_p(trees(r"KL(q(z)\|p(z))"))
    assert numbers_of(trees(r"KL(\mathrm{Bern}(q)\|\mathrm{Bern}(p))")) == {"p", "q"}
    assert numbers_of(trees(r"KL(q\|p)")) == frozenset()


def test_an_entropy_of_variables_is_under_the_family_beside_it():
    assert informative(trees("H(z)", "q(z)")) == ("q",)
    assert informative(trees("I(x;z)", "H(z)")) == ("q", "p")
    assert given_or_mean(trees("H(z|x)")) == (False, True)
    assert given_or_mean(trees("H(z)")) == given_or_mean(trees("H(q(z|x))")) == (False,)


def test_the_second_parameter_of_a_normal_may_be_a_deviation_if_it_has_no_square():
    assert deviations(trees(r"\mathcal{N}(\mu,\sigma)")) == (False, True)
    assert deviations(trees(r"\mathcal{N}(\mu,\sigma^2)")) == (False,)


def test_a_letter_in_an_exponent_is_a_logarithm_of_a_variance():
    assert has_exponential(parse(r"\mu^2 + e^{v_j} - v_j"))
    assert has_exponential(parse(r"\exp(v)"))
    assert not has_exponential(parse(r"\mu^2 + v - \log v"))
    assert not has_exponential(parse(r"\sigma^2 - e^v"))


def test_entries_are_told_by_the_whole_beside_them():
    assert families_of_entries(trees("q(z)", r"\prod_j q(z_j)")) == {"q"}
    assert families_of_entries(trees(r"\sum_i \log p(z_i)", r"p(z_1)")) == frozenset()
    assert families_of_entries(trees(r"q(z)", r"\prod_i q(z_i|x_i)")) == frozenset()


def test_the_ends_of_sums_are_no_indices():
    both = parse(r"\frac1n \sum_{i=1}^n a_i"), parse(r"\sum_{j=1}^J \sum_{k=1}^j a_k")
    assert limits_of(both) == {"n", "J"}


def test_the_numbers_of_data():
    assert numbered_data((parse("p(x_i)"), parse(r"p(x^{(n)}, z_k)"))) == {"i", "n"}
    assert numbered_data((parse("p(x_1)"), parse("p(x)"))) == set()
