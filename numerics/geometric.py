r"""
The geometric distribution of the number of failures before the first success, :math:`\pi (1 - \pi)^k`, k = 0, 1, ...

``probs`` is the probability of success. All functions take arrays of the Python array API standard or numbers,
broadcast, and keep the dtype. Values are in nats.

Requirements: probabilities are positive and at most 1; they are not checked.
"""

from numerics import bernoulli
from numerics.array import Array, as_arrays, as_wide_arrays, narrowed
from numerics.special_function import x_log_y


def log_prob(value: Array, probs: Array) -> Array:
    r"""
    Log probability, elementwise.

    Parameters
    ----------
    value, probs : array
        Of shapes that broadcast; values are whole and not negative, of a floating dtype.

    Returns
    -------
    array
        :math:`\log \pi + k \log(1 - \pi)` in nats.

    References
    ----------
    .. [1] Johnson, Kemp and Kotz, Univariate Discrete Distributions (2005), eq. 5.8.

    Examples
    --------
    >>> round(float(log_prob(1.0, 0.5)), 12)
    -1.38629436112
    """
    xp, value, probs = as_arrays(value, probs)
    return xp.log(probs) + x_log_y(value, 1.0 - probs)


def entropy(probs: Array) -> Array:
    r"""
    Entropy, elementwise.

    Parameters
    ----------
    probs : array

    Returns
    -------
    array
        The entropy of one trial times the mean number of trials, :math:`1/\pi`, in nats.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), Problem 2.1.

    Examples
    --------
    >>> round(float(entropy(0.5)), 12)
    1.38629436112
    """
    _, probs = as_arrays(probs)
    return bernoulli.entropy(probs) / probs


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
        The cross-entropy of one trial times the mean number of trials, in nats.

    References
    ----------
    .. [1] Nielsen and Nock, Entropies and cross-entropies of exponential families, ICIP (2010), eq. 7.

    Examples
    --------
    >>> round(float(cross_entropy(0.5, 0.25)), 12)
    1.673976433572
    """
    _, q_probs, p_probs = as_arrays(q_probs, p_probs)
    return bernoulli.cross_entropy(q_probs, p_probs) / q_probs


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
        In nats; never negative, exactly 0 at equality, infinite for ``p_probs = 1 > q_probs``. Float32 is evaluated in
        float64.

    Notes
    -----
    The trials are independent and their mean number is :math:`1/\pi_q` (Wald), so the divergence is that of one trial,
    :func:`numerics.bernoulli.kl_divergence`, divided by :math:`\pi_q`.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), Theorem 2.5.3 (chain rule).

    Examples
    --------
    >>> round(float(kl_divergence(0.5, 0.25)), 12), float(kl_divergence(0.3, 0.3))
    (0.287682072452, 0.0)
    """
    xp, dtype, q_probs, p_probs = as_wide_arrays(q_probs, p_probs)
    return narrowed(xp, bernoulli.kl_divergence(q_probs, p_probs) / q_probs, dtype)
