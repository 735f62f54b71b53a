"""Values and truth of terms in models, against sums and integrals written out here."""

import math
import time

import pytest
from flint import arb, fmpq

from derivations.gaussian_form import NoValueError, UndefinedError
from derivations.interpretation import Interpretation, close, not_above
from derivations.kernel import (
    Term,
    at_most,
    bijection,
    bind,
    component,
    delta,
    density,
    differential,
    equal,
    exp,
    forall,
    forall_in,
    integrable,
    integral,
    log,
    mean,
    nonzero,
    number,
    positive,
    product,
    total,
    variable,
    within,
)
from derivations.model import Model
from derivations.vocabulary import Vocabulary

pytestmark = pytest.mark.usefixtures("precise")
X, Z, E, J, N = (
    variable("x", "x"),
    variable("z", "z"),
    variable("e", "e"),
    variable("j", "index"),
    variable("J", "natural"),
)
S, T = variable("s", "real"), variable("t", "real")
ONE, TWO = number(1), number(2)
MU, SIGMA = (component(variable(n, "vector"), J) for n in ("mu", "sigma"))
NORMAL = bind("normal", J, Z, N, MU, SIGMA**2)


def interpretation(*terms, conventions=None, late=False, **values):
    propositions = [t if t.head in ("equal", "at_most") else positive(t) for t in terms]
    vocabulary = Vocabulary(propositions[0], tuple(propositions[1:]))
    model = Model(vocabulary, "0")
    ensured = [v for v in (N, S, T) if v not in vocabulary.variables]
    vocabulary.variables += ensured
    for space in "xe":
        model.add_finite(space, 3, weighted=True)
    if "z" in vocabulary.real_spaces:
        model.dimensions["z"] = 2
    else:
        model.add_finite("z", 2, weighted=False)
    found = Interpretation(model, time.monotonic() + (-1 if late else 60), conventions)
    found.values.update({v.data: fmpq(2) for v in vocabulary.variables if v.data[1] in ("natural", "index")})
    found.values.update({v.data: fmpq(3, 7) for v in vocabulary.variables if v.data[1] == "real"})
    others = (v for v in vocabulary.variables if v.data not in found.values)
    found.values.update({v.data: model.point(v.data[1], v.data[0]) for v in others})
    return found


def value(term, **options):
    found = interpretation(term, **options)
    return found.value(term, found.values)


def test_sums_products_and_delta():
    assert value(total(J, ONE, number(3), J**2)) == 14
    assert value(product(J, ONE, number(3), J + ONE)) == 24
    assert value(total(J, number(3), TWO, J)) == 0
    assert value(total(J, ONE, number(5), delta(J, TWO) * J)) == 2


def test_an_integral_over_a_finite_space_is_a_weighted_sum():
    term = integral(X, density("p", [X, Z]))
    found = interpretation(term, density("p", [Z]))
    assert found.value(term, found.values) == found.value(density("p", [Z]), found.values)


def test_moments_of_a_normal_density():
    second = mean(Z, NORMAL, component(Z, ONE) ** 2)
    found = interpretation(second)
    mu, sigma = (found.value(component(variable(n, "vector"), ONE), found.values) for n in ("mu", "sigma"))
    assert arb(found.value(second, found.values)).overlaps(mu**2 + sigma**2)
    assert not arb(found.value(second, found.values)).overlaps(mu**2 + sigma)


def test_a_derivative_is_taken_at_its_point():
    assert value(bind("derivative", T, number(3), T**3)) == 27
    assert math.isclose(float(value(bind("derivative", T, S, exp(TWO * T)))), 2 * math.exp(6 / 7), rel_tol=1e-12)


@pytest.mark.parametrize(
    ("term", "convention"),
    [(log(number(-1)), "log"), (number(0) ** -1, "inverse"), (number(-1) ** number("1/2"), "root")],
)
def test_what_has_no_value_has_one_by_convention_only(term, convention):
    with pytest.raises(UndefinedError):
        value(term)
    assert value(term, conventions={convention: fmpq(5)}) == 5


def test_after_the_deadline_nothing_has_a_value():
    with pytest.raises(NoValueError, match="out of time"):
        value(total(J, ONE, TWO, J), late=True)


TRUE = [
    within(ONE, ONE, TWO),
    positive(S),
    nonzero(S),
    forall_in(J, ONE, TWO, positive(J)),
    forall(X, positive(density("p", [X]))),
    forall(Z, positive(NORMAL)),
    forall(T, equal((T + ONE) ** 2, T**2 + TWO * T + ONE)),
    integrable(Z, NORMAL * component(Z, ONE)),
    differential(T, S, TWO * S, T**2),
    at_most(S, S),
]
FALSE = [
    within(number(3), ONE, TWO),
    positive(number(-1) * S),
    nonzero(S - S),
    forall_in(J, number(0), TWO, positive(J)),
    forall(X, positive(density("p", [X]) - ONE)),
    forall(Z, positive(number(-1) * NORMAL)),
    forall(T, equal((T + ONE) ** 2, T**2 + T + ONE)),
    differential(T, S, S, T**2),
    at_most(S, S - ONE),
]


@pytest.mark.parametrize("proposition", TRUE)
def test_true_propositions(proposition):
    found = interpretation(equal(S, S), equal(integral(X, density("p", [X])), S), equal(NORMAL, S))
    assert found.truth(proposition, found.values) is True


@pytest.mark.parametrize("proposition", FALSE)
def test_false_propositions(proposition):
    found = interpretation(equal(S, S), equal(integral(X, density("p", [X])), S), equal(NORMAL, S))
    assert found.truth(proposition, found.values) is False


def test_a_bijection_of_finite_spaces_keeps_integrals():
    image, factor = Term("function", (E,), ("T", "x")), Term("function", (E,), ("D", "real"))
    claim = bijection(E, image, factor)
    found = interpretation(equal(S, S))
    vocabulary = Vocabulary(equal(S, S), (claim,))
    found.model.vocabulary = vocabulary
    assert found.truth(claim, found.values)
    found.model.weights["x"][0] = fmpq(99)
    assert found.truth(claim, found.values)
    assert not found.truth(bijection(E, image, factor + ONE), found.values)


def test_what_is_not_integrable_cannot_be_decided():
    found = interpretation(equal(NORMAL, S))
    with pytest.raises(NoValueError, match="not integrable"):
        found.truth(integrable(Z, component(Z, ONE)), found.values)


def test_comparisons():
    third = arb(1) / 3
    assert close(third * 3, fmpq(1))
    assert not close(third, fmpq(1, 2))
    assert not_above(third, fmpq(1, 2))
    assert not not_above(fmpq(1, 2), third)
