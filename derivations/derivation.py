"""A derivation: a chain of expressions as on paper, each step justified by a named reason and proved by the kernel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from derivations.assumption import settle
from derivations.conversion import Conversion, prove_equal, same, transitivity
from derivations.kernel import KernelError, Term, Theorem, alpha_equal, infer
from derivations.latex import text
from derivations.notation import to_kernel


class StepError(ValueError):
    """A step of a derivation that its reason does not justify."""


@dataclass(frozen=True)
class Reason:
    """Why a step holds: words for the reader, and the conversion that must bring both of its sides to one form."""

    words: str
    conversion: Conversion


@dataclass(frozen=True)
class Step:
    """A proved line of a derivation: ``theorem`` says that the line before it equals ``expression``."""

    expression: Term
    reason: str
    theorem: Theorem


@dataclass(frozen=True)
class Derivation:
    """A proved chain ``start = ... = end``.

    Attributes
    ----------
    slug, title, source
        Its name everywhere (LaTeX label, test id), what it says in words, and where the exercise has it.
    start
        The first expression.
    steps
        The lines after it.
    theorem
        ``start = end`` with all its hypotheses.
    uses
        Slugs of the derivations whose theorems it uses.
    """

    slug: str
    title: str
    source: str
    start: Term
    steps: tuple[Step, ...]
    theorem: Theorem
    uses: tuple[str, ...]

    @property
    def axioms(self) -> tuple[str, ...]:
        """The kernel rules that the proof applies, in alphabetical order."""
        return tuple(sorted({t.rule for t in ancestry(self.theorem)}))


def ancestry(theorem: Theorem) -> list[Theorem]:
    """The theorems that a theorem rests on, premises before conclusions, itself last."""
    order: dict[int, Theorem] = {}
    stack = [(theorem, False)]
    while stack:
        current, expanded = stack.pop()
        if expanded:
            order[id(current)] = current
        elif id(current) not in order:
            stack.append((current, True))
            stack.extend((p, False) for p in reversed(current.premises))
    return list(order.values())


def derive(
    slug: str,
    title: str,
    source: str,
    chain: list[Any],
    *,
    joint: frozenset[str] = frozenset(),
    uses: tuple[Derivation, ...] = (),
) -> Derivation:
    """Prove a chain ``[start, (expression, reason), ...]`` of SymPy expressions step by step.

    Parameters
    ----------
    joint
        Families of densities whose positivity is to be supposed of the joint and marginal densities only.
    uses
        Derivations whose theorems the reasons use.

    Raises
    ------
    StepError
        With the number of the step, both sides, and the reason that did not apply.
    """
    start = to_kernel(chain[0])
    steps: list[Step] = []
    for number, (expression, reason) in enumerate(chain[1:], 1):
        before = steps[-1].expression if steps else start
        after = to_kernel(expression)
        try:
            theorem = settle(prove_equal(before, after, reason.conversion), joint)
        except KernelError as error:
            sides = f"{text(before)}  =  {text(after)}"
            raise StepError(f"{slug}, step {number}: {sides}\n  not by {reason.words!r}: {error}") from error
        steps.append(Step(after, reason.words, theorem))
    whole = settle(transitivity(same(start), *(s.theorem for s in steps)), joint)
    return Derivation(slug, title, source, start, tuple(steps), whole, tuple(d.slug for d in uses))


def by_theorem(derivation: Derivation) -> Conversion:
    """The conversion that rewrites the start of a proved chain into its end."""

    def convert(term: Term) -> Theorem:
        left, _ = derivation.theorem.sides
        if not alpha_equal(left, term):
            raise KernelError(f"not the left side of {derivation.slug}")
        return transitivity(infer("reflexivity", term, left), derivation.theorem)

    return convert
