"""
Functions that bring their own gradient to torch.

Differentiating the operations of an expression gives the derivative of the function, but not with the digits of its
value: what cancels by design in the one need not in the other, and what compilers do to an exponential differs. So a
divergence that is delicate comes with an expression for its gradient, which is a function of the same kind, and
differentiable in turn.
"""

from collections.abc import Callable
from typing import Any

from numerics.array import Array, is_torch

_RULES: dict[tuple[str, Callable[..., Array], Callable[..., Any]], Any] = {}


def with_gradient(
    value: Callable[..., Array], gradient: Callable[..., tuple[Array, ...]], xp: Any, *arrays: Array
) -> Array:
    r"""
    ``value(xp, *arrays)``, whose gradient torch takes from ``gradient(xp, *arrays)``.

    Parameters
    ----------
    value : callable
        A function of a module, from arrays of one shape to one of that shape, each entry from the entries at its place, or
        to one without the last axes, each entry from its row or matrix.
    gradient : callable
        A function of a module: the partial derivatives of ``value``, an array of the common shape for each argument.
    xp : namespace
        As :func:`numerics.array.as_arrays` returns it.
    *arrays : array
        Of one shape.

    Returns
    -------
    array

    Notes
    -----
    Derivatives in forward mode, of which Hessians of ``torch.func`` are made, come from ``gradient`` too.

    Where torch records no gradient, and in other libraries, it is ``value`` alone; JAX differentiates its operations.
    So does torch in a graph that is compiled before the function was ever called outside of one: compilers make no rules.

    Examples
    --------
    >>> import numpy as np
    >>> float(with_gradient(lambda xp, x: x * x, lambda xp, x: (2.0 * x,), np, np.array(3.0)))
    9.0
    """
    if not (is_torch(xp) and xp.is_grad_enabled() and any(array.requires_grad for array in arrays)):
        return value(xp, *arrays)
    key = xp.__name__, value, gradient  # by name, since compilers do not compare modules
    if key not in _RULES:
        if xp.compiler.is_compiling():
            return value(xp, *arrays)
        _RULES[key] = _rules(xp, value, gradient)
    backward, both = _RULES[key]
    return (backward if xp.compiler.is_compiling() else both).apply(*arrays)


def _rules(xp: Any, value: Callable[..., Array], gradient: Callable[..., tuple[Array, ...]]) -> tuple[Any, Any]:
    """The rule for the backward mode alone, since compilers take no other, and that for both."""

    def forward(*arrays: Array) -> Array:
        return value(xp, *arrays)

    def setup_context(context: Any, inputs: tuple[Array, ...], output: Array) -> None:
        context.save_for_backward(*inputs)
        context.save_for_forward(*inputs)

    def backward(context: Any, cotangent: Array) -> tuple[Array, ...]:
        slopes = gradient(xp, *context.saved_tensors)
        cotangent = cotangent[(..., *(None,) * (slopes[0].ndim - cotangent.ndim))]
        return tuple(cotangent * slope for slope in slopes)

    def jvp(context: Any, *tangents: Array | None) -> Array:
        arrays = context.saved_tensors
        slopes = gradient(xp, *arrays)
        total = sum(slope * tangent for slope, tangent in zip(slopes, tangents, strict=True) if tangent is not None)
        axes = tuple(range(value(xp, *arrays).ndim, arrays[0].ndim))
        return xp.sum(total, axis=axes) if axes else total

    methods = {"forward": forward, "setup_context": setup_context, "backward": backward}
    body = {name: staticmethod(method) for name, method in methods.items()} | {"generate_vmap_rule": True}
    rule = type("Rule", (xp.autograd.Function,), body)
    return rule, type("RuleOfBoth", (rule,), {"jvp": staticmethod(jvp)})
