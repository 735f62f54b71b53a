r"""
The categorical distribution on K categories, from probabilities or from unnormalised log probabilities.

``probs`` and ``logits`` have shape (..., K). All functions take arrays of the Python array API standard or lists,
broadcast, and keep the dtype; the last axis is summed. Values are in nats.

Requirements: probabilities are not negative and sum to 1 within rounding, a table that does not is divided by its sum;
logits are finite. Neither is checked.
"""

from typing import Any

from numerics.array import Array, as_arrays, narrowed
from numerics.special_function import x_log_y
from numerics.table import divergence, divergence_of_logits


def log_prob(value: Array, probs: Array) -> Array:
    r"""
    Log probability of a category given as an indicator.

    Parameters
    ----------
    value, probs : array, shape (..., K)
        ``value`` is 1 in the place of the category and 0 elsewhere, of a floating dtype.

    Returns
    -------
    array, shape (...)
        In nats.

    References
    ----------
    .. [1] Bishop, Pattern Recognition and Machine Learning (2006), eq. 2.26.

    Examples
    --------
    >>> round(float(log_prob([0.0, 1.0, 0.0], [0.25, 0.5, 0.25])), 12)
    -0.69314718056
    """
    xp, value, probs = as_arrays(value, probs)
    return xp.sum(x_log_y(value, probs / xp.sum(probs, axis=-1, keepdims=True)), axis=-1)


def log_prob_logits(value: Array, logits: Array) -> Array:
    r"""
    Log probability of a category given as an indicator, from logits.

    Parameters
    ----------
    value, logits : array, shape (..., K)
        ``value`` is 1 in the place of the category and 0 elsewhere, of a floating dtype.

    Returns
    -------
    array, shape (...)
        In nats.

    References
    ----------
    .. [1] Bishop, Pattern Recognition and Machine Learning (2006), eq. 4.104.

    Examples
    --------
    >>> round(float(log_prob_logits([0.0, 1.0], [3.0, 3.0])), 12)
    -0.69314718056
    """
    xp, value, logits = as_arrays(value, logits)
    return xp.sum(value * log_softmax(xp, logits), axis=-1)


def entropy(probs: Array) -> Array:
    r"""
    Entropy.

    Parameters
    ----------
    probs : array, shape (..., K)

    Returns
    -------
    array, shape (...)
        :math:`-\sum_k \pi_k \log \pi_k` in nats.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), eq. 2.1.

    Examples
    --------
    >>> round(float(entropy([0.5, 0.5, 0.0])), 12)
    0.69314718056
    """
    return cross_entropy(probs, probs)


def entropy_logits(logits: Array) -> Array:
    r"""
    Entropy from logits.

    Parameters
    ----------
    logits : array, shape (..., K)

    Returns
    -------
    array, shape (...)
        In nats.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), eq. 2.1.

    Examples
    --------
    >>> round(float(entropy_logits([3.0, 3.0])), 12)
    0.69314718056
    """
    return cross_entropy_logits(logits, logits)


def cross_entropy(q_probs: Array, p_probs: Array) -> Array:
    r"""
    Cross-entropy :math:`-\mathbb E_q \log p`.

    Parameters
    ----------
    q_probs, p_probs : array, shape (..., K)
        Of shapes that broadcast.

    Returns
    -------
    array, shape (...)
        In nats.

    References
    ----------
    .. [1] Bishop, Pattern Recognition and Machine Learning (2006), eq. 4.108.

    Examples
    --------
    >>> round(float(cross_entropy([0.5, 0.5], [0.25, 0.75])), 12)
    0.836988216786
    """
    xp, q_probs, p_probs = as_arrays(q_probs, p_probs)
    q_probs = q_probs / xp.sum(q_probs, axis=-1, keepdims=True)
    p_probs = p_probs / xp.sum(p_probs, axis=-1, keepdims=True)
    return -xp.sum(x_log_y(q_probs, p_probs), axis=-1)


def cross_entropy_logits(q_logits: Array, p_logits: Array) -> Array:
    r"""
    Cross-entropy :math:`-\mathbb E_q \log p` from logits.

    Parameters
    ----------
    q_logits, p_logits : array, shape (..., K)
        Of shapes that broadcast.

    Returns
    -------
    array, shape (...)
        In nats.

    References
    ----------
    .. [1] Bishop, Pattern Recognition and Machine Learning (2006), eq. 4.108.

    Examples
    --------
    >>> round(float(cross_entropy_logits([0.0, 0.0], [0.0, 1.0])), 12)
    0.813261687518
    """
    xp, q_logits, p_logits = as_arrays(q_logits, p_logits)
    return -xp.sum(xp.exp(log_softmax(xp, q_logits)) * log_softmax(xp, p_logits), axis=-1)


