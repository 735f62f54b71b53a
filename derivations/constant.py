r"""Equations up to a constant, ``A = B + \text{const}``: that A - B does not depend on what varies.

What varies is the variable of the density whose logarithm one side is, or the first side of the chain. Of other sides,
such as expectations and divergences, nothing says it: their difference may then depend on scales and dimensions alone,
or, where they are about an approximation q, on all but q.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf

from derivations.convention import families
from derivations.conversion import subterms
from derivations.counterexample import Counterexample
from derivations.derivative import fresh
from derivations.functional import DRAWS
from derivations.judgement import Proof, prove
from derivations.kernel import Term, equal, free, substitute
from derivations.law import laws
from derivations.meaning import Meaning
from derivations.refute import refute
from derivations.syntax import Row, Sum
from derivations.tree import FAMILIES, name_of, only_unit, units

WORDS = {r"\Word" + word for word in ("const", "Const", "constant", "Constant", "cst", "cte")}
_LETTERS = {"C", "c"}


def without_constants(
    trees: tuple[Sum, Sum], symbols: Mapping[str, object]
) -> tuple[tuple[Sum, Sum], tuple[bool, bool]] | None:
    r"""Both sides without ``+ \text{const}`` or ``+ C``, and which of them had it; None if none had.

    A letter is such a constant if it is nothing but a summand; what the text defines is none.
    """
    letters = {c for c in _LETTERS if all(_counted(t, c) == sum(u.base == c for u in units(t)) for t in trees)}
    names = {n for n in WORDS | letters if name_of(n) not in symbols}
    left, right = (Sum(tuple((sign, row) for sign, row in t.rows if _name(row) not in names)) for t in trees)
    had = len(left.rows) < len(trees[0].rows), len(right.rows) < len(trees[1].rows)
    return ((left, right), had) if any(had) and left.rows and right.rows else None


def is_lettered(trees: tuple[Sum, Sum]) -> bool:
    """Whether the constant is a letter: it may be a name for something that does vary."""
    return any(_name(row) in _LETTERS for tree in trees for _, row in tree.rows)


def _counted(tree: Sum, name: str) -> int:
    return sum(_name(row) == name for _, row in tree.rows)


def _name(row: Row) -> str:
    """The letter or word that a row is; empty for any other."""
    unit = only_unit(Sum((("+", row),)))
    bare = unit is not None and not (unit.sups or unit.subs or unit.arguments or unit.primes)
    return unit.base if unit is not None and bare and isinstance(unit.base, str) else ""


def is_open(trees: tuple[Sum, Sum], meaning: Meaning) -> bool:
    """Whether it may be a choice, as of q by the others, or speak of a family with and without its parameter."""
    for side, other in (meaning.sides, meaning.sides[::-1]):
        laws_of = [s.args[0] for s in _summands(side) if s.head == "log" and s.args[0].head == "density"]
        others = [t for _, t in subterms(other) if t.head == "density"]
        if any(not any(_speaks_of(t, law) for t in others) for law in laws_of):
            return True
    marked: dict[str, set[bool]] = {}
    for unit in (u for tree in trees for u in units(tree) if u.base in FAMILIES):
        marked.setdefault(str(unit.base).lower(), set()).add(bool(unit.subs))
    return any(len(m) > 1 for m in marked.values())


def _speaks_of(density: Term, law: Term) -> bool:
    """Whether a density is one of the same family, and of a variable of the law."""
    return density.data[0] == law.data[0] and bool({*density.args} & {*law.args[: law.data[1]]})


# --- what varies ---


def subject(term: Term) -> frozenset[Term]:
    """The variables of the density of which a side is the logarithm, or the negative one; else none."""
    if term.head == "multiply" and len(term.args) == 2 and term.args[0].head == "number":
        term = term.args[1]
    law = term.args[0] if term.head == "log" else term
    if term.head != "log" or law.head not in ("density", "normal"):
        return frozenset()
    return frozenset(law.args[:1] if law.head == "normal" else law.args[: law.data[1]])


@dataclass(frozen=True)
class Variation:
    """What takes other values: variables, and families of densities or functions, by their names."""

    variables: frozenset[Term] = frozenset()
    names: frozenset[str] = frozenset()

    @property
    def words(self) -> str:
        """What varies, in words."""
        return ", ".join(sorted({*(v.data[0] for v in self.variables), *self.names}))

    def beside(self, *terms: Term) -> Variation:
        """The variation of what the summands are about in which nothing of it occurs, as well."""
        parts = [_moving(part) for term in terms for part in _summands(term)]
        apart = [p for p in parts if not (p.variables & self.variables or p.names & self.names)]
        return Variation(
            self.variables.union(*(p.variables for p in apart)), self.names.union(*(p.names for p in apart))
        )

    def elsewhere(self, term: Term, *others: Term) -> Term:
        """The term where what varies has other values, of names that the other terms do not have."""
        term = self._renamed(term)
        for v in sorted(self.variables, key=repr):
            term = substitute(term, v, fresh(v, term, *others))
        return term

    def _renamed(self, term: Term) -> Term:
        args = tuple(map(self._renamed, term.args))
        named = term.head in ("density", "function") and term.data[0] in self.names
        data = (term.data[0] + "'", *term.data[1:]) if named else term.data
        return Term(term.head, args, data, term.bound)


def variations(
    meaning: Meaning, known: frozenset[Term], had: tuple[bool, bool] = (False, True)
) -> tuple[list[Variation], list[Variation]]:
    """The variations, each of which may be meant in a proof; and those all of which a refutation has to deny.

    What a summand beside the constant is about that depends on nothing else that varies is kept, and so varies, too:
    ``- log sigma``. The sides that `had` a constant are such.
    """
    kept = [side for side, constant in zip(meaning.sides, had, strict=True) if constant]
    left, right = meaning.sides
    moving = _moving(left, right)
    single = [
        *(Variation(frozenset([v])) for v in sorted(moving.variables, key=repr)),
        *(Variation(names=frozenset([n])) for n in sorted(moving.names)),
    ]
    named = known or subject(left) or subject(right)
    if named:
        about = Variation(named)
        return ([about.beside(*kept)], [about, *single]) if named <= moving.variables else ([], [])
    everything = Variation(moving.variables - _scales(left, right), moving.names)
    of_q = Variation(names=frozenset(str(law.data[0]) for _, law in laws(left, right) if law.head == "density") & {"q"})
    return [v.beside(*kept) for v in (everything, of_q) if v != Variation()], single


def _moving(*terms: Term) -> Variation:
    """All that may vary in terms: all but dimensions and indices."""
    names = {
        str(t.data[0]) for term in terms for _, t in subterms(term) if t.head in ("density", "function") and t != DRAWS
    }
    variables = {v for term in terms for v in free(term) if v.data[1] not in ("natural", "index")}
    return Variation(frozenset(variables), frozenset(names))


def _scales(*terms: Term) -> frozenset[Term]:
    """The scales of the decoder, which a text may keep fixed: the numbers in the variances of normal densities of data."""
    normals = [t for term in terms for _, t in subterms(term) if t.head == "normal"]
    of_data, others = ([t for t in normals if (t.args[0].data[-1][0] in "xy") is data] for data in (True, False))
    found = {v for t in of_data for v in free(t.args[3]) if v.data[1] == "real"}
    return frozenset(found.difference(*map(free, others)))


def _summands(term: Term) -> Iterator[Term]:
    """The summands of a term, out of brackets."""
    inner = term.args[-1] if term.head == "multiply" and all(a.head == "number" for a in term.args[:-1]) else term
    if inner.head == "add":
        for a in inner.args:
            yield from _summands(a)
    else:
        yield inner


# --- proofs and counterexamples ---


def constant_proof(meaning: Meaning, variation: Variation) -> Proof | None:
    """A proof that the difference of the sides stays the same."""
    there, here = _differences(meaning, variation)
    return prove(there, here, "=", families(there, here))


def only_lacks_constant(meaning: Meaning, known: frozenset[Term]) -> str:
    """In words, that the sides differ by a constant in what both depend on; empty if no proof of that is found."""
    for variation in variations(meaning, known)[0]:
        moved = all(variation.elsewhere(side) != side for side in meaning.sides)
        if moved and constant_proof(meaning, variation) is not None:
            return f"`+ const` is missing: the gap does not depend on {variation.words}"
    return ""


def varied(meaning: Meaning, variation: Variation) -> Counterexample | None:
    """Two values of what varies at which the difference of the sides is not the same."""
    return refute(equal(*_differences(meaning, variation)), seconds=inf)


def _differences(meaning: Meaning, variation: Variation) -> tuple[Term, Term]:
    here = meaning.left - meaning.right
    return here, variation.elsewhere(here)


def once(hypotheses: tuple[str, ...]) -> Iterator[str]:
    """The hypotheses in words, without those that say of the other values what is said of the first."""
    for words in hypotheses:
        plain = words.replace("'", "")
        if plain == words or plain not in hypotheses:
            yield words
