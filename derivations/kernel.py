"""The trusted kernel: terms, theorems, and the rules that alone make theorems.

Everything that elbocheck calls *proved* is a `Theorem` of this file; nothing else has to be believed. Terms are
immutable trees with real binders: the rules do not tell apart terms that differ in the names of bound variables only,
and substitution never captures. This guards against mistakes; the check that needs no trust in the rest of a program is
`derivations.replay` of an exported proof. The shape is that of HOL Light (J. Harrison, TPHOLs 2009).

A theorem ``H1, ..., Hn |- C`` says: for all values of its free variables and all functions (measurable, or such as
terms give) by the names in it for which every ``Hi`` holds, ``C`` holds. A function has the kind of its values.
Operations are total: ``1/0`` and ``log(-1)`` are some numbers of which nothing is known; the integral of a function
that is not integrable is 0, and so is the derivative where there is none. A rule that would be wrong for those carries
a hypothesis that excludes them. Integer powers are repeated products, so ``0^0 = 1``; an empty sum is 0, an empty
product 1; indices are integers, natural numbers start at 0. ``within(i, a, b)``: i is an integer with ``a <= i <= b``;
``delta(i, k)`` is 1 if i = k, else 0. Spaces are not empty; ``for all z: dimension(z, J)``: the space of z is R^J with
components 1..J and Lebesgue measure; ``tuple(j; J, t)`` is its point with components t. ``differential(v; a, d, f)``: f
has the derivative d in v at v = a. ``bijection(e; T, D)``: e -> T is onto the space of T, with ``int f(z) dz = int f(T)
D de`` for all f >= 0. ``E_{z~d}[f]`` is the integral of ``d f``, ``KL(q || p)`` is ``E_q[log(q / p)]``; the densities
of one family (``p(x,z)``, ``p(x|z)``, ``p(x)``) belong to one joint density; ``normal(z, J, m, v)`` binding j is the
density of a vector z with independent normal components of means ``m_j`` and variances ``v_j``, j = 1..J.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import InitVar, dataclass, field
from fractions import Fraction
from functools import lru_cache, partial
from itertools import count
from types import MappingProxyType
from typing import Any, cast

Path = tuple[int, ...]
Terms = tuple["Term", ...]


class KernelError(ValueError):
    """A rule was applied where its conditions do not hold, or a term is ill-formed."""


def _require(condition: bool, message: str, *about: object) -> tuple[()]:
    """No hypothesis, but FAILURE unless the condition holds."""
    if not condition:
        raise KernelError(message.format(*about) if about else message)
    return ()


# --- terms ---

# head:arguments:sort, with r for a real number, p for a point, b for a proposition, as a regular expression; a variable
# reaches the arguments after the mark that says what is bound: i an index, z a point, t a real variable, a any of them
_OPERATIONS = """
number::r pi::r variable::r function:[rp]*:r component:pr+:r tuple:rir:p density:p+:r delta:rr:r
add:r*:r multiply:r*:r power:rr:r log:r:r exp:r:r sum:rrir:r product:rrir:r derivative:rtr:r
integral:zr:r expectation:zrr:r kl:zrr:r normal:prirr:r
equal:rr:b at_most:rr:b positive:r:b nonzero:r:b within:rrr:b dimension:pr:b
integrable:zr:b differential:rrtr:b bijection:zpr:b forall:ab:b forall_in:rrib:b
"""
_ENTRIES = [re.fullmatch(r"(\w+):([^izta]*)([izta]?)(.*):(.)", entry) for entry in _OPERATIONS.split()]
_SIGNATURE = {e[1]: (re.compile(e[2] + e[4]).fullmatch, e[5], e[3], len(e[2])) for e in _ENTRIES if e}
_NUMBERS = ("real", "natural", "index")
_DATA = {"number": (Fraction,), "variable": (str, str), "function": (str, str), "tuple": (str,), "density": (str, int)}
_CODES: dict[tuple[Any, ...], int] = {}
_FRESH = count()


@dataclass(frozen=True, slots=True)
class Term:
    """An expression or a proposition.

    `head` is an operation of the table above, `data` holds names and rational numbers, `bound` the variable that a
    binder binds. A variable has a name and a kind: ``real``, ``natural`` or ``index`` for numbers, ``vector`` for a
    vector of parameters, else the space whose point it is, which tells which argument of ``p(x,z)`` it stands for.
    Raises KernelError if arguments, data or bound variable do not fit the head, or a limit contains the bound index.
    """

    code: int = field(init=False, repr=False)  # of equal terms and no others: to compare them is no walk through them
    head: str = field(compare=False)
    args: tuple[Term, ...] = field(default=(), compare=False)
    data: tuple[Any, ...] = field(default=(), compare=False)
    bound: Term | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        head, args, data, bound = self.head, self.args, self.data, self.bound
        _require(type(head) is str and head in _SIGNATURE, "unknown operation {!r}", head)
        _require(type(args) is tuple and {Term}.issuperset(map(type, args)), "arguments must be terms")
        _require(type(data) is tuple and (*map(type, data),) == _DATA.get(head, ()), "{}: wrong data", head)
        _require(bound is None or type(bound) is Term, "{}: cannot bind this", head)
        whole = (head, data, bound and bound.code, *[a.code for a in args])
        if whole not in _CODES:
            self._check()
        object.__setattr__(self, "code", _CODES.setdefault(whole, next(_FRESH)))

    def _check(self) -> None:
        (wanted, _, mark, scope), head, v = _SIGNATURE[self.head], self.head, self.bound
        _require(bool(wanted("".join(map(sort, self.args)))), f"{head}: arguments of the wrong number or sort")
        _require(bool(mark) == (v is not None), f"{head}: bound variable missing or out of place")
        if v is not None:
            _require(v.head == "variable", f"{head}: cannot bind this")
            kinds = {"i": v.data[1] == "index", "z": v.data[1] not in _NUMBERS, "t": v.data[1] == "real"}
            _require(kinds.get(mark, True), f"{head}: cannot bind a variable of this kind")
            _require(all(v not in free(a) for a in self.args[:scope]), f"{head}: its limits contain its index")
        if head == "density":
            spaces = {a.data[-1] for a in self.args}
            _require(1 <= self.data[1] <= len(spaces) == len(self.args), "density: of none, or two of one space")

    def __reduce__(self) -> tuple[type[Term], tuple[Any, ...]]:  # a copy is checked, and has the code of its process
        return type(self), (self.head, self.args, self.data, self.bound)

    def __add__(self, other: Term) -> Term:
        return Term("add", (self, other))

    def __mul__(self, other: Term) -> Term:
        return Term("multiply", (self, other))

    def __pow__(self, exponent: Term | int) -> Term:
        return Term("power", (self, exponent if isinstance(exponent, Term) else number(exponent)))

    def __sub__(self, other: Term) -> Term:
        return self + number(-1) * other

    def __truediv__(self, other: Term) -> Term:
        return self * other**-1


def sort(term: Term) -> str:
    """``r`` for a real number, ``p`` for a point or vector, ``b`` for a proposition."""
    if term.head in ("variable", "function"):
        return "r" if term.data[1] in _NUMBERS else "p"
    return _SIGNATURE[term.head][1]


@lru_cache(maxsize=1 << 12)
def number(value: Fraction | int | str) -> Term:
    """A rational constant."""
    return Term("number", data=(Fraction(value),))


@lru_cache(maxsize=1 << 12)
def variable(name: str, kind: str) -> Term:
    """A variable of the given kind."""
    return Term("variable", data=(name, kind))


def density(family: str, targets: Iterable[Term], given: Iterable[Term] = ()) -> Term:
    """``family(targets | given)``; the order within each group does not matter."""
    first, second = (tuple(sorted(group, key=lambda v: v.data[-1])) for group in (targets, given))
    return Term("density", first + second, (family, len(first)))


def add(*terms: Term) -> Term:
    """The sum; 0 for no term and the term itself for one."""
    return terms[0] if len(terms) == 1 else Term("add", terms) if terms else number(0)


def multiply(*terms: Term) -> Term:
    """The product; 1 for no term and the term itself for one."""
    return terms[0] if len(terms) == 1 else Term("multiply", terms) if terms else number(1)


def bind(head: str, bound: Term | None, *args: Term) -> Term:
    """A binder."""
    return Term(head, args, bound=bound)


_ONE = number(1)
_HEADS: tuple[str, ...] = ("equal", "at_most", "positive", "nonzero", "within", "component", "delta", "log", "exp")
equal, at_most, positive, nonzero, within, component, delta, log, exp = (partial(bind, h, None) for h in _HEADS)
_HEADS = ("sum", "product", "integral", "integrable", "expectation", "bijection", "forall", "forall_in")
total, product, integral, integrable, mean, bijection, forall, forall_in = (partial(bind, h) for h in _HEADS)
derivative, differential = partial(bind, "derivative"), partial(bind, "differential")


def reached(term: Term) -> tuple[bool, ...]:
    """For each argument, whether the variable that `term` binds reaches it."""
    _, _, mark, scope = _SIGNATURE[term.head]
    return tuple(bool(mark) and i >= scope for i in range(len(term.args)))


@lru_cache(maxsize=1 << 16)
def free(term: Term) -> frozenset[Term]:
    """The variables that occur free in `term`."""
    _require(type(term) is Term, "not a term")
    if term.head == "variable":
        return frozenset((term,))
    return frozenset().union(*(free(a) - {r and term.bound} for a, r in zip(term.args, reached(term), strict=True)))


@lru_cache(maxsize=1 << 16)
def canonical(term: Term, binders: tuple[Term, ...] = ()) -> int:
    """A number that two terms share exactly if they differ in the names of bound variables only."""
    _require(type(binders) is tuple and all(type(t) is Term for t in (term, *binders)), "not a term")
    if term.head == "variable":
        depth = next((i for i, v in enumerate(reversed(binders)) if v == term), None)
        return _CODES.setdefault(("free", *term.data) if depth is None else ("bound", depth), next(_FRESH))
    bound = () if term.bound is None else (term.bound,)
    args = (canonical(a, binders + bound if r else binders) for a, r in zip(term.args, reached(term), strict=True))
    return _CODES.setdefault(("form", term.head, *term.data, *(v.data[1] for v in bound), *args), next(_FRESH))


def alpha_equal(left: Term, right: Term) -> bool:
    """Whether two terms are the same up to the names of bound variables."""
    return canonical(left) == canonical(right)


def substitute(term: Term, target: Term | None, replacement: Term) -> Term:
    """`term` with the free variable `target` replaced; bound variables that would capture are renamed."""
    if term == target:
        return replacement
    if target not in free(term):
        return term
    bound, args, reach = term.bound, term.args, reached(term)
    if bound is not None and bound != target and bound in free(replacement):
        avoid = free(replacement).union(*map(free, args), (target,))
        while bound in avoid:
            bound = variable(bound.data[0] + "'", bound.data[1])
        args = tuple(substitute(a, term.bound, bound) if r else a for a, r in zip(args, reach, strict=True))
    new = (a if r and bound == target else substitute(a, target, replacement) for a, r in zip(args, reach, strict=True))
    return Term(term.head, tuple(new), term.data, bound)


# --- theorems ---

Sequent = tuple[Iterable[Term], Term]
_KEY = object()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Theorem:
    """``hypotheses |- conclusion``, with the rule, premises and arguments it came from; `infer` makes it."""

    hypotheses: tuple[Term, ...]
    conclusion: Term
    rule: str
    premises: tuple[Theorem, ...]
    arguments: tuple[Any, ...]
    key: InitVar[object]

    def __post_init__(self, key: object) -> None:
        _require(key is _KEY and type(self) is Theorem, "theorems are made by rules only")

    @property
    def sides(self) -> tuple[Term, Term]:
        """Left and right side. Raises KernelError if the conclusion is neither an equation nor an inequality."""
        _require(self.conclusion.head in ("equal", "at_most"), f"{self.rule}: it has no sides")
        return self.conclusion.args[0], self.conclusion.args[1]


def _plain(value: Any) -> bool:
    return type(value) in (Term, Theorem, int) or (type(value) is tuple and all(map(_plain, value)))


def infer(rule: str, *inputs: Any) -> Theorem:
    """The theorem that `rule` gives for premises, which come first, and arguments. Raises KernelError for a FAILURE."""
    _require(rule in RULES, "no rule {!r}", rule)
    _require(all(map(_plain, inputs)), "{}: an input that is no theorem, term, integer or tuple of these", rule)
    hypotheses, conclusion = RULES[rule](*inputs)
    kept = tuple(reversed({canonical(h): h for h in reversed(tuple(hypotheses))}.values()))
    _require(all(sort(p) == "b" for p in (conclusion, *kept)), "{}: not a proposition", rule)
    premises = tuple(i for i in inputs if isinstance(i, Theorem))
    return Theorem(kept, conclusion, rule, premises, inputs[len(premises) :], _KEY)


# --- field arithmetic ---

# a polynomial with exponents of any sign: {{(atom, exponent), ...}: coefficient}; whole coefficients may be int
Powers = frozenset[tuple[int, int]]
Laurent = dict[Powers, Fraction | int]


def integer(term: Term) -> int | None:
    """The value of an integer constant; None for other terms."""
    return int(term.data[0]) if term.head == "number" and term.data[0].denominator == 1 else None


def _collect(entries: Iterable[tuple[Powers, Fraction | int]]) -> Laurent:
    result: Laurent = {}
    for monomial, coefficient in entries:
        result[monomial] = result[monomial] + coefficient if monomial in result else coefficient
    return {m: c for m, c in result.items() if c}


def _times(left: Laurent, right: Laurent) -> Laurent:
    return _collect((_merged(m, n), c * d) for m, c in left.items() for n, d in right.items())


def _merged(left: Powers, right: Powers) -> Powers:
    exponents = dict(left)
    exponents.update((atom, exponents.get(atom, 0) + exponent) for atom, exponent in right)
    return frozenset(power for power in exponents.items() if power[1])


@lru_cache(maxsize=1 << 14)
def _fraction(term: Term) -> tuple[Laurent, Laurent, Terms]:
    """Numerator and denominator of `term`, and the bases of its negative powers."""
    one: Laurent = {frozenset(): 1}
    exponent = integer(term.args[1]) if term.head == "power" else 1
    if term.head == "number":
        return _collect([(frozenset(), term.data[0] if integer(term) is None else term.data[0].numerator)]), one, ()
    if exponent is None or term.head not in ("add", "multiply", "power"):
        return {frozenset([(canonical(term), 1)]): 1}, one, ()
    _require(abs(exponent) <= 64, "field: an exponent above 64")
    found = [_fraction(a) for a in term.args[: 1 if term.head == "power" else None]]
    parts, inverted = [(n, d) for n, d, _ in found] * abs(exponent), tuple(t for _, _, bases in found for t in bases)
    if exponent < 0:
        _require(bool(parts[0][0]), "field: division by zero")
        parts, inverted = [(d, n) for n, d in parts], (*inverted, term.args[0])
    top, bottom = Laurent() if term.head == "add" else one, one
    for n, d in parts:
        if term.head != "add":
            top, bottom = _times(top, n), bottom if d == one else _times(bottom, d)
            continue
        if d != bottom:
            top, n, bottom = _times(top, d), _times(n, bottom), _times(bottom, d)
        top = _collect((*top.items(), *n.items()))
    if len(bottom) == 1:  # a single monomial is inverted at once, which keeps the fractions small
        ((monomial, coefficient),) = bottom.items()
        top, bottom = _times(top, {frozenset((a, -e) for a, e in monomial): Fraction(1) / coefficient}), one
    return top, bottom, inverted


def _replace(term: Term, path: Path, equation: Theorem, others: Terms = ()) -> Sequent:
    """`term` with the left side of `equation` at `path` replaced by the right side; what that supposes, after `others`."""
    if not path:
        fits = equation.conclusion.head == "equal" and alpha_equal(term, equation.sides[0])
        _require(fits, "rewrite: the left side of an equation does not stand at the path")
        return others + equation.hypotheses, equation.sides[1]
    place = path[0]
    _require(0 <= place < len(term.args), "rewrite: no such path")
    hypotheses, inner = _replace(term.args[place], path[1:], equation)
    if term.bound is not None and reached(term)[place]:
        hypotheses = _for_all(term.bound, _limits(term), hypotheses)
    args = (*term.args[:place], inner, *term.args[place + 1 :])
    return (*others, *hypotheses), Term(term.head, args, term.data, term.bound)


def _limits(binder: Term) -> Terms:
    """The limits within which `binder` binds an index; nothing where there are none."""
    if binder.head in ("normal", "tuple"):
        return _ONE, binder.args[binder.head == "normal"]
    return binder.args[:2] if _SIGNATURE[binder.head][2] == "i" else ()


def _for_all(v: Term, limits: Terms, hypotheses: Iterable[Term]) -> Iterator[Term]:
    """`hypotheses` for all values of v; that v lies within `limits` then needs no supposing."""
    for h in hypotheses:
        if v not in free(h):
            yield h
        elif not limits:
            yield forall(v, h)
        elif not alpha_equal(h, within(v, *limits)):
            yield forall_in(v, *limits, h)


def _apart(v: Term, *terms: Term) -> tuple[()]:
    return _require(all(v not in free(t) for t in terms), "a term that must not depend on a variable does")


def _combination(coefficients: Terms, terms: Terms) -> Term:
    return add(*(c * t for c, t in zip(coefficients, terms, strict=True)))


def _linear(v: Term, coefficients: Terms, terms: Terms, outer: Callable[[Term], Term]) -> Term:
    """``outer(c f + d g + ...) = c outer(f) + d outer(g) + ...`` for coefficients without v."""
    _apart(v, *coefficients)
    return equal(outer(_combination(coefficients, terms)), _combination(coefficients, tuple(map(outer, terms))))


def _positive_parts(term: Term) -> Iterator[Term]:
    """What suffices for ``term > 0``; a normal density is positive where its variances are."""
    if term.head == "number":
        _require(term.data[0] > 0, "positivity: a number that is not positive")
    elif term.head in ("add", "multiply", "power"):
        _require(bool(term.args), "positivity: an empty sum or product")
        for arg in term.args[:1] if term.head == "power" else term.args:
            yield from _positive_parts(arg)
    elif term.bound is not None and term.head in ("sum", "product", "normal"):
        yield from _for_all(term.bound, _limits(term), _positive_parts(term.args[-1]))
        yield from (within(b, a, b) for a, b in [term.args[:2]] if term.head == "sum")
    elif term.head not in ("exp", "pi"):
        yield positive(term)


def _of_kind(t: Term, kind: str) -> bool:
    return t.data[1:] == (kind,) or {"real": sort(t) == "r", "natural": str(integer(t)).isdigit()}.get(kind, False)


def _instance(term: Term, f: Term, value: Term) -> Term:
    """`term` where f, a variable or a function of variables named 0, 1, ..., is `value`, which is written in these."""
    _require(term.bound is None or term.bound not in free(value) | {f}, "instantiate: a binder is in the way")
    args = tuple(_instance(a, f, value) for a in term.args)
    if (term.head, term.data, len(args)) != (f.head, f.data, len(f.args)):
        return Term(term.head, args, term.data, term.bound)
    for i, (v, a) in enumerate(zip(f.args, args, strict=True)):
        _require(v == variable(str(i), "real" if sort(a) == "r" else a.data[-1]), "instantiate: not a place")
        _apart(v, *args)
        value = substitute(value, v, a)
    return value


def _space(point: Term, dimension: Term) -> Term:
    _apart(point, dimension)
    return forall(point, bind("dimension", None, point, dimension))


def _regular(normal: Term, *indices: Term) -> Terms:
    """That a normal density fits its space, has positive variances, and components at the indices."""
    _require(normal.head == "normal", "not a normal density")
    z, n, _, variance = normal.args
    _apart(z, *normal.args[2:], *indices)
    return *(within(i, _ONE, n) for i in indices), _space(z, n), forall_in(normal.bound, _ONE, n, positive(variance))


def _entry(normal: Term, place: int, i: Term) -> Term:
    return substitute(normal.args[place], normal.bound, i)


def _normal_formula(normal: Term) -> Term:
    _require(normal.head == "normal", "not a normal density")
    (z, n, m, v), j = normal.args, cast(Term, normal.bound)
    volume = (number(2) * Term("pi")) ** n * product(j, _ONE, n, v)
    return (volume ** number("1/2")) ** -1 * exp(number("-1/2") * total(j, _ONE, n, (component(z, j) - m) ** 2 / v))


def _field(left: Term, right: Term) -> Sequent:
    (a, b, divisors), (c, d, others) = _fraction(left), _fraction(right)
    _require(_times(a, d) == _times(c, b), "field: the sides differ")
    return (nonzero(t) for t in (*divisors, *others) if t.head != "number"), equal(left, right)


# Each rule: what it gives, and its FAILURE (besides terms of the wrong sort). "apart" means: does not occur free in.
_RULES: dict[str, Callable[..., Sequent]] = {
    # a = b. FAILURE unless they differ in the names of bound variables only
    "reflexivity": lambda a, b: (_require(alpha_equal(a, b), "reflexivity: the sides differ"), equal(a, b)),
    # P[b] from P[a] and a = b, its hypotheses for all values of what is bound around. FAILURE unless a is at the path
    "rewrite": lambda t, equation, path: _replace(t.conclusion, path, equation, t.hypotheses),
    # P |- P. FAILURE if it is not a proposition
    "assume": lambda p: ((p,), p),
    # H, G |- C from G |- P and P, H |- C
    "discharge": lambda p, t: (
        [*(h for h in t.hypotheses if not alpha_equal(h, p.conclusion)), *p.hypotheses],
        t.conclusion,
    ),
    # (for all v: H) |- (for all v: P) from H |- P; for an index v = a..b where a, b are given. FAILURE if v is in a, b
    "generalise": lambda t, v, *limits: (
        (*_apart(v, *limits), *_for_all(v, limits, t.hypotheses)),
        bind("forall_in" if limits else "forall", v, *limits, t.conclusion),
    ),
    # P for t in the place of f(u, v, ...), for all u, v, ...; or of a variable f. FAILURE if f is neither, t of another kind,
    # something free in t or f itself bound in P; if u, v, ... are not named 0, 1, ..., or in an argument of f
    "instantiate": lambda t, f, r: (
        _require(f.head in ("variable", "function") and _of_kind(r, f.data[1]), "instantiate: of another kind")
        + tuple(_instance(h, f, r) for h in t.hypotheses),
        _instance(t.conclusion, f, r),
    ),
    # a = b by the laws of a field, bases of negative powers being nonzero. FAILURE unless both, times their denominators,
    # are one polynomial in what is no sum, product or integer power; if an exponent is above 64 or a base cancels to 0
    "field": _field,
    # t > 0 from the positivity of its parts. FAILURE if a part is a number that is not positive or has no part itself
    "positivity": lambda t: (_positive_parts(t), positive(t)),
    # t != 0 for t > 0; 0 <= t^2; log t <= t - 1 for t > 0
    "positive_nonzero": lambda t: ((positive(t),), nonzero(t)),
    "square": lambda t: ((), at_most(number(0), t**2)),
    "log_bound": lambda t: ((positive(t),), at_most(log(t), t - _ONE)),
    # t + c a + d b + ... <= t + c a' + ... for a <= a', ... and c, d, ... > 0; sum_{j=a..b} f <= sum g for f <= g;
    # int f <= int g for integrable f <= g. FAILURE unless there are as many coefficients as terms
    "combined_inequalities": lambda t, cs, ls, rs: (
        (*map(positive, cs), *map(at_most, ls, rs)),
        at_most(t + _combination(cs, ls), t + _combination(cs, rs)),
    ),
    "sum_monotonicity": lambda j, a, b, f, g: (
        [forall_in(j, a, b, at_most(f, g))],
        at_most(total(j, a, b, f), total(j, a, b, g)),
    ),
    "integral_monotonicity": lambda v, f, g: (
        (forall(v, at_most(f, g)), integrable(v, f), integrable(v, g)),
        at_most(integral(v, f), integral(v, g)),
    ),
    # log(a b) = log a + log b for a, b > 0; log(a^t) = t log a for a > 0; log(exp t) = t; exp(log t) = t for t > 0
    "log_product": lambda a, b: ((positive(a), positive(b)), equal(log(a * b), log(a) + log(b))),
    "log_power": lambda a, t: ((positive(a),), equal(log(a**t), t * log(a))),
    "log_exp": lambda t: ((), equal(log(exp(t)), t)),
    "exp_log": lambda t: ((positive(t),), equal(exp(log(t)), t)),
    # log prod_{j=a..b} f = sum_{j=a..b} log f where f > 0 for j = a..b
    "log_indexed_product": lambda j, a, b, f: (
        [forall_in(j, a, b, positive(f))],
        equal(log(product(j, a, b, f)), total(j, a, b, log(f))),
    ),
    # sum_{j=a..b} (c f + d g + ...) = c sum f + d sum g + .... FAILURE if j is in c, d, ...
    "sum_linearity": lambda j, a, b, cs, fs: ((), _linear(j, cs, fs, partial(total, j, a, b))),
    # sum_{j=1..n} (f_{j+1} - f_j) = f_{n+1} - f_1. FAILURE unless n is a natural constant or variable
    "telescoping": lambda j, n, f: (
        _require(_of_kind(n, "natural"), "telescoping: not a natural number"),
        equal(total(j, _ONE, n, substitute(f, j, j + _ONE) - f), substitute(f, j, n + _ONE) - substitute(f, j, _ONE)),
    ),
    # sum_{j=a..b} delta(i, j) f_j = f_i for i in a..b; delta(i, i) = 1. FAILURE if j is in i
    "delta_sum": lambda j, a, b, i, f: (
        [*_apart(j, i), within(i, a, b)],
        equal(total(j, a, b, delta(i, j) * f), substitute(f, j, i)),
    ),
    "delta_same": lambda i: ((), equal(delta(i, i), _ONE)),
    # int (c f + d g + ...) = c int f + d int g + ... for integrable f, g, ... unless it is c f alone. FAILURE if v is in c
    "integral_linearity": lambda v, cs, fs: (
        (integrable(v, f) for f in fs if fs[1:]),
        _linear(v, cs, fs, partial(integral, v)),
    ),
    # c f + d g + ... and sum_{j=a..b} f are integrable for integrable f, g, ...; f is if int f != 0. FAILURE as above
    "integrable_linearity": lambda v, cs, fs: (
        (integrable(v, f) for f in fs),
        integrable(v, _linear(v, cs, fs, lambda f: f).args[0]),
    ),
    "integrable_sum": lambda v, j, a, b, f: (
        [*_apart(v, a, b), forall_in(j, a, b, integrable(v, f))],
        integrable(v, total(j, a, b, f)),
    ),
    "integrable_nonzero": lambda v, f: ((nonzero(integral(v, f)),), integrable(v, f)),
    # int sum_{j=a..b} f = sum_{j=a..b} int f for integrable f. FAILURE if v is not apart from a, b
    "integral_of_sum": lambda v, j, a, b, f: (
        (*_apart(v, a, b), forall_in(j, a, b, integrable(v, f))),
        equal(integral(v, total(j, a, b, f)), total(j, a, b, integral(v, f))),
    ),
    # with D(v; a, d, f) for the differential: D(v; a, 0, c) for c without v; D(v; a, n a^(n-1), v^n) for a
    # constant integer n, a != 0 if n < 0; D(v; a, e^a, e^v); D(v; a, 1/a, log v) for a > 0. FAILURE if v is in c
    "differential_constant": lambda v, a, c: (_apart(v, c), differential(v, a, number(0), c)),
    "differential_power": lambda v, a, n: ([nonzero(a)] * (n < 0), differential(v, a, number(n) * a ** (n - 1), v**n)),
    "differential_exp": lambda v, a: ((), differential(v, a, exp(a), exp(v))),
    "differential_log": lambda v, a: ((positive(a),), differential(v, a, a**-1, log(v))),
    # for D(v; a, d, f), D(v; a, e, g), ...: D(v; a, d + e + ..., f + g + ...), D(v; a, d g(a) ... + ..., f g ...), D(v; a, h
    # d, k(f)) for D(u; f(a), h, k), derivative(v; a, f) = d. FAILURE if v is in k(u)
    "differential_sum": lambda v, a, ds, fs: (
        [differential(v, a, d, f) for d, f in zip(ds, fs, strict=True)],
        differential(v, a, add(*ds), add(*fs)),
    ),
    "differential_product": lambda v, a, ds, fs: (
        [differential(v, a, d, f) for d, f in zip(ds, fs, strict=True)],
        differential(
            v, a, substitute(add(*(multiply(*fs[:i], d, *fs[i + 1 :]) for i, d in enumerate(ds))), v, a), multiply(*fs)
        ),
    ),
    "chain_rule": lambda v, a, d, f, u, e, g: (
        (differential(v, a, d, f), h := differential(u, substitute(f, v, a), e, g), *_apart(v, h)),
        differential(v, a, e * d, substitute(g, u, f)),
    ),
    "derivative_value": lambda v, a, d, f: ((differential(v, a, d, f),), equal(derivative(v, a, f), d)),
    # d f / d v = d g / d v at v = a from f = g, where the only hypothesis with v is v > 0. FAILURE if there is another
    "derivative_congruence": lambda t, v, a: (
        _require(t.conclusion.head == "equal", "derivative_congruence: not an equation")
        + _require(all(v not in free(h) or h == positive(v) for h in t.hypotheses), "derivative_congruence: here alone")
        + tuple(substitute(h, v, a) for h in t.hypotheses),
        equal(*(derivative(v, a, side) for side in t.sides)),
    ),
    # int f(z) dz = int f(T) D de for a bijection. FAILURE if e is in f, or T in another space than z
    "change_of_variables": lambda z, f, e, t, d: (
        (*_apart(e, integral(z, f)), *_require(t.data[-1:] == z.data[-1:], "another space"), bijection(e, t, d)),
        equal(integral(z, f), integral(e, substitute(f, z, t) * d)),
    ),
    # e -> (m_j + s_j e_j)_j is a bijection of volume factor prod_j s_j, onto the space of z, for s_j > 0 and spaces of J
    # components. FAILURE if e is in J, m, s, or z in J
    "affine_bijection": lambda e, z, j, n, m, s: (
        (*_apart(e, n, m, s), _space(e, n), _space(z, n), forall_in(j, _ONE, n, positive(s))),
        bijection(e, Term("tuple", (n, m + s * component(e, j)), z.data[1:], j), product(j, _ONE, n, s)),
    ),
    # (t_j)_j has the component t_i for i in 1..J, in the space of z, which has J components. FAILURE if z is in J
    "tuple_component": lambda z, j, n, t, i: (
        (_space(z, n), within(i, _ONE, n)),
        equal(component(Term("tuple", (n, t), z.data[1:], j), i), substitute(t, j, i)),
    ),
    # E_{z~d}[f] = int d f dz; KL(q || p) = E_{z~q}[log(q / p)]
    "expectation_definition": lambda z, d, f: ((), equal(mean(z, d, f), integral(z, d * f))),
    "kl_definition": lambda z, q, p: ((), equal(bind("kl", z, q, p), mean(z, q, log(q / p)))),
    # p(a|b) = p(a,b) / p(b) for p(b) > 0; int p(a,b) da = p(b), or 1 without b. FAILURE for densities of another form
    "conditional_density": lambda t: (
        _require(t.head == "density" and t.data[1] < len(t.args), "conditional_density: nothing is given")
        + tuple(map(positive, [given := density(t.data[0], t.args[t.data[1] :])])),
        equal(t, density(t.data[0], t.args) / given),
    ),
    "marginalisation": lambda t, v: (
        _require(t.data[1:] == (len(t.args),) and v in t.args, "marginalisation: not a joint density of it")
        + _apart(v, *(rest := tuple(a for a in t.args if a != v))),
        equal(integral(v, t), density(t.data[0], rest) if rest else _ONE),
    ),
    # N(z; m, v) = 1 / sqrt((2 pi)^J prod_j v_j) exp(-1/2 sum_j (z_j - m_j)^2 / v_j) by definition; for v_j > 0 and i, k,
    # ... in 1..J: int N dz = 1; E[z_i] = m_i; E[(z_i - m_i) (z_k - m_k)] = delta(i, k) v_i; N z_i z_k ... is integrable;
    # all in spaces of J components. FAILURE if N is no normal density, or m, v, J, i, k, ... depends on z
    "normal_density": lambda t: ((), equal(t, _normal_formula(t))),
    "normal_normalisation": lambda t: (_regular(t), equal(integral(t.args[0], t), _ONE)),
    "normal_mean": lambda t, i: (_regular(t, i), equal(mean(t.args[0], t, component(t.args[0], i)), _entry(t, 2, i))),
    "normal_covariance": lambda t, *ik: (
        _regular(t, *ik),
        equal(
            mean(t.args[0], t, multiply(*(component(t.args[0], i) - _entry(t, 2, i) for i in ik))),
            delta(*ik) * _entry(t, 3, ik[0]),
        ),
    ),
    "normal_integrability": lambda t, *ik: (
        _regular(t, *ik),
        integrable(t.args[0], t * multiply(*(component(t.args[0], i) for i in ik))),
    ),
}
RULES = MappingProxyType(_RULES)
