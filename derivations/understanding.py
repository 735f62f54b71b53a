"""All that a relation of a text may mean: readings of both sides in every context, as written and under the conventions."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from derivations.clue import Trees
from derivations.context import contexts, families_of, shown
from derivations.conversion import subterms
from derivations.draw import over_draws
from derivations.kernel import KernelError, Term, bind, equal, number
from derivations.law import named_laws
from derivations.meaning import Meaning
from derivations.name import check_names
from derivations.reader import Context, Found, Reading
from derivations.reading import Read, read, readings
from derivations.supposition import averaged_over_data, sampled_as, under_conventions
from derivations.surroundings import Surroundings
from derivations.syntax import FormulaError


def meanings(trees: Trees, around: Surroundings, relation: str = "=") -> tuple[Meaning, ...]:
    """Readings that give both sides a meaning, as written and under the conventions, each once."""
    return _meanings(trees, around, relation if relation in ("~", "prop") else "=")


@lru_cache(maxsize=16)  # one relation is judged, then looked at for conditions, then mended
def _meanings(trees: Trees, around: Surroundings, relation: str) -> tuple[Meaning, ...]:
    found: dict[tuple[Term, Term], Meaning] = {}
    for meaning in _all(trees, around, relation):
        if (meaning.left, meaning.right) not in found and _consistent(meaning):
            found[meaning.left, meaning.right] = meaning
    return tuple(found.values())


def _consistent(meaning: Meaning) -> bool:
    """Whether no name stands for two things, such as a point and a vector of parameters."""
    try:
        check_names(equal(meaning.left, meaning.right))
    except ValueError:
        return False
    return True


def _all(trees: Trees, around: Surroundings, relation: str) -> Iterator[Meaning]:
    drawn = frozenset({"z", "epsilon"}) if relation == "~" else frozenset()
    for family in families_of(trees, around):
        for names, words in contexts(trees, around, family):
            left, right = (
                list(readings(tree, names, d, scalar=not family.vector))
                for tree, d in zip(trees, (frozenset[str](), drawn), strict=True)
            )
            for first in left:
                for second in right:
                    found = _meaning(first, second, relation, names, words, around)
                    if found is None:
                        continue
                    for meaning in under_conventions(found, trees, around, family, names):
                        sized = meaning if family.vector else _of_one_number(meaning, around)
                        yield from averaged_over_data(sampled_as(sized, around, names), trees)


def _of_one_number(meaning: Meaning, around: Surroundings) -> Meaning:
    r"""A meaning for the normal law of one number, which is a condition where the text has ``\sigma^2 I`` for its variance."""
    return meaning.under("z is one number") if around.isotropic and meaning.convention else meaning


def _meaning(
    first: Read, second: Read, relation: str, names: Context, words: tuple[str, ...], around: Surroundings
) -> Meaning | None:
    left, right = first.term, second.term
    draws = {**first.found.draws, **second.found.draws}
    if relation == "~":
        used = {t.data[0] for _, t in subterms(right) if t.head == "function" and len(t.args) == 2}
        laws = {**names.laws, **named_laws(left), **around.beside, **_standard_laws(left, around)}
        draws |= {letter: laws[letter] for letter in (used - around.unread) & laws.keys()}
        if not used or not used <= draws.keys():
            return None
        right = over_draws(right)
    if relation == "prop":
        start = left if left.head in ("density", "normal") else around.first
        if start is None or (start.head == "density" and start.data[1] != 1):
            return None
        left, right = (s if s == start else s / bind("integral", start.args[0], s) for s in (left, right))
    used_words = [w for w in words if _is_used(w, first.found, second.found)]
    return Meaning((first.reading, second.reading), left, right, "", draws, tuple(used_words))


def _standard_laws(left: Term, around: Surroundings) -> dict[str, Term]:
    """The laws ``N(0, I)`` of a side, of variables that are said to have this law."""
    found = {letter: law for letter, law in named_laws(left).items() if letter in around.standard}
    return {k: law for k, law in found.items() if law.head == "normal" and law.args[2:] == (number(0), number(1))}


def _is_used(word: str, *found: Found) -> bool:
    """Whether a convention in words, such as ``L is ...``, is about a symbol that was read."""
    symbols = {s for f in found for s in f.symbols} | {r for f in found for r in f.remarks}
    return any(shown(s) == word.split(" ")[0] for s in symbols) or word.startswith(("p is ", "N("))


def why_none(trees: Trees, around: Surroundings) -> str:
    """Why a relation has no meaning that we know."""
    for tree in trees:
        reasons = []
        for family in families_of(trees, around):
            for names, _ in contexts(trees, around, family):
                try:
                    read(tree, Reading(scalar=not family.vector), names)
                    reasons.append("")
                except (FormulaError, KernelError) as error:
                    reasons.append(str(error))
        if reasons and all(reasons):
            return reasons[-1]
    return "the sides have no common reading"
