"""Find the one edit that mends a false step: a sign, a factor, a swapped divergence, a wrong index, a term left out.

Edits are tried from the simplest on. Two random models sort out those that leave the step false; of the others, the
first whose result is proved is suggested, and none is if no proof is found.

>>> from derivations.kernel import bind, density, log, variable
>>> x, z = variable("x", "x"), variable("z", "z")
>>> q, p = density("q", [z], [x]), density("p", [z])
>>> found = mend(bind("kl", z, q, p), bind("expectation", z, q, log(p) - log(q)), "=")
>>> found.words
'the sign of the whole right side is reversed: the right side should be -E_{z ~ q(z | x)}[log p(z) - log q(z | x)]'
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from itertools import chain, islice, product
from math import inf
from typing import Any

import flint

from derivations.conversion import replaced, subterms
from derivations.differentiable_number import is_positive
from derivations.gap import gaps
from derivations.interpretation import Interpretation
from derivations.judgement import prove
from derivations.kernel import (
    KernelError,
    Term,
    add,
    bind,
    density,
    equal,
    free,
    log,
    multiply,
    number,
    sort,
    substitute,
    variable,
)
from derivations.latex import text as printed
from derivations.law import laws
from derivations.refute import draw
from derivations.vocabulary import Vocabulary

MODELS, PROOFS, CANDIDATES = 2, 6, 400  # in which an edit is tried; that are tried; that are looked at
text = lru_cache(maxsize=1 << 12)(printed)  # the edits of a step speak of the same parts
Change = tuple[str, Term]  # what was wrong, and the mended term
_FAILURES = (ArithmeticError, LookupError, RecursionError, TypeError, AttributeError, KernelError)


@dataclass(frozen=True)
class Edit:
    """One edit, in words, and the step that it leads to, which is proved."""

    words: str
    left: Term
    relation: str
    right: Term


def mend(left: Term, right: Term, relation: str, *, both_sides: bool = False) -> Edit | None:
    """The simplest edit of the right side or of the relation, or of the left side too, that makes a step provable.

    Parameters
    ----------
    left, right, relation
        The step, which does not hold; the relation is ``=``, ``<=`` or ``>=``.
    """
    with flint.ctx.workdps(30):
        models = _models(left, right)
        hopeful = (e for e in islice(_edits(left, right, relation, both_sides), CANDIDATES) if _may_hold(e, models))
        for edit in islice(hopeful, PROOFS):
            proof = prove(edit.left, edit.right, edit.relation, _families(edit.left, edit.right))
            named = proof is None or edit.relation == relation or proof.words.startswith("Jensen")
            gap = None if named else _gap(edit)
            if proof is None or (relation == "=" and edit.relation != "=" and not _is_left_out(gap, proof.words)):
                continue
            if edit.relation == relation:
                return edit
            return replace(edit, words=f"{edit.words}: {f'the gap is {text(gap)}' if gap else proof.words}")
    return None


def _families(*sides: Term) -> frozenset[str]:
    return frozenset(t.data[0] for side in sides for _, t in subterms(side) if t.head == "density")


def _edits(left: Term, right: Term, relation: str, both_sides: bool) -> Iterator[Edit]:
    """All edits, the simplest first; each result once."""
    on_right, on_left = _Side("right", left, relation, right), _Side("left", right, relation, left)
    yield from on_right.edits([("the sign of the whole right side is reversed", negated(right))])
    if relation != "=":
        yield from _relations(left, right, relation)
    yield from on_right.edits(in_place(right))
    if relation == "=":
        yield from _relations(left, right, relation)
    yield from on_right.edits(exchanged(right, left))
    if both_sides:
        yield from on_left.edits(chain(in_place(left), exchanged(left, right)))
    yield from on_right.edits(restored(right, left))


class _Side:
    """A side that is edited, the other one staying as it is."""

    def __init__(self, name: str, other: Term, relation: str, term: Term) -> None:
        self.name, self.other, self.relation, self.seen = name, other, relation, {term}

    def edits(self, changes: Iterable[Change]) -> Iterator[Edit]:
        for wrong, term in changes:
            nothing = any(map(_says_nothing, (t for _, t in subterms(term))))
            if term not in self.seen and not nothing:
                self.seen.add(term)
                sides = (self.other, term) if self.name == "right" else (term, self.other)
                words = f"{wrong}: the {self.name} side should be {text(term)}"
                yield Edit(words, sides[0], self.relation, sides[1])


def _says_nothing(term: Term) -> bool:
    """Whether a term is a divergence of a density from itself, or has a density over itself, as no one writes."""
    if term.head == "kl":
        return term.args[0] == term.args[1]
    return term.head == "multiply" and any(f.head == "density" and f**-1 in term.args for f in term.args)


# --- models, to sort out what is false ---


def _models(left: Term, right: Term) -> list[Interpretation]:
    """Models in which both sides have a value, of all densities that an edit may put in."""
    points = sorted({v for side in (left, right) for _, v in subterms(side) if _is_point(v)}, key=lambda v: v.data)
    joint = [density(family, points) for family in sorted(_families(left, right)) if points]
    vocabulary = Vocabulary(equal(add(left, *joint), right), ())
    found: list[Interpretation] = []
    for attempt in range(0, 12, 2):  # the parameters of every other model are positive
        with suppress(*_FAILURES):
            model = draw(vocabulary, f"edit {attempt}", attempt, inf)
            if all(_value(side, model) is not None for side in (left, right)):
                found.append(model)
        if len(found) == MODELS:
            break
    return found


def _is_point(term: Term) -> bool:
    return term.head == "variable" and term.data[0] == term.data[1]


@lru_cache(maxsize=1 << 6)  # one side stays as it is
def _value(term: Term, model: Interpretation) -> Any:
    with suppress(*_FAILURES):
        return model.value(term, model.values)
    return None


def _may_hold(edit: Edit, models: list[Interpretation]) -> bool:
    """Whether no model contradicts the mended step, and one has values for it."""
    known = False
    for model in models:
        left, right = _value(edit.left, model), _value(edit.right, model)
        if left is None or right is None:
            continue
        try:
            above, below = is_positive(left - right), is_positive(right - left)
        except _FAILURES:
            continue
        if (above and edit.relation != ">=") or (below and edit.relation != "<="):
            return False
        known = True
    return known


# --- edits of the relation ---


def _relations(left: Term, right: Term, relation: str) -> Iterator[Edit]:
    for other in (">=", "<="):
        if other != relation:
            yield Edit(f"`{relation}` should be `{other}`", left, other, right)


def _is_left_out(gap: Term | None, words: str) -> bool:
    """Whether it is plausible that someone wrote an equation and left out this: one divergence, or Jensen's inequality."""
    return words.startswith("Jensen") if gap is None else gap.head != "add"


