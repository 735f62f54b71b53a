"""SymPy expressions of the scripts, and the kernel terms they stand for."""

import pytest
import sympy

from derivations.kernel import KernelError, Term, bind, density, log, number, variable
from derivations.notation import KL, E, Family, Index, Matrix, Natural, Normal, Point, Vector, to_kernel

X, Z = variable("x", "x"), variable("z", "z")
MU, J, N = variable("mu", "vector"), variable("j", "index"), variable("J", "natural")
x, z, mu, j, n = Point("x"), Point("z"), Vector("mu"), Index("j"), Natural("J")
p, q = Family("p"), Family("q")
LAW = bind("normal", J, Z, N, Term("component", (MU, J)), number(1))


def written():
    """Statements as the scripts write them, and their terms."""
    law = Normal(z, mu[j], 1, (j, n))
    return {
        "density": (p(x, z), density("p", [X, Z])),
        "order of points": (p(z, x), density("p", [X, Z])),
        "conditional": (p(x | z), density("p", [X], [Z])),
        "two given": (q(z | (x, Point("y"))), density("q", [Z], [X, variable("y", "y")])),
        "two targets": (p(x, z | Point("y")), density("p", [X, Z], [variable("y", "y")])),
        "expectation": (
            E(q(z | x), log_(p(x))),
            bind("expectation", Z, density("q", [Z], [X]), log(density("p", [X]))),
        ),
        "divergence": (KL(q(z | x), p(z)), bind("kl", Z, density("q", [Z], [X]), density("p", [Z]))),
        "normal": (law, LAW),
        "component": (z[j], Term("component", (Z, J))),
        "sum": (sympy.Sum(mu[j], (j, 1, n)), bind("sum", J, number(1), N, Term("component", (MU, J)))),
        "product": (sympy.Product(mu[j], (j, 1, n)), bind("product", J, number(1), N, Term("component", (MU, J)))),
        "integral": (sympy.Integral(p(z), z), bind("integral", Z, density("p", [Z]))),
        "fraction": (sympy.Rational(-3, 7), number("-3/7")),
        "nothing cancels": (p(x) / p(x), density("p", [X]) * density("p", [X]) ** -1),
        "nothing is collected": (n + n, N + N),
        "grouping is kept": (n - (n + 1), N + number(-1) * (N + number(1))),
        "sums are flat": (n + 1 + 2, Term("add", (N, number(1), number(2)))),
        "exponential": (sympy.exp(n), Term("exp", (N,))),
        "pi": (sympy.pi * n, Term("pi") * N),
    }


def log_(body):
    return sympy.log(body)


with sympy.evaluate(False):
    WRITTEN = written()


@pytest.mark.parametrize("name", WRITTEN)
def test_written_as_it_stands(name):
    expression, term = WRITTEN[name]
    assert to_kernel(expression) == term


def test_with_evaluation_sympy_would_cancel():
    """Why statements are written with evaluation off."""
    assert to_kernel(p(x) / p(x)) == number(1)


@pytest.mark.parametrize("foreign", [sympy.sin(1), sympy.oo, sympy.Symbol("s"), sympy.Float(0.5), sympy.I])
def test_what_is_not_in_the_notation(foreign):
    with pytest.raises(TypeError, match="not in the notation of the derivations"):
        to_kernel(foreign)


@pytest.mark.parametrize("law", [p(x, z), n])
def test_an_expectation_over_no_single_variable(law):
    with pytest.raises(TypeError, match="an expectation is over the one variable of a density"):
        to_kernel(E(law, n))


def test_an_index_in_its_own_limits():
    with pytest.raises(KernelError, match="sum: its limits contain its index"):
        to_kernel(sympy.Sum(mu[j], (j, 1, j)))


def test_two_points_of_one_space():
    with pytest.raises(KernelError, match="density: of none, or two of one space"):
        to_kernel(p(x, x))


def test_a_vector_is_no_sequence():
    with pytest.raises(TypeError, match="not iterable"):
        list(mu)


def test_nested_sums_keep_all_their_indices():
    """SymPy makes one sum of nested ones; a sum that was lost would be another statement."""
    j, k, n, A = Index("j"), Index("k"), Natural("n"), Matrix("A")
    with sympy.evaluate(False):
        double = sympy.Sum(sympy.Sum(A[j, k], (k, 1, j)), (j, 1, n))
    row, column, term = map(to_kernel, (j, k, double))
    assert (term.bound, term.args[2].bound) == (row, column)
    assert (term.args[1], term.args[2].args[1]) == (to_kernel(n), row)
    assert term.args[2].args[2] == to_kernel(A[j, k])
