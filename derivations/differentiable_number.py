"""Numbers ``a + b epsilon`` with ``epsilon^2 = 0``, whose arithmetic differentiates, and arithmetic on all values.

The values of a model are rational numbers, balls, forms (`derivations.gaussian_form`) and, under a derivative, these
pairs of them. `log`, `exp`, `power` and `inverse` here take any of them.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from flint import arb, fmpq

from derivations.gaussian_form import (
    Form,
    NoValueError,
    UndefinedError,
    certainly_positive,
    exponential,
    is_zero,
    settled,
    total_form,
)

_SEEDS = itertools.count()


@dataclass(frozen=True, slots=True)
class Dual:
    """``value + slope epsilon`` for the epsilon of number `seed`; a later derivative is inside an earlier one."""

    seed: int
    value: Any
    slope: Any

    def _with(self, other: Any) -> tuple[int, Any, Any, Any, Any]:
        """Both as pairs for the later epsilon of the two."""
        if not isinstance(other, Dual) or other.seed < self.seed:
            return self.seed, self.value, self.slope, other, fmpq(0)
        if other.seed > self.seed:
            return other.seed, self, fmpq(0), other.value, other.slope
        return self.seed, self.value, self.slope, other.value, other.slope

    def __add__(self, other: Any) -> Any:
        seed, a, b, c, d = self._with(other)
        return Dual(seed, a + c, b + d)

    def __mul__(self, other: Any) -> Any:
        seed, a, b, c, d = self._with(other)
        return Dual(seed, a * c, a * d + b * c)

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> Any:
        return self * fmpq(-1)


def variable_at(value: Any) -> Dual:
    """``value + epsilon`` with a new epsilon."""
    return Dual(next(_SEEDS), value, fmpq(1))


def slope(value: Any, seed: int) -> Any:
    """The coefficient of an epsilon."""
    return value.slope if isinstance(value, Dual) and value.seed == seed else fmpq(0)


def inverse(x: Any) -> Any:
    """``1 / x``.

    Raises
    ------
    NoValueError
        If x is (UndefinedError), or may be, 0, or is a form with several summands.
    """
    if isinstance(x, Dual):
        y = inverse(x.value)
        return Dual(x.seed, y, -(x.slope * y * y))
    if isinstance(x, Form):
        exponent, c = x.single()
        return settled([({m: -d for m, d in exponent.items()}, {(): inverse(c)})])
    if is_zero(x):
        raise UndefinedError("division by zero")
    if isinstance(x, arb) and x.contains(0):
        raise NoValueError("perhaps a division by zero")
    return 1 / x


def log(x: Any) -> Any:
    """The logarithm.

    Raises
    ------
    NoValueError
        If x is not (UndefinedError), or may not be, positive, or is a form with several summands.
    """
    if isinstance(x, Dual):
        return Dual(x.seed, log(x.value), x.slope * inverse(x.value))
    if isinstance(x, Form):
        exponent, c = x.single()
        return total_form(exponent) + log(c)
    if not certainly_positive(x):
        message = "the logarithm of a number that is not positive"
        raise UndefinedError(message) if x <= 0 else NoValueError(message)
    return fmpq(0) if x == 1 else arb(x).log()


def exp(x: Any) -> Any:
    """The exponential function."""
    if isinstance(x, Dual):
        y = exp(x.value)
        return Dual(x.seed, y, x.slope * y)
    if isinstance(x, Form):
        return exponential(x)
    return fmpq(1) if is_zero(x) else arb(x).exp()


def power(base: Any, exponent: Any) -> Any:
    """``base ^ exponent``: a repeated product for integers, else ``exp(exponent log base)``.

    Raises
    ------
    NoValueError
        If the exponent is no integer and the base not positive, or the exponent above 64.
    """
    if not isinstance(exponent, fmpq) or exponent.q != 1:
        return fmpq(1) if isinstance(base, fmpq) and base == 1 else exp(exponent * log(base))
    n = int(exponent.p)
    if abs(n) > 64:
        raise NoValueError("a huge power")
    result: Any = fmpq(1)
    for _ in range(abs(n)):
        result = result * base
    return inverse(result) if n < 0 else result


def is_positive(x: Any) -> bool:
    """Whether x is positive beyond doubt (a form: for all values of its variables)."""
    if isinstance(x, Dual):
        return is_positive(x.value)
    return x.is_positive() if isinstance(x, Form) else certainly_positive(x)


def integral(x: Any, generators: list[int]) -> Any:
    """The integral over real variables, and that of the derivatives.

    A form whose quadratic part is negative definite stays so around the point: it may be differentiated under the
    integral.
    """
    if isinstance(x, Dual):
        return Dual(x.seed, integral(x.value, generators), integral(x.slope, generators))
    for g in generators:
        if isinstance(x, Form):
            x = x.integral(g)
        elif not is_zero(x):
            certain = isinstance(x, fmpq) or not x.contains(0)
            raise UndefinedError("not integrable") if certain else NoValueError("perhaps not integrable")
    return x
