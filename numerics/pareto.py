r"""
The Pareto distribution with density :math:`\alpha m^\alpha / x^{\alpha + 1}` from m on.

``scale`` is m, the lower end of the support, ``alpha`` is the exponent. All functions take arrays of the Python array API
standard or numbers, broadcast, and keep the dtype. Values are in nats.

Requirements: both parameters are positive; they are not checked.
"""

import math

from numerics import normal
from numerics.array import Array, as_arrays, as_wide_arrays, narrowed
from numerics.bregman import log_quotient, of_log
from numerics.special_function import log_gamma


def log_prob(value: Array, scale: Array, alpha: Array) -> Array:
    r"""
    Log density, elementwise.

    Parameters
    ----------
    value, scale, alpha : array
        Of shapes that broadcast.

    Returns
    -------
    array
        :math:`\log \alpha + \alpha \log m - (\alpha + 1) \log x` in nats; minus infinity where ``value < scale``.

    References
    ----------
    .. [1] Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions 1 (1994), eq. 20.3.

    Examples
    --------
    >>> round(float(log_prob(2.0, 1.0, 1.0)), 12), float(log_prob(0.5, 1.0, 1.0))
    (-1.38629436112, -inf)
    """
    xp, value, scale, alpha = as_arrays(value, scale, alpha)
    inside = value >= scale
    value = xp.where(inside, value, scale)
    density = xp.log(alpha) + alpha * xp.log(scale) - (alpha + 1.0) * xp.log(value)
    return xp.where(inside, density, -math.inf * xp.ones_like(density))


def entropy(scale: Array, alpha: Array) -> Array:
    r"""
    Differential entropy, elementwise.

    Parameters
    ----------
    scale, alpha : array
        Of shapes that broadcast.

    Returns
    -------
    array
        :math:`\log(m / \alpha) + 1 + 1/\alpha` in nats.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), Table 17.1.

    Examples
    --------
    >>> float(entropy(1.0, 1.0))
    2.0
    """
    xp, scale, alpha = as_arrays(scale, alpha)
    return xp.log(scale / alpha) + 1.0 + 1.0 / alpha


def cross_entropy(q_scale: Array, q_alpha: Array, p_scale: Array, p_alpha: Array) -> Array:
    r"""
    Cross-entropy :math:`-\mathbb E_q \log p`, elementwise.

    Parameters
    ----------
    q_scale, q_alpha, p_scale, p_alpha : array
        Of shapes that broadcast.

    Returns
    -------
    array
        :math:`-\log \alpha_p - \alpha_p \log m_p + (\alpha_p + 1)(\log m_q + 1/\alpha_q)` in nats; infinite where
        ``q_scale < p_scale``.

    References
    ----------
    .. [1] Nielsen and Nock, Entropies and cross-entropies of exponential families, ICIP (2010), eq. 7.

    Examples
    --------
    >>> float(cross_entropy(1.0, 1.0, 1.0, 1.0)), float(cross_entropy(1.0, 1.0, 2.0, 1.0))
    (2.0, inf)
    """
    xp, q_scale, q_alpha, p_scale, p_alpha = as_arrays(q_scale, q_alpha, p_scale, p_alpha)
    mean_log = xp.log(q_scale) + 1.0 / q_alpha
    value = (p_alpha + 1.0) * mean_log - xp.log(p_alpha) - p_alpha * xp.log(p_scale)
    return xp.where(q_scale < p_scale, math.inf * xp.ones_like(value), value)


def kl_divergence(q_scale: Array, q_alpha: Array, p_scale: Array, p_alpha: Array) -> Array:
    r"""
    Kullback-Leibler divergence :math:`\mathbb E_q[\log q - \log p]`, elementwise.

    Parameters
    ----------
    q_scale, q_alpha, p_scale, p_alpha : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats; never negative, exactly 0 at equality, infinite where ``q_scale < p_scale``. Float32 is evaluated in
        float64.

    Notes
    -----
    .. math:: \alpha_p \log \frac{m_q}{m_p} + \Bigl(\frac{\alpha_p}{\alpha_q} - 1 - \log\frac{\alpha_p}{\alpha_q}\Bigr):

    from q to the distribution with its exponent and the lower end of p, and on to p, which is the divergence of the
    exponential distributions of :math:`\log(x/m)`.

    References
    ----------
    .. [1] Gil, Alajaji and Linder, Renyi divergence measures for commonly used univariate continuous distributions,
       Information Sciences 249 (2013), Table 3.

    Examples
    --------
    >>> round(float(kl_divergence(2.0, 1.0, 1.0, 1.0)), 12), float(kl_divergence(1.0, 1.0, 2.0, 1.0))
    (0.69314718056, inf)
    """
    xp, dtype, q_scale, q_alpha, p_scale, p_alpha = as_wide_arrays(q_scale, q_alpha, p_scale, p_alpha)
    growth = (q_scale - p_scale) / p_scale
    near = xp.abs(growth) < 0.5
    small = xp.log1p(xp.where(near, growth, xp.zeros_like(growth)))
    value = p_alpha * xp.where(near, small, log_quotient(q_scale, p_scale)) + of_log(p_alpha, q_alpha)
    return narrowed(xp, xp.where(q_scale < p_scale, math.inf * xp.ones_like(value), value), dtype)


