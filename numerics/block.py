"""
Evaluation block by block, so that what an expression computes on its way stays in the processor's cache.

An expression of twenty operations on a large array writes and reads main memory twenty times, unless a compiler fuses
them. On blocks that fit in the cache it does so once. And sums of rows in a shape that compilers do well.
"""

import math
import sys
from collections.abc import Callable
from typing import Any

from array_api_compat import is_numpy_namespace

from numerics.array import Array, is_torch, widened

# Bytes of one array. Measured: from half to twice this size the time is the same, and the calls themselves cost little.
BLOCK = 2**20
_LANES = 16  # numbers of float32 in the longest vectors of processors
_LONG = 128  # numbers of a row for which the slow end of its sum costs less than to write it


def in_blocks(function: Callable[..., Array], xp: Any, *arrays: Array) -> Array:
    """
    ``function(*arrays)`` for a function that reduces the last axis and treats each row by itself.

    Parameters
    ----------
    function : callable
        From arrays of shape (N, D) to an array of shape (N,), each of whose entries depends on the same row only.
    xp : namespace
        Of the arrays, as :func:`numerics.array.as_arrays` returns it.
    *arrays : array, shape (..., D)
        Of one shape.

    Returns
    -------
    array, shape (...)
        What ``function(*arrays)`` returns, to the same bits if the function looks at nothing but the row.

    Notes
    -----
    Arrays of an accelerator and those that a compiler traces go to the function as they are, whatever their shape.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.ones((BLOCK, 2))
    >>> bool(np.all(in_blocks(lambda x: np.sum(x, axis=-1), np, rows) == 2.0))
    True
    """
    if not runs_at_once_on_a_processor(xp, arrays[0]):
        return function(*arrays)
    *outer, length = arrays[0].shape
    count = math.prod(outer)
    rows = [xp.reshape(array, (count, length)) for array in arrays]
    step = max(1, BLOCK // max(1, length * arrays[0].dtype.itemsize))
    if count <= 2 * step:
        return xp.reshape(function(*rows), tuple(outer))
    blocks = [function(*(r[i : i + step] for r in rows)) for i in range(0, count, step)]
    return xp.reshape(xp.concat(blocks), tuple(outer))


def sum_of_rows(xp: Any, array: Array) -> Array:
    """
    Sum over the last axis, of float32 in float64; where torch compiles for a processor, over short axes one after the other.

    Parameters
    ----------
    xp : namespace
    array : array, shape (..., D)

    Returns
    -------
    array, shape (...)
        Of float64 where the device has it.

    Notes
    -----
    Additions of float32 alone, in whatever order, get some row of 17 numbers or more wrong by 3e-7 of its sum, five units of
    :math:`2^{-24}`: one number, 1, goes through five additions at least, to each of which the others give a number that is
    just too small to change it.

    The compiler adds a row in one vector and then, slowly, the parts of that vector. So rows of whole vectors are added in the
    first of them, which is written, and the parts of many rows are added at once. Of other rows it would compute terms in
    part of a vector, where some operations are done for one number after the other, so the terms are written; but not of
    long rows.

    Examples
    --------
    >>> import numpy as np
    >>> sum_of_rows(np, np.ones((2, 20))).tolist()
    [20.0, 20.0]
    """
    length = array.shape[-1]
    (array,) = widened(xp, array)
    if not (is_torch(xp) and array.device.type == "cpu" and length > 0):
        return xp.sum(array, axis=-1)
    if not xp.compiler.is_compiling():
        if length in (2, 3):  # torch takes a tenth of the time for a product, which adds longer rows in another order
            rows = xp.reshape(array, (-1, length)) @ xp.ones(length, dtype=array.dtype)
            return xp.reshape(rows, array.shape[:-1])
        return xp.sum(array, axis=-1)
    if length % _LANES and length > _LONG:
        return xp.sum(array, axis=-1)
    if length % _LANES == 0 and length > _LANES:
        array = _added(xp, array, length // _LANES)
    else:
        (array,) = written(xp, array)
    while (length := array.shape[-1]) > 1:
        array = _added(xp, array, next((prime for prime in (2, 3, 5, 7) if length % prime == 0), length))
    return array[..., 0]


def written(xp: Any, *arrays: Array) -> tuple[Array, ...]:
    """
    The arrays as they are, but torch's compiler for processors writes them to memory.

    Parameters
    ----------
    xp : namespace
    *arrays : array

    Returns
    -------
    tuple of array

    Notes
    -----
    Else it puts what an array is computed from in every place where the array is used, and in every place where these are:
    where divergences of log-gamma functions are combined, it works for minutes, and not on a better program.

    Examples
    --------
    >>> import numpy as np
    >>> written(np, np.ones(2))[0].tolist()
    [1.0, 1.0]
    """
    if not (is_torch(xp) and xp.compiler.is_compiling() and arrays[0].device.type == "cpu"):
        return arrays
    return tuple(xp.as_strided(array, array.shape, array.stride()) for array in arrays)


def _added(xp: Any, array: Array, parts: int) -> Array:
    """Rows cut into parts, which are added to each other."""
    if parts == 1:
        return array
    return xp.sum(xp.reshape(array, (*array.shape[:-1], parts, array.shape[-1] // parts)), axis=-2)


def runs_at_once_on_a_processor(xp: Any, array: Array) -> bool:
    """
    Whether an operation on the array is done when its call returns, so that its values may be looked at.

    Parameters
    ----------
    xp : namespace
    array : array

    Returns
    -------
    bool
        False for arrays of an accelerator, and for those that a compiler or a transformation of functions traces.

    Examples
    --------
    >>> import numpy as np
    >>> runs_at_once_on_a_processor(np, np.ones(1))
    True
    """
    if is_torch(xp):
        if xp.compiler.is_compiling() or array.device.type != "cpu":
            return False
        # Torch has no public name for it, nor does its namespace here lead to the private one.
        return not sys.modules["torch"]._C._functorch.is_functorch_wrapped_tensor(array)
    return is_numpy_namespace(xp)
