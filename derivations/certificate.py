"""Check a proof once more, here or elsewhere: as JSON, `derivations.kernel.replay` reads it with no other code."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from derivations.derivation import ancestry
from derivations.kernel import KernelError, Term, Theorem, infer


def export(theorem: Theorem) -> list[dict[str, Any]]:
    """The proof as JSON data: one entry per application of a rule, premises named by their position."""
    steps = ancestry(theorem)
    position = {id(step): i for i, step in enumerate(steps)}
    return [
        {
            "rule": step.rule,
            "premises": [position[id(p)] for p in step.premises],
            "arguments": [_encode(a) for a in step.arguments],
            "hypotheses": [_encode(h) for h in step.hypotheses],
            "conclusion": _encode(step.conclusion),
        }
        for step in steps
    ]


def again(theorem: Theorem) -> list[Theorem]:
    """All rule applications of a proof, done once more from their recorded premises and arguments.

    Raises
    ------
    KernelError
        If a rule does not apply, or does not give what was recorded.
    """
    made: dict[int, Theorem] = {}
    for step in ancestry(theorem):
        repeated = infer(step.rule, *(made[id(p)] for p in step.premises), *step.arguments)
        if (repeated.hypotheses, repeated.conclusion) != (step.hypotheses, step.conclusion):
            raise KernelError(f"{step.rule} does not give what was recorded")
        made[id(step)] = repeated
    return list(made.values())


def _encode(value: Any) -> Any:
    if isinstance(value, Term):
        data = [str(d) if isinstance(d, Fraction) else d for d in value.data]
        bound = None if value.bound is None else _encode(value.bound)
        return {"head": value.head, "data": data, "bound": bound, "args": [_encode(a) for a in value.args]}
    return [_encode(v) for v in value] if isinstance(value, tuple) else value
