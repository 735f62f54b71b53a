r"""
The Dirichlet distribution on the probability tables of K categories.

``concentration`` has shape (..., K). All functions take arrays of the Python array API standard or lists, broadcast, and
keep the dtype; the last axis is the event. Values are in nats.

Requirements: concentrations are positive; they are not checked.
"""

from typing import Any

from numerics.array import Array, as_arrays, as_wide_arrays, narrowed
from numerics.bregman import log_gamma_slope, of_entropy, of_log_gamma
from numerics.derivative import with_gradient
from numerics.polygamma import curvature, curvature_difference, digamma_difference
from numerics.special_function import digamma, log_gamma, x_log_y
from numerics.table import is_largest, split


def log_prob(value: Array, concentration: Array) -> Array:
    r"""
    Log density with respect to the first K - 1 probabilities.

    Parameters
    ----------
    value, concentration : array, shape (..., K)
        Of shapes that broadcast; values are positive and sum to 1 over the last axis.

    Returns
    -------
    array, shape (...)
        :math:`\sum_k (\alpha_k - 1) \log x_k - \log B(\alpha)` in nats.

    References
    ----------
    .. [1] Bishop, Pattern Recognition and Machine Learning (2006), eq. 2.38.

    Examples
    --------
    >>> round(float(log_prob([0.25, 0.25, 0.5], [1.0, 1.0, 1.0])), 12)
    0.69314718056
    """
    xp, value, concentration = as_arrays(value, concentration)
    return xp.sum(x_log_y(concentration - 1.0, value), axis=-1) - log_multivariate_beta(concentration)


def entropy(concentration: Array) -> Array:
    r"""
    Differential entropy with respect to the first K - 1 probabilities.

    Parameters
    ----------
    concentration : array, shape (..., K)

    Returns
    -------
    array, shape (...)
        :math:`\log B(\alpha) - \sum_k (\alpha_k - 1) (\psi(\alpha_k) - \psi(\alpha_0))` in nats.

    References
    ----------
    .. [1] Bishop, Pattern Recognition and Machine Learning (2006), eq. B.22.

    Examples
    --------
    >>> round(float(entropy([1.0, 1.0, 1.0])), 12)
    -0.69314718056
    """
    return cross_entropy(concentration, concentration)


def cross_entropy(q_concentration: Array, p_concentration: Array) -> Array:
    r"""
    Cross-entropy :math:`-\mathbb E_q \log p`.

    Parameters
    ----------
    q_concentration, p_concentration : array, shape (..., K)
        Of shapes that broadcast.

    Returns
    -------
    array, shape (...)
        :math:`\log B(\alpha_p) - \sum_k (\alpha_{p,k} - 1) (\psi(\alpha_{q,k}) - \psi(\alpha_{q,0}))` in nats.

    References
    ----------
    .. [1] Bishop, Pattern Recognition and Machine Learning (2006), eq. B.21 (mean of the logarithm).

    Examples
    --------
    >>> round(float(cross_entropy([2.0, 1.0], [1.0, 1.0])), 12) + 0.0
    0.0
    """
    xp, q_concentration, p_concentration = as_arrays(q_concentration, p_concentration)
    mean_log = digamma(q_concentration) - digamma(xp.sum(q_concentration, axis=-1, keepdims=True))
    return log_multivariate_beta(p_concentration) - xp.sum((p_concentration - 1.0) * mean_log, axis=-1)


