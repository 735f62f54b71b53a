r"""
Values with their derivatives, for the mean value form of an expression over a wide ball.

In ball arithmetic :math:`a u - b e^u` over a wide ball loses the cancellation at its peak. The mean value form
:math:`f(m) + f'(B)(B - m)` keeps it: it contains f on the convex set B, where f is analytic, since
:math:`f(z) - f(m) = (z - m) \int_0^1 f'(m + t(z - m))\,dt`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flint import acb

from numerics.ball import Ball


@dataclass(frozen=True)
class Tangent:
    """
    A ball and the ball of a derivative, carried through an expression by the chain rule.

    Parameters
    ----------
    at, slope : flint.acb

    References
    ----------
    .. [1] Moore, Kearfott and Cloud, Introduction to Interval Analysis (2009), Sec. 6.3 (mean value form).

    Examples
    --------
    >>> u = Tangent(acb(0), acb(1))
    >>> float((3 * u + u.exp()).slope.real)
    4.0
    """

    at: Ball
    slope: Ball

    @staticmethod
    def of(value: Any) -> Tangent:
        """A tangent as it is, a constant with slope 0."""
        return value if isinstance(value, Tangent) else Tangent(acb(value), acb(0))

    def __add__(self, other: Any) -> Tangent:
        other = Tangent.of(other)
        return Tangent(self.at + other.at, self.slope + other.slope)

    __radd__ = __add__

    def __neg__(self) -> Tangent:
        return Tangent(-self.at, -self.slope)

    def __sub__(self, other: Any) -> Tangent:
        return self + -Tangent.of(other)

    def __rsub__(self, other: Any) -> Tangent:
        return -self + Tangent.of(other)

    def __mul__(self, other: Any) -> Tangent:
        other = Tangent.of(other)
        return Tangent(self.at * other.at, self.slope * other.at + self.at * other.slope)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Tangent:
        return self * Tangent.of(other)._reciprocal()

    def __rtruediv__(self, other: Any) -> Tangent:
        return self._reciprocal() * Tangent.of(other)

    def __pow__(self, exponent: int) -> Tangent:
        return Tangent(self.at**exponent, exponent * self.at ** (exponent - 1) * self.slope)

    def _reciprocal(self) -> Tangent:
        return Tangent(1 / self.at, -self.slope / (self.at * self.at))

    def exp(self) -> Tangent:
        """Exponential."""
        power = self.at.exp()
        return Tangent(power, power * self.slope)

    def log(self, *, analytic: bool = False) -> Tangent:
        """Principal logarithm, NaN on its cut if it must be analytic."""
        return Tangent(self.at.log(analytic=analytic), self.slope / self.at)

    def log1p(self) -> Tangent:
        """Principal logarithm of 1 plus this."""
        return Tangent(self.at.log1p(), self.slope / (1 + self.at))

    def cos(self) -> Tangent:
        """Cosine."""
        return Tangent(self.at.cos(), -self.at.sin() * self.slope)

    def real_abs(self, *, analytic: bool = False) -> Tangent:
        """Modulus on the line, NaN around its kink if it must be analytic."""
        return Tangent(self.at.real_abs(analytic=analytic), self.at.real_sgn(analytic=analytic) * self.slope)
