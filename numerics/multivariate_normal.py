r"""
The multivariate normal distribution from a Cholesky factor, a covariance matrix, or standard deviations.

``loc`` has shape (..., D); ``scale_tril`` is the lower-triangular factor L of the covariance :math:`L L^\top`, of shape
(..., D, D) with a positive diagonal; ``covariance`` is the matrix itself; ``scale`` are the standard deviations of
independent coordinates, of shape (..., D). All functions take arrays of the Python array API standard, broadcast over the
leading axes, and keep the dtype. Values are in nats.

Requirements: factors have a positive diagonal, covariances are positive definite; neither is checked.
"""

import math
from typing import Any

from numerics import normal
from numerics.array import Array, as_arrays, as_wide_arrays, device, narrowed
from numerics.bregman import of_log
from numerics.derivative import with_gradient
from numerics.triangular import solve_lower

_LOG_TWO_PI = math.log(2.0 * math.pi)


def log_prob(value: Array, loc: Array, scale_tril: Array) -> Array:
    r"""
    Log density.

    Parameters
    ----------
    value, loc : array, shape (..., D)
    scale_tril : array, shape (..., D, D)

    Returns
    -------
    array, shape (...)
        :math:`-\tfrac12 \|L^{-1}(x - \mu)\|^2 - \log \det L - \tfrac D2 \log 2\pi` in nats.

    References
    ----------
    .. [1] Bishop, Pattern Recognition and Machine Learning (2006), eq. 2.43.

    Examples
    --------
    >>> import numpy as np
    >>> round(float(log_prob(np.array([0.0, 0.0]), np.array([0.0, 0.0]), np.eye(2))), 12)
    -1.837877066409
    """
    xp, value, loc, scale_tril = as_arrays(value, loc, scale_tril)
    deviation = solve_lower(scale_tril, (value - loc)[..., None])[..., 0]
    return -0.5 * xp.sum(deviation * deviation, axis=-1) - _half_log_det(xp, scale_tril) - _constant(scale_tril)


def entropy(scale_tril: Array) -> Array:
    r"""
    Differential entropy.

    Parameters
    ----------
    scale_tril : array, shape (..., D, D)

    Returns
    -------
    array, shape (...)
        :math:`\tfrac D2 (1 + \log 2\pi) + \log \det L` in nats.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), Theorem 8.4.1.

    Examples
    --------
    >>> import numpy as np
    >>> round(float(entropy(np.eye(2))), 12)
    2.837877066409
    """
    xp, scale_tril = as_arrays(scale_tril)
    return _half_log_det(xp, scale_tril) + (_constant(scale_tril) + 0.5 * scale_tril.shape[-1])


def cross_entropy(q_loc: Array, q_scale_tril: Array, p_loc: Array, p_scale_tril: Array) -> Array:
    r"""
    Cross-entropy :math:`-\mathbb E_q \log p`.

    Parameters
    ----------
    q_loc, p_loc : array, shape (..., D)
    q_scale_tril, p_scale_tril : array, shape (..., D, D)

    Returns
    -------
    array, shape (...)
        In nats.

    Notes
    -----
    .. math:: \tfrac12 \|L_p^{-1} L_q\|^2 + \tfrac12 \|L_p^{-1}(\mu_q - \mu_p)\|^2 + \log \det L_p + \tfrac D2 \log 2\pi

    References
    ----------
    .. [1] Petersen and Pedersen, The Matrix Cookbook (2012), eq. 380 (mean of a quadratic form).

    Examples
    --------
    >>> import numpy as np
    >>> round(float(cross_entropy(np.zeros(2), np.eye(2), np.ones(2), np.eye(2))), 12)
    3.837877066409
    """
    xp, q_loc, q_scale_tril, p_loc, p_scale_tril = as_arrays(q_loc, q_scale_tril, p_loc, p_scale_tril)
    spread = solve_lower(p_scale_tril, xp.tril(q_scale_tril))
    shift = solve_lower(p_scale_tril, (q_loc - p_loc)[..., None])
    squares = xp.sum(spread * spread, axis=(-2, -1)) + xp.sum(shift * shift, axis=(-2, -1))
    return 0.5 * squares + _half_log_det(xp, p_scale_tril) + _constant(p_scale_tril)


