"""Conversions: functions that turn a term ``a`` into a theorem ``a = b``. They search; only the kernel proves.

A conversion raises `KernelError` where it does not apply. Theorems are kept: what was proved once is not proved again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Any

from derivations.kernel import (
    KernelError,
    Path,
    Term,
    Theorem,
    add,
    alpha_equal,
    canonical,
    free,
    infer,
    integer,
    log,
    multiply,
    number,
    reached,
    sort,
)

Conversion = Callable[[Term], Theorem]
_ARITHMETIC = ("add", "multiply", "number")


# --- equality, derived from reflexivity and rewriting ---


@lru_cache(maxsize=1 << 14)
def same(term: Term) -> Theorem:
    """``a = a``."""
    return infer("reflexivity", term, term)


def symmetry(equation: Theorem) -> Theorem:
    """``b = a`` from ``a = b``."""
    return infer("rewrite", same(equation.sides[0]), equation, (0,))


def transitivity(first: Theorem, *others: Theorem) -> Theorem:
    """``a = d`` from ``a = b``, ``b = c``, ``c = d``."""
    for equation in others:
        first = infer("rewrite", first, equation, (1,))
    return first


def congruence(term: Term, path: Path, equation: Theorem) -> Theorem:
    """``t[a] = t[b]`` from ``a = b``, with ``a`` at `path` in `term`."""
    return infer("rewrite", same(term), equation, (1, *path))


# --- combinators ---


def subterms(term: Term, path: Path = ()) -> Iterator[tuple[Path, Term]]:
    """All subterms with their paths, from outside in."""
    pending = [(path, term)]
    while pending:
        path, term = pending.pop()
        yield path, term
        pending += [((*path, i), term.args[i]) for i in range(len(term.args) - 1, -1, -1)]


def replaced(term: Term, path: Path, part: Term) -> Term:
    """`term` with the subterm at the path replaced, whatever is captured."""
    if not path:
        return part
    args = list(term.args)
    args[path[0]] = replaced(args[path[0]], path[1:], part)
    return Term(term.head, tuple(args), term.data, term.bound)


def everywhere(*conversions: Conversion) -> Conversion:
    """Apply the conversions, outermost place first, until none applies anywhere."""

    def convert(term: Term) -> Theorem:
        equation, settled = same(term), dict[int, Term]()
        while (found := _first(equation.sides[1], conversions, settled)) is not None:
            path, inner = found
            equation = infer("rewrite", equation, inner, (1, *path))
        return equation

    return convert


def _first(term: Term, conversions: tuple[Conversion, ...], settled: dict[int, Term]) -> tuple[Path, Theorem] | None:
    """Where a conversion applies first; `settled` holds the terms, by identity, inside which none does."""
    if id(term) in settled:
        return None
    for conversion in conversions:
        try:
            return (), conversion(term)
        except KernelError:
            continue
    for i, arg in enumerate(term.args):
        found = _first(arg, conversions, settled)
        if found is not None:
            return (i, *found[0]), found[1]
    settled[id(term)] = term
    return None


def in_turn(*conversions: Conversion) -> Conversion:
    """Apply one conversion after the other to the whole term."""

    def convert(term: Term) -> Theorem:
        equation = same(term)
        for conversion in conversions:
            equation = transitivity(equation, conversion(equation.sides[1]))
        return equation

    return convert


def by_equation(*equations: Theorem) -> Conversion:
    """The conversion that rewrites the left side of a proved equation into its right side."""

    def convert(term: Term) -> Theorem:
        for equation in equations:
            if alpha_equal(equation.sides[0], term):
                return transitivity(infer("reflexivity", term, equation.sides[0]), equation)
        raise KernelError("not the left side of the equation")

    return convert


def prove_equal(left: Term, right: Term, conversion: Conversion) -> Theorem:
    """``left = right``, if the conversion brings both to one form.

    Raises
    ------
    KernelError
        If it does not.
    """
    first, second = conversion(left), conversion(right)
    if not alpha_equal(first.sides[1], second.sides[1]):
        raise KernelError("the two sides do not become equal")
    return transitivity(first, infer("reflexivity", first.sides[1], second.sides[1]), symmetry(second))


# --- definitions ---


def _only(term: Term, head: str) -> None:
    if term.head != head:
        raise KernelError(f"not {head}")


def unfold_expectation(term: Term) -> Theorem:
    """``E_d[f] = int d f``."""
    _only(term, "expectation")
    return infer("expectation_definition", term.bound, *term.args)


def unfold_kl(term: Term) -> Theorem:
    """``KL(q || p) = E_q[log(q / p)]``."""
    _only(term, "kl")
    return infer("kl_definition", term.bound, *term.args)


def unfold_conditional(family: str) -> Conversion:
    """``p(a|b) = p(a,b) / p(b)`` for the densities of one family."""

    def convert(term: Term) -> Theorem:
        if term.head != "density" or term.data[0] != family:
            raise KernelError("not a density of the family")
        return infer("conditional_density", term)

    return convert


def unfold_log_normal(term: Term) -> Theorem:
    """``log N(z; m, v)`` as the logarithm of the formula of the density."""
    _only(term, "log")
    return congruence(term, (0,), infer("normal_density", term.args[0]))


# --- logarithms ---


def expand_log(term: Term) -> Theorem:
    """The logarithm of a product, quotient, power or exponential, one level."""
    _only(term, "log")
    (inner,) = term.args
    if inner.head == "multiply" and len(inner.args) > 1:
        first, rest = inner.args[0], multiply(*inner.args[1:])
        regrouped = congruence(term, (0,), infer("field", inner, first * rest))
        return transitivity(regrouped, infer("log_product", first, rest))
    if inner.head == "power":
        return infer("log_power", *inner.args)
    if inner.head == "product":
        return infer("log_indexed_product", inner.bound, *inner.args)
    if inner.head == "exp":
        return infer("log_exp", *inner.args)
    if inner == number(1):
        return log_one()
    raise KernelError("nothing to expand")


def log_one() -> Theorem:
    """``log 1 = 0``, since log 1 = log (1 1) = log 1 + log 1."""
    one = number(1)
    doubled = infer("discharge", infer("positivity", one), infer("log_product", one, one))
    single = congruence(log(one * one), (0,), infer("field", one * one, one))
    halved = symmetry(transitivity(symmetry(single), doubled))
    opened = infer("field", log(one), log(one) + log(one) - log(one))
    return transitivity(infer("rewrite", opened, halved, (1, 0)), infer("field", log(one) - log(one), number(0)))


# --- arithmetic: polynomials are expanded here, the kernel's field rule decides ---


@lru_cache(maxsize=1 << 14)
def expand(term: Term) -> Theorem:
    """``term`` as a sum of monomials in fixed order, its innermost parts first."""
    equation = same(term)
    for path, subterm in _atoms(term) if _is_arithmetic(term) else _numbers(term):
        if subterm.args:
            equation = infer("rewrite", equation, expand(subterm), (1, *path))
    if not _is_arithmetic(term):
        return equation
    inner = equation.sides[1]
    expanded = _written(monomials(inner))
    return equation if inner == expanded else transitivity(equation, infer("field", inner, expanded))


def _numbers(term: Term, path: Path = ()) -> Iterator[tuple[Path, Term]]:
    """The maximal proper subterms that stand for numbers; a point is no number, its components are."""
    for i, arg in enumerate(term.args):
        yield from [((*path, i), arg)] if sort(arg) == "r" else _numbers(arg, (*path, i))


def _is_arithmetic(term: Term) -> bool:
    return term.head in _ARITHMETIC or (term.head == "power" and integer(term.args[1]) is not None)


def _atoms(term: Term, path: Path = ()) -> Iterator[tuple[Path, Term]]:
    """The maximal subterms that are not arithmetic."""
    if not _is_arithmetic(term):
        yield path, term
        return
    for i, arg in enumerate(term.args):
        yield from _atoms(arg, (*path, i))


Monomial = list[tuple[Term, int]]
_Powers = frozenset[tuple[Any, int]]  # atoms, by their canonical forms, with exponents
_Polynomial = dict[_Powers, Fraction]


@lru_cache(maxsize=1 << 14)
def monomials(term: Term) -> tuple[tuple[Fraction, Monomial], ...]:
    """Coefficients and monomials (atoms with exponents) of the expanded `term`, in fixed order.

    The inverse of a sum is an atom with a negative exponent, the sum being expanded, its first coefficient 1.

    Raises
    ------
    KernelError
        If the term divides by what expands to zero.
    """
    atoms: dict[Any, Term] = {}
    return tuple(_in_order(_expanded(term, atoms), atoms))


def _in_order(polynomial: _Polynomial, atoms: dict[Any, Term]) -> list[tuple[Fraction, Monomial]]:
    parts = []
    for exponents, coefficient in polynomial.items():
        parts.append((coefficient, sorted(((atoms[a], e) for a, e in exponents), key=lambda power: _order(power[0]))))
    return sorted(parts, key=lambda part: [(_order(a), e) for a, e in part[1]])


def _expanded(term: Term, atoms: dict[Any, Term]) -> _Polynomial:
    """`term` as a polynomial in atoms, which are added to `atoms`."""
    if term.head == "number":
        return {frozenset(): term.data[0]} if term.data[0] else {}
    if term.head == "add":
        return _summed(entry for a in term.args for entry in _expanded(a, atoms).items())
    if not _is_arithmetic(term):
        atoms.setdefault(canonical(term), term)
        return {frozenset([(canonical(term), 1)]): Fraction(1)}
    product: _Polynomial = {frozenset(): Fraction(1)}
    for base, exponent in _bases(term, atoms).items():
        factor = dict(base)
        if exponent < 0:
            factor, exponent = _inverted(factor, atoms), -exponent
        for _ in range(exponent):
            product = _times(product, factor)
    return product


def _bases(term: Term, atoms: dict[Any, Term]) -> dict[frozenset[tuple[_Powers, Fraction]], int]:
    """The factors of a product, expanded but for their exponents; equal ones are taken together, and so cancel."""
    found: dict[frozenset[tuple[_Powers, Fraction]], int] = {}
    pending = [(term, 1)]
    while pending:
        factor, exponent = pending.pop()
        if factor.head == "multiply":
            pending += [(a, exponent) for a in factor.args]
        elif factor.head == "power" and _is_arithmetic(factor):
            pending.append((factor.args[0], exponent * (integer(factor.args[1]) or 0)))
        else:
            base = frozenset(_expanded(factor, atoms).items())
            if not base and exponent < 0:
                raise KernelError("division by zero")
            found[base] = found.get(base, 0) + exponent
    return found


def _inverted(polynomial: _Polynomial, atoms: dict[Any, Term]) -> _Polynomial:
    """The inverse: of a monomial a monomial, of a sum an atom to the power -1."""
    if len(polynomial) == 1:
        ((exponents, coefficient),) = polynomial.items()
        return {frozenset((a, -e) for a, e in exponents): 1 / coefficient}
    ordered = _in_order(polynomial, atoms)
    first = ordered[0][0]
    base = _written([(c / first, monomial) for c, monomial in ordered])
    atoms.setdefault(canonical(base), base)
    return {frozenset([(canonical(base), -1)]): 1 / first}


def _times(left: _Polynomial, right: _Polynomial) -> _Polynomial:
    return _summed((_merged(m, n), c * d) for m, c in left.items() for n, d in right.items())


def _merged(left: _Powers, right: _Powers) -> _Powers:
    exponents = dict(left)
    for atom, exponent in right:
        exponents[atom] = exponents.get(atom, 0) + exponent
    return frozenset((a, e) for a, e in exponents.items() if e)


def _summed(entries: Iterable[tuple[_Powers, Fraction]]) -> _Polynomial:
    total: _Polynomial = {}
    for exponents, coefficient in entries:
        total[exponents] = total.get(exponents, Fraction(0)) + coefficient
    return {m: c for m, c in total.items() if c}


def _written(parts: Iterable[tuple[Fraction, Monomial]]) -> Term:
    """The sum of monomials with coefficients, a coefficient of 1 left out."""
    return add(*(multiply(number(c), *powers(m)) if c != 1 else multiply(*powers(m)) for c, m in parts))


@lru_cache(maxsize=1 << 16)
def _order(term: Term, binders: tuple[Term, ...] = ()) -> str:
    """What terms are ordered by; those that differ in the names of bound variables only have the same."""
    if term in binders:
        return repr(("bound", binders[::-1].index(term)))
    bound = () if term.bound is None else (term.bound,)
    names = map(repr, (term.head, *term.data, *(v.data[1] for v in bound)))
    args = (_order(a, binders + bound if r else binders) for a, r in zip(term.args, reached(term), strict=True))
    return f"({', '.join((*names, *args))})"


def powers(monomial: Monomial) -> list[Term]:
    """The factors of a monomial."""
    return [atom if exponent == 1 else atom**exponent for atom, exponent in monomial]


def split(term: Term, v: Term) -> list[tuple[Term, Term]]:
    """`term` as a linear combination ``[(coefficient without v, rest)]`` with every rest's monomial in v."""
    parts = []
    for c, monomial in monomials(term):
        outer = powers([(a, e) for a, e in monomial if v not in free(a)])
        inner = powers([(a, e) for a, e in monomial if v in free(a)])
        parts.append((multiply(number(c), *outer) if outer else number(c), multiply(*inner)))
    return parts


