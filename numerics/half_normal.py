r"""
The half-normal distribution, the law of :math:`|x|` for x normal with mean 0.

``scale`` is the standard deviation of the normal that is folded, not that of the folded one. All functions take arrays of
the Python array API standard or numbers, broadcast, and keep the dtype. Values are in nats.

Requirements: scales are positive; they are not checked.
"""

import math

from numerics import normal
from numerics.array import Array, as_arrays

_LOG_TWO = math.log(2.0)


def log_prob(value: Array, scale: Array) -> Array:
    r"""
    Log density, elementwise.

    Parameters
    ----------
    value, scale : array
        Of shapes that broadcast.

    Returns
    -------
    array
        :math:`\log 2 + \log \mathcal N(x; 0, \sigma^2)` in nats; minus infinity where ``value`` is negative.

    References
    ----------
    .. [1] Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions 1 (1994), Sec. 10.1.

    Examples
    --------
    >>> round(float(log_prob(0.0, 1.0)), 12)
    -0.225791352645
    """
    xp, value, scale = as_arrays(value, scale)
    density = normal.log_prob(value, xp.zeros_like(scale), scale) + _LOG_TWO
    return xp.where(value < 0.0, -math.inf * xp.ones_like(density), density)


def entropy(scale: Array) -> Array:
    r"""
    Differential entropy, elementwise.

    Parameters
    ----------
    scale : array

    Returns
    -------
    array
        :math:`\tfrac12 \log(\pi e \sigma^2 / 2)` in nats: log 2 less than the normal's.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), Example 8.1.2.

    Examples
    --------
    >>> round(float(entropy(1.0)), 12)
    0.725791352645
    """
    return normal.entropy(scale) - _LOG_TWO


def cross_entropy(q_scale: Array, p_scale: Array) -> Array:
    r"""
    Cross-entropy :math:`-\mathbb E_q \log p`, elementwise.

    Parameters
    ----------
    q_scale, p_scale : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats.

    References
    ----------
    .. [1] Kingma and Welling, Auto-Encoding Variational Bayes (2014), Appendix B (for the standard normal).

    Examples
    --------
    >>> round(float(cross_entropy(2.0, 1.0)), 12)
    2.225791352645
    """
    xp, q_scale, p_scale = as_arrays(q_scale, p_scale)
    zero = xp.zeros_like(q_scale)
    return normal.cross_entropy(zero, q_scale, zero, p_scale) - _LOG_TWO


def kl_divergence(q_scale: Array, p_scale: Array) -> Array:
    r"""
    Kullback-Leibler divergence :math:`\mathbb E_q[\log q - \log p]`, elementwise.

    Parameters
    ----------
    q_scale, p_scale : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats; never negative, exactly 0 at equality. Float32 is evaluated in float64.

    Notes
    -----
    The modulus is a sufficient statistic of a centred normal, so the divergence is that of the normals,
    :func:`numerics.normal.kl_divergence`.

    References
    ----------
    .. [1] Gil, Alajaji and Linder, Renyi divergence measures for commonly used univariate continuous distributions,
       Information Sciences 249 (2013), Table 3.

    Examples
    --------
    >>> round(float(kl_divergence(2.0, 1.0)), 12)
    0.80685281944
    """
    xp, q_scale, p_scale = as_arrays(q_scale, p_scale)
    zero = xp.zeros_like(q_scale)
    return normal.kl_divergence(zero, q_scale, zero, p_scale)
