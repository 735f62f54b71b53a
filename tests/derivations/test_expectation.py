"""Bringing terms under an expectation, and the moments of a normal density."""

import random
from fractions import Fraction

import pytest

from derivations.assumption import settle
from derivations.conversion import everywhere, expand, in_turn, prove_equal
from derivations.delta import contract
from derivations.expectation import apart, expand_outside, moments, polynomial, under
from derivations.kernel import KernelError, Term, bind, density, equal, log, number, variable
from derivations.latex import text

from .finite_model import DOMAINS, NormalModel, random_model

pytestmark = pytest.mark.usefixtures("precise")

A, B = variable("a", "real"), variable("b", "real")
N = variable("n", "natural")
J, K = variable("j", "index"), variable("k", "index")
X, Z = variable("x", "x"), variable("z", "z")
MU, SIGMA = variable("mu", "vector"), variable("sigma", "vector")
ONE, TWO = number(1), number(2)
Q = density("q", [Z], [X])
F, G = density("p", [X, Z]), log(density("p", [Z]))


def component(vector, i):
    return Term("component", (vector, i))


LAW = bind("normal", J, Z, N, component(MU, J), component(SIGMA, J) ** 2)


def mean(body, law=Q):
    return bind("expectation", Z, law, body)


def test_combination_comes_under_one_expectation(seed):
    term = A * mean(F) - mean(G) / B + number(3)
    theorem = under(Z, Q)(term)
    assert theorem.sides[0] == term
    assert theorem.sides[1].head == "expectation"
    assert sorted(text(h) for h in theorem.hypotheses) == [
        "E_{z ~ q(z | x)}|1| < inf",
        "E_{z ~ q(z | x)}|log p(z)| < inf",
        "E_{z ~ q(z | x)}|p(x, z)| < inf",
        "b != 0",
        "int q(z | x) dz = 1",
    ]
    model = random_model(random.Random(f"under {seed}"), zeros=0)
    env = {A.data: Fraction(2, 3), B.data: Fraction(-5, 7), X.data: model.domains["x"][0]}
    assert model.holds(theorem.hypotheses, theorem.conclusion, env) is True


def test_integrals_come_under_one_integral():
    term = A * bind("integral", Z, F) + bind("integral", Z, G)
    theorem = under(Z, None)(term)
    prove_equal(theorem.sides[1], bind("integral", Z, A * F + G), expand)
    assert len(theorem.hypotheses) == 2


def test_sum_of_expectations():
    theorem = under(Z, Q)(bind("sum", J, ONE, N, mean(component(Z, J))))
    assert theorem.sides[1].args[1].head == "sum"
    (hypothesis,) = theorem.hypotheses
    assert hypothesis.head == "forall_in"


@pytest.mark.parametrize(
    ("term", "density_", "message"),
    [
        (mean(F) * mean(G), Q, "a product of expectations"),
        (log(mean(F)), Q, "not a combination of expectations under one density"),
        (log(bind("integral", Z, F)), None, "not a combination of expectations under one density"),
        (mean(F, density("p", [Z])), Q, "not a combination of expectations under one density"),
        (F, Q, "not a combination of expectations under one density"),
        (
            bind("sum", J, ONE, N, mean(F, bind("normal", K, Z, N, J, ONE))),
            bind("normal", K, Z, N, J, ONE),
            "the density depends on the index of the sum",
        ),
    ],
)
def test_what_does_not_come_under_one_expectation(term, density_, message):
    with pytest.raises(KernelError, match=message):
        under(Z, density_)(term)


def test_coefficients_with_the_variable_stay_outside_of_nothing():
    """z_1 E[f] with a free z is not E[z_1 f]."""
    free_z = component(Z, ONE)
    with pytest.raises(KernelError, match="a term that must not depend on a variable does"):
        under(Z, Q)(free_z * mean(F))


def test_expand_outside_keeps_the_inside():
    inside = mean((F + G) ** 2)
    assert expand_outside((A + ONE) * inside).sides[1].args[0].args[-1] == inside


def test_moments_of_a_normal(seed):
    i = number(2)
    z, m, v = component(Z, i), component(MU, i), component(SIGMA, i) ** 2
    cases = {
        A: A,
        z: m,
        (z - m) ** 2: v,
        z**2: m**2 + v,
        A * z - number(3): A * m - number(3),
        bind("sum", K, ONE, N, component(Z, K) ** 2): bind(
            "sum", K, ONE, N, component(MU, K) ** 2 + component(SIGMA, K) ** 2
        ),
    }
    model = NormalModel(random.Random(seed), 2, DOMAINS)
    env = {
        A.data: Fraction(5, 3),
        N.data: Fraction(2),
        MU.data: (Fraction(7, 10), Fraction(-3, 5)),
        SIGMA.data: (Fraction(2, 5), Fraction(13, 10)),
    }
    for body, value in cases.items():
        theorem = moments(mean(body, LAW))
        assert theorem.sides[0] == mean(body, LAW)
        prove_equal(theorem.sides[1], value, polynomial)
        assert model.holds(theorem.hypotheses, theorem.conclusion, env) is True
        assert model.truth(equal(mean(body, LAW), value + number("1/100")), env) is False
        with pytest.raises(KernelError, match="the two sides do not become equal"):
            prove_equal(mean(body, LAW), value + number("1/100"), everywhere(moments))


