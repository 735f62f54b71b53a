"""Divergences, entropies and mutual informations, of densities, of products of them, and of laws of two values."""

from __future__ import annotations

from dataclasses import replace

from derivations.distribution import Distributions, is_law, targets_of
from derivations.entry import divergence, is_marginal, is_product, whole
from derivations.kernel import Term, bind, density, free, log, number, variable
from derivations.reader import Items, group_of
from derivations.symbol import POINTS
from derivations.syntax import FormulaError, Group, Sum, Unit
from derivations.tree import PARAMETERS, bases, letters, name_of, plain_letter

Law = tuple[Term, Term]  # a point, and its density
ENTRY = variable("u", "u")  # where a normal density is that of one entry


class Informations(Distributions):
    """Reads divergences and entropies."""

    # --- laws, one variable after the other ---

    def one_by_one(self, law: Term) -> list[Law]:
        """A joint density, or a product, as laws of one variable each, given those outside."""
        if is_marginal(law) or is_product(law):
            raise FormulaError("a mean under the density of an entry")
        if law.head == "multiply":
            above, below = _factors(law)
            if below:
                raise FormulaError("a quotient as a law")
            return ordered([one for factor in above for one in self.one_by_one(factor)])
        if law.head == "function":
            if len(targets_of(law)) > 1:
                raise FormulaError("a mean under a joint density that is differentiated")
            return [(targets_of(law)[0], law)]
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
            point = bindable(of[0])
            return bind("kl", point, *(exchanged(law, of[0], point) for law in (q, p)))
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
        return targets_of(law)
    return law.args[:1] if law.head == "normal" else law.args[: law.data[1]]


def bindable(point: Term) -> Term:
    """A variable; for the datum ``z_n``, one of its letter."""
    return variable(*point.data) if point.head == "function" and len(point.args) == 1 else point


def exchanged(term: Term, old: Term, new: Term) -> Term:
    """The term with another point in the place of one."""
    if term == old:
        return new
    return Term(term.head, tuple(exchanged(a, old, new) for a in term.args), term.data, term.bound)


def ordered(laws: list[Law]) -> list[Law]:
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
