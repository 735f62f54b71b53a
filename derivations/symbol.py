"""Letters and numbers: parameters with their labels, entries of vectors, points, the constants e and pi."""

from __future__ import annotations

from dataclasses import replace

from derivations.conversion import subterms
from derivations.kernel import Term, free, number, substitute, variable
from derivations.reader import CHANCE, OMEGA, Reader
from derivations.syntax import FormulaError, Group, Sum, Unit
from derivations.tree import (
    FAMILIES,
    GREEK,
    INDICES,
    NATURALS,
    PARAMETERS,
    Label,
    alone,
    is_parenthesised,
    letters,
    name_of,
    plain_letter,
    single,
    units,
    variable_of,
    written_out,
)

VECTORS = {"mu", "sigma", "tau", "nu", "v", "eta", "m", "s"}
SCALES = {"sigma", "tau", "s", "v"}
CONSTANTS, FUNCTIONS = "abc", "fgh"
NUMBERED = "#"  # at the name of a variable that is bound with its number, as z^{(i)} under a sum over i
BOUNDS = ("ELBO", "ScriptL", "ScriptF", "L", "F")  # what has any parameters that the densities beside it have
POINTS = {"z", "x", "y", "epsilon"}


class Symbols(Reader):
    """Reads letters and numbers."""

    def powered(self, term: Term, unit: Unit) -> Term:
        """The term to the power that stands at the unit."""
        if unit.subs and (isinstance(unit.base, Group) or unit.base in (r"\frac", r"\sqrt")):
            raise FormulaError("a bracket with a subscript")
        if unit.sups and is_parenthesised(unit.sups[0]):
            raise FormulaError("an exponent in parentheses, which may be a label")
        if unit.primes:
            raise FormulaError("a prime")
        return term ** self.sum(single(unit.sups[0])) if unit.sups else term

    def atom(self, unit: Unit) -> Term:
        """A fraction, a root, a bracket, a number or a letter."""
        if unit.base == r"\frac":
            above, below = (self.sum(single(g)) for g in unit.arguments)
            constant = above.head == below.head == "number" and below.data[0] != 0
            return self.powered(number(above.data[0] / below.data[0]) if constant else above / below, unit)
        if unit.base == r"\sqrt":
            return self.powered(self.sum(single(unit.arguments[0])) ** number("1/2"), unit)
        if isinstance(unit.base, Group):
            return self.powered(self.sum(single(unit.base)), unit)
        if unit.base[0].isdigit():
            if unit.subs:
                raise FormulaError("a number with a subscript")
            return self.powered(number(unit.base), unit)
        return self.letter(unit)

    def letter(self, unit: Unit) -> Term:
        """A letter with its scripts."""
        base, name = str(unit.base), name_of(str(unit.base))
        if base == "e" and not unit.subs:
            return Term("exp", (self.sum(single(unit.sups[0])) if unit.sups else number(1),))
        if base == r"\pi" and not unit.subs:
            return self.powered(Term("pi"), unit)
        if base == r"\Zero":
            return number(0)
        if base == r"\Sigma":
            self.found.remarks.add("Sigma")
            subs = tuple(map(_diagonal, unit.subs))
            sigma = self.letter(replace(unit, base=r"\sigma", subs=subs, sups=(), primes=0))
            return self.powered(sigma ** number(2), replace(unit, subs=()))
        if name in self.context.sized and is_size(unit, self.context.sized[name][0]):
            return self.powered(self.of_size(unit, name), replace(unit, subs=()))
        if symbol_name(unit) in self.context.symbols:
            self.check_symbol(unit)
            self.found.symbols.add(symbol_name(unit))
            self.found.draws |= self.context.draws.get(symbol_name(unit), {})
            return self.powered(self.context.symbols[symbol_name(unit)], replace(unit, subs=()))
        if base in self.random and not unit.subs:
            return self.powered(Term("function", (CHANCE,), (base, "real")), unit)
        if self.differentiated(unit) and base not in FAMILIES:
            raise FormulaError(f"{base}, which depends on what one differentiates in")
        if name in self.context.weights:
            return self.powered(self.weight(unit, name), unit)
        if name.lower() in self.context.apart:
            raise FormulaError(f"{base} with several labels")
        unit = self.without_label(unit)
        label = Label(replace(unit, sups=()))
        if name in POINTS and base not in self.indices:
            marks = tuple(g for g in unit.sups if is_parenthesised(g))
            powers = tuple(g for g in unit.sups if not is_parenthesised(g))
            point = self.coordinate(unit, name, Label(replace(unit, sups=marks)))
            return self.powered(point, replace(unit, primes=0, sups=powers))
        if base in FAMILIES and name not in self.context.numbers:
            return self.powered(self.bare(unit), unit)
        if label.indices or label.kept:
            if base.startswith("\\") and name not in GREEK | {"ell"} and not base.startswith((r"\Script", r"\Word")):
                raise FormulaError(f"the command {base}")
            return self.powered(self.entry_of(name, label), unit)
        return self.powered(self.plain(base, name), unit)

    def check_symbol(self, unit: Unit) -> None:
        """A symbol with several parameters, ``J_\\phi`` beside ``J_\\psi``, has one definition; a bound has one for all."""
        name = name_of(str(unit.base))
        if name.lower() in self.context.apart and name not in BOUNDS:
            raise FormulaError(f"{name.removeprefix('Script')} with several labels")

    def differentiated(self, unit: Unit) -> list[str]:
        """The parameters at a letter in which the relation differentiates."""
        written = {name_of(i) for g in unit.subs for i in letters(g) if i in PARAMETERS}
        return sorted(written & set(self.context.depends.values()))

    def bare(self, unit: Unit) -> Term:
        """The density of a letter without its variables, where one averages over them."""
        usual = self.context.laws.get("q")
        law = self.letter_law(replace(unit, sups=()), usual.args[0] if usual is not None else None)
        if law is None or not law.args or law.args[0].data[0] not in self.bound:
            raise FormulaError(f"the density {unit.base} without its variables")
        return law

    def without_label(self, unit: Unit) -> Unit:
        """The unit without a label such as ``(i)``, which is left away where a text has only one."""
        kept = tuple(g for g in unit.sups if not (is_parenthesised(g) and self._free_index(g)))
        return replace(unit, sups=kept)

    def _free_index(self, group: Group) -> bool:
        label = Label(Unit("x", sups=(group,)))
        return bool(label.indices) and not label.kept and not self.indices & set(label.indices)

    def of_size(self, unit: Unit, name: str) -> Term:
        """``L_{k + 1}``, as it is defined for any k."""
        letter, tree = self.context.sized[name]
        reading = replace(self.reading, greedy=True, wide=False)  # a symbol has one meaning, the usual one
        inner, own = (
            replace(self, reading=reading, context=replace(self.context, size=size))
            for size in (letter, next((b for b in map(str, size_letters(unit)) if not b.isdigit()), letter))
        )
        self.found.symbols.add(name)
        term, size = inner.sum(tree), own.sum(single(unit.subs[0]))
        for v in free(size):
            if any(t.bound == variable(v.data[0], "index") for _, t in subterms(term)):  # k numbers the draws
                size = substitute(size, v, variable(v.data[0].upper(), "natural"))
        return substitute(term, variable(letter, "natural"), size)

    def weight(self, unit: Unit, name: str) -> Term:
        """``w_k``, as it is defined."""
        index, tree = self.context.weights[name]
        label = Label(replace(unit, sups=()))
        if label.kept or len(label.indices) != 1:
            raise FormulaError(f"{name} without its index")
        self.found.symbols.add(name)
        if label.indices[0] not in self.indices:
            return self.sum(tree)  # the weight of one draw, whose number is left away
        term = replace(self, indices=self.indices | {index}).sum(tree)
        return substitute(term, variable(index, "index"), variable(label.indices[0], "index"))

    # --- points and vectors ---

    def coordinate(self, unit: Unit, name: str, label: Label) -> Term:
        """``z_j``, or z itself where it is a number or the entry of a vector is wanted."""
        index = self._index(label)
        point = self.point(alone(_without(unit, index)))
        if index is not None and not self.reading.scalar:
            return Term("component", (point, variable(index, "index")))
        if self.entry is not None:
            return Term("component", (point, self.entry))
        if self.reading.scalar:
            return Term("component", (point, number(1)))
        if len(self.indices) == 1 and not self.drawn:
            return Term("component", (point, variable(next(iter(self.indices)), "index")))
        raise FormulaError(f"{unit.base} where a number is wanted")

    def _index(self, label: Label) -> str | None:
        """The index of an entry, if the label is one; a draw has its number in it."""
        return label.indices[0] if len(label.indices) == 1 and not self.drawn else None

    def point(self, tree: Sum) -> Term:
        """A variable: a point, with its label where a text has several; a draw; or a datum with its number."""
        base, label = variable_of(tree)
        name = name_of(base)
        self.check_label(name, label)
        letter = name if name[:1].lower() in self.context.apart else name.lower()
        counted = [i for i in label.indices if i in self.indices]
        if len(counted) > 1:
            raise FormulaError(f"{base} with several numbers")
        if counted and letter in self.drawn:
            return Term("function", (variable(counted[0], "index"), OMEGA), (letter, letter))
        if letter.lower() in self.context.apart and label.range:
            raise FormulaError(f"{base} as a whole and in parts")
        kept = label.kept
        if label.indices and not counted and letter.lower() in self.context.apart:
            kept += "".join(label.indices)
        accent = kept.startswith("Word")
        full = letter + kept.removeprefix("Word") if accent else f"{letter}_{kept}" if kept else letter
        full = self.context.blocks.get(full, full)
        if full + NUMBERED in self.bound and not counted:
            raise FormulaError(f"{base} with its number and without")
        if counted and full not in self.bound:
            return Term("function", (variable(counted[0], "index"),), (full, full))
        return variable(full + "'" * label.primes, full)

    def entry_of(self, name: str, label: Label) -> Term:
        """``mu_j``, ``mu_1`` or ``mu_{1,j}``."""
        self.check_constant(name)
        self.check_label(name, label)
        full = f"{name}_{label.kept}" if label.kept else name
        if len(label.indices) > 1:
            raise FormulaError(f"{name} with several subscripts")
        index = label.indices[0] if label.indices else ""
        if self.reading.scalar:
            if index:
                raise FormulaError(f"the subscript {index}")
            return variable(full, "real")
        if index:
            if index not in INDICES:
                raise FormulaError(f"the subscript {index}")
            return Term("component", (variable(full, "vector"), variable(index, "index")))
        return self.whole(full, name)

    def check_label(self, name: str, label: Label) -> None:
        """A label that moves with the index of a sum, such as ``t-1``, is no name."""
        if label.mentioned & self.indices:
            raise FormulaError(f"{name}_{label.kept} under a sum over {min(label.mentioned & self.indices)}")

    def check_constant(self, name: str) -> None:
        """A letter that we know nothing of may be a random variable: where one averages, only a, b and c are numbers."""
        if (self.bound or self.drawn) and len(name) == 1 and name not in VECTORS:
            if name not in CONSTANTS or name in self.context.varying:
                raise FormulaError(f"{name} where it may be random")
            self.found.remarks.add(name)

    def of_bound(self, base: str) -> Term:
        """``f`` for ``f(z)``, where one averages over z alone."""
        points = [p for p in POINTS if p in self.bound]
        if len(points) != 1 or not self.bound <= {points[0]}:
            raise FormulaError(f"{base} of which variable?")
        self.found.remarks.add(base)
        return Term("function", (variable(points[0], points[0]),), (base, "real"))

    def whole(self, full: str, name: str) -> Term:
        """A parameter without an index."""
        if self.context.isotropic and name in SCALES:
            return variable(full, "real")
        if self.entry is not None and name in VECTORS and not self.reading.scalar:
            return Term("component", (variable(full, "vector"), self.entry))
        if not self.reading.scalar and name in VECTORS:
            raise FormulaError(f"{full} is a vector where a number is wanted")
        if full != name and not self.reading.scalar:
            raise FormulaError(f"{full}: an entry of a vector, or a name?")
        return variable(full, "real")

    def plain(self, base: str, name: str) -> Term:
        """A letter without scripts."""
        if base in self.indices:
            return variable(name, "index")
        if base in FUNCTIONS and self.bound:
            return self.of_bound(base)
        counts = name in (self.context.dimension, self.context.size, *self.context.limits)
        if counts or (base in NATURALS and base.isupper()):
            return variable(name, "natural")
        if base.startswith("\\") and name not in GREEK:
            raise FormulaError(f"the command {base}")
        if name in ("…", "≺", "≼", "E", "H", "I", "D"):
            raise FormulaError(f"{base} where a number is wanted")
        self.check_constant(name)
        return self.whole(name, name)


