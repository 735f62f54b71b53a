r"""
The uniform distribution on an interval.

``low`` and ``high`` are its ends. All functions take arrays of the Python array API standard or numbers, broadcast, and keep
the dtype. Values are in nats.

Requirements: ``low < high``; this is not checked.
"""

import math
from typing import Any

from numerics import continuous_bernoulli, normal
from numerics.array import Array, as_arrays, as_wide_arrays, narrowed
from numerics.special_function import log_gamma, x_log_y


def log_prob(value: Array, low: Array, high: Array) -> Array:
    r"""
    Log density, elementwise.

    Parameters
    ----------
    value, low, high : array
        Of shapes that broadcast.

    Returns
    -------
    array
        :math:`-\log(h - l)` in nats from ``low`` on and below ``high``, else minus infinity.

    References
    ----------
    .. [1] Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions 2 (1995), eq. 26.1.

    Examples
    --------
    >>> round(float(log_prob(1.0, 0.0, 2.0)), 12), float(log_prob(2.0, 0.0, 2.0))
    (-0.69314718056, -inf)
    """
    xp, value, low, high = as_arrays(value, low, high)
    density = -xp.log(high - low) + xp.zeros_like(value)
    return xp.where((value >= low) & (value < high), density, -math.inf * xp.ones_like(density))


def entropy(low: Array, high: Array) -> Array:
    r"""
    Differential entropy, elementwise.

    Parameters
    ----------
    low, high : array
        Of shapes that broadcast.

    Returns
    -------
    array
        :math:`\log(h - l)` in nats.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), Example 8.1.1.

    Examples
    --------
    >>> float(entropy(1.0, 2.0))
    0.0
    """
    xp, low, high = as_arrays(low, high)
    return xp.log(high - low)


def cross_entropy(q_low: Array, q_high: Array, p_low: Array, p_high: Array) -> Array:
    r"""
    Cross-entropy :math:`-\mathbb E_q \log p`, elementwise.

    Parameters
    ----------
    q_low, q_high, p_low, p_high : array
        Of shapes that broadcast.

    Returns
    -------
    array
        :math:`\log(h_p - l_p)` in nats, infinite where q is not inside p.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), eq. 8.46.

    Examples
    --------
    >>> float(cross_entropy(0.0, 0.5, 0.0, 1.0)), float(cross_entropy(0.0, 2.0, 0.0, 1.0))
    (0.0, inf)
    """
    xp, q_low, q_high, p_low, p_high = as_arrays(q_low, q_high, p_low, p_high)
    value = xp.log(p_high - p_low) + xp.zeros_like(q_high - q_low)
    return _inside(xp, (p_low <= q_low) & (q_high <= p_high), value)


def kl_divergence(q_low: Array, q_high: Array, p_low: Array, p_high: Array) -> Array:
    r"""
    Kullback-Leibler divergence :math:`\mathbb E_q[\log q - \log p]`, elementwise.

    Parameters
    ----------
    q_low, q_high, p_low, p_high : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats; never negative, exactly 0 at equality, infinite where q is not inside p. Float32 is evaluated in float64.

    Notes
    -----
    .. math:: \log \frac{h_p - l_p}{h_q - l_q} = \log\Bigl(1 + \frac{(h_p - h_q) + (l_q - l_p)}{h_q - l_q}\Bigr),

    where neither difference is negative, and each is exact where it is small.

    References
    ----------
    .. [1] Gil, Alajaji and Linder, Renyi divergence measures for commonly used univariate continuous distributions,
       Information Sciences 249 (2013), Table 3.

    Examples
    --------
    >>> round(float(kl_divergence(0.0, 1.0, 0.0, 2.0)), 12), float(kl_divergence(0.0, 2.0, 0.0, 1.0))
    (0.69314718056, inf)
    """
    xp, dtype, q_low, q_high, p_low, p_high = as_wide_arrays(q_low, q_high, p_low, p_high)
    inside = (p_low <= q_low) & (q_high <= p_high)
    margin = ((p_high - q_high) + (q_low - p_low)) / (q_high - q_low)
    value = xp.log1p(xp.where(inside, margin, xp.zeros_like(margin)))
    return narrowed(xp, _inside(xp, inside, value), dtype)


