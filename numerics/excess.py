r"""
The excess :math:`e^t - 1 - t`, by which exponential growth exceeds its tangent, without cancellation.

It is what a divergence costs that is written in a logarithm: of a variance, of odds, or of a distance. Near
:math:`t = 0` it is :math:`t^2/2`, while the two terms that are subtracted are of size :math:`t`: the usual expression
loses all digits there.
"""

from typing import Any

from numerics.array import Array, as_arrays, narrowed
from numerics.derivative import with_gradient
from numerics.polynomial import horner

_LOG2_E = 1.4426950408889634


def excess(rate: Array) -> Array:
    r"""
    The excess, never negative and precise everywhere.

    Parameters
    ----------
    rate : array

    Returns
    -------
    array
        :math:`e^t - 1 - t` for the rate :math:`t`; exactly 0 at 0. Half precision is evaluated in float32. In float64 the
        relative error is 2e-15 at most, and 3e-12 where the exponential is close to overflow.

    Notes
    -----
    With :math:`t = k \log 2 + r` for an integer k,

    .. math:: e^t - 1 - t = 2^k (e^r - 1 - r) + (2^k - 1)\, r + (2^k - 1 - k \log 2).

    The last is computed as :math:`(2^k - 1) - t + r`. If r has the sign of t, no summand is negative; if k is the nearest
    integer, the sum is a tenth of the largest of them at least. Float32 has no digits to spare, so k is rounded towards 0
    there. Since :math:`r \coth \frac r2 = 2 + \frac{r^2}6 - \frac{r^4}{360} + \dots` is even, few terms give the first:

    .. math:: e^r - 1 - r = \frac{r (r - s)}{2 - (r - s)}, \qquad s = r \coth\tfrac r2 - 2.

    Log 2 is subtracted in two parts, a first one of few bits, whose multiples are exact. Powers of 2 are written into the
    exponent of a floating-point number. All this takes about as many operations as an exponential. The derivative is
    :func:`growth`.

    References
    ----------
    .. [1] Muller, Elementary Functions: Algorithms and Implementation (2016), Sec. 11.1 (reduction by Cody and Waite).

    Examples
    --------
    >>> float(excess(2.0**-60)) == 2.0**-121
    True
    """
    xp, rate = as_arrays(rate)
    return with_gradient(_excess, _slope, xp, rate)


def growth(rate: Array) -> Array:
    r"""
    The growth :math:`e^t - 1`, with all digits near 0 by compilers, too, that subtract 1 from an exponential.

    Parameters
    ----------
    rate : array

    Returns
    -------
    array
        In float64 and float32.

    Examples
    --------
    >>> float(growth(2.0**-60)) == 2.0**-60
    True
    """
    xp, rate = as_arrays(rate)
    return xp.where(rate < -1.0, xp.exp(xp.clip(rate, max=0.0)) - 1.0, rate + excess(rate))


def _slope(xp: Any, rate: Array) -> tuple[Array]:
    return (growth(rate),)


def _excess(xp: Any, given: Array) -> Array:
    if given.dtype == xp.float64:
        return _double(xp, given)
    return narrowed(xp, _single(xp, narrowed(xp, given, xp.float32)), given.dtype)


# The constants stand in the functions: a compiled program would look at each that stands outside of them, at every call.
# Below the lower bounds the exponential does not count, above the upper ones it is infinite. The coefficients interpolate
# s / r^2 at the Chebyshev points of [-log 2, log 2], and of half of it, and leave errors of 7e-9 and 3e-17 of the excess.


def _single(xp: Any, rate: Array) -> Array:
    """With k towards 0."""
    upper = xp.clip(rate, max=89.0)
    bounded = xp.clip(upper, min=-87.0)
    multiple = xp.trunc(bounded * _LOG2_E)
    rest = bounded - multiple * 0.693145751953125 - multiple * 1.428606820309417e-6
    power = ((xp.astype(multiple, xp.int32) + 127) << 23).view(rate.dtype)
    coefficients = (0.1666666610390662, -0.0027775667996372206, 6.49620317329621e-05)
    return _composed(upper, power, rest, coefficients)


def _double(xp: Any, rate: Array) -> Array:
    """With k the nearest, but not 1024, whose power is infinite where the exponential is not, yet."""
    upper = xp.clip(rate, max=710.0)
    bounded = xp.clip(upper, min=-708.0)
    multiple = xp.round(xp.clip(bounded * _LOG2_E, max=1023.0))
    rest = bounded - multiple * 0.693147180369123816490 - multiple * 1.90821492927058770002e-10
    power = ((xp.astype(multiple, xp.int64) + 1023) << 52).view(rate.dtype)
    coefficients = (
        0.1666666666666666,
        -0.0027777777777564404,
        6.613756471622828e-05,
        -1.6534060033836456e-06,
        4.1437662804024295e-08,
    )
    return _composed(upper, power, rest, coefficients)


def _composed(rate: Array, power: Array, rest: Array, coefficients: tuple[float, ...]) -> Array:
    """From those of the rest and of k log 2; the latter has no argument of its own, which would cost digits."""
    square = rest * rest
    part = rest - square * horner(coefficients, square)
    slope = power - 1.0
    return (power * (rest * part / (2.0 - part)) + slope * rest) + ((slope - rate) + rest)
