r"""
Charts: the variable in which a distribution is integrated, chosen so that its density is analytic and log-concave.

A chart maps the line to a space: :math:`z = u`, :math:`z = e^u`, or :math:`z = a + (b - a)/(1 + e^{-u})`. An
integrand is an expression in the atoms of a :class:`Place`: ``value``, ``log``, ``log_complement``, ``reciprocal``,
``exp``, ``distance`` and ``log_bell``. At a point the atoms are balls, far out they are majorants; so one expression gives both the
integrand and the bound of its tail.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, TypeAlias

from flint import arb

from numerics.ball import Ball, Number, exact
from numerics.majorant import Majorant
from numerics.tangent import Tangent

Side: TypeAlias = Literal[-1, 1]
Argument: TypeAlias = Any
"""A complex ball (``flint.acb``), or a :class:`~numerics.tangent.Tangent` of two."""


class Place:
    """
    Where an integrand is evaluated: at a point, the atoms are balls; far out, majorants.

    A chart defines the atoms that it has; an integrand that asks for another one is refused.
    """

    @property
    def value(self) -> Any:
        """The argument z."""
        raise NotImplementedError(f"{type(self).__name__} has no value")

    @property
    def log(self) -> Any:
        """Its logarithm."""
        raise NotImplementedError(f"{type(self).__name__} has no log")

    @property
    def log_complement(self) -> Any:
        """The logarithm of 1 - z."""
        raise NotImplementedError(f"{type(self).__name__} has no log_complement")

    @property
    def count(self) -> int:
        """The argument itself where it is a number of events."""
        raise NotImplementedError(f"{type(self).__name__} has no count")

    @property
    def log_factorial(self) -> Any:
        """The logarithm of z!, for counts."""
        raise NotImplementedError(f"{type(self).__name__} has no log_factorial")

    @property
    def reciprocal(self) -> Any:
        """One over z."""
        return 1 / self.value

    @property
    def log_jacobian(self) -> Any:
        """The logarithm of dz/du."""
        return arb(0)

    def exp(self, rate: Number) -> Any:
        """The exponential of ``rate * z``."""
        return (exact(rate) * self.value).exp()

    def distance(self, centre: Number) -> Any:
        """The modulus of ``z - centre``."""
        return self.value + abs(exact(centre))

    def log_bell(self, loc: Number, scale: Number) -> Any:
        """The logarithm of ``1 + ((z - loc) / scale)**2``."""
        raise NotImplementedError(f"{type(self).__name__} has no log_bell")


def log_bell(z: Argument, loc: Number, scale: Number, *, analytic: bool) -> Argument:
    """The atom of that name at a point."""
    return (1 + ((z - exact(loc)) / exact(scale)) ** 2).log(analytic=analytic)


def far_log_bell(reach: Ball, scale: Number) -> Majorant:
    """Its majorant where the modulus of ``z - loc`` is at most ``reach * exp(v)`` for every v >= 0."""
    return Majorant.monomial(arb(2), power=1) + Majorant.of((1 + (reach / exact(scale)) ** 2).log())


LogProb: TypeAlias = Callable[[Place], Any]
"""A log density or log probability, in nats, as an expression in the atoms of a place."""


class Chart:
    """The interface of a chart."""

    def ends(self) -> tuple[Ball | None, Ball | None]:
        """Least and largest u; None where it runs to infinity."""
        return None, None

    def point(self, u: Argument, *, analytic: bool = False) -> Place:
        """
        The place of u, with balls for atoms, or tangents if u is one.

        Parameters
        ----------
        u : flint.acb or Tangent
        analytic : bool
            Whether an atom that is not analytic on the ball must be NaN.
        """
        raise NotImplementedError

    def far(self, centre: Ball, side: Side) -> Place:
        """Majorants, in the distance v >= 0, of the atoms at ``centre + side * v``."""
        raise NotImplementedError


# --- the line ---


@dataclass(frozen=True)
class Line(Chart):
    """The line itself, z = u, or the part of it between two ends (balls)."""

    lower: Ball | None = None
    upper: Ball | None = None

    def ends(self) -> tuple[Ball | None, Ball | None]:
        return self.lower, self.upper

    def point(self, u: Argument, *, analytic: bool = False) -> Place:
        return _Point(u, analytic)

    def far(self, centre: Ball, side: Side) -> Place:
        return _FarOnLine(centre, side)


@dataclass(frozen=True)
class _Point(Place):
    z: Argument
    analytic: bool

    @property
    def value(self) -> Argument:
        return self.z

    @property
    def log(self) -> Ball:
        return self.z.log(analytic=self.analytic)

    @property
    def log_complement(self) -> Ball:
        return (1 - self.z).log(analytic=self.analytic)

    def distance(self, centre: Number) -> Ball:
        return (self.z - exact(centre)).real_abs(analytic=self.analytic)

    def log_bell(self, loc: Number, scale: Number) -> Ball:
        return log_bell(self.z, loc, scale, analytic=self.analytic)


@dataclass(frozen=True)
class _FarOnLine(Place):
    centre: Ball
    side: Side

    @property
    def value(self) -> Majorant:
        return Majorant.monomial(arb(1), power=1) + Majorant.of(abs(self.centre))

    def exp(self, rate: Number) -> Majorant:
        return Majorant.monomial((exact(rate) * self.centre).exp(), rate=max(self.side * Fraction(rate), Fraction(0)))

    def log_bell(self, loc: Number, scale: Number) -> Majorant:
        return far_log_bell(abs(self.centre - exact(loc)) + 1, scale)


# --- the positive half-line ---


@dataclass(frozen=True)
class HalfLine(Chart):
    """The half-line z = exp(u), from ``lower`` on if that is positive."""

    lower: Number = 0

    def ends(self) -> tuple[Ball | None, Ball | None]:
        return (exact(self.lower).log() if self.lower > 0 else None), None

    def point(self, u: Argument, *, analytic: bool = False) -> Place:
        return _PointOnHalfLine(u.exp(), analytic, u)

    def far(self, centre: Ball, side: Side) -> Place:
        return _FarOnHalfLine(centre, side)


@dataclass(frozen=True)
class _PointOnHalfLine(_Point):
    u: Argument

    @property
    def log(self) -> Argument:
        return self.u

    @property
    def log_jacobian(self) -> Argument:
        return self.u

    @property
    def reciprocal(self) -> Ball:
        return (-self.u).exp()


@dataclass(frozen=True)
class _FarOnHalfLine(Place):
    centre: Ball
    side: Side

    @property
    def value(self) -> Majorant:
        return Majorant.monomial(self.centre.exp(), rate=max(self.side, 0))

    @property
    def log(self) -> Majorant:
        return Majorant.monomial(arb(1), power=1) + Majorant.of(abs(self.centre))

    @property
    def reciprocal(self) -> Majorant:
        return Majorant.monomial((-self.centre).exp(), rate=max(-self.side, 0))

    def exp(self, rate: Number) -> Majorant:
        if rate > 0:
            raise NotImplementedError("an exponential that grows has no majorant in log z")
        return Majorant.of(1)


# --- an interval ---


@dataclass(frozen=True)
class Logistic(Chart):
    """The interval from ``lower`` to ``upper``, z = lower + (upper - lower) / (1 + exp(-u))."""

    lower: Number = 0
    upper: Number = 1

    def point(self, u: Argument, *, analytic: bool = False) -> Place:
        value = exact(self.lower) + (exact(self.upper) - exact(self.lower)) / (1 + (-u).exp())
        return _PointOnInterval(value, analytic, u, self.lower, self.upper)

    def far(self, centre: Ball, side: Side) -> Place:
        return _FarOnInterval(centre, self.lower, self.upper)


@dataclass(frozen=True)
class _PointOnInterval(_Point):
    u: Argument
    lower: Number
    upper: Number

    @property
    def log(self) -> Ball:
        return exact(self.upper).log() + self._log_logistic(1) if self.lower == 0 else super().log

    @property
    def log_complement(self) -> Ball:
        return (1 - exact(self.lower)).log() + self._log_logistic(-1) if self.upper == 1 else super().log_complement

    @property
    def log_jacobian(self) -> Ball:
        return (exact(self.upper) - exact(self.lower)).log() + self._log_logistic(1) + self._log_logistic(-1)

    def _log_logistic(self, sign: Side) -> Ball:
        r"""
        The continuation of :math:`-\log(1 + e^{-u})` from the line, or the same at -u.

        In the left half-plane :math:`u - \log(1 + e^u)` is analytic, in the right one the expression itself: the
        principal logarithm is used where its argument has a positive real part, that is, away from its cut.
        """
        u = self.u if sign > 0 else -self.u
        left = Tangent.of(u).at.real.mid() < 0
        power = (u if left else -u).exp()
        if self.analytic and not (1 + Tangent.of(power).at).real > 0:
            return u * math.nan
        return u - power.log1p() if left else -power.log1p()


@dataclass(frozen=True)
class _FarOnInterval(Place):
    centre: Ball
    lower: Number
    upper: Number

    @property
    def value(self) -> Majorant:
        return Majorant.of(abs(exact(self.lower)) + abs(exact(self.upper)))

    @property
    def log(self) -> Majorant:
        return self._log(exact(self.upper), exact(self.lower))

    @property
    def log_complement(self) -> Majorant:
        return self._log(1 - exact(self.lower), 1 - exact(self.upper))

    def exp(self, rate: Number) -> Majorant:
        return Majorant.of((exact(rate) * exact(self.lower)).exp() + (exact(rate) * exact(self.upper)).exp())

    def _log(self, largest: Ball, least: Ball) -> Majorant:
        """Majorant of log z, where z is either bounded away from 0, or at least ``largest / (1 + exp(|u|))``."""
        if least > 0:
            return Majorant.of(abs(largest.log()) + abs(least.log()))
        return Majorant.monomial(arb(1), power=1) + Majorant.of(abs(self.centre) + abs(largest.log()) + arb(2).log())


# --- counts ---


@dataclass(frozen=True)
class Count(Place):
    """A number of events, k = 0, 1, 2, ..."""

    events: int

    @property
    def count(self) -> int:
        return self.events

    @property
    def value(self) -> Ball:
        return arb(self.events)

    @property
    def log_factorial(self) -> Ball:
        return arb(self.events + 1).lgamma()


@dataclass(frozen=True)
class FarCount(Place):
    """Majorants at the counts ``centre + v``; ``log k! <= k log k <= k**2``."""

    centre: int

    @property
    def value(self) -> Majorant:
        return Majorant.monomial(arb(1), power=1) + self.centre

    @property
    def log_factorial(self) -> Majorant:
        return self.value**2
