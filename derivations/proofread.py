"""Judge the relations of a manuscript: proved by the kernel, refuted by a counterexample, undecided, or unparsed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from derivations.argument import at_odds
from derivations.commuting import names_scales, order_matters
from derivations.condition import around as near
from derivations.condition import beside, choices, rests_on
from derivations.constant import (
    constant_proof,
    is_lettered,
    once,
    only_lacks_constant,
    subject,
    variations,
    without_constants,
)
from derivations.convention import Family, families, stated
from derivations.conversion import subterms
from derivations.definition import (
    assumptions,
    labels_of_families,
    mixture,
    mixtures,
    redefined,
    trees_of,
    with_definitions,
    within,
)
from derivations.doubt import is_assumption, speaks
from derivations.edit import mend
from derivations.full_covariance import by_matrices
from derivations.in_words import negative_in_words, unusual_in_words, varying_in_words
from derivations.judgement import Proof, prove
from derivations.kernel import Term
from derivations.latex import text
from derivations.law import named_laws
from derivations.manuscript import Convention
from derivations.meaning import Meaning
from derivations.parser import parse
from derivations.reader import Context
from derivations.reading import readings
from derivations.redefinition import redefinitions
from derivations.refutation import depending, without_proof
from derivations.relation import Judgement, blank
from derivations.sampled_bound import TAKEN as INDEPENDENT
from derivations.sampled_bound import by_more_draws
from derivations.stated_density import decoders, improper, isotropic, samples, unknown, unusual, varying
from derivations.surroundings import (
    Redefinition,
    Surroundings,
    approximation,
    bound_symbols,
    defined,
    names_in,
    negative,
)
from derivations.syntax import FormulaError, Sum
from derivations.understanding import meanings, why_none
from derivations.written import Side, WrittenChain

UP_TO = "=+"
RELATIONS = ("=", "<=", ">=", ":=", "~", "prop", UP_TO)
STRICT = {"<": "<=", ">": ">="}


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
    for place, chain in enumerate(chains):
        yield from (judgement for judgement, last in judgements(chain, place, around) if last)


def surroundings(chains: Sequence[WrittenChain], conventions: Sequence[Convention]) -> Surroundings:
    """What a manuscript says to each of its chains."""
    around = without_definitions(chains, conventions)
    around = with_definitions(
        chains,
        replace(
            around,
            assumed=tuple(assumptions(chains)),
            aggregates=dict(mixtures(chains)),
            choices=tuple(choices(chains)),
            labels=labels_of_families(chains),
            isotropic=isotropic(chains),
            unusual=frozenset(unusual(chains)) | frozenset(unusual_in_words(chains)),
            varying=frozenset(varying(chains)) | frozenset(varying_in_words(chains)),
            decoders=tuple(decoders(chains)),
            samples=tuple(samples(chains)),
            unknown=frozenset(unknown(chains, around)),
            improper=frozenset(improper(chains)),
        ),
    )
    anew, disputes = redefinitions(chains, around)
    loose = {*negative_in_words(chains)} - around.symbols.keys() - around.spelled.keys()
    disputes += tuple(Redefinition(-1, name, ("", Sum(()))) for name in sorted(loose))
    return _signed(chains, replace(around, again=(*around.again, *anew), disputes=disputes))


def _signed(chains: Sequence[WrittenChain], around: Surroundings) -> Surroundings:
    """The surroundings with one sign for F in all chains: that with which alone one of them holds; disputed, if both are."""
    for name in {"ScriptF", "F("} - around.symbols.keys() - around.positive - around.negative:
        used = [(i, c) for i, c in enumerate(chains) if any(name in bound_symbols(t) for t in trees_of(c.sides))]
        both = replace(around, positive=around.positive | {name}), replace(around, negative=around.negative | {name})
        proved = [
            {(i, j.index) for i, c in used for j, _ in judgements(c, i, signed, mending=False) if j.verdict == "proved"}
            for signed in (both if len(used) > 1 else ())
        ]
        alone = [signed for signed, mine, other in zip(both, proved, proved[::-1], strict=False) if mine - other]
        if len(alone) == 1:
            around = alone[0]
        elif alone:
            around = replace(around, disputes=(*around.disputes, Redefinition(-1, name, ("", Sum(())))))
    return around


def without_definitions(chains: Sequence[WrittenChain], conventions: Sequence[Convention]) -> Surroundings:
    """The same but for what its symbols stand for and what it supposes, which takes no proofs."""
    stated(conventions, Family(vector=True))
    usual = approximation(tree for chain in chains for tree in trees_of(chain.sides))
    return Surroundings(conventions=tuple(conventions), usual=usual)


def judgements(
    chain: WrittenChain, place: int, around: Surroundings, first: int = 0, *, mending: bool = True
) -> Iterator[tuple[Judgement, bool]]:
    """Judge the relations of one chain, from one of them on: each judgement, and whether it is the last word.

    A refuted relation comes first as it is, then, if it is to be mended, with the edit that does so: the search for it
    takes longer.
    """
    around = within(chain, redefined(around, place))
    for i, sides in enumerate(pairwise(chain.sides)):
        for side in sides:
            around = after(side, around)
        if i >= first:
            judgement = _judged_safely(blank(chain, place, i), around)
            if judgement.verdict == "refuted":
                judgement = _unconditionally(judgement, chain, around)
            false = mending and judgement.verdict == "refuted"
            yield judgement, not false
            if false:
                yield _mended(judgement, around), True


def _unconditionally(refuted: Judgement, chain: WrittenChain, around: Surroundings) -> Judgement:
    """What is refuted, undecided where the text claims it under a condition or by a choice."""
    undecided = replace(refuted, verdict="undecided", counterexample=None)
    for words, sides in beside(chain, chain.sides[refuted.index + 1]):
        if not _is_claim(sides, refuted, around):
            return replace(undecided, message=f"not true as such, but claimed under a condition: {words}")
    found = meanings((parse(refuted.lhs), parse(refuted.rhs)), around)
    words = rests_on(found, refuted.relation, near(chain, around.choices), around.laws.get("q"))
    return replace(undecided, message=words) if words else refuted


def _is_claim(sides: tuple[Side, ...], place: Judgement, around: Surroundings) -> bool:
    """Whether sides are a relation that is true or false as such."""
    if len(sides) < 2:
        return False
    before, after = sides[-2:]
    relation = replace(place, relation=after.relation, lhs=before.source, rhs=after.source, verdict="undecided")
    return _judged_safely(relation, around).verdict in ("proved", "refuted")


def _mended(refuted: Judgement, around: Surroundings) -> Judgement:
    """The judgement with the edit that makes the step true, if there is one; the left side of a step is that of a
    step before, and left alone, but for the first.
    """
    if refuted.relation not in ("=", ":=", "<=", ">="):
        return refuted
    found = meanings((parse(refuted.lhs), parse(refuted.rhs)), around)
    relation = "=" if refuted.relation == ":=" else refuted.relation
    for meaning in [m for m in found if m.convention] or found:
        edit = None if meaning.draws else mend(meaning.left, meaning.right, relation, both_sides=refuted.index == 0)
        if edit is not None:
            return replace(refuted, message=f"{edit.words}; {refuted.message}")
    for meaning in (m for m in found if relation == "=" and not m.draws):
        if words := only_lacks_constant(meaning, around.subject):
            return replace(refuted, message=f"{words}; {refuted.message}")
    return refuted


def _judged_safely(blank: Judgement, around: Surroundings) -> Judgement:
    try:
        return _judged(blank, around)
    except RecursionError:
        return replace(blank, verdict="unparsed", message="nested too deeply")
    except ValueError as error:  # of the kernel or the printer, about a term that no reading should have made
        return replace(blank, verdict="unparsed", message=str(error))


def after(side: Side, around: Surroundings) -> Surroundings:
    """The surroundings once a side has been read: the laws it names, and whether it speaks of densities."""
    for tree in trees_of([side]):
        apart = without_constants((tree, tree), around.symbols)
        for found in readings(
            tree if apart is None else apart[0][0], Context(around.laws, apart=around.apart, variables=around.variables)
        ):
            term = found.term
            named = {**around.named, **named_laws(term)}
            first = term if around.first is None and term.head == "density" else around.first
            known = around.subject or subject(term)
            compared = around.compared or next((f for _, t in subterms(term) if (f := _compared(t))), "")
            around = replace(around, named=named, first=first, subject=known, compared=compared)
            return replace(around, claimed=around.claimed or speaks(term))
    return around


def _compared(term: Term) -> str:
    """The family of which a term is the divergence from another one; empty for another term."""
    return str(term.args[0].data[0]) if term.head == "kl" and term.args[0].head == "density" else ""


def _judged(blank: Judgement, around: Surroundings) -> Judgement:
    try:
        trees = parse(blank.lhs), parse(blank.rhs)
    except FormulaError as error:
        return replace(blank, verdict="unparsed", message=str(error))
    if any(d.place == blank.chain and (d.name, d.value[1]) == (defined(trees[0]), trees[1]) for d in around.aside):
        return replace(blank, message="the left side is the ELBO elsewhere; taken for another definition")
    if _defines(blank, trees, around):
        if any(d.place == blank.chain for d in around.again):
            return replace(blank, message="taken for a definition, which holds from here on")
        if blank.relation == ":=":
            return replace(blank, verdict="proved", by="definition")
        return replace(blank, message="taken for the definition of the left side")
    if blank.relation in ("=", ":=") and mixture(*trees) is not None:
        if blank.relation == ":=":
            return replace(blank, verdict="proved", by="definition")
        return replace(blank, message="taken for the definition of the aggregate posterior")
    whole = by_matrices(*trees) if blank.relation == "=" else None
    if whole is not None:
        hypotheses = (whole[1], *in_words(whole[0].theorem.hypotheses))
        return replace(blank, verdict="proved", by=whole[0].words, hypotheses=hypotheses)
    if blank.relation == UP_TO:
        exact = _judged(replace(blank, relation="="), around)
        return exact if exact.verdict == "proved" else _up_to_constant(blank, trees, around, False, True)
    apart = without_constants(trees, around.symbols)
    if apart is not None:
        judgement = _up_to_constant(blank, apart[0], around, *apart[1])
        named = judgement.verdict == "refuted" and is_lettered(trees)
        return replace(blank, message="what is the constant, if it varies?") if named else judgement
    found = sorted(meanings(trees, around, blank.relation), key=lambda m: bool(m.condition))
    if not found:
        return replace(blank, verdict="unparsed", message=why_none(trees, around))
    if symbol := next(iter(sorted(around.disputed & set().union(*map(names_in, trees)))), ""):
        return replace(
            blank, message=f"{symbol.removeprefix('Script').rstrip('(')}: the text has said different things of it"
        )
    if symbol := at_odds(trees, around):
        return replace(blank, message=f"{symbol}: at several parameters or data")
    if any(map(is_assumption, found)):
        return replace(blank, message="an assumption about a density, not a claim")
    if blank.relation in STRICT:
        return _strictly(blank, around)
    if blank.relation not in RELATIONS:
        return replace(blank, message=f"nothing is said about {blank.relation}")
    for meaning in found:
        proof = prove(meaning.left, meaning.right, blank.relation, families(meaning.left, meaning.right), meaning.draws)
        if proof is not None:
            return _proved(replace(blank, message=meaning.scope(found)), proof, meaning, trees, around)
        more = by_more_draws(*meaning.sides, blank.relation)
        if more is not None:
            return _proved(blank, more, replace(meaning, words=(*meaning.words, INDEPENDENT)), trees, around)
    return without_proof(blank, trees, found, around)


def _defines(blank: Judgement, trees: tuple[Sum, Sum], around: Surroundings) -> bool:
    """Whether a relation is what the text has for a symbol, or for the negative of one, which may be the second side."""
    said = (
        (defined(trees[0]), blank.rhs),
        (defined(negative(trees[0])), blank.rhs),
        (defined(negative(trees[1])), blank.lhs),
    )
    return any(name and around.symbols.get(name, ("",))[0] == source for name, source in said)


def _strictly(blank: Judgement, around: Surroundings) -> Judgement:
    """``a > b``: refuted if ``a >= b`` is; if that is proved, the sides may yet be equal."""
    weak = STRICT[blank.relation]
    judgement = replace(_judged(replace(blank, relation=weak), around), relation=blank.relation)
    if judgement.verdict != "proved":
        return judgement
    message = f"`{weak}` is proved, by {judgement.by}; whether the sides may be equal is not decided"
    return replace(judgement, verdict="undecided", by="", hypotheses=(), message=message)


def _proved(
    blank: Judgement, proof: Proof, meaning: Meaning, trees: tuple[Sum, Sum], around: Surroundings
) -> Judgement:
    blank = replace(blank, reading=meaning.reading)
    if order_matters(*trees):
        return replace(blank, message="shown for diagonal matrices only: those commute")
    inside = [t for side in meaning.sides for _, t in subterms(side)]
    if "log" in around.unusual and any(t.head == "normal" for t in inside):
        return replace(blank, message="the logarithms of the text are said to have another base")
    if improper := next((text(t) for t in inside if t in around.improper), ""):
        return replace(blank, message=f"{improper}: defined by what need not be a density")
    if meaning.condition:
        return replace(blank, message=f"it holds if {meaning.condition}, of which nothing is said")
    hypotheses = (*meaning.suppositions, *in_words(proof.theorem.hypotheses))
    words = {
        "~": "the mean of the right side is the left side: ",
        "prop": "proportional in the variable of the left side: ",
    }
    by = words.get(blank.relation, "") + proof.words + (", for Sigma = diag(sigma^2)" if names_scales(*trees) else "")
    return replace(blank, verdict="proved", by=by, hypotheses=hypotheses)


def _up_to_constant(
    blank: Judgement, trees: tuple[Sum, Sum], around: Surroundings, on_left: bool, on_right: bool
) -> Judgement:
    """``A = B + const``: that A - B does not depend on what varies, or that it does."""
    if blank.relation not in ("=", UP_TO) or (on_left and not on_right):
        return replace(blank, message="a constant, of which nothing else is said")
    found = sorted(meanings(trees, around), key=lambda m: bool(m.condition))
    if not found:
        return replace(blank, verdict="unparsed", message=why_none(trees, around))
    for meaning in (m for m in found if not m.draws):
        for variation in variations(meaning, around.subject, (on_left, on_right))[0]:
            proof = constant_proof(meaning, variation)
            if proof is not None:
                words = f"{proof.words}, up to a constant that does not depend on {variation.words}"
                judgement = _proved(blank, replace(proof, words=words), meaning, trees, around)
                return replace(judgement, hypotheses=tuple(once(judgement.hypotheses)))
    return depending(blank, trees, found, around)


def in_words(hypotheses: Iterable[Term]) -> tuple[str, ...]:
    """Hypotheses as text, each once: what holds for all n and all z holds for all z and all n."""
    found: dict[str, None] = {}
    for hypothesis in hypotheses:
        said, *quantified = text(hypothesis).split(" for all ")
        found[" for all ".join((said, *sorted(quantified, key=lambda q: (" in {" not in q, q))))] = None
    return tuple(found)
