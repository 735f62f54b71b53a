r"""
Monte Carlo estimators of :math:`\mathbb E_q f` and of its gradient in q's parameters, one row per draw.

A row per draw shows the estimator's variance, and its law where that is known (:mod:`numerics.quadratic_form`). Rows
are averaged by :func:`numerics.moments.estimate`. Derivatives are taken by complex steps: they are right to rounding
and share no code with automatic differentiation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from numerics import normal
from numerics.moments import Floats
from numerics.proposal import Parameters, Reparameterised, Scorable

Integrand: TypeAlias = Callable[..., NDArray[Any]]
"""Maps ``(value, *parameters)``, of shapes (N, D), (P1,), (P2,), ... to one number per draw, shape (N,)."""
Baseline: TypeAlias = float | Literal["leave-one-out"]

_STEP = 1e-100


def pathwise(integrand: Integrand, q: Reparameterised, noise: ArrayLike) -> NDArray[Any]:
    """
    Reparameterised rows: the integrand at draws that are a function of the noise.

    Parameters
    ----------
    integrand : callable
        ``integrand(value, *parameters)``, for a :class:`~numerics.proposal.IndependentNormal` with shapes (N, D), (D,),
        (D,), returning shape (N,).
    q : Reparameterised
    noise : array, shape (N, D)

    Returns
    -------
    array, shape (N,)

    Raises
    ------
    ValueError
        If the noise does not fit, or the integrand does not return one number per draw.

    References
    ----------
    .. [1] Kingma and Welling, Auto-Encoding Variational Bayes (2014), Sec. 2.4.

    Examples
    --------
    >>> from numerics.proposal import IndependentNormal
    >>> pathwise(lambda z, loc, scale: z.sum(axis=-1), IndependentNormal([1.0], [2.0]), [[0.5], [-0.5]])
    array([2., 0.])
    """
    noise = _checked(noise, q.dimension)
    return _rows(integrand, q.transform(noise, *q.parameters), q.parameters)


def pathwise_gradient(integrand: Integrand, q: Reparameterised, noise: ArrayLike) -> tuple[Floats, ...]:
    r"""
    Total derivative of each row of :func:`pathwise` in q's parameters.

    Parameters
    ----------
    integrand, q, noise
        As for :func:`pathwise`.

    Returns
    -------
    tuple of array, one of shape (N, P) for each parameter of q
        Through the draw and through the parameters: ``(d row / d loc, d row / d scale)`` for a normal.

    Raises
    ------
    ValueError
        As for :func:`pathwise`.

    Notes
    -----
    For analytic f and real x,
    :math:`f(x + \mathrm i h) = f(x) + \mathrm i h f'(x) + O(h^2)`, hence :math:`f'(x) = \Im f(x + \mathrm i h)/h`
    without a subtraction, exact to rounding for the step 1e-100.

    Requirements: the integrand is analytic where it is evaluated, is real for real arguments, and accepts complex
    arrays: no modulus, maximum, comparison or conjugate, and no conversion to float.

    References
    ----------
    .. [1] Squire and Trapp, Using Complex Variables to Estimate Derivatives of Real Functions (1998), Sec. 1.

    Examples
    --------
    >>> from numerics.proposal import IndependentNormal
    >>> q = IndependentNormal([1.0], [2.0])
    >>> loc, scale = pathwise_gradient(lambda z, m, s: (z**3).sum(axis=-1), q, [[0.5]])
    >>> loc.item(), scale.item()
    (12.0, 6.0)
    """
    noise = _checked(noise, q.dimension)
    return _derivatives(lambda *theta: _rows(integrand, q.transform(noise, *theta), theta), q.parameters)


def score_function_gradient(
    integrand: Integrand, q: Scorable, draws: ArrayLike, baseline: Baseline = 0.0
) -> tuple[Floats, ...]:
    r"""
    Rows of the score-function estimator of the gradient in q's parameters.

    Parameters
    ----------
    integrand : callable
        As for :func:`pathwise`. It is never differentiated in the draws, which may be discrete.
    q : Scorable
    draws : array, shape (N, D)
        Draws from q.
    baseline : float or "leave-one-out"
        A number that does not depend on the draws, or the mean of the other draws' integrands.

    Returns
    -------
    tuple of array, one of shape (N, P) for each parameter of q

    Raises
    ------
    ValueError
        If the draws do not fit, the integrand does not return one number per draw, or there is only one draw to
        leave out.

    Notes
    -----
    .. math:: \bigl(f(z_i) - b_i\bigr)\, \nabla_\theta \log q_\theta(z_i) + \partial_\theta f_\theta(z_i),
        \qquad b_i = b \quad\text{or}\quad b_i = \frac{1}{N - 1} \sum_{j \ne i} f(z_j).

    Each row is unbiased, since :math:`\mathbb E_q \nabla \log q = 0` and :math:`b_i` is independent of
    :math:`z_i`. With the leave-one-out baseline the rows of one call depend on each other through their baselines:
    their spread shows the variance of the mean only up to terms of order 1/N.

    References
    ----------
    .. [1] Mohamed et al., Monte Carlo Gradient Estimation in Machine Learning (2020), eq. 13 and 14.
    .. [2] Kool, van Hoof and Welling, Buy 4 REINFORCE Samples, Get a Baseline for Free! (2019), eq. 8.

    Examples
    --------
    >>> from numerics.proposal import IndependentNormal
    >>> square = lambda z, loc, scale: (z**2).sum(axis=-1)
    >>> score_function_gradient(square, IndependentNormal([0.0], [1.0]), [[1.0], [2.0]])[0]
    array([[1.],
           [8.]])
    >>> score_function_gradient(square, IndependentNormal([0.0], [1.0]), [[1.0], [2.0]], "leave-one-out")[0]
    array([[-3.],
           [ 6.]])
    """
    draws = _checked(draws, q.dimension)
    rows = _rows(integrand, draws, q.parameters)
    advantage = rows - (_mean_of_others(rows) if baseline == "leave-one-out" else baseline)

    def surrogate(*theta: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(advantage * q.log_prob(draws, *theta) + _rows(integrand, draws, theta))

    return _derivatives(surrogate, q.parameters)


def importance_weighted(log_weight: Integrand, q: Reparameterised, noise: ArrayLike) -> NDArray[Any]:
    r"""
    Rows of the importance-weighted bound on the log evidence, each from K draws.

    Parameters
    ----------
    log_weight : callable
        ``log p(x, z) - log q(z)`` as a function of ``(value, *parameters)``; see :func:`pathwise`.
    q : Reparameterised
    noise : array, shape (N, K, D)

    Returns
    -------
    array, shape (N,)
        In nats; for K = 1 the rows of the ELBO.

    Raises
    ------
    ValueError
        As for :func:`pathwise`.

    Notes
    -----
    .. math:: \log \frac1K \sum_{k=1}^K w(z_k), \qquad w(z) = \frac{p(x, z)}{q(z)}.

    References
    ----------
    .. [1] Burda, Grosse and Salakhutdinov, Importance Weighted Autoencoders (2016), eq. 8.

    Examples
    --------
    >>> from numerics.proposal import IndependentNormal
    >>> constant = lambda z, loc, scale: np.full(len(z), 0.25) * (1 + 0 * z.sum(axis=-1))
    >>> importance_weighted(constant, IndependentNormal([1.0], [2.0]), np.zeros((3, 5, 1)))
    array([0.25, 0.25, 0.25])
    """
    noise = _checked(noise, q.dimension, axes=3)
    return _log_mean_weight(log_weight, q, noise, q.parameters)


def importance_weighted_gradient(log_weight: Integrand, q: Reparameterised, noise: ArrayLike) -> tuple[Floats, ...]:
    r"""
    Total derivative of each row of :func:`importance_weighted` in q's parameters.

    Parameters
    ----------
    log_weight, q, noise
        As for :func:`importance_weighted`; requirements as for :func:`pathwise_gradient`.

    Returns
    -------
    tuple of array, one of shape (N, P) for each parameter of q

    Raises
    ------
    ValueError
        As for :func:`pathwise`.

    References
    ----------
    .. [1] Burda, Grosse and Salakhutdinov, Importance Weighted Autoencoders (2016), eq. 13.

    Examples
    --------
    >>> from numerics.proposal import IndependentNormal
    >>> q = IndependentNormal([1.0], [2.0])
    >>> importance_weighted_gradient(lambda z, m, s: z.sum(axis=-1), q, np.zeros((1, 4, 1)))[0]
    array([[1.]])
    """
    noise = _checked(noise, q.dimension, axes=3)
    return _derivatives(lambda *theta: _log_mean_weight(log_weight, q, noise, theta), q.parameters)


def log_ratio(
    value: NDArray[Any], loc: NDArray[Any], scale: NDArray[Any], *, p_loc: ArrayLike, p_scale: ArrayLike
) -> NDArray[Any]:
    r"""
    The integrand of the divergence of diagonal normals, :math:`\log q(z) - \log p(z)`, from the two densities.

    Parameters
    ----------
    value : array, shape (..., D)
    loc, scale : array, shape (D,)
        Parameters of q; may be complex, as ``value`` may.
    p_loc, p_scale : array, shape (D,)

    Returns
    -------
    array, shape (...)
        In nats, summed over the last axis.

    Examples
    --------
    >>> float(log_ratio(np.array([0.3]), np.array([0.0]), np.array([1.0]), p_loc=[0.0], p_scale=[1.0]))
    0.0
    """
    p_loc, p_scale = np.asarray(p_loc, dtype=np.float64), np.asarray(p_scale, dtype=np.float64)
    ratio = normal.log_prob(value, loc, scale) - normal.log_prob(value, p_loc, p_scale)
    return np.asarray(ratio.sum(axis=-1))


@dataclass(frozen=True)
class PathwiseRows:
    """
    Rows for :func:`numerics.moments.estimate`: the value of an integrand and its gradient, from the same draws.

    Parameters
    ----------
    integrand : callable
        As for :func:`pathwise_gradient`; for the divergence of diagonal normals
        ``functools.partial(log_ratio, p_loc=..., p_scale=...)``. A module-level function or a ``partial`` of
        one can be sent to other processes.
    q : Reparameterised

    Examples
    --------
    >>> from functools import partial
    >>> from numerics.proposal import IndependentNormal
    >>> rows = PathwiseRows(partial(log_ratio, p_loc=[-0.6], p_scale=[1.3]), IndependentNormal([0.7], [0.4]))
    >>> rows(np.random.default_rng(0), 5).shape
    (5, 3)
    """

    integrand: Integrand
    q: Reparameterised

    def __call__(self, rng: np.random.Generator, num_samples: int) -> Floats:
        """Columns: the value, then its derivatives, parameter by parameter; shape (n, 1 + P1 + P2 + ...)."""
        return self.at(self.q.noise(rng, num_samples))

    def at(self, noise: Floats) -> Floats:
        """The rows at given noise, shape (N, D)."""
        value = pathwise(self.integrand, self.q, noise)
        return np.column_stack([value, *pathwise_gradient(self.integrand, self.q, noise)])


@dataclass(frozen=True)
class ScoreFunctionRows:
    """
    Rows for :func:`numerics.moments.estimate`: the value of an integrand and its score-function gradient.

    Parameters
    ----------
    integrand : callable
    q : Scorable
    baseline : float or "leave-one-out"
        As for :func:`score_function_gradient`; the others to leave one out of are those of the same chunk.

    Examples
    --------
    >>> from numerics.proposal import IndependentNormal
    >>> rows = ScoreFunctionRows(lambda z, loc, scale: z.sum(axis=-1), IndependentNormal([0.7], [0.4]))
    >>> rows(np.random.default_rng(0), 5).shape
    (5, 3)
    """

    integrand: Integrand
    q: Scorable
    baseline: Baseline = 0.0

    def __call__(self, rng: np.random.Generator, num_samples: int) -> Floats:
        """Columns: the value, then its derivatives, parameter by parameter; shape (n, 1 + P1 + P2 + ...)."""
        draws = _checked(self.q.sample(rng, num_samples), self.q.dimension)
        gradient = score_function_gradient(self.integrand, self.q, draws, self.baseline)
        return np.column_stack([_rows(self.integrand, draws, self.q.parameters), *gradient])


def _derivatives(rows: Callable[..., NDArray[Any]], parameters: Parameters) -> tuple[Floats, ...]:
    """Derivatives of rows in each entry of each parameter, by complex steps."""
    gradients = []
    for index, parameter in enumerate(parameters):
        columns = []
        for step in 1j * _STEP * np.eye(parameter.size):
            moved = [theta + step if i == index else theta for i, theta in enumerate(parameters)]
            columns.append(rows(*moved).imag / _STEP)
        gradients.append(np.stack(columns, axis=-1))
    return tuple(gradients)


def _log_mean_weight(
    log_weight: Integrand, q: Reparameterised, noise: Floats, parameters: tuple[NDArray[Any], ...]
) -> NDArray[Any]:
    groups, size, dimension = noise.shape
    value = q.transform(noise.reshape(groups * size, dimension), *parameters)
    logs = _rows(log_weight, value, parameters).reshape(groups, size)
    # The shift is a real constant to the complex step, so the expression stays analytic.
    shift = logs.real.max(axis=1)
    return np.asarray(shift + np.log(np.exp(logs - shift[:, None]).mean(axis=1)))


def _mean_of_others(rows: NDArray[Any]) -> NDArray[Any]:
    if len(rows) < 2:
        raise ValueError("a leave-one-out baseline needs at least two draws")
    return np.asarray((rows.sum() - rows) / (len(rows) - 1))


def _checked(draws: ArrayLike, dimension: int, axes: int = 2) -> Floats:
    draws = np.asarray(draws, dtype=np.float64)
    if draws.ndim != axes or draws.shape[-1] != dimension:
        shape = "(N, D)" if axes == 2 else "(N, K, D)"
        raise ValueError(f"need shape {shape} with D = {dimension}, not {draws.shape}")
    if draws.size == 0:
        raise ValueError("need at least one draw")
    return draws


def _rows(integrand: Integrand, value: NDArray[Any], parameters: tuple[NDArray[Any], ...]) -> NDArray[Any]:
    rows = np.asarray(integrand(value, *parameters))
    if rows.shape != value.shape[:1]:
        raise ValueError(f"the integrand must return shape {value.shape[:1]}, not {rows.shape}")
    return rows