def combination(parts: list[tuple[Term, Term]]) -> Term:
    """The term that the parts stand for."""
    return add(*(c * t for c, t in parts))


# --- sums over an index ---


def split_sum(term: Term) -> Theorem:
    """``sum_j`` of a linear combination as the combination of sums, with ``sum_j 1`` counted."""
    _only(term, "sum")
    (lower, upper, body), j = term.args, term.bound
    assert j is not None
    expanded = expand(body)
    parts = split(expanded.sides[1], j) or [(number(0), number(0))]
    counts = [rest == number(1) and _countable(lower, upper) for _, rest in parts]
    if len(parts) == 1 and parts[0][0] == number(1) and not counts[0]:
        raise KernelError("nothing to split")
    regrouped = transitivity(expanded, infer("field", expanded.sides[1], combination(parts)))
    coefficients, rests = zip(*parts, strict=True)
    linear = infer("sum_linearity", j, lower, upper, coefficients, rests)
    equation = transitivity(congruence(term, (2,), regrouped), linear)
    for i in (i for i, counted in enumerate(counts) if counted):
        path = (1,) if len(parts) == 1 else (i, 1)
        equation = infer("rewrite", equation, sum_constant(j, upper, number(1)), (1, *path))
    return transitivity(equation, expand(equation.sides[1])) if parts[0][0] == number(0) else equation