def kl_divergence(q_concentration: Array, p_concentration: Array) -> Array:
    r"""
    Kullback-Leibler divergence :math:`\mathbb E_q[\log q - \log p]`.

    Parameters
    ----------
    q_concentration, p_concentration : array, shape (..., K)
        Of shapes that broadcast.

    Returns
    -------
    array, shape (...)
        In nats; exactly 0 at equality. Float32 is evaluated in float64.

    Notes
    -----
    A table is a vector of independent gamma variables, normalised, and independent of their sum; so the divergence is the
    sum of theirs less that of the sum's, whatever rates are chosen. With the rates that match the means of the sums,

    .. math:: \sum_k D_e(\beta_k, \alpha_k \beta_0 / \alpha_0) + \sum_k D_f(\beta_k, \alpha_k) - D_f(\beta_0, \alpha_0),

    where :math:`\alpha, \beta` are the concentrations of q and p, index 0 their sums, :math:`D_e` is
    :func:`numerics.bregman.of_entropy` and :math:`D_f` is :func:`numerics.bregman.of_log_gamma`. The subtraction takes at
    most the largest summand's share, except where one category outweighs all others in q and p: there the difference of
    its summand from that of the sums is expanded, where that is the smaller number.

    References
    ----------
    .. [1] Penny, KL-Divergences of Normal, Gamma, Dirichlet and Wishart densities (2001), eq. 23 (usual expression).
    .. [2] Devroye, Non-Uniform Random Variate Generation (1986), Theorem XI.4.1 (gamma variables, normalised).

    Examples
    --------
    >>> round(float(kl_divergence([2.0, 1.0], [1.0, 1.0])), 12)
    0.19314718056
    >>> float(kl_divergence([0.3, 4.0, 1.0], [0.3, 4.0, 1.0]))
    0.0
    """
    xp, dtype, *given = as_wide_arrays(q_concentration, p_concentration)
    return narrowed(xp, with_gradient(_divergence, slope, xp, *xp.broadcast_arrays(*given)), dtype)


def _divergence(xp: Any, q: Array, p: Array) -> Array:
    difference = p - q
    heaviest = is_largest(xp, q)
    (q_top, q_rest), (p_top, p_rest), (top, rest) = (split(xp, values, heaviest) for values in (q, p, difference))
    q_total, p_total, surplus = q_top + q_rest, p_top + p_rest, top + rest
    shares = q * (p_total / q_total)
    # Near equality, and where one category outweighs the others, a difference of products keeps what p - shares loses.
    near = xp.maximum(xp.abs(difference / q), xp.abs(surplus / q_total)) < 0.5
    others = xp.where(near, difference - q * (surplus / q_total), p - shares)
    own = xp.where(
        near, difference * (q_rest / q_total) - q * (rest / q_total), p * (q_rest / q_total) - q * (p_rest / q_total)
    )
    means = xp.sum(of_entropy(p, shares, xp.where(heaviest, own, others)), axis=-1)
    shapes = of_log_gamma(p, q, difference)
    light = xp.sum(xp.where(heaviest, xp.zeros_like(shapes), shapes), axis=-1)
    heavy = loss_of_sum(xp, (p_top, p_rest, p_total), (q_top, q_rest, q_total), top, surplus)
    return means + light + heavy[..., 0]


def slope(xp: Any, q: Array, p: Array) -> tuple[Array, Array]:
    r"""
    Gradients of the divergence in the concentrations.

    Parameters
    ----------
    xp : namespace
    q, p : array, shape (..., K)
        Of one shape.

    Returns
    -------
    tuple of array, shape (..., K)
        In q's and in p's concentrations.

    Notes
    -----
    With :math:`\delta = \alpha - \beta` and :math:`c(t) = \psi'(t) - 1/t` they are
    :math:`\delta_k/\alpha_k - \delta_0/\alpha_0 + \delta_k c(\alpha_k) - \delta_0 c(\alpha_0)` and
    :math:`\psi(\beta_k) - \psi(\alpha_k) - \psi(\beta_0) + \psi(\alpha_0)`. Each is written as a difference in two ways,
    of which the smaller numbers serve; for the heaviest category of q what is left of the sums is known by itself.

    Examples
    --------
    >>> import numpy as np
    >>> in_q, in_p = slope(np, np.array([2.0, 1.0]), np.array([1.0, 1.0]))
    >>> np.round(in_p, 12).tolist()
    [-0.5, 0.5]
    """
    heaviest, difference = is_largest(xp, q), q - p
    (q_top, q_rest), (p_top, p_rest), (top, rest) = (split(xp, values, heaviest) for values in (q, p, difference))
    q_total, p_total, surplus = q_top + q_rest, p_top + p_rest, top + rest
    others = _smaller(xp, (difference / q, surplus / q_total), (p_total / q_total, p / q))
    own = _smaller(
        xp, (q_rest / q_total * (difference / q), rest / q_total), (p_rest / q_total, q_rest / q_total * (p / q))
    )
    whole = curvature(q_total)
    loss = curvature_difference(q_total, q, q_rest)
    bent = xp.where(heaviest, -difference * loss - rest * whole, difference * curvature(q) - surplus * whole)
    in_p = _smaller(
        xp,
        (digamma_difference(p, q, -difference), digamma_difference(p_total, q_total, -surplus)),
        (_above_part(xp, q), _above_part(xp, p)),
    )
    return xp.where(heaviest, own, others) + bent, in_p