def kl_divergence_beta(q_low: Array, q_high: Array, p_concentration1: Array, p_concentration0: Array) -> Array:
    r"""
    Divergence of a uniform distribution from a beta one, elementwise.

    Parameters
    ----------
    q_low, q_high, p_concentration1, p_concentration0 : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats, from the means of :math:`\log x` and :math:`\log(1 - x)`; infinite where q leaves the unit interval.

    Notes
    -----
    .. math:: \mathbb E \log x = \frac{h \log h - l \log l}{h - l} - 1

    References
    ----------
    .. [1] NIST Digital Library of Mathematical Functions, eq. 4.10.2 (the integral of log x).

    Examples
    --------
    >>> float(kl_divergence_beta(0.0, 1.0, 1.0, 1.0)), float(kl_divergence_beta(0.0, 2.0, 1.0, 1.0))
    (0.0, inf)
    """
    xp, dtype, q_low, q_high, a, b = as_wide_arrays(q_low, q_high, p_concentration1, p_concentration0)
    inside = (q_low >= 0.0) & (q_high <= 1.0)
    low, high = (xp.where(inside, end, 0.25 + 0.5 * xp.ones_like(end) * k) for k, end in enumerate((q_low, q_high)))
    logs = (a - 1.0) * _mean_log(low, high) + (b - 1.0) * _mean_log(1.0 - high, 1.0 - low)
    value = log_gamma(a) + log_gamma(b) - log_gamma(a + b) - logs - xp.log(high - low)
    return narrowed(xp, _inside(xp, inside, value), dtype)


def kl_divergence_continuous_bernoulli(q_low: Array, q_high: Array, p_logits: Array) -> Array:
    r"""
    Divergence of a uniform distribution from a continuous Bernoulli one, elementwise.

    Parameters
    ----------
    q_low, q_high, p_logits : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats; infinite where ``q_low < 0`` or ``q_high > 1``.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), eq. 8.46.

    Examples
    --------
    >>> float(kl_divergence_continuous_bernoulli(0.0, 1.0, 0.0)), float(kl_divergence_continuous_bernoulli(0.0, 2.0, 0.0))
    (0.0, inf)
    """
    xp, dtype, q_low, q_high, p_logits = as_wide_arrays(q_low, q_high, p_logits)
    inside = (q_low >= 0.0) & (q_high <= 1.0)
    middle = xp.where(inside, 0.5 * (q_low + q_high), 0.5 * xp.ones_like(q_low))
    value = 0.0 - continuous_bernoulli.log_prob(middle, p_logits) - xp.log(q_high - q_low)
    return narrowed(xp, _inside(xp, inside, value), dtype)


def kl_divergence_exponential(q_low: Array, q_high: Array, p_rate: Array) -> Array:
    r"""
    Divergence of a uniform distribution from an exponential one, elementwise.

    Parameters
    ----------
    q_low, q_high, p_rate : array
        Of shapes that broadcast.

    Returns
    -------
    array
        :math:`\lambda (l + h) / 2 - \log(\lambda (h - l))` in nats; infinite where ``q_low < 0``.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), eq. 8.46.

    Examples
    --------
    >>> float(kl_divergence_exponential(0.0, 1.0, 1.0)), float(kl_divergence_exponential(-1.0, 1.0, 1.0))
    (0.5, inf)
    """
    xp, dtype, q_low, q_high, p_rate = as_wide_arrays(q_low, q_high, p_rate)
    value = 0.5 * p_rate * (q_low + q_high) - xp.log(p_rate) - xp.log(q_high - q_low)
    return narrowed(xp, _inside(xp, q_low >= 0.0, value), dtype)


def kl_divergence_gamma(q_low: Array, q_high: Array, p_concentration: Array, p_rate: Array) -> Array:
    r"""
    Divergence of a uniform distribution from a gamma one, elementwise.

    Parameters
    ----------
    q_low, q_high, p_concentration, p_rate : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats; infinite where ``q_low < 0``.

    References
    ----------
    .. [1] NIST Digital Library of Mathematical Functions, eq. 4.10.2 (the integral of log x).

    Examples
    --------
    >>> float(kl_divergence_gamma(0.0, 1.0, 1.0, 1.0))
    0.5
    """
    xp, dtype, q_low, q_high, p_concentration, p_rate = as_wide_arrays(q_low, q_high, p_concentration, p_rate)
    inside = q_low >= 0.0
    low, high = (xp.where(inside, end, (1.0 + k) * xp.ones_like(end)) for k, end in enumerate((q_low, q_high)))
    logs = p_concentration * xp.log(p_rate) + (p_concentration - 1.0) * _mean_log(low, high)
    value = log_gamma(p_concentration) - logs + 0.5 * p_rate * (low + high) - xp.log(high - low)
    return narrowed(xp, _inside(xp, inside, value), dtype)


