"""Lower-triangular matrices: the solution of their linear systems, for any array library."""

from typing import Any

from numerics.array import Array, as_arrays, is_torch


def solve_lower(lower: Array, right: Array) -> Array:
    """
    Solve a lower-triangular system by forward substitution.

    Parameters
    ----------
    lower : array, shape (..., D, D)
        Lower triangular with no zero on the diagonal; what is above the diagonal is not looked at.
    right : array, shape (..., D, M)

    Returns
    -------
    array, shape (..., D, M)
        x with ``lower @ x = right``.

    Notes
    -----
    Forward substitution has a small error in every component when the matrix does (it is the exact solution for a
    matrix whose every entry is changed by some roundings), whatever the scales of the rows; LU with pivoting has not.

    References
    ----------
    .. [1] Higham, Accuracy and Stability of Numerical Algorithms (2002), Theorem 8.5.

    Examples
    --------
    >>> import numpy as np
    >>> solve_lower(np.array([[2.0, 0.0], [1.0, 4.0]]), np.array([[2.0], [5.0]])).tolist()
    [[1.0], [1.0]]
    """
    xp, lower, right = as_arrays(lower, right)
    if is_torch(xp):
        return xp.linalg.solve_triangular(lower, right, upper=False)
    rows: list[Any] = []
    for i in range(lower.shape[-1]):
        rest = right[..., i, :]
        for j, known in enumerate(rows):
            rest = rest - lower[..., i, j, None] * known
        rows.append(rest / lower[..., i, i, None])
    return xp.stack(xp.broadcast_arrays(*rows), axis=-2)
