"""Densities: families such as ``p(x, z)`` and ``q(z | x)``, normal densities, and laws that are called by a letter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from derivations.entry import marginal
from derivations.kernel import KernelError, Term, bind, density, number, variable
from derivations.linear_algebra import LinearAlgebra
from derivations.reader import group_of, only_row
from derivations.syntax import FormulaError, Group, Sum, Unit
from derivations.tree import (
    FAMILIES,
    INDICES,
    PARAMETERS,
    Label,
    alone,
    braced,
    letters,
    name_of,
    only_unit,
    parameter,
    plain_letter,
    single,
    units,
    variable_of,
)

OF_DATA = {"data", "emp", "empirical", "true", "real", "hat", "tilde", "D", "train"}  # labels of the law of the data


class Distributions(LinearAlgebra):
    """Reads densities."""

    # --- families ---

    def family(self, unit: Unit, *others: str, label_too: str = "") -> str:
        """The name of a family; its parameters tell families apart where a text has several, or where they have labels."""
        letter = str(unit.base)
        if letter.startswith(r"\Script"):
            letter = letter.removeprefix(r"\Script")
        label = Label(replace(unit, sups=()))
        self.check_label(letter, label)
        if label.indices:
            raise FormulaError(f"the density {letter} with an index")
        kept = "" if label.kept.upper() in ("X", "Z", "Y", "X|Z", "Z|X", "X,Z") else label.kept
        kept = "_".join(filter(None, (kept.removeprefix("Word").removeprefix("Script"), label_too)))
        name = letter if letter.lower() in self.context.apart else letter.lower()
        if letter.lower() in self.context.apart:
            parameters = {name_of(i) for g in unit.subs for i in letters(g) if i in PARAMETERS}
            kept = "_".join(sorted({kept, *parameters, *map(name_of, others)} - {""}))
        return f"{name}_{kept}" if kept else name

    def density(self, unit: Unit, group: Group) -> Term:
        """``p(x, z)``, ``p(x | z)``; parameters among the arguments are labels of the family."""
        variables = self.context.variables
        labels = [i for s in group.sums for i in letters(braced(s)) if i in PARAMETERS - variables]
        unit, datum = self.of_datum(unit)
        index = entry_index(unit, group)
        if index and "z" not in self.drawn and self.family(unit, *labels) in self.context.entries:
            if index not in self.indices or self.reading.scalar:
                raise FormulaError("the density of an entry, outside of a sum over the entries")
            known = [self.point(s) for s in group.sums[1:] if plain_letter(s) not in PARAMETERS - variables]
            return marginal(self.family(unit, *labels), variable("z", "z"), variable(index, "index"), known)
        targets: list[Term] = []
        below = sorted({i for g in unit.subs for i in letters(g)} & variables)  # p_theta(x) is p(x | theta)
        given = [*datum, *(variable(name_of(i), name_of(i)) for i in below)]
        side = targets
        for separator, tree in zip(("", *group.separators), group.sums, strict=True):
            if separator == "|":
                side = given
            elif separator == ";":
                if parameter(tree, variables):
                    continue
                raise FormulaError("a density with a semicolon")
            elif separator not in ("", ","):
                raise FormulaError(f"a density with {separator}")
            if not parameter(tree, variables):
                for point in self.arguments(tree):
                    side += [point] if point not in side or not self.is_block(point) else []
        named = [parameter(s, variables) for s in group.sums]
        if not targets and not datum and any(named):
            raise FormulaError(
                f"a density of {next(filter(None, named))}, which is read as a parameter and not as a variable"
            )
        family = self.family(unit, *labels, label_too="_".join(n for n in named if "_" in n))
        self.check_parameters(family, {*labels, *(i for g in unit.subs for i in letters(g))})
        return depending(density(family, targets, given), self.context.depends)

    def of_datum(self, unit: Unit) -> tuple[Unit, list[Term]]:
        """``q_i``, where the data are x_i, as ``q`` given the datum."""
        index = plain_letter(unit.subs[0].sums[0]) if len(unit.subs) == 1 else ""
        if unit.base not in ("q", "Q") or index not in self.context.numbered & self.indices:
            return unit, []
        self.found.remarks.add("q_i")
        return replace(unit, subs=()), [Term("function", (variable(index, "index"),), ("x", "x"))]

    def check_parameters(self, family: str, written: set[str]) -> None:
        """What is differentiated in a parameter has that one, and no other in which one differentiates."""
        of = {name_of(i) for i in written if i in PARAMETERS} & set(self.context.depends.values())
        if of and of != {self.context.depends.get(family)}:
            raise FormulaError(f"the density {family}, differentiated in {' and '.join(sorted(of))}")

    def arguments(self, tree: Sum) -> list[Term]:
        r"""The points that an argument of a density stands for: ``x_{0:T}`` is x_0 and ``x_{1:T}``, ``x_{\le t}`` x_t and ``x_{<t}``."""
        unit = only_unit(tree)
        if unit is not None and unit.base == r"\Dot":
            if self.dot is None:
                raise FormulaError("a density at a dot")
            return [self.dot]
        if unit is None or not isinstance(unit.base, str):
            return [self.image(tree)]
        label = variable_of(tree)[1]
        if label.range and label.range[0] == "0":
            first, rest = (replace(unit, subs=(_script(t),)) for t in ("0", f"1:{label.range[1]}"))
            return [self.point(alone(first)), self.point(alone(rest))]
        if label.kept.startswith("<="):
            last = label.kept.removeprefix("<=")
            now, before = (replace(unit, subs=(braced(_letters(t)),)) for t in (last, f"≺{last}"))
            return [self.point(alone(now)), self.point(alone(before))]
        return [self.point(tree)]

    def is_block(self, point: Term) -> bool:
        """Whether a point stands for several variables, each of which may name it."""
        return point.data[0] in self.context.blocks.values()

    def image(self, tree: Sum) -> Term:
        """The point ``mu + sigma epsilon`` in the space of z."""
        j = self.fresh()
        if self.reading.scalar:
            return Term("tuple", (number(1), replace(self, entry=j).sum(tree)), ("z",), j)
        return Term("tuple", (self.dimension, self.entry_in(tree, j)), ("z",), j)

    # --- laws ---

    def density_of(self, tree: Sum, point: Term | None) -> Term:
        """A density as the law of an expectation or a side of a divergence."""
        unit = only_unit(tree)
        if unit is not None and isinstance(unit.base, str) and not unit.sups and not unit.primes:
            found = self.letter_law(unit, point)
            if found is not None:
                return found
        row = only_row(tree)
        first = row.items[0] if row.items else None
        if isinstance(first, Unit) and first.base == r"\Normal" and len(row.items) == 2:
            group = group_of(row.items[1])
            term = self.normal(group, point) if group is not None else self.sum(tree)
        else:
            term = self.sum(tree)
        if not is_law(term):
            raise FormulaError("not a density")
        return term

    def letter_law(self, unit: Unit, point: Term | None) -> Term | None:
        """What a letter without arguments stands for: ``q``, ``p_data``, a data set."""
        unit, datum = self.of_datum(unit)
        if datum:
            return None if point is None else density(self.family(unit), [point], datum)
        base = str(unit.base)
        labelled = not {i for g in unit.subs for i in letters(g)} <= PARAMETERS
        told_apart = bool(unit.subs) and base.lower() in self.context.apart
        if not labelled and not told_apart and name_of(base) in self.context.laws:
            return self.context.laws[name_of(base)]
        of_data = base == r"\ScriptD" or (base == "D" and point is not None)
        if not (base in FAMILIES or of_data):
            return None
        family = self.family(unit)
        if labelled and family in self.context.laws:
            return self.context.laws[family]
        point = variable("x", "x") if family.split("_")[-1] in OF_DATA else point
        if point is None:
            return None
        self.check_parameters(family, {i for g in unit.subs for i in letters(g)})
        return depending(density(family, [point]), self.context.depends)

    def point_of(self, tree: Sum) -> Term | None:
        """The variable of a density, where it says one."""
        try:
            law = self.density_of(tree, None)
        except (FormulaError, KernelError):
            return None
        return law.args[0] if law.head != "function" else None

    # --- normal densities ---

    def normal(self, group: Group, point: Term | None) -> Term:
        """``N(z; mu, sigma^2)``, ``N(mu, diag sigma^2)``, ``N(0, I)``: components of means mu_j, variances sigma_j^2."""
        sums, separators = list(group.sums), list(group.separators)
        if separators in ([";", ","], ["|", ","]) and self.of_entry(*sums):
            return self.density_of_entry(*sums)
        if separators[:1] in ([";"], ["|"]):
            (point,) = self.arguments(sums.pop(0))
            separators.pop(0)
        if separators != [","]:
            raise FormulaError("the parameters of a normal")
        if self.of_entry(*sums) and not self.one:
            raise FormulaError("the normal density of one entry")
        z = point or variable("z", "z")
        j = variable("j", "index") if "j" not in self.indices else self.fresh()
        j = variable("r", "index") if self.one else j  # the entry has an index of its own
        mean, variance = self.mean(sums[0], j), self.variance(sums[1], j)
        return bind("normal", j, z, self.dimension, mean, variance)

    def of_entry(self, *trees: Sum) -> bool:
        """Whether the trees speak of one entry of vectors, such as ``mu_j``, and of no matrix."""
        found = [u for tree in trees for u in units(tree)]
        indices = {i for u in found for g in u.subs for i in letters(g)} & (INDICES - {"t"})
        matrix = any(u.base in (r"\Sigma", r"\diag", "I") for u in found)
        return not self.reading.scalar and bool(indices) and not matrix

    def density_of_entry(self, at: Sum, mean: Sum, variance: Sum) -> Term:
        """``N(z_j; mu_j, sigma_j^2)`` as a formula in numbers."""
        x, m, v = map(self.sum, (at, mean, variance))
        deviation = x - m
        root = (number(2) * Term("pi") * v) ** number("-1/2")
        return root * Term("exp", (number("-1/2") * deviation ** number(2) / v,))

    def mean(self, tree: Sum, j: Term) -> Term:
        """A mean, as its j-th entry."""
        unit = only_unit(tree)
        if unit is not None and unit.base in ("0", r"\Zero"):
            return number(0)
        return self.parameter(tree, j)

    def parameter(self, tree: Sum, j: Term) -> Term:
        """A parameter of a normal, as its j-th entry."""
        return self.sum(tree) if self.reading.scalar else replace(self, entry=j).sum(tree)

    def variance(self, tree: Sum, j: Term) -> Term:
        """``sigma^2``, ``diag sigma^2``, ``sigma^2 I``, ``Sigma`` (which is diag sigma^2), ``I``."""
        if self.context.deviation and is_deviation(tree):
            return self.parameter(tree, j) ** number(2)
        row = only_row(tree)
        matrix = any(isinstance(i, Unit) and i.base in (r"\diag", "I") for i in row.items)
        if matrix and self.reading.scalar:
            raise FormulaError("a matrix, where numbers are read")
        items = tuple(i for i in row.items if isinstance(i, Unit) and i.base not in (r"\diag", "I"))
        if any(isinstance(i, str) and i != "⋅" for i in row.items):
            raise FormulaError("the variance of a normal")
        if not items:
            return number(1)
        if len(items) == 1 and group_of(items[0]) is not None and not items[0].sups:
            inner = group_of(items[0])
            assert inner is not None
            return self.variance(self.listed(inner) or single(inner), j)
        return self.parameter(Sum((("+", replace(row, items=items)),)), j)

    def listed(self, group: Group) -> Sum | None:
        r"""The vector ``\sigma^2`` for its entries in turn, ``\sigma_1^2, ..., \sigma_J^2``; None for what is no such list."""
        entries = [unit for tree in group.sums if (unit := only_unit(tree)) is not None]
        if set(group.separators) != {","} or not 3 <= len(entries) == len(group.sums) or entries[-2] != Unit("…"):
            return None
        places = [
            unit.subs[0].sums[0] if len(unit.subs) == 1 and len(unit.subs[0].sums) == 1 else None for unit in entries
        ]
        vectors = {replace(unit, subs=()) for unit in (*entries[:-2], entries[-1])}
        counted = [only_unit(p) if p is not None else None for p in places[:-2]]
        last = plain_letter(places[-1]) if places[-1] is not None else ""
        if len(vectors) > 1 or counted != [Unit(str(i)) for i, _ in enumerate(counted, 1)]:
            return None
        return alone(vectors.pop()) if self.dimension == variable(last, "natural") else None

    # --- Bernoulli laws ---

    def bernoulli_of(self, tree: Sum) -> Term | None:
        """The parameter of ``Bernoulli(a)``; None for what is none."""
        items = [i for i in tree.rows[0][1].items if isinstance(i, Unit)]
        if len(tree.rows) != 1 or len(items) != 2 or items[0].base != r"\Bernoulli":
            return None
        group = group_of(items[1], "([")
        return None if group is None else self.sum(single(group))

    def mass(self, group: Group) -> Term:
        """``Bernoulli(x; a) = a^x (1 - a)^(1 - x)``."""
        if group.separators not in ((";",), ("|",)):
            raise FormulaError("the parameter of a Bernoulli law")
        x, a = map(self.sum, group.sums)
        return a**x * (number(1) - a) ** (number(1) - x)


def depending(law: Term, depends: Mapping[str, str]) -> Term:
    """A density as a function of the parameter in which one differentiates, if it is of a family that depends on one."""
    if law.head != "density" or law.data[0] not in depends:
        return law
    name = "_".join((law.data[0], *_shape(law.args[: law.data[1]], law.args[law.data[1] :])))
    return Term("function", (variable(depends[law.data[0]], "real"), *law.args), (name, "real"))


def differentiable(term: Term, depends: Mapping[str, str]) -> Term:
    """A term with its densities as functions of the parameters in which one differentiates."""
    if term.head == "density":
        return depending(term, depends)
    return Term(term.head, tuple(differentiable(a, depends) for a in term.args), term.data, term.bound)


def _shape(targets: tuple[Term, ...], given: tuple[Term, ...]) -> list[str]:
    """What tells the densities of a family apart: nothing for q(z), ``x`` for q(x), ``x_z`` for q(x|z)."""
    of, known = ("".join(a.data[-1] for a in points) for points in (targets, given))
    return [of, known] if given else [of] if of != "z" else []


def entry_index(unit: Unit, group: Group) -> str:
    """The letter j of ``q(z_j)`` and ``q(z_j | x)``; empty for another density."""
    first = only_unit(group.sums[0]) if group.sums else None
    if unit.base not in FAMILIES or first is None or first.base not in ("z", "Z") or len(first.subs) != 1 or first.sups:
        return ""
    index = plain_letter(first.subs[0].sums[0])
    others = all(plain_letter(s) for s in group.sums[1:])
    return index if index in INDICES and others and set(group.separators) <= {"|", ",", ";"} else ""


def is_deviation(tree: Sum) -> bool:
    """Whether a tree is sigma without a square."""
    unit = only_unit(tree)
    return unit is not None and unit.base in (r"\sigma", "s") and not unit.sups


def is_law_of(term: Term, parameter: Term, point: Term) -> bool:
    """Whether a function is the density of this one point, given others or not, in a parameter."""
    if term.head != "function" or term.data[1] != "real" or term.data[0][:1] not in ("p", "q"):
        return False
    return term.args[:1] == (parameter,) and targets_of(term) == (point,)


def targets_of(law: Term) -> tuple[Term, ...]:
    """The variables of a density that is a function, as its name tells them: ``q_z_x`` is one of z, ``q_xz`` of both."""
    points = tuple(a for a in law.args if a.data[-1] != "real")
    for count in range(1, len(points)):
        if str(law.data[0]).endswith("_" + "_".join(_shape(points[:count], points[count:]))):
            return points[:count]
    return points


def is_law(term: Term) -> bool:
    """Whether a term is a density, or a function that is one because it depends on a parameter."""
    return term.head in ("density", "normal") or (term.head == "function" and term.data[1] == "real")


def _letters(text: str) -> Sum:
    return alone(*map(Unit, text))


def _script(text: str) -> Group:
    if ":" in text:
        first, last = text.split(":")
        return Group("{", (alone(Unit(first)), alone(Unit(last))), (":",))
    return braced(alone(Unit(text)))