def is_size(unit: Unit, letter: str) -> bool:
    """Whether a subscript is a number of draws, such as ``k``, ``K + 1``, ``M`` and ``2``, the letter of which may differ."""
    found = size_letters(unit)
    known = {letter.lower(), letter.upper(), "m", "M"}
    return bool(found) and all(f in known or f.isdigit() for f in found) and len(found & known) <= 1


def size_letters(unit: Unit) -> set[str]:
    """The letters and numbers in the subscripts of a unit."""
    return {str(u.base) for g in unit.subs for s in g.sums for u in units(s)}


def symbol_name(unit: Unit) -> str:
    """The name of a symbol that a text may define: its letter and its label; parameters are left away."""
    label = "".join(written_out(g) for g in unit.subs if not letters(g) <= PARAMETERS)
    name = name_of(str(unit.base))
    return f"{name}_{label}" if label else name


def _diagonal(subscript: Group) -> Group:
    """``jj`` as ``j``."""
    text = written_out(subscript).replace(",", "")
    twice = len(text) == 2 and text[0] == text[1] and text[0] in INDICES
    return Group("{", (alone(Unit(text[0])),), ()) if twice else subscript


def _without(unit: Unit, index: str | None) -> Unit:
    """The unit without its exponent, and without the subscript that is an index."""
    sups = tuple(g for g in unit.sups if is_parenthesised(g))
    if index is None:
        return replace(unit, sups=sups)
    return replace(without_index(unit, {index}), sups=sups)


def without_index(unit: Unit, indices: set[str]) -> Unit:
    """The unit without these letters among its subscripts; what else stands there, such as a hat, is kept."""
    kept = []
    for group in unit.subs:
        sums = tuple(s for s in group.sums if plain_letter(s) not in indices)
        kept += [replace(group, sums=sums, separators=group.separators[: len(sums) - 1])] if sums else []
    return replace(unit, subs=tuple(kept))
