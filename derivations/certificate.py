"""Proofs as JSON: what `derivations.replay` checks again, alone and elsewhere."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from derivations.collector import paused
from derivations.derivation import ancestry
from derivations.kernel import Term, Theorem


@paused()
def export(*proved: Theorem) -> dict[str, Any]:
    """The proofs of some theorems as JSON data, in the form that `derivations.replay.replay` describes.

    Each rule application is one step, premises named by their position; terms stand in tables, each once. A theorem that
    was proved twice is there once, and so is one that a rewrite by ``a = a`` left as it was.

    Raises
    ------
    ValueError
        If another of the theorems rests on one of them, so that `replay` would not name it.
    """
    theorems, place = _distinct(proved)
    terms, statements = _Table(), _Table()
    steps: list[dict[str, Any]] = []
    for theorem in theorems:
        rule, premises, arguments = _application(theorem)
        step = {
            "rule": rule,
            "premises": [place[id(p)] for p in premises],
            "arguments": [terms.argument(a) for a in arguments],
            "hypotheses": [statements.position(h) for h in theorem.hypotheses],
            "conclusion": statements.position(theorem.conclusion),
        }
        steps.append(step)
    last = [place[id(t)] for t in proved]
    used = {p for step in steps for p in step["premises"]}
    if used.intersection(last) or last != sorted(set(last)):
        raise ValueError("theorems of which one rests on another, or is another")
    return {"terms": terms.rows, "statements": statements.rows, "steps": steps, "theorems": last}


def _application(theorem: Theorem) -> tuple[str, tuple[Theorem, ...], tuple[Any, ...]]:
    """Rule, premises and arguments; ``a = a`` is reflexivity, however it was found: no edit leads to it by another way."""
    statement = theorem.conclusion
    if statement.head == "equal" and statement.args[0] == statement.args[1] and not theorem.hypotheses:
        return "reflexivity", (), statement.args
    return theorem.rule, theorem.premises, theorem.arguments


def _distinct(proved: tuple[Theorem, ...]) -> tuple[list[Theorem], dict[int, int]]:
    """The theorems on which some rest, premises first: of those with one statement the first, and none in vain.

    With them, for each theorem (by its identity) the place of its statement.
    """
    places: dict[tuple[Term, ...], int] = {}
    firsts: list[Theorem] = []
    place: dict[int, int] = {}
    for theorem in ancestry(*proved):
        place[id(theorem)] = places.setdefault((*theorem.hypotheses, theorem.conclusion), len(firsts))
        if place[id(theorem)] == len(firsts):
            firsts.append(theorem)
    needed = {place[id(t)] for t in proved}
    for i in reversed(range(len(firsts))):
        if i in needed:
            needed.update(place[id(p)] for p in _application(firsts[i])[1])
    kept = {i: k for k, i in enumerate(sorted(needed))}
    return [firsts[i] for i in kept], {identity: kept[i] for identity, i in place.items() if i in kept}


class _Table:
    """Terms in the order in which they were first met, subterms before what they are part of."""

    def __init__(self) -> None:
        self.rows: list[list[Any]] = []
        self._positions: dict[Term, int] = {}

    def position(self, term: Term) -> int:
        """The position of a term, which is added unless it is there."""
        if term not in self._positions:
            args = [self.position(a) for a in term.args]
            bound = None if term.bound is None else self.position(term.bound)
            data = [str(d) if isinstance(d, Fraction) else d for d in term.data]
            self._positions[term] = len(self.rows)
            self.rows.append([term.head, data, bound, args])
        return self._positions[term]

    def argument(self, value: Any) -> Any:
        """An argument of a rule as JSON data."""
        if isinstance(value, Term):
            return {"term": self.position(value)}
        return [self.argument(v) for v in value] if isinstance(value, tuple) else value
