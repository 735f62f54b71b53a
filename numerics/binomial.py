r"""
The binomial distribution of the number of ones among independent Bernoulli trials.

``total_count`` is the number of trials, ``probs`` the probability of a one, ``logits`` its log odds. All functions take
arrays of the Python array API standard or numbers, broadcast, and keep the dtype. Values are in nats. Entropy and
cross-entropy have no closed form: both hold the mean of the logarithm of a binomial coefficient.

Requirements: counts are whole and not negative, of a floating dtype; probabilities lie between 0 and 1, logits are
finite. None is checked.
"""

from numerics import bernoulli
from numerics.array import Array, as_arrays, as_wide_arrays, narrowed
from numerics.special_function import log_gamma, x_log_y


def log_prob(value: Array, total_count: Array, probs: Array) -> Array:
    r"""
    Log probability, elementwise.

    Parameters
    ----------
    value, total_count, probs : array
        Of shapes that broadcast; values are whole, from 0 to ``total_count``.

    Returns
    -------
    array
        :math:`\log \binom nk + k \log \pi + (n - k) \log(1 - \pi)` in nats.

    References
    ----------
    .. [1] Johnson, Kemp and Kotz, Univariate Discrete Distributions (2005), eq. 3.2.

    Examples
    --------
    >>> round(float(log_prob(1.0, 2.0, 0.5)), 12)
    -0.69314718056
    """
    _, value, total_count, probs = as_arrays(value, total_count, probs)
    return log_binomial(value, total_count) + x_log_y(value, probs) + x_log_y(total_count - value, 1.0 - probs)


def log_prob_logits(value: Array, total_count: Array, logits: Array) -> Array:
    r"""
    Log probability from log odds, elementwise.

    Parameters
    ----------
    value, total_count, logits : array
        Of shapes that broadcast; values are whole, from 0 to ``total_count``.

    Returns
    -------
    array
        :math:`\log \binom nk + k \ell - n \log(1 + e^\ell)` in nats.

    References
    ----------
    .. [1] Johnson, Kemp and Kotz, Univariate Discrete Distributions (2005), eq. 3.2.

    Examples
    --------
    >>> round(float(log_prob_logits(1.0, 2.0, 0.0)), 12)
    -0.69314718056
    """
    xp, value, total_count, logits = as_arrays(value, total_count, logits)
    ones = value * bernoulli.softplus(xp, -logits)
    zeros = (total_count - value) * bernoulli.softplus(xp, logits)
    return log_binomial(value, total_count) - ones - zeros


def kl_divergence(total_count: Array, q_probs: Array, p_probs: Array) -> Array:
    r"""
    Kullback-Leibler divergence of two binomials with one number of trials, elementwise.

    Parameters
    ----------
    total_count, q_probs, p_probs : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats: that of one trial times the number of trials. Float32 is evaluated in float64.

    Notes
    -----
    The counts are a sufficient statistic of the trials, so their divergence is that of the trials
    :math:`n \, KL(\pi_q \| \pi_p)`, by :func:`numerics.bernoulli.kl_divergence`. With fewer trials of p the divergence
    is infinite, with more it has no closed form.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), Theorem 2.5.3 (chain rule).

    Examples
    --------
    >>> round(float(kl_divergence(10.0, 0.5, 0.25)), 12)
    1.438410362259
    """
    xp, dtype, total_count, q_probs, p_probs = as_wide_arrays(total_count, q_probs, p_probs)
    return narrowed(xp, total_count * bernoulli.kl_divergence(q_probs, p_probs), dtype)


def kl_divergence_logits(total_count: Array, q_logits: Array, p_logits: Array) -> Array:
    r"""
    Kullback-Leibler divergence of two binomials with one number of trials, from log odds, elementwise.

    Parameters
    ----------
    total_count, q_logits, p_logits : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats: that of one trial times the number of trials. Float32 is evaluated in float64.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), Theorem 2.5.3 (chain rule).

    Examples
    --------
    >>> round(float(kl_divergence_logits(2.0, 0.0, 17.0)), 12)
    15.613705721679
    """
    xp, dtype, total_count, q_logits, p_logits = as_wide_arrays(total_count, q_logits, p_logits)
    return narrowed(xp, total_count * bernoulli.kl_divergence_logits(q_logits, p_logits), dtype)


def log_binomial(value: Array, total_count: Array) -> Array:
    r"""
    Logarithm of the binomial coefficient.

    Parameters
    ----------
    value, total_count : array
        Of shapes that broadcast.

    Returns
    -------
    array
        :math:`\log \binom nk`.

    References
    ----------
    .. [1] NIST Digital Library of Mathematical Functions, eq. 1.2.1.

    Examples
    --------
    >>> round(float(log_binomial(2.0, 4.0)), 12)
    1.791759469228
    """
    _, value, total_count = as_arrays(value, total_count)
    return log_gamma(total_count + 1.0) - log_gamma(value + 1.0) - log_gamma(total_count - value + 1.0)
