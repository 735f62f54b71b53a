"""Exact parameters, working precision and certified digits: what every enclosure in ball arithmetic shares."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from numbers import Rational
from typing import Any, TypeAlias

from flint import arb, ctx, fmpq

Number: TypeAlias = float | Fraction
"""A float stands for its exact binary value, a fraction (or an integer) for itself."""
Ball: TypeAlias = Any
"""A real or complex ball (``flint.arb``, ``flint.acb``), which python-flint leaves untyped."""

_ATTEMPTS = 4
_GUARD_DIGITS = 12


def exact(value: Number) -> Ball:
    """
    The number as a ball: exact for a float, of the working precision for a fraction.

    Examples
    --------
    >>> bool(exact(0.1) == exact(Fraction(1, 10)))
    False
    """
    if isinstance(value, Rational):
        return arb(fmpq(int(value.numerator), int(value.denominator)))
    return arb(float(value))


@contextmanager
def working_precision(bits: int) -> Iterator[None]:
    """
    Compute with balls of so many bits inside the ``with`` block.

    Examples
    --------
    >>> with working_precision(200):
    ...     ctx.prec
    200
    """
    before = ctx.prec
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec = before


def certified(evaluate: Callable[[int], list[Ball]], digits: int) -> list[Ball]:
    """
    Evaluate at doubled precision until every ball is small enough.

    Parameters
    ----------
    evaluate : callable
        Maps a number of digits d to balls; what it truncates, it should truncate at ``10**-d``.
    digits : int
        Certified digits: each radius is below ``10**-digits * max(abs(value), 10**-(2 * digits))``, or the value is
        infinite without a radius.

    Returns
    -------
    list of flint.arb

    Raises
    ------
    ValueError
        If ``digits < 1``.
    ArithmeticError
        If the digits are not reached at eight times the first precision.

    Notes
    -----
    Digits are relative, so that a divergence of 1e-24 between near-equal distributions has 20 of them too. Zero has no
    leading digit; there, and below the square of the last digit, they count from that square.

    Examples
    --------
    >>> certified(lambda d: [arb(2).sqrt()], 20)[0].str(20, radius=False)
    '1.4142135623730950488'
    """
    if digits < 1:
        raise ValueError(f"digits must be at least 1, not {digits}")
    for attempt in range(_ATTEMPTS):
        with working_precision(math.ceil((digits + 2 * _GUARD_DIGITS) * math.log2(10)) << attempt):
            balls = evaluate((digits << attempt) + _GUARD_DIGITS)
            if all(_is_tight(ball, digits) for ball in balls):
                return balls
    raise ArithmeticError(f"{digits} digits not certified at {_ATTEMPTS} precisions; parameters are too extreme")


def check_positive(**parameters: Number) -> None:
    """
    Refuse parameters that are not positive and finite.

    Raises
    ------
    ValueError
        If one is not, by its name.
    """
    check_finite(*parameters.values())
    for name, value in parameters.items():
        if value <= 0:
            raise ValueError(f"{name} must be positive, not {value}")


def check_finite(*parameters: Number) -> None:
    """
    Refuse infinities and NaN.

    Raises
    ------
    ValueError
        If a parameter is one.
    """
    if not all(math.isfinite(value) for value in parameters):
        raise ValueError("parameters must be finite")


def _is_tight(ball: Ball, digits: int) -> bool:
    if ball == arb.pos_inf():
        return True
    radius = ball.rad() * arb(10) ** digits
    return bool(ball.is_finite() and (radius < abs(ball) or radius < arb(10) ** (-2 * digits)))
