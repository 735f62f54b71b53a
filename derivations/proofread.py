"""Judge the relations of a manuscript: proved by the kernel, refuted by a counterexample, undecided, or unparsed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf

from derivations.convention import DEFAULTS, context, elbo, families, stated
from derivations.edit import mend
from derivations.judgement import Proof, prove
from derivations.kernel import Term, at_most, equal
from derivations.latex import text
from derivations.law import named_laws
from derivations.manuscript import Convention
from derivations.meaning import Meaning, Surroundings, doubt, is_assumption, meanings, why_none
from derivations.reading import Context, readings, several
from derivations.refute import refute
from derivations.syntax import FormulaError, Group, Sum, Unit, parse
from derivations.written import Side, WrittenChain

RELATIONS = ("=", "<=", ">=", ":=")


@dataclass(frozen=True)
class Judgement:
    """What is said of one relation.

    Attributes
    ----------
    file, line, chain, index
        Where it stands: chains are counted from 0 in a file, relations from 0 in a chain.
    relation, lhs, rhs
        The relation and its sides, as written.
    verdict
        ``proved``, ``refuted``, ``undecided`` or ``unparsed``.
    by, hypotheses
        Of a proof: by what it holds, and what it supposes; the conventions that were used come first.
    counterexample
        Of a refutation: the model, and the values of both sides.
    reading
        How the sides were read.
    message
        In one line, what else there is to say.
    """

    file: str
    line: int
    chain: int
    index: int
    relation: str
    lhs: str
    rhs: str
    verdict: str
    by: str = ""
    hypotheses: tuple[str, ...] = ()
    counterexample: str | None = None
    reading: str | None = None
    message: str = ""


def proofread(chains: Sequence[WrittenChain], conventions: Sequence[Convention] = ()) -> Iterator[Judgement]:
    """Judge every relation of the chains, in their order.

    Parameters
    ----------
    chains
        Of one manuscript.
    conventions
        What its comments say; without any, the conventions of the field hold.

    Raises
    ------
    derivations.manuscript.ManuscriptError
        If a convention cannot be used.
    """
    around = surroundings(chains, conventions)
    for number, chain in enumerate(chains):
        yield from (judgement for judgement, last in judgements(chain, number, around) if last)


def surroundings(chains: Iterable[WrittenChain], conventions: Sequence[Convention]) -> Surroundings:
    """What a manuscript says to each of its chains."""
    stated(conventions, vector=True)
    return Surroundings(_definitions(chains), tuple(conventions))


def blank(chain: WrittenChain, number: int, index: int) -> Judgement:
    """A relation of the chain of that number, undecided as yet."""
    before, after = chain.sides[index : index + 2]
    return Judgement(chain.file, after.line, number, index, after.relation, before.source, after.source, "undecided")


def judgements(
    chain: WrittenChain, number: int, around: Surroundings, first: int = 0
) -> Iterator[tuple[Judgement, bool]]:
    """Judge the relations of one chain, from one of them on: each judgement, and whether it is the last word.

    A refuted relation comes first as it is, then with the edit that mends it: the search for it takes longer.
    """
    around = replace(around, apart=several(_trees(chain.sides)))
    for i, sides in enumerate(zip(chain.sides, chain.sides[1:], strict=False)):
        for side in sides:
            around = replace(around, named={**around.named, **_laws(side, around)})
        if i >= first:
            judgement = _judged_safely(blank(chain, number, i), around)
            yield judgement, judgement.verdict != "refuted"
            if judgement.verdict == "refuted":
                yield _mended(judgement, around), True


def _mended(refuted: Judgement, around: Surroundings) -> Judgement:
    """The judgement with the edit that makes the step true, if there is one; the left side of a step is that of a
    step before, and left alone, but for the first.
    """
    found = list(meanings((parse(refuted.lhs), parse(refuted.rhs)), around))
    relation = "=" if refuted.relation == ":=" else refuted.relation
    for meaning in [m for m in found if m.convention] or found:
        edit = mend(meaning.left, meaning.right, relation, both_sides=refuted.index == 0)
        if edit is not None:
            return replace(refuted, message=f"{edit.words}; {refuted.message}")
    return refuted


def _judged_safely(blank: Judgement, around: Surroundings) -> Judgement:
    try:
        return _judged(blank, around)
    except RecursionError:
        return replace(blank, verdict="unparsed", message="nested too deeply")


def _trees(sides: Iterable[Side]) -> Iterator[Sum]:
    for side in sides:
        try:
            yield parse(side.source)
        except FormulaError:
            continue


def _definitions(chains: Iterable[WrittenChain]) -> dict[str, tuple[str, Sum]]:
    """What a calligraphic letter stands for: the source and the tree of the side that first follows it."""
    found: dict[str, tuple[str, Sum]] = {}
    for chain in chains:
        for before, after in zip(chain.sides, chain.sides[1:], strict=False):
            try:
                name, tree = _defined(parse(before.source)), parse(after.source)
            except FormulaError:
                continue
            if name and after.relation in ("=", ":="):
                found.setdefault(name, (after.source, tree))
    return found


def _defined(tree: Sum) -> str:
    """The calligraphic letter that a side consists of, with plain arguments; else an empty string."""
    if len(tree.rows) != 1 or tree.rows[0][0] != "+":
        return ""
    first, *rest = tree.rows[0][1].items
    if not isinstance(first, Unit) or not isinstance(first.base, str) or not first.base.startswith("\\Script"):
        return ""
    if first.subs or first.sups or first.primes or len(rest) > 1:
        return ""
    plain = all(isinstance(r, Unit) and isinstance(r.base, Group) and not (r.subs or r.sups) for r in rest)
    return first.base.removeprefix("\\") if plain else ""


def _laws(side: Side, around: Surroundings) -> dict[str, Term]:
    """The laws that a side names."""
    for tree in _trees([side]):
        for _, term in readings(tree, Context({**DEFAULTS, **around.named}, apart=around.apart)):
            return named_laws(term)
    return {}


def _judged(blank: Judgement, around: Surroundings) -> Judgement:
    try:
        trees = parse(blank.lhs), parse(blank.rhs)
    except FormulaError as error:
        return replace(blank, verdict="unparsed", message=str(error))
    if around.symbols.get(_defined(trees[0]), ("",))[0] == blank.rhs:
        return _definition(blank, trees[1], around)
    found = list(meanings(trees, around))
    if not found:
        return replace(blank, verdict="unparsed", message=why_none(trees, around))
    if any(map(is_assumption, found)):
        return replace(blank, message="an assumption about a density, not a claim")
    if blank.relation not in RELATIONS:
        return replace(blank, message=f"nothing is said about {blank.relation}")
    for meaning in found:
        proof = prove(meaning.left, meaning.right, blank.relation, families(meaning.left, meaning.right))
        if proof is not None:
            return _proved(blank, proof, meaning)
    return _without_proof(blank, trees, found, around)


def _definition(blank: Judgement, tree: Sum, around: Surroundings) -> Judgement:
    """A definition is not a claim; but what is called L should be the ELBO if it is meant to be."""
    if blank.relation == ":=":
        return replace(blank, verdict="proved", by="definition")
    names = context(around.named, {}, around.apart, vector=True, log_variance=False)
    for reading, term in readings(tree, names):
        proof = prove(elbo(), term, "=", frozenset({"p", "q"}))
        if proof is not None:
            convention = "L is the ELBO, E_q[log p(x, z) - log q(z | x)]"
            return _proved(blank, proof, Meaning(reading, elbo(), term, convention))
    return replace(blank, message="taken for the definition of the left side; it is not the ELBO as we know it")


def _proved(blank: Judgement, proof: Proof, meaning: Meaning) -> Judgement:
    convention = [meaning.convention] if meaning.convention else []
    hypotheses = (*convention, *map(text, proof.theorem.hypotheses))
    return replace(blank, verdict="proved", by=proof.words, hypotheses=hypotheses, reading=str(meaning.reading))


def _without_proof(blank: Judgement, trees: tuple[Sum, Sum], found: list[Meaning], around: Surroundings) -> Judgement:
    """Refuted, if every meaning is and the relation is a claim; else undecided."""
    undecided = replace(blank, reading=str(found[0].reading), message="no proof and no counterexample found")
    whole = [m for m in found if m.convention] or found
    doubtful = doubt(trees, whole, around)
    if doubtful:
        return replace(undecided, message=doubtful)
    first = None
    for meaning in whole:
        sides = (meaning.right, meaning.left) if blank.relation == ">=" else (meaning.left, meaning.right)
        counterexample = refute(equal(*sides) if blank.relation in ("=", ":=") else at_most(*sides), seconds=inf)
        if counterexample is None:
            return undecided
        first = first or (meaning, counterexample)
    assert first is not None
    meaning, counterexample = first
    values = counterexample.values[:: -1 if blank.relation == ">=" else 1]
    return replace(
        undecided,
        verdict="refuted",
        counterexample=(f"with {meaning.convention}: " if meaning.convention else "") + counterexample.words,
        reading=str(meaning.reading),
        message=f"the sides are {' and '.join(values)}",
    )
