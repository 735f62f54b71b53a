r"""
The engine of the enclosures: a rigorous integral or sum over a finite part, and a bound of what lies outside.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from flint import acb, arb

from numerics.ball import Ball
from numerics.chart import Chart, Count, FarCount, LogProb, Place, Side
from numerics.density import Density
from numerics.majorant import Majorant, tail_integral, tail_sum
from numerics.mass import Mass
from numerics.tangent import Tangent

Univariate: TypeAlias = Density | Mass
Integrand: TypeAlias = Callable[[Place], Ball]
"""An expression in the atoms of a place: sums, products and natural powers of them, and constants."""

_MAX_TERMS = 10**6
_WIDE = 0.125  # radius of an exponent beyond which its dependencies are worth resolving
_MAX_DOUBLINGS = 2200  # the exponents of float64 lie 2100 apart


def expectation_at(q: Univariate, integrand: Integrand, share: int) -> Ball:
    r"""
    Enclosure of an expectation at the present precision, with about ``10**-share`` left out and included as radius.

    Parameters
    ----------
    q : univariate family
    integrand : callable
    share : int

    Returns
    -------
    flint.arb

    Raises
    ------
    NotImplementedError
        If q's chart has no majorant for an atom of the integrand.
    ArithmeticError
        If no cut is found among the exponents of float64, or a sum needs more than a million terms.

    Notes
    -----
    In the chart's variable u, with a centre c and, on each side, a cut k and the majorant M of the integrand f,

    .. math:: \Bigl|\mathbb E_q f - \int_{c - k_-}^{c + k_+} q f\,du\Bigr|
        \le \sum_\pm \int_{k_\pm}^\infty q(c \pm v)\, M_\pm(v)\,dv,

    and the right-hand side is bounded by :func:`numerics.majorant.tail_integral`; sums likewise, by
    :func:`numerics.majorant.tail_sum`.
    """
    return _sum(q, integrand, share) if isinstance(q, Mass) else _integral(q, integrand, share)


def _integral(q: Density, integrand: Integrand, share: int) -> Ball:
    chart, log_prob, tolerance = q.chart(), q.log_prob(), arb(10) ** -share
    centre = arb(q.centre())
    lower, upper = chart.ends()
    below, left = _cut(chart, log_prob, integrand, centre, -1, tolerance) if lower is None else (lower, arb(0))
    above, right = _cut(chart, log_prob, integrand, centre, 1, tolerance) if upper is None else (upper, arb(0))

    def weighted(u: Ball, analytic: bool) -> Ball:
        return _log_weight(chart, log_prob, u, analytic).exp() * integrand(chart.point(u, analytic=analytic))

    # Ends may be balls: the integral over every choice of them is enclosed.
    inner = acb.integral(weighted, acb(below), acb(above), rel_tol=tolerance, abs_tol=tolerance).real
    return inner + arb(0, (left + right).upper())


def _log_weight(chart: Chart, log_prob: LogProb, u: Ball, analytic: bool = False) -> Ball:
    """The logarithm of the density in the chart, over a wide ball in the mean value form if that is tighter."""

    def evaluate(place: Place) -> Ball:
        return log_prob(place) + place.log_jacobian

    direct = evaluate(chart.point(u, analytic=analytic))
    if not direct.real.rad() > _WIDE or not direct.is_finite():
        return direct
    middle = u.mid()
    slope = evaluate(chart.point(Tangent(u, acb(1)), analytic=analytic)).slope
    refined = evaluate(chart.point(middle)) + slope * (u - middle)
    return refined if refined.real.rad() < direct.real.rad() else direct


def _cut(
    chart: Chart, log_prob: LogProb, integrand: Integrand, centre: Ball, side: Side, tolerance: Ball
) -> tuple[Ball, Ball]:
    """An end of integration, by powers of two in its distance, and the bound of the tail that it leaves out."""
    majorant = Majorant.of(integrand(chart.far(centre, side)))

    def tail(exponent: int) -> Ball:
        return tail_integral(
            lambda v: _log_weight(chart, log_prob, acb(centre + side * v)).real, majorant, arb(2) ** exponent
        )

    start = 0
    while tail(start) < tolerance and start > -_MAX_DOUBLINGS:
        start -= 8
    for exponent in range(start, _MAX_DOUBLINGS):
        bound = tail(exponent)
        if bound < tolerance:
            return centre + side * arb(2) ** exponent, bound
    raise ArithmeticError("no cut bounds the tail; parameters are too extreme")


def _sum(q: Mass, integrand: Integrand, share: int) -> Ball:
    log_prob, tolerance = q.log_prob(), arb(10) ** -share
    centre = q.centre()
    last, remainder = (q.last, arb(0)) if q.last is not None else _last(log_prob, integrand, centre, tolerance)
    if last > _MAX_TERMS:
        raise ArithmeticError(f"the sum needs {last} terms, more than {_MAX_TERMS}")
    total = arb(0)
    for place in map(Count, range(last + 1)):
        weight = log_prob(place)
        if weight != arb.neg_inf():
            total += weight.exp() * integrand(place)
    return total + arb(0, remainder.upper())


def _last(log_prob: LogProb, integrand: Integrand, centre: int, tolerance: Ball) -> tuple[int, Ball]:
    """The last summand, at a power of two from the centre, and the bound of the remainder."""
    majorant = Majorant.of(integrand(FarCount(centre)))
    for exponent in range(1, _MAX_TERMS.bit_length()):
        distance = 2**exponent
        bound = tail_sum(lambda v: log_prob(Count(centre + int(v.unique_fmpz()))), majorant, distance)
        if bound < tolerance:
            return centre + distance, bound
    raise ArithmeticError(f"the sum needs more than {_MAX_TERMS} terms")
