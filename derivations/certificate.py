"""Proofs as JSON: what `derivations.replay` checks again, alone and elsewhere."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from derivations.derivation import ancestry
from derivations.kernel import Term, Theorem


def export(*proved: Theorem) -> dict[str, Any]:
    """The proofs of some theorems as JSON data, in the form that `derivations.replay.replay` describes.

    Each rule application is one step, premises named by their position; terms stand in tables, each once. A theorem that
    was proved twice is there once, and so is one that a rewrite by ``a = a`` left as it was.
    """
    theorems = _distinct(proved)
    position = {_statement(step): i for i, step in enumerate(theorems)}
    terms, statements = _Table(), _Table()
    steps = [
        {
            "rule": step.rule,
            "premises": [position[_statement(p)] for p in step.premises],
            "arguments": [terms.argument(a) for a in step.arguments],
            "hypotheses": [statements.position(h) for h in step.hypotheses],
            "conclusion": statements.position(step.conclusion),
        }
        for step in theorems
    ]
    last = [position[_statement(t)] for t in proved]
    return {"terms": terms.rows, "statements": statements.rows, "steps": steps, "theorems": last}


def _statement(theorem: Theorem) -> tuple[Any, ...]:
    return *theorem.hypotheses, theorem.conclusion


def _distinct(proved: tuple[Theorem, ...]) -> list[Theorem]:
    """The theorems on which some rest, premises first: of those with one statement the first, and none in vain."""
    first: dict[tuple[Any, ...], Theorem] = {}
    for theorem in ancestry(*proved):
        first.setdefault(_statement(theorem), theorem)
    needed = set(map(_statement, proved))
    for statement, theorem in reversed(first.items()):
        if statement in needed:
            needed.update(map(_statement, theorem.premises))
    return [theorem for statement, theorem in first.items() if statement in needed]


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
            self.rows.append([term.head, data, bound, args])
            self._positions[term] = len(self.rows) - 1
        return self._positions[term]

    def argument(self, value: Any) -> Any:
        """An argument of a rule as JSON data."""
        if isinstance(value, Term):
            return {"term": self.position(value)}
        return [self.argument(v) for v in value] if isinstance(value, tuple) else value