def kl_divergence_exponential(q_scale: Array, q_alpha: Array, p_rate: Array) -> Array:
    r"""
    Divergence of a Pareto distribution from an exponential one, elementwise.

    Parameters
    ----------
    q_scale, q_alpha, p_rate : array
        Of shapes that broadcast.

    Returns
    -------
    array
        :math:`\lambda\, \mathbb E x - \log \lambda` less the entropy, in nats; infinite where ``q_alpha <= 1``.

    References
    ----------
    .. [1] Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions 1 (1994), eq. 20.11 (mean).

    Examples
    --------
    >>> round(float(kl_divergence_exponential(1.0, 2.0, 1.0)), 12), float(kl_divergence_exponential(1.0, 1.0, 1.0))
    (1.19314718056, inf)
    """
    xp, dtype, q_scale, q_alpha, p_rate = as_wide_arrays(q_scale, q_alpha, p_rate)
    finite = q_alpha > 1.0
    alpha = xp.where(finite, q_alpha, 2.0 * xp.ones_like(q_alpha))
    value = p_rate * (q_scale * (alpha / (alpha - 1.0))) - xp.log(p_rate) - entropy(q_scale, alpha)
    return narrowed(xp, xp.where(finite, value, math.inf * xp.ones_like(value)), dtype)


def kl_divergence_gamma(q_scale: Array, q_alpha: Array, p_concentration: Array, p_rate: Array) -> Array:
    r"""
    Divergence of a Pareto distribution from a gamma one, elementwise.

    Parameters
    ----------
    q_scale, q_alpha, p_concentration, p_rate : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats, from the means of x and of log x; infinite where ``q_alpha <= 1``.

    References
    ----------
    .. [1] Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions 1 (1994), eq. 20.11 (mean).

    Examples
    --------
    >>> round(float(kl_divergence_gamma(1.0, 2.0, 1.0, 1.0)), 12)
    1.19314718056
    """
    xp, dtype, q_scale, q_alpha, p_concentration, p_rate = as_wide_arrays(q_scale, q_alpha, p_concentration, p_rate)
    exponential = kl_divergence_exponential(q_scale, q_alpha, p_rate)
    mean_log = xp.log(q_scale) + 1.0 / q_alpha
    rest = log_gamma(p_concentration) - (p_concentration - 1.0) * (mean_log + xp.log(p_rate))
    return narrowed(xp, exponential + rest, dtype)


def kl_divergence_normal(q_scale: Array, q_alpha: Array, p_loc: Array, p_scale: Array) -> Array:
    r"""
    Divergence of a Pareto distribution from a normal one, elementwise.

    Parameters
    ----------
    q_scale, q_alpha, p_loc, p_scale : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats: the normal's cross-entropy at the mean and variance less the entropy; infinite where ``q_alpha <= 2``.

    References
    ----------
    .. [1] Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions 1 (1994), eq. 20.11 (moments).

    Examples
    --------
    >>> round(float(kl_divergence_normal(1.0, 3.0, 1.5, 1.0)), 12), float(kl_divergence_normal(1.0, 2.0, 1.5, 1.0))
    (1.059217488539, inf)
    """
    xp, dtype, q_scale, q_alpha, p_loc, p_scale = as_wide_arrays(q_scale, q_alpha, p_loc, p_scale)
    finite = q_alpha > 2.0
    alpha = xp.where(finite, q_alpha, 3.0 * xp.ones_like(q_alpha))
    deviation = q_scale / (alpha - 1.0) * xp.sqrt(alpha / (alpha - 2.0))
    value = normal.cross_entropy(q_scale * (alpha / (alpha - 1.0)), deviation, p_loc, p_scale) - entropy(q_scale, alpha)
    return narrowed(xp, xp.where(finite, value, math.inf * xp.ones_like(value)), dtype)
