r"""
The Cauchy distribution, with density :math:`1 / (\pi\gamma (1 + ((x - m)/\gamma)^2))`.

``loc`` is the median m, ``scale`` the half width :math:`\gamma` at half maximum. All functions take arrays of the Python
array API standard or numbers, broadcast, and keep the dtype. Values are in nats.

Requirements: scales are positive; they are not checked.
"""

import math

from numerics.array import Array, as_arrays, as_wide_arrays, narrowed


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
        In nats.

    References
    ----------
    .. [1] Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions 1 (1994), eq. 16.1.

    Examples
    --------
    >>> round(float(log_prob(0.0, 0.0, 1.0)), 12)
    -1.144729885849
    """
    xp, value, loc, scale = as_arrays(value, loc, scale)
    deviation = (value - loc) / scale
    return -math.log(math.pi) - xp.log(scale) - xp.log1p(deviation * deviation)


def entropy(scale: Array) -> Array:
    r"""
    Differential entropy, elementwise.

    Parameters
    ----------
    scale : array

    Returns
    -------
    array
        :math:`\log 4\pi\gamma` in nats.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), Table 17.1.

    Examples
    --------
    >>> round(float(entropy(1.0)), 12)
    2.531024246969
    """
    xp, scale = as_arrays(scale)
    return math.log(4.0 * math.pi) + xp.log(scale)


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
        :math:`\log \frac\pi{\gamma_p} + \log\bigl((\gamma_q + \gamma_p)^2 + (m_q - m_p)^2\bigr)` in nats.

    References
    ----------
    .. [1] Chyzak and Nielsen, A closed-form formula for the Kullback-Leibler divergence between Cauchy distributions
       (2019), Theorem 1.

    Examples
    --------
    >>> round(float(cross_entropy(0.0, 1.0, 0.0, 1.0)), 12)
    2.531024246969
    """
    xp, q_loc, q_scale, p_loc, p_scale = as_arrays(q_loc, q_scale, p_loc, p_scale)
    width, shift = 1.0 + q_scale / p_scale, (q_loc - p_loc) / p_scale
    return math.log(math.pi) + xp.log(p_scale) + xp.log(width * width + shift * shift)


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
        In nats; never negative, exactly 0 at equality, and the same with q and p exchanged. Float32 is evaluated in
        float64.

    Notes
    -----
    .. math:: \log \frac{(\gamma_q + \gamma_p)^2 + (m_q - m_p)^2}{4 \gamma_q \gamma_p}
        = \log\Bigl(1 + \frac{(\gamma_q - \gamma_p)^2 + (m_q - m_p)^2}{4 \gamma_q \gamma_p}\Bigr),

    where nothing cancels; the quotients are formed before the squares, which could overflow.

    References
    ----------
    .. [1] Chyzak and Nielsen, A closed-form formula for the Kullback-Leibler divergence between Cauchy distributions
       (2019), Theorem 1.

    Examples
    --------
    >>> round(float(kl_divergence(0.0, 1.0, 2.0, 1.0)), 12), float(kl_divergence(0.3, 0.7, 0.3, 0.7))
    (0.69314718056, 0.0)
    """
    xp, dtype, q_loc, q_scale, p_loc, p_scale = as_wide_arrays(q_loc, q_scale, p_loc, p_scale)
    growth, shift = q_scale - p_scale, q_loc - p_loc
    squares = (growth / q_scale) * (growth / p_scale) + (shift / q_scale) * (shift / p_scale)
    return narrowed(xp, xp.log1p(0.25 * squares), dtype)
