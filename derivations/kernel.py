"""The trusted kernel: terms, theorems, and the rules that alone make theorems.

Everything that elbocheck calls *proved* is a `Theorem` of this file; nothing else has to be believed. Terms are
immutable trees with real binders: the rules do not tell apart terms that differ in the names of bound variables only,
and substitution never captures. In one process this guards against mistakes; the check that needs no trust in the rest
of a program is `replay` of an exported proof.

A theorem ``H1, ..., Hn |- C`` says: for all values of its free variables for which every ``Hi`` holds, ``C`` holds.
Operations are total: ``1/0`` and ``log(-1)`` are some numbers of which nothing is known, and the integral of a function
that is not integrable is 0. A rule that would be wrong for those carries a hypothesis that excludes them. Integer
powers are repeated products, so ``0^0 = 1``. Indices are integers; ``a..b`` and ``within(i, a, b)`` mean those with
``a <= i <= b``; an empty sum is 0, an empty product 1. Natural numbers start at 0. Spaces are not empty, and ``for all
z: dimension(z, J)`` says that the space of z is R^J with components 1..J and Lebesgue measure.
``E_{z~d}[f]`` is the integral of ``d f``, ``KL(q || p)`` is ``E_q[log(q / p)]``; the densities of one family
(``p(x,z)``, ``p(x|z)``, ``p(x)``) belong to one joint density; ``normal(z, J, m, v)`` binding j is the density of a
vector z with independent normal components of means ``m_j`` and variances ``v_j``, j = 1..J.

References
----------
J. Harrison, "HOL Light: an overview", TPHOLs 2009: the shape of the kernel.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import InitVar, dataclass
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType
from typing import Any, cast

Path = tuple[int, ...]
Terms = tuple["Term", ...]


class KernelError(ValueError):
    """A rule was applied where its conditions do not hold, or a term is ill-formed."""


def _require(condition: bool, message: str) -> tuple[()]:
    """No hypothesis, but FAILURE unless the condition holds."""
    if not condition:
        raise KernelError(message)
    return ()


# --- terms ---

# head:arguments:sort, with r for a real number, p for a point, b for a proposition, * for any number of the one before;
# the variable that a binder binds reaches the arguments after the dot
_OPERATIONS = """
number::r pi::r variable::r component:pr:r density:p*:r add:r*:r multiply:r*:r power:rr:r log:r:r exp:r:r
sum:rr.r:r product:rr.r:r integral:.r:r expectation:.rr:r kl:.rr:r normal:pr.rr:r
equal:rr:b positive:r:b nonzero:r:b within:rrr:b dimension:pr:b integrable:.r:b forall:.b:b forall_in:rr.b:b
"""
_SIGNATURE = {
    head: (args.replace(".", ""), whole, args.find(".") if "." in args else None)
    for head, args, whole in (entry.split(":") for entry in _OPERATIONS.split())
}
_BINDS_INDEX = ("sum", "product", "normal", "forall_in")
_BINDS_POINT = ("integral", "expectation", "kl", "integrable")
_DATA = {"number": (Fraction,), "variable": (str, str), "density": (str, int)}


@dataclass(frozen=True, slots=True)
class Term:
    """An expression or a proposition.

    `head` is an operation of the table above, `data` holds names and rational numbers, `bound` the variable that a
    binder binds. A variable has a name and a kind: ``real``, ``natural`` or ``index`` for numbers, ``vector`` for a
    vector of parameters, else the space whose point it is, which tells which argument of ``p(x,z)`` it stands for.

    Raises KernelError if arguments, data or bound variable do not fit the head, or a limit contains the bound index.
    """

    head: str
    args: tuple[Term, ...] = ()
    data: tuple[Any, ...] = ()
    bound: Term | None = None

    def __post_init__(self) -> None:
        _require(type(self.head) is str and self.head in _SIGNATURE, f"unknown operation {self.head!r}")
        _require(type(self.args) is tuple and all(type(a) is Term for a in self.args), "arguments must be terms")
        wanted, _, scope = _SIGNATURE[self.head]
        sorts = "".join(sort(a) for a in self.args)
        fits = set(sorts) <= {wanted[0]} if wanted.endswith("*") else sorts == wanted
        _require(fits, f"{self.head}: arguments of the wrong number or sort")
        kinds = _DATA.get(self.head, ())
        exact = type(self.data) is tuple and len(self.data) == len(kinds)
        _require(exact and all(type(d) is k for d, k in zip(self.data, kinds, strict=True)), f"{self.head}: wrong data")
        _require((scope is None) == (self.bound is None), f"{self.head}: bound variable missing or out of place")
        if self.bound is not None:
            _require(type(self.bound) is Term and self.bound.head == "variable", f"{self.head}: cannot bind this")
            _require(self.head not in _BINDS_INDEX or self.bound.data[1] == "index", f"{self.head}: binds an index")
            _require(self.head not in _BINDS_POINT or sort(self.bound) == "p", f"{self.head}: binds a point")
            outside = self.args[:scope]
            _require(not any(self.bound in free(a) for a in outside), f"{self.head}: its limits contain its index")
        if self.head == "density":
            _require(len({a.data[1] for a in self.args}) == len(self.args), "density: two points of one space")
            _require(1 <= self.data[1] <= len(self.args), "density: of no variable")

    def __add__(self, other: Term) -> Term:
        return Term("add", (self, other))

    def __mul__(self, other: Term) -> Term:
        return Term("multiply", (self, other))

    def __pow__(self, exponent: Term | int) -> Term:
        return Term("power", (self, exponent if isinstance(exponent, Term) else number(exponent)))

    def __neg__(self) -> Term:
        return number(-1) * self

    def __sub__(self, other: Term) -> Term:
        return self + -other

    def __truediv__(self, other: Term) -> Term:
        return self * other**-1


def sort(term: Term) -> str:
    """``r`` for a real number, ``p`` for a point or vector, ``b`` for a proposition."""
    if term.head == "variable":
        return "r" if term.data[1] in ("real", "natural", "index") else "p"
    return _SIGNATURE[term.head][1]


def number(value: Fraction | int | str) -> Term:
    """A rational constant."""
    return Term("number", data=(Fraction(value),))


def variable(name: str, kind: str) -> Term:
    """A variable of the given kind."""
    return Term("variable", data=(name, kind))


def density(family: str, targets: Iterable[Term], given: Iterable[Term] = ()) -> Term:
    """``family(targets | given)``; the order within each group does not matter."""
    first, second = (tuple(sorted(group, key=lambda v: v.data[::-1])) for group in (targets, given))
    return Term("density", first + second, (family, len(first)))


def add(*terms: Term) -> Term:
    """The sum; 0 for no term and the term itself for one."""
    return terms[0] if len(terms) == 1 else Term("add", terms) if terms else number(0)


def multiply(*terms: Term) -> Term:
    """The product; 1 for no term and the term itself for one."""
    return terms[0] if len(terms) == 1 else Term("multiply", terms) if terms else number(1)


def log(term: Term) -> Term:
    """The natural logarithm."""
    return Term("log", (term,))


def bind(head: str, bound: Term | None, *args: Term) -> Term:
    """A binder."""
    return Term(head, args, bound=bound)


def equal(left: Term, right: Term) -> Term:
    """The proposition ``left = right``."""
    return Term("equal", (left, right))


def positive(term: Term) -> Term:
    """The proposition ``term > 0``."""
    return Term("positive", (term,))


def reached(term: Term) -> tuple[bool, ...]:
    """For each argument, whether the variable that `term` binds reaches it."""
    scope = _SIGNATURE[term.head][2]
    return tuple(scope is not None and i >= scope for i in range(len(term.args)))


@lru_cache(maxsize=1 << 16)
def free(term: Term) -> frozenset[Term]:
    """The variables that occur free in `term`."""
    _require(type(term) is Term, "not a term")
    if term.head == "variable":
        return frozenset((term,))
    parts = (free(a) - {term.bound if r else None} for a, r in zip(term.args, reached(term), strict=True))
    return frozenset().union(*parts)


@lru_cache(maxsize=1 << 16)
def canonical(term: Term, binders: tuple[Term, ...] = ()) -> tuple[Any, ...]:
    """A value that two terms share exactly if they differ in the names of bound variables only."""
    _require(type(binders) is tuple and all(type(t) is Term for t in (term, *binders)), "not a term")
    if term.head == "variable":
        depth = next((i for i, v in enumerate(reversed(binders)) if v == term), None)
        return ("variable", *term.data) if depth is None else ("bound", depth)
    kind = () if term.bound is None else (term.bound.data[1],)
    inner = binders if term.bound is None else (*binders, term.bound)
    args = (canonical(a, inner if r else binders) for a, r in zip(term.args, reached(term), strict=True))
    return (term.head, *term.data, *kind, *args)


def alpha_equal(left: Term, right: Term) -> bool:
    """Whether two terms are the same up to the names of bound variables."""
    return canonical(left) == canonical(right)


def substitute(term: Term, target: Term | None, replacement: Term) -> Term:
    """`term` with the free variable `target` replaced; bound variables that would capture are renamed."""
    if term == target:
        return replacement
    if target not in free(term):
        return term
    bound, args = term.bound, term.args
    if bound is not None and bound != target and bound in free(replacement):
        avoid = free(replacement).union(*map(free, args), (target,))
        while bound in avoid:
            bound = variable(bound.data[0] + "'", bound.data[1])
        args = tuple(substitute(a, term.bound, bound) if r else a for a, r in zip(args, reached(term), strict=True))
    shadowed = bound == target
    changed = (
        a if r and shadowed else substitute(a, target, replacement) for a, r in zip(args, reached(term), strict=True)
    )
    return Term(term.head, tuple(changed), term.data, bound)


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
        """Left and right side. Raises KernelError if the conclusion is not an equation."""
        _require(self.conclusion.head == "equal", f"{self.rule}: not an equation")
        return self.conclusion.args[0], self.conclusion.args[1]


def _plain(value: Any) -> bool:
    return any(type(value) is k for k in (Term, Theorem, int)) or (type(value) is tuple and all(map(_plain, value)))


def infer(rule: str, *inputs: Any) -> Theorem:
    """The theorem that `rule` gives for its premises (theorems first) and arguments.

    Raises KernelError if there is no such rule, or where the rule states its FAILURE.
    """
    _require(rule in RULES, f"no rule {rule!r}")
    _require(all(map(_plain, inputs)), f"{rule}: an input that is no theorem, term, integer or tuple of these")
    hypotheses, conclusion = RULES[rule](*inputs)
    distinct = {canonical(h): h for h in reversed(tuple(hypotheses))}
    kept = tuple(reversed(distinct.values()))
    _require(all(sort(p) == "b" for p in (conclusion, *kept)), f"{rule}: not a proposition")
    premises = tuple(i for i in inputs if isinstance(i, Theorem))
    arguments = inputs[len(premises) :]
    return Theorem(kept, conclusion, rule, premises, arguments, _KEY)


def replay(proof: Any) -> Theorem:
    """Apply the rules of a proof in JSON data again, and compare what each states.

    ``{terms, statements, steps}``: two tables of terms ``[head, data, bound, args]`` that name earlier rows, and steps
    ``{rule, premises, arguments, hypotheses, conclusion}``. Arguments are of ``terms``, what a step states is of
    ``statements``: no single edit can change both.

    Raises KernelError with number and rule of the first step that does not apply or that states something else.
    """
    theorems: list[Theorem] = []
    terms, statements = dict[int, Term](), dict[int, Term]()
    _require(isinstance(proof, Mapping) and proof.get("steps") not in (None, []), "step 0: not a proof")
    _require(isinstance(proof["steps"], list), "step 0: not a list of steps")
    for i, step in enumerate(proof["steps"]):
        try:
            premises = [theorems[p] for p in step["premises"] if type(p) is int and p >= 0]
            _require(len(premises) == len(step["premises"]), "a premise is not an earlier step")
            arguments = (_argument(a, proof["terms"], terms) for a in step["arguments"])
            theorem = infer(step["rule"], *premises, *arguments)
            stated = [_read(n, proof["statements"], statements) for n in (*step["hypotheses"], step["conclusion"])]
            _require(stated == [*theorem.hypotheses, theorem.conclusion], "the rule gives another statement")
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
            rule = step.get("rule") if isinstance(step, Mapping) else "not a rule"
            raise KernelError(f"step {i}, {rule}: {error}") from error
        theorems.append(theorem)
    return theorems[-1]


def _argument(value: Any, table: Any, made: dict[int, Term]) -> Any:
    """An argument of a rule: a number as it is, ``{"term": position}``, or a list of these."""
    if isinstance(value, list):
        return tuple(_argument(v, table, made) for v in value)
    return _read(value["term"], table, made) if isinstance(value, dict) else value


def _read(position: Any, table: Any, made: dict[int, Term]) -> Term:
    """The term at a position of a table, which may name earlier positions only."""
    if position not in made:
        _require(type(position) is int and position >= 0, "not a position in a table of terms")
        head, data, bound, args = table[position]
        _require(all(p < position for p in (*args, -1 if bound is None else bound)), "a term that holds a later one")
        exact = tuple(Fraction(d) if head == "number" else d for d in data)
        inner, binds = (tuple(_read(p, table, made) for p in row) for row in (args, [] if bound is None else [bound]))
        made[position] = Term(head, inner, exact, *binds)
    return made[position]


# --- field arithmetic ---

# a polynomial with exponents of any sign: {((atom, exponent), ...): coefficient}
Laurent = dict[tuple[tuple[Any, int], ...], Fraction]


def integer(term: Term) -> int | None:
    """The value of an integer constant; None for other terms."""
    return int(term.data[0]) if term.head == "number" and term.data[0].denominator == 1 else None


def _collect(entries: Iterable[tuple[Any, Fraction]]) -> Laurent:
    result: Laurent = {}
    for monomial, coefficient in entries:
        result[monomial] = result.get(monomial, Fraction(0)) + coefficient
    return {m: c for m, c in result.items() if c}


def _times(left: Laurent, right: Laurent) -> Laurent:
    return _collect((_merged(m, n), c * d) for m, c in left.items() for n, d in right.items())


def _merged(left: Iterable[tuple[Any, int]], right: Iterable[tuple[Any, int]]) -> tuple[tuple[Any, int], ...]:
    exponents = Counter(dict(left))
    exponents.update(dict(right))
    return tuple(sorted(((a, e) for a, e in exponents.items() if e), key=repr))


def _fraction(term: Term, inverted: list[Term]) -> tuple[Laurent, Laurent]:
    """Numerator and denominator of `term`; the bases of negative powers are appended to `inverted`."""
    one: Laurent = {(): Fraction(1)}
    if term.head == "number":
        return ({(): term.data[0]} if term.data[0] else {}), one
    if term.head == "add":
        top, bottom = Laurent(), one
        for n, d in (_fraction(a, inverted) for a in term.args):
            if d != bottom:
                top, n, bottom = _times(top, d), _times(n, bottom), _times(bottom, d)
            top = _collect((*top.items(), *n.items()))
        return top, bottom
    exponent = integer(term.args[1]) if term.head == "power" else None
    if term.head == "multiply":
        factors = [_fraction(a, inverted) for a in term.args]
    elif exponent is None:
        return {((canonical(term), 1),): Fraction(1)}, one
    else:
        _require(abs(exponent) <= 64, "field: an exponent above 64")
        factors = [_fraction(term.args[0], inverted)] * abs(exponent)
        if exponent < 0:
            _require(bool(factors[0][0]), "field: division by zero")
            inverted.append(term.args[0])
            factors = [(d, n) for n, d in factors]
    top, bottom = one, one
    for n, d in factors:
        top, bottom = _times(top, n), _times(bottom, d)
    if len(bottom) == 1:  # a single monomial is inverted at once, which keeps the fractions small
        ((monomial, coefficient),) = bottom.items()
        top, bottom = _times(top, {tuple((a, -e) for a, e in monomial): 1 / coefficient}), one
    return top, bottom


# --- parts of the rules ---


def _replace(term: Term, path: Path, equation: Theorem) -> tuple[Term, tuple[Term, ...]]:
    """`term` with the left side of `equation` at `path` replaced by the right side, and what that supposes."""
    if not path:
        _require(alpha_equal(term, equation.sides[0]), "rewrite: the left side does not stand at the path")
        return equation.sides[1], equation.hypotheses
    place = path[0]
    _require(0 <= place < len(term.args), "rewrite: no such path")
    inner, hypotheses = _replace(term.args[place], path[1:], equation)
    if term.bound is not None and reached(term)[place]:
        hypotheses = tuple(_for_all(term.bound, _limits(term), hypotheses))
    return Term(term.head, (*term.args[:place], inner, *term.args[place + 1 :]), term.data, term.bound), hypotheses


def _limits(binder: Term) -> Terms | None:
    """The limits within which `binder` binds an index; None where there are none."""
    if binder.head == "normal":
        return number(1), binder.args[1]
    return (binder.args[0], binder.args[1]) if binder.head in _BINDS_INDEX else None


def _for_all(v: Term, limits: Terms | None, hypotheses: Iterable[Term]) -> Iterator[Term]:
    """`hypotheses` for all values of v; that v lies within `limits` then needs no supposing."""
    for h in hypotheses:
        if v not in free(h):
            yield h
        elif limits is None:
            yield bind("forall", v, h)
        elif not alpha_equal(h, Term("within", (v, *limits))):
            yield bind("forall_in", v, *limits, h)


def _without(hypotheses: Terms, settled: Term) -> Terms:
    _require(any(alpha_equal(h, settled) for h in hypotheses), "discharge: not a hypothesis of the theorem")
    return tuple(h for h in hypotheses if not alpha_equal(h, settled))


def _apart(v: Term, *terms: Term) -> tuple[()]:
    return _require(all(v not in free(t) for t in terms), "a term that must not depend on a variable does")


def _linear(v: Term, coefficients: Terms, terms: Terms, outer: Callable[[Term], Term]) -> Term:
    """``outer(c f + d g + ...) = c outer(f) + d outer(g) + ...`` for coefficients without v."""
    _require(len(coefficients) == len(terms) > 0, "as many coefficients as terms, and at least one")
    _apart(v, *coefficients)
    whole = add(*(c * t for c, t in zip(coefficients, terms, strict=True)))
    return equal(outer(whole), add(*(c * outer(t) for c, t in zip(coefficients, terms, strict=True))))


def _natural(term: Term) -> bool:
    value = integer(term)
    return term.data[1:] == ("natural",) if value is None else value >= 0


def _positive_parts(term: Term) -> Iterator[Term]:
    """What suffices for ``term > 0``; a normal density is positive where its variances are."""
    if term.head == "number":
        _require(term.data[0] > 0, "positivity: a number that is not positive")
    elif term.head in ("add", "multiply", "power"):
        _require(bool(term.args), "positivity: an empty sum or product")
        for arg in term.args[:1] if term.head == "power" else term.args:
            yield from _positive_parts(arg)
    elif term.bound is not None and term.head in ("product", "normal"):
        yield from _for_all(term.bound, _limits(term), _positive_parts(term.args[-1]))
    elif term.head not in ("exp", "pi"):
        yield positive(term)


def _joint(term: Term) -> tuple[Term, Term]:
    """The densities of all the variables and of the given ones."""
    _require(term.head == "density" and term.data[1] < len(term.args), "conditional_density: nothing is given")
    family, count = term.data
    return density(family, term.args), density(family, term.args[count:])


def _regular(normal: Term) -> tuple[Term, Term]:
    """That the space has the density's dimension, and that the variances are positive.

    FAILURE if it is not a normal density, or if a parameter of it depends on its point.
    """
    _require(normal.head == "normal", "not a normal density")
    point, dimension, mean, variance = normal.args
    _apart(point, dimension, mean, variance)
    all_positive = bind("forall_in", normal.bound, number(1), dimension, positive(variance))
    return bind("forall", point, Term("dimension", (point, dimension))), all_positive


def _normal_formula(normal: Term) -> Term:
    _regular(normal)
    (point, dimension, mean, variance), j = normal.args, cast(Term, normal.bound)
    volume = (number(2) * Term("pi")) ** dimension * bind("product", j, number(1), dimension, variance)
    square = (Term("component", (point, j)) - mean) ** 2 / variance
    exponent = number("-1/2") * bind("sum", j, number(1), dimension, square)
    return (volume ** number("1/2")) ** -1 * Term("exp", (exponent,))


def _moment(normal: Term, i: Term, order: int) -> Sequent:
    """``E[z_i] = m_i`` (first order) or ``E[(z_i - m_i)^2] = v_i`` (second)."""
    hypotheses = _regular(normal)
    point, dimension, mean, variance = normal.args
    _apart(point, i)
    mean, variance = (substitute(t, normal.bound, i) for t in (mean, variance))
    z = Term("component", (point, i))
    body, value = (z, mean) if order == 1 else ((z - mean) ** 2, variance)
    within = Term("within", (i, number(1), dimension))
    return (within, *hypotheses), equal(bind("expectation", point, normal, body), value)


def _components(term: Term, point: Term, dimension: Term) -> Iterator[Term]:
    """That each index at which the polynomial `term` reads `point` is one of its components'."""
    if point not in free(term):
        return
    if term.head == "component" and point not in free(term.args[1]):
        yield Term("within", (term.args[1], number(1), dimension))
    elif term.head in ("add", "multiply") or (term.head == "power" and _natural(term.args[1])):
        for arg in term.args:
            yield from _components(arg, point, dimension)
    elif term.head == "sum" and term.bound is not None:
        _apart(point, *term.args[:2])
        _apart(term.bound, dimension)
        yield from _for_all(term.bound, _limits(term), _components(term.args[2], point, dimension))
    else:
        raise KernelError("normal_integrability: not a polynomial in the components")


