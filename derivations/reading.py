r"""Give formulas their meaning: from the syntax of `derivations.syntax` to terms of the kernel.

Where notation leaves a choice, a `Reading` makes it: whether a logarithm or a sum applies to the next factor or to all
that follow, whether ``\mu`` is a number or a vector. What no reading of ours gives a meaning is an error, never a guess.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

from derivations.functional import Functionals
from derivations.kernel import KernelError, Term, add, free, log, multiply, number, substitute, variable
from derivations.label import rows
from derivations.reader import Context, Found, Items, Reading, group_of
from derivations.symbol import FUNCTIONS, POINTS, symbol_name
from derivations.syntax import FormulaError, Group, Sum, Unit
from derivations.tree import FAMILIES, GREEK, INDICES, PARAMETERS, Label, bases, letters, name_of, only_unit, units

READINGS = tuple(Reading(*choice) for choice in product((True, False), (False, True), (False, True), (False, True)))
BASELINE = "b"  # of a score function: a number, or b(x)
_OPERATORS = (r"\log", r"\exp", r"\Divergence", r"\Normal", r"\sum", r"\prod", r"\int", r"\Expectation", r"\diag", "E")


class _Reader(Functionals):
    """Reads sums of products; the other parts of the reader say what a factor may be."""

    def sum(self, tree: Sum) -> Term:
        terms: list[Term] = []
        for i, (sign, row) in enumerate(tree.rows):
            if self.reading.wide and self.opens(row.items) and i + 1 < len(tree.rows):
                whole = multiply(*self.factors(row.items, Sum(tree.rows[i + 1 :])))
                terms.append(_signed(sign, whole))
                break
            terms.append(_signed(sign, multiply(*self.factors(row.items))))
        return add(*terms)

    def opens(self, items: Items) -> bool:
        """Whether the row holds a sum or an expectation that brackets do not close."""
        for i, item in enumerate(items):
            after = items[i + 1 :]
            operator = isinstance(item, Unit) and (
                item.base == r"\sum" or (self.is_expectation(item, after) and bool(after))
            )
            if operator and not (len(after) == 1 and group_of(after[0], "([{<") is not None):
                return True
        return False

    def factors(self, items: Items, rest: Sum | None = None) -> list[Term]:
        found: list[Term] = []
        inverse = False
        while items:
            item, items = items[0], items[1:]
            if isinstance(item, str):
                if item == "/":
                    numeric = len(found) == 1 and found[0].head == "number"
                    under = below(items)[: self.reading.below] if self.reading.halves or not numeric else ()
                    if len(under) > 1:
                        found.append(multiply(*self.factors(under)) ** -1)
                        items = items[len(under) :]
                    inverse = len(under) < 2
                elif item.startswith("∂"):
                    raise FormulaError("a differential without an integral")
                continue
            term, items = self.factor(item, items, rest)
            found.append(term**-1 if inverse else term)
            inverse = False
        if not found or inverse:
            raise FormulaError("a factor is missing")
        return found

    def factor(self, unit: Unit, after: Items, rest: Sum | None) -> tuple[Term, Items]:
        _check_scripts(unit)
        if unit.base in (r"\log", r"\exp"):
            inner, left = self.operand(after, rest)
            return self.powered(log(inner) if unit.base == r"\log" else Term("exp", (inner,)), unit), left
        if unit.base in (r"\sum", r"\prod"):
            return self.indexed(unit, after, rest), ()
        if unit.base == r"\int":
            return self.integral(unit, after)
        if self.is_expectation(unit, after):
            return self.expectation(unit, after, rest)
        if self.is_divergence(unit, after):
            return self.divergence(unit, after)
        if self.is_entropy(unit, after):
            return self.entropy(unit, after)
        if self.is_information(unit, after):
            return self.information(unit, after)
        if unit.base == r"\Gradient":
            return self.gradient(unit, after, rest)
        if unit.base == r"\diag" and self.entry is not None and after and isinstance(after[0], Unit):
            return self.atom(after[0]), after[1:]  # the entry on the diagonal
        if self.is_algebra(unit):
            return self.algebra(unit, after)
        return self.other(unit, after)

    def other(self, unit: Unit, after: Items) -> tuple[Term, Items]:
        """A function of something, an output of a network, or an atom."""
        if unit.base == r"\pi" and after and self.is_density_at(after[0]):
            raise FormulaError("pi at a variable, which is a density or a function")
        if after and self.is_output(unit, after[0]):
            assert isinstance(after[0], Unit)
            return self.powered(self.atom(unit), after[0]), after[1:]
        if after and self.is_decoded(unit, after[0]):
            assert isinstance(after[0], Unit)
            value = self.decoded(replace(unit, sups=()), after[0])
            return self.powered(self.powered(value, replace(unit, subs=())), after[0]), after[1:]
        if isinstance(unit.base, str) and after and self.is_call(unit, after[0]):
            call = after[0]
            group = group_of(call, "([")
            assert group is not None
            assert isinstance(call, Unit)
            return self.powered(self.call(unit, group), call), after[1:]
        squared = self.squared_vector(unit)
        return (self.atom(unit) if squared is None else squared), after

    def is_density_at(self, following: Unit | str) -> bool:
        """Whether brackets hold variables alone, as those of ``\\pi(z)`` and ``\\pi(a|s)`` do."""
        group = group_of(following, "(")
        found = [only_unit(s) for s in group.sums] if group is not None else []
        return bool(found) and all(u is not None and str(u.base).isalpha() and len(str(u.base)) == 1 for u in found)

    def operand(self, items: Items, rest: Sum | None) -> tuple[Term, Items]:
        """What a logarithm applies to."""
        if not items or isinstance(items[0], str):
            raise FormulaError("a logarithm of nothing")
        first = items[0]
        if isinstance(first.base, Group) or not self.reading.greedy or self.is_weighted(first, items[1:]):
            return self.factor(first, items[1:], rest)
        more = next((i for i, item in enumerate(items) if i and isinstance(item, Unit) and item.base == r"\log"), None)
        if more is None:
            return multiply(*self.factors(items, rest)), ()
        return multiply(*self.factors(items[: more - (items[more - 1] == "⋅")])), items[more:]

    def is_weighted(self, fraction: Unit, after: Items) -> bool:
        """Whether a density follows a fraction that is about it, as in ``int log (p / q) q dz``: what is averaged over."""
        if (
            fraction.base != r"\frac"
            or len(after) < 2
            or not isinstance(after[0], Unit)
            or after[0].base not in FAMILIES
        ):
            return False
        group = group_of(after[1], "(")
        varies = group is not None and bool(group.sums) and _letter(group.sums[0]).lower() in {b[0] for b in self.bound}
        parts = (row for g in fraction.arguments for s in g.sums for row in rows(s))
        return varies and any(
            pair == after[:2] for row in parts for pair in zip(row.items, row.items[1:], strict=False)
        )

    # --- calls ---

    def is_call(self, unit: Unit, following: Unit | str) -> bool:
        """Whether a letter is a function of what follows it."""
        group = group_of(following, "([")
        if group is None or not group.sums or unit.primes or unit.sups:
            return False
        if self.symbol_called(unit) or str(unit.base).startswith((r"\Script", r"\ELBO")):
            return True
        if group.kind != "(":
            return False
        if unit.base in FAMILIES or unit.base in (r"\Normal", r"\Bernoulli", *FUNCTIONS):
            return True
        if unit.base == BASELINE:
            return all(_letter(s).lower() in POINTS for s in group.sums)
        return len(group.separators) > 0 and unit.base not in INDICES

    def symbol_called(self, unit: Unit) -> str:
        """The name of the symbol that is called; that of L and F ends in a bracket, for alone they are numbers."""
        name = symbol_name(unit)
        return next((n for n in (name, name + "(") if n in self.context.symbols), "")

    def is_output(self, unit: Unit, following: Unit | str) -> bool:
        r"""``\mu(x)``, ``\sigma_j(x)``: an output of the encoder at a point that is fixed."""
        group = group_of(following, "(")
        if group is None or not isinstance(following, Unit):
            return False
        if name_of(str(unit.base)).lower() not in ("mu", "sigma") or "x" in self.context.apart:
            return False
        return [_letter(s) for s in group.sums] in (["x"], ["X"])

    def is_decoded(self, unit: Unit, following: Unit | str) -> bool:
        r"""Whether ``\mu_\theta(z)``, ``f(z)`` and the like stand here where the entry of a vector is wanted."""
        group = group_of(following, "(")
        if group is None or [_letter(s).lower() for s in group.sums] != ["z"] or unit.primes:
            return False
        if unit.sups and unit.base != r"\sigma":
            return False  # f^{-1}(z) is no power
        function = unit.base in tuple(FUNCTIONS) and (self.entry is not None or bool(unit.subs))
        hat = unit.base in ("x", "X") and Label(unit).kept.startswith("Word")
        return (unit.base in (r"\mu", r"\sigma") or function or hat) and not self.symbol_called(unit)

    def decoded(self, unit: Unit, following: Unit) -> Term:
        """An output of a decoder, or an entry of it, as a function of its argument."""
        group = group_of(following, "(")
        assert group is not None
        name, label = name_of(str(unit.base)), Label(unit)
        if name.lower() in POINTS:
            name, label.kept = name.lower() + label.kept.removeprefix("Word"), ""
        if name in self.context.apart or label.kept or len(label.indices) > 1:
            raise FormulaError(f"{unit.base} with several labels")
        index = variable(label.indices[0], "index") if label.indices else self.entry
        single = self.reading.scalar or (self.context.isotropic and name == "sigma")
        if index is None and not single:
            raise FormulaError(f"{unit.base} is a vector where a number is wanted")
        places = () if single or index is None else (index,)
        parameters = (variable(i, "real") for i in self.differentiated(unit))
        return Term("function", (*places, *parameters, self.point(group.sums[0])), (name, "real"))

    def call(self, unit: Unit, group: Group) -> Term:
        """A density, a function, or a symbol that the text has defined."""
        if unit.base in FAMILIES:
            return self.density(unit, group)
        if unit.base == r"\Normal":
            return self.normal(group, None)
        if str(unit.base) in (*FUNCTIONS, BASELINE) and not unit.subs:
            arguments = [a for s in group.sums for a in self.arguments(s)]
            return Term("function", tuple(arguments), (str(unit.base), "real"))
        if unit.base == r"\Bernoulli":
            return self.mass(group)
        if unit.base == "w" and not unit.subs:
            return self.weight_at(group)
        name = self.symbol_called(unit)
        if name:
            self.check_symbol(unit)
            self.found.draws |= self.context.draws.get(name, {})
            return self.symbol_at(name, group)
        raise FormulaError(f"the function {unit.base}")

    def symbol_at(self, name: str, group: Group) -> Term:
        """What a symbol stands for, where its arguments are the data that it depends on: L(x) is not L(x, y), nor L(p).

        In a text with both, L(x, y) is what the text says of it, also where the bound at hand is L(x).
        """
        term = self.context.symbols[name]
        first = only_unit(group.sums[0])
        if "|" in group.separators[:1] and first is not None and first.base in PARAMETERS:
            raise FormulaError("a symbol at parameters given data, as a likelihood is")
        others = {b for s in group.sums for b in bases(s)} & FAMILIES - {"q", "Q"}
        if others:
            raise FormulaError(f"a symbol at {', '.join(sorted(others))}, which may stand there for q")
        if any(u.base in PARAMETERS | {"q", "Q"} and _is_marked(u) for s in group.sums for u in units(s)):
            raise FormulaError("a symbol at one of several parameters or laws")
        if any(u.primes for s in group.sums for u in units(s)):
            raise FormulaError("a symbol at another point")
        found = {_letter(s).removeprefix(r"\Script").lower() for s in group.sums} & {"x", "y", "z", "d"}
        if not found <= _letters_of(term):
            missing = ", ".join(sorted(found - _letters_of(term)))
            term = self.context.spelled.get(name, term)
            if found != _letters_of(term):
                raise FormulaError(f"a symbol at {missing}, on which it does not depend")
        else:
            self.found.symbols.add(name)
        for datum in (self.point(s) for s in group.sums if _letter(s).lower() in ("x", "y")):
            if datum.head == "function":  # one of numbered data
                term = substitute(term, variable(*datum.data), datum)
        return term

    def weight_at(self, group: Group) -> Term:
        """``w(z)``, ``w(x, z_k)``: the weight, at the latent variables that are named."""
        if "w" not in self.context.symbols or not set(group.separators) <= {","}:
            raise FormulaError("the function w")
        term = self.context.symbols["w"]
        points = {v.data[1]: v for v in free(term)}
        for point in map(self.point, group.sums):
            if point.data[-1] not in points:
                raise FormulaError("w of another variable")
            term = substitute(term, points.pop(point.data[-1]), point)
        if any(kind[0] not in "xy" for kind in points):
            raise FormulaError("w without its variable")
        self.found.symbols.add("w")
        return term


def _letters_of(term: Term) -> set[str]:
    """The letters of the variables on which a term depends."""
    return {str(v.data[1])[0].lower() for v in free(term)}


def below(items: Items) -> Items:
    """The numbers and letters that stand together after a slash; what is called, and an operator, stands for itself."""
    for i, item in enumerate(items):
        called = i + 1 < len(items) and group_of(items[i + 1], "([") is not None
        if not isinstance(item, Unit) or not _is_below(item) or (called and not item.sups):
            return items[:i]
    return items


def _is_below(unit: Unit) -> bool:
    base = str(unit.base)
    greek = base == r"\pi" or (base.startswith("\\") and name_of(base) in GREEK)
    return base[0].isdigit() or greek or (len(base) == 1 and base.isalpha() and base not in FAMILIES | set("EHIND"))


def _slashes(tree: Sum) -> list[tuple[int, bool]]:
    """How many factors may be below the slashes of a tree, and whether they are after a number too."""
    found = [below(row.items[i + 1 :]) for row in rows(tree) for i, item in enumerate(row.items) if item == "/"]
    most = min(max(map(len, found), default=1), 3)
    return [(1, False), *product(range(2, most + 1), (False, True))]


def _letter(tree: Sum) -> str:
    unit = only_unit(tree)
    return str(unit.base) if unit is not None and not unit.primes else ""


def _is_marked(unit: Unit) -> bool:
    r"""Whether a letter has a script other than parameters, as ``\theta_t`` and ``q^*`` have."""
    return bool(unit.sups or unit.primes) or any(not letters(g) <= PARAMETERS for g in unit.subs)


def _check_scripts(unit: Unit) -> None:
    """Operators have no scripts but limits and laws: ``\\log_2`` is another function than ``\\log``."""
    if unit.base not in _OPERATORS:
        return
    allowed_below = unit.base in (r"\sum", r"\prod", r"\int", r"\Expectation", "E")
    powered = unit.base in (r"\log", r"\sum", r"\prod")
    if unit.primes or (unit.subs and not allowed_below) or (unit.sups and not powered):
        raise FormulaError(f"{unit.base} with a script")


def _signed(sign: str, term: Term) -> Term:
    if sign != "-":
        return term
    if term.head == "number":
        return number(-term.data[0])
    if term.head == "multiply" and term.args[0].head == "number":
        return multiply(number(-term.args[0].data[0]), *term.args[1:])
    return number(-1) * term


_NOWHERE = Context()


@dataclass(frozen=True)
class Read:
    """The term that a formula stands for under a reading, and what the reader used."""

    reading: Reading
    term: Term
    found: Found


def read(tree: Sum, reading: Reading, context: Context = _NOWHERE, drawn: frozenset[str] = frozenset()) -> Read:
    """The term that a formula stands for; letters that are `drawn` may be numbered draws.

    Raises
    ------
    FormulaError
        If it stands for none that we know.
    """
    reader = _Reader(reading, context, Found(), drawn=drawn)
    try:
        return Read(reading, reader.sum(tree), reader.found)
    except KernelError as error:
        raise FormulaError(str(error)) from error
    except IndexError as error:  # a root of nothing, a limit without its letter
        raise FormulaError("a part of a formula that is empty") from error
    except RecursionError as error:
        raise FormulaError("nested too deeply") from error


def read_point(tree: Sum, reading: Reading, context: Context = _NOWHERE) -> Term:
    """The point of the space of z that a formula such as ``mu + sigma epsilon`` gives.

    Raises
    ------
    FormulaError
        If it gives none that we know.
    """
    return _Reader(reading, context, Found()).image(tree)


def readings(
    tree: Sum, context: Context = _NOWHERE, drawn: frozenset[str] = frozenset(), scalar: bool | None = None
) -> Iterator[Read]:
    """All meanings of a formula, each once for vectors and once for numbers, with the first reading that gives it.

    Parameters
    ----------
    scalar
        Only those for numbers, or only those for vectors.
    """
    seen: set[tuple[bool, Term]] = set()
    joint = any("," in g.separators for u in units(tree) for g in (u.base, *u.subs) if isinstance(g, Group))
    kinds = [r for r in (READINGS if joint else READINGS[::2]) if scalar in (None, r.scalar)]
    for reading, (under, halves) in product(kinds, _slashes(tree)):
        try:
            found = read(tree, replace(reading, below=under, halves=halves), context, drawn)
        except FormulaError:
            continue
        if (reading.scalar, found.term) not in seen:
            seen.add((reading.scalar, found.term))
            yield found
