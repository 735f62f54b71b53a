"""Judge the relations of a manuscript: proved by the kernel, refuted by a counterexample, undecided, or unparsed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf

from derivations.commuting import names_scales, order_matters
from derivations.condition import around as near
from derivations.condition import beside, choices, rests_on
from derivations.constant import (
    constant_proof,
    is_lettered,
    is_open,
    once,
    only_lacks_constant,
    subject,
    variations,
    varied,
    without_constants,
)
from derivations.convention import Family, families, stated
from derivations.conversion import subterms
from derivations.counterexample import Counterexample
from derivations.definition import (
    assumptions,
    labels_of_families,
    mixture,
    mixtures,
    redefined,
    sample_of,
    trees_of,
    unknown,
    with_definitions,
    within,
)
from derivations.doubt import doubt, has_several_forms, independences, is_assumption, joint_elsewhere, speaks
from derivations.draw import instance, is_linear, numbers
from derivations.edit import mend
from derivations.entry import instances as of_entries
from derivations.entry import is_marginal
from derivations.full_covariance import by_matrices
from derivations.independence import given_more
from derivations.judgement import Proof, prove
from derivations.kernel import KernelError, Term, at_most, equal, number, substitute
from derivations.latex import text
from derivations.law import named_laws
from derivations.manuscript import Convention
from derivations.meaning import Meaning, meanings, why_none
from derivations.reader import Context
from derivations.reading import readings
from derivations.refute import refute
from derivations.sampled_bound import TAKEN as INDEPENDENT
from derivations.sampled_bound import by_more_draws
from derivations.surroundings import (
    Surroundings,
    approximation,
    at_odds,
    defined,
    negative,
)
from derivations.syntax import FormulaError, Sum, parse
from derivations.written import Side, WrittenChain

UP_TO = "=+"
RELATIONS = ("=", "<=", ">=", ":=", "~", "prop", UP_TO)
STRICT = {"<": "<=", ">": ">="}
SEEDS = 5  # of counterexamples that are drawn
FEW = 2  # draws in a counterexample


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
    for place, chain in enumerate(chains):
        yield from (judgement for judgement, last in judgements(chain, place, around) if last)


def surroundings(chains: Sequence[WrittenChain], conventions: Sequence[Convention]) -> Surroundings:
    """What a manuscript says to each of its chains."""
    around = without_definitions(chains, conventions)
    return with_definitions(
        chains,
        replace(
            around,
            assumed=tuple(assumptions(chains)),
            aggregates=dict(mixtures(chains)),
            choices=tuple(choices(chains)),
            labels=labels_of_families(chains),
            sample=sample_of(chains),
            unknown=frozenset(unknown(chains)),
        ),
    )


def without_definitions(chains: Sequence[WrittenChain], conventions: Sequence[Convention]) -> Surroundings:
    """The same but for what its symbols stand for and what it supposes, which takes no proofs."""
    stated(conventions, Family(vector=True))
    usual = approximation(tree for chain in chains for tree in trees_of(chain.sides))
    return Surroundings(conventions=tuple(conventions), usual=usual)


def blank(chain: WrittenChain, place: int, index: int) -> Judgement:
    """A relation of the chain at that place, undecided as yet."""
    before, after = chain.sides[index : index + 2]
    return Judgement(chain.file, after.line, place, index, after.relation, before.source, after.source, "undecided")


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
    found = list(meanings((parse(refuted.lhs), parse(refuted.rhs)), around))
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
    found = list(meanings((parse(refuted.lhs), parse(refuted.rhs)), around))
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
    found = list(meanings(trees, around, blank.relation))
    if not found:
        return replace(blank, verdict="unparsed", message=why_none(trees, around))
    found.sort(key=lambda m: bool(m.condition))
    if symbol := at_odds(trees):
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
            return _proved(replace(blank, message=meaning.scope(found)), proof, meaning, trees)
        more = by_more_draws(*meaning.sides, blank.relation)
        if more is not None:
            return _proved(blank, more, replace(meaning, words=(*meaning.words, INDEPENDENT)), trees)
    return _without_proof(blank, trees, found, around)


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


def _proved(blank: Judgement, proof: Proof, meaning: Meaning, trees: tuple[Sum, Sum]) -> Judgement:
    blank = replace(blank, reading=meaning.reading)
    if order_matters(*trees):
        return replace(blank, message="shown for diagonal matrices only: those commute")
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
                judgement = _proved(blank, replace(proof, words=words), meaning, trees)
                return replace(judgement, hypotheses=tuple(once(judgement.hypotheses)))
    return _depending(blank, trees, found, around)


def _depending(blank: Judgement, trees: tuple[Sum, Sum], found: list[Meaning], around: Surroundings) -> Judgement:
    """Refuted, if the difference depends on what varies under every meaning; else undecided."""
    undecided = replace(blank, reading=found[0].reading, message="whether the difference is constant is not decided")
    whole = [m for m in found if m.convention] or found
    doubtful = doubt(trees, whole, around)
    if doubtful or any(m.draws or is_open(trees, m) for m in whole):
        return replace(undecided, message=doubtful or undecided.message)
    first = None
    for meaning in whole:
        denied = variations(meaning, around.subject)[1]
        for variation in denied:
            counterexample = varied(meaning, variation)
            if counterexample is None or not _is_counted(counterexample):
                return undecided
            first = first or (variation, meaning, counterexample)
        if not denied:
            return undecided
    assert first is not None
    variation, meaning, counterexample = first
    message = f"the difference of the sides depends on {variation.words}: it is {' and '.join(counterexample.values)}"
    said = f"with {'; '.join(meaning.suppositions)}: " if meaning.suppositions else ""
    return replace(undecided, verdict="refuted", counterexample=said + counterexample.words, message=message)


def in_words(hypotheses: Iterable[Term]) -> tuple[str, ...]:
    """Hypotheses as text, each once: what holds for all n and all z holds for all z and all n."""
    found: dict[str, None] = {}
    for hypothesis in hypotheses:
        said, *quantified = text(hypothesis).split(" for all ")
        found[" for all ".join((said, *sorted(quantified, key=lambda q: (" in {" not in q, q))))] = None
    return tuple(found)


def _without_proof(blank: Judgement, trees: tuple[Sum, Sum], found: list[Meaning], around: Surroundings) -> Judgement:
    """Refuted, if every meaning is and the relation is a claim; else undecided."""
    undecided = replace(blank, reading=found[0].reading, message="no proof and no counterexample found")
    whole = [m for m in found if m.convention] or found
    whole = [m for m in whole if not has_several_forms(m)] or whole  # the ELBO in several forms
    supposed = independences(whole, around)
    terms = {t for m in whole for side in m.sides for _, t in subterms(side)}
    alike = [a for s in supposed for t in sorted(terms, key=repr) if (a := s.alike(t)) is not None]
    if supposed:
        undecided = replace(undecided, message="it may hold by the independence that the text supposes")
    known = all(len(s.hypotheses) == 1 for s in supposed)  # then the models of these are those of the text
    doubtful = doubt(trees, whole, replace(around, assumed=()) if known else around, blank.relation)
    doubtful = doubtful or joint_elsewhere(whole, supposed)
    if doubtful:
        return replace(undecided, message=doubtful)
    if any(m.condition and _has_marginal(m) for m in whole):
        return replace(undecided, message="it may hold if the entries are independent, of which nothing is said")
    first = None
    if blank.relation == "~" and not all(is_linear(m.right, m.draws) for m in whole):
        return replace(undecided, message="not a mean of draws but a function of one: nothing is said about its mean")
    for meaning in whole:
        try:
            claim = _claim(blank.relation, meaning)
        except KernelError:
            return undecided
        counterexample = _counted(claim, [h for s in (*supposed, *alike) for h in s.hypotheses])
        if counterexample is None:
            return undecided
        first = first or (meaning, counterexample)
    if unsaid := _unsaid(whole, blank.relation):
        return replace(undecided, message=f"it may hold if {unsaid}, of which nothing is said")
    assert first is not None
    meaning, counterexample = first
    values = counterexample.values[:: -1 if blank.relation == ">=" else 1]
    words = dict.fromkeys((*meaning.suppositions, *(s.words for s in supposed)))
    said = f"with {'; '.join(words)}: " if words else ""
    return replace(
        undecided,
        verdict="refuted",
        counterexample=said + counterexample.words,
        reading=meaning.reading,
        message=f"the sides are {' and '.join(values)}",
    )


def _unsaid(found: Iterable[Meaning], relation: str) -> str:
    """In words, the independence under which a relation holds that does not hold as it is written; empty if there is none."""
    for meaning in (m for m in found if not m.draws):
        for words, (left, right) in given_more(*meaning.sides):
            if prove(left, right, relation, families(left, right)) is not None:
                return words
    return ""


def _has_marginal(meaning: Meaning) -> bool:
    return any(is_marginal(t) for side in (meaning.left, meaning.right) for _, t in subterms(side))


def _counted(claim: Term, hypotheses: Sequence[Term] = ()) -> Counterexample | None:
    """A counterexample in which integrals over finite spaces are sums; where the first one found is none, others are tried."""
    for seed in range(SEEDS):
        found = refute(claim, hypotheses, seed=seed, seconds=inf)
        if found is None or _is_counted(found):
            return None if found is not None and _measures_lengths(claim, found) else found
    return None


def _measures_lengths(claim: Term, counterexample: Counterexample) -> bool:
    """Whether it integrates a function of the entries of a variable, and of no density, that has finitely many values in
    the counterexample: such an integral is over numbers.
    """
    finite = {name for name, space in counterexample.model["spaces"].items() if "weights" in space}
    return any(
        t.head == "integral"
        and t.bound.data[1] in finite
        and any(s.head == "component" and s.args[0] == t.bound for _, s in subterms(t))
        and not any(s.head in ("density", "function") and t.bound in s.args for _, s in subterms(t))
        for _, t in subterms(claim)
        if t.bound is not None
    )


def _is_counted(counterexample: Counterexample) -> bool:
    """Whether integrals over its finite spaces are sums: what only fails for other measures may be meant for sums."""
    spaces = counterexample.model["spaces"].values()
    return all(weight == "1" for space in spaces for weight in space.get("weights", ()))


def _claim(relation: str, meaning: Meaning) -> Term:
    """What is to be refuted; for numbered draws, the case of few of them."""
    sides = [meaning.left, meaning.right]
    if meaning.draws:
        for name in numbers(*sides):
            sides = [substitute(s, name, number(FEW)) for s in sides]
        sides = [instance(s, meaning.draws, FEW) for s in sides]
    if _has_marginal(meaning):
        sides = of_entries(*sides)
    if relation in ("<=", ">="):
        return at_most(*sides[:: -1 if relation == ">=" else 1])
    return equal(*sides)
