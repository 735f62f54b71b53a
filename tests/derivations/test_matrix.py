"""Matrices: what is solved solves, and what has no root is refused."""

import itertools
import random

import pytest
from flint import arb, fmpq

from derivations.gaussian_form import NoValueError
from derivations.matrix import cholesky, determinant, inverted, solution, transposed


def drawn(rng, size):
    return [[fmpq(rng.randint(-9, 9), 7) + (3 if i == k else 0) for k in range(size)] for i in range(size)]


def times(left, right):
    return [
        [sum((a * b for a, b in zip(row, column, strict=True)), fmpq(0)) for column in transposed(right)]
        for row in left
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_an_inverse_and_a_determinant(size, seed):
    matrix = drawn(random.Random(f"{size} {seed}"), size)
    identity = [[fmpq(int(i == k)) for k in range(size)] for i in range(size)]
    assert times(matrix, inverted(matrix)) == times(inverted(matrix), matrix) == identity
    assert determinant(matrix) * determinant(inverted(matrix)) == 1
    assert determinant(matrix) == permuted(matrix)
    assert determinant([matrix[0], *matrix[:-1]]) == 0 if size > 1 else determinant([]) == 1


def permuted(matrix):
    """Leibniz's formula."""
    total = fmpq(0)
    for order in itertools.permutations(range(len(matrix))):
        term = fmpq((-1) ** sum(a > b for a, b in itertools.combinations(order, 2)))
        for i, k in enumerate(order):
            term *= matrix[i][k]
        total += term
    return total


def test_unknowns_that_are_free_stay_as_they_are():
    rows, right = [[fmpq(1), fmpq(2), fmpq(0)], [fmpq(0), fmpq(0), fmpq(3)]], [fmpq(5), fmpq(6)]
    assert solution(rows, right, [fmpq(9), fmpq(4), fmpq(9)]) == [fmpq(-3), fmpq(4), fmpq(2)]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_root_is_triangular_and_its_square_the_matrix(size, seed):
    factor = drawn(random.Random(f"{size} {seed}"), size)
    matrix = times(factor, transposed(factor))
    lower = cholesky(matrix)
    assert all(lower[i][k] == 0 for i in range(size) for k in range(i + 1, size))
    squared = [[sum((a * b for a, b in zip(r, s, strict=True)), arb(0)) for s in lower] for r in lower]
    assert all(arb(a).overlaps(b) for r, s in zip(matrix, squared, strict=True) for a, b in zip(r, s, strict=True))


def test_what_is_not_positive_definite_has_no_root():
    for matrix in ([[fmpq(1), fmpq(2)], [fmpq(2), fmpq(3)]], [[fmpq(0)]], [[fmpq(1), fmpq(1)], [fmpq(1), fmpq(1)]]):
        with pytest.raises(NoValueError, match="a matrix that is not positive definite"):
            cholesky(matrix)