def _gap(edit: Edit) -> Term | None:
    """The gap between the sides, if it is one that the field has a name for."""
    small, big = (edit.left, edit.right) if edit.relation == "<=" else (edit.right, edit.left)
    found = (g for g in gaps(small, big) if prove(big, small + g, "=", _families(small, big, g)) is not None)
    return next(found, None)


# --- edits of a side: what was wrong, and the side without it ---


def in_place(side: Term) -> Iterator[Change]:
    """The side with a sign, a factor, a log, a square or an index changed, or a divergence turned round."""
    yield from _changed(side, _signs, _squares, _factors, _exchanged, _logs, _fractions, _indices)


def exchanged(side: Term, other: Term) -> Iterator[Change]:
    """The side with another density or parameter in the place of one, or without one of its terms."""
    used = _Used(side, other)
    yield from _changed(side, used.integrated, used.conditioned, used.renamed, _superfluous)
    for name in used.numbers:
        yield f"{text(name)} is written for {text(name**2)}", _everywhere(side, name, name**2)


def _changed(side: Term, *kinds: Callable[[Term], Iterator[Change]]) -> Iterator[Change]:
    for kind in kinds:
        for path, part in subterms(side):
            for words, changed in kind(part):
                with suppress(KernelError):
                    yield words, replaced(side, path, changed)


def negated(term: Term) -> Term:
    """``-t``, by its leading number where there is one."""
    return _scaled(term, Fraction(-1))