def kl_divergence_gumbel(q_low: Array, q_high: Array, p_loc: Array, p_scale: Array) -> Array:
    r"""
    Divergence of a uniform distribution from a Gumbel one, elementwise.

    Parameters
    ----------
    q_low, q_high, p_loc, p_scale : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats.

    Notes
    -----
    .. math:: \log \frac{b}{h - l} + \frac{(l + h)/2 - m}{b} + \frac{b}{h - l} \bigl(e^{-(l-m)/b} - e^{-(h-m)/b}\bigr)

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), eq. 8.46.

    Examples
    --------
    >>> round(float(kl_divergence_gumbel(0.0, 1.0, 0.0, 1.0)), 12)
    1.132120558829
    """
    xp, dtype, q_low, q_high, p_loc, p_scale = as_wide_arrays(q_low, q_high, p_loc, p_scale)
    width, start = (q_high - q_low) / p_scale, (q_low - p_loc) / p_scale
    mean_exp = -xp.expm1(-width) / width * xp.exp(-start)
    return narrowed(xp, start + 0.5 * width + mean_exp - xp.log(width), dtype)


def kl_divergence_normal(q_low: Array, q_high: Array, p_loc: Array, p_scale: Array) -> Array:
    r"""
    Divergence of a uniform distribution from a normal one, elementwise.

    Parameters
    ----------
    q_low, q_high, p_loc, p_scale : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats: the normal's cross-entropy at the middle and the variance :math:`(h - l)^2 / 12` less the entropy.

    References
    ----------
    .. [1] Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions 2 (1995), eq. 26.5 (moments).

    Examples
    --------
    >>> round(float(kl_divergence_normal(-0.5, 0.5, 0.0, 1.0)), 12)
    0.960605199871
    """
    xp, dtype, q_low, q_high, p_loc, p_scale = as_wide_arrays(q_low, q_high, p_loc, p_scale)
    width = q_high - q_low
    cross = normal.cross_entropy(q_low + 0.5 * width, width / math.sqrt(12.0), p_loc, p_scale)
    return narrowed(xp, cross - xp.log(width), dtype)


def kl_divergence_pareto(q_low: Array, q_high: Array, p_scale: Array, p_alpha: Array) -> Array:
    r"""
    Divergence of a uniform distribution from a Pareto one, elementwise.

    Parameters
    ----------
    q_low, q_high, p_scale, p_alpha : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats; infinite where ``q_low < p_scale``.

    References
    ----------
    .. [1] NIST Digital Library of Mathematical Functions, eq. 4.10.2 (the integral of log x).

    Examples
    --------
    >>> round(float(kl_divergence_pareto(1.0, 2.0, 1.0, 1.0)), 12), float(kl_divergence_pareto(0.5, 2.0, 1.0, 1.0))
    (0.77258872224, inf)
    """
    xp, dtype, q_low, q_high, p_scale, p_alpha = as_wide_arrays(q_low, q_high, p_scale, p_alpha)
    inside = q_low >= p_scale
    low, high = (xp.where(inside, end, (1.0 + k) * xp.ones_like(end)) for k, end in enumerate((q_low, q_high)))
    logs = xp.log(p_alpha) + p_alpha * xp.log(p_scale) - (p_alpha + 1.0) * _mean_log(low, high)
    return narrowed(xp, _inside(xp, inside, -logs - xp.log(high - low)), dtype)


def _mean_log(low: Array, high: Array) -> Array:
    return (x_log_y(high, high) - x_log_y(low, low)) / (high - low) - 1.0


def _inside(xp: Any, inside: Array, value: Array) -> Array:
    return xp.where(inside, value, math.inf * xp.ones_like(value))