def kl_divergence(q_loc: Array, q_scale_tril: Array, p_loc: Array, p_scale_tril: Array) -> Array:
    r"""
    Kullback-Leibler divergence :math:`\mathbb E_q[\log q - \log p]` from Cholesky factors.

    Parameters
    ----------
    q_loc, p_loc : array, shape (..., D)
    q_scale_tril, p_scale_tril : array, shape (..., D, D)
        Leading axes broadcast.

    Returns
    -------
    array, shape (...)
        In nats; never negative, exactly 0 at equality. Float32 is evaluated in float64.

    Notes
    -----
    With the lower-triangular :math:`N = L_p^{-1} (L_q - L_p)`, whose diagonal holds the relative differences u, and
    :math:`\delta = L_p^{-1} (\mu_q - \mu_p)`,

    .. math:: \tfrac12 \bigl(\|L_p^{-1} L_q\|^2 - D + \|\delta\|^2\bigr) + \log\frac{\det L_p}{\det L_q}
        = \tfrac12 \|N\|^2 + \tfrac12 \|\delta\|^2 + \sum_i \bigl(u_i - \log(1 + u_i)\bigr),

    where nothing is negative and the difference of close factors is exact. Far from equality N is taken as
    :math:`L_p^{-1} L_q` off the diagonal, lest a small factor of q drown in that of p.

    References
    ----------
    .. [1] Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), eq. A.23 (usual expression).

    Examples
    --------
    >>> import numpy as np
    >>> factor = np.array([[1.0, 0.0], [0.5, 2.0]])
    >>> round(float(kl_divergence(np.zeros(2), factor, np.ones(2), np.eye(2))), 12)
    1.93185281944
    >>> float(kl_divergence(np.zeros(2), factor, np.zeros(2), factor))
    0.0
    """
    xp, dtype, q_loc, q_scale_tril, p_loc, p_scale_tril = as_wide_arrays(q_loc, q_scale_tril, p_loc, p_scale_tril)
    shift = solve_lower(p_scale_tril, (q_loc - p_loc)[..., None])
    spread = divergence_of_factors(xp, q_scale_tril, p_scale_tril, q_scale_tril - p_scale_tril)
    return narrowed(xp, 0.5 * xp.sum(shift * shift, axis=(-2, -1)) + spread, dtype)


def kl_divergence_full(q_loc: Array, q_covariance: Array, p_loc: Array, p_covariance: Array) -> Array:
    r"""
    Kullback-Leibler divergence :math:`\mathbb E_q[\log q - \log p]` from covariance matrices.

    Parameters
    ----------
    q_loc, p_loc : array, shape (..., D)
    q_covariance, p_covariance : array, shape (..., D, D)
        Symmetric and positive definite; leading axes broadcast.

    Returns
    -------
    array, shape (...)
        In nats; never negative, exactly 0 at equality. Float32 is evaluated in float64.

    Notes
    -----
    With the eigenvalues :math:`\lambda` of the symmetric :math:`L_p^{-1} (\Sigma_q - \Sigma_p) L_p^{-\top}`,

    .. math:: \tfrac12 \sum_i \bigl(\lambda_i - \log(1 + \lambda_i)\bigr) + \tfrac12 \|L_p^{-1} (\mu_q - \mu_p)\|^2 .

    An eigenvalue is right to the roundings of the largest one, so the value is right to the condition of the matrices;
    Cholesky factors, where they are known, lose less: :func:`kl_divergence`.

    References
    ----------
    .. [1] Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), eq. A.23 (usual expression).

    Examples
    --------
    >>> import numpy as np
    >>> round(float(kl_divergence_full(np.zeros(2), 2.0 * np.eye(2), np.ones(2), np.eye(2))), 12)
    1.30685281944
    """
    xp, dtype, q_loc, q_covariance, p_loc, p_covariance = as_wide_arrays(q_loc, q_covariance, p_loc, p_covariance)
    factor = xp.linalg.cholesky(p_covariance)
    half = solve_lower(factor, q_covariance - p_covariance)
    growth = solve_lower(factor, xp.linalg.matrix_transpose(half))
    spread = with_gradient(_of_growth, _growth_slope, xp, 0.5 * (growth + xp.linalg.matrix_transpose(growth)))
    shift = solve_lower(factor, (q_loc - p_loc)[..., None])[..., 0]
    return narrowed(xp, 0.5 * (spread + xp.sum(shift * shift, axis=-1)), dtype)


def _of_growth(xp: Any, growth: Array) -> Array:
    rates = xp.linalg.eigvalsh(growth)
    return xp.sum(of_log(1.0 + rates, xp.ones_like(rates), rates), axis=-1)


def _growth_slope(xp: Any, growth: Array) -> tuple[Array]:
    """Not by eigenvalues, whose second derivatives are infinite where two are equal."""
    one = xp.eye(growth.shape[-1], dtype=growth.dtype, device=device(growth))
    return (xp.linalg.solve(one + growth, growth),)


