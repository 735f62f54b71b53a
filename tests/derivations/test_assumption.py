"""What `settle` discharges, and what it must leave."""

import pytest

from derivations.assumption import settle
from derivations.kernel import Term, bind, density, equal, infer, log, number, positive, variable
from derivations.latex import text

A = variable("a", "real")
N, J = variable("n", "natural"), variable("j", "index")
X, Z = variable("x", "x"), variable("z", "z")
MU, SIGMA = variable("mu", "vector"), variable("sigma", "vector")
ONE = number(1)


def component(vector, i):
    return Term("component", (vector, i))


LAW = bind("normal", J, Z, N, component(MU, J), component(SIGMA, J) ** 2)
SCALES = "sigma_j > 0 for all j in {1, .., n}"
SPACE = "z in R^n"
P_XZ, P_X_Z = density("p", [X, Z]), density("p", [X], [Z])


@pytest.mark.parametrize(
    ("supposed", "left"),
    [
        (positive(number(2) * A**2 + Term("pi")), ["a > 0"]),
        (Term("nonzero", (A**2,)), ["a > 0"]),
        (positive(Term("exp", (A,))), []),
        (positive(LAW), [SCALES]),
        (bind("forall", Z, positive(LAW)), [SCALES]),
        (bind("forall_in", J, ONE, N, positive(component(SIGMA, J) ** 2)), [SCALES]),
        (equal(bind("integral", Z, LAW), ONE), [SPACE, SCALES]),
        (bind("integrable", Z, LAW), [SPACE, SCALES]),
        (bind("integrable", Z, LAW * component(Z, ONE) ** 2), [SPACE, "1 in {1, .., n}", SCALES]),
        (bind("integrable", Z, LAW * log(LAW)), [SPACE, SCALES]),
    ],
    ids=lambda case: text(case) if isinstance(case, Term) else "",
)
def test_settled(supposed, left):
    theorem = settle(infer("assume", supposed))
    assert theorem.conclusion == supposed
    assert sorted(map(text, theorem.hypotheses)) == sorted(left)


@pytest.mark.parametrize(
    "supposed",
    [
        positive(A),
        positive(number(-1) * A),
        positive(number(-1)),
        positive(P_X_Z),
        equal(bind("integral", Z, LAW), number(2)),
        equal(bind("integral", Z, P_XZ), ONE),
        equal(A, A + ONE),
        bind("integrable", Z, P_XZ),
        bind("integrable", Z, LAW * Term("exp", (component(Z, ONE) ** 2,))),
        bind("integrable", Z, LAW * log(component(Z, ONE))),
        Term("within", (J, ONE, N)),
    ],
    ids=text,
)
def test_left_as_it_is(supposed):
    """False, unknown, or not for these rules: it stays a hypothesis."""
    assert settle(infer("assume", supposed)).hypotheses == (supposed,)


def test_conditional_density_of_a_joint_family():
    theorem = settle(infer("assume", positive(P_X_Z)), frozenset({"p"}))
    assert sorted(map(text, theorem.hypotheses)) == ["p(x, z) > 0", "p(z) > 0"]
    other = settle(infer("assume", positive(P_X_Z)), frozenset({"q"}))
    assert [text(h) for h in other.hypotheses] == ["p(x | z) > 0"]


def test_hypotheses_of_hypotheses_are_settled():
    theorem = settle(infer("field", A**2 / A**2, ONE))
    assert [text(h) for h in theorem.hypotheses] == ["a > 0"]
    assert theorem.conclusion == infer("field", A**2 / A**2, ONE).conclusion