def _scaled(term: Term, factor: Fraction) -> Term:
    if term.head == "number":
        return number(factor * term.data[0])
    if term.head == "multiply" and term.args[0].head == "number":
        first = factor * term.args[0].data[0]
        return multiply(*([number(first)] if first != 1 else []), *term.args[1:])
    return number(factor) * term if factor != 1 else term


def _bare(term: Term) -> Term:
    """The term without its sign, and without factors 1."""
    if term.head != "multiply":
        return negated(term) if term.head == "number" and term.data[0] < 0 else term
    first = term.args[0]
    whole = negated(term) if first.head == "number" and first.data[0] < 0 else term
    factors = [a for a in whole.args if a != number(1)] if whole.head == "multiply" else [whole]
    return multiply(*factors) if factors else number(1)


def _signs(part: Term) -> Iterator[Change]:
    for i, summand in enumerate(part.args if part.head == "add" else ()):
        yield f"the sign of {text(_bare(summand))} is reversed", replaced(part, (i,), negated(summand))


def _factors(part: Term) -> Iterator[Change]:
    if part.head in ("multiply", "sum", "log", "kl", "expectation", "integral", "power", "component"):
        for factor in (Fraction(1, 2), Fraction(2)):
            yield f"a factor {factor} is missing before {text(_bare(part))}", _scaled(part, factor)
    elif part.head == "number":
        value = part.data[0]
        for n in filter(None, (value / 2, value * 2, -value, value + 1, value - 1)):
            yield f"{text(part)} is written for {text(number(n))}", number(n)


def _exchanged(part: Term) -> Iterator[Change]:
    if part.head == "kl":
        yield f"the arguments of {text(part)} are exchanged", bind("kl", part.bound, *part.args[::-1])


def _logs(part: Term) -> Iterator[Change]:
    if part.head == "log":
        yield f"a log too much in {text(part)}", part.args[0]
    elif part.head in ("density", "normal", "power", "component", "multiply"):
        yield f"a log is missing before {text(part)}", log(part)


def _squares(part: Term) -> Iterator[Change]:
    if part.head == "power" and part.args[1] == number(2):
        yield f"a square too much in {text(part)}", part.args[0]
    elif part.head == "power" and part.args[1] == number("1/2") and part.args[0].head == "sum":
        yield f"the square of a norm is missing, {text(part)} is written for its square", part.args[0]
    elif part.head in ("component", "variable", "add") and sort(part) == "r":
        yield f"a square is missing, {text(part)} is written for {text(part**2)}", part**2


def _fractions(part: Term) -> Iterator[Change]:
    if part.head == "multiply" and any(_is_inverse(f) for f in part.args):
        turned = [f.args[0] if _is_inverse(f) else f**-1 for f in part.args if f != number(1)]
        yield f"the fraction {text(part)} is upside down", multiply(*sorted(turned, key=_is_inverse))


def _is_inverse(factor: Term) -> bool:
    return factor.head == "power" and factor.args[1] == number(-1)


def _indices(part: Term) -> Iterator[Change]:
    if part.head in ("sum", "product") and part.bound is not None and part.bound not in free(part.args[2]):
        for j in sorted((v for v in free(part.args[2]) if v.data[1] == "index"), key=text):
            words = f"the {part.head} runs over {part.bound.data[0]}, its terms are in {text(j)}"
            yield words, bind(part.head, j, *part.args)


def _superfluous(part: Term) -> Iterator[Change]:
    for i, summand in enumerate(part.args if part.head == "add" else ()):
        yield f"the term {text(summand)} is too much", add(*part.args[:i], *part.args[i + 1 :])


def _everywhere(term: Term, old: Term, new: Term) -> Term:
    if term == old:
        return new
    return Term(term.head, tuple(_everywhere(a, old, new) for a in term.args), term.data, term.bound)


