"""Divergences of products, entropies of variables: the terms that formulas stand for, and what is refused."""

import pytest

from derivations.kernel import bind, density, log, number, variable
from derivations.parser import parse
from derivations.reader import Context, Reading
from derivations.reading import read
from derivations.syntax import FormulaError

X, Z = variable("x", "x"), variable("z", "z")
Q, PRIOR, JOINT = density("q", [Z], [X]), density("p", [Z]), density("p", [X, Z])


def term(formula, **context):
    return read(parse(formula), Reading(), Context({"q": Q}, **context)).term


def mean(law, body):
    return bind("expectation", law.args[0], law, body)


def test_a_divergence_from_a_product_is_a_mean_of_logarithms():
    likelihood, evidence = density("p", [X], [Z]), density("p", [X])
    product = (likelihood * PRIOR) / evidence
    found = term(r"KL(q(z|x)\|\frac{p(x|z)p(z)}{p(x)})")
    assert found.head == "expectation"
    assert found.args[0] == Q
    assert {t.data[0] for t in found.args[1].args[0].args if t.head == "density"} == {"q"}
    assert found.args[1].args[0].args[1].args[0].args[-1] == product.args[-1]
    assert term(r"KL(q(z|x)\|p(x,z))") == mean(Q, log(Q / JOINT))
    assert term(r"KL(q(z|x)\|p(z))") == bind("kl", Z, Q, PRIOR)


@pytest.mark.parametrize(
    "formula",
    [
        r"KL(q(z|x)\|p(x|z))",
        r"KL(q(z|x)\|p(z)/p(x))",
        r"KL(q(z|x)\|p(x,z)/p(z))",
        r"KL(q(x,z)\|p(z))",
        r"KL(q(z)q(z|x)\|p(z))",
    ],
)
def test_other_variables_are_refused(formula):
    with pytest.raises(FormulaError, match="different variables"):
        term(formula)


def test_entropies_of_variables():
    law, given = density("p", [Z]), density("p", [Z], [X])
    own = number(-1) * mean(given, log(given))
    assert term("H(z)", information="p") == number(-1) * mean(law, log(law))
    assert term("H(z|x)", information="p") == mean(density("p", [X]), own)
    assert term("H(z|x)", information="p", given=True) == own
    assert term("H_q(z)", information="p") == number(-1) * mean(density("q", [Z]), log(density("q", [Z])))
    with pytest.raises(FormulaError, match="under which law"):
        term("H_r(z)")


def test_two_bernoulli_laws():
    a, b = variable("alpha", "real"), variable("beta", "real")
    one = number(1)
    found = term(r"KL(\mathrm{Bern}(\alpha)\|\mathrm{Bern}(\beta))")
    assert found == a * log(a / b) + (one - a) * log((one - a) / (one - b))
