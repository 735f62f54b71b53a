"""Judge the relations of a manuscript: proved by the kernel, refuted by a counterexample, undecided, or unparsed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from derivations.convention import DEFAULTS, JOINT, context, modelled, speaks_of
from derivations.judgement import Proof, prove
from derivations.kernel import Term
from derivations.latex import text
from derivations.reading import Context, Reading, laws, read, readings
from derivations.syntax import FormulaError, Sum, Unit, parse
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
        Of a proof: by what it holds, and what it supposes.
    counterexample
        Of a refutation.
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


def proofread(chains: Iterable[WrittenChain]) -> Iterator[Judgement]:
    """Judge every relation of the chains, in their order; what one chain defines holds in those after it."""
    symbols: dict[str, Sum] = {}
    for number, chain in enumerate(chains):
        named: dict[str, Term] = {}
        for i, (before, after) in enumerate(zip(chain.sides, chain.sides[1:], strict=False)):
            named = {**named, **_laws(before, named), **_laws(after, {**named, **_laws(before, named)})}
            blank = Judgement(
                chain.file, after.line, number, i, after.relation, before.source, after.source, "undecided"
            )
            yield _judged(blank, (before, after), named, symbols)


def _laws(side: Side, named: dict[str, Term]) -> dict[str, Term]:
    """The laws that a side names."""
    try:
        tree = parse(side.source)
    except FormulaError:
        return {}
    return next((laws(term) for _, term in readings(tree, Context({**DEFAULTS, **named}))), {})


def _judged(blank: Judgement, sides: tuple[Side, Side], named: dict[str, Term], symbols: dict[str, Sum]) -> Judgement:
    try:
        trees = parse(sides[0].source), parse(sides[1].source)
    except FormulaError as error:
        return replace(blank, verdict="unparsed", message=str(error))
    defined = _defined(trees[0])
    if defined and defined not in symbols and blank.relation in ("=", ":="):
        symbols[defined] = trees[1]
        return replace(blank, verdict="proved", by="definition")
    pairs = list(_pairs(trees, named, symbols))
    if not pairs:
        return replace(blank, verdict="unparsed", message=_why(trees))
    if blank.relation not in RELATIONS:
        return replace(blank, message=f"nothing is said about {sides[1].relation}")
    for reading, left, right, convention in pairs:
        found = prove(left, right, blank.relation, JOINT)
        if found is not None:
            return _proved(blank, found, reading, convention)
    return replace(blank, reading=str(pairs[0][0]), message="no proof and no counterexample found")


def _proved(blank: Judgement, proof: Proof, reading: Reading, convention: str) -> Judgement:
    hypotheses = (*([convention] if convention else []), *map(text, proof.theorem.hypotheses))
    return replace(blank, verdict="proved", by=proof.words, hypotheses=hypotheses, reading=str(reading))


def _defined(tree: Sum) -> str:
    """The symbol that a side consists of, such as a calligraphic L with its arguments; else an empty string."""
    if len(tree.rows) != 1 or tree.rows[0][0] != "+":
        return ""
    first, *rest = tree.rows[0][1].items
    if not isinstance(first, Unit) or not isinstance(first.base, str) or len(rest) > 1:
        return ""
    return first.base.removeprefix("\\") if first.base.startswith("\\Script") else ""


def _pairs(
    trees: tuple[Sum, Sum], named: dict[str, Term], symbols: dict[str, Sum]
) -> Iterator[tuple[Reading, Term, Term, str]]:
    """Readings that give both sides a meaning, as written and under the conventions on q and p."""
    seen = set()
    for log_variance in (False, True):
        for vector in (True, False):
            names = context(named, {}, vector=vector, log_variance=log_variance)
            known = dict(_symbols(symbols, names, vector))
            names = replace(names, symbols=known)
            left, right = ([(r, t) for r, t in readings(tree, names) if r.scalar is not vector] for tree in trees)
            for reading, first in left:
                for _, second in right:
                    if (first, second) not in seen:
                        seen.add((first, second))
                        yield reading, first, second, ""
                    if speaks_of(first, "v") or speaks_of(second, "v") or not log_variance:
                        yield from _modelled(reading, first, second, vector, log_variance, seen)


def _modelled(
    reading: Reading, left: Term, right: Term, vector: bool, log_variance: bool, seen: set[tuple[Term, Term]]
) -> Iterator[tuple[Reading, Term, Term, str]]:
    first, second = (modelled(t, vector=vector, log_variance=log_variance) for t in (left, right))
    if (first, second) in seen or (first, second) == (left, right):
        return
    if not any(speaks_of(t, "mu", "sigma", "v") for t in (left, right)):
        return
    seen.add((first, second))
    variance = "exp v" if log_variance else "sigma^2"
    law = f"N(mu, diag({variance}))" if vector else f"N(mu, {variance})"
    yield reading, first, second, f"q = {law}, p(z) = N(0, {'I' if vector else '1'})"


def _symbols(symbols: dict[str, Sum], names: Context, vector: bool) -> Iterator[tuple[str, Term]]:
    for name, tree in symbols.items():
        term = next((t for r, t in readings(tree, names) if r.scalar is not vector), None)
        if term is not None:
            yield name, term


def _why(trees: tuple[Sum, Sum]) -> str:
    for tree in trees:
        for scalar in (False, True):
            try:
                read(tree, Reading(scalar=scalar), context({}, {}, vector=not scalar, log_variance=False))
            except FormulaError as error:
                if scalar:
                    return str(error)
            else:
                break
    return "the sides have no common reading"
