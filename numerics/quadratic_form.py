r"""
Quadratic forms of standard normal noise: the exact law of the rows of a normal divergence's estimators.

Reparameterised rows are

.. math:: \text{row} - \mathbb E\,\text{row} = \sum_j a_j (\varepsilon_j^2 - 1) + b_j \varepsilon_j.

They are unbounded, but their cumulant generating function :math:`K` is known, so Chernoff's bound on the mean of N
independent rows, :math:`P(\bar r - \mathbb E r \ge \rho) \le e^{-N (t\rho - K(t))}` for every t > 0, holds for
every N, without a limit theorem and without an estimated variance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar

from numerics.excess import excess
from numerics.law import Guarantee, check_draws, check_rate

_SLACK = 1.0 + 1e-9


@dataclass(frozen=True)
class QuadraticForm:
    r"""
    Law of :math:`\sum_j a_j (\varepsilon_j^2 - 1) + b_j \varepsilon_j` for independent standard normal noise.

    Parameters
    ----------
    square, linear : tuple of float, length D
        The coefficients a and b.

    Raises
    ------
    ValueError
        If the lengths differ or a coefficient is not finite.

    Examples
    --------
    >>> QuadraticForm((0.5,), (1.0,)).variance
    1.5
    """

    square: tuple[float, ...]
    linear: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.square) != len(self.linear):
            raise ValueError(f"square and linear differ in length: {len(self.square)} and {len(self.linear)}")
        if not all(map(math.isfinite, self.square + self.linear)):
            raise ValueError("coefficients must be finite")

    @property
    def guarantee(self) -> Guarantee:
        """Exact for rows without variance; else finite-sample, by Chernoff's bound."""
        return "finite-sample" if self.variance else "exact"

    @property
    def variance(self) -> float:
        """Variance of one row."""
        return math.fsum(2.0 * a * a + b * b for a, b in zip(self.square, self.linear, strict=True))

    def cumulant(self, t: float) -> float:
        r"""
        Cumulant generating function :math:`K(t) = \log \mathbb E\, e^{t\,\text{row}}` of the centred row.

        Returns
        -------
        float
            Infinite where the expectation is.

        Notes
        -----
        .. math:: K(t) = \sum_j -\tfrac12 \log(1 - 2 t a_j) - t a_j + \frac{t^2 b_j^2}{2 (1 - 2 t a_j)},
            \qquad 2 t a_j < 1,

        by completing the square in each factor :math:`\mathbb E\, e^{t (a \varepsilon^2 + b \varepsilon)}`.

        References
        ----------
        .. [1] Mathai and Provost, Quadratic Forms in Random Variables (1992), Sec. 3.2a (moment generating function).
        """
        a, b = np.asarray(self.square), np.asarray(self.linear)
        if np.any(2.0 * t * a >= 1.0):
            return math.inf
        squares = 0.5 * excess(np.log1p(-2.0 * t * a))
        return float((squares + (t * b) ** 2 / (2.0 * (1.0 - 2.0 * t * a))).sum())

    def deviation(self, num_samples: int, error_rate: float) -> tuple[float, float]:
        """
        Radii ``(below, above)`` that the mean of N rows exceeds on either side with half the error rate at most.

        Raises
        ------
        ValueError
            If ``num_samples < 1`` or the rate is not strictly between 0 and 1.

        Examples
        --------
        >>> below, above = QuadraticForm((0.5,), (0.0,)).deviation(100, 0.01)
        >>> below < above  # a chi-square has its long tail on the right
        True
        """
        check_rate("error_rate", error_rate)
        half = error_rate / 2.0
        return self.radius(-1, num_samples, half), self.radius(1, num_samples, half)

    def radius(self, side: Literal[-1, 1], num_samples: int, error_rate: float) -> float:
        r"""
        Distance that the mean of N rows exceeds, upwards (side 1) or downwards (side -1), at the error rate at most.

        Raises
        ------
        ValueError
            As for :meth:`deviation`.

        Notes
        -----
        Chernoff's bound equals the rate :math:`\alpha` at :math:`\rho = (K(\pm t) + \log(1/\alpha)/N)/t`. Every
        t > 0 gives a radius that holds, so an inexact minimiser costs sharpness, not validity; the last factor
        covers the rounding of the evaluation.
        """
        check_draws(num_samples, error_rate)
        if self.variance == 0.0:
            return 0.0
        level = -math.log(error_rate) / num_samples
        centre = math.sqrt(2.0 * level / self.variance)
        pole = max((2.0 * side * a for a in self.square), default=0.0)
        limit = (1.0 - 1e-9) / pole if pole > 0.0 else math.inf

        def radius(log_t: float) -> float:
            t = math.exp(log_t)
            return (self.cumulant(side * t) + level) / t

        low, high = math.log(min(centre, limit)) - 10.0, math.log(min(centre * math.e**10, limit))
        found = minimize_scalar(radius, bounds=(low, high), method="bounded", options={"xatol": 1e-7})
        return float(found.fun) * _SLACK

    def wager(self, deviation: NDArray[np.float64], rate: float) -> NDArray[np.float64]:
        """The deviation times the rate less the cumulant: its expected exponential is 1."""
        return rate * deviation - self.cumulant(rate)

    def growth(self, discrepancy: float, rate: float) -> float:
        r"""
        Growth of the wagers at a mean deviation, by Chernoff's bound.

        Notes
        -----
        At mean deviation :math:`\Delta` the wager is :math:`t\Delta - K(t)` plus t times a centred row, whose sum over
        n rows is below :math:`-nK(-t) - \log(1/b)` with probability at most b.
        """
        return rate * discrepancy - self.cumulant(rate) - self.cumulant(-rate)

    def best_rate(self, discrepancy: float) -> float:
        """A rate of the sign of the discrepancy with about the greatest growth."""
        centre = discrepancy / (2.0 * self.variance)
        pole = max(abs(2.0 * a) for a in self.square)
        limit = (1.0 - 1e-9) / pole if pole > 0.0 else math.inf
        high = math.log(min(abs(centre) * math.e**3, limit))

        def loss(log_t: float) -> float:
            return -self.growth(discrepancy, math.copysign(math.exp(log_t), discrepancy))

        found = minimize_scalar(loss, bounds=(high - 10.0, high), method="bounded", options={"xatol": 1e-6})
        return math.copysign(math.exp(found.x), discrepancy)


