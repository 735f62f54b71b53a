"""Functions ``sum_k P_k exp(Q_k)`` of real variables, P_k and Q_k polynomials, and their exact integrals for quadratic Q_k.

Normal densities, their products, quotients and logarithms, and polynomials are of this form, and so is what is left
when variables are integrated out: that is how the models of `derivations.refute` evaluate expectations without
approximation. Coefficients are rational numbers (`flint.fmpq`) as long as they can be, else balls (`flint.arb`).
"""

from __future__ import annotations

from collections.abc import Iterable
from math import comb
from typing import Any

from flint import arb, fmpq

Number = fmpq | arb
Monomial = tuple[tuple[int, int], ...]
Polynomial = dict[Monomial, Any]

ONE: Monomial = ()
ROUNDING = arb("1e-30")


class NoValueError(ArithmeticError):
    """An expression that has no value in a model, or none that can be computed there."""


class UndefinedError(NoValueError):
    """An expression that is certain to have no value, such as the logarithm of a negative number."""


def is_zero(c: Any) -> bool:
    """Whether a coefficient is exactly 0."""
    return bool(c == 0)


def certainly_positive(c: Any) -> bool:
    """Whether a coefficient is positive beyond doubt."""
    return bool(c > 0)


# --- polynomials ---


def polynomial(entries: Iterable[tuple[Monomial, Any]]) -> Polynomial:
    """The sum of ``coefficient * monomial``."""
    result: Polynomial = {}
    for monomial, c in entries:
        result[monomial] = result[monomial] + c if monomial in result else c
    return {m: c for m, c in result.items() if not is_zero(c)}


def _times_monomial(left: Monomial, right: Monomial) -> Monomial:
    if not left or not right:
        return left or right
    degrees = dict(left)
    for g, e in right:
        degrees[g] = degrees.get(g, 0) + e
    return tuple(sorted(degrees.items()))


def times(p: Polynomial, q: Polynomial) -> Polynomial:
    """The product of two polynomials."""
    return polynomial((_times_monomial(m, n), c * d) for m, c in p.items() for n, d in q.items())


def by_degree(p: Polynomial, g: int) -> dict[int, Polynomial]:
    """`p` as a polynomial in one variable: ``{degree: coefficient}``."""
    parts: dict[int, Polynomial] = {}
    for monomial, c in p.items():
        degree = dict(monomial).get(g, 0)
        parts.setdefault(degree, {})[tuple(f for f in monomial if f[0] != g)] = c
    return parts


def scaled(p: Polynomial, c: Any) -> Polynomial:
    """``c p``."""
    return polynomial((m, c * d) for m, d in p.items())


# --- forms ---


class Form:
    """``sum_k P_k exp(Q_k)``; `parts` holds the pairs ``(Q_k, P_k)``, each Q_k without a constant.

    Arithmetic with numbers and forms gives a number where no variable is left.
    """

    __slots__ = ("parts",)

    def __init__(self, parts: list[tuple[Polynomial, Polynomial]]) -> None:
        self.parts = parts

    @staticmethod
    def variable(g: int) -> Form:
        """The variable number g."""
        return Form([({}, {((g, 1),): fmpq(1)})])

    def __add__(self, other: Any) -> Any:
        if not isinstance(other, (Form, fmpq, arb)):
            return NotImplemented
        parts = list(self.parts)
        for exponent, p in as_form(other).parts:
            for i, (q, r) in enumerate(parts):
                if q == exponent and all(isinstance(c, fmpq) for c in q.values()):
                    parts[i] = (q, polynomial((*r.items(), *p.items())))
                    break
            else:
                parts.append((exponent, p))
        return settled(parts)

    def __mul__(self, other: Any) -> Any:
        if not isinstance(other, (Form, fmpq, arb)):
            return NotImplemented
        result: Any = fmpq(0)
        for q, p in self.parts:
            for exponent, r in as_form(other).parts:
                combined = polynomial((*q.items(), *exponent.items()))
                result = result + Form([(combined, times(p, r))])
        return settled(result.parts) if isinstance(result, Form) else result

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> Any:
        return self * fmpq(-1)

    def single(self) -> tuple[Polynomial, Any]:
        """Q and c, if the form is ``c exp(Q)``.

        Raises
        ------
        NoValueError
            If it is not.
        """
        if len(self.parts) != 1 or set(self.parts[0][1]) != {ONE}:
            raise NoValueError("not the exponential of a polynomial")
        exponent, p = self.parts[0]
        return exponent, p[ONE]

    def is_positive(self) -> bool:
        """Whether all summands are positive for all values of the variables, which suffices for the sum."""
        even = all(e % 2 == 0 for _, p in self.parts for m in p for _, e in m)
        constant = any(ONE in p for _, p in self.parts)
        return even and constant and all(certainly_positive(c) for _, p in self.parts for c in p.values())

    def integral(self, g: int) -> Any:
        """The integral over variable g from minus to plus infinity.

        Raises
        ------
        NoValueError
            If a summand is not absolutely integrable, or that cannot be decided (UndefinedError if it is certain that
            the whole is not).
        """
        total: Any = fmpq(0)
        exact = all(isinstance(c, fmpq) for q, _ in self.parts for c in q.values())
        for exponent, p in self.parts:
            try:
                total = total + _integral(exponent, p, g)
            except UndefinedError as error:
                raise error if exact or len(self.parts) == 1 else NoValueError(*error.args) from error
        return total


