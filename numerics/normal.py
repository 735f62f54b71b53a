r"""
The normal distribution :math:`\mathcal N(\mu, \sigma^2)`: closed forms, precise near equality and at extremes.

``loc`` is the mean, ``scale`` the standard deviation. All functions take arrays of the Python array API standard
(NumPy, torch with gradients kept, JAX) or numbers, broadcast, and keep the dtype. Values are in nats.

Requirements: scales are positive. They are not checked, because looking at values would make an accelerator wait;
a scale that is not positive gives a NaN, an infinity, or a value without meaning.
"""

import math
from functools import partial
from typing import Any

from numerics.array import Array, as_arrays, as_wide_arrays, is_torch, narrowed, widened
from numerics.block import in_blocks, runs_at_once_on_a_processor, sum_of_rows
from numerics.bregman import of_log
from numerics.derivative import with_gradient
from numerics.excess import excess, growth
from numerics.special_function import erf

_HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)


def log_prob(value: Array, loc: Array, scale: Array) -> Array:
    r"""
    Log density, elementwise.

    Parameters
    ----------
    value, loc, scale : array
        Of shapes that broadcast. Complex arrays are accepted: the expression is analytic (see Notes).

    Returns
    -------
    array
        :math:`\log \mathcal N(x; \mu, \sigma^2)` in nats, of the broadcast shape.

    Notes
    -----
    .. math:: \log \mathcal N(x; \mu, \sigma^2)
        = -\tfrac12 \left(\tfrac{x - \mu}{\sigma}\right)^2 - \log \sigma - \tfrac12 \log 2\pi

    is used as it stands, with no modulus and no comparison; with the principal logarithm it is analytic in all three
    arguments for :math:`\Re\sigma > 0`, which complex-step derivatives need (:mod:`numerics.monte_carlo`).

    References
    ----------
    .. [1] Bishop, Pattern Recognition and Machine Learning (2006), eq. 1.46.

    Examples
    --------
    >>> round(float(log_prob(0.0, 0.0, 1.0)), 12)
    -0.918938533205
    """
    xp, value, loc, scale = as_arrays(value, loc, scale)
    deviation = (value - loc) / scale
    return -0.5 * deviation * deviation - xp.log(scale) - _HALF_LOG_TWO_PI


def entropy(scale: Array) -> Array:
    r"""
    Differential entropy, elementwise.

    Parameters
    ----------
    scale : array

    Returns
    -------
    array
        :math:`\tfrac12 \log(2\pi e \sigma^2)` in nats, of the shape of ``scale``.

    References
    ----------
    .. [1] Cover and Thomas, Elements of Information Theory (2006), Example 8.1.2.

    Examples
    --------
    >>> round(float(entropy(1.0)), 12)
    1.418938533205
    """
    xp, scale = as_arrays(scale)
    return xp.log(scale) + (_HALF_LOG_TWO_PI + 0.5)


def cross_entropy(q_loc: Array, q_scale: Array, p_loc: Array, p_scale: Array) -> Array:
    r"""
    Cross-entropy :math:`-\mathbb E_q \log p` of two univariate normals, elementwise.

    Parameters
    ----------
    q_loc, q_scale, p_loc, p_scale : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats, of the broadcast shape; the entropy of q plus the divergence of q from p.

    Notes
    -----
    .. math:: \tfrac12 \log 2\pi + \log \sigma_p + \frac{\sigma_q^2 + (\mu_q - \mu_p)^2}{2 \sigma_p^2}

    References
    ----------
    .. [1] Kingma and Welling, Auto-Encoding Variational Bayes (2014), Appendix B (for the standard p).

    Examples
    --------
    >>> round(float(cross_entropy(1.0, 2.0, 0.0, 1.0)), 12)
    3.418938533205
    """
    xp, q_loc, q_scale, p_loc, p_scale = as_arrays(q_loc, q_scale, p_loc, p_scale)
    ratio, shift = q_scale / p_scale, (q_loc - p_loc) / p_scale
    return _HALF_LOG_TWO_PI + xp.log(p_scale) + 0.5 * ratio * ratio + 0.5 * shift * shift


