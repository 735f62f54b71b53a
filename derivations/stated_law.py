r"""The laws that a text states beside a formula, such as ``z^{(l)} \sim p(z)``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from derivations.clue import normal_parameters
from derivations.functional import are_draws, clauses
from derivations.kernel import Term, density, variable
from derivations.parser import parse
from derivations.reader import Context
from derivations.reading import readings
from derivations.syntax import FormulaError, Sum, Unit
from derivations.tree import Label, alone, bases, name_of, only_unit, plain_letter, units, variable_of


@dataclass(frozen=True)
class Stated:
    r"""What a text says of the laws of variables, by their letters.

    Attributes
    ----------
    laws
        The densities that variables are said to have.
    standard
        The densities ``p(z)`` and ``p(\epsilon)``, where it is said that the law is ``N(0, I)``.
    unread
        The letters with a law that is not known: another normal law, several laws, that of one numbered variable.
    trees
        The laws as they are written.
    """

    laws: Mapping[str, Term] = field(default_factory=dict)
    standard: Mapping[str, Term] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()
    trees: tuple[Sum, ...] = ()

    @property
    def letters(self) -> frozenset[str]:
        """The letters of which something is said."""
        return frozenset({*self.laws, *self.standard, *self.unread})

    def after(self, earlier: Stated) -> Stated:
        """Both, where what is said here counts."""
        return Stated(
            {**{k: law for k, law in earlier.laws.items() if k not in self.letters}, **self.laws},
            {**{k: law for k, law in earlier.standard.items() if k not in self.letters}, **self.standard},
            (earlier.unread - self.letters) | self.unread,
            (*earlier.trees, *self.trees),
        )

    def without(self, letters: frozenset[str]) -> Stated:
        """The same where the laws of these letters are not known."""
        return Stated(unread=letters, trees=self.trees).after(self)

    def without_standard(self, letter: str) -> Stated:
        """The same where ``N(0, I)`` is not the density of this letter."""
        if letter not in self.standard:
            return self
        standard = {k: law for k, law in self.standard.items() if k != letter}
        return replace(self, standard=standard, unread=self.unread | {letter})


def stated_laws(sources: Iterable[str], apart: frozenset[str] = frozenset()) -> Stated:
    r"""What statements say of the laws of variables.

    That z has the law q, or ``N(\mu, \sigma^2)``, is known without them.

    Parameters
    ----------
    sources
        Statements in LaTeX, each of one variable or of several with a comma between.
    apart
        Letters that the text uses with several labels.
    """
    found: dict[str, set[Term | None]] = {}
    standard: dict[str, Term] = {}
    trees: list[Sum] = []
    for source in sources:
        for letter, law, tree in _stated(source, Context(apart=apart)):
            trees += [tree] if tree is not None else []
            if law is not None and tree is not None and is_standard_normal(tree):
                standard[letter] = law
            if letter:
                found.setdefault(letter, set()).add(law)
    laws = {letter: law for letter, (law, *others) in found.items() if law is not None and not others}
    return Stated(
        {letter: law for letter, law in laws.items() if letter not in standard},
        {letter: law for letter, law in standard.items() if letter in laws},
        frozenset(found.keys() - laws.keys()),
        tuple(trees),
    )


def is_standard_normal(law: Sum) -> bool:
    """Whether a law is written ``N(0, I)`` or ``N(z; 0, 1)``."""
    parameters = normal_parameters(law)
    scale = only_unit(parameters[1]) if parameters else None
    is_one = scale is not None and scale.base in ("1", "I", r"\One") and not (scale.sups or scale.primes)
    return is_one and plain_letter(parameters[0]) in ("0", r"\Zero")


def _stated(source: str, names_of: Context) -> Iterator[tuple[str, Term | None, Sum | None]]:
    """Letters with their densities, None for one that is not known, and with their laws as they are written."""
    try:
        mean = parse(rf"\mathbb{{E}}_{{{source}}}").rows[0][1].items[0]
        said = list(clauses(mean.subs[0])) if isinstance(mean, Unit) and len(mean.subs) == 1 else []
    except FormulaError:
        said = []
    if not said:
        yield from ((letter, None, None) for letter in _letter_before(source))
    for names, law in said:
        if law is None or not names:
            continue
        if _is_of_q(law):
            yield "", None, law
            continue
        yield from ((letter, _law_of(letter, names, law, names_of), law) for name in names for letter in _letters(name))


def _letter_before(source: str) -> set[str]:
    """The letter of which a law is stated that cannot be read."""
    try:
        return {*_letters(parse(source.partition(r"\sim")[0]))}
    except FormulaError:
        return set()


def _letters(name: Sum) -> Iterator[str]:
    """The letters of variables in a name, which may have any label."""
    for unit in units(name):
        try:
            yield name_of(variable_of(alone(Unit(unit.base)))[0]).lower()
        except FormulaError:
            continue


def _is_of_q(law: Sum) -> bool:
    r"""Whether a law is ``q``, or ``N(\mu, \sigma^2)``, which q is anyway."""
    unit, first = only_unit(law), law.rows[0][1].items[0]
    is_normal = isinstance(first, Unit) and first.base == r"\Normal" and {r"\mu", r"\sigma"} <= bases(law)
    return is_normal or (unit is not None and unit.base in ("q", "Q") and not unit.primes)


def _law_of(letter: str, names: list[Sum], law: Sum, context: Context) -> Term | None:
    try:
        if not are_draws(names) and (len(names) > 1 or not _is_plain(names[0]) or _is_numbered_too(names[0], law)):
            return None
        if letter in ("z", "epsilon") and is_standard_normal(law):
            return density("p", [variable(letter, letter)])
        term = next((f.term for f in readings(law, context)), None)
    except FormulaError:
        return None
    if term is None or term.head != "density" or term.args[: term.data[1]] != (variable(letter, letter),):
        return None
    return term


def _is_numbered_too(name: Sum, law: Sum) -> bool:
    """Whether the law is another one for each draw, as in ``z_i ~ q(z|x_i)``."""
    own, label = variable_of(name)
    others = (u for u in units(law) if isinstance(u.base, str) and u.base != own and (u.subs or u.sups))
    return bool(label.indices) and any({*label.indices} <= {*_indices(u)} for u in others)


def _indices(unit: Unit) -> list[str]:
    try:
        return Label(unit).indices
    except FormulaError:
        return []


def _is_plain(name: Sum) -> bool:
    """Whether a name is ``z``, or ``z_k`` for any k: with a number or a prime it is one variable among several."""
    label = variable_of(name)[1]
    return not label.kept and not label.primes