def kl_divergence_law(loc: ArrayLike, scale: ArrayLike, p_loc: ArrayLike, p_scale: ArrayLike) -> QuadraticForm:
    r"""
    Law of a row of the reparameterised estimator of the divergence of two diagonal normals.

    Parameters
    ----------
    loc, scale, p_loc, p_scale : array, shape (D,)

    Returns
    -------
    QuadraticForm

    Raises
    ------
    ValueError
        If the shapes differ or a scale is not positive.

    Notes
    -----
    Put :math:`z = \mu + \sigma\varepsilon` into :math:`\log q(z) - \log p(z)`, coordinate by coordinate, for p
    with location m and scale s:

    .. math:: -\frac{\varepsilon^2}{2} - \log\sigma + \frac{(\mu - m + \sigma\varepsilon)^2}{2 s^2} + \log s
        = \text{const} + \underbrace{\tfrac12\Bigl(\frac{\sigma^2}{s^2} - 1\Bigr)}_{a} \varepsilon^2
        + \underbrace{\frac{\sigma(\mu - m)}{s^2}}_{b} \varepsilon.

    Only the law about the mean is used: the mean itself, which is the divergence, stays unknown here.

    Examples
    --------
    >>> kl_divergence_law([0.0, 1.0], [1.0, 2.0], [0.0, 0.0], [1.0, 1.0])
    QuadraticForm(square=(0.0, 1.5), linear=(0.0, 2.0))
    """
    loc, scale, p_loc, p_scale = _checked(loc, scale, p_loc, p_scale)
    square = ((scale - p_scale) / p_scale) * ((scale + p_scale) / p_scale) / 2.0
    linear = (scale / p_scale) * ((loc - p_loc) / p_scale)
    return QuadraticForm(tuple(square.tolist()), tuple(linear.tolist()))


def kl_divergence_gradient_laws(
    loc: ArrayLike, scale: ArrayLike, p_loc: ArrayLike, p_scale: ArrayLike
) -> tuple[list[QuadraticForm], list[QuadraticForm]]:
    r"""
    Laws of the pathwise derivatives of that estimator, coordinate by coordinate.

    Parameters
    ----------
    loc, scale, p_loc, p_scale : array, shape (D,)

    Returns
    -------
    tuple of list of QuadraticForm
        ``(d/dloc, d/dscale)``, each with D laws.

    Raises
    ------
    ValueError
        If the shapes differ or a scale is not positive.

    Notes
    -----
    The derivatives of the row shown at :func:`kl_divergence_law` at fixed noise are

    .. math:: \frac{\mu - m}{s^2} + \frac{\sigma}{s^2}\,\varepsilon
        \qquad\text{and}\qquad
        -\frac1\sigma + \frac{\mu - m}{s^2}\,\varepsilon + \frac{\sigma}{s^2}\,\varepsilon^2.

    Examples
    --------
    >>> in_loc, in_scale = kl_divergence_gradient_laws([1.0], [2.0], [0.0], [1.0])
    >>> in_loc[0], in_scale[0]
    (QuadraticForm(square=(0.0,), linear=(2.0,)), QuadraticForm(square=(2.0,), linear=(1.0,)))
    """
    loc, scale, p_loc, p_scale = _checked(loc, scale, p_loc, p_scale)
    spread = (scale / p_scale / p_scale).tolist()
    shift = ((loc - p_loc) / p_scale / p_scale).tolist()
    in_loc = [QuadraticForm((0.0,), (b,)) for b in spread]
    in_scale = [QuadraticForm((a,), (b,)) for a, b in zip(spread, shift, strict=True)]
    return in_loc, in_scale


def _checked(*parameters: ArrayLike) -> list[NDArray[np.float64]]:
    arrays = [np.atleast_1d(np.asarray(values, dtype=np.float64)) for values in parameters]
    if len({array.shape for array in arrays}) != 1 or arrays[0].ndim != 1:
        raise ValueError(f"need four arrays of one shape (D,), not {[array.shape for array in arrays]}")
    for scale in (arrays[1], arrays[3]):
        if not np.all(scale > 0.0):
            raise ValueError(f"scale must be positive, not {scale}")
    return arrays
