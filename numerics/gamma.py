r"""
The gamma distribution with density :math:`\beta^\alpha x^{\alpha-1} e^{-\beta x} / \Gamma(\alpha)` on the positive numbers.

``concentration`` is :math:`\alpha`, ``rate`` is :math:`\beta`. All functions take arrays of the Python array API standard or
numbers, broadcast, and keep the dtype. Values are in nats.

Requirements: both parameters are positive; they are not checked.
"""

import math

from numerics import normal
from numerics.array import Array, as_arrays, as_wide_arrays, narrowed
from numerics.bregman import of_entropy, of_log_gamma
from numerics.special_function import digamma, log_gamma, x_log_y


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
        :math:`\alpha \log \beta + (\alpha - 1) \log x - \beta x - \log\Gamma(\alpha)` in nats; minus infinity where
        ``value`` is negative.

    References
    ----------
    .. [1] Bishop, Pattern Recognition and Machine Learning (2006), eq. 2.146.

    Examples
    --------
    >>> round(float(log_prob(2.0, 2.0, 1.0)), 12)
    -1.30685281944
    """
    xp, value, concentration, rate = as_arrays(value, concentration, rate)
    inside = value >= 0.0
    value = xp.where(inside, value, xp.zeros_like(value))
    density = x_log_y(concentration - 1.0, value) - rate * value + concentration * xp.log(rate)
    density = density - log_gamma(concentration)
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
        :math:`\alpha - \log \beta + \log\Gamma(\alpha) + (1 - \alpha) \psi(\alpha)` in nats.

    References
    ----------
    .. [1] Bishop, Pattern Recognition and Machine Learning (2006), eq. B.31.

    Examples
    --------
    >>> float(entropy(1.0, 1.0))
    1.0
    """
    xp, concentration, rate = as_arrays(concentration, rate)
    shape = concentration + log_gamma(concentration) + (1.0 - concentration) * digamma(concentration)
    return shape - xp.log(rate)


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
        In nats.

    Notes
    -----
    .. math:: \log\Gamma(\alpha_p) - \alpha_p \log \beta_p - (\alpha_p - 1) (\psi(\alpha_q) - \log \beta_q)
        + \frac{\beta_p \alpha_q}{\beta_q}

    References
    ----------
    .. [1] Nielsen and Nock, Entropies and cross-entropies of exponential families, ICIP (2010), eq. 7.

    Examples
    --------
    >>> round(float(cross_entropy(2.0, 1.0, 1.0, 1.0)), 12)
    2.0
    """
    xp, q_concentration, q_rate, p_concentration, p_rate = as_arrays(q_concentration, q_rate, p_concentration, p_rate)
    mean_log = digamma(q_concentration) - xp.log(q_rate)
    mean = q_concentration / q_rate
    return (
        log_gamma(p_concentration)
        - p_concentration * xp.log(p_rate)
        - (p_concentration - 1.0) * mean_log
        + p_rate * mean
    )


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
    On the way from q to p lies the distribution with the concentration of p and the mean of q, and the divergences add
    (Pythagoras in an exponential family):

    .. math:: D_{\log\Gamma(t) - t \log t + t}(\alpha_p, \alpha_q)
        + D_{t \log t}\Bigl(\alpha_p, \frac{\alpha_q \beta_p}{\beta_q}\Bigr)

    by :func:`numerics.bregman.of_log_gamma` and :func:`numerics.bregman.of_entropy`. Neither is negative; the usual
    expression subtracts values of log-gamma and digamma.

    References
    ----------
    .. [1] Penny, KL-Divergences of Normal, Gamma, Dirichlet and Wishart densities (2001), eq. 15 (usual expression).
    .. [2] Amari, Information Geometry and Its Applications (2016), Theorem 1.2 (Pythagoras).

    Examples
    --------
    >>> round(float(kl_divergence(2.0, 1.0, 1.0, 1.0)), 12)
    0.422784335098
    >>> float(kl_divergence(0.7, 3.0, 0.7, 3.0))
    0.0
    """
    xp, dtype, q_concentration, q_rate, p_concentration, p_rate = as_wide_arrays(
        q_concentration, q_rate, p_concentration, p_rate
    )
    matched = q_concentration * (p_rate / q_rate)
    # The difference from it is exact where the parameters are close: their differences are.
    growth = (p_rate - q_rate) / q_rate
    step = p_concentration - q_concentration
    close = step - q_concentration * growth
    near = xp.maximum(xp.abs(growth), xp.abs(step / q_concentration)) < 0.5
    scale = of_entropy(p_concentration, matched, xp.where(near, close, p_concentration - matched))
    return narrowed(xp, of_log_gamma(p_concentration, q_concentration) + scale, dtype)


def kl_divergence_exponential(q_concentration: Array, q_rate: Array, p_rate: Array) -> Array:
    r"""
    Divergence of a gamma distribution from an exponential one, which is the gamma with concentration 1.

    Parameters
    ----------
    q_concentration, q_rate, p_rate : array
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
    >>> float(kl_divergence_exponential(1.0, 2.0, 2.0))
    0.0
    """
    xp, q_concentration, q_rate, p_rate = as_arrays(q_concentration, q_rate, p_rate)
    return kl_divergence(q_concentration, q_rate, xp.ones_like(p_rate), p_rate)


def kl_divergence_normal(q_concentration: Array, q_rate: Array, p_loc: Array, p_scale: Array) -> Array:
    r"""
    Divergence of a gamma distribution from a normal one, elementwise.

    Parameters
    ----------
    q_concentration, q_rate, p_loc, p_scale : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats: the normal's cross-entropy at the gamma's mean and variance less the gamma's entropy.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), eq. 8.46.

    Examples
    --------
    >>> round(float(kl_divergence_normal(1.0, 1.0, 1.0, 1.0)), 12)
    0.418938533205
    """
    xp, dtype, q_concentration, q_rate, p_loc, p_scale = as_wide_arrays(q_concentration, q_rate, p_loc, p_scale)
    mean, deviation = q_concentration / q_rate, xp.sqrt(q_concentration) / q_rate
    cross = normal.cross_entropy(mean, deviation, p_loc, p_scale)
    return narrowed(xp, cross - entropy(q_concentration, q_rate), dtype)


def kl_divergence_gumbel(q_concentration: Array, q_rate: Array, p_loc: Array, p_scale: Array) -> Array:
    r"""
    Divergence of a gamma distribution from a Gumbel one, elementwise.

    Parameters
    ----------
    q_concentration, q_rate, p_loc, p_scale : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats.

    Notes
    -----
    The cross-entropy needs the mean and the moment generating function at :math:`-1/b`,

    .. math:: \log b + \frac{\mathbb E x - m}{b} + e^{m/b} \Bigl(1 + \frac{1}{b \beta}\Bigr)^{-\alpha}.

    References
    ----------
    .. [1] Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions 1 (1994), eq. 17.8 (the latter).

    Examples
    --------
    >>> round(float(kl_divergence_gumbel(1.0, 1.0, 0.0, 1.0)), 12)
    0.5
    """
    xp, dtype, q_concentration, q_rate, p_loc, p_scale = as_wide_arrays(q_concentration, q_rate, p_loc, p_scale)
    mean = q_concentration / q_rate
    mean_exp = xp.exp(p_loc / p_scale - q_concentration * xp.log1p(1.0 / (p_scale * q_rate)))
    cross = xp.log(p_scale) + (mean - p_loc) / p_scale + mean_exp
    return narrowed(xp, cross - entropy(q_concentration, q_rate), dtype)
