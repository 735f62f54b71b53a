"""Polynomials of arrays."""

from numerics.array import Array


def horner(coefficients: tuple[float, ...], x: Array) -> Array:
    """
    A polynomial by Horner's rule.

    Parameters
    ----------
    coefficients : tuple of float
        Of the powers 0, 1, ... of x.
    x : array

    Returns
    -------
    array

    References
    ----------
    .. [1] Knuth, The Art of Computer Programming 2 (1997), Sec. 4.6.4.

    Examples
    --------
    >>> import numpy as np
    >>> float(horner((1.0, 2.0, 3.0), np.array(2.0)))
    17.0
    """
    total: Array = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        total = total * x + coefficient
    return total
