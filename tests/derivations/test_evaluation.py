"""Ball arithmetic of closed formulas, against mpmath."""

import random
from fractions import Fraction

import flint
import mpmath
import pytest

from derivations.evaluation import evaluate
from derivations.kernel import Term, bind, density, log, number, variable

A, B = variable("a", "real"), variable("b", "real")
N, I, J = variable("n", "natural"), variable("i", "index"), variable("j", "index")
M = variable("m", "vector")
X = variable("x", "x")
ONE, TWO = number(1), number(2)


def component(vector, i):
    return Term("component", (vector, i))


FORMULAS = {
    "arithmetic": ((A + B) ** 3 / (A * B) - number("2/7"), lambda a, b, m: (a + b) ** 3 / (a * b) - mpmath.mpf(2) / 7),
    "functions": (log(A) * Term("exp", (B,)) + Term("pi"), lambda a, b, m: mpmath.log(a) * mpmath.exp(b) + mpmath.pi),
    "real power": (A**B, lambda a, b, m: a**b),
    "root": (A ** number("1/2"), lambda a, b, m: mpmath.sqrt(a)),
    "sum": (
        bind("sum", J, ONE, N, component(M, J) ** 2 * J),
        lambda a, b, m: sum(j * x**2 for j, x in enumerate(m, 1)),
    ),
    "product": (bind("product", J, TWO, N, component(M, J) + A), lambda a, b, m: mpmath.fprod(x + a for x in m[1:])),
    "empty sum": (bind("sum", J, ONE, number(0), A) + A, lambda a, b, m: a),
    "nested sums": (
        bind("sum", I, ONE, N, bind("sum", J, I, N, component(M, J) * A)),
        lambda a, b, m: sum(a * x for i in range(len(m)) for x in m[i:]),
    ),
    "shadowed index": (
        bind("sum", J, ONE, TWO, J * bind("sum", J, ONE, TWO, J)),
        lambda a, b, m: mpmath.mpf(9),
    ),
}


def test_components_of_a_matrix():
    entry = Term("component", (variable("C", "matrix"), I, J))
    rows = ((2, Fraction(1, 3)), (-5, 7))
    total = bind("sum", I, ONE, TWO, bind("sum", J, ONE, TWO, entry * I))
    assert evaluate(total, {"C": rows}).overlaps(flint.arb(19) / 3)
    assert not evaluate(total, {"C": tuple(zip(*rows, strict=True))}).overlaps(flint.arb(19) / 3)
    with pytest.raises(ValueError, match="no component 3 of C"):
        evaluate(bind("sum", J, ONE, number(3), Term("component", (variable("C", "matrix"), ONE, J))), {"C": rows})


@pytest.mark.parametrize("name", FORMULAS)
def test_against_mpmath(name, seed):
    rng = random.Random(f"{name} {seed}")
    term, formula = FORMULAS[name]
    for _ in range(10):
        a, b = rng.uniform(0.1, 3), rng.uniform(0.1, 3)
        m = [rng.uniform(-2, 2) for _ in range(rng.randint(2, 4))]
        value = evaluate(term, {"a": a, "b": b, "n": len(m), "m": m}, digits=30)
        with mpmath.workdps(50):
            exact = formula(mpmath.mpf(a), mpmath.mpf(b), [mpmath.mpf(x) for x in m])
            middle, radius = (mpmath.mpf(x.str(45, radius=False)) for x in (value.mid(), value.rad()))
            assert abs(middle - exact) <= radius + abs(exact) * mpmath.mpf(10) ** -44
            assert radius < (1 + abs(exact)) * mpmath.mpf(10) ** -28
            assert abs(middle - exact * (1 + mpmath.mpf(10) ** -20)) > radius


def test_floats_and_fractions_are_exact():
    assert evaluate(A, {"a": 0.1}, digits=40).contains(flint.arb(0.1))
    assert not evaluate(A, {"a": 0.1}, digits=40).contains(flint.arb(1) / 10)
    assert evaluate(A, {"a": Fraction(1, 3)}).overlaps(flint.arb(1) / 3)


@pytest.mark.parametrize("exponent", [1, 2, 3, 64])
def test_power_of_a_ball_around_zero_is_a_ball(exponent):
    """flint's own power of an inexact ball around 0 is not a number."""
    value = evaluate((A - number("1/3")) ** exponent, {"a": Fraction(1, 3)})
    assert value.contains(0)
    assert value.rad() < flint.arb(10) ** -25


@pytest.mark.parametrize("term", [number(0) ** -1, log(number(-1)), number(-1) ** number("1/2"), (A - A) ** -1])
def test_what_is_not_defined_is_not_finite(term):
    assert not evaluate(term, {"a": Fraction(1, 3)}).is_finite()


@pytest.mark.parametrize(
    ("term", "values", "error", "message"),
    [
        (A, {}, KeyError, "'a'"),
        (component(M, ONE), {}, KeyError, "'m'"),
        (component(M, number(3)), {"m": [1, 2]}, ValueError, "no component 3 of m"),
        (component(M, number(0)), {"m": [1, 2]}, ValueError, "no component 0 of m"),
        (component(M, ONE), {"m": 1.5}, ValueError, "no component 1 of m"),
        (component(M, number("1/2")), {"m": [1, 2]}, ValueError, "an index that is not an integer"),
        (bind("sum", J, ONE, A, J), {"a": 2.5}, ValueError, "an index that is not an integer"),
        (
            bind("sum", J, ONE, TWO, variable("j", "real")),
            {"j": 7},
            ValueError,
            "two variables of different kinds are named 'j'",
        ),
        (density("p", [X]), {"x": 0}, ValueError, "density has no numerical value here"),
        (bind("integral", X, A), {"a": 1}, ValueError, "integral has no numerical value here"),
    ],
)
def test_what_cannot_be_evaluated(term, values, error, message):
    before = flint.ctx.dps
    with pytest.raises(error, match=message):
        evaluate(term, values, digits=before + 50)
    assert flint.ctx.dps == before


def test_precision_is_asked_for_and_given_back():
    before = flint.ctx.dps
    wide, narrow = (evaluate(log(TWO), {}, digits=d) for d in (15, 60))
    assert narrow.rad() < flint.arb(10) ** -60 < wide.rad() < flint.arb(10) ** -15
    assert flint.ctx.dps == before


def test_a_ball_stands_for_a_number_that_is_no_fraction():
    with flint.ctx.workdps(40):
        root = flint.arb(2).sqrt()
    square = evaluate(A**2, {"a": root})
    assert square.contains(2)
    assert square.rad() < 1e-30  # digits of the evaluation, and not 15