def kl_divergence_low_rank(
    q_loc: Array, q_factor: Array, q_diagonal: Array, p_loc: Array, p_factor: Array, p_diagonal: Array
) -> Array:
    r"""
    Kullback-Leibler divergence :math:`\mathbb E_q[\log q - \log p]` from covariances of low rank plus a diagonal.

    Parameters
    ----------
    q_loc, p_loc : array, shape (..., D)
    q_factor, p_factor : array, shape (..., D, R)
        W, of any number R of columns for each; leading axes broadcast.
    q_diagonal, p_diagonal : array, shape (..., D)
        d, positive; the covariance is :math:`W W^\top + \mathrm{diag}\, d`.

    Returns
    -------
    array, shape (...)
        In nats; never negative, exactly 0 at equality. Float32 is evaluated in float64.

    Notes
    -----
    :func:`kl_divergence_full` of the covariances, in :math:`O(D^3)` operations. They are rounded once where they are
    formed, so the value is right to their condition; a covariance of full rank is the case W = L, d = 0 of p or of q.

    References
    ----------
    .. [1] Bishop, Pattern Recognition and Machine Learning (2006), eq. 12.65 (factor analysis).

    Examples
    --------
    >>> import numpy as np
    >>> ones = np.ones((2, 1))
    >>> round(float(kl_divergence_low_rank(np.zeros(2), ones, np.ones(2), np.zeros(2), 0.0 * ones, np.ones(2))), 12)
    0.450693855666
    """
    xp, dtype, q_loc, q_factor, q_diagonal, p_loc, p_factor, p_diagonal = as_wide_arrays(
        q_loc, q_factor, q_diagonal, p_loc, p_factor, p_diagonal
    )
    one = xp.eye(q_loc.shape[-1], dtype=q_loc.dtype, device=device(q_loc))
    covariances = [
        factor @ xp.linalg.matrix_transpose(factor) + diagonal[..., None] * one
        for factor, diagonal in ((q_factor, q_diagonal), (p_factor, p_diagonal))
    ]
    return narrowed(xp, kl_divergence_full(q_loc, covariances[0], p_loc, covariances[1]), dtype)


def kl_divergence_diagonal(q_loc: Array, q_scale: Array, p_loc: Array, p_scale: Array) -> Array:
    r"""
    Kullback-Leibler divergence :math:`\mathbb E_q[\log q - \log p]` with independent coordinates.

    Parameters
    ----------
    q_loc, q_scale, p_loc, p_scale : array, shape (..., D)
        Of shapes that broadcast.

    Returns
    -------
    array, shape (...)
        The sum over the last axis of :func:`numerics.normal.kl_divergence`, in nats. Float32 is evaluated in float64.

    References
    ----------
    .. [1] Kingma and Welling, Auto-Encoding Variational Bayes (2014), Appendix B.

    Examples
    --------
    >>> round(float(kl_divergence_diagonal([1.0, 0.0], [1.0, 1.0], [0.0, 0.0], [1.0, 1.0])), 12)
    0.5
    """
    xp, dtype, *parameters = as_wide_arrays(q_loc, q_scale, p_loc, p_scale)
    return narrowed(xp, xp.sum(normal.kl_divergence(*parameters), axis=-1), dtype)


def divergence_of_factors(xp: Any, q_scale_tril: Array, p_scale_tril: Array, difference: Array) -> Array:
    """
    The divergence of centred normals from Cholesky factors and their difference; see :func:`kl_divergence`.

    Parameters
    ----------
    xp : namespace
    q_scale_tril, p_scale_tril, difference : array, shape (..., D, D)
        ``difference`` is that of q less p.

    Returns
    -------
    array, shape (...)
        In nats.

    Examples
    --------
    >>> import numpy as np
    >>> round(float(divergence_of_factors(np, 2.0 * np.eye(1), np.eye(1), np.eye(1))), 12)
    0.80685281944
    """
    growth, spread = (solve_lower(p_scale_tril, xp.tril(columns)) for columns in (difference, q_scale_tril))
    # Off the diagonal the two agree; each is precise where the other cancels.
    near = xp.sum(growth * growth, axis=(-2, -1), keepdims=True) < 1.0
    spread = xp.tril(xp.where(near, growth, spread), k=-1)
    q_diagonal, p_diagonal, step = map(xp.linalg.diagonal, (q_scale_tril, p_scale_tril, difference))
    stretch = step / p_diagonal
    axial = xp.sum(of_log(q_diagonal, p_diagonal, step) + 0.5 * stretch * stretch, axis=-1)
    return axial + 0.5 * xp.sum(spread * spread, axis=(-2, -1))


def _half_log_det(xp: Any, scale_tril: Array) -> Array:
    return xp.sum(xp.log(xp.linalg.diagonal(scale_tril)), axis=-1)


def _constant(scale_tril: Array) -> float:
    return 0.5 * _LOG_TWO_PI * float(scale_tril.shape[-1])
