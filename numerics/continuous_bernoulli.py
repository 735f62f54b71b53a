r"""
The continuous Bernoulli distribution, with density proportional to :math:`\pi^x (1 - \pi)^{1 - x}` on the unit interval.

``logits`` is :math:`\ell = \log\frac\pi{1 - \pi}`. All functions take arrays of the Python array API standard or numbers,
broadcast, and keep the dtype; float32 is evaluated in float64. Values are in nats.

With :math:`h = \ell/2` the normaliser is :math:`\log\int_0^1 e^{\ell x}\,dx = h + B(h)` where

.. math:: B(h) = \log\frac{\sinh h}{h}, \qquad B'(h) = \coth h - \frac1h = 2 \sum_{k\ge1} (-1)^{k-1} \zeta(2k)
    \frac{h^{2k-1}}{\pi^{2k}}

is even and convex; the series serves near 0, where the fractions cancel.

Requirements: logits are finite; they are not checked.
"""

import math
from typing import Any

import numpy as np
from scipy.special import roots_sh_jacobi, zeta

from numerics import normal
from numerics.array import Array, as_wide_arrays, narrowed

# 2 (-1)^(k-1) zeta(2k) / pi^(2k): for |h| < 1 the first term left out is below 1e-17 of the sum.
_SERIES = tuple(2.0 * (-1) ** (k - 1) * float(zeta(2 * k)) / math.pi ** (2 * k) for k in range(1, 19))
_NODES = tuple(zip(*(np.float64(values).tolist() for values in roots_sh_jacobi(12, 2.0, 1.0)), strict=True))


def log_prob(value: Array, logits: Array) -> Array:
    r"""
    Log density, elementwise.

    Parameters
    ----------
    value, logits : array
        Of shapes that broadcast.

    Returns
    -------
    array
        :math:`\ell (x - \tfrac12) - B(\ell/2)` in nats; minus infinity outside the unit interval.

    References
    ----------
    .. [1] Loaiza-Ganem and Cunningham, The continuous Bernoulli (2019), eq. 7.

    Examples
    --------
    >>> float(log_prob(0.75, 0.0)), float(log_prob(1.5, 0.0))
    (0.0, -inf)
    """
    xp, dtype, value, logits = as_wide_arrays(value, logits)
    density = logits * (value - 0.5) - _normaliser(xp, 0.5 * logits)
    return narrowed(xp, xp.where((value >= 0.0) & (value <= 1.0), density, -math.inf * xp.ones_like(density)), dtype)


def mean(logits: Array) -> Array:
    r"""
    Mean, elementwise.

    Parameters
    ----------
    logits : array

    Returns
    -------
    array
        :math:`\tfrac12 (1 + B'(\ell/2))`.

    References
    ----------
    .. [1] Loaiza-Ganem and Cunningham, The continuous Bernoulli (2019), eq. 8.

    Examples
    --------
    >>> float(mean(0.0))
    0.5
    """
    xp, dtype, logits = as_wide_arrays(logits)
    return narrowed(xp, 0.5 + 0.5 * _slope(xp, 0.5 * logits), dtype)


def entropy(logits: Array) -> Array:
    r"""
    Differential entropy, elementwise.

    Parameters
    ----------
    logits : array

    Returns
    -------
    array
        :math:`B(h) - h B'(h)` in nats; 0 for the uniform distribution, else negative.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), eq. 8.1.

    Examples
    --------
    >>> float(entropy(0.0))
    0.0
    """
    return cross_entropy(logits, logits)


def cross_entropy(q_logits: Array, p_logits: Array) -> Array:
    r"""
    Cross-entropy :math:`-\mathbb E_q \log p`, elementwise.

    Parameters
    ----------
    q_logits, p_logits : array
        Of shapes that broadcast.

    Returns
    -------
    array
        :math:`B(h_p) - h_p B'(h_q)` in nats.

    References
    ----------
    .. [1] Loaiza-Ganem and Cunningham, The continuous Bernoulli (2019), eq. 7 and 8.

    Examples
    --------
    >>> round(float(cross_entropy(2.0, 1.0)), 12)
    -0.115192788137
    """
    xp, dtype, q_logits, p_logits = as_wide_arrays(q_logits, p_logits)
    half = 0.5 * p_logits
    return narrowed(xp, _normaliser(xp, half) - half * _slope(xp, 0.5 * q_logits), dtype)


def kl_divergence(q_logits: Array, p_logits: Array) -> Array:
    r"""
    Kullback-Leibler divergence :math:`\mathbb E_q[\log q - \log p]`, elementwise.

    Parameters
    ----------
    q_logits, p_logits : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats; never negative, exactly 0 at equality.

    Notes
    -----
    The Bregman divergence of B; near equality by its integral remainder, with :math:`\delta = h_p - h_q`,

    .. math:: B(h_p) - B(h_q) - \delta B'(h_q) = \delta^2 \int_0^1 (1 - s)\, B''(h_q + s \delta)\,ds,

    by Gauss's rule of 12 points for the weight :math:`1 - s`, where :math:`\delta^2 < \max(1, h_q^2/16)`.

    References
    ----------
    .. [1] Banerjee, Merugu, Dhillon and Ghosh, Clustering with Bregman Divergences, JMLR 6 (2005), Theorem 4.

    Examples
    --------
    >>> round(float(kl_divergence(2.0, 1.0)), 12), float(kl_divergence(0.3, 0.3))
    (0.036403135791, 0.0)
    """
    xp, dtype, q_logits, p_logits = as_wide_arrays(q_logits, p_logits)
    q, p = 0.5 * q_logits, 0.5 * p_logits
    step = 0.5 * (p_logits - q_logits)
    near = step * step < xp.where(q * q < 16.0, 1.0, q * q / 16.0)
    small = xp.where(near, step, xp.zeros_like(step))
    close: Any = 0.0
    for node, weight in _NODES:
        close = close + weight * _curvature(xp, q + node * small)
    far = _normaliser(xp, p) - _normaliser(xp, q) - step * _slope(xp, q)
    return narrowed(xp, xp.where(near, small * small * close, far), dtype)


