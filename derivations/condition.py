"""What a text says its claims hold under: "if q = p(z|x)", what stands before an arrow, a choice in the lines around."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from math import inf

from derivations.convention import Model, families, modelled
from derivations.conversion import subterms
from derivations.judgement import prove
from derivations.kernel import Term, equal
from derivations.latex import text
from derivations.meaning import Meaning
from derivations.parser import parse
from derivations.reader import Context
from derivations.reading import readings
from derivations.refute import refute
from derivations.surroundings import Choice, defined
from derivations.syntax import FormulaError
from derivations.tree import plain_letter
from derivations.written import Side, WrittenChain, is_condition

_NORMAL = re.compile("gaussian|normal|diagonal|isotropic|正态|高斯", re.IGNORECASE)
BEFORE, AFTER = 6, 1  # lines around a chain in which a choice is about it


def choices(chains: Iterable[WrittenChain]) -> Iterator[Choice]:
    """The choices of a text, in its order."""
    for chain in chains:
        first, *others = chain.sides
        for side in others:
            found = _choice(first.source, side.source) if side.relation in ("=", ":=") else None
            if found is not None:
                yield Choice(chain.file, side.line, *found)


def _choice(left: str, right: str) -> tuple[Term | None, Term] | None:
    value = _density(right)
    if value is not None and value.data[0] == "q" and (prior := _density(left)) is not None:
        alike = prior.data[0] != "q" and prior.args[: prior.data[1]] == value.args[: value.data[1]]
        return (value, prior) if alike else None  # p(z) = q(z)
    if value is None or value.data[0] in ("q", "Q"):
        return None
    try:
        if plain_letter(parse(left)) in ("q", "Q"):
            return None, value
    except FormulaError:
        return None
    law = _density(left)
    chosen = law is not None and law.data[0] == "q" and law.args[: law.data[1]] == value.args[: value.data[1]]
    return (law, value) if chosen else None


def _density(source: str) -> Term | None:
    try:
        found = next((r.term for r in readings(parse(source), Context())), None)
    except FormulaError:
        return None
    return found if found is not None and found.head == "density" else None


def around(chain: WrittenChain, found: Iterable[Choice]) -> tuple[Choice, ...]:
    """The choices that a text makes in the lines around a chain, the nearest first."""
    start, end = chain.sides[0].line, max(s.line for s in chain.sides)
    near = (c for c in found if c.file == chain.file and start - BEFORE <= c.line <= end + AFTER)
    return tuple(sorted(near, key=lambda c: abs(c.line - start)))


def rests_on(meanings: Sequence[Meaning], relation: str, chosen: Iterable[Choice], usual: Term | None) -> str:
    """In words, the choice under which a relation holds that does not hold without it; empty if there is none.

    An inequality is a claim without it, since it holds both ways under it; and so is what speaks of the divergence of the
    two, which is zero then.
    """
    for choice in chosen if relation in ("=", ":=") else ():
        law = choice.law or usual
        if law is None or law.args[: law.data[1]] != choice.value.args[: choice.value.data[1]]:
            continue
        words = f"{text(law)} is {text(choice.value)}"
        for meaning in meanings:
            left, right = (modelled(side, Model(((law, choice.value),), words)) for side in meaning.sides)
            compared = any(t.head == "kl" and t.args[0] == t.args[1] for s in (left, right) for _, t in subterms(s))
            if (left, right) == meaning.sides or compared:
                continue
            if prove(left, right, relation, families(left, right)) is not None:
                return f"it holds if {words}, as line {choice.line} has it"
            if not meaning.draws and refute(equal(left, right), seconds=inf) is None:
                return f"it may hold if {words}, as line {choice.line} has it"
    return ""


def beside(chain: WrittenChain, side: Side) -> tuple[tuple[str, tuple[Side, ...]], ...]:
    """What a relation of the chain, that ends in a side, is said to hold under: in words, and with its sides."""
    said = [(_words(sides), sides) for sides in chain.conditions]
    said += [(side.note, ())] if is_condition(side.note) else []
    known = set().union(*(_letters(s.source) for s in chain.sides))
    of_normals = bool(known & {r"\mu", r"\sigma", r"\Sigma"})  # these are read as the text has them
    # what is supposed of other letters, what a symbol is defined to be and what is a choice of q is none of these
    said += [
        (" ".join(filter(None, (words, _words(sides)))), sides)
        for words, sides in chain.supposed
        if (not sides and not (of_normals and _NORMAL.search(words)))
        or (known & set().union(*(_letters(s.source) for s in sides)) and not _is_known(sides))
    ]
    return tuple(said)


def _is_known(sides: Sequence[Side]) -> bool:
    """Whether sides define a symbol, or choose a density of q: that is looked at by itself."""
    first, *others = sides
    if any(_choice(first.source, other.source) is not None for other in others):
        return True
    try:
        return bool(defined(parse(first.source)))
    except FormulaError:
        return False


def _letters(source: str) -> set[str]:
    return set(
        re.findall(
            r"\\[a-zA-Z]+|[a-zA-Z]",
            re.sub(r"\\(?:left|right|math\w+|text\w*|bm|boldsymbol|frac)(?![a-zA-Z])", " ", source),
        )
    )


def _words(sides: tuple[Side, ...]) -> str:
    return " ".join(filter(None, (s for side in sides for s in (side.relation, side.source))))
