r"""
Bounds of what an integral or a sum leaves out: majorants, and one lemma on log-concave functions.

A density :math:`q` that is log-concave in the variable of integration is cut at a distance :math:`k` from a centre.
What lies beyond is multiplied by an integrand whose modulus is at most a majorant :math:`\sum_i c_i v^{n_i} e^{r_i v}`
in the distance :math:`v`. Each product :math:`h = q\, v^n e^{r v}` is again log-concave, so its tail is below that of
the exponential through two of its values (:func:`tail_integral`, :func:`tail_sum`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import arb

from numerics.ball import Ball, exact


@dataclass(frozen=True)
class Majorant:
    r"""
    A bound :math:`\sum c\, v^n e^{r v}` of a modulus for every distance v >= 0, by the triangle inequality.

    Sums, differences, products and powers of majorants, and of majorants with numbers, bound those of what they
    bound. So an expression evaluated on majorants gives a majorant of the expression: log densities need no second
    formula for their tails.

    Parameters
    ----------
    terms : dict from (int, Fraction) to flint.arb
        The coefficients c >= 0 by power n >= 0 and rate r >= 0.

    Examples
    --------
    >>> distance = Majorant.monomial(arb(1), power=1)
    >>> {power: float(c) for (power, rate), c in sorted(((2 - distance) ** 2).terms.items())}
    {0: 4.0, 1: 4.0, 2: 1.0}
    """

    terms: dict[tuple[int, Fraction], Ball]

    @classmethod
    def monomial(cls, coefficient: Ball, *, power: int = 0, rate: Fraction | int = 0) -> Majorant:
        """The bound ``|coefficient| * v**power * exp(rate * v)``."""
        return cls({(power, Fraction(rate)): abs(coefficient)})

    @staticmethod
    def of(value: Any) -> Majorant:
        """A majorant as it is, a number or a ball as its modulus."""
        return value if isinstance(value, Majorant) else Majorant.monomial(arb(value))

    def __add__(self, other: Any) -> Majorant:
        terms = dict(self.terms)
        for key, coefficient in Majorant.of(other).terms.items():
            terms[key] = terms.get(key, arb(0)) + coefficient
        return Majorant(terms)

    def __mul__(self, other: Any) -> Majorant:
        terms: dict[tuple[int, Fraction], Ball] = {}
        for (n, r), c in self.terms.items():
            for (m, s), d in Majorant.of(other).terms.items():
                terms[n + m, r + s] = terms.get((n + m, r + s), arb(0)) + c * d
        return Majorant(terms)

    def __pow__(self, exponent: int) -> Majorant:
        power = Majorant.of(1)
        for _ in range(exponent):
            power = power * self
        return power

    def __neg__(self) -> Majorant:
        return self

    def __truediv__(self, divisor: Ball) -> Majorant:
        return self * (1 / arb(divisor))

    __radd__ = __sub__ = __rsub__ = __add__
    __rmul__ = __mul__


def tail_integral(log_weight: Callable[[Ball], Ball], majorant: Majorant, cut: Ball) -> Ball:
    r"""
    Upper bound of :math:`\int_k^\infty w(v)\, M(v)\, dv` for a log-concave weight w and a majorant M.

    Parameters
    ----------
    log_weight : callable
        The logarithm of w, concave on (0, inf).
    majorant : Majorant
    cut : flint.arb
        The positive lower end k.

    Returns
    -------
    flint.arb
        Infinite if the bound does not apply yet, because some :math:`h = w\, v^n e^{rv}` does not fall at k.

    Notes
    -----
    Lemma. Let :math:`\log h` be concave on :math:`[k/2, \infty)` and :math:`\log h(k/2) - \log h(k) = s > 0`. Then
    :math:`\int_k^\infty h \le h(k)\, k / (2 s)`. Proof: beyond k a concave function lies below the line through its
    values at k/2 and k, so :math:`h(v) \le h(k) e^{-(v - k) 2 s / k}`; integrate.

    It applies since log w, :math:`n \log v` and :math:`r v` are concave in v.

    Examples
    --------
    >>> bound = tail_integral(lambda v: -v, Majorant.of(1), arb(3))  # the tail of an exponential: no loss
    >>> bool(bound.overlaps(arb(-3).exp()))
    True
    """
    return sum((c * _beyond(v, cut / 2) for c, v in _ends(log_weight, majorant, cut / 2, cut)), start=arb(0))


def tail_sum(log_weight: Callable[[Ball], Ball], majorant: Majorant, cut: int) -> Ball:
    r"""
    Upper bound of :math:`\sum_{v > k} w(v)\, M(v)` over integers, for a log-concave weight w and a majorant M.

    Parameters
    ----------
    log_weight : callable
        The logarithm of w at integers, with :math:`w(v-1)\, w(v+1) \le w(v)^2`.
    majorant : Majorant
    cut : int
        The last summand k >= 2 that is not left out.

    Returns
    -------
    flint.arb
        Infinite if the bound does not apply yet, because some :math:`h = w\, v^n e^{rv}` does not fall at k.

    Notes
    -----
    The ratio :math:`\rho = h(k)/h(k-1)` bounds all later ones, so :math:`\sum_{v>k} h \le h(k)\, \rho/(1 - \rho)`.

    Examples
    --------
    >>> bound = tail_sum(lambda v: -v * arb(2).log(), Majorant.of(1), 5)  # a geometric series: no loss
    >>> bool(bound.overlaps(arb(2) ** -5))
    True
    """
    total = arb(0)
    for coefficient, (before, last) in _ends(log_weight, majorant, arb(cut - 1), arb(cut)):
        ratio = (last - before).exp()
        total += coefficient * last.exp() * ratio / (1 - ratio) if ratio < 1 else arb.pos_inf()
    return total


def _ends(
    log_weight: Callable[[Ball], Ball], majorant: Majorant, before: Ball, cut: Ball
) -> Iterator[tuple[Ball, tuple[Ball, Ball]]]:
    """Each coefficient, with the logarithms of h before the cut and at it."""
    weights = [(v, v.log(), log_weight(v)) for v in (before, cut)]
    for (power, rate), coefficient in majorant.terms.items():
        if coefficient.is_zero():
            continue
        first, last = (weight + power * log_v + exact(rate) * v for v, log_v, weight in weights)
        yield coefficient, (first, last)


def _beyond(logs: tuple[Ball, Ball], width: Ball) -> Ball:
    before, last = logs
    return last.exp() * width / (before - last) if before > last else arb.pos_inf()