def kl_divergence(q_probs: Array, p_probs: Array) -> Array:
    r"""
    Kullback-Leibler divergence :math:`\mathbb E_q[\log q - \log p]`.

    Parameters
    ----------
    q_probs, p_probs : array, shape (..., K)
        Of shapes that broadcast.

    Returns
    -------
    array, shape (...)
        In nats; exactly 0 at equality, infinite where q can give what p cannot. Float32 is evaluated in float64.

    Notes
    -----
    For tables of sums Q and P, which rounding keeps from being 1,

    .. math:: \sum_k \frac{q_k}{Q} \log \frac{q_k / Q}{p_k / P} = \frac1Q \Bigl(\sum_k D(q_k, p_k) - D(Q, P)\Bigr),

    where D is :func:`numerics.bregman.of_entropy`. Dividing the tables by their sums first would change them by as much
    as they differ near equality. Sums that differ by more than a sixteenth are made equal, which costs a rounding.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), eq. 2.26 and 2.99 (log sum inequality).

    Examples
    --------
    >>> round(float(kl_divergence([0.5, 0.5], [0.25, 0.75])), 12), float(kl_divergence([0.5, 0.5], [0.0, 1.0]))
    (0.143841036226, inf)
    """
    xp, *given = as_arrays(q_probs, p_probs)
    dtype = xp.result_type(*given)
    tables = xp.broadcast_arrays(*(narrowed(xp, table, dtype) for table in given))
    return narrowed(xp, divergence(xp, *tables), dtype)


def kl_divergence_logits(q_logits: Array, p_logits: Array) -> Array:
    r"""
    Kullback-Leibler divergence :math:`\mathbb E_q[\log q - \log p]` from logits.

    Parameters
    ----------
    q_logits, p_logits : array, shape (..., K)
        Of shapes that broadcast.

    Returns
    -------
    array, shape (...)
        In nats; exactly 0 at equality. Float32 is evaluated in float64.

    Notes
    -----
    Let m be the likeliest category of q and :math:`t_k = (\ell_p - \ell_q)_k - (\ell_p - \ell_q)_m`, so
    :math:`t_m = 0`. Then

    .. math:: \log \sum_k q_k e^{t_k} - \sum_k q_k t_k
        = \sum_{k \ne m} q_k (e^{t_k} - 1 - t_k) - \bigl(u - \log(1 + u)\bigr), \quad u = \sum_{k \ne m} q_k (e^{t_k} - 1).

    By the inequality of Cauchy and Schwarz the second excess is at most :math:`1 - q_m` of the first for small t. It is
    used while :math:`|u| < \tfrac12`; beyond, the left side is, where m is not the likeliest category of p either. An
    exponential of each logit serves all; where t is small, a few terms of its series do.

    References
    ----------
    .. [1] Wainwright and Jordan, Graphical Models, Exponential Families, and Variational Inference (2008), eq. 5.3
       (as the Bregman divergence of the log-partition function).

    Examples
    --------
    >>> round(float(kl_divergence_logits([0.0, 0.0], [17.0, 0.0])), 12)
    7.806852860839
    >>> float(kl_divergence_logits([0.25, 3.0], [0.25, 3.0]))
    0.0
    """
    xp, *given = as_arrays(q_logits, p_logits)
    dtype = xp.result_type(*given)
    tables = xp.broadcast_arrays(*(narrowed(xp, table, dtype) for table in given))
    return narrowed(xp, divergence_of_logits(xp, *tables), dtype)


def log_sum_exp(xp: Any, logits: Array) -> Array:
    """Logarithm of the sum of exponentials over the last axis, which is kept with length 1.

    Examples
    --------
    >>> import numpy as np
    >>> float(log_sum_exp(np, np.array([1000.0, -1000.0]))[0])
    1000.0
    """
    top = xp.max(logits, axis=-1, keepdims=True)
    return top + xp.log(xp.sum(xp.exp(logits - top), axis=-1, keepdims=True))


def log_softmax(xp: Any, logits: Array) -> Array:
    """Logarithms of the probabilities that logits stand for.

    Examples
    --------
    >>> import numpy as np
    >>> log_softmax(np, np.array([0.0, 0.0])).round(12).tolist()
    [-0.69314718056, -0.69314718056]
    """
    return logits - log_sum_exp(xp, logits)
