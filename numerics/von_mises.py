r"""
The von Mises distribution on the circle, with density :math:`e^{\kappa \cos(x - \mu)} / (2 \pi I_0(\kappa))`.

``loc`` is :math:`\mu`, ``concentration`` is :math:`\kappa`. All functions take arrays of the Python array API standard or
numbers, broadcast, and keep the dtype. Values are in nats.

Requirements: concentrations are positive; they are not checked.
"""

import math
from typing import Any

import numpy as np

from numerics.array import Array, as_arrays, as_wide_arrays, narrowed
from numerics.special_function import bessel_i0e, bessel_i1e

_LOG_TWO_PI = math.log(2.0 * math.pi)
# Gauss-Legendre on the unit interval: for concentrations within a factor of 2 its error is below rounding.
_NODES = tuple(zip(*((0.5 * part).tolist() for part in np.polynomial.legendre.leggauss(12)), strict=True))


def log_prob(value: Array, loc: Array, concentration: Array) -> Array:
    r"""
    Log density with respect to the angle, elementwise.

    Parameters
    ----------
    value, loc, concentration : array
        Of shapes that broadcast; angles in radians.

    Returns
    -------
    array
        :math:`\kappa (\cos(x - \mu) - 1) - \log(2 \pi e^{-\kappa} I_0(\kappa))` in nats.

    References
    ----------
    .. [1] Bishop, Pattern Recognition and Machine Learning (2006), eq. 2.179.

    Examples
    --------
    >>> round(float(log_prob(0.0, 0.0, 1.0)), 10)
    -1.0737914249
    """
    xp, value, loc, concentration = as_arrays(value, loc, concentration)
    sine = xp.sin(0.5 * (value - loc))
    return -2.0 * concentration * sine * sine - xp.log(bessel_i0e(concentration)) - _LOG_TWO_PI


def entropy(concentration: Array) -> Array:
    r"""
    Differential entropy, elementwise.

    Parameters
    ----------
    concentration : array

    Returns
    -------
    array
        :math:`\log 2 \pi I_0(\kappa) - \kappa I_1(\kappa) / I_0(\kappa)` in nats.

    References
    ----------
    .. [1] Mardia and Jupp, Directional Statistics (2000), eq. 3.5.24.

    Examples
    --------
    >>> round(float(entropy(1.0)), 10)
    1.627401459
    """
    xp, concentration = as_arrays(concentration)
    return cross_entropy(xp.zeros_like(concentration), concentration, xp.zeros_like(concentration), concentration)


def cross_entropy(q_loc: Array, q_concentration: Array, p_loc: Array, p_concentration: Array) -> Array:
    r"""
    Cross-entropy :math:`-\mathbb E_q \log p`, elementwise.

    Parameters
    ----------
    q_loc, q_concentration, p_loc, p_concentration : array
        Of shapes that broadcast.

    Returns
    -------
    array
        :math:`\log 2 \pi I_0(\kappa_p) - \kappa_p A(\kappa_q) \cos(\mu_q - \mu_p)` in nats, with :math:`A = I_1 / I_0`.

    References
    ----------
    .. [1] Mardia and Jupp, Directional Statistics (2000), eq. 3.5.11 (mean resultant length).

    Examples
    --------
    >>> round(float(cross_entropy(0.0, 1.0, 0.0, 2.0)), 10)
    1.7690906761
    """
    xp, q_loc, q_concentration, p_loc, p_concentration = as_arrays(q_loc, q_concentration, p_loc, p_concentration)
    mean_cosine = _resultant(q_concentration) * xp.cos(q_loc - p_loc)
    return xp.log(bessel_i0e(p_concentration)) + p_concentration * (1.0 - mean_cosine) + _LOG_TWO_PI


