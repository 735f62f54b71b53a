r"""
The line stretched by the hyperbolic sine, for densities whose tails fall by a power only.

A power of z is an exponential of u where :math:`z = m + \gamma \sinh u`; the Cauchy density becomes :math:`1 / \pi \cosh u`,
which is log-concave.
"""

from __future__ import annotations

from dataclasses import dataclass

from numerics.ball import Ball, Number, exact
from numerics.chart import Argument, Chart, Place, Side, far_log_bell, log_bell
from numerics.majorant import Majorant


@dataclass(frozen=True)
class Hyperbolic(Chart):
    """
    The line, z = loc + scale sinh u.

    Examples
    --------
    >>> from flint import acb
    >>> float(Hyperbolic(1, 2).point(acb(0)).value.real)
    1.0
    """

    loc: Number
    scale: Number

    def point(self, u: Argument, *, analytic: bool = False) -> Place:
        return _Point(u, self.loc, self.scale, analytic)

    def far(self, centre: Ball, side: Side) -> Place:
        return _Far(centre, self.loc, self.scale)


@dataclass(frozen=True)
class _Point(Place):
    u: Argument
    loc: Number
    scale: Number
    analytic: bool

    @property
    def value(self) -> Argument:
        return exact(self.loc) + exact(self.scale) * (self.u.exp() - (-self.u).exp()) / 2

    @property
    def log_jacobian(self) -> Argument:
        return (exact(self.scale) * (self.u.exp() + (-self.u).exp()) / 2).log(analytic=self.analytic)

    def log_bell(self, loc: Number, scale: Number) -> Argument:
        return log_bell(self.value, loc, scale, analytic=self.analytic)


@dataclass(frozen=True)
class _Far(Place):
    """An integrand that grows as z does has no mean here: so ``value`` has no majorant."""

    centre: Ball
    loc: Number
    scale: Number

    def log_bell(self, loc: Number, scale: Number) -> Majorant:
        # |sinh(u + v)| <= exp(|u|) exp(v)
        reach = abs(exact(self.loc) - exact(loc)) + exact(self.scale) * abs(self.centre).exp()
        return far_log_bell(reach, scale)
