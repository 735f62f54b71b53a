"""Hypotheses that follow from others are discharged; those that do not stay, and none is discharged by itself."""

import pytest

from derivations.assumption import settle
from derivations.consequence import consequences
from derivations.elbo import elbo_gap
from derivations.kernel import Term, density, equal, forall, infer, log, number, positive, variable
from derivations.latex import text

X, Z = variable("x", "x"), variable("z", "z")
A, B, C = (variable(name, "real") for name in "abc")
JOINT = density("p", [X, Z])
Q = density("q", [Z], [X])
LIKELIHOOD, POSTERIOR, P_Z = density("p", [X], [Z]), density("p", [Z], [X]), density("p", [Z])


def integrable(body):
    return Term("integrable", (body,), bound=Z)


@pytest.mark.parametrize(
    ("proposition", "others", "wanted"),
    [
        (positive(A), [equal(A, B * C)], ["b c > 0", "a = b c"]),
        (positive(A + B), [positive(B + A)], ["b + a > 0"]),
        (
            forall(Z, positive(JOINT)),
            [forall(Z, equal(JOINT, Q * A))],
            ["q(z | x) a > 0 for all z", "p(x, z) = q(z | x) a for all z"],
        ),
    ],
)
def test_positivity(proposition, others, wanted):
    (theorem,) = consequences(proposition, others, ())
    assert theorem.conclusion == proposition
    assert sorted(map(text, theorem.hypotheses)) == sorted(wanted)


@pytest.mark.parametrize(
    ("proposition", "others"),
    [
        (positive(A), [positive(B)]),
        (positive(A), [positive(A**2)]),
        (positive(A), [equal(B, A)]),
        (positive(A - B), [positive(B - A)]),
        (integrable(Q * log(JOINT)), [integrable(Q * log(Q))]),
        (equal(A, B), [equal(A, B)]),
    ],
)
def test_no_consequence(proposition, others):
    assert list(consequences(proposition, others, ("p",))) == []


def test_settle_keeps_what_nothing_else_gives():
    """Any two of the three would give the third, if q were known to have an integral; as it is not, all stay."""
    ratios = (Q * log(LIKELIHOOD), Q * log(Q / P_Z), Q * log(Q / POSTERIOR))
    theorem = infer("integral_linearity", Z, (number(1), A, B), ratios)
    kept = [text(h) for h in settle(theorem, frozenset({"p"})).hypotheses]
    assert sum("< inf" in h for h in kept) == 3
    gap = [text(h) for h in elbo_gap().hypotheses]
    assert "int q(z | x) dz = 1" in gap
    assert sum("< inf" in h for h in gap) == 2
