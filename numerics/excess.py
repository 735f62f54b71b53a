r"""
The excess :math:`e^t - 1 - t`, by which exponential growth exceeds its tangent, without cancellation.

It is what a divergence costs that is written in a logarithm: of a variance, of odds, or of a distance. Near
:math:`t = 0` it is :math:`t^2/2`, while the two terms that are subtracted are of size :math:`t`: the usual expression
loses all digits there.
"""

import math

from scipy.special import zeta

from numerics.array import Array, as_arrays

# B_n / n! for n = 2, 4, ..., 10 by Euler's formula: scipy's table of Bernoulli numbers is right to 1e-12 only.
_BERNOULLI = tuple(2.0 * (-1) ** (n // 2 + 1) * float(zeta(n)) / (2.0 * math.pi) ** n for n in range(2, 11, 2))
_NEAR_SQUARE = 1.0 / 256.0


def excess(growth: Array, rate: Array) -> Array:
    r"""
    The difference ``growth - rate`` where ``growth = expm1(rate)``, never negative and precise near 0.

    Parameters
    ----------
    growth, rate : array
        The two sides of ``growth = expm1(rate)``, of one shape, each with a small relative error.

    Returns
    -------
    array
        :math:`e^t - 1 - t` for the rate :math:`t`; exactly 0 at 0.

    Notes
    -----
    From :math:`\frac t2 \coth \frac t2 = \sum_k \frac{B_{2k}}{(2k)!} t^{2k}`,

    .. math:: e^t - 1 - t = (e^t - 1)\, t \left(\tfrac12 - t \sum_{k\ge1} \tfrac{B_{2k}}{(2k)!} t^{2k-2}\right).

    For :math:`|t| \le 1` the bracket lies between 0.41 and 0.59, so nothing cancels. Since :math:`|B_{2k}|/(2k)!` falls like
    :math:`2 (2\pi)^{-2k}`, five terms serve float32 there, and float64 for :math:`|t| \le 1/16`; beyond, the difference
    itself loses five bits at most, so float64 is right to 4e-15 everywhere.

    References
    ----------
    .. [1] NIST Digital Library of Mathematical Functions, eq. 24.2.1 (Bernoulli numbers) and 25.6.2 (their size).

    Examples
    --------
    >>> float(excess(2.0**-60, 2.0**-60)) == 2.0**-121
    True
    """
    xp, growth, rate = as_arrays(growth, rate)
    # The square rather than the modulus, and a number rather than an array of zeros: compilers vectorise these.
    near = rate * rate < (_NEAR_SQUARE if xp.finfo(rate.dtype).eps < 1e-10 else 1.0)
    small = xp.where(near, rate, 0.0)
    series = growth * small * (0.5 - small * _bernoulli_sum(small * small))
    return xp.where(near, series, growth - rate)


def _bernoulli_sum(square: Array) -> Array:
    total: Array = _BERNOULLI[-1]
    for coefficient in reversed(_BERNOULLI[:-1]):
        total = total * square + coefficient
    return total
