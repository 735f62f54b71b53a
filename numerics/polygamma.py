"""
Differences of the derivatives of log-gamma, which digamma and trigamma, subtracted, do not give.

They are what gradients of divergences between gamma, beta and Dirichlet distributions are made of. Everything is Binet's
function (:mod:`numerics.binet`) from 1 on; below 1 the recurrence leads there, by which terms of one sign are added.
"""

from typing import Any

from numerics.array import Array, as_arrays
from numerics.binet import binet_curvature, binet_curvature_difference, binet_slope
from numerics.bregman import log_quotient


def digamma_difference(x: Array, y: Array, difference: Array) -> Array:
    r"""
    Difference of two values of the digamma function.

    Parameters
    ----------
    x, y : array
        Positive, of one shape.
    difference : array
        x - y, where it may be known more precisely than the subtraction gives it.

    Returns
    -------
    array
        :math:`\psi(x) - \psi(y)`.

    Notes
    -----
    .. math:: \psi(x) - \psi(y) = \log\frac xy + \frac{x - y}{2xy} + \mu'(x) - \mu'(y),

    where no summand has the other sign, and :math:`\psi(t) = \psi(t + 1) - 1/t`.

    References
    ----------
    .. [1] NIST Digital Library of Mathematical Functions, eq. 5.5.2 and 5.9.13.

    Examples
    --------
    >>> round(float(digamma_difference(2.0, 1.0, 1.0)), 12), round(float(digamma_difference(1.5, 0.5, 1.0)), 12)
    (1.0, 2.0)
    """
    xp, x, y, difference = as_arrays(x, y, difference)
    small, upper_x, upper_y = _raised(xp, x, y)
    growth = difference / upper_y
    near = xp.abs(growth) < 0.5
    logarithm = xp.where(near, xp.log1p(xp.where(near, growth, 0.0)), log_quotient(upper_x, upper_y))
    value = logarithm + 0.5 * (difference / upper_x) / upper_y + binet_slope(upper_x, upper_y, difference)
    return value + xp.where(small, (difference / x) / y, 0.0)


def curvature(t: Array) -> Array:
    r"""
    Second derivative of :math:`\log\Gamma(t) - t \log t + t`, which is positive.

    Parameters
    ----------
    t : array
        Positive.

    Returns
    -------
    array
        :math:`\psi'(t) - 1/t`.

    Notes
    -----
    It is :math:`1/2t^2 + \mu''(t)`, and the value at :math:`t + 1` increased by :math:`1/t^2(t + 1)`.

    References
    ----------
    .. [1] NIST Digital Library of Mathematical Functions, eq. 5.15.5 and 5.9.11.

    Examples
    --------
    >>> round(float(curvature(1.0)), 12), round(float(curvature(0.5)), 12)  # pi^2/6 - 1, pi^2/2 - 2
    (0.644934066848, 2.934802200545)
    """
    xp, t = as_arrays(t)
    small, upper, _ = _raised(xp, t, t)
    value = 0.5 / upper / upper + binet_curvature(upper)
    return value + xp.where(small, 1.0 / t / t / upper, 0.0)


def curvature_difference(x: Array, y: Array, difference: Array) -> Array:
    r"""
    Difference of two values of :func:`curvature`.

    Parameters
    ----------
    x, y : array
        Positive, of one shape.
    difference : array
        x - y, where it may be known more precisely than the subtraction gives it.

    Returns
    -------
    array
        :math:`\psi'(x) - 1/x - \psi'(y) + 1/y`.

    References
    ----------
    .. [1] NIST Digital Library of Mathematical Functions, eq. 5.15.5 and 5.9.11.

    Examples
    --------
    >>> round(float(curvature_difference(2.0, 1.0, 1.0)), 12)
    -0.5
    """
    xp, x, y, difference = as_arrays(x, y, difference)
    small, upper_x, upper_y = _raised(xp, x, y)
    value = binet_curvature_difference(upper_x, upper_y, difference)
    value = value - 0.5 * (difference / upper_x) / upper_y * (1.0 / upper_x + 1.0 / upper_y)
    ratio = (x / y + 1.0 + y / x + 1.0 / x + 1.0 / y) / (x + 1.0) / (y + 1.0)
    return value - xp.where(small, (difference / x) / y * ratio, 0.0)


def _raised(xp: Any, x: Array, y: Array) -> tuple[Array, Array, Array]:
    """Whether one is below 1, and both, 1 higher if so."""
    small = xp.minimum(x, y) < 1.0
    step = xp.astype(small, x.dtype)
    return small, x + step, y + step
