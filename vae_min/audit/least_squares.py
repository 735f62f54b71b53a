"""Least squares of a loss in the terms of a likelihood and of a divergence, and what they can leave at least."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

_ROUNDING = 1e-13

Vector = NDArray[np.float64]
Fitted = tuple[Vector, Vector, float, float]


def still(terms: Vector) -> NDArray[np.bool_]:
    """Which columns do not vary but for rounding.

    Examples
    --------
    >>> still(np.array([[1.0, 2.0], [1.0, 3.0]])).tolist()
    [True, False]
    """
    with np.errstate(over="ignore"):
        found: NDArray[np.bool_] = terms.std(0) <= _ROUNDING * np.abs(terms.mean(0))
    return found


def fit(loss: Vector, reconstruction: Vector, regulariser: Vector) -> Fitted:
    """Coefficients of both, constant and residual.

    The residual is the largest, measured against the smaller of the variations of the loss and of the regulariser. A
    column that is too large to have a variance has no part in it.

    Parameters
    ----------
    loss : array of shape (N,)
    reconstruction, regulariser : array of shape (N, n)

    Examples
    --------
    >>> x = np.array([[0.0], [1.0], [2.0], [4.0]])
    >>> a, b, constant, residual = fit(2 * x[:, 0] - 3 * x[:, 0] ** 2 + 1, x, x**2)
    >>> round(float(a[0]), 9), round(float(b[0]), 9), round(constant, 9), residual < 1e-12
    (2.0, -3.0, 1.0, True)
    """
    terms = np.hstack([reconstruction, regulariser])
    scaled, centre, spread = _scaled(terms)
    design = np.hstack([scaled, np.ones((len(loss), 1))])
    solution, *_ = np.linalg.lstsq(design, loss, rcond=1e-13)
    residual = np.abs(design @ solution - loss).max()
    coefficients = solution[:-1] / spread
    split = reconstruction.shape[1]
    part = (regulariser @ coefficients[split:]).std()
    unit = min(loss.std(), max(part, 1e-3 * loss.std())) if part > 1e-6 * loss.std() else loss.std()
    constant = float(solution[-1] - coefficients @ centre)
    return coefficients[:split], coefficients[split:], constant, float(residual / max(unit, 1e-300))


def least_residual(loss: Vector, regulariser: Vector) -> Callable[[Vector], float]:
    """By the columns of a reconstruction, the root mean square of what no combination with a regulariser explains.

    It is in units of the loss's own variation, so that the residual of `fit` is never smaller but for rounding, and takes
    a tenth of the time: most pairs of a likelihood and a divergence are refused by it.

    Examples
    --------
    >>> x = np.array([[0.0], [1.0], [2.0], [4.0]])
    >>> at_least = least_residual(2 * x[:, 0] - 3 * x[:, 0] ** 2 + 1, x**2)
    >>> at_least(x) < 1e-12, at_least(x**3) > 1e-3
    (True, True)
    """
    columns = np.hstack([_scaled(regulariser)[0], np.ones((len(loss), 1))])
    vectors, sizes, _ = np.linalg.svd(columns, full_matrices=False)
    basis = vectors[:, sizes > _ROUNDING * sizes[0]]
    beside = loss - basis @ (basis.T @ loss)
    unit = max(float(loss.std()), 1e-300) * math.sqrt(len(loss))

    @np.errstate(over="ignore", invalid="ignore")
    def residual(reconstruction: Vector) -> float:
        rest, known = beside, [basis]
        for column in reconstruction.T:
            own = column
            for directions in known:
                own = own - directions @ (directions.T @ own)
            size = math.sqrt(own @ own)
            if _ROUNDING * np.abs(column).max() < size < math.inf:
                known.append(own[:, None] / size)
                rest = rest - own * (own @ rest / size**2)
        return math.sqrt(rest @ rest) / unit

    return residual


def _scaled(terms: Vector) -> tuple[Vector, Vector, Vector]:
    """Columns of mean 0 and variance 1, or 0 for those that are still or too large; their means and deviations."""
    with np.errstate(over="ignore", invalid="ignore"):
        centre, spread = terms.mean(0), terms.std(0)
        lost = ~np.isfinite(spread)
        out = still(terms) | lost
        spread[out], centre[lost] = 1.0, 0.0
        return np.where(out, 0.0, (terms - centre) / spread), centre, spread
