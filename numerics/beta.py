r"""
The beta distribution with density proportional to :math:`x^{a-1} (1-x)^{b-1}` on the unit interval.

``concentration1`` is a, ``concentration0`` is b: the two concentrations of a Dirichlet distribution on two categories. All
functions take arrays of the Python array API standard or numbers, broadcast, and keep the dtype. Values are in nats.

Requirements: both parameters are positive; they are not checked.
"""

import math
from typing import Any

from numerics import continuous_bernoulli, dirichlet, normal
from numerics.array import Array, as_arrays, as_wide_arrays, narrowed
from numerics.bregman import of_entropy, of_log_gamma
from numerics.derivative import with_gradient
from numerics.special_function import digamma, log_gamma, x_log_y


def log_prob(value: Array, concentration1: Array, concentration0: Array) -> Array:
    r"""
    Log density, elementwise.

    Parameters
    ----------
    value, concentration1, concentration0 : array
        Of shapes that broadcast.

    Returns
    -------
    array
        :math:`(a - 1) \log x + (b - 1) \log(1 - x) - \log B(a, b)` in nats; minus infinity outside the unit interval.

    References
    ----------
    .. [1] Bishop, Pattern Recognition and Machine Learning (2006), eq. 2.13.

    Examples
    --------
    >>> round(float(log_prob(0.5, 2.0, 2.0)), 12), float(log_prob(1.5, 2.0, 2.0))
    (0.405465108108, -inf)
    """
    xp, value, concentration1, concentration0 = as_arrays(value, concentration1, concentration0)
    inside = (value >= 0.0) & (value <= 1.0)
    value = xp.where(inside, value, 0.5 * xp.ones_like(value))
    density = x_log_y(concentration1 - 1.0, value) + x_log_y(concentration0 - 1.0, 1.0 - value)
    density = density - dirichlet.log_multivariate_beta(_stack(xp, concentration1, concentration0))
    return xp.where(inside, density, -math.inf * xp.ones_like(density))


def entropy(concentration1: Array, concentration0: Array) -> Array:
    r"""
    Differential entropy, elementwise.

    Parameters
    ----------
    concentration1, concentration0 : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats; 0 for the uniform distribution, concentrations 1 and 1.

    References
    ----------
    .. [1] Bishop, Pattern Recognition and Machine Learning (2006), eq. B.22 (with two categories).

    Examples
    --------
    >>> float(entropy(1.0, 1.0))
    0.0
    """
    xp, concentration1, concentration0 = as_arrays(concentration1, concentration0)
    return dirichlet.entropy(_stack(xp, concentration1, concentration0))


def cross_entropy(
    q_concentration1: Array, q_concentration0: Array, p_concentration1: Array, p_concentration0: Array
) -> Array:
    r"""
    Cross-entropy :math:`-\mathbb E_q \log p`, elementwise.

    Parameters
    ----------
    q_concentration1, q_concentration0, p_concentration1, p_concentration0 : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats.

    References
    ----------
    .. [1] Bishop, Pattern Recognition and Machine Learning (2006), eq. B.21 (with two categories).

    Examples
    --------
    >>> round(float(cross_entropy(1.0, 1.0, 2.0, 1.0)), 12)
    0.30685281944
    """
    xp, *parameters = as_arrays(q_concentration1, q_concentration0, p_concentration1, p_concentration0)
    return dirichlet.cross_entropy(_stack(xp, *parameters[:2]), _stack(xp, *parameters[2:]))


def kl_divergence(
    q_concentration1: Array, q_concentration0: Array, p_concentration1: Array, p_concentration0: Array
) -> Array:
    r"""
    Kullback-Leibler divergence :math:`\mathbb E_q[\log q - \log p]`, elementwise.

    Parameters
    ----------
    q_concentration1, q_concentration0, p_concentration1, p_concentration0 : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats; exactly 0 at equality. Float32 is evaluated in float64.

    Notes
    -----
    That of the Dirichlet distributions on two categories, :func:`numerics.dirichlet.kl_divergence`, without a last axis: what
    the lighter category gains over its share, the heavier loses.

    References
    ----------
    .. [1] Gil, Alajaji and Linder, Renyi divergence measures for commonly used univariate continuous distributions,
       Information Sciences 249 (2013), Table 3 (usual expression).

    Examples
    --------
    >>> round(float(kl_divergence(2.0, 1.0, 1.0, 1.0)), 12), float(kl_divergence(0.3, 4.0, 0.3, 4.0))
    (0.19314718056, 0.0)
    """
    xp, dtype, *given = as_wide_arrays(q_concentration1, q_concentration0, p_concentration1, p_concentration0)
    return narrowed(xp, with_gradient(_divergence, _slope, xp, *xp.broadcast_arrays(*given)), dtype)


def _divergence(xp: Any, q1: Array, q0: Array, p1: Array, p0: Array) -> Array:
    is_first = q1 >= q0
    q_top, q_rest = xp.where(is_first, q1, q0), xp.where(is_first, q0, q1)
    p_top, p_rest = xp.where(is_first, p1, p0), xp.where(is_first, p0, p1)
    q_total, p_total, top, rest = q_top + q_rest, p_top + p_rest, p_top - q_top, p_rest - q_rest
    heavy, light = q_top / q_total, q_rest / q_total
    near = xp.maximum(xp.abs(top / q_top), xp.abs(rest / q_rest)) < 0.5
    gain = xp.where(near, rest * heavy - light * top, p_rest * heavy - light * p_top)
    means = of_entropy(p_top, p_total * heavy, -gain) + of_entropy(p_rest, p_total * light, gain)
    loss = dirichlet.loss_of_sum(xp, (p_top, p_rest, p_total), (q_top, q_rest, q_total), top, top + rest)
    return means + of_log_gamma(p_rest, q_rest, rest) + loss


