r"""
Bregman divergences of the three convex functions that the closed forms are made of, without cancellation.

For a convex function f, :math:`D_f(x, y) = f(x) - f(y) - f'(y)(x - y)` is not negative, and 0 at equality only. The
Kullback-Leibler divergence of two members of an exponential family is the Bregman divergence of its log-partition
function, :math:`KL(q \| p) = D_A(\eta_p, \eta_q)`, so it is computed once, here:

========================  ===================================  =======================================================
:func:`of_log`            :math:`-\log t`                      exponential, and every scale parameter
:func:`of_entropy`        :math:`t \log t - t`                 Poisson, and every table of probabilities
:func:`of_log_gamma`      :math:`\log\Gamma(t) - t\log t + t`  gamma, beta, Dirichlet, Wishart
========================  ===================================  =======================================================

Near equality :math:`D_f` is of second order in the relative difference, while the terms of its definition are of
order zero. With :math:`w = (x - y)/(x + y)`, where the difference of two close floating-point numbers is exact
(Sterbenz), everything is a product of w and of sums of one sign.
"""

import math
from typing import Any

from numerics.array import Array, as_arrays
from numerics.binet import binet_divergence, binet_slope
from numerics.block import written
from numerics.polynomial import horner

# (artanh(w) - w) / w^3 = sum w^(2k) / (2k + 3) in w^2, interpolated at the Chebyshev points of |w| < 1/4: 1e-16 of it is lost.
_NEAR_SQUARE = 1.0 / 16.0
_SERIES = (
    0.3333333333333333,
    0.1999999999999822,
    0.14285714286473053,
    0.1111111098689728,
    0.09090919255417686,
    0.07691841912131238,
    0.066791397041253,
    0.05689643661793962,
    0.06828732233627811,
)


def of_log(x: Array, y: Array, difference: Array | None = None, is_wide: bool = False) -> Array:
    r"""
    Bregman divergence of :math:`-\log t`: the excess of a quotient over 1 less the logarithm of the quotient.

    Parameters
    ----------
    x, y : array
        Positive, of shapes that broadcast.
    difference : array, optional
        x - y, where it is known more precisely than the subtraction gives it.
    is_wide : bool
        Whether x and y were float32 before, so that their quotient is in range in float64; then no difference is given.

    Returns
    -------
    array
        :math:`x/y - 1 - \log(x/y)`; the divergence, in nats, of exponentials with rates y and x.

    Notes
    -----
    .. math:: \frac xy - 1 - \log\frac xy = w \left(\frac{x - y}{y} - 2 w^2 R(w^2)\right),
        \qquad \operatorname{artanh} w = w + w^3 R(w^2).

    Two numbers of float32 are equal or differ by 6e-8 of themselves. So in float64 the definition is right to 1e-8, if it is
    that for their quotient as it is rounded: then only its difference from 1 counts.

    References
    ----------
    .. [1] Banerjee, Merugu, Dhillon and Ghosh, Clustering with Bregman Divergences, JMLR 6 (2005), Table 1
       (Itakura-Saito distance).

    Examples
    --------
    >>> round(float(of_log(1.0 + 2.0**-40, 1.0)) / 2.0**-81, 12)  # of second order
    0.999999999999
    """
    if is_wide:
        xp, x, y = as_arrays(x, y)
        ratio = x / y
        return (ratio - 1.0) - xp.log(ratio)
    xp, x, y, difference = _arguments(x, y, difference)
    near, w, series = _near_equality(xp, x, y, difference)
    growth = difference / y
    return xp.where(near, w * (growth - 2.0 * w * w * series), growth - log_quotient(x, y))


def of_entropy(x: Array, y: Array, difference: Array | None = None, is_wide: bool = False) -> Array:
    r"""
    Bregman divergence of the negative entropy :math:`t \log t - t`.

    Parameters
    ----------
    x, y : array
        Not negative, of shapes that broadcast.
    difference : array, optional
        x - y, where it is known more precisely than the subtraction gives it.
    is_wide : bool
        Whether x and y were float32 before, so that their quotient is in range in float64; then no difference is given.

    Returns
    -------
    array
        :math:`x \log(x/y) - x + y`, which is y at x = 0 and infinite at y = 0 < x; the divergence, in nats, of
        Poisson distributions with rates x and y.

    Notes
    -----
    .. math:: x \log\frac xy - x + y = (x - y)\, w \left(1 + w (1 + w) R(w^2)\right)

    with R as in :func:`of_log`. Summed over two tables of equal total it is their Kullback-Leibler divergence, and no
    summand is negative.

    References
    ----------
    .. [1] Banerjee, Merugu, Dhillon and Ghosh, Clustering with Bregman Divergences, JMLR 6 (2005), Table 1
       (generalized I-divergence).

    Examples
    --------
    >>> float(of_entropy(0.0, 0.25)), float(of_entropy(0.25, 0.25))
    (0.25, 0.0)
    """
    xp, x, y, difference = _arguments(x, y, difference)
    some = xp.minimum(x, y) > 0.0  # compilers do not vectorise the conjunction of two comparisons
    one = xp.ones_like(x)
    limit = xp.where(y > 0.0, 0.0, xp.where(x > 0.0, math.inf * one, 0.0 * one))
    upper, lower = xp.where(some, x, one), xp.where(some, y, one)
    if is_wide:
        ratio = upper / lower
        return xp.where(some, y * (ratio * xp.log(ratio) - (ratio - 1.0)), limit - difference)
    far = xp.where(some, x * log_quotient(upper, lower), limit) - difference
    near, w, series = _near_equality(xp, x, y, difference)
    return xp.where(near, difference * w * (1.0 + w * (1.0 + w) * series), far)


