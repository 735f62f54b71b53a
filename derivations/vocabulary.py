"""What a claim speaks of: its spaces, families, functions and parameters, and what is supposed of them by definition.

A hypothesis such as ``q(x) = h(x) exp(eta T(x) - A)`` says what the function q is: a model in which q is evaluated by
that formula satisfies it. `Vocabulary` finds these definitions, the names that have to be positive, and which
functions are densities, so that a model of the hypotheses can be drawn rather than hoped for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from derivations.conversion import subterms
from derivations.kernel import Term, bind, equal, free, integral, number

NUMBERS = ("real", "natural", "index")
PARAMETERS = ("vector", "matrix")


@dataclass(frozen=True)
class Definition:
    """``name(parameters) = body`` for a function, or the components of a vector; `hypothesis` is where it is supposed.

    With `normalises`, the equation ``body = 1`` defines the function instead, which stands in an exponent of it; with
    `family`, the density of a family over the spaces of its parameters.
    """

    name: str
    parameters: tuple[Term, ...]
    body: Term
    hypothesis: Term
    normalises: bool = False
    family: bool = False


@dataclass(frozen=True)
class Exchangeable:
    """Numbers ``w_k(omega)`` of which something is supposed for all k = 1..`count`, omega of a finite `space`.

    Attributes
    ----------
    mean
        What is supposed to be the mean of each, if anything.
    """

    space: str
    count: Term
    mean: Term | None


class Vocabulary:
    """The names of a claim and its hypotheses.

    Attributes
    ----------
    variables
        The free variables, those that others depend on first.
    real_spaces
        ``{space: dimension}`` for the spaces R^J; any other space is finite.
    number_definitions
        ``(variable, formula)`` for hypotheses such as ``K = N + 1``.
    families
        ``{family: names of its spaces}``.
    positive
        Names of functions, vectors and parameters that have to be positive.
    discrete
        ``{function: for each argument, whether it is an index or a point of a finite space}``.
    definitions
        ``{name: definition}``.
    densities
        ``{function: the argument over which it integrates to one}``.
    moments
        ``{space: equations of an integral over it}`` that the weights of a finite space have to satisfy.
    bijections
        ``{function: (function that is its volume factor, space of its argument)}`` for maps between finite spaces.
    affine_maps
        The same for maps between spaces R^J.
    draws
        ``{function z_l(omega): (space of z, space of omega)}`` for independent draws on a sample space.
    exchangeable
        ``{function w_k(omega): what is supposed of all of them alike}``.
    factors
        ``{family: densities of normal form, such as p(z) and p(x | z)}``.
    independences
        ``{family: (targets, given)}`` for ``p(a | b, c) = p(a | b)``, by the names of the spaces.
    """

    def __init__(self, claim: Term, hypotheses: tuple[Term, ...]) -> None:
        self.claim, self.hypotheses = claim, hypotheses
        self.terms = [t for p in (claim, *hypotheses) for _, t in subterms(p)]
        order = {"natural": 0, "index": 1, "real": 2}
        names = free(claim).union(*map(free, hypotheses))
        self.variables = sorted(names, key=lambda v: (order.get(v.data[1], 3), v.data))
        self.number_definitions = list(self._number_definitions())
        self.families = self._families()
        self.definitions = {
            d.name: d
            for h in hypotheses
            for d in definitions(h)
            if not d.family or len(self.families[d.name]) == len(d.parameters)
        }
        laws = (d for p in (*hypotheses, *self.terms) for d in _densities(p))
        self.densities = {name: place for name, place in laws if name not in self.definitions}
        self.real_spaces = self._real_spaces()
        self.positive = frozenset(_positive_names(self.terms))
        self.discrete = self._discrete()
        self.bijections = dict(self._bijections(real=False))
        self.affine_maps = dict(self._bijections(real=True))
        self.draws = dict(self._draws())
        self.independences = dict(self._independences())
        self.moments = self._moments()
        self.exchangeable = dict(self._exchangeable())
        self.factors = self._factors()

    def _number_definitions(self) -> Iterator[tuple[Term, Term]]:
        for h in self.hypotheses:
            for v, formula in (h.args, h.args[::-1]) if h.head == "equal" else ():
                numbers = all(sort_of(u) in NUMBERS for u in free(formula))
                simple = all(t.head in ("add", "multiply", "number", "variable") for _, t in subterms(formula))
                if v.head == "variable" and v not in free(formula) and numbers and simple:
                    yield v, formula
                    break

    def _families(self) -> dict[str, tuple[str, ...]]:
        spaces: dict[str, set[str]] = {}
        for t in self.terms:
            if t.head == "density":
                spaces.setdefault(t.data[0], set()).update(a.data[-1] for a in t.args)
        return {name: tuple(sorted(spaces[name])) for name in sorted(spaces)}

    def _real_spaces(self) -> dict[str, Term]:
        """The spaces of normal densities, those said to be R^J, and all that share a family with one."""
        found: dict[str, Term] = {}
        for t in self.terms:
            if t.head == "dimension":
                found.setdefault(t.args[0].data[-1], t.args[1])
        for t in self.terms:
            if t.head == "normal":
                found.setdefault(t.args[0].data[-1], t.args[1])
            elif t.head == "tuple" and t.data[0] not in PARAMETERS:
                found.setdefault(t.data[0], t.args[0])
        for t in self.terms:
            if t.head == "function" and t.data[0] in self.densities:
                place = self.densities[t.data[0]]
                if any(sort_of(a) in ("real", *PARAMETERS, *found) for i, a in enumerate(t.args) if i != place):
                    found.setdefault(t.args[place].data[-1], number(1))
        for t in self.terms:
            if t.head == "function" and t.data[1] not in (*NUMBERS, *PARAMETERS):
                kinds = [sort_of(a) for a in t.args if not _is_whole(a)]
                if "real" in kinds:
                    found.update(
                        {k: number(1) for k in (t.data[1], *kinds) if k not in (*NUMBERS, *PARAMETERS, *found)}
                    )
        for t in self.terms:
            if t.head == "bijection" and t.bound is not None and (t.args[0].data[-1] in found):
                found.setdefault(t.bound.data[1], found[t.args[0].data[-1]])
        for _ in self.families:
            for spaces in self.families.values():
                if not found.keys().isdisjoint(spaces):
                    found.update({s: number(1) for s in spaces if s not in found})
        return found

    def _discrete(self) -> dict[str, tuple[bool, ...]]:
        places: dict[str, tuple[bool, ...]] = {}
        for t in self.terms:
            if t.head == "function":
                own = tuple(self._is_discrete(a) for a in t.args)
                places[t.data[0]] = tuple(map(all, zip(own, places.get(t.data[0], own), strict=False)))
        return places

    def _is_discrete(self, argument: Term) -> bool:
        kind = sort_of(argument)
        if kind not in NUMBERS:
            return kind not in self.real_spaces and kind not in PARAMETERS
        return _is_whole(argument)

    def _moments(self) -> dict[str, list[Term]]:
        """Equations ``int f = c`` over a finite space whose law is a function, not a family of tables."""
        found: dict[str, list[Term]] = {}
        for h in self.hypotheses:
            equation, limits = unquantified(h)
            if equation.head != "equal" or any(len(limit) == 1 for _, limit in limits):
                continue
            for whole, c in (equation.args, equation.args[::-1]):
                if self._is_moment(whole):
                    assert whole.bound is not None
                    found.setdefault(whole.bound.data[1], []).append(_quantified(limits, equal(whole, c)))
                    break
        for d in self.definitions.values():
            if d.family and len(d.parameters) == 1 and sort_of(d.parameters[0]) not in self.real_spaces:
                space = sort_of(d.parameters[0])
                if all(space != argument for _, argument in self.bijections.values()):
                    found.setdefault(space, []).append(equal(integral(d.parameters[0], d.body), number(1)))
        return dict(sorted(found.items(), key=lambda entry: any(_nested(h) for h in entry[1])))

    def _is_moment(self, whole: Term) -> bool:
        """Whether a term is an integral, over a finite space, of functions that do not depend on its weights."""
        if whole.head not in ("integral", "expectation") or whole.bound is None:
            return False
        inner = [t for a in whole.args for _, t in subterms(a)]
        named = {t.data[0] for t in inner if t.head == "function"}
        simple = all(t.head not in ("density", "integral", "expectation", "kl", "derivative") for t in inner)
        known = named & {*self.densities, *self.draws, *self.bijections}
        return whole.bound.data[1] not in self.real_spaces and simple and bool(named) and not known

    def _bijections(self, real: bool) -> Iterator[tuple[str, tuple[str, str]]]:
        for t in self.terms:
            if t.head == "bijection" and t.bound is not None:
                image, factor = t.args
                named = image.head == factor.head == "function" and image.args == factor.args
                spaces = {t.bound.data[1], image.data[1]} if named else set()
                if named and (spaces <= self.real_spaces.keys() if real else image.args == (t.bound,)):
                    yield image.data[0], (factor.data[0], t.bound.data[1])

    def _draws(self) -> Iterator[tuple[str, tuple[str, str]]]:
        for h in self.hypotheses:
            for _, t in subterms(h) if unquantified(h)[0].head == "equal" else ():
                kinds = tuple(map(sort_of, t.args))
                if t.head == "function" and t.data[1] not in NUMBERS and len(kinds) == 2 and kinds[0] == "index":
                    laws = {space for spaces in self.families.values() if len(spaces) == 1 for space in spaces}
                    if {t.data[1], kinds[1]} <= laws and self.real_spaces.keys().isdisjoint((t.data[1], kinds[1])):
                        yield t.data[0], (t.data[1], kinds[1])

    def _exchangeable(self) -> Iterator[tuple[str, Exchangeable]]:
        for h in self.hypotheses:
            equation, limits = unquantified(h)
            if equation.head != "equal" or len(limits) != 1 or len(limits[0][1]) != 3:
                continue
            index, (_, count, _) = limits[0]
            for whole, other in (equation.args, equation.args[::-1]):
                if whole.head != "expectation" or whole.args[0].head != "density" or whole.bound is None:
                    continue
                space = whole.bound.data[1]
                for _, t in subterms(whole.args[1]):
                    simple = t.head == "function" and t.data[1] == "real" and t.args[1:] == (whole.bound,)
                    if simple and self.families[whole.args[0].data[0]] == (space,) and space not in self.real_spaces:
                        alone = whole.args[1] == t and index not in free(other)
                        yield t.data[0], Exchangeable(space, count, other if alone else None)

    def _factors(self) -> dict[str, list[Definition]]:
        found: dict[str, list[Definition]] = {}
        for h in self.hypotheses:
            equation, _ = unquantified(h)
            for left, right in (equation.args, equation.args[::-1]) if equation.head == "equal" else ():
                if left.head == "density" and right.head == "normal" and left.data[0] not in self.definitions:
                    found.setdefault(left.data[0], []).append(Definition(left.data[0], left.args, right, h))
                    break
        return found

    def factored(self, family: str) -> tuple[set[str], set[str]]:
        """The spaces of which the factors of a family are laws, and those given which they are."""
        targets, given = set[str](), set[str]()
        for factor in self.factors[family]:
            space = sort_of(factor.body.args[0])
            targets.add(space)
            given.update(sort_of(p) for p in factor.parameters if sort_of(p) != space)
        return targets, given

    def _independences(self) -> Iterator[tuple[str, tuple[frozenset[str], frozenset[str]]]]:
        for h in self.hypotheses:
            equation, _ = unquantified(h)
            if equation.head != "equal" or any(side.head != "density" for side in equation.args):
                continue
            narrow, wide = sorted(equation.args, key=lambda side: len(side.args))
            (targets, given), (others, more) = map(_groups, (narrow, wide))
            whole = frozenset(self.families[wide.data[0]])
            if narrow.data[0] == wide.data[0] and targets == others and given < more and targets | more == whole:
                yield wide.data[0], (targets, given)


def sort_of(term: Term) -> str:
    """``real``, ``index``, ``natural``, or the space of a point."""
    if term.head in ("variable", "function", "tuple"):
        return str(term.data[-1])
    return "real"


def _is_whole(term: Term) -> bool:
    """Whether a number is whole by the way it is made: of indices, natural numbers and integers."""
    return all(
        t.head in ("add", "multiply") or (t.head == "number" and t.data[0].denominator == 1) or sort_of(t) != "real"
        for _, t in subterms(term)
    )


def unquantified(proposition: Term) -> tuple[Term, list[tuple[Term, tuple[Term, ...]]]]:
    """What stands behind the quantifiers, and each quantified variable with its limits."""
    limits = []
    while proposition.head in ("forall", "forall_in"):
        assert proposition.bound is not None
        limits.append((proposition.bound, proposition.args))
        proposition = proposition.args[-1]
    return proposition, limits


def definitions(hypothesis: Term) -> Iterator[Definition]:
    """The definition that a hypothesis is, if it is one."""
    equation, limits = unquantified(hypothesis)
    if equation.head != "equal":
        return
    quantified = [v for v, _ in limits]
    for left, right in (equation.args, equation.args[::-1]):
        name, parameters = _named(left)
        distinct = len(set(parameters)) == len(parameters) and all(p.head == "variable" for p in parameters)
        partly = left.head == "density" and quantified and set(quantified) != set(parameters)
        if name and distinct and name not in names(right) and set(quantified) <= set(parameters) and not partly:
            yield Definition(name, parameters, right, hypothesis, family=left.head == "density")
            return
    whole, one = equation.args
    if whole.head == "integral" and one == number(1):
        for t in _exponents(whole):
            if t.head == "function" and set(quantified) == set(t.args) and free(t) <= {*quantified}:
                yield Definition(t.data[0], t.args, whole, hypothesis, normalises=True)
                return


def _named(term: Term) -> tuple[str, tuple[Term, ...]]:
    if term.head == "function" or (term.head == "density" and term.data[1] == len(term.args)):
        return str(term.data[0]), term.args
    if term.head == "component" and sort_of(term.args[0]) in PARAMETERS and term.args[0].head == "variable":
        return str(term.args[0].data[0]), term.args[1:]
    return "", ()


def names(term: Term) -> set[Any]:
    """The names of the functions, families and variables in a term."""
    return {t.data[0] for _, t in subterms(term) if t.head in ("function", "density", "variable")}


def _groups(density: Term) -> tuple[frozenset[str], frozenset[str]]:
    """The spaces of the targets of a density, and of what is given."""
    count = density.data[1]
    return frozenset(map(sort_of, density.args[:count])), frozenset(map(sort_of, density.args[count:]))


def _quantified(limits: list[tuple[Term, tuple[Term, ...]]], equation: Term) -> Term:
    """The equation behind its quantifiers again."""
    for v, args in reversed(limits):
        equation = bind("forall_in", v, *args[:2], equation)
    return equation


def _nested(equation: Term) -> bool:
    """Whether both sides hold an integral, so that one depends on the weights of another space."""
    sides = unquantified(equation)[0].args
    return all(any(t.head in ("integral", "expectation", "kl") for _, t in subterms(side)) for side in sides)


def _exponents(term: Term) -> Iterator[Term]:
    """The summands, or factors of summands, of the exponents in a term."""
    for _, t in subterms(term):
        if t.head == "exp":
            yield from (s for _, s in subterms(t) if s.head == "function")


def _densities(hypothesis: Term) -> Iterator[tuple[str, int]]:
    """A function of which it is supposed that it integrates to one, or a law with real parameters."""
    if hypothesis.head in ("expectation", "kl"):
        law, z = hypothesis.args[0], hypothesis.bound
        if law.head == "function" and z in law.args and "real" in map(sort_of, law.args):
            yield law.data[0], law.args.index(z)
        return
    equation, _ = unquantified(hypothesis)
    if equation.head == "equal" and equation.args[1] == number(1) and equation.args[0].head == "integral":
        (body,), z = equation.args[0].args, equation.args[0].bound
        if body.head == "function" and z in body.args:
            yield body.data[0], body.args.index(z)


def _positive_names(terms: Iterable[Term]) -> Iterator[str]:
    """Names that are supposed to be positive, or that stand in a logarithm or a denominator or root."""
    for t in terms:
        fractional = t.head == "power" and not (t.args[1].head == "number" and t.args[1].data[0] > 0)
        if t.head in ("positive", "log") or fractional:
            yield from _factors(t.args[0])
        elif t.head == "kl":
            yield from (name for a in t.args for name in _factors(a))


def _factors(term: Term) -> Iterator[str]:
    if term.head in ("multiply", "power", "product", "sum", "add"):
        for a in term.args[:1] if term.head == "power" else term.args:
            yield from _factors(a)
    elif term.head in ("function", "variable"):
        yield str(term.data[0])
    elif term.head == "component" and term.args[0].head in ("variable", "function"):
        yield str(term.args[0].data[0])
