r"""Give formulas their meaning: from the syntax of `derivations.syntax` to terms of the kernel.

Where notation leaves a choice, a `Reading` makes it: whether a logarithm or a sum applies to the next factor or to all
that follow, whether ``\mu`` is a number or a vector. What no reading of ours gives a meaning is an error, never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product

from derivations.kernel import KernelError, Term, add, bind, density, free, log, multiply, number, variable
from derivations.syntax import FormulaError, Group, Row, Sum, Unit

PARAMETERS = {r"\theta", r"\phi", r"\psi", r"\vartheta", r"\varphi", r"\Phi", r"\Theta", r"\lambda"}
INDICES, NATURALS = set("ijkldtmn"), set("JDKLNTM")
VECTORS = {"mu", "sigma", "tau", "nu", "v", "epsilon", "eta"}
FAMILIES = {"p", "q", "r", "P", "Q"}


@dataclass(frozen=True)
class Reading:
    """The choices that a formula leaves open.

    Attributes
    ----------
    greedy
        Logarithms without brackets apply to all factors that follow, else to the next one.
    wide
        Sums and expectations without brackets apply to all terms that follow, else to the factors of their term.
    scalar
        Parameters without an index are numbers, and normals have one dimension; else they are vectors.
    """

    greedy: bool = True
    wide: bool = False
    scalar: bool = False

    def __str__(self) -> str:
        chosen = ["log a b is log(a b)" if self.greedy else "log a b is (log a) b"]
        chosen += ["sums extend over the terms that follow"] if self.wide else []
        chosen += ["one dimension"] if self.scalar else []
        return "; ".join(chosen)


READINGS = tuple(Reading(*choice) for choice in product((True, False), (False, True), (False, True)))


@dataclass(frozen=True)
class Context:
    """What a formula takes from the text around it.

    Attributes
    ----------
    laws
        Densities that a bare letter stands for: ``q`` in ``E_q``, ``z`` in ``E_z``.
    symbols
        Terms for symbols that the text has defined, by name.
    divergence
        What a bare ``D_KL`` stands for.
    apart
        Letters that the text uses with several labels (``q_\\phi`` and ``q_\\psi``, ``x`` and ``X``, ``x^{(i)}``): these then
        tell different things apart, else they are left away.
    """

    laws: Mapping[str, Term] = field(default_factory=dict)
    symbols: Mapping[str, Term] = field(default_factory=dict)
    divergence: Term | None = None
    apart: frozenset[str] = frozenset()


def read(tree: Sum, reading: Reading, context: Context = Context()) -> Term:
    """The term that a formula stands for.

    Raises
    ------
    FormulaError
        If it stands for none that we know.
    """
    try:
        return _Reader(reading, context).sum(tree)
    except KernelError as error:
        raise FormulaError(str(error)) from error
    except RecursionError as error:
        raise FormulaError("nested too deeply") from error


def _name(base: str) -> str:
    return base.removeprefix("\\")


@dataclass(frozen=True)
class _Reader:
    reading: Reading
    context: Context
    indices: frozenset[str] = frozenset()

    # --- sums and products ---

    def sum(self, tree: Sum) -> Term:
        terms: list[Term] = []
        for i, (sign, row) in enumerate(tree.rows):
            if self.reading.wide and self._opens(row) and i + 1 < len(tree.rows):
                whole = self.row(row, Sum(tree.rows[i + 1 :]))
                terms.append(_signed(sign, whole))
                break
            terms.append(_signed(sign, self.row(row)))
        return add(*terms)

    def _opens(self, row: Row) -> bool:
        """Whether the row holds a sum or an expectation that brackets do not close."""
        for i, item in enumerate(row.items):
            if isinstance(item, Unit) and self._is_operator(item, row.items[i + 1 :]):
                after = row.items[i + 1 :]
                if not (len(after) == 1 and isinstance(after[0], Unit) and isinstance(after[0].base, Group)):
                    return True
        return False

    def _is_operator(self, item: Unit, after: tuple[Unit | str, ...]) -> bool:
        return item.base == r"\sum" or (self._is_expectation(item) and bool(after))

    def row(self, row: Row, rest: Sum | None = None) -> Term:
        return multiply(*self.factors(row.items, rest))

    def factors(self, items: tuple[Unit | str, ...], rest: Sum | None = None) -> list[Term]:
        found: list[Term] = []
        inverse = False
        while items:
            item, items = items[0], items[1:]
            if isinstance(item, str):
                if item == "/":
                    inverse = True
                elif item.startswith("∂"):
                    raise FormulaError("a differential without an integral")
                continue
            term, items = self.factor(item, items, rest)
            found.append(term**-1 if inverse else term)
            inverse = False
        if not found or inverse:
            raise FormulaError("a factor is missing")
        return found

    def factor(
        self, unit: Unit, after: tuple[Unit | str, ...], rest: Sum | None
    ) -> tuple[Term, tuple[Unit | str, ...]]:
        """The term that begins with `unit`, and the items that it did not need."""
        _check_scripts(unit)
        if unit.base in (r"\log", r"\exp"):
            inner, left = self.operand(after, rest)
            term = log(inner) if unit.base == r"\log" else Term("exp", (inner,))
            return self.powered(term, unit), left
        if unit.base == r"\sum":
            return self.indexed_sum(unit, after, rest), ()
        if unit.base == r"\int":
            return self.integral(unit, after)
        if self._is_expectation(unit):
            return self.expectation(unit, after, rest)
        if unit.base == r"\Divergence" or (unit.base == "D" and not unit.subs and self._is_pair(after)):
            return self.divergence(unit, after)
        if after and self._is_output(unit, after[0]):
            return self.atom(unit), after[1:]
        if isinstance(unit.base, str) and after and self._is_call(unit, after[0]):
            call = after[0]
            assert isinstance(call, Unit)
            assert isinstance(call.base, Group)
            return self.powered(self.call(unit, call.base), call), after[1:]
        return self.atom(unit), after

    def operand(self, items: tuple[Unit | str, ...], rest: Sum | None) -> tuple[Term, tuple[Unit | str, ...]]:
        """What a logarithm applies to."""
        if not items or isinstance(items[0], str):
            raise FormulaError("a logarithm of nothing")
        first = items[0]
        if isinstance(first.base, Group) or not self.reading.greedy:
            term, left = self.factor(first, items[1:], rest)
            return term, left
        return multiply(*self.factors(items, rest)), ()

    def body(self, items: tuple[Unit | str, ...], rest: Sum | None) -> Term:
        """What a sum or an expectation without brackets applies to."""
        if not items:
            raise FormulaError("a sum or an expectation of nothing")
        first = multiply(*self.factors(items))
        return first if rest is None else add(first, *self.sum_terms(rest))

    def sum_terms(self, rest: Sum) -> list[Term]:
        whole = self.sum(rest)
        return list(whole.args) if whole.head == "add" else [whole]

    # --- operators ---

    def indexed_sum(self, unit: Unit, after: tuple[Unit | str, ...], rest: Sum | None) -> Term:
        name, lower, upper = "j", number(1), variable("J", "natural")
        if unit.subs:
            (group,) = unit.subs
            (first, *others) = group.sums
            name = _letter(first)
            if group.separators not in ((), ("=",)):
                raise FormulaError("the limits of a sum")
            lower = self.sum(others[0]) if others else lower
        if unit.sups:
            upper = self.sum(_single(unit.sups[0]))
        inner = replace(self, indices=self.indices | {name})
        return bind("sum", variable(name, "index"), lower, upper, inner.body(after, rest))

    def integral(self, unit: Unit, after: tuple[Unit | str, ...]) -> tuple[Term, tuple[Unit | str, ...]]:
        places = [i for i, item in enumerate(after) if isinstance(item, str) and item.startswith("∂")]
        if not places:
            raise FormulaError("an integral without its differential")
        place = places[-1]
        differential = str(after[place])[1:]
        over = _letter_or_none(_single(unit.subs[0])) if unit.subs else differential
        if over.lower() not in (differential.lower(), "\\script" + differential.lower()):
            raise FormulaError("the limits of an integral")
        body = multiply(*self.factors(after[:place]))
        return bind("integral", self.point(differential), body), after[place + 1 :]

    def _is_expectation(self, unit: Unit) -> bool:
        if isinstance(unit.base, Group):
            return unit.base.kind == "<"
        return unit.base == r"\Expectation" or (unit.base == "E" and bool(unit.subs))

    def expectation(
        self, unit: Unit, after: tuple[Unit | str, ...], rest: Sum | None
    ) -> tuple[Term, tuple[Unit | str, ...]]:
        law = self.law(unit.subs[0]) if unit.subs else self.only_law()
        point = law.args[0]
        if isinstance(unit.base, Group):
            return bind("expectation", point, law, self.sum(_single(unit.base))), after
        first = after[0] if after else None
        if isinstance(first, Unit) and isinstance(first.base, Group) and first.base.kind in "([{":
            term = bind("expectation", point, law, self.sum(_single(first.base)))
            return self.powered(term, first), after[1:]
        return bind("expectation", point, law, self.body(after, rest)), ()

    def only_law(self) -> Term:
        different = set(self.context.laws.values())
        if len(different) != 1:
            raise FormulaError("an expectation under which law?")
        return different.pop()

    def law(self, group: Group) -> Term:
        """``z \\sim q(z|x)``, ``q(z|x)``, ``q``, ``z``."""
        tree = group.sums[-1] if group.separators in ((), ("∼",)) else None
        if tree is None:
            raise FormulaError("the law of an expectation")
        known = self.context.laws.get(_name(_letter_or_none(tree)))
        if known is not None:
            return known
        if group.separators == ("∼",):
            return self.density_of(tree, self.point(self.variable(group.sums[0])))
        return self.density_of(tree, None)

    def density_of(self, tree: Sum, point: Term | None) -> Term:
        """A density as the law of an expectation or a side of a divergence."""
        ((_, row),) = tree.rows if len(tree.rows) == 1 else (("", Row(())),)
        first = row.items[0] if row.items else None
        if isinstance(first, Unit) and first.base == r"\Normal" and len(row.items) == 2:
            second = row.items[1]
            if isinstance(second, Unit) and isinstance(second.base, Group):
                return self.normal(second.base, point)
        letter = _letter_or_none(tree)
        if letter:
            known = self.context.laws.get(_name(letter))
            if known is not None:
                return known
            if letter in FAMILIES and point is not None:
                return density(letter.lower(), [point])
        term = self.sum(tree)
        if term.head not in ("density", "normal") or (term.head == "density" and term.data[1] != 1):
            raise FormulaError("not a density of one variable")
        return term

    def _is_pair(self, after: tuple[Unit | str, ...]) -> bool:
        first = after[0] if after else None
        return isinstance(first, Unit) and isinstance(first.base, Group) and "‖" in first.base.separators

    def divergence(self, unit: Unit, after: tuple[Unit | str, ...]) -> tuple[Term, tuple[Unit | str, ...]]:
        first = after[0] if after else None
        if not (isinstance(first, Unit) and isinstance(first.base, Group) and self._is_pair(after)):
            if self.context.divergence is None or (isinstance(first, Unit) and isinstance(first.base, Group)):
                raise FormulaError("a divergence of what?")
            return self.context.divergence, after
        place = first.base.separators.index("‖")
        sums, separators = first.base.sums, first.base.separators
        if separators != ("‖",):
            raise FormulaError("a divergence of more than two densities")
        point = next((p for p in map(self.point_of, sums) if p is not None), variable("z", "z"))
        q, p = (self.density_of(s, point) for s in (sums[place], sums[place + 1]))
        if q.args[0] != p.args[0]:
            raise FormulaError("a divergence between densities of different variables")
        return self.powered(bind("kl", q.args[0], q, p), first), after[1:]

    def point_of(self, tree: Sum) -> Term | None:
        """The variable of a density, where it says one."""
        try:
            return self.density_of(tree, None).args[0]
        except (FormulaError, KernelError):
            return None

    # --- calls ---

    def _is_call(self, unit: Unit, following: Unit | str) -> bool:
        if not isinstance(following, Unit) or not isinstance(following.base, Group) or unit.sups or unit.primes:
            return False
        group = following.base
        if group.kind != "(" or not group.sums:
            return False
        if unit.base in FAMILIES or unit.base in (r"\Normal", "f", "g", "h"):
            return True
        if _name(str(unit.base)) in self.context.symbols or str(unit.base).startswith(r"\Script"):
            return True
        return len(group.separators) > 0 and unit.base not in INDICES

    def _is_output(self, unit: Unit, following: Unit | str) -> bool:
        r"""``\mu(x)``, ``\sigma_j(x)``: an output of the encoder at a point that is fixed."""
        if _name(str(unit.base)) not in _GREEK_NAMES or not isinstance(following, Unit) or following.sups:
            return False
        group = following.base
        if not isinstance(group, Group) or group.kind != "(":
            return False
        return [_letter_or_none(s) for s in group.sums] in (["x"], ["X"]) and "x" not in self.context.apart

    def call(self, unit: Unit, group: Group) -> Term:
        if unit.base in FAMILIES:
            if any(_letters(g) - PARAMETERS for g in unit.subs):
                raise FormulaError("a density with a subscript")
            return self.density(unit, group)
        if unit.base == r"\Normal":
            return self.normal(group, None)
        if unit.base in ("f", "g", "h") and not unit.subs:
            arguments = tuple(self.point(self.variable(s)) for s in group.sums)
            return Term("function", arguments, (str(unit.base), "real"))
        if _name(str(unit.base)) in self.context.symbols:
            return self.context.symbols[_name(str(unit.base))]
        raise FormulaError(f"the function {unit.base}")

    def family(self, unit: Unit, *others: str) -> str:
        """The name of a family; its parameters tell families apart where a text has several."""
        letter = str(unit.base)
        if letter.lower() not in self.context.apart:
            return letter.lower()
        labels = sorted({_name(i) for g in unit.subs for i in _letters(g)} | set(map(_name, others)))
        return "_".join((letter, *labels))

    def variable(self, tree: Sum) -> str:
        """The letter of a variable, with its label where a text has several."""
        letter, label = _letter(tree), _label(tree)
        if any(index in self.indices for index in label):
            raise FormulaError("a draw with its number")
        return f"{letter}_{label}" if label and letter.lower() in self.context.apart else letter

    def point(self, letter: str) -> Term:
        return _point(letter, keep_case=letter[:1].lower() in self.context.apart)

    def density(self, unit: Unit, group: Group) -> Term:
        """``p(x, z)``, ``p(x | z)``; parameters among the arguments are labels of the family."""
        labels = [i for s in group.sums for i in _letters(Group("{", (s,), ())) if i in PARAMETERS]
        family = self.family(unit, *labels)
        targets: list[Term] = []
        given: list[Term] = []
        side = targets
        for separator, tree in zip(("", *group.separators), group.sums, strict=True):
            if separator == "|":
                side = given
            elif separator == ";":
                if _letter(tree) in PARAMETERS:
                    continue
                raise FormulaError("a density with a semicolon")
            elif separator not in ("", ","):
                raise FormulaError(f"a density with {separator}")
            letter = self.variable(tree)
            if letter not in PARAMETERS:
                side.append(self.point(letter))
        return density(family, targets, given)

    def normal(self, group: Group, point: Term | None) -> Term:
        """``N(z; mu, sigma^2)``, ``N(mu, diag sigma^2)``, ``N(0, I)``: components of means mu_j, variances sigma_j^2."""
        sums, separators = list(group.sums), list(group.separators)
        if separators[:1] in ([";"], ["|"]):
            point = self.point(self.variable(sums.pop(0)))
            separators.pop(0)
        if separators != [","]:
            raise FormulaError("the parameters of a normal")
        z = point or variable("z", "z")
        j = variable("j", "index")
        dimension = number(1) if self.reading.scalar else variable("J", "natural")
        mean, variance = self.entry(sums[0], j), self.variance(sums[1], j)
        return bind("normal", j, z, dimension, mean, variance)

    def entry(self, tree: Sum, j: Term) -> Term:
        """A parameter of a normal, as its j-th entry."""
        ((sign, row),) = tree.rows if len(tree.rows) == 1 else (("", Row(())),)
        if sign != "+" or len(row.items) != 1 or not isinstance(row.items[0], Unit):
            raise FormulaError("the parameters of a normal")
        unit = row.items[0]
        if isinstance(unit.base, str) and unit.base.isdigit():
            return number(unit.base)
        if not isinstance(unit.base, str) or unit.sups:
            raise FormulaError("the parameters of a normal")
        name = self.labelled(unit)
        return variable(name, "real") if self.reading.scalar else Term("component", (variable(name, "vector"), j))

    def labelled(self, unit: Unit) -> str:
        """The name of a parameter: ``mu``, ``mu_1``; a subscript for parameters or for q is left away."""
        name = _name(str(unit.base))
        labels = sorted(i for g in unit.subs for i in _letters(g) if i not in PARAMETERS)
        if name.lower() in self.context.apart or len(labels) > 1:
            raise FormulaError(f"{unit.base} with several labels")
        if labels and not (labels[0].isdigit() or labels[0] in ("p", "q")):
            raise FormulaError(f"the subscript {labels[0]}")
        return f"{name}_{labels[0]}" if labels else name

    def variance(self, tree: Sum, j: Term) -> Term:
        """``sigma^2``, ``diag sigma^2``, ``sigma^2 I``, ``Sigma`` (which is diag sigma^2), ``I``."""
        ((sign, row),) = tree.rows if len(tree.rows) == 1 else (("", Row(())),)
        items = [i for i in row.items if isinstance(i, Unit) and i.base not in (r"\diag", "I")]
        if sign != "+" or len(items) > 1 or any(isinstance(i, str) for i in row.items):
            raise FormulaError("the variance of a normal")
        if not items:
            return number(1)
        unit = items[0]
        if isinstance(unit.base, Group):
            return self.variance(_single(unit.base), j)
        if unit.base == r"\Sigma" and not unit.sups:
            unit = Unit(r"\sigma", subs=unit.subs, sups=(_power(2),))
        squared = bool(unit.sups) and self.sum(_single(unit.sups[0])) == number(2)
        if unit.sups and not squared:
            raise FormulaError("the variance of a normal")
        inner = self.entry(Sum((("+", Row((replace(unit, sups=()),))),)), j)
        return inner**2 if squared else inner

    # --- atoms ---

    def powered(self, term: Term, unit: Unit) -> Term:
        if unit.subs and (isinstance(unit.base, Group) or unit.base in (r"\frac", r"\sqrt")):
            raise FormulaError("a bracket with a subscript")
        if unit.sups and _is_parenthesised(unit.sups[0]):
            raise FormulaError("an exponent in parentheses, which may be a label")
        if unit.primes:
            raise FormulaError("a prime")
        return term ** self.sum(_single(unit.sups[0])) if unit.sups else term

    def atom(self, unit: Unit) -> Term:
        if unit.base == r"\frac":
            above, below = (self.sum(_single(g)) for g in unit.arguments)
            constant = above.head == below.head == "number" and below.data[0] != 0
            return self.powered(number(above.data[0] / below.data[0]) if constant else above / below, unit)
        if unit.base == r"\sqrt":
            return self.powered(self.sum(_single(unit.arguments[0])) ** number("1/2"), unit)
        if isinstance(unit.base, Group):
            return self.powered(self.sum(_single(unit.base)), unit)
        if unit.base[0].isdigit():
            if unit.subs:
                raise FormulaError("a number with a subscript")
            return self.powered(number(unit.base), unit)
        return self.letter(unit)

    def letter(self, unit: Unit) -> Term:
        base = str(unit.base)
        name = _name(base)
        if base == "e" and unit.sups and not unit.subs:
            return Term("exp", (self.sum(_single(unit.sups[0])),))
        if base == r"\pi" and not unit.subs:
            return self.powered(Term("pi"), unit)
        if name in self.context.symbols and not unit.subs:
            return self.powered(self.context.symbols[name], unit)
        if name.lower() in self.context.apart:
            raise FormulaError(f"{base} with several labels")
        indices = [i for g in unit.subs for i in _letters(g) if i not in PARAMETERS]
        if len(indices) > 1:
            raise FormulaError(f"{base} with several subscripts")
        if indices:
            return self.powered(self.entry_of(name, indices[0]), unit)
        return self.powered(self.plain_letter(base, name), unit)

    def entry_of(self, name: str, index: str) -> Term:
        if self.reading.scalar and (index.isdigit() or index in ("p", "q")):
            return variable(f"{name}_{index}", "real")
        if index.isdigit():
            raise FormulaError(f"{name}_{index}: an entry of a vector, or a name?")
        if index not in INDICES or self.reading.scalar:
            raise FormulaError(f"the subscript {index}")
        points = {p.data[0] for law in self.context.laws.values() for p in free(law) if p.data[1] == p.data[0]}
        kind = name if name in points or name in ("z", "x", "y") else "vector"
        return Term("component", (variable(name, kind), variable(index, "index")))

    def plain_letter(self, base: str, name: str) -> Term:
        if base == "e":
            raise FormulaError("e without an exponent")
        if base in FAMILIES:
            raise FormulaError(f"the density {base} without its variables")
        if base in self.indices:
            return variable(name, "index")
        if base in NATURALS:
            return variable(name, "natural")
        if base.startswith("\\") and not name.isalpha():
            raise FormulaError(f"the command {base}")
        if base.startswith("\\") and name not in _GREEK_NAMES:
            raise FormulaError(f"the command {base}")
        if name in ("z", "x", "y", "…", "E"):
            raise FormulaError(f"{base} where a number is wanted")
        if not self.reading.scalar and name in VECTORS:
            raise FormulaError(f"{base} is a vector where a number is wanted")
        return variable(name, "real")


_GREEK_NAMES = frozenset(
    re.findall(
        r"\w+",
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau upsilon phi chi psi omega",
    )
)


def _signed(sign: str, term: Term) -> Term:
    if sign != "-":
        return term
    if term.head == "number":
        return number(-term.data[0])
    if term.head == "multiply" and term.args[0].head == "number":
        return multiply(number(-term.args[0].data[0]), *term.args[1:])
    return number(-1) * term


def _single(group: Group) -> Sum:
    if len(group.sums) != 1:
        raise FormulaError("brackets with separators where a number is wanted")
    return group.sums[0]


def _power(exponent: int) -> Group:
    return Group("{", (Sum((("+", Row((Unit(str(exponent)),))),)),), ())


def _letter(tree: Sum) -> str:
    """The one letter that a tree is, scripts such as ``^{(i)}`` left away."""
    rows = tree.rows
    if len(rows) != 1 or rows[0][0] != "+" or len(rows[0][1].items) != 1:
        raise FormulaError("a variable is wanted")
    (item,) = rows[0][1].items
    if isinstance(item, Unit) and isinstance(item.base, Group) and item.base.kind == "{":
        return _letter(_single(item.base))
    if not isinstance(item, Unit) or not isinstance(item.base, str) or item.arguments or item.primes:
        raise FormulaError("a variable is wanted")
    if any(g.sums and not _is_label(g) for g in (*item.sups, *item.subs)):
        raise FormulaError("a variable with an exponent")
    return item.base


def _letter_or_none(tree: Sum) -> str:
    """The one letter that a tree is, without scripts for parameters; an empty string if it is more."""
    if len(tree.rows) != 1 or len(tree.rows[0][1].items) != 1:
        return ""
    (item,) = tree.rows[0][1].items
    if not isinstance(item, Unit) or item.sups or item.arguments or item.primes:
        return ""
    if isinstance(item.base, Group):
        return _letter_or_none(_single(item.base)) if item.base.kind == "{" and len(item.base.sums) == 1 else ""
    return item.base if all(_letters(g) <= PARAMETERS for g in item.subs) else ""


def _label(tree: Sum) -> str:
    """The label of a variable, such as ``(i)`` of ``x^{(i)}``; an empty string if there is none."""
    ((_, row),) = tree.rows
    (item,) = row.items
    assert isinstance(item, Unit)
    if isinstance(item.base, Group):
        return _label(_single(item.base))
    inside = [i for g in (*item.sups, *item.subs) for s in g.sums for _, r in s.rows for i in r.items]
    groups = [i.base for i in inside if isinstance(i, Unit) and isinstance(i.base, Group)]
    letters = [i.base for i in inside if isinstance(i, Unit) and isinstance(i.base, str)]
    return "".join(sorted({*letters, *(i for g in groups for s in g.sums for i in _letters(Group("{", (s,), ())))}))


def _is_parenthesised(group: Group) -> bool:
    items = [i for s in group.sums for _, r in s.rows for i in r.items]
    return len(items) == 1 and isinstance(items[0], Unit) and isinstance(items[0].base, Group)


_OPERATORS = (r"\log", r"\exp", r"\Divergence", r"\Normal", r"\sum", r"\int", r"\Expectation", r"\diag", "E")


def _check_scripts(unit: Unit) -> None:
    """Operators have no scripts but limits and laws: ``\\log_2`` is another function than ``\\log``."""
    if unit.base not in _OPERATORS:
        return
    allowed_below = unit.base in (r"\sum", r"\int", r"\Expectation", "E")
    powered = unit.base in (r"\log", r"\sum")
    if unit.primes or (unit.subs and not allowed_below) or (unit.sups and not powered):
        raise FormulaError(f"{unit.base} with a script")


def labels(tree: Sum) -> Iterator[tuple[str, str]]:
    """Letters, in lower case, with what tells them apart from the same letter elsewhere: case, label, parameters."""
    for _, row in tree.rows:
        for item in row.items:
            if not isinstance(item, Unit):
                continue
            for group in (
                *item.arguments,
                *item.subs,
                *item.sups,
                *([item.base] if isinstance(item.base, Group) else []),
            ):
                for inner in group.sums:
                    yield from labels(inner)
            if isinstance(item.base, str):
                yield from _labels_of(item, item.base)
        yield from _labels_of_arguments(row)


def _labels_of_arguments(row: Row) -> Iterator[tuple[str, str]]:
    """The parameters among the arguments of a density: ``p(x | \\theta)`` is ``p_\\theta(x)``."""
    for unit, group in zip(row.items, row.items[1:], strict=False):
        if (
            isinstance(unit, Unit)
            and unit.base in FAMILIES
            and isinstance(group, Unit)
            and isinstance(group.base, Group)
        ):
            inside = {i for s in group.base.sums for i in _letters(Group("{", (s,), ()))} & PARAMETERS
            if inside:
                yield str(unit.base).lower(), "_".join(sorted(inside))


def _labels_of(unit: Unit, base: str) -> Iterator[tuple[str, str]]:
    letter = _name(base)
    if len(letter) == 1 and letter.isalpha() and base not in INDICES | NATURALS | {"I", "E", "D"}:
        yield letter.lower(), "upper" if letter.isupper() else ""
    parameters = sorted(i for g in unit.subs for i in _letters(g) if i in PARAMETERS)
    if parameters:
        yield letter.lower(), "_".join(parameters)
    for group in unit.sups:
        if _is_parenthesised(group):
            yield letter.lower(), "^" + "".join(sorted(str(i) for i in _deep_letters(group)))


def _deep_letters(group: Group) -> Iterator[str]:
    for s in group.sums:
        for _, row in s.rows:
            for item in row.items:
                if isinstance(item, Unit):
                    yield from _deep_letters(item.base) if isinstance(item.base, Group) else (item.base,)


def _ambiguous(used: set[str]) -> bool:
    exponents = {label for label in used if label.startswith("^")}
    parameters = used - exponents - {"", "upper"}
    return {"", "upper"} <= used or len(exponents) > 1 or len(parameters) > 1


def several(trees: Iterable[Sum]) -> frozenset[str]:
    """Letters that the trees use with more than one label; no label at all is not another one, but a capital is."""
    found: dict[str, set[str]] = {}
    for tree in trees:
        for letter, label in labels(tree):
            found.setdefault(letter, set()).add(label)
    return frozenset(letter for letter, used in found.items() if _ambiguous(used))


def _is_label(group: Group) -> bool:
    """``(i)`` in ``x^{(i)}``, or an index."""
    items = [i for s in group.sums for _, row in s.rows for i in row.items]
    units = [i for i in items if isinstance(i, Unit)]
    return len(units) == len(items) and all(
        (isinstance(u.base, Group) and u.base.kind == "(") or u.base in INDICES for u in units
    )


def _letters(group: Group) -> set[str]:
    return {
        u.base if isinstance(u.base, str) and not (u.subs or u.sups or u.primes) else "()"
        for s in group.sums
        for _, row in s.rows
        for u in row.items
        if isinstance(u, Unit)
    }


def _point(letter: str, *, keep_case: bool = False) -> Term:
    name = _name(letter)
    if not (len(name.split("_")[0]) == 1 or name.split("_")[0] in _GREEK_NAMES):
        raise FormulaError(f"{letter} is no variable")
    name = name if keep_case else name.lower()
    return variable(name, name)


def readings(tree: Sum, context: Context = Context()) -> Iterator[tuple[Reading, Term]]:
    """All meanings of a formula, each once for vectors and once for numbers, with the first reading that gives it."""
    seen: set[tuple[bool, Term]] = set()
    for reading in READINGS:
        try:
            term = read(tree, reading, context)
        except FormulaError:
            continue
        if (reading.scalar, term) not in seen:
            seen.add((reading.scalar, term))
            yield reading, term