def as_form(value: Any) -> Form:
    """A number as a constant form; a form as it is."""
    return value if isinstance(value, Form) else Form([({}, {} if is_zero(value) else {ONE: value})])


def settled(parts: list[tuple[Polynomial, Polynomial]]) -> Any:
    """The form with these parts, or a number if it is constant."""
    kept = [(q, p) for q, p in parts if p]
    if not kept:
        return fmpq(0)
    if len(kept) == 1 and not kept[0][0] and set(kept[0][1]) == {ONE}:
        return kept[0][1][ONE]
    return Form(kept)


def exponential(value: Form) -> Any:
    """``exp(value)`` for a polynomial, whose integral has to wait until it is of degree two.

    Raises
    ------
    NoValueError
        If it is not one.
    """
    if any(q for q, _ in value.parts):
        raise NoValueError("the exponential of an exponential")
    (_, p) = value.parts[0]
    constant = p.get(ONE, fmpq(0))
    factor = fmpq(1) if is_zero(constant) else arb(constant).exp()
    return settled([({m: c for m, c in p.items() if m != ONE}, {ONE: factor})])


def _integral(exponent: Polynomial, p: Polynomial, g: int) -> Any:
    """``int p exp(exponent) dg``: with a square completed, ``exponent = -a (g - h)^2 + rest`` and g = h + t."""
    parts = by_degree(exponent, g)
    if not set(parts.get(2, {})) <= {ONE} or max(parts, default=0) > 2:
        raise NoValueError("an integral of no normal form")
    a = -parts[2][ONE] if 2 in parts else fmpq(0)
    if not certainly_positive(a):
        raise UndefinedError("not integrable") if a <= 0 else NoValueError("perhaps not integrable")
    linear = parts.get(1, {})
    centre = scaled(linear, 1 / (2 * a))
    rest = polynomial((*parts.get(0, {}).items(), *scaled(times(linear, linear), 1 / (4 * a)).items()))
    moments = [arb.pi().sqrt() / arb(a).sqrt()]  # of t^0, t^2, t^4, ... under exp(-a t^2)
    total: Polynomial = {}
    for degree, coefficient in by_degree(p, g).items():
        power: Polynomial = {ONE: fmpq(1)}
        for k in range(degree, -1, -1):  # t^k h^(degree - k)
            if k % 2 == 0:
                while len(moments) <= k // 2:
                    moments.append(moments[-1] * (2 * len(moments) - 1) / (2 * a))
                term = scaled(times(coefficient, power), comb(degree, k) * moments[k // 2])
                total = polynomial((*total.items(), *term.items()))
            power = times(power, centre)
    return as_form(total_form(total)) * exponential(as_form(total_form(rest))) if rest else total_form(total)


def quadratic(p: Polynomial, variables: list[int]) -> tuple[list[list[Any]], list[Any]]:
    """S and b of a polynomial ``v' S v + b' v`` without a constant, S being symmetric.

    Raises
    ------
    NoValueError
        If it is of another form.
    """
    square = [[fmpq(0)] * len(variables) for _ in variables]
    linear = [fmpq(0)] * len(variables)
    for monomial, c in p.items():
        places = [variables.index(g) for g, e in monomial for _ in range(e)]
        if not 1 <= len(places) <= 2:
            raise NoValueError("not a quadratic form")
        i, k = places[0], places[-1]
        if len(places) == 1:
            linear[i] = c
        else:
            square[i][k] = square[k][i] = c if i == k else c / 2
    return square, linear


def total_form(p: Polynomial) -> Any:
    """A polynomial as a form, or as a number if it is constant."""
    return settled([({}, p)])