class _Used:
    """The numbers, the points and the densities of a step, which an edit may put elsewhere."""

    def __init__(self, side: Term, other: Term) -> None:
        terms = [t for s in (side, other) for _, t in subterms(s)]
        numbers = {t for t in terms if t.head == "component" or (t.head == "variable" and t.data[1] == "real")}
        self.numbers = sorted(numbers - {t.bound for t in terms if t.head == "derivative"}, key=text)
        self.naturals = sorted({t for t in terms if t.data[1:] == ("natural",)}, key=text)
        self.points = sorted({t for t in terms if _is_point(t)}, key=text)
        self.families = sorted({t.data[0] for t in terms if t.head == "density"})
        self.laws = laws(side, other)

    def densities(self) -> Iterator[Term]:
        """All densities of the points, conditional or not."""
        for family in self.families:
            for places in product(("", "target", "given"), repeat=len(self.points)):
                targets, given = (
                    [v for v, place in zip(self.points, places, strict=True) if place == wanted]
                    for wanted in ("target", "given")
                )
                if targets:
                    yield density(family, targets, given)

    def integrated(self, part: Term) -> Iterator[Change]:
        """An integral over another point."""
        for point in self.points if part.head == "integral" and part.bound in self.points else ():
            if point != part.bound:
                yield (
                    f"{text(part.bound)} is written for {text(point)} in the integral",
                    bind("integral", point, *part.args),
                )

    def conditioned(self, part: Term) -> Iterator[Change]:
        """Other conditions or another family for a density."""
        if part.head == "density" and len(self.points) <= 3:
            for other in sorted(self.densities(), key=lambda d: d.data[0] != part.data[0]):
                yield f"{text(part)} is written for {text(other)}", other

    def renamed(self, part: Term) -> Iterator[Change]:
        """Another parameter in the place of one."""
        if part in self.numbers:
            for other in self.numbers:
                yield f"{text(part)} is written for {text(other)}", other
        elif part.head == "number" and part.data[0]:
            for n in self.naturals:
                yield f"{text(part)} is written for {text(_scaled(n, part.data[0]))}", _scaled(n, part.data[0])

    def terms(self) -> Iterator[Term]:
        """What may have been left out beside a side as a whole."""
        j = variable("J", "natural")
        yield from (number(1), number("1/2"), j, number("1/2") * j, number("1/2") * j * log(number(2) * Term("pi")))
        densities = list(self.densities()) if len(self.points) <= 2 else []
        for z, law in self.laws:
            yield from (bind("kl", z, law, d) for d in densities if d.args[: d.data[1]] == (z,) and d != law)
            yield from (bind("expectation", z, law, log(d)) for d in densities if z in d.args)
        yield from map(log, densities)

    def summands(self) -> Iterator[Term]:
        """What may have been left out in a sum or an expectation."""
        yield from (number(1), number("1/2"))
        for name in self.numbers:
            yield from (log(name**2), log(name), name**2, name)
        yield from map(log, self.densities() if len(self.points) <= 2 else ())


def scores(side: Term) -> Iterator[Term]:
    """What a gradient that was moved into an expectation leaves out: the one of the density."""
    for _, part in subterms(side):
        if part.head != "expectation" or part.args[1].head != "derivative":
            continue
        law, (at, body), v = part.args[0], part.args[1].args, part.args[1].bound
        if v is not None and at in free(law):
            slope = bind("derivative", v, at, log(substitute(law, at, v)))
            yield bind("expectation", part.bound, law, substitute(body, v, at) * slope)


def restored(side: Term, other: Term) -> Iterator[Change]:
    """The side with a term put in that may have been left out: into a sum or an expectation, or beside the whole."""
    used = _Used(side, other)
    inside = [(path, t) for path, t in subterms(side) if path and t.head == "add"]
    for path, part in inside:
        for term in used.summands():
            for signed in (term, negated(term)):
                with suppress(KernelError):
                    yield f"the term {text(signed)} is missing", replaced(side, path, add(*part.args, signed))
    for term in scores(side):
        whole = side.args if side.head == "add" else (side,)
        yield f"the density depends on the parameter too, the term {text(term)} is missing", add(*whole, term)
    for term in used.terms():
        for signed in (term, negated(term)):
            whole = side.args if side.head == "add" else (side,)
            yield f"the term {text(signed)} is missing", add(*whole, signed)
