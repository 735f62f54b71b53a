r"""
Special functions that the array API standard lacks, found in the library of the array.

Torch offers them in its namespace, with gradients; NumPy arrays go to SciPy, JAX arrays to its SciPy. The divergences
do not need them: what they need of log-gamma is in :mod:`numerics.bregman`.
"""

import importlib
from typing import Any

from array_api_compat import is_jax_namespace

from numerics.array import Array, as_arrays, is_torch, narrowed


def log_gamma(x: Array) -> Array:
    r"""
    Logarithm of the gamma function, :math:`\log\Gamma(x)`.

    Parameters
    ----------
    x : array
        Positive.

    Returns
    -------
    array

    References
    ----------
    .. [1] NIST Digital Library of Mathematical Functions, eq. 5.2.1.

    Examples
    --------
    >>> round(float(log_gamma(5.0)), 12)
    3.178053830348
    """
    return _call(x, "lgamma", "gammaln")


def digamma(x: Array) -> Array:
    r"""
    Derivative of :func:`log_gamma`, :math:`\psi(x)`.

    Parameters
    ----------
    x : array
        Positive.

    Returns
    -------
    array

    References
    ----------
    .. [1] NIST Digital Library of Mathematical Functions, eq. 5.2.2.

    Examples
    --------
    >>> round(float(digamma(1.0)), 12)
    -0.577215664902
    """
    return _call(x, "digamma", "digamma")


def bessel_i0e(x: Array) -> Array:
    r"""
    Modified Bessel function of order 0, scaled: :math:`e^{-|x|} I_0(x)`.

    Parameters
    ----------
    x : array

    Returns
    -------
    array

    References
    ----------
    .. [1] NIST Digital Library of Mathematical Functions, eq. 10.25.2.

    Examples
    --------
    >>> round(float(bessel_i0e(1.0)), 10)
    0.4657596076
    """
    return _call(x, "special.i0e", "i0e")


def bessel_i1e(x: Array) -> Array:
    r"""
    Modified Bessel function of order 1, scaled: :math:`e^{-|x|} I_1(x)`.

    Parameters
    ----------
    x : array

    Returns
    -------
    array

    References
    ----------
    .. [1] NIST Digital Library of Mathematical Functions, eq. 10.25.2.

    Examples
    --------
    >>> round(float(bessel_i1e(1.0)), 10)
    0.2079104153
    """
    return _call(x, "special.i1e", "i1e")


def erf(x: Array) -> Array:
    r"""
    Error function, :math:`\frac{2}{\sqrt\pi} \int_0^x e^{-t^2}\,dt`.

    Parameters
    ----------
    x : array

    Returns
    -------
    array

    References
    ----------
    .. [1] NIST Digital Library of Mathematical Functions, eq. 7.2.1.

    Examples
    --------
    >>> round(float(erf(0.5)), 10)
    0.5204998778
    """
    return _call(x, "erf", "erf")


def x_log_y(x: Array, y: Array) -> Array:
    r"""
    The product :math:`x \log y`, which is 0 where x is 0.

    Parameters
    ----------
    x, y : array
        Of shapes that broadcast; y not negative.

    Returns
    -------
    array

    Examples
    --------
    >>> float(x_log_y(0.0, 0.0))
    0.0
    """
    xp, x, y = as_arrays(x, y)
    zero = x == 0.0
    return xp.where(zero, xp.zeros_like(x * y), x * xp.log(xp.where(zero, xp.ones_like(y), y)))


def _call(x: Array, torch_name: str, scipy_name: str) -> Array:
    xp, x = as_arrays(x)
    if is_torch(xp):
        function: Any = xp
        for part in torch_name.split("."):
            function = getattr(function, part)
        return function(x)
    module = "jax.scipy.special" if is_jax_namespace(xp) else "scipy.special"
    value = getattr(importlib.import_module(module), scipy_name)(x)
    return narrowed(xp, value, x.dtype)  # SciPy makes float64 of half precision