def of_log_gamma(x: Array, y: Array, difference: Array | None = None) -> Array:
    r"""
    Bregman divergence of :math:`f(t) = \log\Gamma(t) - t \log t + t`.

    Parameters
    ----------
    x, y : array
        Positive, of shapes that broadcast.
    difference : array, optional
        x - y, where it is known more precisely than the subtraction gives it.

    Returns
    -------
    array
        :math:`f(x) - f(y) - (x - y)(\psi(y) - \log y)`; the divergence, in nats, of gamma distributions with
        shapes y and x and one mean.

    Notes
    -----
    By Binet, :math:`f(t) = -\tfrac12 \log t + \mu(t)` up to a constant, and both parts are convex. Below 1 the
    recurrence :math:`\log\Gamma(t) = \log\Gamma(t + 1) - \log t` leads there, at the price of one term that is not
    positive, :math:`D_{t \log t}(x + 1, y + 1) - D_{t \log t}(x, y)`; it costs two bits at most.

    References
    ----------
    .. [1] NIST Digital Library of Mathematical Functions, eq. 5.5.1 (recurrence) and 5.9.10_1 (Binet's function).

    Examples
    --------
    >>> round(float(of_log_gamma(2.0, 1.0)), 12), round(float(of_log_gamma(0.5, 0.25)), 12)
    (0.190921303782, 0.244632211291)
    """
    xp, x, y, difference = _arguments(x, y, difference)
    x, y, difference = written(xp, x, y, difference)
    small = xp.minimum(x, y) < 1.0
    step = xp.astype(small, x.dtype)
    upper_x, upper_y = written(xp, x + step, y + step)
    smooth = 0.5 * of_log(upper_x, upper_y, difference) + binet_divergence(upper_x, upper_y, difference)
    first = of_log(x, y, difference) + _entropy_increase(xp, x, y, difference)
    return smooth + xp.where(small, first, xp.zeros_like(first))


def log_quotient(x: Array, y: Array) -> Array:
    r"""
    Logarithm of a quotient, which itself may overflow or underflow.

    Parameters
    ----------
    x, y : array
        Positive, of shapes that broadcast.

    Returns
    -------
    array
        :math:`\log(x/y)`, to some roundings of 1: by the quotient of the square roots.

    Examples
    --------
    >>> round(float(log_quotient(1e-200, 1e200)), 9)
    -921.034037198
    """
    xp, x, y = as_arrays(x, y)
    return 2.0 * xp.log(xp.sqrt(x) / xp.sqrt(y))


def log_gamma_slope(x: Array, y: Array, difference: Array) -> Array:
    r"""
    Difference of the derivatives of :math:`f(t) = \log\Gamma(t) - t \log t + t`.

    Parameters
    ----------
    x, y : array
        Positive, of one shape.
    difference : array
        x - y.

    Returns
    -------
    array
        :math:`f'(x) - f'(y)` with :math:`f'(t) = \psi(t) - \log t`, which increases.

    Notes
    -----
    As in :func:`of_log_gamma`; below 1 by the recurrence :math:`\psi(t) = \psi(t + 1) - 1/t`.

    References
    ----------
    .. [1] NIST Digital Library of Mathematical Functions, eq. 5.5.2.

    Examples
    --------
    >>> round(float(log_gamma_slope(2.0, 1.0, 1.0)), 12)
    0.30685281944
    """
    xp, x, y, difference = _arguments(x, y, difference)
    x, y, difference = written(xp, x, y, difference)
    small = xp.minimum(x, y) < 1.0
    step = xp.astype(small, x.dtype)
    upper_x, upper_y = written(xp, x + step, y + step)
    smooth = 0.5 * (difference / upper_x) / upper_y + binet_slope(upper_x, upper_y, difference)
    near, w, series = _near_equality(xp, x, y, difference)
    v = difference / (x + y + 2.0)
    close = 2.0 * (v * (1.0 + v * v * horner(_SERIES, v * v)) - w * (1.0 + w * w * series))
    logarithms = xp.where(near, close, log_quotient(x + 1.0, y + 1.0) - log_quotient(x, y))
    return smooth + xp.where(small, logarithms + (difference / x) / y, xp.zeros_like(x))


def _entropy_increase(xp: Any, x: Array, y: Array, difference: Array) -> Array:
    """`of_entropy` at (x + 1, y + 1) less `of_entropy` at (x, y), with the linear parts cancelled by hand."""
    near, w, series = _near_equality(xp, x, y, difference)
    v = difference / (x + y + 2.0)
    next_series = horner(_SERIES, v * v)
    close = difference * (v * (1.0 + v * (1.0 + v) * next_series) - w * (1.0 + w * (1.0 + w) * series))
    return xp.where(near, close, (x + 1.0) * log_quotient(x + 1.0, y + 1.0) - x * log_quotient(x, y))


def _arguments(x: Array, y: Array, difference: Array | None) -> tuple[Any, Array, Array, Array]:
    if difference is None:
        xp, x, y = as_arrays(x, y)
        difference = x - y
    else:
        xp, x, y, difference = as_arrays(x, y, difference)
    x, y, difference = xp.broadcast_arrays(x, y, difference)
    return xp, x, y, difference


def _near_equality(xp: Any, x: Array, y: Array, difference: Array) -> tuple[Array, Array, Array]:
    """Whether |w| < 1/4, then w and R(w^2), zero and R(0) elsewhere: a gradient through them is never a NaN."""
    total = x + y
    w = difference / xp.where(total > 0.0, total, xp.ones_like(total))
    near = w * w < _NEAR_SQUARE
    w = xp.where(near, w, 0.0)
    return near, w, horner(_SERIES, w * w)
