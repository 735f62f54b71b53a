r"""
The Laplace distribution with density :math:`e^{-|x - \mu|/b} / (2 b)`.

``loc`` is :math:`\mu`, ``scale`` is b, the mean absolute deviation. All functions take arrays of the Python array API
standard or numbers, broadcast, and keep the dtype. Values are in nats.

Requirements: scales are positive; they are not checked.
"""

import math

from numerics import normal
from numerics.array import Array, as_arrays, as_wide_arrays, narrowed
from numerics.bregman import log_quotient, of_log
from numerics.excess import excess
from numerics.polynomial import horner

_LOG_TWO = math.log(2.0)


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
        :math:`-|x - \mu| / b - \log 2 b` in nats.

    References
    ----------
    .. [1] Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions 2 (1995), eq. 24.1.

    Examples
    --------
    >>> round(float(log_prob(0.0, 0.0, 1.0)), 12)
    -0.69314718056
    """
    xp, value, loc, scale = as_arrays(value, loc, scale)
    return -xp.abs(value - loc) / scale - xp.log(scale) - _LOG_TWO


def entropy(scale: Array) -> Array:
    r"""
    Differential entropy, elementwise.

    Parameters
    ----------
    scale : array

    Returns
    -------
    array
        :math:`1 + \log 2 b` in nats.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), Table 17.1.

    Examples
    --------
    >>> float(entropy(0.5))
    1.0
    """
    xp, scale = as_arrays(scale)
    return xp.log(scale) + (1.0 + _LOG_TWO)


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
        :math:`\log 2 b_p + (d + b_q e^{-d/b_q}) / b_p` in nats, where d is the distance of the locations.

    References
    ----------
    .. [1] Meyer, An alternative probabilistic interpretation of the Huber loss, CVPR (2021), Sec. 3.

    Examples
    --------
    >>> round(float(cross_entropy(0.0, 1.0, 0.0, 0.5)), 12)
    2.0
    """
    xp, q_loc, q_scale, p_loc, p_scale = as_arrays(q_loc, q_scale, p_loc, p_scale)
    distance = xp.abs(q_loc - p_loc)
    mean_distance = distance + q_scale * xp.exp(-distance / q_scale)
    return mean_distance / p_scale + xp.log(p_scale) + _LOG_TWO


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
    With :math:`r = b_q / b_p` and :math:`d = |\mu_q - \mu_p| / b_q`,

    .. math:: \log \frac{b_p}{b_q} + r (d + e^{-d}) - 1 = (r - 1 - \log r) + r (e^{-d} - 1 + d),

    by :func:`numerics.bregman.of_log` and :func:`numerics.excess.excess`, or of float32 by a polynomial in d; where d > 1 by
    the left side, which is at least 0.3 and whose gradient does not cancel.

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
    shift = q_loc - p_loc
    # Not abs: its derivative at 0 is 0, which the second derivative needs to be 1 squared.
    distance = xp.where(shift > 0.0, shift, -shift)
    near, distances, ratio = distance < q_scale, distance / q_scale, q_scale / p_scale
    rate, is_wide = xp.where(near, -distances, xp.zeros_like(distances)), q_scale.dtype != dtype
    # The quotient of of_log is one of its own: in a sum of all that comes back to one, a gradient of both would be lost.
    close = of_log(q_scale, p_scale, is_wide=is_wide) + ratio * (_near_excess(rate) if is_wide else excess(rate))
    logarithm = xp.log(ratio) if is_wide else log_quotient(q_scale, p_scale)
    far = distance / p_scale + ratio * xp.exp(-distances) - logarithm - 1.0
    return narrowed(xp, xp.where(near, close, far), dtype)


def _near_excess(rate: Array) -> Array:
    """Of rates from -1 to 0, interpolated at Chebyshev points: 2e-16 of it is lost, 2e-14 of its derivative.

    Fewer coefficients would do for the value of float32, not for its derivative in the scale of q, which is a difference.
    """
    coefficients = (
        0.49999999999999994,
        0.16666666666665408,
        0.04166666666616298,
        0.008333333325453218,
        0.0013888888255658663,
        0.00019841240096120984,
        2.4800713702677645e-05,
        2.754076688055801e-06,
        2.7354262042297334e-07,
        2.348108148968406e-08,
        1.3742285469533568e-09,
    )
    return rate * rate * horner(coefficients, rate)


def kl_divergence_normal(q_loc: Array, q_scale: Array, p_loc: Array, p_scale: Array) -> Array:
    r"""
    Divergence of a Laplace distribution from a normal one, elementwise.

    Parameters
    ----------
    q_loc, q_scale, p_loc, p_scale : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats: the normal's cross-entropy at the variance :math:`2 b^2` less the entropy.

    References
    ----------
    .. [1] Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions 2 (1995), eq. 24.5 (variance).

    Examples
    --------
    >>> round(float(kl_divergence_normal(0.0, 1.0, 0.0, 1.0)), 12)
    0.225791352645
    """
    xp, dtype, q_loc, q_scale, p_loc, p_scale = as_wide_arrays(q_loc, q_scale, p_loc, p_scale)
    cross = normal.cross_entropy(q_loc, math.sqrt(2.0) * q_scale, p_loc, p_scale)
    return narrowed(xp, cross - entropy(q_scale), dtype)
