r"""
The Bernoulli distribution on 0 and 1, from the probability of 1 or from its log odds.

``probs`` is the probability of 1, ``logits`` is :math:`\log \frac{\text{probs}}{1 - \text{probs}}`. All functions take arrays
of the Python array API standard or numbers, broadcast, and keep the dtype. Values are in nats.

Requirements: probabilities lie between 0 and 1, logits are finite; neither is checked.
"""

from typing import Any

from numerics.array import Array, as_arrays, as_wide_arrays, narrowed
from numerics.bregman import of_entropy, of_log
from numerics.excess import excess
from numerics.special_function import x_log_y


def log_prob(value: Array, probs: Array) -> Array:
    r"""
    Log probability, elementwise.

    Parameters
    ----------
    value, probs : array
        Of shapes that broadcast; values of a floating dtype. A value between 0 and 1 gives the mean of both logarithms.

    Returns
    -------
    array
        :math:`x \log \pi + (1 - x) \log(1 - \pi)` in nats.

    References
    ----------
    .. [1] Bishop, Pattern Recognition and Machine Learning (2006), eq. 2.2.

    Examples
    --------
    >>> round(float(log_prob(1.0, 0.25)), 12), float(log_prob(0.0, 0.0))
    (-1.38629436112, 0.0)
    """
    _, value, probs = as_arrays(value, probs)
    return x_log_y(value, probs) + x_log_y(1.0 - value, 1.0 - probs)


def log_prob_logits(value: Array, logits: Array) -> Array:
    r"""
    Log probability from log odds, elementwise.

    Parameters
    ----------
    value, logits : array
        Of shapes that broadcast; values of a floating dtype.

    Returns
    -------
    array
        :math:`x \ell - \log(1 + e^\ell)` in nats.

    References
    ----------
    .. [1] Bishop, Pattern Recognition and Machine Learning (2006), eq. 2.18.

    Examples
    --------
    >>> round(float(log_prob_logits(1.0, 0.0)), 12)
    -0.69314718056
    """
    xp, value, logits = as_arrays(value, logits)
    return -value * softplus(xp, -logits) - (1.0 - value) * softplus(xp, logits)


def entropy(probs: Array) -> Array:
    r"""
    Entropy, elementwise.

    Parameters
    ----------
    probs : array

    Returns
    -------
    array
        :math:`-\pi \log \pi - (1 - \pi) \log(1 - \pi)` in nats.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), eq. 2.5.

    Examples
    --------
    >>> round(float(entropy(0.5)), 12), float(entropy(1.0))
    (0.69314718056, 0.0)
    """
    return cross_entropy(probs, probs)


def entropy_logits(logits: Array) -> Array:
    r"""
    Entropy from log odds, elementwise.

    Parameters
    ----------
    logits : array

    Returns
    -------
    array
        In nats.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), eq. 2.5.

    Examples
    --------
    >>> round(float(entropy_logits(0.0)), 12)
    0.69314718056
    """
    return cross_entropy_logits(logits, logits)


def cross_entropy(q_probs: Array, p_probs: Array) -> Array:
    r"""
    Cross-entropy :math:`-\mathbb E_q \log p`, elementwise.

    Parameters
    ----------
    q_probs, p_probs : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats.

    References
    ----------
    .. [1] Bishop, Pattern Recognition and Machine Learning (2006), eq. 4.90.

    Examples
    --------
    >>> round(float(cross_entropy(0.5, 0.25)), 12)
    0.836988216786
    """
    _, q_probs, p_probs = as_arrays(q_probs, p_probs)
    return 0.0 - x_log_y(q_probs, p_probs) - x_log_y(1.0 - q_probs, 1.0 - p_probs)


def cross_entropy_logits(q_logits: Array, p_logits: Array) -> Array:
    r"""
    Cross-entropy :math:`-\mathbb E_q \log p` from log odds, elementwise.

    Parameters
    ----------
    q_logits, p_logits : array
        Of shapes that broadcast.

    Returns
    -------
    array
        :math:`\pi_q \log(1 + e^{-\ell_p}) + (1 - \pi_q) \log(1 + e^{\ell_p})` in nats.

    References
    ----------
    .. [1] Bishop, Pattern Recognition and Machine Learning (2006), eq. 4.90.

    Examples
    --------
    >>> round(float(cross_entropy_logits(0.0, 1.0)), 12)
    0.813261687518
    """
    xp, q_logits, p_logits = as_arrays(q_logits, p_logits)
    return sigmoid(xp, q_logits) * softplus(xp, -p_logits) + sigmoid(xp, -q_logits) * softplus(xp, p_logits)


