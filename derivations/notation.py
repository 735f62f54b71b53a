"""The notation of the derivation scripts: SymPy expressions that read like the paper, and their kernel terms.

Write statements under ``sympy.evaluate(False)``, so that SymPy keeps what was written instead of simplifying it:

>>> with sympy.evaluate(False):
...     x, z = Point("x"), Point("z")
...     p, q = Family("p"), Family("q")
...     statement = E(q(z | x), sympy.log(p(x | z) * p(z) / p(z | x)))
>>> to_kernel(statement).head
'expectation'
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy

from derivations import kernel
from derivations.derivative import derivative_at
from derivations.kernel import Term


@dataclass(frozen=True)
class Given:
    """``target | given``, as an argument of a `Family`."""

    target: Point
    given: tuple[Point, ...]


class _Named(sympy.Symbol):  # type: ignore[misc]
    kind: str
    __iter__ = None  # with __getitem__ alone, SymPy would take a variable for a sequence

    def __getitem__(self, index: Any) -> Any:
        return Component(self, *(index if isinstance(index, tuple) else (index,)))


class Point(_Named):
    """A point of a space of the same name: an observation ``x``, a latent vector ``z``; ``z[j]`` is a component."""

    @property
    def kind(self) -> str:  # type: ignore[override]
        return str(self.name)

    def __or__(self, given: Any) -> Given:
        return Given(self, given if isinstance(given, tuple) else (given,))


class Vector(_Named):
    """A vector of parameters, such as ``mu``; ``mu[j]`` is a component."""

    kind = "vector"


class Natural(_Named):
    """A natural number, such as a dimension ``J``."""

    kind = "natural"


class Index(_Named):
    """A summation index, such as ``j``."""

    kind = "index"


class Parameter(_Named):
    """A real parameter, such as ``theta``."""

    kind = "real"


class Matrix(_Named):
    """A matrix of parameters, such as ``A``; ``A[i, k]`` is an entry."""

    kind = "matrix"


class _Operation(sympy.Expr):  # type: ignore[misc]
    is_commutative = True

    def __new__(cls, *args: Any) -> Any:
        return super().__new__(cls, *map(sympy.sympify, args))


class Component(_Operation):
    """``vector[index]`` or ``matrix[row, column]``."""

    __getitem__ = _Named.__getitem__


class Value(_Operation):
    """The value of a function; made by calling a `Mapping`."""

    def __getitem__(self, index: Any) -> Any:
        return Component(self, *(index if isinstance(index, tuple) else (index,)))


class PointOf(_Operation):
    """``PointOf(z, expression, (j, J))``: the point of the space of z whose components are the expression in ``j``."""


class Delta(_Operation):
    """``Delta(i, k)``: 1 if i = k, else 0."""


class D(_Operation):
    """``D(expression, v)``: the derivative in the parameter v; ``D(expression, v, at)``: its value at v = `at`."""


class Density(_Operation):
    """``family(targets | given)``; made by calling a `Family`."""


class Normal(_Operation):
    """``Normal(z, mean, variance, (j, J))``: the density of independent normals, parameters written in ``j``."""


class Expectation(_Operation):
    """``E(density, body)`` over the variable of the density."""


class Divergence(_Operation):
    """``KL(q, p)``, the Kullback-Leibler divergence E_q[log q - log p]."""


E, KL = Expectation, Divergence


@dataclass(frozen=True)
class Mapping:
    """An arbitrary function ``f(z, ...)``; its values are real numbers, or points of the space of `kind`."""

    name: str
    kind: str = "real"

    def __call__(self, *arguments: Any) -> Any:
        return Value(sympy.core.symbol.Str(self.name), sympy.core.symbol.Str(self.kind), *arguments)


@dataclass(frozen=True)
class Family:
    """A family of consistent densities: ``p(x, z)``, ``p(x | z)`` and ``p(x)`` belong to one joint density."""

    name: str

    def __call__(self, *points: Point | Given) -> Any:
        last = points[-1]
        targets = [p.target if isinstance(p, Given) else p for p in points]
        given = last.given if isinstance(last, Given) else ()
        return Density(sympy.core.symbol.Str(self.name), sympy.Tuple(*targets), sympy.Tuple(*given))


def to_kernel(expression: Any) -> Term:
    """The kernel term that a SymPy expression of this notation stands for, as it was written.

    Raises
    ------
    TypeError
        If the expression holds something that the notation does not know.
    """
    match expression:
        case sympy.Rational():
            return kernel.number(Fraction(int(expression.p), int(expression.q)))
        case _Named():
            return kernel.variable(str(expression.name), expression.kind)
        case Density():
            family, targets, given = expression.args
            return kernel.density(str(family), map(to_kernel, targets), map(to_kernel, given))
        case Value():
            name, kind, *arguments = expression.args
            return Term("function", tuple(map(to_kernel, arguments)), (str(name), str(kind)))
        case PointOf():
            point, body, (index, dimension) = expression.args
            args = (to_kernel(dimension), to_kernel(body))
            return Term("tuple", args, to_kernel(point).data[1:], to_kernel(index))
        case D():
            body, v, at = map(to_kernel, (*expression.args, expression.args[1])[:3])
            return derivative_at(v, at, body)
        case Normal():
            point, mean, variance, (index, dimension) = expression.args
            return kernel.bind("normal", to_kernel(index), *map(to_kernel, (point, dimension, mean, variance)))
        case Expectation() | Divergence():
            first, second = map(to_kernel, expression.args)
            head = "expectation" if isinstance(expression, Expectation) else "kl"
            return kernel.bind(head, _variable_of(first), first, second)
        case sympy.Sum() | sympy.Product():
            head = "sum" if isinstance(expression, sympy.Sum) else "product"
            term = to_kernel(expression.function)
            for limits in expression.limits:  # SymPy makes one sum of nested ones, the innermost first
                index, lower, upper = map(to_kernel, limits)
                term = kernel.bind(head, index, lower, upper, term)
            return term
        case sympy.Integral():
            ((point,),) = expression.limits
            return kernel.bind("integral", to_kernel(point), to_kernel(expression.function))
        case sympy.Add() | sympy.Mul():
            build = kernel.add if isinstance(expression, sympy.Add) else kernel.multiply
            return build(*(to_kernel(a) for a in _written(expression)))
    if expression is sympy.pi:
        return Term("pi")
    heads = {Component: "component", Delta: "delta", sympy.Pow: "power", sympy.log: "log", sympy.exp: "exp"}
    if type(expression) not in heads:
        raise TypeError(f"not in the notation of the derivations: {expression!r}")
    return Term(heads[type(expression)], tuple(map(to_kernel, expression.args)))


def _written(expression: Any) -> list[Any]:
    """The operands of ``a + b + c``, which Python nests to the left; operands that were grouped stay grouped."""
    first, *rest = expression.args
    if first is sympy.S.One and isinstance(expression, sympy.Mul):  # SymPy's own, around the body of a sum
        return list(rest)
    return [*_written(first), *rest] if type(first) is type(expression) else [first, *rest]


def _variable_of(density: Term) -> Term:
    if density.head == "normal":
        return density.args[0]
    if density.head == "function" and density.args[-1:] and density.args[-1].head == "variable":
        return density.args[-1]
    if density.head != "density" or density.data[1] != 1:
        raise TypeError("an expectation is over the one variable of a density")
    return density.args[0]
