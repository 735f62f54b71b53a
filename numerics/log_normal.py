r"""
The log-normal distribution, the law of :math:`e^x` for x normal.

``loc`` and ``scale`` are the mean and the standard deviation of the logarithm. All functions take arrays of the Python
array API standard or numbers, broadcast, and keep the dtype. Values are in nats.

Requirements: scales are positive; they are not checked.
"""

import math

from numerics import normal
from numerics.array import Array, as_arrays


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
        :math:`\log \mathcal N(\log x; \mu, \sigma^2) - \log x` in nats; minus infinity where ``value`` is not positive.

    References
    ----------
    .. [1] Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions 1 (1994), eq. 14.2.

    Examples
    --------
    >>> round(float(log_prob(1.0, 0.0, 1.0)), 12)
    -0.918938533205
    """
    xp, value, loc, scale = as_arrays(value, loc, scale)
    inside = value > 0.0
    logarithm = xp.log(xp.where(inside, value, xp.ones_like(value)))
    density = normal.log_prob(logarithm, loc, scale) - logarithm
    return xp.where(inside, density, -math.inf * xp.ones_like(density))


def entropy(loc: Array, scale: Array) -> Array:
    r"""
    Differential entropy, elementwise.

    Parameters
    ----------
    loc, scale : array
        Of shapes that broadcast.

    Returns
    -------
    array
        :math:`\mu + \tfrac12 \log(2 \pi e \sigma^2)` in nats.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), Table 17.1.

    Examples
    --------
    >>> round(float(entropy(0.0, 1.0)), 12)
    1.418938533205
    """
    _, loc, scale = as_arrays(loc, scale)
    return normal.entropy(scale) + loc


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
        That of the normals plus the mean of the logarithm under q, in nats.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), eq. 8.71 (change of variables).

    Examples
    --------
    >>> round(float(cross_entropy(1.0, 2.0, 0.0, 1.0)), 12)
    4.418938533205
    """
    _, q_loc, q_scale, p_loc, p_scale = as_arrays(q_loc, q_scale, p_loc, p_scale)
    return normal.cross_entropy(q_loc, q_scale, p_loc, p_scale) + q_loc


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
    The divergence does not change under the bijection :math:`x \mapsto e^x`, so it is that of the normals,
    :func:`numerics.normal.kl_divergence`.

    References
    ----------
    .. [1] Amari, Information Geometry and Its Applications (2016), Theorem 3.1 (invariance).

    Examples
    --------
    >>> round(float(kl_divergence(0.7, 0.4, -0.6, 1.3)), 12)
    1.225992274448
    """
    return normal.kl_divergence(q_loc, q_scale, p_loc, p_scale)
