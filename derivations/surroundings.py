"""What the text around a relation says: the laws it names, the symbols it defines, the letters it tells apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from derivations.convention import DEFAULTS, POSTERIOR, X, elbo
from derivations.conversion import subterms
from derivations.independence import Independence
from derivations.kernel import Term, density
from derivations.label import random_parameters, rows
from derivations.manuscript import Convention
from derivations.reader import Context, Reading, group_of
from derivations.reading import read
from derivations.symbol import is_size, symbol_name
from derivations.syntax import FormulaError, Row, Sum, Unit
from derivations.tree import NATURALS, PARAMETERS, alone, bases, letters, name_of, only_unit, plain_letter, units

BOUNDS = ("ELBO", "ScriptL", "ScriptF", "L(", "F(")  # what stands for the ELBO unless the text defines it otherwise


@dataclass(frozen=True)
class Choice:
    """A text chooses a density of q, ``q(z|x) = p(z|x)``, or says what holds if it is chosen.

    Attributes
    ----------
    file, line
        Where it says so.
    law
        The density of q; None for a ``q`` without its variables.
    value
        What it is to be.
    """

    file: str
    line: int
    law: Term | None
    value: Term


@dataclass(frozen=True)
class Redefinition:
    """A symbol that the chain at a place defines anew: the source and the tree of what it stands for from there on."""

    place: int
    name: str
    value: tuple[str, Sum]


@dataclass(frozen=True, eq=False)  # the same only as itself, as what it is to a relation is asked for again and again
class Surroundings:
    """What the text around a relation says.

    Attributes
    ----------
    symbols
        What symbols stand for: the source and the tree of their definition.
    called
        How they are written there, with their parameters.
    weights
        The same for symbols with an index, such as ``w_k``, with the letter of the index.
    weighed
        Whether the text itself says what ``w_k`` is.
    drawn
        Statements of laws that stand beside the definitions of symbols.
    spelled
        The same for symbols that the text says to be the ELBO and of which it says under which law, or the negative one.
    lines
        The lines in which these symbols are defined.
    distant
        Those that are defined far below the chain, and may be something else there.
    sized
        Symbols with the number of their draws as an index, such as ``L_k``: the letter of the number, and the tree.
    again
        The symbols that the text defines more than once, in its order.
    disputes, disputed
        Equations that say something else of a symbol than its definition does, and the symbols of which the text has said so.
    aside
        Equations in which a symbol for a bound is something else.
    conventions
        What comments say of the densities.
    named
        The laws that the chain has named, by variable and by family.
    beside
        The laws that are stated beside the chain, by variable, and that of an expectation which names none.
    unread
        The variables beside which a law is stated that is not known, and ``E`` if no expectation without a law has one.
    standard
        The variables that are said beside the chain to have the law ``N(0, I)``.
    spoken
        The variables of which the law is stated in the sentences around the chain only.
    apart
        Letters that the chain uses for several things.
    variables
        Letters such as ``\\theta`` that are variables in the chain, and no parameters.
    evidence
        The density of the data, ``p(x)`` or ``p(x|y)``.
    negative, positive
        Symbols for a bound that are the negative ELBO in this text, and those that are the ELBO.
    usual
        The law that q is in the text as a whole.
    assumed
        Densities that the text supposes to be products of others, as of independent variables.
    aggregates
        Densities ``q(z)`` that the text has as means over its data, with the mean.
    choices
        What the text chooses densities of q to be.
    labels
        The families that the text says to be normal with parameters of some label, with that label.
    isotropic
        Whether the text says that the covariance of q is ``\\sigma^2 I``, for one sigma.
    unusual
        Those of ``q``, ``z`` and ``epsilon`` of which the text says a normal law that is not the usual one: not ``N(\\mu,
        \\sigma^2)`` for q, not ``N(0, I)`` for the density p of a variable; ``v``, if that is no logarithm of a variance, and
        ``q(z)``, if that is a mean of ``q(z|x)``; ``steps``, if they are no Markov chain, ``log``, if it has another base.
    varying
        Letters for numbers that the text has for something random.
    decoders
        The laws that the text has for ``p(x|z)``.
    unknown
        Densities and symbols that the text defines by what we cannot read or do not use.
    improper
        Densities that the text defines by those of other families and that need not integrate to one.
    samples, sample
        What the text has for z, such as ``mu + sigma epsilon``, and what it has at the chain.
    incomplete
        Whether the definitions of the text are not among these: then no symbol stands for what it usually does.
    claimed
        Whether the chain has said something about densities before, so that numbers are no choice.
    first
        The density with which the chain begins, if it does.
    compared
        The family of which the chain has the divergence from another one, the first that it names.
    subject
        The variables of the density of which the first such side of the chain is the logarithm.
    """

    symbols: Mapping[str, tuple[str, Sum]] = field(default_factory=dict)
    called: Mapping[str, Sum] = field(default_factory=dict)
    weights: Mapping[str, tuple[str, Sum]] = field(default_factory=dict)
    weighed: bool = False
    drawn: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    spelled: Mapping[str, tuple[str, Sum]] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    distant: frozenset[str] = frozenset()
    sized: Mapping[str, tuple[str, Sum]] = field(default_factory=dict)
    again: tuple[Redefinition, ...] = ()
    disputes: tuple[Redefinition, ...] = ()
    disputed: frozenset[str] = frozenset()
    aside: tuple[Redefinition, ...] = ()
    conventions: tuple[Convention, ...] = ()
    named: Mapping[str, Term] = field(default_factory=dict)
    beside: Mapping[str, Term] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()
    standard: frozenset[str] = frozenset()
    spoken: frozenset[str] = frozenset()
    apart: frozenset[str] = frozenset()
    variables: frozenset[str] = frozenset()
    evidence: Term = field(default_factory=lambda: density("p", [X]))
    negative: frozenset[str] = frozenset()
    positive: frozenset[str] = frozenset()
    usual: Term | None = POSTERIOR
    assumed: tuple[Independence, ...] = ()
    aggregates: Mapping[Term, Term] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    isotropic: bool = False
    unusual: frozenset[str] = frozenset()
    varying: frozenset[str] = frozenset()
    decoders: tuple[Sum, ...] = ()
    unknown: frozenset[Term | str] = frozenset()
    improper: frozenset[Term] = frozenset()
    samples: tuple[Redefinition, ...] = ()
    sample: Sum | None = None
    incomplete: bool = False
    claimed: bool = False
    first: Term | None = None
    compared: str = ""
    subject: frozenset[Term] = frozenset()

    @property
    def bound(self) -> Term | None:
        """The ELBO for the q of the chain, or of the text where that is a density of data; None if there is no such q."""
        q = next((q for law in (self.laws.get("q"), self.usual) if (q := _given(law, self.evidence)) is not None), None)
        return None if self.incomplete or q is None else elbo(q, self.evidence)

    @property
    def weight(self) -> Term:
        """``p(x, z) / q(z | x)`` for the approximation of the text."""
        q, (targets, given) = self.laws["q"], _parts(self.evidence)
        latent, known = _parts(q)
        return density("p", [*targets, *latent], {*given, *known} - {*targets}) / q

    @property
    def laws(self) -> dict[str, Term]:
        """The laws that letters stand for."""
        found = {**DEFAULTS, **self.named, **self.beside}
        return {letter: law for letter, law in found.items() if letter not in self.unread}


def _given(law: Term | None, data: Term) -> Term | None:
    """The density of what is latent given the data, ``q(z|x)`` for ``q(x,z)``; None for a density of data alone."""
    if law is None or law.head != "density":
        return None
    targets, given = _parts(law)
    latent = [a for a in targets if a not in data.args]
    if latent == targets:
        return law
    return density(law.data[0], latent, {*given, *data.args}) if latent and {*data.args} <= {*targets, *given} else None


def _parts(law: Term) -> tuple[list[Term], list[Term]]:
    """The variables of a density, and those that it is given."""
    return list(law.args[: law.data[1]]), list(law.args[law.data[1] :])


def densities(trees: Iterable[Sum], *letters_of: str) -> list[Term]:
    """The densities of families of these letters in the trees, each once; what cannot be read is passed over."""
    found: dict[Term, None] = {}
    trees = list(trees)
    context = Context(variables=random_parameters(trees))
    for tree in trees:
        for row in rows(tree):
            for unit, group in zip(row.items, row.items[1:], strict=False):
                wanted = isinstance(unit, Unit) and str(unit.base) in letters_of and group_of(group, "(")
                if wanted and isinstance(unit, Unit) and not _labelled(unit):
                    try:
                        term = read(alone(unit, group), Reading(), context).term
                    except FormulaError:
                        continue
                    found |= {t: None for _, t in subterms(term) if t.head == "density"}
    return list(found)


def _labelled(unit: Unit) -> bool:
    return any(not letters(g) <= PARAMETERS for g in unit.subs)


def approximation(trees: Iterable[Sum], usual: Term | None = POSTERIOR) -> Term | None:
    """The law that q is: the only one that the trees name, or q(z|x) among several; the usual one if they name none."""
    named = densities(trees, "q", "Q")
    found = [d for d in named if not _is_data(d)] or named
    if len(found) == 1:
        return found[0]
    return usual if not found else POSTERIOR if POSTERIOR in found else None


def _is_data(term: Term) -> bool:
    return all(a.data[-1][0] in "xyd" for a in term.args[: term.data[1]])


def _is_latent(term: Term) -> bool:
    return any(a.data[-1][0] not in "xyd" for a in term.args)


def evidence(q: Term | None, trees: list[Sum]) -> Term:
    """``p(x)``, or the density of the data of which the text speaks: ``p(x|y)`` where q is given both."""
    given = set(q.args[q.data[1] :]) if q is not None else set()
    named = densities(trees, "p", "P")
    candidates = [d for d in named if _is_data(d) and d.data[1] and not _is_latent(d)]
    if not candidates:  # p(y | z) alone is of y, and so is p(z | y)
        of_data = {a for d in named for a in d.args if a.data[-1][0] in "xyd"}
        candidates = [density("p", of_data)] if len(of_data) == 1 else []
    for d in candidates:
        if given and set(d.args) == given:
            return d
    if given and len({a.data[-1] for a in given}) == len(given):
        return density("p", given)
    return candidates[0] if len(set(candidates)) == 1 else density("p", [X])


# --- definitions ---


def defined(tree: Sum) -> str:
    """The name of the symbol that a side consists of, with plain arguments if any; else an empty string."""
    if len(tree.rows) != 1 or tree.rows[0][0] != "+":
        return ""
    first, *rest = tree.rows[0][1].items
    if not isinstance(first, Unit) or not isinstance(first.base, str) or first.sups or first.primes or len(rest) > 1:
        return ""
    try:
        name = symbol_name(first)
    except FormulaError:
        return ""
    if not _may_be_defined(first.base, name, bool(rest)):
        return ""
    called = rest and isinstance(rest[0], Unit) and group_of(rest[0], "([") and not (rest[0].subs or rest[0].sups)
    if rest and (not called or is_likelihood(rest[0])):
        return ""
    if first.base in ("L", "F") and "_" not in name:
        group = group_of(rest[0], "([") if rest else None
        return name + "(" if group is not None and _is_bound_call(group.sums) else ""
    return name


def is_likelihood(call: Unit | str) -> bool:
    r"""Whether the arguments of a symbol are parameters given data, ``L(\theta | X)``: that is the likelihood, no bound."""
    group = group_of(call, "([")
    if group is None or "|" not in group.separators[:1]:
        return False
    first, second = (only_unit(s) for s in group.sums[:2])
    return first is not None and first.base in PARAMETERS and second is not None and str(second.base) not in PARAMETERS


def negative(tree: Sum) -> Sum:
    """The negative of a side."""
    return Sum(tuple(("+" if sign == "-" else "-", row) for sign, row in tree.rows))


def _may_be_defined(base: str, name: str, called: bool) -> bool:
    if base in (r"\ScriptH", r"\ScriptI", r"\ScriptD"):
        return False
    if name == "w":
        return not called
    if base.startswith((r"\Script", r"\ELBO", r"\Word", r"\ell")):
        return True
    return base in ("L", "F", "J") and (called or "_" in name)


def _is_bound_call(sums: tuple[Sum, ...]) -> bool:
    """Whether the arguments of L(...) are those of a bound: parameters, q, x."""
    found = [only_unit(s) for s in sums]
    known = {"x", "X", "q", "Q", *PARAMETERS}
    return bool(found) and all(u is not None and u.base in known for u in found)


def weight_defined(tree: Sum, value: Sum | None = None) -> tuple[str, str]:
    r"""``w`` and ``k`` for the side ``w_k``, and the same for another letter that is defined as ``\log \sigma_k^2``."""
    unit = only_unit(tree)
    if unit is None or not isinstance(unit.base, str) or len(unit.subs) != 1 or unit.sups:
        return "", ""
    index = only_unit(unit.subs[0].sums[0])
    if (
        index is None
        or index.base not in ("k", "i", "l", "j", "d", "m", "n")
        or not (unit.base == "w" or _is_log_variance(unit, value))
    ):
        return "", ""
    return name_of(unit.base), str(index.base)


def _is_log_variance(unit: Unit, value: Sum | None) -> bool:
    """Whether a letter that stands for nothing else in the field is defined as the logarithm of a scale."""
    known = {r"\mu", r"\sigma", "v", "x", "y", "z", "p", "q", r"\epsilon"}
    return value is not None and unit.base not in known and {r"\log", r"\sigma"} <= bases(value) <= _OF_SCALES


_OF_SCALES = {r"\log", r"\sigma", "2", "j", "i", "k", "l", "d"}


def size_defined(left: Sum, right: Sum) -> tuple[str, str]:
    """``ScriptL`` and ``k`` where ``L_k`` is defined by a sum up to k; empty strings for another definition."""
    unit = only_unit(left)
    index = plain_letter(unit.subs[0].sums[0]) if unit is not None and len(unit.subs) == 1 and not unit.sups else ""
    limits = {plain_letter(u.sups[0].sums[0]) for u in units(right) if u.base == r"\sum" and u.sups}
    if unit is None or index not in NATURALS or index not in limits or not isinstance(unit.base, str):
        return "", ""
    return name_of(unit.base), index


def has_size(tree: Sum, sized: Mapping[str, tuple[str, Sum]]) -> bool:
    """Whether a side is such a symbol with a number of draws, as ``L_2`` where ``L_k`` is defined."""
    unit = only_unit(tree)
    name = name_of(unit.base) if unit is not None and isinstance(unit.base, str) else ""
    return unit is not None and name in sized and is_size(unit, sized[name][0])


def names_in(tree: Sum) -> set[str]:
    """The names of the letters in a tree that may be symbols, with a bracket where they are called too."""
    found = set()
    for unit in units(tree):
        if isinstance(unit.base, str):
            try:
                name = symbol_name(unit)
            except FormulaError:
                continue
            found |= {name, name + "("}
    return found


def meant_by(trees: Iterable[Sum], around: Surroundings) -> list[Sum]:
    """The definitions of the symbols in the trees, and of those in these definitions."""
    tables = (around.symbols, around.weights, around.spelled, around.sized)
    found: dict[tuple[int, str], Sum] = {}
    waiting = list(trees)
    while waiting:
        tree = waiting.pop()
        names = names_in(tree) | {name_of(u.base) for u in units(tree) if isinstance(u.base, str)}
        new = {(i, n): t[n][1] for i, t in enumerate(tables) for n in names & t.keys() if (i, n) not in found}
        found |= new
        waiting += new.values()
    return list(found.values())


def bound_symbols(tree: Sum) -> set[str]:
    """The symbols in a tree that may stand for the ELBO."""
    found = set()
    for unit in units(tree):
        if isinstance(unit.base, str) and not _labelled(unit):
            name = name_of(unit.base)
            found |= {n for n in (name, name + "(") if n in BOUNDS}
    return found


def negated(trees: Iterable[Sum]) -> set[str]:
    """The symbols that may stand for the ELBO and from which the trees take the negative."""
    minus = (Sum((("+", row),)) for tree in trees for sign, row in tree.rows if sign == "-")
    heads = (Sum((("+", Row(tree.rows[0][1].items[:1])),)) for tree in minus)
    return {name for head in heads for name in bound_symbols(head)}
