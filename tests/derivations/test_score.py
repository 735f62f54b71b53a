"""Derivatives of densities and of what equations are known for."""

import pytest

from derivations.conversion import everywhere, prove_equal
from derivations.derivative import derivative_at, differentiate
from derivations.distribution import depending, targets_of
from derivations.hypothesis import assumed
from derivations.kernel import (
    KernelError,
    Term,
    alpha_equal,
    bind,
    component,
    density,
    infer,
    log,
    number,
    positive,
    variable,
)
from derivations.latex import text
from derivations.score import inside_derivative, mass_kept, score, under_derivative

from .numeric_model import NumericModel, line

J, N = variable("j", "index"), variable("J", "natural")
MU, SIGMA, Z = variable("mu", "real"), variable("sigma", "real"), variable("z", "z")
LAW = bind("normal", J, Z, N, MU, SIGMA**2)
ENV = {N.data: 1, MU.data: 0.4, SIGMA.data: 0.8, Z.data: [1.1]}
MODEL = NumericModel({"z": line()})


def test_the_score_of_a_normal():
    for v in (MU, SIGMA):
        theorem = score(derivative_at(v, v, log(LAW)))
        assert {text(h) for h in theorem.hypotheses} <= {"sigma > 0", "sigma != 0", "sigma^2 != 0", "sigma^2 > 0"}
        assert "d/d" not in text(theorem.sides[1])
        assert MODEL.truth(theorem.conclusion, ENV)


def test_a_wrong_score_is_not_proved():
    z = component(Z, J)
    right, wrong = (bind("sum", J, number(1), N, (z - MU) / SIGMA**k) for k in (2, 1))
    term = derivative_at(MU, MU, log(LAW))
    prove_equal(term, right, score)
    with pytest.raises(KernelError, match="the two sides do not become equal"):
        prove_equal(term, wrong, score)


def test_an_equation_for_positive_values_is_differentiated_at_one():
    """``log v = ... for v > 0``: no statement about negative values is made, none is supposed for all v."""
    body = log(SIGMA**2)
    by_power = lambda t: infer("log_power", t.args[0].args[0], number(2))
    theorem = under_derivative(by_power)(derivative_at(SIGMA, SIGMA, body))
    assert [h for h in theorem.hypotheses if h.head == "forall"] == []
    assert theorem.hypotheses == (positive(SIGMA),)


def test_what_does_not_change_is_not_converted():
    term = derivative_at(MU, MU, MU)
    with pytest.raises(KernelError, match="nothing to convert under the derivative"):
        under_derivative(everywhere(differentiate))(term)
    for convert in (under_derivative(everywhere()), inside_derivative(MU, lambda at: everywhere())):
        with pytest.raises(KernelError, match="not a derivative"):
            convert(MU)


def test_an_equation_supposed_for_all_values():
    f, g = (Term("function", (MU,), (name, "real")) for name in "fg")
    convert = inside_derivative(MU, lambda at: assumed(at(f), at(g)))
    theorem = convert(derivative_at(MU, MU, f))
    assert [text(h) for h in theorem.hypotheses] == ["f(mu) = g(mu) for all mu"]
    assert alpha_equal(theorem.sides[1], derivative_at(MU, MU, g))


X = variable("x", "x")
Q_Z, Q_GIVEN_X, OF_X_GIVEN_Z, JOINT = (
    depending(law, {"q": "mu"})
    for law in (density("q", [Z]), density("q", [Z], [X]), density("q", [X], [Z]), density("q", [X, Z]))
)


def test_the_name_of_a_function_tells_of_what_it_is_a_density():
    assert [targets_of(law) for law in (Q_Z, Q_GIVEN_X, OF_X_GIVEN_Z, JOINT)] == [(Z,), (Z,), (X,), (X, Z)]


@pytest.mark.parametrize("law", [Q_Z, Q_GIVEN_X])
def test_a_density_has_the_same_mass_for_all_parameters(law):
    theorem = mass_kept(bind("integral", Z, derivative_at(MU, MU, law)))
    assert theorem.sides[1] == number(0)
    whole = text(bind("integral", Z, law))
    assert f"{whole} = 1 for all mu" in {text(h) for h in theorem.hypotheses}


@pytest.mark.parametrize(
    "body",
    [
        Q_Z,  # not differentiated
        derivative_at(MU, MU, Q_Z) ** 2,
        derivative_at(MU, MU, Q_Z**2),
        derivative_at(MU, MU, OF_X_GIVEN_Z),  # no density of z
        derivative_at(MU, MU, JOINT),
        derivative_at(MU, MU, Term("function", (MU, Z), ("f", "real"))),
        derivative_at(MU, SIGMA, Term("function", (SIGMA, Z), ("q", "real"))),  # of another parameter
    ],
)
def test_no_other_mass_is_kept(body):
    with pytest.raises(KernelError):
        mass_kept(bind("integral", Z, body))
