r"""
A statistical assertion under optional stopping: its user may look after every draw, and stop whenever he likes.

Both error rates hold at every moment at once, since they rest on supermartingales (:class:`numerics.law.Wager`), for
rows that are unbounded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from numerics.law import Guarantee, Wager, check_rate


@dataclass(frozen=True)
class SequentialTest:
    r"""
    The assertion that the mean of independent rows has an expected value, looked at after every draw.

    Parameters
    ----------
    law : Wager
        What is known of a row about its mean: a :class:`~numerics.quadratic_form.QuadraticForm`, or a
        :class:`~numerics.law.VarianceBound`.
    discrepancy : float
        The bias to detect, in the units of a row.
    false_alarm : float
        Upper bound on the probability that a right mean is ever rejected, however the user stops.
    miss : float
        Upper bound on the probability that a mean wrong by ``discrepancy`` or more, the law about it being as
        declared, ever passes, however the user stops.

    Raises
    ------
    ValueError
        If the discrepancy is not positive and finite, a rate is not strictly between 0 and 1, or the law has no
        variance (one draw then decides).

    Notes
    -----
    The law offers, for each rate t, a wager :math:`W_t` whose expected exponential is at most 1 if the mean deviation
    is 0; so :math:`M_n = \exp \sum_{i \le n} W_t(x_i - \mu)` is a supermartingale, and by Ville's inequality
    :math:`P(\exists n: M_n \ge 1/\alpha) \le \alpha`. For the asserted mean two wagers are made, of rates
    :math:`t_+ > 0 > t_-`, each with half of the false alarms; either reaching its bound rejects. For the biases
    :math:`\pm\Delta` two wagers are made with half of the misses; both reaching their bound accepts. After
    :attr:`num_samples` draws the test accepts what it has not rejected: by then a bias of :math:`\Delta` is rejected
    but for the other half of the misses, since with :math:`g = \sup_t` :meth:`~numerics.law.Wager.growth`,
    :math:`n g \ge \log(2/\alpha) + \log(2/\beta)`.

    References
    ----------
    .. [1] Ville, Etude critique de la notion de collectif (1939), Chapter V.
    .. [2] Wald, Sequential Tests of Statistical Hypotheses (1945), Sec. 3.
    .. [3] Wang and Ramdas, Catoni-Style Confidence Sequences for Heavy-Tailed Mean Estimation (2023), Sec. 3.

    Examples
    --------
    >>> from numerics.law import VarianceBound
    >>> test = SequentialTest(VarianceBound(1.0), discrepancy=0.5, false_alarm=0.01, miss=0.01)
    >>> test.num_samples
    191
    >>> rng = np.random.default_rng(0)
    >>> test.verdict(0.7 + rng.standard_normal(191), expected=0.7).passed
    True
    >>> test.verdict(1.2 + rng.standard_normal(191), expected=0.7).passed
    False
    """

    law: Wager
    discrepancy: float
    false_alarm: float
    miss: float
    num_samples: int = field(init=False)
    _rates: tuple[float, float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_rate("false_alarm", self.false_alarm)
        check_rate("miss", self.miss)
        if not 0.0 < self.discrepancy < math.inf:
            raise ValueError(f"discrepancy must be positive and finite, not {self.discrepancy}")
        if self.law.variance == 0.0:
            raise ValueError("rows without variance need one draw, not a sequence")
        rates = self.law.best_rate(-self.discrepancy), self.law.best_rate(self.discrepancy)
        slowest = min(self.law.growth(sign * self.discrepancy, t) for sign, t in zip((-1, 1), rates, strict=True))
        bounds = math.log(2.0 / self.false_alarm) + math.log(2.0 / self.miss)
        object.__setattr__(self, "_rates", rates)
        object.__setattr__(self, "num_samples", math.ceil(bounds / slowest))

    def start(self) -> Progress:
        """The state before the first draw."""
        return Progress(self)

    def verdict(self, rows: ArrayLike, expected: float) -> Progress:
        """
        The state after the rows, looked at one by one until it is decided.

        Parameters
        ----------
        rows : array, shape (N,)
        expected : float

        Returns
        -------
        Progress
        """
        return self.start().after(rows, expected)

    def decide(self, rows: ArrayLike, expected: float) -> NDArray[np.int8]:
        """
        The decision after each prefix of rows: 1 passed, -1 failed, 0 open; the first that is not open counts.

        Parameters
        ----------
        rows : array, shape (..., N)
        expected : float

        Returns
        -------
        array of int8, shape (..., N)
        """
        logs = np.cumsum(self._wagers(rows, expected), axis=-1)
        return _decisions(logs, np.arange(1, np.shape(rows)[-1] + 1), self)

    def _wagers(self, rows: ArrayLike, expected: float) -> NDArray[np.float64]:
        """Two wagers against the asserted mean, then two against the biases; shape (4, ..., N)."""
        deviation = np.asarray(rows, dtype=np.float64) - expected
        low, high = self._rates
        return np.stack(
            [
                self.law.wager(deviation, low),
                self.law.wager(deviation, high),
                self.law.wager(deviation + self.discrepancy, -low),
                self.law.wager(deviation - self.discrepancy, -high),
            ]
        )


@dataclass(frozen=True)
class Progress:
    """
    State of a :class:`SequentialTest`: four logarithms, the number of draws and the decision so far.

    Examples
    --------
    >>> from numerics.law import VarianceBound
    >>> state = SequentialTest(VarianceBound(1.0), 0.5, 0.01, 0.01).start()
    >>> state.after([0.3, 0.1], expected=0.2).passed is None
    True
    """

    test: SequentialTest
    num_samples: int = 0
    passed: bool | None = None
    logs: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0)

    @property
    def guarantee(self) -> Guarantee:
        """What the error rates rest on; they hold under optional stopping."""
        return self.test.law.guarantee

    def after(self, rows: ArrayLike, expected: float) -> Progress:
        """The state after further rows, shape (N,); a decision once taken stays. A NaN fails."""
        rows = np.asarray(rows, dtype=np.float64)
        if self.passed is not None or rows.size == 0:
            return self
        logs = np.asarray(self.logs)[:, None] + np.cumsum(self.test._wagers(rows, expected), axis=-1)
        decisions = _decisions(logs, self.num_samples + np.arange(1, rows.size + 1), self.test)
        decided = np.flatnonzero(decisions)
        last = int(decided[0]) if decided.size else rows.size - 1
        passed: dict[int, bool | None] = {-1: False, 0: None, 1: True}
        return Progress(
            self.test, self.num_samples + last + 1, passed[int(decisions[last])], tuple(logs[:, last].tolist())
        )


def _decisions(logs: NDArray[np.float64], counts: NDArray[np.int_], test: SequentialTest) -> NDArray[np.int8]:
    failed = (logs[:2] >= math.log(2.0 / test.false_alarm)).any(axis=0) | np.isnan(logs).any(axis=0)
    accepted = (logs[2:] >= math.log(2.0 / test.miss)).all(axis=0) | (counts >= test.num_samples)
    return np.where(failed, -1, np.where(accepted, 1, 0)).astype(np.int8)
