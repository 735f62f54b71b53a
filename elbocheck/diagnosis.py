"""How a formula is wrong: hypotheses about it, each given only where the function, so corrected, agrees everywhere."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import combinations, permutations

import numpy as np
from numpy.typing import NDArray

from elbocheck.call import Value
from elbocheck.case import Case
from elbocheck.claim import Claim, Site, enclosure
from elbocheck.family import EVENT, FamilyError
from elbocheck.reading import READINGS, Reading
from elbocheck.term import terms

UNKNOWN = "it differs; the cause is unknown"
MEAN = "it is the mean over the event, not the sum"
Numbers = NDArray[np.float64]

_SWAPPED = "q and p are swapped: it is KL(p || q)"
_MULTIPLE = "times the value"
_AMBIGUOUS = 3  # diagnoses that are named at most
_SLACK = 16  # a fitted correction adds roundings
_FACTORS = {
    -1.0: "the sign is wrong: it returns the negative",
    2.0: "a factor 1/2 is missing: it returns twice the value",
    0.5: "a factor 1/2 too many: it returns half the value",
    1 / math.log(2): "it is in bits, not in nats",
    1 / math.log(10): "its logarithms are to the base 10",
    math.log(2): "it is multiplied by log 2: nats were taken for bits",
    1 / EVENT: MEAN,
}
_COEFFICIENTS = {
    -1.0: "is lost",
    -2.0: "has the wrong sign",
    -0.5: "is halved",
    1.0: "is doubled: a factor 1/2 is missing",
}


@dataclass(frozen=True)
class Evidence:
    """A wrong function at generic points.

    Parameters
    ----------
    claim : Claim
    cases : sequence of Case
    values : callable
        Numbers that the function returns for the arguments of one case, as it stands or changed; None where it returns
        none.
    truths : sequence of array
        For each case, the right values at its sites.
    allowed : float
        Relative difference that counts as agreement.
    """

    claim: Claim
    cases: Sequence[Case]
    values: Callable[[Sequence[Value]], tuple[Numbers, tuple[int, ...]] | None]
    truths: Sequence[Numbers]
    allowed: float

    @cached_property
    def terms(self) -> dict[str, list[Numbers]]:
        """By name, for each case, a term of the usual expression at its sites."""
        return {
            name: [np.array([term(site) for site in case.sites]) for case in self.cases]
            for name, term in terms(self.claim)
        }

    @cached_property
    def reversed(self) -> list[Numbers] | None:
        """For each case, KL(p || q) at its sites; None where the families are one, or it has no finite enclosure."""
        claim = self.claim
        if claim.p is None or claim.p is claim.q:
            return None
        try:
            other = Claim(claim.p, claim.q)
            found = [[float(enclosure(other, Site(s.p, s.q)).mid()) for s in case.sites] for case in self.cases]
        except (ArithmeticError, NotImplementedError, TypeError, FamilyError):
            return None
        return [np.array(values) for values in found] if np.all(np.isfinite(np.concatenate(found))) else None


@dataclass(frozen=True)
class _Change:
    text: str
    apply: Callable[[Sequence[Value]], Sequence[Value]]


@dataclass(frozen=True)
class _Answers:
    """What a function returned at all cases, and what reduces to the same shape: the right values, and any term."""

    values: Numbers
    truths: Numbers
    weights: Sequence[Numbers]

    def reduced(self, at_sites: Sequence[Numbers]) -> Numbers:
        return np.concatenate([w @ numbers for w, numbers in zip(self.weights, at_sites, strict=True)])


def diagnoses(evidence: Evidence) -> tuple[str, ...]:
    """What is wrong, each possibility verified at all cases; one cause before two; `UNKNOWN` where none is found."""
    unchanged, *changes = _changes(evidence.claim)
    found = [text for a in _answers(evidence, unchanged) for text in _outputs(evidence, a)]
    found += [c.text for c in changes if any(_agrees(evidence, a.values, a.truths) for a in _answers(evidence, c))]
    if not found:
        found = [
            f"{c.text}; and {text}" for c in changes for a in _answers(evidence, c) for text in _outputs(evidence, a)
        ]
    found = [text for text in found if is_named((text,))] or found
    return tuple(dict.fromkeys(found))[:_AMBIGUOUS] or (UNKNOWN,)


def is_named(texts: Sequence[str]) -> bool:
    """Whether one of several diagnoses says more than by how much the value differs.

    Examples
    --------
    >>> is_named(("it returns 0.4 times the value",)), is_named(("it returns 0.4 times the value", _SWAPPED))
    (False, True)
    """
    return any(text != UNKNOWN and not text.endswith(_MULTIPLE) for text in texts)


# --- the function with other arguments ---


def _changes(claim: Claim) -> Iterator[_Change]:
    yield _Change("", lambda arguments: arguments)
    count = len(claim.q.parameters)
    if claim.p is claim.q:
        yield _Change(_SWAPPED, lambda a: (*a[count:], *a[:count]))
    for indices, name, reading in _misreadings(claim):
        which = " and ".join(claim.names[i] for i in indices)
        yield _Change(
            f"{which} {'are' if len(indices) > 1 else 'is'} read as {name}", partial(_reread, indices, reading)
        )
    if claim.axes == 0 and len(claim.names) <= 4:
        for order in permutations(range(len(claim.names))):
            if order not in (tuple(range(len(order))), (*range(count, len(order)), *range(count))):
                shown = ", ".join(claim.names[i] for i in order)
                yield _Change(f"it takes its arguments in the order {shown}", partial(_reordered, order))


def _reread(indices: tuple[int, ...], reading: Reading, arguments: Sequence[Value]) -> Sequence[Value]:
    return [reading(x) if i in indices else x for i, x in enumerate(arguments)]


def _reordered(order: tuple[int, ...], arguments: Sequence[Value]) -> Sequence[Value]:
    return [arguments[i] for i in order]


def _misreadings(claim: Claim) -> Iterator[tuple[tuple[int, ...], str, Reading]]:
    """Arguments that may be misread alike: those of one role together, then each alone."""
    roles = [role for _, role in claim.parameters]
    for role in dict.fromkeys(roles):
        indices = tuple(i for i, r in enumerate(roles) if r == role)
        groups = [indices, *((i,) for i in indices)] if len(indices) > 1 else [indices]
        for group in groups:
            for name, reading in READINGS.get(role, {}).items():
                yield group, name, reading


def _answers(evidence: Evidence, change: _Change) -> Iterator[_Answers]:
    """What the function returns for changed arguments, for each way in which its shape can be read."""
    replies = []
    for case in evidence.cases:
        try:
            reply = evidence.values(change.apply(case.arguments))
        except (ArithmeticError, ValueError):  # a reading outside its domain
            return
        if reply is None or not np.all(np.isfinite(reply[0])):
            return
        replies.append(reply)
    values = np.concatenate([numbers for numbers, _ in replies])
    options = [case.reductions(shape) for case, (_, shape) in zip(evidence.cases, replies, strict=True)]
    for reductions in zip(*options, strict=True):
        weights = [r.weights for r in reductions]
        truths = np.concatenate([w @ t for w, t in zip(weights, evidence.truths, strict=True)])
        yield _Answers(values, truths, weights)


# --- the function with another value ---


def _outputs(evidence: Evidence, answers: _Answers) -> Iterator[str]:
    values, truths = answers.values, answers.truths
    for factor, text in _FACTORS.items():
        if _agrees(evidence, values, factor * truths) and (factor != 1 / EVENT or _has_sum(evidence, answers)):
            yield text
    if evidence.reversed and _agrees(evidence, values, answers.reduced(evidence.reversed)):
        yield _SWAPPED
    columns = {name: answers.reduced(at_sites) for name, at_sites in evidence.terms.items()}
    for name, column in columns.items():
        if _agrees(evidence, values, column):
            yield f"it is {name} alone"
    yield from _corrections(evidence, answers, columns)


def _has_sum(evidence: Evidence, answers: _Answers) -> bool:
    return evidence.claim.axes > 0 or answers.weights[0].sum() > len(answers.weights[0])


def _corrections(evidence: Evidence, answers: _Answers, columns: dict[str, Numbers]) -> Iterator[str]:
    """A constant, or a multiple of one or two terms, that is the whole difference."""
    values, truths = answers.values, answers.truths
    if len(values) < 3 or _agrees(evidence, values, 0 * truths):
        return
    found = list(_terms(evidence, answers, [(name,) for name in columns], columns))
    found = found or list(_terms(evidence, answers, list(combinations(columns, 2)), columns))
    yield from found
    constant, factor = float(np.mean(values - truths)), _fitted(values, truths)
    if not found and _agrees(evidence, values, truths + constant):
        yield f"a constant of {_number(constant)} too much"
    if factor is None or any(math.isclose(factor, known, rel_tol=1e-9) for known in _FACTORS):
        return
    if _agrees(evidence, values, factor * truths):
        yield f"it returns {_number(factor)} {_MULTIPLE}"


def _terms(
    evidence: Evidence, answers: _Answers, groups: Sequence[tuple[str, ...]], columns: dict[str, Numbers]
) -> Iterator[str]:
    """Groups of terms of which one multiple is the whole difference; of a constant or two terms, one that has a name."""
    for names in groups:
        column = np.sum([columns[n] for n in names], axis=0)
        coefficient = _fitted(answers.values - answers.truths, column)
        if coefficient is None or not _agrees(evidence, answers.values, answers.truths + coefficient * column):
            continue
        if _is_named(coefficient) or (len(names) == 1 and not np.allclose(column, column[0])):
            which = f"the term {names[0]}" if len(names) == 1 else f"each of the terms {' and '.join(names)}"
            yield f"{which} {_said(coefficient)}"


def _is_named(coefficient: float) -> bool:
    return any(math.isclose(coefficient, known, rel_tol=1e-8) for known in _COEFFICIENTS)


def _fitted(residual: Numbers, column: Numbers) -> float | None:
    square = float(column @ column)
    return float(residual @ column) / square if square > 0 and np.isfinite(square) else None


def _said(coefficient: float) -> str:
    for known, text in _COEFFICIENTS.items():
        if math.isclose(coefficient, known, rel_tol=1e-8):
            return text
    return f"is multiplied by {_number(1 + coefficient)}"


def _number(value: float) -> str:
    return f"{value:.6g}"


def _agrees(evidence: Evidence, values: Numbers, expected: Numbers) -> bool:
    scale = np.maximum(1.0, np.abs(expected))
    return bool(np.all(np.abs(values - expected) <= _SLACK * evidence.allowed * scale))
