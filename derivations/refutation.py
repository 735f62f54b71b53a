"""Refute a relation that has no proof: by a counterexample under every meaning, unless it may be no claim."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import inf

from derivations.constant import is_open, variations, varied
from derivations.convention import families
from derivations.conversion import subterms
from derivations.counterexample import Counterexample
from derivations.doubt import doubt, has_several_forms, independences, joint_elsewhere
from derivations.draw import instance, is_linear, numbers
from derivations.entry import instances as of_entries
from derivations.entry import is_marginal
from derivations.independence import given_more
from derivations.judgement import prove
from derivations.kernel import KernelError, Term, at_most, equal, number, substitute
from derivations.meaning import Meaning
from derivations.refute import refute
from derivations.relation import Judgement
from derivations.surroundings import Surroundings
from derivations.syntax import Sum

SEEDS = 5  # of counterexamples that are drawn
FEW = 2  # draws in a counterexample


def depending(blank: Judgement, trees: tuple[Sum, Sum], found: list[Meaning], around: Surroundings) -> Judgement:
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


def without_proof(blank: Judgement, trees: tuple[Sum, Sum], found: list[Meaning], around: Surroundings) -> Judgement:
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
