"""
The divergence of two tables of probabilities, from their entries or from logits, with gradients.

Rounding keeps tables from summing to 1, and a share of nearly 1 says nothing of what is left: so everything is computed from
differences of entries, and from the entries other than the largest. :mod:`numerics.categorical` has the formulas.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from array_api_compat import device

from numerics.array import Array
from numerics.bregman import log_quotient, of_entropy
from numerics.derivative import with_gradient
from numerics.excess import growth
from numerics.polynomial import horner


@dataclass(frozen=True)
class _Series:
    """Where expansions replace subtractions, and as many of their coefficients as the dtype of the result can show.

    ``excess`` of (e^t - 1 - t) / t^2, ``entropy`` of ((1 + t) log(1 + t) - t) / t^2.
    """

    radius: float
    terms: int

    @cached_property
    def excess(self) -> tuple[float, ...]:
        return tuple(1.0 / math.factorial(k + 2) for k in range(self.terms))

    @cached_property
    def entropy(self) -> tuple[float, ...]:
        return tuple((-1.0) ** k / ((k + 1) * (k + 2)) for k in range(self.terms))


# At the radius the first term left out is 3e-15 (excess) and 1e-9 (both) of the sum; beyond, a subtraction of numbers of
# float64 loses a factor of 32 and 8192 at most.
_DOUBLE = _Series(0.25, 10)
_SINGLE = _Series(1.0 / 64.0, 4)


def divergence(xp: Any, q: Array, p: Array, dtype: Any) -> Array:
    """
    Divergence of tables of probabilities.

    Parameters
    ----------
    xp : namespace
    q, p : array, shape (..., K)
        Not negative, of one shape; of float64 if ``dtype`` is float32.
    dtype : dtype
        Of the numbers given, whose digits the result has.

    Returns
    -------
    array, shape (...)
        In nats.

    Examples
    --------
    >>> import numpy as np
    >>> round(float(divergence(np, np.array([0.5, 0.5]), np.array([0.25, 0.75]), np.float64)), 12)
    0.143841036226
    """
    return with_gradient(_of_single if dtype == xp.float32 else _of_tables, _slope, xp, q, p)


def divergence_of_logits(xp: Any, q: Array, p: Array, dtype: Any) -> Array:
    """
    Divergence of tables of probabilities that are given by their logarithms, each up to a constant.

    Parameters
    ----------
    xp : namespace
    q, p : array, shape (..., K)
        Finite, of one shape; of float64 if ``dtype`` is float32.
    dtype : dtype
        Of the numbers given, whose digits the result has.

    Returns
    -------
    array, shape (...)
        In nats.

    Examples
    --------
    >>> import numpy as np
    >>> round(float(divergence_of_logits(np, np.array([0.0, 0.0]), np.array([17.0, 0.0]), np.float64)), 12)
    7.806852860839
    """
    return with_gradient(_of_single_logits if dtype == xp.float32 else _of_logits, _slope_in_logits, xp, q, p)


def is_largest(xp: Any, values: Array) -> Array:
    """
    Where the largest number of each row is, the first if there are several.

    Parameters
    ----------
    xp : namespace
    values : array, shape (..., K)

    Returns
    -------
    array of bool, shape (..., K)

    Examples
    --------
    >>> import numpy as np
    >>> is_largest(np, np.array([1.0, 3.0, 3.0])).tolist()
    [False, True, False]
    """
    return xp.arange(values.shape[-1], device=device(values)) == xp.argmax(values, axis=-1, keepdims=True)


def split(xp: Any, values: Array, is_own: Array) -> tuple[Array, Array]:
    """
    The number of each row that is marked, and the sum of the others, which no rounding of the whole has touched.

    Parameters
    ----------
    xp : namespace
    values, is_own : array, shape (..., K)

    Returns
    -------
    tuple of array, shape (..., 1)

    Examples
    --------
    >>> import numpy as np
    >>> own, rest = split(np, np.array([1.0, 1e-20]), np.array([True, False]))
    >>> float(own[0]), float(rest[0])
    (1.0, 1e-20)
    """
    zero = xp.zeros_like(values)
    own, others = xp.where(is_own, values, zero), xp.where(is_own, zero, values)
    return xp.sum(own, axis=-1, keepdims=True), xp.sum(others, axis=-1, keepdims=True)


def _of_tables(xp: Any, q: Array, p: Array) -> Array:
    return _from_terms(xp, q, p, of_entropy)


def _of_single(xp: Any, q: Array, p: Array) -> Array:
    return _from_terms(xp, q, p, partial(_single_entropy, xp))


def _from_terms(xp: Any, q: Array, p: Array, terms: Callable[..., Array]) -> Array:
    """The divergence of tables by a form of `of_entropy` for their entries."""
    q_total, p_total = (xp.sum(probs, axis=-1, keepdims=True) for probs in (q, p))
    quotient = q_total / p_total
    p = p * xp.where(xp.abs(quotient - 1.0) < 0.0625, xp.ones_like(quotient), quotient)
    difference = q - p
    surplus, q_total = xp.sum(difference, axis=-1), q_total[..., 0]
    total = xp.sum(terms(q, p, difference), axis=-1)
    return (total - terms(q_total, q_total - surplus, surplus)) / q_total


def _single_entropy(xp: Any, x: Array, y: Array, difference: Array) -> Array:
    """`of_entropy` of numbers that float32 holds, to the digits that it can show of the result: x/y is a number then."""
    growth = difference / xp.clip(y, min=1e-300)
    near = xp.abs(growth) < _SINGLE.radius
    small = xp.where(near, growth, 0.0)
    close = difference * small * horner(_SINGLE.entropy, small)
    far = x * xp.log(xp.clip(1.0 + growth, min=1e-18)) - difference
    far = xp.where(y > 0.0, far, xp.where(x > 0.0, math.inf * xp.ones_like(x), far))
    return xp.where(near, close, far)


def _slope(xp: Any, q: Array, p: Array) -> tuple[Array, Array]:
    r"""Gradient of the divergence of tables, in q and in p.

    With :math:`L_k = \log(q_k P / p_k Q)` and :math:`d_k = q_k P - p_k Q` they are :math:`(L_k - \sum_j q_j L_j / Q) / Q` and
    :math:`-d_k / (p_k P Q)`. For the likeliest category m of q, whose share may be 1 to rounding, d comes from the others.
    """
    likeliest, difference = is_largest(xp, q), q - p
    (q_top, q_rest), (p_top, p_rest), (top, rest) = (split(xp, values, likeliest) for values in (q, p, difference))
    q_total, p_total = q_top + q_rest, p_top + p_rest
    d = xp.where(likeliest, difference * p_rest - p * rest, difference * p_total - p * (top + rest))
    some, possible = q > 0.0, p > 0.0
    growth = d / xp.where(possible, p * q_total, 1.0)
    ratio = log_quotient(xp.where(some, q * p_total, 1.0), xp.where(possible, p * q_total, 1.0))
    logarithm = xp.where(xp.abs(growth) < 0.5, xp.log1p(xp.clip(growth, min=-0.5, max=0.5)), ratio)
    top_log, mean = split(xp, xp.where(some, q * logarithm, 0.0) / q_total, likeliest)
    spread = xp.where(likeliest, logarithm * (q_rest / q_total) - mean, logarithm - top_log - mean)
    limit = xp.where(possible, -math.inf, 0.0)
    in_p = xp.where(possible, -growth / p_total, xp.where(some, -math.inf, 1.0 / p_total))
    return xp.where(some, spread / q_total, limit), in_p


def _of_logits(xp: Any, q_logits: Array, p_logits: Array) -> Array:
    return _from_exponentials(xp, q_logits, p_logits, _DOUBLE)


def _of_single_logits(xp: Any, q_logits: Array, p_logits: Array) -> Array:
    return _from_exponentials(xp, q_logits, p_logits, _SINGLE)


def _weights(xp: Any, q_logits: Array, p_logits: Array) -> tuple[Array, ...]:
    """exp of q's logits less the largest, of p's less their largest, that largest less p's at q's likeliest, and t."""
    top = xp.max(q_logits, axis=-1, keepdims=True)
    reference = xp.max(xp.where(q_logits == top, p_logits, -math.inf), axis=-1, keepdims=True)
    shift = xp.max(p_logits, axis=-1, keepdims=True)
    step = (p_logits - q_logits) - (reference - top)
    return xp.exp(q_logits - top), xp.exp(p_logits - shift), shift - reference, step


def _from_exponentials(xp: Any, q_logits: Array, p_logits: Array, form: _Series) -> Array:
    q, p, shift, step = _weights(xp, q_logits, p_logits)
    tilted = p * xp.exp(xp.clip(shift, max=600.0))
    near = xp.abs(step) < form.radius
    small = xp.where(near, step, 0.0)
    bend = small * small * horner(form.excess, small)
    total = xp.sum(q, axis=-1)
    first = xp.sum(xp.where(near, q * bend, tilted - q * (1.0 + step)), axis=-1) / total
    u = xp.sum(xp.where(near, q * (small + bend), tilted - q), axis=-1) / total
    light = xp.abs(u) < 0.5
    u = xp.where(light, u, 0.0)
    logarithm = xp.log1p(u)
    small = xp.where(xp.abs(logarithm) < form.radius, logarithm, 0.0)
    loss = xp.where(small == 0.0, u - logarithm, small * small * horner(form.excess, small))
    far = shift[..., 0] + xp.log(xp.sum(p, axis=-1) / total) - xp.sum(q * step, axis=-1) / total
    return xp.where(light, first - loss, far)


def _slope_in_logits(xp: Any, q_logits: Array, p_logits: Array) -> tuple[Array, Array]:
    r"""Gradient of the divergence from logits, in q's and in p's.

    They are :math:`-q_k (t_k - \sum_j q_j t_j)`, where the likeliest category of q has no share in the sum since its t is 0,
    and :math:`p_k - q_k = q_k (e^{t_k - c} - 1)`, where :math:`e^c` is the quotient of the sums of the exponentials.
    """
    q, p, shift, step = _weights(xp, q_logits, p_logits)
    q_total, p_total = (xp.sum(weights, axis=-1, keepdims=True) for weights in (q, p))
    q, p = q / q_total, p / p_total
    in_q = -q * (step - xp.sum(q * step, axis=-1, keepdims=True))
    tilted = p * xp.exp(xp.clip(shift, max=600.0)) * (p_total / q_total)
    near = xp.abs(step) < 1.0
    u = xp.sum(xp.where(near, q * growth(xp.where(near, step, 0.0)), tilted - q), axis=-1, keepdims=True)
    light = xp.abs(u) < 0.5
    c = xp.where(light, xp.log1p(xp.where(light, u, 0.0)), shift + xp.log(p_total / q_total))
    step = step - c
    near = xp.abs(step) < 1.0
    return in_q, xp.where(near, q * growth(xp.where(near, step, 0.0)), p - q)