def _above_part(xp: Any, concentration: Array) -> Array:
    """Digamma at the sum less digamma at each part."""
    heaviest = is_largest(xp, concentration)
    own, rest = split(xp, concentration, heaviest)
    total = own + rest
    return digamma_difference(total, concentration, xp.where(heaviest, rest, total - concentration))


def _smaller(xp: Any, first: tuple[Array, ...], second: tuple[Array, ...]) -> Array:
    """The difference of one of two pairs, which are equal but for rounding: of the pair of smaller numbers."""
    sizes = [xp.abs(a) + xp.abs(b) for a, b in (first, second)]
    return xp.where(sizes[0] < sizes[1], first[0] - first[1], second[0] - second[1])


def log_multivariate_beta(concentration: Array) -> Array:
    r"""
    Logarithm of the multivariate beta function.

    Parameters
    ----------
    concentration : array, shape (..., K)

    Returns
    -------
    array, shape (...)
        :math:`\log B(\alpha) = \sum_k \log\Gamma(\alpha_k) - \log\Gamma(\sum_k \alpha_k)`.

    References
    ----------
    .. [1] Bishop, Pattern Recognition and Machine Learning (2006), eq. B.23.

    Examples
    --------
    >>> round(float(log_multivariate_beta([2.0, 3.0])), 12)
    -2.484906649788
    """
    xp, concentration = as_arrays(concentration)
    return xp.sum(log_gamma(concentration), axis=-1) - log_gamma(xp.sum(concentration, axis=-1))


def loss_of_sum(xp: Any, p: tuple[Array, ...], q: tuple[Array, ...], top: Array, surplus: Array) -> Array:
    r"""
    What :func:`numerics.bregman.of_log_gamma` at the heaviest category is more than the same at the sums.

    Parameters
    ----------
    xp : namespace
    p, q : tuple of array
        Concentration of the heaviest category, sum of the others, sum of all; all arrays of one shape.
    top, surplus : array
        Differences of p and q in the first and in the last.

    Returns
    -------
    array
        :math:`D_f(x, y) - D_f(x + e, y + d)` for :math:`p = (x, e, x + e)` and :math:`q = (y, d, y + d)`, without
        cancellation where e and d are small.

    Examples
    --------
    >>> import numpy as np
    >>> p, q = [tuple(map(np.float64, values)) for values in ((2.0, 1e-30, 2.0), (1.0, 1e-30, 1.0))]
    >>> round(float(loss_of_sum(np, p, q, p[0] - q[0], p[2] - q[2])) / 1e-30, 12)
    0.338081247408
    """
    (x, e, whole_x), (y, d, whole_y) = p, q
    direct, subtracted = of_log_gamma(x, y, top), of_log_gamma(whole_x, whole_y, surplus)
    # D(x + e, y + d) - D(x, y) = D(x + e, x) + D(y, y + d) + e (f'(x) - f'(y)) - (x + e - y)(f'(y + d) - f'(y))
    gains = of_log_gamma(whole_x, x, e) + of_log_gamma(y, whole_y, -d)
    first = e * log_gamma_slope(x, y, top)
    second = (top + e) * log_gamma_slope(whole_y, y, d)
    expand = gains + xp.abs(first) + xp.abs(second) < direct
    return xp.where(expand, second - first - gains, direct - subtracted)
