"""Arguments of the closed forms: any array of the Python array API standard, or Python numbers."""

from typing import Any, TypeAlias

import array_api_compat
import numpy as np

Array: TypeAlias = Any
"""An array of the array API standard (NumPy, torch, JAX), or a number; the standard has no common base class."""


def as_arrays(*values: Array) -> tuple[Any, ...]:
    """
    The namespace that the arrays share, followed by all values as its arrays.

    Parameters
    ----------
    *values : array or number
        Arrays of one library with a real floating dtype. A number or a list takes the dtype and the device
        of the first array; if there is no array, all become NumPy arrays of float64.

    Returns
    -------
    tuple
        ``(xp, *arrays)``, arrays passed through untouched, so that gradients and dtype are kept.

    Raises
    ------
    TypeError
        If the arrays come from more than one library.

    Examples
    --------
    >>> xp, loc, scale = as_arrays(np.float32([0.5, 1.0]), 2.0)
    >>> loc.dtype == scale.dtype == np.float32
    True
    """
    arrays = [value for value in values if array_api_compat.is_array_api_obj(value)]
    reference = arrays[0] if arrays else np.empty((), dtype=np.float64)
    xp = array_api_compat.array_namespace(*arrays) if arrays else array_api_compat.array_namespace(reference)

    def convert(value: Array) -> Array:
        if array_api_compat.is_array_api_obj(value):
            return value
        return xp.asarray(value, dtype=reference.dtype, device=array_api_compat.device(reference))

    return (xp, *map(convert, values))


def widened(xp: Any, *values: Array) -> tuple[Array, ...]:
    """
    Float32 arrays as float64, where the device has it; other arrays as they are.

    Parameters
    ----------
    xp : namespace
        As :func:`as_arrays` returns it.
    *values : array

    Returns
    -------
    tuple of array

    Examples
    --------
    >>> xp, value = as_arrays(np.float32(0.5))
    >>> widened(xp, value)[0].dtype == np.float64
    True
    """
    try:
        return tuple(xp.astype(v, xp.float64) if v.dtype == xp.float32 else v for v in values)
    except TypeError:  # Apple's mps has no float64
        return values
