r"""
Statistical assertions with both error rates declared: what is asserted, what it detects, the draws it needs.

An assertion rests on what is known of the law of a row (:mod:`numerics.law`, :mod:`numerics.quadratic_form`), and its
outcome says which guarantee follows. A :class:`MeanTest` looks once, at a number of draws fixed before; one that may
look after every draw is in :mod:`numerics.sequential`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from numerics.law import Guarantee, Law, check_rate

_SLACK = 1.0 + 1e-9


@dataclass(frozen=True)
class Outcome:
    """Outcome of a :class:`MeanTest`: the estimate, the interval it had to meet, and what would have been caught."""

    passed: bool
    mean: float
    lower: float
    upper: float
    resolution: float
    guarantee: Guarantee


@dataclass(frozen=True)
class MeanTest:
    r"""
    The assertion that the mean of N independent rows has an expected value.

    Parameters
    ----------
    law : Law
        What is known of a row about its mean, such as a :class:`~numerics.quadratic_form.QuadraticForm`.
    num_samples : int
        Rows averaged.
    false_alarm : float
        Upper bound on the probability that a right mean is rejected.
    miss : float
        Upper bound on the probability that a mean wrong by :attr:`resolution` or more passes, when rows have the
        declared law about their wrong mean.
    rounding : float
        Bound on the rounding error of the mean, by which the interval is widened; needed where the law has no
        variance.

    Raises
    ------
    ValueError
        If ``num_samples < 1``, a rate is not strictly between 0 and 1, or ``rounding`` is negative.

    Notes
    -----
    The guarantee is that of the law: finite-sample by Chernoff's bound with the exact law of a quadratic form or by
    Cantelli's inequality with a known variance, asymptotic with an estimated one. With radii :math:`\rho_\alpha^\pm` exceeded upwards and
    downwards with probability at most :math:`\alpha`, the test accepts means within
    :math:`[-\rho_{\alpha/2}^-, \rho_{\alpha/2}^+]` of the expected value, and its resolution is
    :math:`\max(\rho_{\alpha/2}^+ + \rho_\beta^-,\ \rho_{\alpha/2}^- + \rho_\beta^+)` for the miss rate
    :math:`\beta`.

    References
    ----------
    .. [1] Chernoff, A Measure of Asymptotic Efficiency for Tests of a Hypothesis (1952), Theorem 1.

    Examples
    --------
    >>> from numerics.quadratic_form import QuadraticForm
    >>> test = MeanTest(QuadraticForm((0.0,), (1.0,)), num_samples=10_000, false_alarm=0.01, miss=0.01)
    >>> round(test.resolution, 4)
    0.0629
    >>> test.verdict(0.001, expected=0.0).passed, test.verdict(0.07, expected=0.0).passed
    (True, False)
    """

    law: Law
    num_samples: int
    false_alarm: float
    miss: float
    rounding: float = 0.0
    _radii: tuple[float, float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_rate("miss", self.miss)
        check_rate("false_alarm", self.false_alarm)
        if not 0.0 <= self.rounding < math.inf:
            raise ValueError(f"rounding must be finite and not negative, not {self.rounding}")
        below, above = (self.law.radius(side, self.num_samples, self.false_alarm / 2.0) for side in (-1, 1))
        object.__setattr__(self, "_radii", (below + self.rounding, above + self.rounding))

    def interval(self, expected: float) -> tuple[float, float]:
        """Means that are accepted when ``expected`` is asserted."""
        below, above = self._radii
        return expected - below, expected + above

    @property
    def resolution(self) -> float:
        """Smallest modulus of a bias that is caught with probability ``1 - miss`` at least."""
        below, above = self._radii
        missed_below = self.law.radius(-1, self.num_samples, self.miss) + self.rounding
        missed_above = self.law.radius(1, self.num_samples, self.miss) + self.rounding
        return max(above + missed_below, below + missed_above)

    def verdict(self, mean: float, expected: float) -> Outcome:
        """Compare the mean of ``num_samples`` rows with its expected value; a NaN does not pass."""
        lower, upper = self.interval(expected)
        passed = bool(lower <= mean <= upper)
        return Outcome(passed, float(mean), lower, upper, self.resolution, self.law.guarantee)


def num_samples_needed(law: Law, discrepancy: float, false_alarm: float, miss: float) -> int:
    """
    Fewest draws for which a :class:`MeanTest` resolves a discrepancy.

    Parameters
    ----------
    law : Law
    discrepancy : float
        Bias to detect, in the units of a row.
    false_alarm, miss : float
        The error rates of the test.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If the discrepancy is not positive and finite, or a rate is not strictly between 0 and 1.

    Examples
    --------
    >>> from numerics.quadratic_form import QuadraticForm
    >>> num_samples_needed(QuadraticForm((0.0,), (1.0,)), 0.1, 0.01, 0.01)
    3957
    """
    if not 0.0 < discrepancy < math.inf:
        raise ValueError(f"discrepancy must be positive and finite, not {discrepancy}")

    return _fewest(lambda n: MeanTest(law, n, false_alarm, miss).resolution <= discrepancy)


def _fewest(suffices: Callable[[int], bool]) -> int:
    """The least positive number that suffices, if all greater ones do."""
    high = 1
    while not suffices(high):
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if suffices(middle) else (middle, high)
    return high


@dataclass
class Budget:
    """
    One false-alarm budget for a whole session, shared out to its assertions.

    By the union bound, all assertions of a session together raise a false alarm with probability at most
    ``total``, whether or not they are independent.

    Parameters
    ----------
    total : float
        Strictly between 0 and 1.

    Raises
    ------
    ValueError
        If ``total`` is not strictly between 0 and 1.

    Examples
    --------
    >>> budget = Budget(1e-6)
    >>> share = budget.draw(4e-7)
    >>> round(budget.remaining * 1e7, 6)
    6.0
    """

    total: float = 1e-6
    _spent: list[float] = field(init=False, repr=False, default_factory=list)

    def __post_init__(self) -> None:
        check_rate("total", self.total)

    @property
    def remaining(self) -> float:
        """What is left to draw."""
        return max(0.0, self.total - math.fsum(self._spent))

    def draw(self, share: float) -> float:
        """
        Reserve a share for one assertion and return it.

        Raises
        ------
        ValueError
            If the share is not strictly between 0 and 1, or more than remains.
        """
        check_rate("share", share)
        # n shares of total / n may exceed the total by a rounding.
        if math.fsum([*self._spent, share]) > self.total * _SLACK:
            raise ValueError(f"error budget of {self.total:g} is spent: {self.remaining:g} left, {share:g} asked")
        self._spent.append(share)
        return share
