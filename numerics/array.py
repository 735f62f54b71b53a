"""Arguments of the closed forms: any array of the Python array API standard, or Python numbers."""

import sys
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
    arrays = [value for value in values if _is_array(value)] or [np.empty((), dtype=np.float64)]
    xp, like = _namespace(arrays), arrays[0]

    def convert(value: Array) -> Array:
        return value if _is_array(value) else xp.asarray(value, dtype=like.dtype, device=device(like))

    return (xp, *map(convert, values))


def is_torch(xp: Any) -> bool:
    """
    Whether a namespace is that of torch.

    Parameters
    ----------
    xp : namespace
        As :func:`as_arrays` returns it.

    Returns
    -------
    bool

    Examples
    --------
    >>> is_torch(as_arrays(1.0)[0])
    False
    """
    return xp.__name__ in ("torch", "array_api_compat.torch")


def device(array: Array) -> Any:
    """
    The device of an array, as its library names it.

    Parameters
    ----------
    array : array

    Returns
    -------
    device

    Examples
    --------
    >>> device(np.ones(2))
    'cpu'
    """
    return array.device if _is_tensor(array) else array_api_compat.device(array)


# Of tensors and numbers the compatibility layer is not asked: torch's compiler warns of its caches, twenty times in a row.


def _is_array(value: Array) -> bool:
    if _is_tensor(value) or type(value) in (bool, int, float, list, tuple):
        return _is_tensor(value)
    return bool(array_api_compat.is_array_api_obj(value))


def _is_tensor(value: Array) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _namespace(arrays: list[Array]) -> Any:
    if all(map(_is_tensor, arrays)):
        from array_api_compat import torch  # here, so that other libraries do without it

        return torch
    return array_api_compat.array_namespace(*arrays)


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


def as_wide_arrays(*values: Array) -> tuple[Any, ...]:
    """
    As :func:`as_arrays`, float32 widened to float64, with the dtype that the result is to have.

    Parameters
    ----------
    *values : array or number

    Returns
    -------
    tuple
        ``(xp, dtype, *arrays)``.

    Notes
    -----
    The roundings of a difference and a quotient reach five units in the last place together; in float64 they cost
    float32 nothing but one rounding at the end.

    Examples
    --------
    >>> xp, dtype, scale = as_wide_arrays(np.float32([0.5]))
    >>> scale.dtype == np.float64, dtype == np.float32
    (True, True)
    """
    xp, *given = as_arrays(*values)
    dtype = given[0].dtype
    for array in given[1:]:
        dtype = dtype if array.dtype == dtype else xp.result_type(dtype, array.dtype)
    return (xp, dtype, *widened(xp, *given))


def narrowed(xp: Any, value: Array, dtype: Any) -> Array:
    """
    A result in the dtype that :func:`as_wide_arrays` named.

    Parameters
    ----------
    xp : namespace
    value : array
    dtype : dtype

    Returns
    -------
    array

    Examples
    --------
    >>> xp, dtype, scale = as_wide_arrays(np.float32([0.5]))
    >>> narrowed(xp, scale, dtype).dtype == np.float32
    True
    """
    return value if value.dtype == dtype else xp.astype(value, dtype)
