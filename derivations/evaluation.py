"""Evaluate a term in ball arithmetic: what a proved formula says about concrete numbers, with rigorous error bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import flint

from derivations.kernel import Term, integer, sort
from derivations.name import check_names

Number = int | float | Fraction | flint.arb
Value = Number | Sequence[Number] | Sequence[Sequence[Number]] | Callable[..., flint.arb]
Values = Mapping[str, Value]


def evaluate(term: Term, values: Values, *, digits: int = 30) -> flint.arb:
    """The value of a closed formula, as a ball that contains it.

    Parameters
    ----------
    term
        Arithmetic, logarithms, exponentials, sums and products over an index, with no expectation or integral left.
    values
        Numbers (taken exactly, floats too) or balls for the variables, sequences for vectors and points, of rows for
        matrices; for the functions, callables that take balls (and sequences for points) and return a ball.
    digits
        Working precision in decimal digits.

    Raises
    ------
    KeyError
        If a variable has no value.
    ValueError
        If the term holds an operation that has no numerical value, an index outside its vector, or two variables
        of different kinds with one name.
    TypeError
        If the value of a function is not callable.

    Examples
    --------
    >>> from derivations.kernel import log, number
    >>> print(evaluate(log(number(2)), {}, digits=15).str(12))
    [0.693147180560 +/- 5.48e-14]
    """
    check_names(term)
    with flint.ctx.workdps(digits + 10):
        return _value(term, dict(values))


def _value(term: Term, values: dict[str, Value]) -> flint.arb:
    args = term.args
    match term.head:
        case "number":
            return _ball(term.data[0])
        case "pi":
            return flint.arb.pi()
        case "variable":
            return _ball(values[term.data[0]])
        case "component":
            entry: Any = values[args[0].data[0]]
            for index in (_whole(a, values) for a in args[1:]):
                if not isinstance(entry, Sequence) or not 1 <= index <= len(entry):
                    raise ValueError(f"no component {index} of {args[0].data[0]}")
                entry = entry[index - 1]
            return _ball(entry)
        case "delta":
            return flint.arb(int(_whole(args[0], values) == _whole(args[1], values)))
        case "function":
            function = values[term.data[0]]
            if not callable(function):
                raise TypeError(f"{term.data[0]} is a function, its value is not callable")
            return function(*(_value(a, values) if sort(a) == "r" else values[a.data[0]] for a in args))
        case "power":
            base, exponent = _value(args[0], values), integer(args[1])
            return base ** _value(args[1], values) if exponent is None else _integer_power(base, exponent)
        case "log":
            return _value(args[0], values).log()
        case "exp":
            return _value(args[0], values).exp()
        case "add":
            return sum((_value(a, values) for a in args), flint.arb(0))
        case "multiply":
            return _product(_value(a, values) for a in args)
        case "sum" | "product":
            total: Callable[..., flint.arb] = sum if term.head == "sum" else _product
            return total(_value(args[2], inner) for inner in _instances(term, values))
    raise ValueError(f"{term.head} has no numerical value here")


def _instances(term: Term, values: dict[str, Value]) -> list[dict[str, Value]]:
    assert term.bound is not None
    lower, upper = (_whole(a, values) for a in term.args[:2])
    return [{**values, term.bound.data[0]: i} for i in range(lower, upper + 1)]


def _whole(term: Term, values: dict[str, Value]) -> int:
    value = _value(term, values).unique_fmpz()
    if value is None:
        raise ValueError("an index that is not an integer")
    return int(value)


def _integer_power(base: flint.arb, exponent: int) -> flint.arb:
    if exponent < 0 or not base.contains(0):
        return base**exponent
    return _product([base] * exponent)  # python-flint's power of an inexact ball around 0 is not a number


def _product(factors: Iterable[flint.arb]) -> flint.arb:
    result = flint.arb(1)
    for f in factors:
        result *= f
    return result


def _ball(value: Any) -> flint.arb:
    if isinstance(value, flint.arb):
        return value
    fraction = Fraction(value)
    return flint.arb(fraction.numerator) / flint.arb(fraction.denominator)
