r"""
Probability mass functions from their definitions, for summation in ball arithmetic.

Each class holds exact parameters and :meth:`~Mass.log_prob` at a count. Those with infinitely many values have a
log-concave mass function, which the remainder's bound in :mod:`numerics.majorant` needs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from numerics.ball import Ball, Number, check_finite, check_positive, exact
from numerics.chart import LogProb, Place


@dataclass(frozen=True)
class Mass:
    """What the families share: values 0, 1, ..., up to :attr:`last`, or without end if that is None."""

    @property
    def last(self) -> int | None:
        """The largest value."""
        return None

    def centre(self) -> int:
        """A value near the mode; any is right, one near the mode is fast."""
        return 0

    def log_prob(self) -> LogProb:
        """The log probability of a count, its constants computed once; minus infinity where it is impossible."""
        raise NotImplementedError


@dataclass(frozen=True)
class Categorical(Mass):
    r"""
    Categorical on 0, ..., K - 1, of ``probs`` (normalised by their sum) or of ``logits``.

    Notes
    -----
    .. math:: \log p_k - \log \textstyle\sum_i p_i, \qquad\text{or}\qquad l_k - \log \textstyle\sum_i e^{l_i}
    """

    probs: tuple[Number, ...] = ()
    logits: tuple[Number, ...] = ()

    def __post_init__(self) -> None:
        for name in ("probs", "logits"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        _check_one_of(self.probs, self.logits)
        check_finite(*self.probs, *self.logits)
        if self.probs and (min(self.probs) < 0 or max(self.probs) == 0):
            raise ValueError(f"probs must not be negative, and not all be zero: {self.probs}")

    @property
    def last(self) -> int:
        return len(self.probs or self.logits) - 1

    def log_prob(self) -> LogProb:
        weights = [exact(p) for p in self.probs] or [exact(logit).exp() for logit in self.logits]
        logs = [_log(w) for w in weights] if self.probs else [exact(logit) for logit in self.logits]
        total = sum(weights, start=arb(0)).log()
        table = [log - total for log in logs]
        return lambda x: table[x.count] if x.count < len(table) else arb.neg_inf()


@dataclass(frozen=True)
class Bernoulli(Mass):
    r"""
    Bernoulli of ``probs``, the probability of 1, or of ``logits``, its log odds.

    Notes
    -----
    :math:`\log p` and :math:`\log(1 - p)`, or :math:`-\log(1 + e^{-l})` and :math:`-\log(1 + e^l)`.
    """

    probs: Number | None = None
    logits: Number | None = None

    def __post_init__(self) -> None:
        _check_odds(self.probs, self.logits)

    @property
    def last(self) -> int:
        return 1

    def log_prob(self) -> LogProb:
        failure, success = _log_odds(self.probs, self.logits)
        return lambda x: (failure, success)[x.count] if x.count <= 1 else arb.neg_inf()


@dataclass(frozen=True)
class Binomial(Mass):
    r"""
    Number of successes in ``total_count`` trials of probability ``probs``, or of log odds ``logits``.

    Notes
    -----
    .. math:: \log \tbinom{n}{k} + k \log p + (n - k) \log(1 - p)
    """

    total_count: int
    probs: Number | None = None
    logits: Number | None = None

    def __post_init__(self) -> None:
        _check_odds(self.probs, self.logits)
        if self.total_count < 1 or self.total_count != int(self.total_count):
            raise ValueError(f"total_count must be a positive integer, not {self.total_count}")

    @property
    def last(self) -> int:
        return int(self.total_count)

    def log_prob(self) -> LogProb:
        n = self.last
        failure, success = _log_odds(self.probs, self.logits)

        def log_prob(x: Place) -> Ball:
            if x.count > n:
                return arb.neg_inf()
            choices = arb(n + 1).lgamma() - x.log_factorial - arb(n - x.count + 1).lgamma()
            return choices + _times(x.count, success) + _times(n - x.count, failure)

        return log_prob


@dataclass(frozen=True)
class Poisson(Mass):
    r"""
    Poisson of mean ``rate``.

    Notes
    -----
    :math:`k \log\lambda - \lambda - \log k!`, whose second difference :math:`\log\frac{k}{k + 1}` is negative.
    """

    rate: Number

    def __post_init__(self) -> None:
        check_positive(rate=self.rate)

    def centre(self) -> int:
        return math.floor(self.rate)

    def log_prob(self) -> LogProb:
        rate = exact(self.rate)
        log_rate = rate.log()
        return lambda x: x.value * log_rate - rate - x.log_factorial


@dataclass(frozen=True)
class Geometric(Mass):
    r"""
    Number of failures before the first success, of probability ``probs`` or log odds ``logits``.

    Notes
    -----
    :math:`k \log(1 - p) + \log p`, linear in k.
    """

    probs: Number | None = None
    logits: Number | None = None

    def __post_init__(self) -> None:
        _check_odds(self.probs, self.logits)
        if self.probs == 0:
            raise ValueError("probs must be positive, not 0")

    @property
    def last(self) -> int | None:
        return 0 if self.probs == 1 else None

    def log_prob(self) -> LogProb:
        failure, success = _log_odds(self.probs, self.logits)
        if self.probs == 1:
            return lambda x: _times(x.count, failure) + success
        return lambda x: x.value * failure + success


def _check_one_of(probs: object, logits: object) -> None:
    given = [value for value in (probs, logits) if value is not None and not (isinstance(value, tuple) and not value)]
    if len(given) != 1:
        raise ValueError("give either probs or logits")


def _check_odds(probs: Number | None, logits: Number | None) -> None:
    _check_one_of(probs, logits)
    check_finite(*(value for value in (probs, logits) if value is not None))
    if probs is not None and not 0 <= probs <= 1:
        raise ValueError(f"probs must lie between 0 and 1, not {probs}")


def _log_odds(probs: Number | None, logits: Number | None) -> tuple[Ball, Ball]:
    """The log probabilities of failure and success."""
    if probs is not None:
        return _log(1 - exact(Fraction(probs))), _log(exact(probs))
    logit = exact(logits if logits is not None else 0)
    return -logit.exp().log1p(), -(-logit).exp().log1p()


def _log(weight: Ball) -> Ball:
    return arb.neg_inf() if weight.is_zero() else weight.log()


def _times(count: int, log: Ball) -> Ball:
    """``count * log``, and 0 where the count is: 0 to the power 0 is 1."""
    return count * log if count else arb(0)