def test_the_square_of_a_sum_has_the_covariances(seed):
    """E[(z_1 + z_2)^2] = sum_j sum_k (delta_jk v_j + m_j m_k)."""
    theorem = moments(mean(bind("sum", K, ONE, N, component(Z, K)) ** 2, LAW))
    model = NormalModel(random.Random(seed), 2, DOMAINS)
    scales, means = (Fraction(2, 5), Fraction(13, 10)), (Fraction(7, 10), Fraction(-3, 5))
    env = {N.data: Fraction(2), MU.data: means, SIGMA.data: scales}
    assert model.holds(theorem.hypotheses, theorem.conclusion, env) is True
    expected = number(sum(s**2 for s in scales) + sum(means) ** 2)
    assert model.truth(equal(theorem.sides[1], expected), env) is True


def test_moments_of_products(seed):
    """Second moments of two components, and of sums: covariances with a delta, which a sum over an index contracts."""
    one, two = component(Z, ONE), component(Z, TWO)
    weighted = lambda i: bind("sum", i, ONE, N, component(MU, i) * component(Z, i))
    cases = {
        one * two: component(MU, ONE) * component(MU, TWO) + Term("delta", (ONE, TWO)) * component(SIGMA, ONE) ** 2,
        weighted(J) * weighted(K): bind("sum", J, ONE, N, component(MU, J) ** 2) ** 2
        + bind("sum", J, ONE, N, component(MU, J) ** 2 * component(SIGMA, J) ** 2),
    }
    model = NormalModel(random.Random(seed), 2, DOMAINS)
    env = {
        N.data: Fraction(2),
        MU.data: (Fraction(7, 10), Fraction(-3, 5)),
        SIGMA.data: (Fraction(2, 5), Fraction(13, 10)),
    }
    convert = in_turn(everywhere(moments), contract)
    for body, value in cases.items():
        theorem = prove_equal(mean(body, LAW), value, convert)
        settled = settle(theorem)
        assert model.holds(settled.hypotheses, settled.conclusion, env) is True
        wrong = value + component(MU, ONE) * number("1/100")
        assert model.truth(equal(mean(body, LAW), wrong), env) is False
        with pytest.raises(KernelError, match="the two sides do not become equal"):
            prove_equal(mean(body, LAW), wrong, convert)


def test_an_expectation_is_taken_apart():
    term = mean(A * F + B * G + number(3))
    theorem = apart(Z, Q)(term)
    assert theorem.sides[0] == term
    prove_equal(theorem.sides[1], A * mean(F) + B * mean(G) + number(3), expand)
    assert sorted(text(h) for h in theorem.hypotheses) == [
        "E_{z ~ q(z | x)}|1| < inf",
        "E_{z ~ q(z | x)}|log p(z)| < inf",
        "E_{z ~ q(z | x)}|p(x, z)| < inf",
        "int q(z | x) dz = 1",
    ]
    with pytest.raises(KernelError, match="nothing to take apart"):
        apart(Z, Q)(mean(F))
    with pytest.raises(KernelError, match="not an expectation under the density"):
        apart(Z, Q)(mean(F, density("p", [Z])))


@pytest.mark.parametrize(
    ("term", "message"),
    [
        (mean(F), "not an expectation under a normal density"),
        (A, "not an expectation under a normal density"),
        (mean(component(Z, ONE) ** 3, LAW), "not a polynomial of degree two in the components"),
        (mean(log(component(Z, ONE)), LAW), "not a polynomial of degree two in the components"),
        (mean(component(Z, ONE) ** 2 * component(Z, TWO), LAW), "not a polynomial of degree two in the components"),
        (mean(component(Z, ONE) ** (-1), LAW), "not a polynomial"),
    ],
)
def test_moments_that_are_not_known(term, message):
    with pytest.raises(KernelError, match=message):
        moments(term)


def test_log_of_a_normal_density_is_a_polynomial():
    theorem = polynomial(log(LAW))
    heads = set()

    def walk(term):
        heads.add(term.head)
        for a in term.args:
            walk(a)

    walk(theorem.sides[1])
    assert not heads & {"normal", "exp", "product"}