def kl_divergence(q_loc: Array, q_scale: Array, p_loc: Array, p_scale: Array) -> Array:
    r"""
    Kullback-Leibler divergence :math:`\mathbb E_q[\log q - \log p]` of two univariate normals, elementwise.

    Parameters
    ----------
    q_loc, q_scale, p_loc, p_scale : array
        Of shapes that broadcast.

    Returns
    -------
    array
        In nats, of the broadcast shape; never negative, exactly 0 at equality.

    Notes
    -----
    With the relative difference :math:`u = \sigma_q/\sigma_p - 1` and :math:`\delta = (\mu_q - \mu_p)/\sigma_p`,

    .. math:: \log\frac{\sigma_p}{\sigma_q} + \frac{\sigma_q^2 + (\mu_q - \mu_p)^2}{2\sigma_p^2} - \frac12
        = \frac{u^2}{2} + \bigl(u - \log(1 + u)\bigr) + \frac{\delta^2}{2}.

    None of the three terms on the right is negative, so their sum loses no digits; the second is
    :func:`numerics.bregman.of_log`. Float32 is evaluated in float64 and rounded once: the roundings of the quotients
    alone can reach five units in the last place.

    References
    ----------
    .. [1] Roberts and Penny, Variational Bayes for Generalised Autoregressive Models (2002), Appendix A.

    Examples
    --------
    >>> round(float(kl_divergence(0.7, 0.4, -0.6, 1.3)), 12)
    1.225992274448
    >>> float(kl_divergence(0.7, 0.4, 0.7, 0.4))
    0.0
    """
    xp, dtype, q_loc, q_scale, p_loc, p_scale = as_wide_arrays(q_loc, q_scale, p_loc, p_scale)
    is_wide, shift = q_scale.dtype != dtype, (q_loc - p_loc) / p_scale
    growth = q_scale / p_scale - 1.0 if is_wide else (q_scale - p_scale) / p_scale
    scales = of_log(q_scale, p_scale, is_wide=is_wide)
    return narrowed(xp, scales + 0.5 * (growth * growth + shift * shift), dtype)


def kl_divergence_standard(loc: Array, log_variance: Array) -> Array:
    r"""
    Divergence of a diagonal normal from the standard normal, as a variational autoencoder computes it.

    Parameters
    ----------
    loc, log_variance : array, shape (..., D)
        Of shapes that broadcast; the last axis is the event.

    Returns
    -------
    array, shape (...)
        :math:`KL(\mathcal N(\mu, \mathrm{diag}\, e^{v}) \,\|\, \mathcal N(0, I))` in nats, summed over the last axis.

    Notes
    -----
    .. math:: \tfrac12 \sum_{j=1}^D \left( \mu_j^2 + e^{v_j} - 1 - v_j \right), \qquad v_j = \log \sigma_j^2,

    where :math:`e^v - 1 - v` is :func:`numerics.excess.excess`. Of float32 the result is wrong by 2.4e-7 at most: in units of
    :math:`2^{-24}`, relatively, each excess by 3; its sum with the square and that over the row, none of whose terms is
    negative, by nothing that counts, since both are made in float64; and the result by 1 for being rounded at the end. Rows
    that are large enough are evaluated by a subtraction, eagerly on a processor, whose errors are no larger in the sum.
    (The excess has to be a normal number, of :math:`|v|` from 2e-19 to 88.7; beyond, where half of it is one still, a compiled
    program gives infinity.)

    References
    ----------
    .. [1] Kingma and Welling, Auto-Encoding Variational Bayes (2014), eq. 10 and Appendix B.

    Examples
    --------
    >>> round(float(kl_divergence_standard([0.7, -0.6], [0.0, 1.0])), 12)
    0.78414091423
    """
    xp, loc, log_variance = as_arrays(loc, log_variance)
    return with_gradient(_standard, _standard_slope, xp, *xp.broadcast_arrays(loc, log_variance))


def _standard(xp: Any, loc: Array, log_variance: Array) -> Array:
    dtype = xp.result_type(loc.dtype, log_variance.dtype)
    total = _sum_of_terms(xp, loc, log_variance, _subtractions(xp, loc, log_variance))
    return narrowed(xp, 0.5 * total, dtype)


def _standard_slope(xp: Any, loc: Array, log_variance: Array) -> tuple[Array, Array]:
    return loc, 0.5 * growth(log_variance)


def _sum_of_terms(xp: Any, loc: Array, log_variance: Array, subtractions: list[tuple[Any, float]]) -> Array:
    """By the first subtraction; of rows that are too small for it, or too large for its format, by the next, at last by the excess."""
    if not subtractions:
        return in_blocks(partial(_sum_of_excesses, xp), xp, loc, log_variance)
    (dtype, least), *others = subtractions
    total = in_blocks(partial(_sum_of_differences, xp, dtype), xp, loc, log_variance)
    left = xp.logical_not((total >= least * loc.shape[-1]) & (total < math.inf))
    if bool(xp.any(left)):
        total[left] = _sum_of_terms(xp, loc[left], log_variance[left], others)
    return total


