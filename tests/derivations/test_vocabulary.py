"""What a claim speaks of, read from the claim and its hypotheses."""

from derivations.kernel import (
    Term,
    bind,
    component,
    density,
    equal,
    exp,
    forall,
    forall_in,
    integral,
    log,
    mean,
    number,
    positive,
    variable,
)
from derivations.vocabulary import Vocabulary, definitions

X, Z, E, J, N = (
    variable("x", "x"),
    variable("z", "z"),
    variable("e", "e"),
    variable("j", "index"),
    variable("J", "natural"),
)
S, T = variable("s", "real"), variable("t", "real")
ONE = number(1)


def function(name, *args, kind="real"):
    return Term("function", args, (name, kind))


def vocabulary(claim, *hypotheses):
    return Vocabulary(claim, hypotheses)


def test_spaces_and_families():
    found = vocabulary(equal(density("p", [X, Z]), density("q", [Z])))
    assert found.families == {"p": ("x", "z"), "q": ("z",)}
    assert found.real_spaces == {}


def test_a_normal_density_makes_its_space_real_and_those_that_share_a_family_with_it():
    normal = bind("normal", J, Z, N, number(0), ONE)
    found = vocabulary(equal(normal, density("p", [X, Z])))
    assert found.real_spaces == {"z": N, "x": ONE}


def test_positive_names():
    found = vocabulary(equal(log(function("f", X) * S), T), positive(component(variable("m", "vector"), J)))
    assert found.positive == {"f", "s", "m"}


def test_definitions():
    q, formula = function("q", X), exp(function("T", X) - S)
    (found,) = definitions(forall(X, equal(q, formula)))
    assert (found.name, found.parameters, found.body) == ("q", (X,), formula)
    assert list(definitions(forall(X, equal(q, q * S)))) == []
    assert list(definitions(forall(X, forall(Z, equal(q, function("r", X, Z) + S))))) == []
    whole = integral(X, exp(T * function("T", X) - function("A", T)))
    (found,) = definitions(forall(T, equal(whole, ONE)))
    assert (found.name, found.normalises) == ("A", True)


def test_moments_of_a_law_that_is_a_function():
    law = mean(X, function("q", X), function("T", J, X))
    supposed = forall_in(J, ONE, N, equal(law, component(variable("m", "vector"), J)))
    assert list(vocabulary(equal(S, T), supposed).moments) == ["x"]
    of_a_family = equal(mean(X, density("q", [X]), function("T", J, X)), S)
    assert vocabulary(equal(S, T), of_a_family).moments == {}


def test_bijections_draws_and_independence():
    image, factor = function("T", E, kind="z"), function("D", E)
    found = vocabulary(equal(S, T), bind("bijection", E, image, factor))
    assert found.bijections == {"T": ("D", "e")}
    draw = function("f", function("z", J, E, kind="z"))
    same = equal(mean(E, density("P", [E]), draw), mean(Z, density("q", [Z]), function("f", Z)))
    assert vocabulary(equal(S, T), forall(J, same)).draws == {"z": ("z", "e")}
    y = variable("y", "y")
    narrow, wide = density("p", [X], [Z]), density("p", [X], [Z, y])
    assert vocabulary(equal(S, T), equal(wide, narrow)).independences == {"p": (frozenset("x"), frozenset("z"))}
    assert vocabulary(equal(S, T), equal(wide, density("q", [X], [Z]))).independences == {}