# --- the rules ---


def _rewrite(theorem: Theorem, equation: Theorem, path: Path) -> Sequent:
    changed, hypotheses = _replace(theorem.conclusion, path, equation)
    return theorem.hypotheses + hypotheses, changed


def _field(left: Term, right: Term) -> Sequent:
    inverted: list[Term] = []
    (a, b), (c, d) = _fraction(left, inverted), _fraction(right, inverted)
    _require(_times(a, d) == _times(c, b), "field: the sides differ")
    return (Term("nonzero", (t,)) for t in inverted if t.head != "number"), equal(left, right)


# Each rule: what it gives, and its FAILURE (besides terms of the wrong sort). "apart" means: does not occur free in.
_RULES: dict[str, Callable[..., Sequent]] = {
    # a = b. FAILURE unless they differ in the names of bound variables only
    "reflexivity": lambda a, b: (_require(alpha_equal(a, b), "reflexivity: the sides differ"), equal(a, b)),
    # P[b] from P[a] and a = b, where the hypotheses of a = b hold for all values of the variables bound around the
    # place. FAILURE unless a stands at the path in P and b is well-formed there
    "rewrite": _rewrite,
    # P |- P. FAILURE if it is not a proposition
    "assume": lambda p: ((p,), p),
    # G, H |- C from G |- P and P, H |- C. FAILURE if P is not a hypothesis of the second
    "discharge": lambda p, t: (_without(t.hypotheses, p.conclusion) + p.hypotheses, t.conclusion),
    # (for all v: H) |- (for all v: P) from H |- P; the same for an index v = a..b. FAILURE if v is no variable, or no
    # index apart from a, b
    "generalise": lambda t, v: (_for_all(v, None, t.hypotheses), bind("forall", v, t.conclusion)),
    "generalise_in": lambda t, v, a, b: (
        (*_apart(v, a, b), *_for_all(v, (a, b), t.hypotheses)),
        bind("forall_in", v, a, b, t.conclusion),
    ),
    # a = b by the laws of a field, where each base of a negative power is nonzero. FAILURE unless both have the same
    # numerator over the product of their denominators, as polynomials with rational coefficients in the subterms that
    # are neither sums nor products nor integer powers; if an exponent is above 64, or a base cancels to 0
    "field": _field,
    # t > 0 from the positivity of its parts. FAILURE if a part is a number that is not positive or has no part itself
    "positivity": lambda t: (_positive_parts(t), positive(t)),
    # t != 0 from t > 0. FAILURE if the premise does not say t > 0
    "positive_nonzero": lambda t: (
        _require(t.conclusion.head == "positive", "positive_nonzero: not a positivity") + t.hypotheses,
        Term("nonzero", t.conclusion.args),
    ),
    # log(a b) = log a + log b for a, b > 0; log(a^t) = t log a for a > 0; log(exp t) = t; log 1 = 0
    "log_product": lambda a, b: ((positive(a), positive(b)), equal(log(a * b), log(a) + log(b))),
    "log_power": lambda a, t: ((positive(a),), equal(log(a**t), t * log(a))),
    "log_exp": lambda t: ((), equal(log(Term("exp", (t,))), t)),
    "log_one": lambda: ((), equal(log(number(1)), number(0))),
    # log prod_{j=a..b} f = sum_{j=a..b} log f where f > 0 for j = a..b
    "log_indexed_product": lambda j, a, b, f: (
        (bind("forall_in", j, a, b, positive(f)),),
        equal(log(bind("product", j, a, b, f)), bind("sum", j, a, b, log(f))),
    ),
    # sum_{j=a..b} (c f + d g + ...) = c sum f + d sum g + .... FAILURE if there is no term, or j is in c, d, ...
    "sum_linearity": lambda j, a, b, cs, fs: ((), _linear(j, cs, fs, lambda f: bind("sum", j, a, b, f))),
    # sum_{j=1..n} c = n c. FAILURE if j is not apart from c, or n is neither a natural constant nor variable
    "sum_constant": lambda j, n, c: (
        _apart(j, c) + _require(_natural(n), "sum_constant: not a natural number"),
        equal(bind("sum", j, number(1), n, c), n * c),
    ),
    # int (c f + d g + ...) = c int f + d int g + ... for integrable f, g, ...; one term alone needs no hypothesis (c f
    # is integrable exactly if f is, or c = 0). FAILURE if there is no term, or v is in c, d, ...
    "integral_linearity": lambda v, cs, fs: (
        (bind("integrable", v, f) for f in fs if len(fs) > 1),
        _linear(v, cs, fs, lambda f: bind("integral", v, f)),
    ),
    # int sum_{j=a..b} f = sum_{j=a..b} int f for integrable f. FAILURE if v is not apart from a, b
    "integral_of_sum": lambda v, j, a, b, f: (
        (*_apart(v, a, b), bind("forall_in", j, a, b, bind("integrable", v, f))),
        equal(bind("integral", v, bind("sum", j, a, b, f)), bind("sum", j, a, b, bind("integral", v, f))),
    ),
    # E_{z~d}[f] = int d f dz; KL(q || p) = E_{z~q}[log(q / p)]
    "expectation_definition": lambda z, d, f: ((), equal(bind("expectation", z, d, f), bind("integral", z, d * f))),
    "kl_definition": lambda z, q, p: ((), equal(bind("kl", z, q, p), bind("expectation", z, q, log(q / p)))),
    # p(a|b) = p(a,b) / p(b) where p(b) > 0. FAILURE if it is not a conditional density
    "conditional_density": lambda t: ((positive(_joint(t)[1]),), equal(t, _joint(t)[0] / _joint(t)[1])),
    # N(z; m, v) = 1 / sqrt((2 pi)^J prod_j v_j) exp(-1/2 sum_j (z_j - m_j)^2 / v_j) by definition; for v_j > 0:
    # int N dz = 1; N f is integrable for polynomials f in z_1..z_J (built by add, multiply, natural powers, and sums
    # over an index that is not in J); E[z_i] = m_i and E[(z_i - m_i)^2] = v_i for i in 1..J; all for spaces of J
    # components. FAILURE if N is no normal density, m, v or J depends on z, f is no such polynomial, or z is in i
    "normal_density": lambda t: ((), equal(t, _normal_formula(t))),
    "normal_normalisation": lambda t: (_regular(t), equal(bind("integral", t.args[0], t), number(1))),
    "normal_integrability": lambda t, f: (
        (*_regular(t), *_components(f, t.args[0], t.args[1])),
        bind("integrable", t.args[0], t * f),
    ),
    "normal_mean": lambda t, i: _moment(t, i, 1),
    "normal_variance": lambda t, i: _moment(t, i, 2),
}
RULES = MappingProxyType(_RULES)
