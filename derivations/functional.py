"""Operators that bind: expectations, divergences, entropies, integrals, sums, and gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from derivations.conversion import subterms
from derivations.derivative import derivative_at
from derivations.distribution import Distributions, is_law
from derivations.entry import divergence, is_marginal, is_product, whole
from derivations.kernel import Term, bind, density, free, log, multiply, number, variable
from derivations.reader import CHANCE, OMEGA, Items, group_of, only_row
from derivations.symbol import POINTS
from derivations.syntax import FormulaError, Group, Row, Sum, Unit, parse
from derivations.tree import (
    FAMILIES,
    GREEK,
    INDICES,
    PARAMETERS,
    Label,
    bases,
    is_parenthesised,
    letters,
    name_of,
    only_unit,
    plain_letter,
    single,
    units,
    variable_of,
)

Law = tuple[Term, Term]  # a point, and its density
DRAWS = density("draws", [OMEGA])
ENTRY = variable("u", "u")  # where a normal density is that of one entry
LAW = density("law", [CHANCE])


class Functionals(Distributions):
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
            return self.averaged(unit, inside, lambda inner: inner.sum(inside)), after
        first = after[0] if after else None
        if isinstance(first, Unit) and group_of(first) is not None:
            body = single(group_of(first) or Group("(", (), ()))
            return self.powered(self.averaged(unit, body, lambda inner: inner.sum(body)), first), after[1:]
        tree = Sum((("+", Row(after)),))
        return self.averaged(unit, tree, lambda inner: inner.body(after, rest)), ()

    def averaged(self, unit: Unit, tree: Sum, body: Callable[[Functionals], Term]) -> Term:
        """The expectation of a body under the law that stands at the unit."""
        laws, drawn = self.laws_at(unit, tree)
        bound = self.bound | {point.data[0] for point, _ in laws} | {point.data[1] for point, _ in laws}
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
            for names, law in _clauses(unit.subs[0]):
                if _are_draws(names):
                    letter = name_of(variable_of(names[0])[0]).lower()
                    drawn[letter] = self.density_of(law, variable(letter, letter))
                else:
                    laws += self.law(names, law)
            return _ordered(laws), drawn
        numbered = self.numbered(tree)
        if numbered:
            return [], {letter: self.known(letter) for letter in numbered}
        return [(CHANCE, LAW)] if _random(tree) else self.unnamed(tree), {}

    def numbered(self, tree: Sum) -> set[str]:
        """The letters of draws that a sum in the tree numbers, such as z in ``sum_k w(z_k)``."""
        found = {u.base for u in units(tree) if u.base in ("z", r"\epsilon") and _has_index(u)}
        weighted = {u.base for u in units(tree) if u.subs and name_of(str(u.base)) in self.context.weights}
        return {name_of(str(b)) for b in found} | ({"z"} if weighted else set())

    def unnamed(self, tree: Sum) -> list[Law]:
        """The law of an expectation that names none: the one that the text has for q."""
        known = self.context.laws.get("q")
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
        if not names and letter and name_of(letter) in self.context.laws:
            law = self.context.laws[name_of(letter)]
            return self.one_by_one(law)
        if not names and letter in FAMILIES and "q" in self.context.laws:
            return self.one_by_one(self.density_of(tree, self.context.laws["q"].args[0]))
        points = [self.point(name) for name in names]
        point = points[0] if len(points) == 1 else None
        inner = replace(self, dot=point)
        row = only_row(tree)
        pieces = _densities(row) if len(row.items) > 2 else [tree]
        laws = [law for piece in pieces for law in self.one_by_one(inner.density_of(piece, point))]
        if points and {p for p, _ in laws} != set(points):
            raise FormulaError("a law of other variables than are named")
        return laws

    def one_by_one(self, law: Term) -> list[Law]:
        """A joint density, or a product, as laws of one variable each, given those outside."""
        if is_marginal(law) or is_product(law):
            raise FormulaError("a mean under the density of an entry")
        if law.head == "multiply":
            above, below = _factors(law)
            if below:
                raise FormulaError("a quotient as a law")
            return _ordered([one for factor in above for one in self.one_by_one(factor)])
        if law.head == "function":
            return [(next(a for a in law.args if a.data[-1] not in ("real",)), law)]
        if law.head == "normal" or law.data[1] == 1:
            return [(law.args[0], law)]
        targets, given = list(law.args[: law.data[1]]), list(law.args[law.data[1] :])
        found: list[Law] = []
        for point in reversed(targets) if self.reading.reverse else targets:
            found.append((point, density(law.data[0], [point], given)))
            given.append(point)
        return found

    def expected(self, law: Term, term: Term) -> Term:
        """``E_law[term]``, one variable of the law after the other."""
        for point, one in reversed(self.one_by_one(law)):
            term = bind("expectation", point, one, term)
        return term

    # --- divergences and entropies ---

    def is_divergence(self, unit: Unit, after: Items) -> bool:
        """Whether a divergence begins here."""
        if unit.base == r"\Divergence":
            return True
        group = group_of(after[0] if after else None)
        return unit.base in ("D", r"\ScriptD") and not unit.subs and group is not None and "‖" in group.separators

    def divergence(self, unit: Unit, after: Items) -> tuple[Term, Items]:
        """``KL(q || p)``, or the bare one of the conventions."""
        first = after[0] if after else None
        group = group_of(first)
        if group is None or not isinstance(first, Unit):
            if self.context.divergence is None:
                raise FormulaError("a divergence of what?")
            return self.context.divergence, after
        if group.separators not in (("‖",), (",",), ("|",), (";",), (":",)):
            raise FormulaError("a divergence of what?")
        sums = group.sums
        numbers = [self.bernoulli_of(s) for s in sums]
        if None not in numbers:
            return self.powered(_of_two_values(*filter(None, numbers)), first), after[1:]
        if self.of_entry(*sums) and all(r"\Normal" in bases(s) for s in sums):
            inner = replace(self, one=True)
            return self.powered(inner.between(*(inner.density_of(s, ENTRY) for s in sums)), first), after[1:]
        point = next((p for p in map(self.point_of, sums) if p is not None), None)
        if point is None and "q" in self.context.laws:
            point = self.context.laws["q"].args[0]
        q, p = (self.product_of(s, point or variable("z", "z")) for s in sums)
        return self.powered(self.between(q, p), first), after[1:]

    def product_of(self, tree: Sum, point: Term) -> Term:
        """A density, or a product or quotient of densities, such as ``p(x|z) p(z) / p(x)``."""
        try:
            return self.density_of(tree, point)
        except FormulaError as error:
            term = self.sum(tree)
            if not all(is_law(factor) or is_product(factor) for part in _factors(term) for factor in part):
                raise error from None
            return term

    def between(self, q: Term, p: Term) -> Term:
        """``KL(q || p)``; of joint densities and products, as an expectation: ``E_q[log(q / p)]``."""
        if is_marginal(q) and is_marginal(p) and q.args[:2] == p.args[:2]:
            return divergence(q, p)
        of, against = _targets(q), _targets(p)
        if is_law(q) and is_law(p) and of == against and len(of) == 1:
            return bind("kl", of[0], q, p)
        fixed = set(against) - set(of)  # the data, at which p(x, z) is taken as a function of z
        known = set(q.args[q.data[1] :]) if q.head == "density" else set()
        if not of or not set(of) <= set(against) or not (fixed <= known or (not known and _is_data(fixed))):
            raise FormulaError("a divergence between densities of different variables")
        return self.expected(q, log(q / p))

    def is_entropy(self, unit: Unit, after: Items) -> bool:
        """Whether an entropy begins here."""
        return unit.base in ("H", r"\ScriptH") and group_of(after[0] if after else None) is not None

    def entropy(self, unit: Unit, after: Items) -> tuple[Term, Items]:
        """``H(q)``, and the cross-entropy ``H(q, p)``."""
        group, first = group_of(after[0]), after[0]
        assert group is not None
        assert isinstance(first, Unit)
        if unit.sups:
            raise FormulaError("an entropy with an exponent")
        if all(name_of(plain_letter(s)).lower() in POINTS for s in group.sums):
            return self.powered(self.entropy_of_points(self.family_at(unit, "H"), group), first), after[1:]
        if unit.subs or group.separators not in ((), (",",), ("‖",)):
            raise FormulaError("an entropy of what?")
        point = next((p for p in map(self.point_of, group.sums) if p is not None), variable("z", "z"))
        inner = self
        if self.of_entry(*group.sums) and all(r"\Normal" in bases(s) for s in group.sums):
            inner, point = replace(self, one=True), ENTRY
        law, *others = (inner.density_of(s, point) for s in group.sums)
        other = others[0] if others else law
        if _targets(law) != _targets(other):
            raise FormulaError("a cross-entropy between densities of different variables")
        return self.powered(number(-1) * self.expected(law, log(other)), first), after[1:]

    def entropy_of_points(self, family: str, group: Group) -> Term:
        """``H(x, z)`` and ``H(z | x)``, which is a mean over x unless x is given."""
        if group.separators.count("|") > 1 or not set(group.separators) <= {",", "|"}:
            raise FormulaError("an entropy of what?")
        bar = group.separators.index("|") if "|" in group.separators else len(group.separators)
        points = [self.point(s) for s in group.sums]
        targets, given = points[: bar + 1], points[bar + 1 :]
        self.found.remarks |= {"H(.|.)"} if given else set()
        law = density(family, targets, given)
        entropy = number(-1) * self.expected(law, log(law))
        if not given or self.context.given or {p.data[0] for p in given} <= self.bound:
            return entropy
        return self.expected(density(family, given), entropy)

    def family_at(self, unit: Unit, symbol: str) -> str:
        """The family under which a mutual information or an entropy of variables is."""
        families = {i for g in unit.subs for i in letters(g)} - PARAMETERS
        if len(families) > 1 or not families <= {"p", "q"}:
            raise FormulaError(f"{symbol} under which law?")
        if not families:
            self.found.remarks.add(symbol)
        return families.pop() if families else self.context.information

    def is_information(self, unit: Unit, after: Items) -> bool:
        """Whether a mutual information begins here."""
        group = group_of(after[0] if after else None)
        return unit.base in ("I", r"\ScriptI") and group is not None and group.separators in ((";",), (",",))

    def information(self, unit: Unit, after: Items) -> tuple[Term, Items]:
        """``I_q(x; z) = E_{q(x)}[KL(q(z|x) || q(z))]``."""
        group = group_of(after[0])
        assert group is not None
        family = self.family_at(unit, "I")
        x, z = (self.point(s) for s in group.sums)
        divergence = bind("kl", z, density(family, [z], [x]), density(family, [z]))
        return bind("expectation", x, density(family, [x]), divergence), after[1:]

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
        if not places:
            raise FormulaError("an integral without its differential")
        place = places[0]
        tree = parse(str(after[place])[1:])
        self.check_limits(unit, tree)
        point = self.point(tree)
        inner = replace(self, bound=self.bound | {point.data[0]})
        inside, left = (after[1:], ()) if place == 0 else (after[:place], after[place + 1 :])
        body = multiply(*inner.factors(inside))
        if body.head == "integral" and body.bound == point and point.data[0] in self.context.blocks.values():
            return body, left  # the variables of a block are integrated over at once
        return bind("integral", point, body), left

    def check_limits(self, unit: Unit, tree: Sum) -> None:
        """An integral has no limits but the space of its variable."""
        if not unit.subs:
            return
        over = name_of(plain_letter(unit.subs[0].sums[0])).lower()
        differential = name_of(variable_of(tree)[0]).lower()
        if len(unit.subs[0].sums) > 1 or over not in (differential, "script" + differential):
            raise FormulaError("the limits of an integral")

    def over_values(self, unit: Unit) -> Term | None:
        """The point of a sum over the values of a variable; None if it is over an index."""
        if not unit.subs or unit.sups:
            return None
        group = unit.subs[0]
        variable_tree = only_unit(group.sums[0])
        base = variable_tree.base if variable_tree is not None else ""
        if not isinstance(base, str) or name_of(base).lower() not in POINTS or group.separators not in ((), ("∈",)):
            return None
        return self.point(group.sums[0])

    def indexed(self, unit: Unit, after: Items, rest: Sum | None) -> Term:
        """A sum or product over an index, or over the values of a variable."""
        point = self.over_values(unit)
        if point is not None and unit.base == r"\sum":
            inner = replace(self, bound=self.bound | {point.data[0]})
            return bind("integral", point, inner.body(after, rest))
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
            raise FormulaError("a gradient in one parameter is wanted")
        v = variable(names.pop(), "real")
        first = after[0]
        if group_of(first) is not None or not self.reading.greedy:
            term, left = self.factor(first, after[1:], rest)
        else:
            term, left = multiply(*self.factors(after, rest)), ()
        return derivative_at(v, v, term), left


def _of_two_values(a: Term, b: Term) -> Term:
    """The divergence of laws of 0 and 1, a and b being the probabilities of 1: a sum over both values."""
    others = number(1) - a, number(1) - b
    return a * log(a / b) + others[0] * log(others[0] / others[1])


def _factors(term: Term) -> tuple[list[Term], list[Term]]:
    """The factors above and below the line."""
    if term.head == "multiply":
        parts = [_factors(a) for a in term.args]
        return [f for above, _ in parts for f in above], [f for _, below in parts for f in below]
    if term.head == "power" and term.args[1] == number(-1):
        above, below = _factors(term.args[0])
        return below, above
    return [term], []


def _is_data(points: set[Term]) -> bool:
    return all(p.data[-1][0] in "xy" for p in points)


def _targets(law: Term) -> tuple[Term, ...]:
    """The variables that a law is a density of; of a quotient, those above that are not below."""
    if is_marginal(law) or is_product(law):
        return whole(law).args[:1] if is_product(law) else ()
    if law.head in ("multiply", "power"):
        above, below = ([t for f in part for t in _targets(f)] for part in _factors(law))
        if len(set(above)) < len(above) or not set(below) <= set(above):
            return ()
        return tuple(sorted(set(above) - set(below), key=lambda v: str(v.data[-1])))
    if law.head == "function":
        return tuple(a for a in law.args if a.data[-1] != "real")[:1]
    return law.args[:1] if law.head == "normal" else law.args[: law.data[1]]


def _clauses(group: Group) -> Iterator[tuple[list[Sum], Sum]]:
    """The clauses of ``x ~ p, z ~ q(z|x)``: variables, which may be missing, and a law."""
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
    for tree in names:
        yield [], tree


def _are_draws(names: list[Sum]) -> bool:
    """Whether variables are numbered draws: ``z_1, ..., z_K``, ``z_{1:K}``."""
    if any("…" in bases(tree) for tree in names):
        return True
    if len(names) != 1:
        return False
    label = variable_of(names[0])[1]
    return label.range is not None and label.range[1] in ("K", "L", "M", "N", "k")


def _has_index(unit: Unit) -> bool:
    try:
        return bool(Label(replace(unit, sups=tuple(g for g in unit.sups if is_parenthesised(g)))).indices)
    except FormulaError:
        return False


def _random(tree: Sum) -> frozenset[str]:
    """The one capital letter that a tree is about, as in ``E[log X]``; none if it is about something else."""
    found = {b for b in bases(tree) if b.isalpha() or name_of(b) in GREEK}
    return frozenset(found) if len(found) == 1 and found <= set("XYVW") else frozenset()


def _ordered(laws: list[Law]) -> list[Law]:
    """Laws such that none depends on a variable further inside."""
    found: list[Law] = []
    pending = list(laws)
    while pending:
        free_ones = [(p, d) for p, d in pending if not any(o in free(d) for o, _ in pending if o != p)]
        if not free_ones:
            raise FormulaError("laws that depend on each other")
        found.append(free_ones[0])
        pending.remove(free_ones[0])
    return found


def _densities(row: Row) -> Iterator[Sum]:
    """The densities of a product such as ``q(x) q(z|x)``."""
    items = [i for i in row.items if i != "⋅"]
    for unit, group in zip(items[::2], items[1::2], strict=False):
        if not isinstance(unit, Unit) or not isinstance(group, Unit) or len(items) % 2:
            raise FormulaError("the law of an expectation")
        yield Sum((("+", Row((unit, group))),))


def _counts(body: Term) -> bool:
    """Whether numbered draws or data stand in a term."""
    return any(t.head == "function" and t.data[1] == t.data[0] for _, t in subterms(body))
