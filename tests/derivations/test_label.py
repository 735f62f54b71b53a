"""Letters for several things, and variables that only stand together (see also the tests of reading)."""

import pytest

from derivations.label import random_parameters, several, together
from derivations.parser import parse


@pytest.mark.parametrize(
    ("sources", "letters"),
    [
        ([r"p(x_{1:T})", r"p(x_2)"], {"x"}),
        ([r"p(x_{0:T})", r"p(x_0)"], set()),
        ([r"p(x_{1:T})", r"p(x_{1:T}|x_0)"], set()),
        ([r"p(x_i)", r"p(x_j)"], {"x"}),
        ([r"\sum_i p(x_i)", r"\sum_i \log p(x_i)"], set()),
        ([r"\hat{p}(x)", r"\tilde{p}(x)"], set()),
        ([r"p(x)", r"p_\theta(x)"], {"p"}),
        ([r"p(x; \theta)", r"p(x)"], {"p"}),
        ([r"E_p[\log p_\theta(x)]"], {"p"}),
        ([r"KL(p\|p_\theta)"], {"p"}),
        ([r"p(z)", r"p_\theta(x|z)"], set()),
        ([r"KL(q(z)\|q_\phi(z))"], {"q"}),
        ([r"E_q[\log q_\phi(z|x)] - KL(q_\phi\|p)"], set()),
        ([r"p(\theta|x)", r"\frac{p(x|\theta) p(\theta)}{p(x)}"], set()),
    ],
)
def test_letters_with_several_labels(sources, letters):
    assert several(map(parse, sources)) == letters


@pytest.mark.parametrize(
    ("source", "letters"),
    [
        (r"\int p(y|\theta) p(\theta|x) d\theta", {r"\theta"}),
        (r"KL(q_\phi(\theta)\|p(\theta))", {r"\theta"}),
        (r"p(x|\theta) - q_\phi(z; \theta)", set()),
    ],
)
def test_parameters_that_are_variables(source, letters):
    assert random_parameters([parse(source)]) == letters


def test_variables_that_stand_together():
    assert together([parse(r"\int\int p(x, z_1, z_2) dz_1 dz_2")]) == {"z_1": "z_1,2", "z_2": "z_1,2"}
    assert together([parse(r"q(z_1, z_2|x)"), parse("p(z_1)")]) == {}
    assert together([parse(r"p(x|z_1) p(z_1|z_2)")]) == {}


def test_empty_braces_hold_no_variables():
    assert together([parse(r"{}\log p(z_1)")]) == {}


def test_empty_brackets_are_no_label_and_hold_no_variables():
    assert several([parse(r"p^{()}(x) + p() + x_{()}")]) == frozenset()
    assert random_parameters([parse(r"p() - q_\phi()")]) == frozenset()
