"""Integrability of polynomials under a normal density: what is accepted is one, and is integrable in models."""

import itertools
import random
from fractions import Fraction

import pytest

from derivations.expectation import under
from derivations.integrability import integrable_by_terms, integrable_density, integrable_polynomial, supposed_by_terms
from derivations.kernel import KernelError, Term, bind, density, equal, infer, integral, log, number
from derivations.latex import text

from .finite_model import DOMAINS, NormalModel
from .rule_survey import MU, ONE, SIGMA, TWO, A, I, J, K, N, X, Z, component

pytestmark = pytest.mark.usefixtures("precise")

LAW = bind("normal", J, Z, N, component(MU, J), component(SIGMA, J) ** 2)
Z1, Z2 = component(Z, ONE), component(Z, TWO)


def integrable(f):
    return bind("integrable", Z, LAW * f)


def environment(d):
    values = (Fraction(4, 5), Fraction(-3, 2), Fraction(5, 3))
    return {
        A.data: Fraction(2, 3),
        N.data: Fraction(d),
        I.data: Fraction(1),
        J.data: Fraction(d),
        K.data: Fraction(1),
        MU.data: values[:d],
        SIGMA.data: values[1 : d + 1],
    }


POLYNOMIALS = {
    "constant": ONE,
    "zero": number(0),
    "component": component(Z, I),
    "two components": Z1 * Z2,
    "cube": A * Z1**3 - TWO * Z1,
    "sum of squares": bind("sum", J, ONE, N, component(Z, J) ** 2 / component(SIGMA, J) ** 2),
    "sum that differs in the name": bind("sum", K, ONE, N, component(Z, K)),
    "square of a sum": bind("sum", K, ONE, N, component(Z, K)) ** 2,
    "product of a sum and a component": bind("sum", K, ONE, N, component(Z, K)) * component(Z, I),
    "sum in a sum": bind("sum", K, ONE, N, bind("sum", I, ONE, N, component(Z, K) * component(Z, I))),
    "expanded": (Z1 - component(MU, ONE)) ** 2 * (A + ONE),
}


@pytest.mark.parametrize("case", POLYNOMIALS)
def test_polynomials_are_integrable(case):
    theorem = integrable_polynomial(LAW, POLYNOMIALS[case])
    assert theorem.conclusion == integrable(POLYNOMIALS[case])
    verdicts = []
    for d in (1, 2):
        model = NormalModel(random.Random(d), d, DOMAINS)
        verdicts.append(model.holds(theorem.hypotheses, theorem.conclusion, environment(d)))
        assert is_polynomial(model, POLYNOMIALS[case], environment(d)) or verdicts[-1] is None
    assert True in verdicts
    assert False not in verdicts


def is_polynomial(model, term, env, degree=6):
    """Whether, on a line, the values of the term have vanishing differences of order ``degree + 1``."""
    start, step = (Fraction(2, 3), Fraction(-1), Fraction(3)), (Fraction(1), Fraction(-2), Fraction(1, 2))
    points = [tuple(a + t * b for a, b in zip(start, step, strict=True)) for t in range(degree + 2)]
    values = [model.value(term, {**env, Z.data: p[: model.dimension]}) for p in points]
    for _ in range(degree + 1):
        values = [b - a for a, b in itertools.pairwise(values)]
    return values == [0]


NO_POLYNOMIALS = {
    "exponential": Term("exp", (Z1**2,)),
    "inverse": Z1**-1,
    "power with the point in it": TWO**Z1,
    "real exponent": Z1**A,
    "logarithm": log(Z1),
    "index with the point in it": component(Z, Z1),
    "density of the point": density("p", [Z]),
    "product over an index": bind("product", J, ONE, TWO, Z1),
    "component of another point": component(X, ONE) * Term("exp", (Z1,)),
    "function": Term("function", (Z,), ("f", "real")),
    "inverse of a sum": bind("sum", K, ONE, N, component(Z, K)) ** -1,
    "derivative": bind("derivative", A, ONE, A * Z1),
}


@pytest.mark.parametrize("case", NO_POLYNOMIALS)
def test_what_is_no_polynomial_is_refused(case):
    with pytest.raises(KernelError):
        integrable_polynomial(LAW, NO_POLYNOMIALS[case])