def _sum_of_excesses(xp: Any, loc: Array, log_variance: Array) -> Array:
    loc, terms = widened(xp, loc, excess(log_variance))
    return sum_of_rows(xp, terms + loc * loc)


def _sum_of_differences(xp: Any, dtype: Any, loc: Array, log_variance: Array) -> Array:
    rates = xp.astype(log_variance, dtype, copy=False)
    terms = xp.expm1(rates)
    terms -= rates
    loc, terms = widened(xp, loc, terms)
    terms = terms.addcmul_(loc, loc) if is_torch(xp) else terms + loc * loc
    return sum_of_rows(xp, terms)


def _subtractions(xp: Any, loc: Array, log_variance: Array) -> list[tuple[Any, float]]:
    """Formats for expm1(v) - v, and the least mean of the terms of a row for which its errors do not count.

    Where each difference is wrong by at most r (e^v - 1 - v) + s, a row whose terms are t in the mean is by r + s/t of itself.
    With u the unit roundoff, that of float64 is wrong by 2 u |v| and a rounding, and |v| <= h + (e^v - 1 - v) / 0.36 h for
    every h in (0, 1): put h = 0.02, then a row of mean 2e-4 is wrong by 7e-14 of itself at most. That of float32, by torch's
    expm1, is wrong by 2^-24 times 2.4 (e^v - 1 - v) + 0.28, found for all numbers from 2^-13 to 88.7 in size, and a row of
    mean 0.5 by 2.96 units, as by the excess. NumPy's expm1 is not as good. Rows of few terms are smaller too often.
    """
    if not runs_at_once_on_a_processor(xp, loc) or {loc.dtype, log_variance.dtype} - {xp.float32, xp.float64}:
        return []
    narrow = is_torch(xp) and loc.dtype == log_variance.dtype == xp.float32 and loc.shape[-1] >= 8
    return [(xp.float32, 0.5)] * narrow + [(xp.float64, 2e-4)]


def kl_divergence_laplace(q_loc: Array, q_scale: Array, p_loc: Array, p_scale: Array) -> Array:
    r"""
    Divergence of a normal distribution from a Laplace one, elementwise.

    Parameters
    ----------
    q_loc, q_scale, p_loc, p_scale : array
        Of shapes that broadcast.

    Returns
    -------
    array
        :math:`\log 2b + \mathbb E|x - m| / b` less the entropy, in nats.

    Notes
    -----
    The mean distance is that of a folded normal: with :math:`\delta = \mu - m`,
    :math:`\mathbb E|x - m| = \sigma \sqrt{2/\pi}\, e^{-\delta^2 / 2\sigma^2}
    + \delta \operatorname{erf}(\delta / \sigma\sqrt2)`.

    References
    ----------
    .. [1] Leone, Nelson and Nottingham, The folded normal distribution, Technometrics 3 (1961), eq. 7.

    Examples
    --------
    >>> round(float(kl_divergence_laplace(0.0, 1.0, 0.0, 1.0)), 12)
    0.072093208158
    """
    xp, dtype, q_loc, q_scale, p_loc, p_scale = as_wide_arrays(q_loc, q_scale, p_loc, p_scale)
    deviation = (q_loc - p_loc) / q_scale
    mean = math.sqrt(2.0 / math.pi) * xp.exp(-0.5 * deviation * deviation)
    mean = (q_scale / p_scale) * (mean + deviation * erf(math.sqrt(0.5) * deviation))
    return narrowed(xp, xp.log(2.0 * p_scale) + mean - entropy(q_scale), dtype)


def kl_divergence_gumbel(q_loc: Array, q_scale: Array, p_loc: Array, p_scale: Array) -> Array:
    r"""
    Divergence of a normal distribution from a Gumbel one, elementwise.

    Parameters
    ----------
    q_loc, q_scale, p_loc, p_scale : array
        Of shapes that broadcast.

    Returns
    -------
    array
        :math:`\log b + (\mu - m)/b + e^{-(\mu - m)/b + \sigma^2 / 2 b^2}` less the entropy, in nats.

    References
    ----------
    .. [1] Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions 1 (1994), eq. 13.11 (moment generating
       function of the normal).

    Examples
    --------
    >>> round(float(kl_divergence_gumbel(0.0, 1.0, 0.0, 1.0)), 12)
    0.229782737495
    """
    xp, dtype, q_loc, q_scale, p_loc, p_scale = as_wide_arrays(q_loc, q_scale, p_loc, p_scale)
    shift, ratio = (q_loc - p_loc) / p_scale, q_scale / p_scale
    cross = xp.log(p_scale) + shift + xp.exp(0.5 * ratio * ratio - shift)
    return narrowed(xp, cross - entropy(q_scale), dtype)
