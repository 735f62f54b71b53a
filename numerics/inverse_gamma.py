r"""
The inverse gamma distribution, the law of 1/x for x with a gamma distribution, on the positive numbers.

The density is :math:`\beta^\alpha x^{-\alpha-1} e^{-\beta/x} / \Gamma(\alpha)`; ``concentration`` is :math:`\alpha`,
``rate`` is :math:`\beta`, which is a scale of x. All functions take arrays of the Python array API standard or numbers,
broadcast, and keep the dtype. Values are in nats.

Requirements: both parameters are positive; they are not checked.
"""

import math

from numerics import gamma
from numerics.array import Array, as_arrays
from numerics.special_function import digamma


def log_prob(value: Array, concentration: Array, rate: Array) -> Array:
    r"""
    Log density, elementwise.

    Parameters
    ----------
    value, concentration, rate : array
        Of shapes that broadcast.

    Returns
    -------
    array
        :math:`\alpha \log \beta - (\alpha + 1) \log x - \beta / x - \log\Gamma(\alpha)` in nats; minus infinity where
        ``value`` is not positive.

    References
    ----------
    .. [1] Gelman et al., Bayesian Data Analysis (2013), Table A.1.

    Examples
    --------
    >>> float(log_prob(1.0, 1.0, 1.0))
    -1.0
    """
    xp, value, concentration, rate = as_arrays(value, concentration, rate)
    inside = value > 0.0
    value = xp.where(inside, value, xp.ones_like(value))
    density = gamma.log_prob(1.0 / value, concentration, rate) - 2.0 * xp.log(value)
    return xp.where(inside, density, -math.inf * xp.ones_like(density))


def entropy(concentration: Array, rate: Array) -> Array:
    r"""
    Differential entropy, elementwise.

    Parameters
    ----------
    concentration, rate : array
        Of shapes that broadcast.

    Returns
    -------
    array
        :math:`\alpha + \log \beta + \log\Gamma(\alpha) - (1 + \alpha) \psi(\alpha)` in nats.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), eq. 8.71 (change of variables).

    Examples
    --------
    >>> round(float(entropy(1.0, 1.0)), 12)
    2.154431329803
    """
    return cross_entropy(concentration, rate, concentration, rate)


def cross_entropy(q_concentration: Array, q_rate: Array, p_concentration: Array, p_rate: Array) -> Array:
    r"""
    Cross-entropy :math:`-\mathbb E_q \log p`, elementwise.

    Parameters
    ----------
    q_concentration, q_rate, p_concentration, p_rate : array
        Of shapes that broadcast.

    Returns
    -------
    array
        That of the gamma distributions plus twice the mean of log x, in nats.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), eq. 8.71 (change of variables).

    Examples
    --------
    >>> round(float(cross_entropy(1.0, 1.0, 1.0, 2.0)), 12)
    2.461284149243
    """
    xp, q_concentration, q_rate, p_concentration, p_rate = as_arrays(q_concentration, q_rate, p_concentration, p_rate)
    mean_log = xp.log(q_rate) - digamma(q_concentration)
    return gamma.cross_entropy(q_concentration, q_rate, p_concentration, p_rate) + 2.0 * mean_log


def kl_divergence(q_concentration: Array, q_rate: Array, p_concentration: Array, p_rate: Array) -> Array:
    r"""
    Kullback-Leibler divergence :math:`\mathbb E_q[\log q - \log p]`, elementwise.

    Parameters
    ----------
    q_concentration, q_rate, p_concentration, p_rate : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats; never negative, exactly 0 at equality. Float32 is evaluated in float64.

    Notes
    -----
    The divergence does not change under the bijection :math:`x \mapsto 1/x`, so it is that of the gamma distributions,
    :func:`numerics.gamma.kl_divergence`.

    References
    ----------
    .. [1] Amari, Information Geometry and Its Applications (2016), Theorem 3.1 (invariance).

    Examples
    --------
    >>> round(float(kl_divergence(2.0, 1.0, 1.0, 1.0)), 12)
    0.422784335098
    """
    return gamma.kl_divergence(q_concentration, q_rate, p_concentration, p_rate)
