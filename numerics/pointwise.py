r"""
Identities that hold for every draw: they need no averaging, so they come before any statistical test.

With the exact posterior, :math:`\log p(x, z) - \log q(z \mid x) = \log p(x)` for every z, so the rows of the ELBO have
no spread but rounding, and the path derivative of each row is zero. Any other q has a spread, and it shows the error at
the first handful of draws.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from numerics import normal
from numerics.moments import Floats
from numerics.monte_carlo import pathwise, pathwise_gradient
from numerics.proposal import IndependentNormal

LogJoint: TypeAlias = Callable[[NDArray[Any]], NDArray[Any]]
"""``log p(x, z)`` at one x as a function of z: shape (N, D) to (N,), analytic where gradients are taken."""


@dataclass(frozen=True)
class ConjugateNormal:
    r"""
    The conjugate model :math:`z_j \sim \mathcal N(0, 1)`, :math:`x_j \mid z_j \sim \mathcal N(w_j z_j, s_j^2)`.

    Parameters
    ----------
    slope, scale : array, shape (D,)
        The slopes w and the standard deviations s.

    Raises
    ------
    ValueError
        If the shapes differ, or a scale is not positive.

    References
    ----------
    .. [1] Bishop, Pattern Recognition and Machine Learning (2006), eq. 2.115 to 2.117.

    Examples
    --------
    >>> model = ConjugateNormal([1.0], [1.0])
    >>> q = model.posterior([1.2])
    >>> q.loc, q.scale
    (array([0.6]), array([0.70710678]))
    """

    slope: ArrayLike
    scale: ArrayLike

    def __post_init__(self) -> None:
        IndependentNormal(self.slope, self.scale)

    def log_joint(self, x: ArrayLike, z: NDArray[Any]) -> NDArray[Any]:
        """Log density of observation and latent together, in nats; x of shape (D,), z of shape (N, D), result (N,)."""
        prior = normal.log_prob(z, 0.0, 1.0)
        likelihood = normal.log_prob(np.asarray(x), np.asarray(self.slope) * z, np.asarray(self.scale))
        return np.asarray((prior + likelihood).sum(axis=-1))

    def posterior(self, x: ArrayLike) -> IndependentNormal:
        r"""
        The exact posterior, of precision :math:`1 + w^2/s^2` and mean :math:`w x / (s^2 + w^2)`.
        """
        slope, scale = np.asarray(self.slope, dtype=np.float64), np.asarray(self.scale, dtype=np.float64)
        total = np.hypot(slope, scale)
        return IndependentNormal(slope * np.asarray(x) / total**2, scale / total)

    def log_evidence(self, x: ArrayLike) -> float:
        r"""The log density of x, which is :math:`\mathcal N(0, s^2 + w^2)`, in nats."""
        return float(normal.log_prob(np.asarray(x), 0.0, np.hypot(self.slope, self.scale)).sum())


def log_weights(log_joint: LogJoint, q: IndependentNormal, noise: ArrayLike) -> Floats:
    r"""
    Rows of the ELBO, :math:`\log p(x, z) - \log q(z)` at reparameterised draws.

    Parameters
    ----------
    log_joint : callable
    q : IndependentNormal
    noise : array, shape (N, D)

    Returns
    -------
    array, shape (N,)
        In nats; all equal to the log evidence if q is the exact posterior.

    Raises
    ------
    ValueError
        If the noise does not fit, or the log joint does not return one number per draw.

    Examples
    --------
    >>> model = ConjugateNormal([1.0], [1.0])
    >>> rows = log_weights(lambda z: model.log_joint([1.2], z), model.posterior([1.2]), [[-1.0], [0.3], [2.0]])
    >>> bool(np.all(abs(rows - model.log_evidence([1.2])) < 1e-14))
    True
    """
    return pathwise(lambda z, *theta: log_joint(z) - q.log_prob(z, *theta), q, noise)


def sticking_the_landing_gradient(log_joint: LogJoint, q: IndependentNormal, noise: ArrayLike) -> tuple[Floats, ...]:
    r"""
    Path derivatives of the rows of the ELBO, the score of q left out.

    Parameters
    ----------
    log_joint, q, noise
        As for :func:`log_weights`.

    Returns
    -------
    tuple of array, each of shape (N, D)
        ``(d/dloc, d/dscale)``: unbiased, and zero for every draw if q is the exact posterior.

    Raises
    ------
    ValueError
        As for :func:`log_weights`.

    Notes
    -----
    .. math:: \partial_\theta z_\theta(\varepsilon)\, \partial_z \bigl[\log p(x, z) - \log q_\theta(z)\bigr]:

    what is left out, :math:`\partial_\theta \log q_\theta(z)` at fixed z, has expectation zero but not variance zero.

    References
    ----------
    .. [1] Roeder, Wu and Duvenaud, Sticking the Landing (2017), Sec. 3.

    Examples
    --------
    >>> model = ConjugateNormal([1.0], [1.0])
    >>> loc, scale = sticking_the_landing_gradient(
    ...     lambda z: model.log_joint([1.2], z), model.posterior([1.2]), [[-1.0], [0.3], [2.0]]
    ... )
    >>> bool(abs(loc).max() < 1e-14 and abs(scale).max() < 1e-14)
    True
    """
    frozen = q.parameters
    return pathwise_gradient(lambda z, *theta: log_joint(z) - q.log_prob(z, *frozen), q, noise)
