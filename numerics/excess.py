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
        relative error is 2e-15 at most, and 3e-12 for rates above 200; in float32 it is 1.8e-7, or
        three units of :math:`2^{-24}`, wherever the excess is not subnormal.

    Notes
    -----
    With :math:`t = k \log 2 + r` for an integer k,

    .. math:: e^t - 1 - t = 2^k (e^r - 1 - r) + \bigl(2^k r + (2^k - 1 - t)\bigr).

    Of what stands in brackets, nothing is rounded but the two sums. For k = 0 it is exactly 0. Else it is a tenth of the
    largest summand at least if k is the nearest integer, which float64 can afford; float32 has no digits to spare, so k is
    rounded towards 0 there, r has the sign of t, and nothing cancels. Since :math:`r \coth \frac r2 = 2 + \frac{r^2}6 -
    \frac{r^4}{360} + \dots` is even, few terms give the first summand, with some roundings:

    .. math:: e^r - 1 - r = \frac{r (r - s)}{2 - (r - s)}, \qquad s = r \coth\tfrac r2 - 2.

    With fewer roundings, three for small r, it is :math:`r^2` divided by :math:`r^2 / (e^r - 1 - r) = 2 - \frac23 r + \dots`,
    a function without poles nearer than 7.7, so that six coefficients give it to 1.6e-9. That is done in float32. Of all
    its numbers from :math:`2^{-14}` on in size none is wrong by more than 2.96 units of :math:`2^{-24}`, relatively; below
    there are the three roundings, of one unit each.

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
# r^2 / (e^r - 1 - r) at the Chebyshev points of [-log 2, log 2], and s / r^2 at those of half of it; they leave errors of
# 1.6e-9 and 3e-17 of the excess. Torch's compiler writes to memory what has more than fifty operations, constants among
# them, before it adds it: these and a square beside them have 49.


def _single(xp: Any, rate: Array) -> Array:
    """With k towards 0."""
    upper = xp.clip(rate, max=89.0)
    bounded = xp.clip(upper, min=-87.0)
    multiple = xp.trunc(bounded * 1.4426950408889634)
    rest = bounded - multiple * 0.693145751953125 - multiple * 1.428606820309417e-6
    power = ((xp.astype(multiple, xp.int32) + 127) << 23).view(rate.dtype)
    stretched = power * rest
    coefficients = (
        2.0,
        -0.6666666627340584,
        0.055555611329564346,
        0.0037035563556221374,
        -0.00030896108700523663,
        -7.26671222780678e-05,
    )
    return stretched * rest / horner(coefficients, rest) + (stretched + ((power - 1.0) - upper))


def _double(xp: Any, rate: Array) -> Array:
    """With k the nearest integer; next to overflow it is less, for the power of 1024 is infinite where the exponential is not."""
    upper = xp.clip(rate, max=710.0)
    bounded = xp.clip(upper, min=-708.0)
    multiple = xp.round(bounded * 1.44197)
    rest = bounded - multiple * 0.693147180369123816490 - multiple * 1.90821492927058770002e-10
    power = ((xp.astype(multiple, xp.int64) + 1023) << 52).view(rate.dtype)
    coefficients = (
        0.1666666666666666,
        -0.0027777777777564404,
        6.613756471622828e-05,
        -1.6534060033836456e-06,
        4.1437662804024295e-08,
    )
    square = rest * rest
    part = rest - square * horner(coefficients, square)
    stretched = power * rest
    return stretched * part / (2.0 - part) + (stretched + ((power - 1.0) - upper))
