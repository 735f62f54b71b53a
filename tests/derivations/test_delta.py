"""Sums with a Kronecker delta."""

import pytest

from derivations.delta import contract, delta_same, delta_sum, delta_swapped
from derivations.kernel import KernelError, Term, component, delta, number, total, variable
from derivations.latex import text

from .numeric_model import NumericModel, same

I, J, K = (variable(n, "index") for n in "ijk")
N, V = variable("n", "natural"), variable("v", "vector")
ONE, TWO = number(1), number(2)
V_J = component(V, J)
ENV = {N.data: 3, V.data: [0.7, -1.2, 2.5], I.data: 2, K.data: 3}
MODEL = NumericModel({})


def holds(theorem):
    assert all(MODEL.truth(h, ENV) for h in theorem.hypotheses)
    assert MODEL.truth(theorem.conclusion, ENV)


@pytest.mark.parametrize(
    "body",
    [
        delta(I, J),
        delta(J, I),
        TWO * V_J * delta(I, J),
        V_J**2 * delta(J, I),
        delta(I, J) * delta(K, J),
        delta(I, J) ** 2,
    ],
)
def test_a_delta_picks_a_summand(body):
    theorem = delta_sum(total(J, ONE, N, body))
    assert theorem.sides[0] == total(J, ONE, N, body)
    assert theorem.sides[1].head != "sum"
    assert {text(h) for h in theorem.hypotheses} == {"i in {1, .., n}"}
    holds(theorem)


@pytest.mark.parametrize(
    ("term", "message"),
    [
        (V_J, "not a sum"),
        (total(J, ONE, N, V_J), "no delta of the summation index"),
        (total(J, ONE, N, delta(I, K) * V_J), "no delta of the summation index"),
        (total(J, ONE, N, delta(J, J) * V_J), "no delta of the summation index"),
        (total(J, ONE, N, delta(J, J + ONE) * V_J), "no delta of the summation index"),
        (total(J, ONE, N, delta(I, J) + V_J), "not a sum of one product"),
        (total(J, ONE, N, delta(I, J) ** -1), "no delta of the summation index"),
    ],
)
def test_what_is_no_such_sum(term, message):
    with pytest.raises(KernelError, match=message):
        delta_sum(term)


def test_a_delta_is_symmetric():
    theorem = delta_swapped(I, K, (ONE, N))
    assert theorem.sides == (delta(I, K), delta(K, I))
    assert {text(h) for h in theorem.hypotheses} == {"i in {1, .., n}", "k in {1, .., n}"}


def test_equal_indices():
    assert delta_same(delta(I, I)).sides == (delta(I, I), ONE)
    with pytest.raises(KernelError, match="not a delta of an index and itself"):
        delta_same(delta(I, K))


def test_a_double_sum_is_contracted():
    entry = lambda i, k: Term("component", (variable("A", "matrix"), i, k))
    double = total(J, ONE, N, total(K, ONE, N, entry(J, K) * (delta(J, K) + ONE)))
    theorem = contract(double)
    assert "delta" not in text(theorem.sides[1])
    assert theorem.hypotheses == ()
    matrix = [[1.0, 0.3, -2.0], [0.4, 5.0, 0.6], [0.7, 0.8, 3.0]]
    env = {**ENV, ("A", "matrix"): matrix}
    trace = sum(matrix[i][i] for i in range(3))
    assert same(MODEL.value(theorem.sides[1], env), sum(map(sum, matrix)) + trace)