def kl_divergence(q_loc: Array, q_concentration: Array, p_loc: Array, p_concentration: Array) -> Array:
    r"""
    Kullback-Leibler divergence :math:`\mathbb E_q[\log q - \log p]`, elementwise.

    Parameters
    ----------
    q_loc, q_concentration, p_loc, p_concentration : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats; exactly 0 at equality. Float32 is evaluated in float64.

    Notes
    -----
    With :math:`A = I_1/I_0`, :math:`A' = 1 - A/\kappa - A^2` and :math:`d = \kappa_p - \kappa_q`,

    .. math:: D_{\log I_0}(\kappa_p, \kappa_q) + 2 \kappa_p A(\kappa_q) \sin^2 \tfrac{\mu_q - \mu_p}2, \qquad
        D_{\log I_0}(\kappa_p, \kappa_q) = d^2 \int_0^1 (1 - s) A'(\kappa_q + s d)\,ds ,

    the integral by a quadrature rule for concentrations within a factor of 2, and by its value else. :math:`A'` is about
    :math:`\kappa^{-2}/2`, up to :math:`\kappa = 1000` computed to the roundings of 1, which costs up to six digits, and from
    there on by its expansion.

    References
    ----------
    .. [1] Mardia and Jupp, Directional Statistics (2000), eq. 3.5.11 and A.14 (A and its derivative).

    Examples
    --------
    >>> round(float(kl_divergence(0.0, 1.0, 0.0, 2.0)), 10), float(kl_divergence(0.3, 2.0, 0.3, 2.0))
    (0.1416892171, 0.0)
    """
    xp, dtype, q_loc, q, p_loc, p = as_wide_arrays(q_loc, q_concentration, p_loc, p_concentration)
    step = p - q
    integral = 0.0 * step
    for point, weight in _NODES:
        s = 0.5 + point
        integral = integral + weight * (1.0 - s) * _resultant_slope(xp, q + s * step)
    far = xp.log(bessel_i0e(p)) - xp.log(bessel_i0e(q)) + step * _resultant_deficit(xp, q)
    small = _log_bessel_of_small(xp, p) - _log_bessel_of_small(xp, q) - step * _resultant(q)
    far = xp.where((p < 1.0) & (q < 1.0), small, far)
    concentration = xp.where((p < 2.0 * q) & (q < 2.0 * p), step * step * integral, far)
    sine = xp.sin(0.5 * (q_loc - p_loc))
    return narrowed(xp, concentration + 2.0 * p * _resultant(q) * sine * sine, dtype)


def _log_bessel_of_small(xp: Any, concentration: Array) -> Array:
    """``log I_0`` below 1, by the power series of ``I_0 - 1``; elsewhere its value at 1, which is not used."""
    quarter = xp.where(concentration < 1.0, concentration, 1.0 + 0.0 * concentration) ** 2 / 4.0
    series = 0.0 * quarter
    for k in range(9, 0, -1):
        series = quarter / k**2 * (1.0 + series)
    return xp.log1p(series)


def _resultant(concentration: Array) -> Array:
    return bessel_i1e(concentration) / bessel_i0e(concentration)


# from here on the expansions in 1/kappa have lost no more than what the ratio of Bessel functions loses
_LARGE = 1000.0


def _resultant_deficit(xp: Any, concentration: Array) -> Array:
    """``1 - A``; for large concentrations by its expansion (Mardia and Jupp, A.8), where the difference cancels."""
    inverse = 1.0 / xp.where(concentration > _LARGE, concentration, _LARGE + 0.0 * concentration)
    series = inverse * (1 / 2 + inverse * (1 / 8 + inverse * (1 / 8 + inverse * (25 / 128 + inverse * (13 / 32)))))
    return xp.where(concentration > _LARGE, series, 1.0 - _resultant(concentration))


def _resultant_slope(xp: Any, concentration: Array) -> Array:
    """``A'``; for large concentrations by the derivative of the expansion."""
    inverse = 1.0 / xp.where(concentration > _LARGE, concentration, _LARGE + 0.0 * concentration)
    series = inverse**2 * (1 / 2 + inverse * (1 / 4 + inverse * (3 / 8 + inverse * (25 / 32 + inverse * (65 / 32)))))
    resultant = _resultant(concentration)
    return xp.where(concentration > _LARGE, series, 1.0 - resultant / concentration - resultant * resultant)
