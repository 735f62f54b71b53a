"""Integrating a variable out of joint densities, and what must not be integrated out."""

import pytest

from derivations.kernel import KernelError, Term, density, equal, integral, log, number, variable
from derivations.latex import text
from derivations.marginalisation import integrable_marginal, integrate_out, normalised

X, Z, C = variable("x", "x"), variable("z", "z"), variable("c", "real")
JOINT, X_GIVEN_Z, Z_GIVEN_X = density("p", [X, Z]), density("p", [X], [Z]), density("p", [Z], [X])
P_X, Q = density("p", [X]), density("q", [Z], [X])


@pytest.mark.parametrize(
    ("integrand", "value"),
    [
        (JOINT, "p(x)"),
        (C * JOINT, "p(x) c"),
        (Z_GIVEN_X, "1"),
        (X_GIVEN_Z * density("p", [Z]), "p(x)"),
        (Q * (JOINT / Q), "p(x)"),
        (density("r", [Z]), "1"),
    ],
    ids=lambda case: text(case) if isinstance(case, Term) else case,
)
def test_integrals(integrand, value):
    theorem = integrate_out("p")(integral(Z, integrand))
    assert theorem.sides[0] == integral(Z, integrand)
    assert text(theorem.sides[1]) == value


@pytest.mark.parametrize("integrand", [Q, X_GIVEN_Z, JOINT**2, log(JOINT), JOINT * Q, number(1)], ids=text)
def test_no_marginal(integrand):
    """A conditional density of another family, a density of x, powers, logarithms, and two densities of z."""
    with pytest.raises(KernelError):
        integrate_out("p")(integral(Z, integrand))


def test_normalised_says_one_and_nothing_else():
    theorem = normalised(equal(integral(Z, Z_GIVEN_X), number(1)), "p")
    assert {text(h) for h in theorem.hypotheses} == {"p(x) != 0", "p(x) > 0"}
    for integrand, value in ((JOINT, number(1)), (Z_GIVEN_X, number(2))):
        with pytest.raises(KernelError, match="the integral is another"):
            normalised(equal(integral(Z, integrand), value), "p")


def test_a_positive_integral_exists():
    theorem = integrable_marginal(Z, JOINT)
    assert theorem.conclusion == Term("integrable", (JOINT,), bound=Z)
    assert [text(h) for h in theorem.hypotheses] == ["p(x) > 0"]
    with pytest.raises(KernelError):
        integrable_marginal(Z, Q)
