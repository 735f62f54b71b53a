r"""
The Wishart distribution on positive definite matrices, the law of :math:`\sum_k x_k x_k^\top` for n centred normals.

``df`` is n, of shape (...); ``scale_tril`` is the lower-triangular factor L of the scale matrix :math:`V = L L^\top`, of shape
(..., D, D) with a positive diagonal; the mean is n V. All functions take arrays of the Python array API standard, broadcast
over the leading axes, which are never summed, and keep the dtype. Values are in nats.

Requirements: ``df > D - 1``; it is not checked.
"""

import math
from typing import Any

from numerics.array import Array, as_arrays, as_wide_arrays, narrowed
from numerics.bregman import of_entropy, of_log_gamma
from numerics.multivariate_normal import divergence_of_factors
from numerics.special_function import digamma, log_gamma
from numerics.triangular import solve_lower

_LOG_TWO, _LOG_PI = math.log(2.0), math.log(math.pi)


def log_prob(value: Array, df: Array, scale_tril: Array) -> Array:
    r"""
    Log density with respect to the entries on and below the diagonal.

    Parameters
    ----------
    value : array, shape (..., D, D)
        Symmetric and positive definite.
    df : array, shape (...)
    scale_tril : array, shape (..., D, D)

    Returns
    -------
    array, shape (...)
        :math:`\tfrac{n-D-1}2 \log\det X - \tfrac12 \operatorname{tr} V^{-1} X - \tfrac n2 \log\det 2V
        - \log\Gamma_D(\tfrac n2)` in nats.

    References
    ----------
    .. [1] Bishop, Pattern Recognition and Machine Learning (2006), eq. B.78.

    Examples
    --------
    >>> import numpy as np
    >>> round(float(log_prob(np.eye(1), 2.0, np.eye(1))), 12)  # a chi-square
    -1.19314718056
    """
    xp, value, df, scale_tril = as_arrays(value, df, scale_tril)
    size = value.shape[-1]
    factor = xp.linalg.cholesky(value)
    spread = solve_lower(scale_tril, factor)
    density = (0.5 * (df - size - 1.0)) * _log_det(xp, factor) - 0.5 * xp.sum(spread * spread, axis=(-2, -1))
    return density - _log_normaliser(xp, df, scale_tril)


def entropy(df: Array, scale_tril: Array) -> Array:
    r"""
    Differential entropy.

    Parameters
    ----------
    df : array, shape (...)
    scale_tril : array, shape (..., D, D)

    Returns
    -------
    array, shape (...)
        In nats.

    References
    ----------
    .. [1] Bishop, Pattern Recognition and Machine Learning (2006), eq. B.82.

    Examples
    --------
    >>> import numpy as np
    >>> round(float(entropy(2.0, np.eye(1))), 12)
    1.69314718056
    """
    return cross_entropy(df, scale_tril, df, scale_tril)


def cross_entropy(q_df: Array, q_scale_tril: Array, p_df: Array, p_scale_tril: Array) -> Array:
    r"""
    Cross-entropy :math:`-\mathbb E_q \log p`.

    Parameters
    ----------
    q_df, p_df : array, shape (...)
    q_scale_tril, p_scale_tril : array, shape (..., D, D)

    Returns
    -------
    array, shape (...)
        In nats.

    References
    ----------
    .. [1] Bishop, Pattern Recognition and Machine Learning (2006), eq. B.80 and B.81 (means of X and of log det X).

    Examples
    --------
    >>> import numpy as np
    >>> round(float(cross_entropy(2.0, np.eye(1), 2.0, 0.5 * np.eye(1))), 12)
    3.30685281944
    """
    xp, q_df, q_scale_tril, p_df, p_scale_tril = as_arrays(q_df, q_scale_tril, p_df, p_scale_tril)
    size = q_scale_tril.shape[-1]
    mean_log_det = _log_det(xp, q_scale_tril) + size * _LOG_TWO
    for i in range(size):
        mean_log_det = mean_log_det + digamma(0.5 * (q_df - i))
    spread = solve_lower(p_scale_tril, xp.tril(q_scale_tril))
    mean_trace = q_df * xp.sum(spread * spread, axis=(-2, -1))
    moments = 0.5 * mean_trace - (0.5 * (p_df - size - 1.0)) * mean_log_det
    return moments + _log_normaliser(xp, p_df, p_scale_tril)


def kl_divergence(q_df: Array, q_scale_tril: Array, p_df: Array, p_scale_tril: Array) -> Array:
    r"""
    Kullback-Leibler divergence :math:`\mathbb E_q[\log q - \log p]`.

    Parameters
    ----------
    q_df, p_df : array, shape (...)
    q_scale_tril, p_scale_tril : array, shape (..., D, D)
        Leading axes broadcast.

    Returns
    -------
    array, shape (...)
        In nats, one for each pair of the batch; exactly 0 at equality. Float32 is evaluated in float64.

    Notes
    -----
    On the way from q to p lies the distribution with the degrees of p and the mean of q, and the divergences add:

    .. math:: m \cdot KL\bigl(\mathcal N(0, \tfrac nm V_q) \,\|\, \mathcal N(0, V_p)\bigr)
        + \sum_{i<D} \Bigl( D_{\log\Gamma}\bigl(\tfrac{m-i}2, \tfrac{n-i}2\bigr) - D_{t \log t}\bigl(\tfrac m2, \tfrac n2\bigr)
        \Bigr)

    for degrees n of q and m of p, with :math:`D_{\log\Gamma}` the sum of :func:`numerics.bregman.of_log_gamma` and
    :func:`numerics.bregman.of_entropy`. For degrees much larger than D the summands of the second part cancel by their
    quotient.

    References
    ----------
    .. [1] Penny, KL-Divergences of Normal, Gamma, Dirichlet and Wishart densities (2001), eq. 31 (usual expression).

    Examples
    --------
    >>> import numpy as np
    >>> round(float(kl_divergence(2.0, np.eye(1), 4.0, np.eye(1))), 12)  # chi-squares
    0.577215664902
    """
    xp, dtype, q_df, q_scale_tril, p_df, p_scale_tril = as_wide_arrays(q_df, q_scale_tril, p_df, p_scale_tril)
    step = p_df - q_df
    scale = xp.sqrt(q_df / p_df)[..., None, None]
    growth = (-step / p_df)[..., None, None] / (1.0 + scale)
    difference = growth * q_scale_tril + (q_scale_tril - p_scale_tril)
    value = p_df * divergence_of_factors(xp, scale * q_scale_tril, p_scale_tril, difference)
    shared = of_entropy(0.5 * p_df, 0.5 * q_df, 0.5 * step)
    for i in range(q_scale_tril.shape[-1]):
        degrees = 0.5 * (p_df - i), 0.5 * (q_df - i), 0.5 * step
        value = value + (of_log_gamma(*degrees) + (of_entropy(*degrees) - shared))
    return narrowed(xp, value, dtype)


def _log_det(xp: Any, scale_tril: Array) -> Array:
    return 2.0 * xp.sum(xp.log(xp.linalg.diagonal(scale_tril)), axis=-1)


def _log_normaliser(xp: Any, df: Array, scale_tril: Array) -> Array:
    size = scale_tril.shape[-1]
    value = (0.5 * df) * (_log_det(xp, scale_tril) + size * _LOG_TWO) + 0.25 * size * (size - 1) * _LOG_PI
    for i in range(size):
        value = value + log_gamma(0.5 * (df - i))
    return value
