r"""
The excess :math:`e^t - 1 - t`, by which exponential growth exceeds its tangent, without cancellation.

It is what a divergence costs that is written in a logarithm: of a variance, of odds, or of a distance. Near
:math:`t = 0` it is :math:`t^2/2`, while the two terms that are subtracted are of size :math:`t`: the usual expression
loses all digits there.
"""

from dataclasses import dataclass
from typing import Any

from numerics.array import Array, as_arrays, narrowed

_LOG2_E = 1.4426950408889634
_LOG_TWO = (0.693145751953125, 1.428606820309417e-6)  # the first has 16 bits, so its multiples by exponents are exact


@dataclass(frozen=True)
class _Format:
    """A binary format, and how the excess is computed in it.

    ``coefficients`` of 1/2, 1/6, ..., up to the highest power: the interpolant of (e^r - 1 - r) / r^2 at the Chebyshev points
    of [-log 2, log 2], whose relative error is 8e-9 and 7e-15 there.
    """

    integer: str
    bias: int
    fraction_bits: int
    smallest: float
    largest: float
    coefficients: tuple[float, ...]


_SINGLE = _Format(
    "int32",
    127,
    23,
    -87.0,
    89.0,
    (
        0.5,
        0.16666670035096087,
        0.04166667003080943,
        0.00833277276330395,
        0.0013888328981511273,
        0.0002007423909655169,
        2.5034344493486168e-05,
    ),
)
_DOUBLE = _Format(
    "int64",
    1023,
    52,
    -708.0,
    710.0,
    (
        0.5,
        0.16666666666671112,
        0.041666666666669835,
        0.008333333331483516,
        0.001388888888756861,
        0.00019841271996721475,
        2.4801588840064076e-05,
        2.755629439278797e-06,
        2.7556587685678266e-07,
        2.5265139492046345e-08,
        2.1028845873036225e-09,
    ),
)


def excess(rate: Array) -> Array:
    r"""
    The excess, never negative and precise everywhere.

    Parameters
    ----------
    rate : array

    Returns
    -------
    array
        :math:`e^t - 1 - t` for the rate :math:`t`; exactly 0 at 0. Half precision is evaluated in float32.

    Notes
    -----
    With :math:`t = k \log 2 + r`, where k is an integer and r has the sign of t,

    .. math:: e^t - 1 - t = 2^k (e^r - 1 - r) + (2^k - 1)\, r + (2^k - 1 - k \log 2),

    of which no summand is negative. The first is a polynomial in r. Powers of 2 are written into the exponent of a
    floating-point number; so there are neither exponentials nor comparisons, which cost several times as much. In the
    derivative :math:`2^k (e^r - 1) + (2^k - 1)` nothing cancels either, since k is constant.

    References
    ----------
    .. [1] Muller, Elementary Functions: Algorithms and Implementation (2016), Sec. 11.1 (reduction by Cody and Waite).

    Examples
    --------
    >>> float(excess(2.0**-60)) == 2.0**-121
    True
    """
    xp, given = as_arrays(rate)
    form = _DOUBLE if given.dtype == xp.float64 else _SINGLE
    rate = narrowed(xp, given, xp.float64 if form is _DOUBLE else xp.float32)
    lower = xp.clip(rate, min=form.smallest)  # below it e^t is nothing beside 1, above the largest it is infinite
    exponent = xp.astype(xp.clip(lower, max=form.largest) * _LOG2_E, getattr(xp, form.integer))
    multiple = xp.astype(exponent, rate.dtype)
    first, second = multiple * _LOG_TWO[0], multiple * _LOG_TWO[1]
    rest = (lower - first) - second
    power = ((exponent + form.bias) << form.fraction_bits).view(rate.dtype)
    growth = power - 1.0
    value = ((growth - first) - second) + growth * rest + power * (rest * rest * _polynomial(form, rest))
    value = value - (xp.clip(rate, max=form.smallest) - form.smallest)
    return narrowed(xp, value, given.dtype)


def _polynomial(form: _Format, x: Array) -> Any:
    total: Any = form.coefficients[-1]
    for coefficient in reversed(form.coefficients[:-1]):
        total = total * x + coefficient
    return total