def test_why_it_is_refused():
    """exp(z^2), and 2^(z^2) were it written so, are not integrable under a normal density of variance 9/4."""
    model = NormalModel(random.Random(0), 1, DOMAINS)
    assert model.truth(integrable(Term("exp", (Z1**2,))), environment(1)) is False
    assert model.truth(integrable(Z1**2), environment(1)) is True


@pytest.mark.parametrize("limit", [Term("exp", (Z1**2,)), Z1, component(X, ONE) * Z1])
def test_a_sum_whose_limits_hold_the_point(limit):
    with pytest.raises(KernelError, match="a term that must not depend on a variable does"):
        integrable_polynomial(LAW, bind("sum", K, ONE, limit, Z1))


@pytest.mark.parametrize("limit", [number(3), I, N + ONE])
def test_a_sum_over_another_range_supposes_that_it_is_one_of_components(limit):
    """sum_{k=1..3} z_k is a polynomial in R^3; in R^1, where z_3 may be anything, a hypothesis fails."""
    theorem = integrable_polynomial(LAW, bind("sum", K, ONE, limit, component(Z, K)))
    model = NormalModel(random.Random(0), 1, DOMAINS)
    model.fast = True
    env = {**environment(1), I.data: Fraction(2)}
    assert "forall_in" in [h.head for h in theorem.hypotheses if "within" in repr(h)]
    assert not all(model.truth(h, env) for h in theorem.hypotheses)
    assert model.truth(theorem.conclusion, env) is False


def test_a_clash_of_the_index_of_the_density():
    """The density binds j; so does the sum, and a free j is its dimension."""
    law = bind("normal", I, Z, J, number(0), ONE)
    theorem = integrable_polynomial(law, bind("sum", J, ONE, number(3), component(Z, J)))
    model = NormalModel(random.Random(0), 1, DOMAINS)
    model.fast = True
    assert not all(model.truth(h, environment(1)) for h in theorem.hypotheses)
    spacious = NormalModel(random.Random(0), 3, DOMAINS)
    assert spacious.holds(theorem.hypotheses, theorem.conclusion, {J.data: Fraction(3)}) is True


def test_terms_by_a_leaf_of_ones_own():
    """For a density of no known form, each monomial is supposed."""
    q = density("q", [Z])
    theorem = integrable_by_terms(Z, q, A * Z1 + ONE, lambda d, m: infer("assume", bind("integrable", Z, d * m)))
    assert set(theorem.hypotheses) == {bind("integrable", Z, q * Z1), bind("integrable", Z, q * ONE)}
    assert theorem.conclusion == bind("integrable", Z, q * (A * Z1 + ONE))


def test_a_density_that_integrates_to_one_is_integrable():
    q = density("q", [Z])
    whole = infer("assume", equal(integral(Z, q), ONE))
    theorem = integrable_density(Z, whole)
    assert theorem.conclusion == bind("integrable", Z, q)
    assert theorem.hypotheses == whole.hypotheses


def test_a_density_that_integrates_to_zero_is_not():
    nothing = infer("assume", equal(integral(Z, density("q", [Z])), number(0)))
    with pytest.raises(KernelError, match="does not stand at the path"):
        integrable_density(Z, nothing)


def test_a_hypothesis_is_supposed_by_its_terms():
    q, (f, g) = density("q", [Z]), (Term("function", (K, Z), (name, "real")) for name in "fg")
    square = bind("sum", K, ONE, N, bind("expectation", Z, q, (f - g) ** 2 + ONE))
    theorem = under(Z, q)(square)
    taken = supposed_by_terms(theorem, Z, q)
    assert taken.conclusion == theorem.conclusion
    assert sorted(text(h) for h in taken.hypotheses) == [
        "E_{z ~ q(z)}|(f_k(z))^2| < inf for all k in {1, .., n}",
        "E_{z ~ q(z)}|(g_k(z))^2| < inf for all k in {1, .., n}",
        "E_{z ~ q(z)}|f_k(z) g_k(z)| < inf for all k in {1, .., n}",
        "int q(z) dz = 1",
    ]
    other = infer("assume", bind("integrable", Z, density("p", [Z]) * f))
    assert supposed_by_terms(other, Z, q).hypotheses == other.hypotheses