def kl_divergence(q_probs: Array, p_probs: Array) -> Array:
    r"""
    Kullback-Leibler divergence :math:`\mathbb E_q[\log q - \log p]`, elementwise.

    Parameters
    ----------
    q_probs, p_probs : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats; never negative, exactly 0 at equality, infinite where q can give what p cannot. Float32 is evaluated
        in float64.

    Notes
    -----
    .. math:: \pi_q \log \frac{\pi_q}{\pi_p} + (1 - \pi_q) \log \frac{1 - \pi_q}{1 - \pi_p},

    each summand made positive by a linear term that the other one cancels: :func:`numerics.bregman.of_entropy`. Where
    p is so close to 1 that ``1 - probs`` has few digits, take logits.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), eq. 2.26 and Example 2.3.1.

    Examples
    --------
    >>> round(float(kl_divergence(0.5, 0.25)), 12), float(kl_divergence(0.5, 0.0)), float(kl_divergence(1.0, 1.0))
    (0.143841036226, inf, 0.0)
    """
    xp, dtype, q_probs, p_probs = as_wide_arrays(q_probs, p_probs)
    ones = of_entropy(q_probs, p_probs)
    zeros = of_entropy(1.0 - q_probs, 1.0 - p_probs, p_probs - q_probs)
    return narrowed(xp, ones + zeros, dtype)


def kl_divergence_logits(q_logits: Array, p_logits: Array) -> Array:
    r"""
    Kullback-Leibler divergence :math:`\mathbb E_q[\log q - \log p]` from log odds, elementwise.

    Parameters
    ----------
    q_logits, p_logits : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats; never negative, exactly 0 at equality. Float32 is evaluated in float64.

    Notes
    -----
    Exchanging 0 and 1 if need be, :math:`\pi_q \le \tfrac12`. With :math:`t = \ell_p - \ell_q`,

    .. math:: \log(1 - \pi_q + \pi_q e^t) - \pi_q t
        = \pi_q (e^t - 1 - t) - \bigl(u - \log(1 + u)\bigr), \qquad u = \pi_q (e^t - 1),

    for small t, where the second excess is at most half the first, and else
    :math:`\log(1 + e^{\ell_p}) - \log(1 + e^{\ell_q}) - \pi_q t` itself, whose gradient does not cancel.

    References
    ----------
    .. [1] Wainwright and Jordan, Graphical Models, Exponential Families, and Variational Inference (2008), eq. 5.3
       (as the Bregman divergence of the log-partition function).

    Examples
    --------
    >>> round(float(kl_divergence_logits(0.0, 17.0)), 12), float(kl_divergence_logits(3.0, 3.0))
    (7.806852860839, 0.0)
    """
    xp, dtype, q_logits, p_logits = as_wide_arrays(q_logits, p_logits)
    q_logits, p_logits = xp.broadcast_arrays(q_logits, p_logits)
    high = q_logits > 0.0
    q_low, p_low = xp.where(high, -q_logits, q_logits), xp.where(high, -p_logits, p_logits)
    growth = xp.exp(q_low)
    probs = growth / (1.0 + growth)
    step = p_low - q_low
    near = xp.abs(step) < 0.5
    small = xp.where(near, step, xp.zeros_like(step))
    growth = xp.expm1(small)
    tilt = probs * growth
    close = probs * excess(small) - of_log(1.0 + tilt, xp.ones_like(tilt), tilt)
    far = softplus(xp, p_low) - softplus(xp, q_low) - probs * step
    return narrowed(xp, xp.where(near, close, far), dtype)


def kl_divergence_poisson(q_probs: Array, p_rate: Array) -> Array:
    r"""
    Divergence of a Bernoulli distribution from a Poisson distribution, elementwise.

    Parameters
    ----------
    q_probs, p_rate : array
        Of shapes that broadcast.

    Returns
    -------
    array
        :math:`\pi \log \frac\pi\lambda + (1 - \pi) \log(1 - \pi) + \lambda` in nats.

    Notes
    -----
    Both :math:`\pi \log(\pi/\lambda) - \pi + \lambda` and :math:`(1 - \pi) \log(1 - \pi) + \pi` are Bregman
    divergences of :math:`t \log t`, so nothing cancels.

    References
    ----------
    .. [1] Le Cam, An approximation theorem for the Poisson binomial distribution, Pacific J. Math. 10 (1960), Sec. 2.

    Examples
    --------
    >>> round(float(kl_divergence_poisson(0.5, 0.5)), 12)
    0.15342640972
    """
    xp, dtype, q_probs, p_rate = as_wide_arrays(q_probs, p_rate)
    rest = 1.0 - q_probs
    return narrowed(xp, of_entropy(q_probs, p_rate) + of_entropy(rest, xp.ones_like(rest), -q_probs), dtype)


def softplus(xp: Any, logits: Array) -> Array:
    """Log of 1 plus the exponential, with the relative precision of the dtype and a gradient without NaN.

    Examples
    --------
    >>> import numpy as np
    >>> float(softplus(np, np.float64(-100.0))) == float(np.exp(-100.0))
    True
    """
    positive = logits > 0.0
    magnitude = xp.where(positive, logits, -logits)
    return xp.where(positive, logits, xp.zeros_like(logits)) + xp.log1p(xp.exp(-magnitude))


def sigmoid(xp: Any, logits: Array) -> Array:
    """Probability of 1 from log odds, precise on both sides.

    Examples
    --------
    >>> import numpy as np
    >>> float(sigmoid(np, np.float64(0.0)))
    0.5
    """
    decay = xp.exp(-xp.abs(logits))
    return xp.where(logits > 0.0, xp.ones_like(decay), decay) / (1.0 + decay)