def sum_constant(j: Term, n: Term, c: Term) -> Theorem:
    """``sum_{j=1..n} c = n c``, which telescopes: c is the step of c j."""
    whole = telescoped(j, n, c * j, c)
    return transitivity(whole, infer("field", whole.sides[1], n * c))


def power_sum(term: Term) -> Theorem:
    """``sum_{j=1..n} j`` and ``sum_{j=1..n} j^2`` for a number n."""
    _only(term, "sum")
    (_, upper, body), j = term.args, term.bound
    assert j is not None
    sums = {j: (j**2 - j) / number(2), j**2: (number(2) * j**3 - number(3) * j**2 + j) / number(6)}
    if body not in sums or not _countable(*term.args[:2]) or integer(upper) is None:
        raise KernelError("not a sum of powers up to a number")
    whole = telescoped(j, upper, sums[body], body)
    return transitivity(whole, expand(whole.sides[1]))


def telescoped(j: Term, n: Term, f: Term, summand: Term) -> Theorem:
    """``sum_{j=1..n} g_j = f_{n+1} - f_1`` for g = `summand`, which is ``f_{j+1} - f_j`` by the laws of a field."""
    whole = infer("telescoping", j, n, f)
    step = infer("field", whole.sides[0].args[2], summand)
    return transitivity(symmetry(congruence(whole.sides[0], (2,), step)), whole)


def _countable(lower: Term, upper: Term) -> bool:
    return lower == number(1) and (upper.data[1:] == ("natural",) or (integer(upper) or 0) > 0)


simplify = in_turn(everywhere(split_sum), expand)
