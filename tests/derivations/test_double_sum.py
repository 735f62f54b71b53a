"""The order of finite sums."""

import numpy as np
import pytest

from derivations.conversion import everywhere
from derivations.double_sum import exchanged, inverse, turned
from derivations.kernel import KernelError, Term, component, delta, forall, number, total, variable
from derivations.latex import text

from .numeric_model import NumericModel, same

I, J, K = (variable(n, "index") for n in "ijk")
N, D = variable("n", "natural"), variable("D", "natural")
A, B, E = variable("A", "matrix"), variable("B", "matrix"), variable("epsilon", "epsilon")
ONE = number(1)
MODEL = NumericModel({})


def entry(matrix, i, k):
    return Term("component", (matrix, i, k))


def situation(seed):
    rng = np.random.default_rng(seed)
    matrix = rng.uniform(0.5, 1.5, (3, 2))
    return {D.data: 3, N.data: 2, I.data: 1, A.data: matrix, B.data: matrix**2, E.data: [0.4, -1.1]}


def test_the_order_of_two_sums(seed):
    f = entry(A, J, K) * component(E, K) + entry(B, J, K) ** 2
    theorem = exchanged(total(J, ONE, D, total(K, ONE, N, f)), E)
    assert theorem.sides == (
        total(J, ONE, D, total(K, ONE, N, f)),
        total(K, ONE, N, total(J, ONE, D, f)),
    )
    assert theorem.hypotheses == (forall(E, Term("dimension", (E, N))),)
    assert MODEL.truth(theorem.conclusion, situation(seed))


@pytest.mark.parametrize(
    ("term", "message"),
    [
        (component(E, ONE), "not a double sum"),
        (total(J, ONE, D, component(E, J)), "not a double sum"),
        (total(J, ONE, D, total(K, ONE, J, entry(A, J, K))), "not a double sum over a rectangle"),
        (total(J, ONE, D, total(K, number(0), N, entry(A, J, K))), "not a double sum over a rectangle"),
        (total(J, ONE, D, total(J, ONE, N, entry(A, J, J))), "not a double sum over a rectangle"),
        (total(J, ONE, K, total(K, ONE, N, entry(A, J, K))), "not a double sum over a rectangle"),
    ],
)
def test_a_triangle_is_not_turned(term, message):
    with pytest.raises(KernelError, match=message):
        exchanged(term, E)


def test_turned_sums_are_simplified(seed):
    theorem = turned(total(J, ONE, D, total(K, ONE, N, entry(A, J, K) * component(E, K))), E)
    assert text(theorem.conclusion) == (
        "sum_{j=1}^D sum_{k=1}^n A_{j k} epsilon_k = sum_{k=1}^n epsilon_k sum_{j=1}^D A_{j k}"
    )
    assert MODEL.truth(theorem.conclusion, situation(seed))


def test_a_matrix_times_its_inverse(seed):
    product = total(J, ONE, N, entry(B, I, J) * entry(A, J, K))
    convert = inverse(product, delta(I, K), K, E, N)
    vector = total(J, ONE, N, entry(B, I, J) * total(K, ONE, N, entry(A, J, K) * component(E, K)))
    theorem = everywhere(convert)(vector)
    if theorem.sides[1] == vector:  # the factors stand in another order
        vector = total(J, ONE, N, total(K, ONE, N, entry(A, J, K) * component(E, K)) * entry(B, I, J))
        theorem = convert(vector)
    assert theorem.sides[1] == component(E, I)
    matrix = np.random.default_rng(seed).uniform(0.5, 1.5, (2, 2)) + np.eye(2)
    env = {**situation(seed), A.data: matrix, B.data: np.linalg.inv(matrix)}
    assert all(MODEL.truth(h, env) for h in theorem.hypotheses if h.head != "forall")
    assert same(MODEL.value(vector, env), env[E.data][0])
    wrong = {**env, B.data: np.linalg.inv(matrix).T}
    assert not all(MODEL.truth(h, wrong) for h in theorem.hypotheses if h.head == "forall_in")
    with pytest.raises(KernelError, match="not the left side of the equation"):
        convert(component(E, ONE))
