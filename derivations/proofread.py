"""Judge the relations of a manuscript: proved by the kernel, refuted by a counterexample, undecided, or unparsed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from derivations.convention import DEFAULTS, context, elbo, families, modelled, speaks_of
from derivations.conversion import subterms
from derivations.judgement import Proof, prove
from derivations.kernel import Term, at_most, equal, free, sort
from derivations.latex import text
from derivations.reading import Context, Reading, laws, read, readings, several
from derivations.refute import refute
from derivations.syntax import FormulaError, Group, Sum, Unit, parse
from derivations.written import Side, WrittenChain

RELATIONS = ("=", "<=", ">=", ":=")
SECONDS = 1.0  # of the search for a counterexample, for one reading


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


@dataclass(frozen=True)
class _Meaning:
    """Both sides under one reading, and the convention on q and p that it uses, if any."""

    reading: Reading
    left: Term
    right: Term
    convention: str = ""


def proofread(chains: Sequence[WrittenChain]) -> Iterator[Judgement]:
    """Judge every relation of the chains, in their order."""
    symbols = _definitions(chains)
    for number, chain in enumerate(chains):
        apart = several(_trees(chain.sides))
        named: dict[str, Term] = {}
        for i, sides in enumerate(zip(chain.sides, chain.sides[1:], strict=False)):
            for side in sides:
                named = {**named, **_laws(side, named, apart)}
            before, after = sides
            blank = Judgement(
                chain.file, after.line, number, i, after.relation, before.source, after.source, "undecided"
            )
            yield _judged(blank, sides, named, symbols, apart)


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


def _laws(side: Side, named: dict[str, Term], apart: frozenset[str]) -> dict[str, Term]:
    """The laws that a side names."""
    for tree in _trees([side]):
        for _, term in readings(tree, Context({**DEFAULTS, **named}, apart=apart)):
            return laws(term)
    return {}


def _judged(
    blank: Judgement,
    sides: tuple[Side, Side],
    named: dict[str, Term],
    symbols: dict[str, tuple[str, Sum]],
    apart: frozenset[str],
) -> Judgement:
    try:
        trees = parse(sides[0].source), parse(sides[1].source)
    except FormulaError as error:
        return replace(blank, verdict="unparsed", message=str(error))
    defined = _defined(trees[0])
    if defined and symbols.get(defined, ("",))[0] == sides[1].source:
        return _definition(blank, trees[1], named, apart)
    known = {name: tree for name, (_, tree) in symbols.items()}
    meanings = list(_meanings(trees, named, known, apart))
    if not meanings:
        return replace(blank, verdict="unparsed", message=_why(trees, apart))
    if any(_is_assumption(m) for m in meanings):
        return replace(blank, message="an assumption about a density, not a claim")
    if blank.relation not in RELATIONS:
        return replace(blank, message=f"nothing is said about {blank.relation}")
    for meaning in meanings:
        joint = families(meaning.left, meaning.right)
        found = prove(meaning.left, meaning.right, blank.relation, joint)
        if found is not None:
            return _proved(blank, found, meaning)
    return _without_proof(blank, trees, meanings, apart)


def _is_assumption(meaning: _Meaning) -> bool:
    """A density that is said to be normal, or normal with other parameters."""
    heads = {meaning.left.head, meaning.right.head}
    return "normal" in heads and heads <= {"normal", "density"}


def _definition(blank: Judgement, tree: Sum, named: dict[str, Term], apart: frozenset[str]) -> Judgement:
    """A definition is not a claim; but what is called L should be the ELBO if it is meant to be."""
    if blank.relation == ":=":
        return replace(blank, verdict="proved", by="definition")
    names = context(named, {}, apart, vector=True, log_variance=False)
    for reading, term in readings(tree, names):
        found = prove(elbo(), term, "=", frozenset({"p", "q"}))
        if found is not None:
            return _proved(
                blank, found, _Meaning(reading, elbo(), term, "L is the ELBO, E_q[log p(x, z) - log q(z | x)]")
            )
    return replace(blank, message="taken for the definition of the left side; it is not the ELBO as we know it")


def _proved(blank: Judgement, proof: Proof, meaning: _Meaning) -> Judgement:
    convention = [meaning.convention] if meaning.convention else []
    hypotheses = (*convention, *map(text, proof.theorem.hypotheses))
    return replace(blank, verdict="proved", by=proof.words, hypotheses=hypotheses, reading=str(meaning.reading))


def _without_proof(
    blank: Judgement, trees: tuple[Sum, Sum], meanings: list[_Meaning], apart: frozenset[str]
) -> Judgement:
    """Refuted, if every meaning is and the relation is a claim; else undecided."""
    undecided = replace(blank, reading=str(meanings[0].reading), message="no proof and no counterexample found")
    whole = [m for m in meanings if m.convention] or meanings
    doubt = _doubt(trees, whole, apart)
    if doubt:
        return replace(undecided, message=doubt)
    first = None
    for meaning in whole:
        left, right = meaning.left, meaning.right
        small, big = (right, left) if blank.relation == ">=" else (left, right)
        claim = equal(left, right) if blank.relation in ("=", ":=") else at_most(small, big)
        found = refute(claim, seconds=SECONDS)
        if found is None:
            return undecided
        first = first or (meaning, found)
    assert first is not None
    meaning, counterexample = first
    convention = f"with {meaning.convention}: " if meaning.convention else ""
    return replace(
        undecided,
        verdict="refuted",
        counterexample=convention + counterexample.words,
        reading=str(meaning.reading),
        message=f"the sides are {' and '.join(counterexample.values)}",
    )


def _doubt(trees: tuple[Sum, Sum], meanings: list[_Meaning], apart: frozenset[str]) -> str:
    """Why a relation that has no proof may yet be no claim, or one that we misread; empty if there is no doubt."""
    if apart:
        return f"{', '.join(sorted(apart))}: one letter for several things"
    limits = {_has_limits(tree) for tree in trees} - {None}
    if len(limits) > 1:
        return "a sum without limits beside one with"
    for m in meanings:
        names = [{v.data[0] for v in free(t) if v.data[1] in ("real", "vector", "natural")} for t in (m.left, m.right)]
        heads = [{t.head for _, t in subterms(side)} for side in (m.left, m.right)]
        if not set.union(*heads) & {"expectation", "kl", "integral", "density", "normal", "sum"}:
            return "a choice of numbers, or a definition"
        if names[0] != names[1]:
            return f"what is {', '.join(sorted(names[0] ^ names[1]))}?"
        if ("normal" in heads[0]) != ("normal" in heads[1]) and any("density" in h for h in heads):
            return "which densities are normal?"
        points = [{v.data[0] for v in free(t) if sort(v) == "p" and v.data[1] != "vector"} for t in (m.left, m.right)]
        if not points[0] <= points[1] and not points[1] <= points[0]:
            return "the sides are about different variables"
    return ""


def _has_limits(tree: Sum) -> bool | None:
    """Whether the sums of a tree have an upper limit; None if it has no sums."""
    found = {bool(u.sups) for u in _units(tree) if u.base == r"\sum"}
    return None if not found else all(found)


def _units(tree: Sum) -> Iterator[Unit]:
    for _, row in tree.rows:
        for item in row.items:
            if isinstance(item, Unit):
                yield item
                inner = [*item.arguments, *([item.base] if isinstance(item.base, Group) else [])]
                for group in inner:
                    for part in group.sums:
                        yield from _units(part)


# --- meanings ---


def _meanings(
    trees: tuple[Sum, Sum], named: dict[str, Term], symbols: dict[str, Sum], apart: frozenset[str]
) -> Iterator[_Meaning]:
    """Readings that give both sides a meaning, as written and under the conventions on q and p, each once."""
    seen: set[tuple[Term, Term]] = set()
    for meaning in _all_meanings(trees, named, symbols, apart):
        if (meaning.left, meaning.right) not in seen:
            seen.add((meaning.left, meaning.right))
            yield meaning


def _all_meanings(
    trees: tuple[Sum, Sum], named: dict[str, Term], symbols: dict[str, Sum], apart: frozenset[str]
) -> Iterator[_Meaning]:
    for log_variance in (False, True):
        for vector in (True, False):
            names = context(named, {}, apart, vector=vector, log_variance=log_variance)
            names = replace(names, symbols=dict(_symbols(symbols, names, vector=vector)))
            left, right = ([(r, t) for r, t in readings(tree, names) if r.scalar is not vector] for tree in trees)
            for reading, first in left:
                for _, second in right:
                    if log_variance and not any(speaks_of(t, "v") for t in (first, second)):
                        continue
                    yield _Meaning(reading, first, second)
                    yield from _modelled(reading, first, second, vector=vector, log_variance=log_variance)


def _modelled(reading: Reading, left: Term, right: Term, *, vector: bool, log_variance: bool) -> Iterator[_Meaning]:
    first, second = (modelled(t, vector=vector, log_variance=log_variance) for t in (left, right))
    if (first, second) == (left, right) or not any(speaks_of(t, "mu", "sigma", "v") for t in (left, right)):
        return
    variance = "exp v" if log_variance else "sigma^2"
    law = f"N(mu, diag({variance}))" if vector else f"N(mu, {variance})"
    yield _Meaning(reading, first, second, f"q = {law}, p(z) = N(0, {'I' if vector else '1'})")


def _symbols(symbols: dict[str, Sum], names: Context, *, vector: bool) -> Iterator[tuple[str, Term]]:
    for name, tree in symbols.items():
        term = next((t for r, t in readings(tree, names) if r.scalar is not vector), None)
        if term is not None:
            yield name, term


def _why(trees: tuple[Sum, Sum], apart: frozenset[str]) -> str:
    """Why a relation has no meaning that we know."""
    for tree in trees:
        reasons = []
        for scalar in (False, True):
            names = context({}, {}, apart, vector=not scalar, log_variance=False)
            try:
                read(tree, Reading(scalar=scalar), names)
            except FormulaError as error:
                reasons.append(str(error))
        if len(reasons) == 2:
            return reasons[1]
    return "the sides have no common reading"