def _slope(xp: Any, q1: Array, q0: Array, p1: Array, p0: Array) -> tuple[Array, ...]:
    in_q, in_p = dirichlet.slope(xp, _stack(xp, q1, q0), _stack(xp, p1, p0))
    return in_q[..., 0], in_q[..., 1], in_p[..., 0], in_p[..., 1]


def kl_divergence_uniform(q_concentration1: Array, q_concentration0: Array, p_low: Array, p_high: Array) -> Array:
    r"""
    Divergence of a beta distribution from a uniform one, elementwise.

    Parameters
    ----------
    q_concentration1, q_concentration0, p_low, p_high : array
        Of shapes that broadcast.

    Returns
    -------
    array
        :math:`\log(h - l)` more than from the uniform distribution on the unit interval, in nats; infinite where
        ``p_low > 0`` or ``p_high < 1``.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), eq. 8.46.

    Examples
    --------
    >>> float(kl_divergence_uniform(1.0, 1.0, 0.0, 1.0)), float(kl_divergence_uniform(1.0, 1.0, 0.5, 2.0))
    (0.0, inf)
    """
    xp, q_concentration1, q_concentration0, p_low, p_high = as_arrays(q_concentration1, q_concentration0, p_low, p_high)
    one = xp.ones_like(q_concentration1)
    inside = (p_low <= 0.0) & (p_high >= 1.0)
    width = xp.where(inside, p_high - p_low, xp.ones_like(p_high - p_low))
    value = kl_divergence(q_concentration1, q_concentration0, one, one) + xp.log(width)
    return xp.where(inside, value, math.inf * xp.ones_like(value))


def kl_divergence_exponential(q_concentration1: Array, q_concentration0: Array, p_rate: Array) -> Array:
    r"""
    Divergence of a beta distribution from an exponential one, elementwise.

    Parameters
    ----------
    q_concentration1, q_concentration0, p_rate : array
        Of shapes that broadcast.

    Returns
    -------
    array
        :math:`\lambda\, \mathbb E x - \log \lambda` less the entropy, in nats.

    References
    ----------
    .. [1] Bishop, Pattern Recognition and Machine Learning (2006), eq. 2.15 (mean).

    Examples
    --------
    >>> float(kl_divergence_exponential(1.0, 1.0, 1.0))
    0.5
    """
    xp, dtype, a, b, p_rate = as_wide_arrays(q_concentration1, q_concentration0, p_rate)
    return narrowed(xp, p_rate * (a / (a + b)) - xp.log(p_rate) - entropy(a, b), dtype)


def kl_divergence_continuous_bernoulli(q_concentration1: Array, q_concentration0: Array, p_logits: Array) -> Array:
    r"""
    Divergence of a beta distribution from a continuous Bernoulli one, elementwise.

    Parameters
    ----------
    q_concentration1, q_concentration0, p_logits : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats: minus :func:`numerics.continuous_bernoulli.log_prob` at the mean, which is affine, less the entropy.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), eq. 8.46.

    Examples
    --------
    >>> float(kl_divergence_continuous_bernoulli(1.0, 1.0, 0.0))
    0.0
    """
    xp, dtype, a, b, p_logits = as_wide_arrays(q_concentration1, q_concentration0, p_logits)
    return narrowed(xp, 0.0 - continuous_bernoulli.log_prob(a / (a + b), p_logits) - entropy(a, b), dtype)


def kl_divergence_gamma(
    q_concentration1: Array, q_concentration0: Array, p_concentration: Array, p_rate: Array
) -> Array:
    r"""
    Divergence of a beta distribution from a gamma one, elementwise.

    Parameters
    ----------
    q_concentration1, q_concentration0, p_concentration, p_rate : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats, from the means of x and of log x.

    References
    ----------
    .. [1] Bishop, Pattern Recognition and Machine Learning (2006), eq. 2.15 and B.21.

    Examples
    --------
    >>> float(kl_divergence_gamma(1.0, 1.0, 1.0, 1.0))
    0.5
    """
    xp, dtype, a, b, p_concentration, p_rate = as_wide_arrays(
        q_concentration1, q_concentration0, p_concentration, p_rate
    )
    mean_log = digamma(a) - digamma(a + b)
    cross = log_gamma(p_concentration) - p_concentration * xp.log(p_rate) - (p_concentration - 1.0) * mean_log
    return narrowed(xp, cross + p_rate * (a / (a + b)) - entropy(a, b), dtype)


def kl_divergence_normal(q_concentration1: Array, q_concentration0: Array, p_loc: Array, p_scale: Array) -> Array:
    r"""
    Divergence of a beta distribution from a normal one, elementwise.

    Parameters
    ----------
    q_concentration1, q_concentration0, p_loc, p_scale : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats: the normal's cross-entropy at the beta's mean and variance less the beta's entropy.

    References
    ----------
    .. [1] Bishop, Pattern Recognition and Machine Learning (2006), eq. 2.15 and 2.16 (moments).

    Examples
    --------
    >>> round(float(kl_divergence_normal(1.0, 1.0, 0.5, 1.0)), 12)
    0.960605199871
    """
    xp, dtype, a, b, p_loc, p_scale = as_wide_arrays(q_concentration1, q_concentration0, p_loc, p_scale)
    mean = a / (a + b)
    deviation = xp.sqrt(mean * (b / (a + b)) / (a + b + 1.0))
    return narrowed(xp, normal.cross_entropy(mean, deviation, p_loc, p_scale) - entropy(a, b), dtype)


def _stack(xp: Any, first: Array, second: Array) -> Array:
    return xp.stack(xp.broadcast_arrays(first, second), axis=-1)
