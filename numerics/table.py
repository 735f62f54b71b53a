"""
The divergence of two tables of probabilities, from their entries or from logits, with gradients.

Rounding keeps tables from summing to 1, and a share of nearly 1 says nothing of what is left: so everything is computed from
differences of entries, and from the entries other than the largest. :mod:`numerics.categorical` has the formulas.
"""

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

from numerics.array import Array, device, narrowed, widened
from numerics.block import sum_of_rows
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
    excess: tuple[float, ...]
    entropy: tuple[float, ...]


def _series(radius: float, terms: int) -> _Series:
    excess = tuple(1.0 / math.factorial(k + 2) for k in range(terms))
    return _Series(radius, excess, tuple((-1.0) ** k / ((k + 1) * (k + 2)) for k in range(terms)))


# At the radius the first term left out is 3e-15 (excess) and 1e-9 (both) of the sum; beyond, a subtraction of numbers of
# float64 loses a factor of 32 and 8192 at most.
_DOUBLE = _series(0.25, 10)
_SINGLE = _series(1.0 / 64.0, 4)


def divergence(xp: Any, q: Array, p: Array) -> Array:
    """
    Divergence of tables of probabilities.

    Parameters
    ----------
    xp : namespace
    q, p : array, shape (..., K)
        Not negative, of one shape and dtype.

    Returns
    -------
    array, shape (...)
        In nats; of float64 if the tables are of float32.

    Examples
    --------
    >>> import numpy as np
    >>> round(float(divergence(np, np.array([0.5, 0.5]), np.array([0.25, 0.75]))), 12)
    0.143841036226
    """
    return with_gradient(_of_tables, _slope, xp, q, p)


def divergence_of_logits(xp: Any, q: Array, p: Array) -> Array:
    """
    Divergence of tables of probabilities that are given by their logarithms, each up to a constant.

    Parameters
    ----------
    xp : namespace
    q, p : array, shape (..., K)
        Finite, of one shape and dtype.

    Returns
    -------
    array, shape (...)
        In nats; of float64 if the logits are of float32.

    Examples
    --------
    >>> import numpy as np
    >>> round(float(divergence_of_logits(np, np.array([0.0, 0.0]), np.array([17.0, 0.0]))), 12)
    7.806852860839
    """
    return with_gradient(_of_logits, _slope_in_logits, xp, q, p)


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
    single = q.dtype == xp.float32
    q, p = widened(xp, q, p)
    terms = partial(_single_entropy, xp) if single else of_entropy
    q_total, p_total = (sum_of_rows(xp, probs)[..., None] for probs in (q, p))
    quotient = q_total / p_total
    factor = xp.where(xp.abs(quotient - 1.0) < 0.0625, xp.ones_like(quotient), quotient)
    p = p * factor
    difference = q - p
    # Numbers of float32 add up in float64 with all the digits that their difference needs.
    surplus = q_total - p_total * factor if single else sum_of_rows(xp, difference)[..., None]
    surplus, q_total = surplus[..., 0], q_total[..., 0]
    return (sum_of_rows(xp, terms(q, p, difference)) - terms(q_total, q_total - surplus, surplus)) / q_total


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
    dtype = q.dtype
    q, p = widened(xp, q, p)
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
    return narrowed(xp, xp.where(some, spread / q_total, limit), dtype), narrowed(xp, in_p, dtype)


def _of_logits(xp: Any, q_logits: Array, p_logits: Array) -> Array:
    form = _SINGLE if q_logits.dtype == xp.float32 else _DOUBLE
    q, tilted, beyond, step = _weights(xp, q_logits, p_logits)
    _, first, mean = (values[..., 0] for values in _sums(xp, q, tilted, step, form))
    u = first + mean
    logarithm = xp.log1p(u)
    small = xp.where(xp.abs(logarithm) < form.radius, logarithm, 0.0)
    loss = xp.where(small == 0.0, u - logarithm, small * small * horner(form.excess, small))
    return xp.where(xp.abs(u) < 0.5, first - loss, (logarithm - mean) + beyond[..., 0])


def _weights(xp: Any, q_logits: Array, p_logits: Array) -> tuple[Array, ...]:
    """Exponentials of the logits less those of q's likeliest category, what is taken from p's to hold them, and t."""
    top = xp.max(q_logits, axis=-1, keepdims=True)
    reference = xp.max(xp.where(q_logits == top, p_logits, -math.inf), axis=-1, keepdims=True)
    single = q_logits.dtype == xp.float32
    largest = xp.max(p_logits, axis=-1, keepdims=True)  # of float32, all three, if that is given: compilers are faster
    top, reference, largest, q_logits, p_logits = widened(xp, top, reference, largest, q_logits, p_logits)
    beyond = xp.clip(largest - reference, min=600.0) - 600.0
    q_below, p_below = q_logits - top, p_logits - reference
    if single:
        step = (p_logits - q_logits) - (reference - top)
    else:
        # Tables may be near but for a constant: what rounding takes from the two differences is more than theirs then.
        lost = _lost(p_logits, reference, p_below) - _lost(q_logits, top, q_below)
        step = (p_below - q_below) + xp.where(xp.abs(lost) < math.inf, lost, 0.0)
    return xp.exp(q_below), xp.exp(p_below - beyond), beyond, step


def _lost(x: Array, y: Array, difference: Array) -> Array:
    """What x - y is more than its rounded value (Knuth's two-sum)."""
    part = difference - x
    return (x - (difference - part)) - (y + part)


def _sums(xp: Any, q: Array, tilted: Array, step: Array, form: _Series) -> tuple[Array, ...]:
    """Sum of q's weights, and the means of e^t - 1 - t and of t by them; :math:`e^t - 1` is what both add to."""
    near = xp.abs(step) < form.radius
    small = xp.where(near, step, 0.0)
    first = xp.where(near, q * (small * small * horner(form.excess, small)), tilted - q * (1.0 + step))
    total, *sums = (sum_of_rows(xp, values)[..., None] for values in (q, first, q * step))
    return total, *(value / total for value in sums)


def _slope_in_logits(xp: Any, q_logits: Array, p_logits: Array) -> tuple[Array, Array]:
    r"""Gradient of the divergence from logits, in q's and in p's.

    They are :math:`-q_k (t_k - \sum_j q_j t_j)`, where the likeliest category of q has no share in the sum since its t is 0,
    and :math:`p_k - q_k = q_k (e^{t_k - c} - 1)`, where :math:`e^c` is the quotient of the sums of the exponentials.
    """
    q, tilted, beyond, step = _weights(xp, q_logits, p_logits)
    total, first, mean = _sums(xp, q, tilted, step, _DOUBLE)
    u = first + mean
    q, p = q / total, tilted / (total * (1.0 + u))
    in_q = -q * (step - mean)
    step = step - (xp.log1p(u) + beyond)
    near = xp.abs(step) < 1.0
    in_p = xp.where(near, q * growth(xp.where(near, step, 0.0)), p - q)
    return narrowed(xp, in_q, q_logits.dtype), narrowed(xp, in_p, q_logits.dtype)
