r"""
What is known of the law of a row, and the guarantee that an assertion about its mean can give.

*Exact* where rows have no variance; *finite-sample* where a bound holds for every number of draws; *asymptotic* where
it holds in the limit only. Rows in this field are unbounded: a bound of their range is never assumed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

Guarantee: TypeAlias = Literal["exact", "finite-sample", "asymptotic"]


class Law(Protocol):
    """What a test with a fixed number of draws needs."""

    @property
    def guarantee(self) -> Guarantee:
        """What the radii hold for."""

    def radius(self, side: Literal[-1, 1], num_samples: int, error_rate: float) -> float:
        """Distance that the mean of N rows exceeds, upwards (side 1) or downwards, at the error rate at most."""


class Wager(Protocol):
    """What a test with optional stopping needs."""

    @property
    def guarantee(self) -> Guarantee:
        """What the wagers hold for."""

    @property
    def variance(self) -> float:
        """Variance of a row, or a bound of it."""

    def wager(self, deviation: NDArray[np.float64], rate: float) -> NDArray[np.float64]:
        """A function of a row's deviation whose expected exponential is at most 1 if the mean deviation is 0."""

    def growth(self, discrepancy: float, rate: float) -> float:
        """A g such that, at this mean deviation, n wagers sum to less than n g - log(1/b) with probability <= b."""

    def best_rate(self, discrepancy: float) -> float:
        """A rate, of the sign of the discrepancy, of about the greatest growth."""


@dataclass(frozen=True)
class VarianceBound:
    r"""
    Rows of which only a bound of the variance is known, such as one that is certified by quadrature.

    Parameters
    ----------
    variance : float

    Raises
    ------
    ValueError
        If the variance is negative or not finite.

    Notes
    -----
    The mean of N rows obeys Cantelli's inequality,
    :math:`P(\bar r - \mathbb E r \ge \rho) \le \sigma^2/(\sigma^2 + N\rho^2)`. A wager is Catoni's

    .. math:: \varphi(tx) - \tfrac12 t^2\sigma^2, \qquad \varphi(y) = \operatorname{sign}(y) \log(1 + |y| + y^2/2):

    since :math:`e^{\varphi(y)} \le 1 + y + y^2/2`, its expected exponential is at most
    :math:`(1 + t^2\sigma^2/2)\, e^{-t^2\sigma^2/2} \le 1`. Outliers enter by their logarithm, so that no more than a
    variance is needed.

    References
    ----------
    .. [1] Catoni, Challenging the Empirical Mean and Empirical Variance: A Deviation Study (2012), Sec. 2.

    Examples
    --------
    >>> VarianceBound(4.0).radius(1, 100, 0.5)
    0.2
    """

    variance: float
    guarantee: Guarantee = "finite-sample"

    def __post_init__(self) -> None:
        _check_variance(self.variance)

    def radius(self, side: Literal[-1, 1], num_samples: int, error_rate: float) -> float:
        """
        Distance that the mean of N rows exceeds on one side at the error rate at most.

        Raises
        ------
        ValueError
            If ``num_samples < 1`` or the rate is not strictly between 0 and 1.
        """
        check_draws(num_samples, error_rate)
        return math.sqrt(self.variance * (1.0 - error_rate) / (error_rate * num_samples))

    def wager(self, deviation: NDArray[np.float64], rate: float) -> NDArray[np.float64]:
        """Catoni's influence less half the squared rate times the variance."""
        y = rate * deviation
        return np.sign(y) * np.log1p(np.abs(y) + 0.5 * y * y) - 0.5 * rate * rate * self.variance

    def growth(self, discrepancy: float, rate: float) -> float:
        r"""
        Growth of the wagers at a mean deviation.

        Notes
        -----
        For deviations of mean :math:`\Delta`,
        :math:`\mathbb E\, e^{-\varphi(tx)} \le 1 - t\Delta + t^2(\sigma^2 + \Delta^2)/2`, so by Markov's inequality
        :math:`\sum\varphi < n\,(t\Delta - t^2(\sigma^2 + \Delta^2)/2) - \log(1/b)` has probability at most b.
        """
        return rate * discrepancy - rate * rate * (self.variance + 0.5 * discrepancy * discrepancy)

    def best_rate(self, discrepancy: float) -> float:
        """The rate of the greatest growth."""
        return discrepancy / (2.0 * self.variance + discrepancy * discrepancy)


@dataclass(frozen=True)
class NormalApproximation:
    r"""
    Rows of a variance that was estimated; their mean is taken as normal, by the central limit theorem.

    Parameters
    ----------
    variance : float
    degrees : float
        Degrees of freedom of the estimate: one less than the rows that it is from, where those are few.

    Raises
    ------
    ValueError
        If the variance is negative or not finite.

    Notes
    -----
    Nothing holds for a finite number of draws: an approximation for what has neither a known law nor a known variance.

    Examples
    --------
    >>> round(NormalApproximation(4.0).radius(1, 100, 0.025), 3)
    0.392
    """

    variance: float
    degrees: float = math.inf
    guarantee: Guarantee = "asymptotic"

    def __post_init__(self) -> None:
        _check_variance(self.variance)

    def radius(self, side: Literal[-1, 1], num_samples: int, error_rate: float) -> float:
        """
        Distance that the mean of N normal rows exceeds on one side at the error rate: Student's quantile.

        Raises
        ------
        ValueError
            If ``num_samples < 1`` or the rate is not strictly between 0 and 1.
        """
        check_draws(num_samples, error_rate)
        quantile = ndtri(error_rate) if self.degrees == math.inf else stdtrit(self.degrees, error_rate)
        return -float(quantile) * math.sqrt(self.variance / num_samples)


def check_rate(name: str, rate: float) -> None:
    """
    Refuse a probability that bounds nothing.

    Raises
    ------
    ValueError
        If the rate is not strictly between 0 and 1.

    Examples
    --------
    >>> check_rate("miss", 0.01)
    """
    if not 0.0 < rate < 1.0:
        raise ValueError(f"{name} must lie strictly between 0 and 1, not {rate}")


def check_draws(num_samples: int, error_rate: float) -> None:
    """
    Refuse a radius of no draws, or at a rate that bounds nothing.

    Raises
    ------
    ValueError
        If ``num_samples < 1`` or the rate is not strictly between 0 and 1.
    """
    check_rate("error_rate", error_rate)
    if num_samples < 1:
        raise ValueError(f"num_samples must be positive, not {num_samples}")


def _check_variance(variance: float) -> None:
    if not 0.0 <= variance < math.inf:
        raise ValueError(f"variance must be finite and not negative, not {variance}")
