"""Operators that bind: expectations, integrals, sums, and gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from derivations.conversion import subterms
from derivations.derivative import derivative_at
from derivations.information import Informations, Law, bindable, exchanged, ordered
from derivations.kernel import Term, bind, density, free, multiply, number, variable
from derivations.parser import parse
from derivations.reader import CHANCE, OMEGA, UNNAMED, Items, group_of, only_row
from derivations.symbol import NUMBERED, POINTS
from derivations.syntax import FormulaError, Group, Row, Sum, Unit
from derivations.tree import (
    FAMILIES,
    GREEK,
    INDICES,
    PARAMETERS,
    Label,
    alone,
    bases,
    braced,
    is_parenthesised,
    letters,
    name_of,
    only_unit,
    plain_letter,
    single,
    units,
    variable_of,
)

DRAWS = density("draws", [OMEGA])
LAW = density("law", [CHANCE])


class Functionals(Informations):
    """Reads operators."""

    # --- expectations ---

    def is_expectation(self, unit: Unit, after: Items) -> bool:
        """Whether an expectation begins here."""
        if isinstance(unit.base, Group):
            return unit.base.kind == "<"
        if unit.base == "E":
            return bool(unit.subs) or group_of(after[0] if after else None, "[{") is not None
        return unit.base == r"\Expectation"

    def expectation(self, unit: Unit, after: Items, rest: Sum | None) -> tuple[Term, Items]:
        """``E_q[f]``, ``E_q f``, ``<f>_q``."""
        if isinstance(unit.base, Group):
            inside = single(unit.base)
            law = plain_letter(unit.subs[0].sums[0]) if unit.subs else ""
            if law in FAMILIES and after and isinstance(after[0], Unit) and group_of(after[0], "(") is not None:
                whole = replace(unit, subs=(braced(alone(Unit(law), after[0])),))  # <f>_q(z) for <f>_{q(z)}
                return self.averaged(whole, inside, lambda inner: inner.sum(inside)), after[1:]
            return self.averaged(unit, inside, lambda inner: inner.sum(inside)), after
        first = after[0] if after else None
        if isinstance(first, Unit) and group_of(first) is not None:
            body = single(group_of(first) or Group("(", (), ()))
            return self.powered(self.averaged(unit, body, lambda inner: inner.sum(body)), first), after[1:]
        tree = alone(*after)
        return self.averaged(unit, tree, lambda inner: inner.body(after, rest)), ()

    def averaged(self, unit: Unit, tree: Sum, body: Callable[[Functionals], Term]) -> Term:
        """The expectation of a body under the law that stands at the unit."""
        found, drawn = self.laws_at(unit, tree)
        laws = [(bindable(point), exchanged(law, point, bindable(point))) for point, law in found]
        numbered = {point.data[0] + NUMBERED for point, _ in found if point != bindable(point)}
        bound = self.bound.union(numbered, *(point.data for point, _ in laws))
        random = _random(tree) if (CHANCE, LAW) in laws else self.random
        term = body(replace(self, bound=bound, drawn=self.drawn | set(drawn), random=random))
        if drawn:
            self.found.draws |= drawn
            term = bind("expectation", OMEGA, DRAWS, term)
        if not unit.subs and not drawn and not any(point in free(term) for point, _ in laws):
            raise FormulaError("an expectation of what does not vary, under no law")
        for point, law in reversed(laws):
            term = bind("expectation", point, law, term)
        return term

    def laws_at(self, unit: Unit, tree: Sum) -> tuple[list[Law], dict[str, Term]]:
        """The laws of an expectation, those outside first; and those of numbered draws, by their letter."""
        if unit.subs:
            laws: list[Law] = []
            drawn: dict[str, Term] = {}
            for names, law in clauses(unit.subs[0]):
                if law is None:
                    letter = name_of(variable_of(names[0])[0]).lower()
                    drawn[letter] = self.known(letter)
                elif are_draws(names):
                    letter = name_of(variable_of(names[0])[0]).lower()
                    drawn[letter] = self.density_of(law, variable(letter, letter))
                else:
                    laws += self.law(names, law)
            return ordered(laws), drawn
        numbered = self.numbered(tree)
        if numbered and self.is_of_one_draw(tree):
            self.found.remarks.add("law")
            return [(variable(letter, letter), self.known(letter)) for letter in sorted(numbered)], {}
        if numbered:
            return [], {letter: self.known(letter) for letter in numbered}
        return [(CHANCE, LAW)] if _random(tree) else self.unnamed(tree), {}

    def numbered(self, tree: Sum) -> set[str]:
        """The letters of draws that a sum in the tree numbers, such as z in ``sum_k w(z_k)``."""
        found = {u.base for u in units(tree) if self.is_latent(u) and _indices(u)}
        weights = [self.context.weights.get(name_of(str(u.base))) for u in units(tree) if u.subs]
        weighted = {u.base for _, of in filter(None, weights) for u in units(of) if self.is_latent(u)}
        return {name_of(str(b)) for b in found | weighted}

    def is_of_one_draw(self, tree: Sum) -> bool:
        """Whether the draws of a tree have one index, a letter over which nothing runs: ``f(z_k)`` varies as ``f(z)`` does."""
        weights = self.context.weights
        drawn = [u for u in units(tree) if self.is_latent(u) or (name_of(str(u.base)) in weights and u.subs)]
        indices = [_indices(u) for u in drawn]
        if {r"\sum", r"\prod", r"\max", r"\min"} & bases(tree):
            return False
        if len(indices[0]) != 1 or any(found != indices[0] for found in indices):
            raise FormulaError("an expectation over several draws, which no sum is over")
        return True

    def is_latent(self, unit: Unit) -> bool:
        """Whether a letter is that of a variable that is drawn: z, epsilon, or another of which q is the law."""
        q = self.context.laws.get("q")
        of_q = {str(a.data[1]) for a in q.args[: q.data[1]]} if q is not None and q.head == "density" else set()
        return isinstance(unit.base, str) and name_of(unit.base) in {"z", "epsilon", *of_q}

    def unnamed(self, tree: Sum) -> list[Law]:
        """The law of an expectation that names none: the one that the text has for q."""
        if UNNAMED in self.context.unread:
            raise FormulaError("an expectation over which of the variables whose laws are stated?")
        known = self.context.laws.get(UNNAMED, self.context.laws.get("q"))
        if known is None:
            raise FormulaError("an expectation under which law?")
        self.found.remarks.add("law")
        return [(known.args[0], known)]

    def known(self, letter: str) -> Term:
        """The law that the text names for a variable."""
        law = self.context.laws.get(letter)
        if law is None:
            raise FormulaError(f"the law of {letter} is not known")
        return law

    def law(self, names: list[Sum], tree: Sum) -> list[Law]:
        """``z ~ q(z|x)``, ``q(z|x)``, ``q``, ``z``, ``q(x) q(z|x)``."""
        letter = plain_letter(tree)
        if not names and name_of(letter) in self.context.unread:
            raise FormulaError(f"the law that is stated of {name_of(letter)} is not known")
        if not names and letter and name_of(letter) in self.context.laws:
            law = self.context.laws[name_of(letter)]
            return self.one_by_one(law)
        if not names and letter in FAMILIES and "q" in self.context.laws:
            return self.one_by_one(self.density_of(tree, self.context.laws["q"].args[0]))
        points = [self.point(name) for name in names]
        several = self.usual_of(letter, points) if len(names) > 1 else None
        if several is not None:
            return self.one_by_one(several)
        point = points[0] if len(points) == 1 else None
        inner = replace(self, dot=point)
        row = only_row(tree)
        pieces = _densities(row) if len(row.items) > 2 else [tree]
        laws = [law for piece in pieces for law in self.one_by_one(inner.density_of(piece, point))]
        if points and {p for p, _ in laws} != set(points):
            raise FormulaError("a law of other variables than are named")
        return laws

    def usual_of(self, letter: str, points: list[Term]) -> Term | None:
        """The law that a letter stands for in ``(z_1, z_2) ~ q``, if it is one of these points, which may be one block."""
        law = self.context.laws.get(name_of(letter))
        if letter not in FAMILIES or law is None or law.head != "density":
            return None
        names = [self.context.blocks.get(str(a.data[0]), str(a.data[0])) for a in law.args]
        count = law.data[1]
        if {*names[:count]} != {str(p.data[0]) for p in points}:
            return None
        targets, given = (dict.fromkeys(variable(n, n) for n in part) for part in (names[:count], names[count:]))
        return density(law.data[0], targets, given)

    # --- integrals and sums ---

    def integral(self, unit: Unit, after: Items) -> tuple[Term, Items]:
        """``int f dz``, ``int dz f``."""
        places, depth = [], 0
        for i, item in enumerate(after):
            if isinstance(item, Unit) and item.base == r"\int":
                depth += 1
            elif isinstance(item, str) and item.startswith("∂"):
                places += [i] if depth == 0 else []
                depth -= 1
            if depth < 0:
                break
        if not places and self.over_values(unit):  # int_z f is read as sum_z f is
            return self.over_all(self.over_values(unit), after, None), ()
        if not places:
            raise FormulaError("an integral without its differential")
        place = places[0]
        tree = parse(str(after[place])[1:])
        self.check_limits(unit, tree)
        point, names = self.binding(tree)
        inner = replace(self, bound=self.bound | names)
        inside, left = (after[1:], ()) if place == 0 else (after[:place], after[place + 1 :])
        body = multiply(*inner.factors(inside))
        if body.head == "integral" and body.bound == point and point.data[0] in self.context.blocks.values():
            return body, left  # the variables of a block are integrated over at once
        return bind("integral", point, body), left

    def check_limits(self, unit: Unit, tree: Sum) -> None:
        """An integral has no limits but the space of its variable."""
        if not unit.subs:
            return
        (over, *others), differential = unit.subs[0].sums, name_of(variable_of(tree)[0]).lower()
        if others or (
            over != tree and name_of(plain_letter(over)).lower() not in (differential, "script" + differential)
        ):
            raise FormulaError("the limits of an integral")

    def over_values(self, unit: Unit) -> list[tuple[Term, set[str]]]:
        """The points of a sum over the values of variables, ``sum_z`` or ``sum_{x,z}``; none if it is over an index."""
        if not unit.subs or unit.sups:
            return []
        group = unit.subs[0]
        trees = group.sums[:1] if group.separators == ("∈",) else group.sums
        units_of = [only_unit(s) for s in trees]
        values = all(u is not None and isinstance(u.base, str) and name_of(u.base).lower() in POINTS for u in units_of)
        if not values or not (set(group.separators) <= {","} or group.separators == ("∈",)):
            return []
        return [self.binding(s) for s in trees]

    def over_all(self, points: list[tuple[Term, set[str]]], after: Items, rest: Sum | None) -> Term:
        """The integral over these points of what follows."""
        body = replace(self, bound=self.bound.union(*(names for _, names in points))).body(after, rest)
        for point, _ in reversed(points):
            body = bind("integral", point, body)
        return body

    def binding(self, tree: Sum) -> tuple[Term, set[str]]:
        """The variable of an integral, and what is bound then: ``z^{(i)}`` under a sum over i, always written with its number."""
        point = self.point(tree)
        if point.head != "function" or len(point.args) != 1:
            return point, {point.data[0]}
        return variable(*point.data), {point.data[0], point.data[0] + NUMBERED}

    def indexed(self, unit: Unit, after: Items, rest: Sum | None) -> Term:
        """A sum or product over an index, or over the values of a variable."""
        points = self.over_values(unit)
        if points and unit.base == r"\sum":
            return self.over_all(points, after, rest)
        name, lower, upper = "j", number(1), None
        if unit.subs:
            (group,) = unit.subs
            (first, *others) = group.sums
            name = plain_letter(first)
            if group.separators not in ((), ("=",)) or name not in INDICES:
                raise FormulaError("the limits of a sum")
            lower = self.sum(others[0]) if others else lower
        if unit.sups:
            upper = self.sum(single(unit.sups[0]))
        inner = replace(self, indices=self.indices | {name})
        body = inner.body(after, rest)
        if upper is None:
            size = variable(self.context.size or name.upper(), "natural")
            upper = size if _counts(body) else self.dimension
        elif lower == number(0) and _only_numbers(body, variable(name, "index")):
            if upper.head != "add" or upper.args[1:] != (number(-1),):
                raise FormulaError("a sum that begins at 0: of how many?")
            lower, upper = number(1), upper.args[0]  # numbered from 0 to n - 1, as from 1 to n
        return bind("sum" if unit.base == r"\sum" else "product", variable(name, "index"), lower, upper, body)

    def body(self, items: Items, rest: Sum | None) -> Term:
        """What a sum or an expectation without brackets applies to."""
        if not items:
            raise FormulaError("a sum or an expectation of nothing")
        first = multiply(*self.factors(items))
        if rest is None:
            return first
        whole = self.sum(rest)
        return Term("add", (first, *(whole.args if whole.head == "add" else [whole])))

    # --- gradients ---

    def gradient(self, unit: Unit, after: Items, rest: Sum | None) -> tuple[Term, Items]:
        """``nabla_phi f``, in one parameter."""
        names = {name_of(i) for g in unit.subs for i in letters(g) if i in PARAMETERS}
        if len(names) != 1 or unit.sups or not after or isinstance(after[0], str):
            raise FormulaError("a gradient in one of theta, phi, psi and lambda is wanted")
        v = variable(names.pop(), "real")
        first = after[0]
        if group_of(first) is not None or not self.reading.greedy:
            term, left = self.factor(first, after[1:], rest)
        else:
            term, left = multiply(*self.factors(after, rest)), ()
        return derivative_at(v, v, term), left


def clauses(group: Group) -> Iterator[tuple[list[Sum], Sum | None]]:
    """The clauses of ``x ~ p, z ~ q(z|x)``: variables and a law; either may be missing, the law of numbered draws alone."""
    names: list[Sum] = []
    open_law = False
    for separator, tree in zip(("", *group.separators), group.sums, strict=True):
        if separator not in ("", ",", "∼"):
            raise FormulaError("the law of an expectation")
        if separator == "∼":
            if open_law or not names:
                raise FormulaError("the law of an expectation")
            yield names, tree
            names, open_law = [], True
        else:
            several = only_unit(tree)
            pair = group_of(several, "(") if several is not None else None
            names, open_law = [*names, *(pair.sums if pair is not None else [tree])], False
    if are_draws(names):
        yield names, None
        return
    for tree in names:
        yield [], tree


def are_draws(names: list[Sum]) -> bool:
    """Whether variables are numbered draws: ``z_1, ..., z_K``, ``z_{1:K}``."""
    if any("…" in bases(tree) for tree in names):
        return True
    if len(names) != 1:
        return False
    try:
        label = variable_of(names[0])[1]
    except FormulaError:
        return False
    return label.range is not None and label.range[1] in ("K", "L", "M", "N", "k")


def _indices(unit: Unit) -> list[str]:
    try:
        return Label(replace(unit, sups=tuple(g for g in unit.sups if is_parenthesised(g)))).indices
    except FormulaError:
        return []


def _random(tree: Sum) -> frozenset[str]:
    """The one capital letter that a tree is about, as in ``E[log X]``; none if it is about something else."""
    found = {b for b in bases(tree) if b.isalpha() or name_of(b) in GREEK}
    return frozenset(found) if len(found) == 1 and found <= set("XYVW") else frozenset()


def _densities(row: Row) -> Iterator[Sum]:
    """The densities of a product such as ``q(x) q(z|x)``."""
    items = [i for i in row.items if i != "⋅"]
    for unit, group in zip(items[::2], items[1::2], strict=False):
        if not isinstance(unit, Unit) or not isinstance(group, Unit) or len(items) % 2:
            raise FormulaError("the law of an expectation")
        yield alone(unit, group)


def _counts(body: Term) -> bool:
    """Whether numbered draws or data stand in a term."""
    return any(t.head == "function" and t.data[1] == t.data[0] for _, t in subterms(body))


def _only_numbers(body: Term, index: Term) -> bool:
    """Whether an index tells entries or draws apart in a term, and does nothing else."""
    found = [t for _, t in subterms(body)]
    numbering = [t for t in found if t.head in ("component", "function") and index in t.args]
    return bool(numbering) and sum(t == index for t in found) == len(numbering)
