r"""
The Gumbel distribution of maxima, with distribution function :math:`\exp(-e^{-(x - m)/b})`.

``loc`` is m, ``scale`` is b. All functions take arrays of the Python array API standard or numbers, broadcast, and keep the
dtype. Values are in nats.

Requirements: scales are positive; they are not checked.
"""

import math

import numpy as np

from numerics import normal
from numerics.array import Array, as_arrays, as_wide_arrays, narrowed
from numerics.bregman import log_quotient, of_entropy, of_log_gamma
from numerics.excess import excess
from numerics.special_function import log_gamma

_EULER = float(np.euler_gamma)


def log_prob(value: Array, loc: Array, scale: Array) -> Array:
    r"""
    Log density, elementwise.

    Parameters
    ----------
    value, loc, scale : array
        Of shapes that broadcast.

    Returns
    -------
    array
        :math:`-y - e^{-y} - \log b` with :math:`y = (x - m)/b`, in nats.

    References
    ----------
    .. [1] Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions 2 (1995), eq. 22.28.

    Examples
    --------
    >>> float(log_prob(0.0, 0.0, 1.0))
    -1.0
    """
    xp, value, loc, scale = as_arrays(value, loc, scale)
    deviation = (value - loc) / scale
    return -deviation - xp.exp(-deviation) - xp.log(scale)


def entropy(scale: Array) -> Array:
    r"""
    Differential entropy, elementwise.

    Parameters
    ----------
    scale : array

    Returns
    -------
    array
        :math:`\log b + \gamma + 1` in nats, with Euler's constant.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), Table 17.1 (extreme value).

    Examples
    --------
    >>> round(float(entropy(1.0)), 12)
    1.577215664902
    """
    xp, scale = as_arrays(scale)
    return xp.log(scale) + (1.0 + _EULER)


def cross_entropy(q_loc: Array, q_scale: Array, p_loc: Array, p_scale: Array) -> Array:
    r"""
    Cross-entropy :math:`-\mathbb E_q \log p`, elementwise.

    Parameters
    ----------
    q_loc, q_scale, p_loc, p_scale : array
        Of shapes that broadcast.

    Returns
    -------
    array
        :math:`\log b_p + \delta + \gamma r + e^{-\delta} \Gamma(1 + r)` in nats, with :math:`r = b_q / b_p` and
        :math:`\delta = (m_q - m_p) / b_p`.

    References
    ----------
    .. [1] Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions 2 (1995), eq. 22.29 (moment generating
       function).

    Examples
    --------
    >>> round(float(cross_entropy(0.0, 1.0, 0.0, 1.0)), 12)
    1.577215664902
    """
    xp, q_loc, q_scale, p_loc, p_scale = as_arrays(q_loc, q_scale, p_loc, p_scale)
    ratio, shift = q_scale / p_scale, (q_loc - p_loc) / p_scale
    return xp.log(p_scale) + shift + _EULER * ratio + xp.exp(log_gamma(1.0 + ratio) - shift)


def kl_divergence(q_loc: Array, q_scale: Array, p_loc: Array, p_scale: Array) -> Array:
    r"""
    Kullback-Leibler divergence :math:`\mathbb E_q[\log q - \log p]`, elementwise.

    Parameters
    ----------
    q_loc, q_scale, p_loc, p_scale : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats; never negative, exactly 0 at equality. Float32 is evaluated in float64.

    Notes
    -----
    With :math:`r = b_q/b_p`, :math:`\delta = (m_q - m_p)/b_p` and :math:`T = \log\Gamma(1 + r) - \delta`,

    .. math:: -\log r + \delta + \gamma (r - 1) + e^{T} - 1
        = (e^T - 1 - T) + D_{\log\Gamma}(r, 1), \qquad D_{\log\Gamma}(r, 1) = \log\Gamma(r) + \gamma (r - 1),

    where neither is negative. :math:`D_{\log\Gamma}` is :func:`numerics.bregman.of_log_gamma` plus
    :func:`numerics.bregman.of_entropy`, and :math:`\log\Gamma(1 + r) = \log r + D_{\log\Gamma}(r, 1) - \gamma (r - 1)`.

    References
    ----------
    .. [1] Gil, Alajaji and Linder, Renyi divergence measures for commonly used univariate continuous distributions,
       Information Sciences 249 (2013), Table 3.

    Examples
    --------
    >>> round(float(kl_divergence(1.0, 1.0, 0.0, 1.0)), 12), float(kl_divergence(0.3, 2.0, 0.3, 2.0))
    (0.367879441171, 0.0)
    """
    xp, dtype, q_loc, q_scale, p_loc, p_scale = as_wide_arrays(q_loc, q_scale, p_loc, p_scale)
    ratio, growth, shift = q_scale / p_scale, (q_scale - p_scale) / p_scale, (q_loc - p_loc) / p_scale
    one = xp.ones_like(ratio)
    curvature = of_log_gamma(ratio, one, growth) + of_entropy(ratio, one, growth)
    near = xp.abs(growth) < 0.5
    logarithm = xp.where(near, xp.log1p(xp.where(near, growth, 0.0 * one)), log_quotient(q_scale, p_scale))
    rate = logarithm + (curvature - _EULER * growth) - shift
    return narrowed(xp, excess(rate) + curvature, dtype)


def kl_divergence_normal(q_loc: Array, q_scale: Array, p_loc: Array, p_scale: Array) -> Array:
    r"""
    Divergence of a Gumbel distribution from a normal one, elementwise.

    Parameters
    ----------
    q_loc, q_scale, p_loc, p_scale : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats: the normal's cross-entropy at the mean :math:`m + \gamma b` and the variance :math:`\pi^2 b^2 / 6`
        less the entropy.

    References
    ----------
    .. [1] Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions 2 (1995), eq. 22.30 and 22.31 (moments).

    Examples
    --------
    >>> round(float(kl_divergence_normal(0.0, 1.0, 0.0, 1.0)), 12)
    0.330778863631
    """
    xp, dtype, q_loc, q_scale, p_loc, p_scale = as_wide_arrays(q_loc, q_scale, p_loc, p_scale)
    mean, deviation = q_loc + _EULER * q_scale, (math.pi / math.sqrt(6.0)) * q_scale
    return narrowed(xp, normal.cross_entropy(mean, deviation, p_loc, p_scale) - entropy(q_scale), dtype)