def kl_divergence_exponential(q_logits: Array, p_rate: Array) -> Array:
    r"""
    Divergence of a continuous Bernoulli distribution from an exponential one, elementwise.

    Parameters
    ----------
    q_logits, p_rate : array
        Of shapes that broadcast.

    Returns
    -------
    array
        :math:`\lambda\, \mathbb E x - \log \lambda` less the entropy, in nats.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), eq. 8.46.

    Examples
    --------
    >>> float(kl_divergence_exponential(0.0, 1.0))
    0.5
    """
    xp, dtype, q_logits, p_rate = as_wide_arrays(q_logits, p_rate)
    return narrowed(xp, p_rate * mean(q_logits) - xp.log(p_rate) - entropy(q_logits), dtype)


def kl_divergence_normal(q_logits: Array, p_loc: Array, p_scale: Array) -> Array:
    r"""
    Divergence of a continuous Bernoulli distribution from a normal one, elementwise.

    Parameters
    ----------
    q_logits, p_loc, p_scale : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats: the normal's cross-entropy at the mean and the variance :math:`\tfrac14 B''(\ell/2)` less the entropy.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), eq. 8.46.

    Examples
    --------
    >>> round(float(kl_divergence_normal(0.0, 0.5, 1.0)), 12)
    0.960605199871
    """
    xp, dtype, q_logits, p_loc, p_scale = as_wide_arrays(q_logits, p_loc, p_scale)
    deviation = 0.5 * xp.sqrt(_curvature(xp, 0.5 * q_logits))
    cross = normal.cross_entropy(mean(q_logits), deviation, p_loc, p_scale)
    return narrowed(xp, cross - entropy(q_logits), dtype)


def kl_divergence_uniform(q_logits: Array, p_low: Array, p_high: Array) -> Array:
    r"""
    Divergence of a continuous Bernoulli distribution from a uniform one, elementwise.

    Parameters
    ----------
    q_logits, p_low, p_high : array
        Of shapes that broadcast.

    Returns
    -------
    array
        :math:`\log(h - l)` less the entropy, in nats; infinite where ``p_low > 0`` or ``p_high < 1``.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), eq. 8.46.

    Examples
    --------
    >>> float(kl_divergence_uniform(0.0, 0.0, 1.0)), float(kl_divergence_uniform(0.0, 0.5, 2.0))
    (0.0, inf)
    """
    xp, dtype, q_logits, p_low, p_high = as_wide_arrays(q_logits, p_low, p_high)
    inside = (p_low <= 0.0) & (p_high >= 1.0)
    width = xp.where(inside, p_high - p_low, xp.ones_like(p_high - p_low))
    value = kl_divergence(q_logits, xp.zeros_like(q_logits)) + xp.log(width)
    return narrowed(xp, xp.where(inside, value, math.inf * xp.ones_like(value)), dtype)


def _away(xp: Any, half: Array) -> tuple[Array, Array, Array]:
    """Whether |h| < 1, then h there (else 0), and |h| elsewhere (else 1)."""
    near = xp.abs(half) < 1.0
    return near, xp.where(near, half, xp.zeros_like(half)), xp.where(near, xp.ones_like(half), xp.abs(half))


def _normaliser(xp: Any, half: Array) -> Array:
    near, small, size = _away(xp, half)
    series = small * small * _sum(small * small, lambda k: 1.0 / (2 * k))
    return xp.where(near, series, size + xp.log1p(-xp.exp(-2.0 * size)) - xp.log(2.0 * size))


def _slope(xp: Any, half: Array) -> Array:
    near, small, size = _away(xp, half)
    sign = xp.where(half > 0.0, xp.ones_like(half), -xp.ones_like(half))
    return xp.where(near, small * _sum(small * small, lambda k: 1.0), sign * (1.0 / xp.tanh(size) - 1.0 / size))


def _curvature(xp: Any, half: Array) -> Array:
    near, small, size = _away(xp, half)
    decay = xp.exp(-size)
    inverse = 2.0 * decay / (1.0 - decay * decay)  # 1 / sinh
    return xp.where(near, _sum(small * small, lambda k: 2.0 * k - 1.0), 1.0 / (size * size) - inverse * inverse)


def _sum(square: Array, factor: Any) -> Any:
    total: Any = 0.0
    for k in range(len(_SERIES), 0, -1):
        total = total * square + factor(k) * _SERIES[k - 1]
    return total
