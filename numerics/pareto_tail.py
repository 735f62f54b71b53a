r"""
The tail of importance weights: how heavy it is, and whether their mean can be trusted.

The largest weights beyond a cutoff are nearly generalised Pareto, with density
:math:`\frac1\sigma (1 + k y/\sigma)^{-1/k - 1}` of the exceedance y. A shape k below 1/2 means a finite variance, below
1 a finite mean; a fitted shape above about 0.7 means that a mean of any practical number of weights converges too
slowly to be trusted, and shows no sign of it in its own standard error.

References
----------
.. [1] Vehtari, Simpson, Gelman, Yao and Gabry, Pareto Smoothed Importance Sampling, JMLR 25 (2024), Sec. 3 and App. C.
.. [2] Zhang and Stephens, A New and Efficient Estimation Method for the Generalized Pareto Distribution,
   Technometrics 51 (2009), Sec. 3.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_FEWEST = 5  # exceedances that a shape can be fitted to
_EQUAL = 1e-6  # relative difference of weights that is none: their rounding in single precision


def tail_length(num_samples: int) -> int:
    """
    Number of the largest weights that are taken as the tail.

    Examples
    --------
    >>> tail_length(100), tail_length(5000)
    (20, 213)
    """
    return math.ceil(min(0.2 * num_samples, 3.0 * math.sqrt(num_samples)))


def threshold(num_samples: int) -> float:
    """
    Largest fitted shape at which a mean of so many weights is trusted.

    Examples
    --------
    >>> threshold(100), threshold(5000)
    (0.5, 0.7)
    """
    return min(1.0 - 1.0 / math.log10(num_samples), 0.7) if num_samples > 1 else -math.inf


def weight_shape(largest: Floats) -> Floats:
    """
    Shape of the tail of some sets of weights, fitted to the largest of each.

    Parameters
    ----------
    largest : array, shape (B, M + 1)
        Logarithms of the M weights of the tail and of the next smaller one, which is the cutoff; in any order.

    Returns
    -------
    array, shape (B,)
        Minus infinity where all weights of the tail are equal to a millionth; NaN, which no threshold admits, where more than a
        quarter of them equals the cutoff; infinity where M is below five.

    Examples
    --------
    >>> weight_shape(np.array([[0.0] * 8]))
    array([-inf])
    """
    ordered = np.sort(largest, axis=-1)
    if ordered.shape[-1] <= _FEWEST:
        return np.full(len(ordered), math.inf)
    top = ordered[:, -1:]
    exceedances = np.exp(ordered[:, 1:] - top) - np.exp(ordered[:, :1] - top)
    constant = exceedances[:, -1] <= _EQUAL
    tied = exceedances[:, _quartile(exceedances)] == 0.0
    exceedances[constant | tied] = 1.0 + np.arange(exceedances.shape[-1])  # anything that can be fitted
    shape = pareto_shape(exceedances)
    return np.where(constant, -math.inf, np.where(tied, math.nan, shape))


def pareto_shape(exceedances: Floats) -> Floats:
    r"""
    Shape k of generalised Pareto distributions, from draws of each.

    Parameters
    ----------
    exceedances : array, shape (B, M)
        Non-negative, ascending, more than three quarters of them positive.

    Returns
    -------
    array, shape (B,)

    Notes
    -----
    With :math:`\theta = -k/\sigma`, the likelihood profiled over k at given :math:`\theta` is
    :math:`\ell(\theta) = M(\log(-\theta/k) - k - 1)`, :math:`k = \operatorname{mean} \log(1 - \theta y)`. The estimate
    is k at the mean of :math:`\theta` under that likelihood and a prior that depends on the data's range, on a grid;
    then k is drawn to 1/2 with the weight of ten draws. [2]_, [1]_ App. C.

    Examples
    --------
    >>> uniform = (np.arange(1000.0) + 0.5)[None] / 1000  # k = -1
    >>> exponential = -np.log1p(-uniform)  # k = 0
    >>> pareto = uniform / (1 - uniform)  # k = 1
    >>> np.round(pareto_shape(np.concatenate([uniform, exponential, pareto])), 1)
    array([-1.,  0.,  1.])
    """
    size = exceedances.shape[-1]
    points = 30 + math.isqrt(size)
    steps = 1.0 - np.sqrt(points / (np.arange(1.0, points + 1.0) - 0.5))  # (G,)
    quartile, largest = exceedances[:, [_quartile(exceedances)]], exceedances[:, -1:]
    theta = 1.0 / largest + steps / (3.0 * quartile)  # (B, G)
    shape = np.stack([_profiled(t, exceedances) for t in theta.T], axis=-1)
    likelihood = size * (np.log(-theta / shape) - shape - 1.0)
    weights = np.exp(likelihood - likelihood.max(axis=-1, keepdims=True))
    mean = (weights * theta).sum(axis=-1) / weights.sum(axis=-1)
    fitted: Floats = (size * _profiled(mean, exceedances) + 10.0 * 0.5) / (size + 10.0)
    return fitted


def _profiled(theta: Floats, exceedances: Floats) -> Floats:
    """The shape of greatest likelihood at given theta, shape (B,)."""
    shape: Floats = np.log1p(-theta[:, None] * exceedances).mean(axis=-1)
    return shape


def _quartile(exceedances: Floats) -> int:
    return int(exceedances.shape[-1] / 4 + 0.5) - 1
