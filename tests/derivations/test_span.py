"""Integrability of combinations: what follows, and what does not."""

import pytest

from derivations.kernel import KernelError, Term, density, equal, forall_in, integral, log, number, total, variable
from derivations.latex import text
from derivations.span import integrable_combination

X, Z = variable("x", "x"), variable("z", "z")
J, N, C = variable("j", "index"), variable("n", "natural"), variable("c", "real")
Q, JOINT, P_Z = density("q", [Z], [X]), density("p", [X, Z]), density("p", [Z])
LIKELIHOOD, POSTERIOR = density("p", [X], [Z]), density("p", [Z], [X])
TERM = Term("function", (J, Z), ("f", "real"))


def integrable(body):
    return Term("integrable", (body,), bound=Z)


NORMALISED = equal(integral(Z, Q), number(1))
KNOWN = [integrable(Q * log(LIKELIHOOD)), integrable(Q * log(Q / P_Z)), NORMALISED]


@pytest.mark.parametrize(
    "body",
    [
        Q * log(Q / POSTERIOR),
        Q * (log(JOINT) - log(Q)),
        Q * (C * log(LIKELIHOOD)),
        Q * (log(LIKELIHOOD) + C),
        Q,
        JOINT,
        Q * (JOINT / Q),
    ],
    ids=text,
)
def test_what_follows(body):
    theorem = integrable_combination(Z, body, KNOWN, "p")
    assert theorem.conclusion == integrable(body)
    assert not any(h.head == "integrable" and h not in KNOWN for h in theorem.hypotheses)


@pytest.mark.parametrize("body", [Q * log(JOINT), Q * log(Q), Q * log(LIKELIHOOD) ** 2, Q * JOINT, number(1)], ids=text)
def test_what_does_not(body):
    with pytest.raises(KernelError):
        integrable_combination(Z, body, KNOWN, "p")


def test_a_constant_needs_that_the_density_has_an_integral():
    with pytest.raises(KernelError):
        integrable_combination(Z, Q * (log(LIKELIHOOD) + C), KNOWN[:2], "p")


def test_sums_of_what_is_integrable_for_each_index():
    known = [forall_in(J, number(1), N, integrable(Q * TERM))]
    body = Q * total(J, number(1), N, TERM)
    assert integrable_combination(Z, body, known).conclusion == integrable(body)
    longer = Q * total(J, number(1), N + number(1), TERM)
    with pytest.raises(KernelError):
        integrable_combination(Z, longer, known)
