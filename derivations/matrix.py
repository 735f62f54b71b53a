"""Matrices of rational numbers and balls, as lists of rows: what the models of `derivations.refute` solve."""

from __future__ import annotations

from typing import Any

from flint import arb, fmpq

from derivations.differentiable_number import inverse
from derivations.gaussian_form import NoValueError, certainly_positive

Matrix = list[list[Any]]


def solution(matrix: Matrix, right: list[Any], free: list[Any]) -> list[Any]:
    """A solution of linear equations, by elimination; unknowns that may be chosen are as in `free`.

    An equation whose left side vanishes (to thirty digits) is dropped: the caller has to check what it says.
    """
    rows = [[*row, c] for row, c in zip(matrix, right, strict=True)]
    pivots: dict[int, int] = {}
    for column in range(len(free)):
        row = next((r for r in range(len(rows)) if r not in pivots and not _vanishes(rows[r][column])), None)
        if row is None:
            continue
        pivots[row] = column
        scale = inverse(rows[row][column])
        rows[row] = [x * scale for x in rows[row]]
        for r in range(len(rows)):
            if r != row:
                rows[r] = [x - rows[r][column] * y for x, y in zip(rows[r], rows[row], strict=True)]
    result = list(free)
    for row, column in pivots.items():
        others = (rows[row][k] * free[k] for k in range(len(free)) if k not in pivots.values())
        result[column] = sum((-x for x in others), rows[row][-1])
    return result


def _vanishes(x: Any) -> bool:
    return bool(x == 0) if isinstance(x, fmpq) else bool(x.contains(0))


def determinant(matrix: Matrix) -> Any:
    """By expansion along the first row."""
    total: Any = fmpq(int(not matrix))
    for i, c in enumerate(matrix[0] if matrix else ()):
        minor = [row[:i] + row[i + 1 :] for row in matrix[1:]]
        total = total + (-1) ** i * (c * determinant(minor))
    return total


def inverted(matrix: Matrix) -> Matrix:
    """The inverse, if there is one: the caller has to check it."""
    size = len(matrix)
    units = [[fmpq(int(i == k)) for i in range(size)] for k in range(size)]
    return transposed([solution(matrix, unit, [fmpq(0)] * size) for unit in units])


def transposed(matrix: Matrix) -> Matrix:
    """Rows for columns."""
    return [list(column) for column in zip(*matrix, strict=True)]


def cholesky(matrix: Matrix) -> Matrix:
    """The lower triangular L with ``L L' = matrix``, in balls.

    Raises
    ------
    NoValueError
        If the symmetric matrix is not positive definite beyond doubt.
    """
    lower = [[arb(0)] * len(matrix) for _ in matrix]
    for i, row in enumerate(matrix):
        for k in range(i + 1):
            rest = arb(row[k]) - sum((lower[i][j] * lower[k][j] for j in range(k)), arb(0))
            if i == k and not certainly_positive(rest):
                raise NoValueError("a matrix that is not positive definite")
            lower[i][k] = rest.sqrt() if i == k else rest / lower[k][k]
    return lower
