r"""
The Poisson distribution, :math:`\lambda^k e^{-\lambda} / k!` for k = 0, 1, 2, ...

``rate`` is :math:`\lambda`. All functions take arrays of the Python array API standard or numbers, broadcast, and keep the
dtype. Values are in nats. Entropy and cross-entropy have no closed form: both hold the mean of :math:`\log k!`.

Requirements: rates are not negative; they are not checked. Rate 0 is the distribution that is always 0.
"""

from numerics.array import Array, as_arrays, as_wide_arrays, narrowed
from numerics.bregman import of_entropy
from numerics.special_function import log_gamma, x_log_y


def log_prob(value: Array, rate: Array) -> Array:
    r"""
    Log probability, elementwise.

    Parameters
    ----------
    value, rate : array
        Of shapes that broadcast; values are whole and not negative, of a floating dtype.

    Returns
    -------
    array
        :math:`k \log \lambda - \lambda - \log k!` in nats.

    References
    ----------
    .. [1] Johnson, Kemp and Kotz, Univariate Discrete Distributions (2005), eq. 4.1.

    Examples
    --------
    >>> round(float(log_prob(2.0, 1.0)), 12)
    -1.69314718056
    """
    _, value, rate = as_arrays(value, rate)
    return x_log_y(value, rate) - rate - log_gamma(value + 1.0)


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
        In nats; never negative, exactly 0 at equality, infinite for ``p_rate = 0 < q_rate``. Float32 is evaluated in
        float64.

    Notes
    -----
    .. math:: \lambda_q \log \frac{\lambda_q}{\lambda_p} - \lambda_q + \lambda_p,

    computed by :func:`numerics.bregman.of_entropy`.

    References
    ----------
    .. [1] Banerjee, Merugu, Dhillon and Ghosh, Clustering with Bregman Divergences, JMLR 6 (2005), Table 2.

    Examples
    --------
    >>> round(float(kl_divergence(2.0, 1.0)), 12), float(kl_divergence(0.0, 0.5))
    (0.38629436112, 0.5)
    """
    xp, dtype, q_rate, p_rate = as_wide_arrays(q_rate, p_rate)
    return narrowed(xp, of_entropy(q_rate, p_rate, is_wide=q_rate.dtype != dtype), dtype)
