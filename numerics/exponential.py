r"""
The exponential distribution with density :math:`\lambda e^{-\lambda x}` on the positive numbers.

``rate`` is :math:`\lambda`. All functions take arrays of the Python array API standard or numbers, broadcast, and keep the
dtype. Values are in nats.

Requirements: rates are positive; they are not checked.
"""

import math

from numerics import gamma
from numerics.array import Array, as_arrays, as_wide_arrays, narrowed
from numerics.bregman import of_log


def log_prob(value: Array, rate: Array) -> Array:
    r"""
    Log density, elementwise.

    Parameters
    ----------
    value, rate : array
        Of shapes that broadcast.

    Returns
    -------
    array
        :math:`\log \lambda - \lambda x` in nats; minus infinity where ``value`` is negative.

    References
    ----------
    .. [1] Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions 1 (1994), eq. 19.1.

    Examples
    --------
    >>> float(log_prob(2.0, 1.0)), float(log_prob(-1.0, 1.0))
    (-2.0, -inf)
    """
    xp, value, rate = as_arrays(value, rate)
    inside = xp.log(rate) - rate * value
    return xp.where(value < 0.0, -math.inf * xp.ones_like(inside), inside)


def entropy(rate: Array) -> Array:
    r"""
    Differential entropy, elementwise.

    Parameters
    ----------
    rate : array

    Returns
    -------
    array
        :math:`1 - \log \lambda` in nats.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), Table 17.1.

    Examples
    --------
    >>> float(entropy(1.0))
    1.0
    """
    xp, rate = as_arrays(rate)
    return 1.0 - xp.log(rate)


def cross_entropy(q_rate: Array, p_rate: Array) -> Array:
    r"""
    Cross-entropy :math:`-\mathbb E_q \log p`, elementwise.

    Parameters
    ----------
    q_rate, p_rate : array
        Of shapes that broadcast.

    Returns
    -------
    array
        :math:`\lambda_p / \lambda_q - \log \lambda_p` in nats.

    References
    ----------
    .. [1] Nielsen and Nock, Entropies and cross-entropies of exponential families, ICIP (2010), eq. 7.

    Examples
    --------
    >>> float(cross_entropy(2.0, 1.0))
    0.5
    """
    xp, q_rate, p_rate = as_arrays(q_rate, p_rate)
    return p_rate / q_rate - xp.log(p_rate)


def kl_divergence(q_rate: Array, p_rate: Array) -> Array:
    r"""
    Kullback-Leibler divergence :math:`\mathbb E_q[\log q - \log p]`, elementwise.

    Parameters
    ----------
    q_rate, p_rate : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats; never negative, exactly 0 at equality. Float32 is evaluated in float64.

    Notes
    -----
    .. math:: \frac{\lambda_p}{\lambda_q} - 1 - \log \frac{\lambda_p}{\lambda_q},

    computed by :func:`numerics.bregman.of_log`.

    References
    ----------
    .. [1] Gil, Alajaji and Linder, Renyi divergence measures for commonly used univariate continuous distributions,
       Information Sciences 249 (2013), Table 3.

    Examples
    --------
    >>> round(float(kl_divergence(2.0, 1.0)), 12), float(kl_divergence(0.3, 0.3))
    (0.19314718056, 0.0)
    """
    xp, dtype, q_rate, p_rate = as_wide_arrays(q_rate, p_rate)
    return narrowed(xp, of_log(p_rate, q_rate, is_wide=q_rate.dtype != dtype), dtype)


def kl_divergence_gamma(q_rate: Array, p_concentration: Array, p_rate: Array) -> Array:
    r"""
    Divergence of an exponential distribution, the gamma with concentration 1, from a gamma one, elementwise.

    Parameters
    ----------
    q_rate, p_concentration, p_rate : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats.

    References
    ----------
    .. [1] Penny, KL-Divergences of Normal, Gamma, Dirichlet and Wishart densities (2001), eq. 15.

    Examples
    --------
    >>> float(kl_divergence_gamma(2.0, 1.0, 2.0))
    0.0
    """
    xp, q_rate, p_concentration, p_rate = as_arrays(q_rate, p_concentration, p_rate)
    return gamma.kl_divergence(xp.ones_like(q_rate), q_rate, p_concentration, p_rate)


def kl_divergence_gumbel(q_rate: Array, p_loc: Array, p_scale: Array) -> Array:
    r"""
    Divergence of an exponential distribution from a Gumbel one, elementwise.

    Parameters
    ----------
    q_rate, p_loc, p_scale : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats, by :func:`numerics.gamma.kl_divergence_gumbel`.

    References
    ----------
    .. [1] Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions 1 (1994), eq. 17.8 (moment generating
       function).

    Examples
    --------
    >>> round(float(kl_divergence_gumbel(1.0, 0.0, 1.0)), 12)
    0.5
    """
    xp, q_rate, p_loc, p_scale = as_arrays(q_rate, p_loc, p_scale)
    return gamma.kl_divergence_gumbel(xp.ones_like(q_rate), q_rate, p_loc, p_scale)


def kl_divergence_normal(q_rate: Array, p_loc: Array, p_scale: Array) -> Array:
    r"""
    Divergence of an exponential distribution from a normal one, elementwise.

    Parameters
    ----------
    q_rate, p_loc, p_scale : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats, by :func:`numerics.gamma.kl_divergence_normal`.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), eq. 8.46.

    Examples
    --------
    >>> round(float(kl_divergence_normal(1.0, 1.0, 1.0)), 12)
    0.418938533205
    """
    xp, q_rate, p_loc, p_scale = as_arrays(q_rate, p_loc, p_scale)
    return gamma.kl_divergence_normal(xp.ones_like(q_rate), q_rate, p_loc, p_scale)
