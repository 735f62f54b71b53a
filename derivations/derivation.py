"""A derivation: chains of expressions as on paper, each step justified by a named reason and proved by the kernel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from derivations.assumption import settle
from derivations.collector import paused
from derivations.conversion import Conversion, prove_equal, transitivity
from derivations.counterexample import Counterexample
from derivations.inequality import joined
from derivations.kernel import KernelError, Term, Theorem, alpha_equal, infer
from derivations.latex import text
from derivations.notation import to_kernel
from derivations.refute import refute


class StepError(ValueError):
    """A step of a derivation that its reason does not justify.

    Attributes
    ----------
    claim
        What the step says, as a proposition.
    counterexample
        A model in which that is false: the step is refuted. None if none was found: it is undecided.
    """

    def __init__(self, message: str, claim: Term | None = None, counterexample: Counterexample | None = None) -> None:
        if claim is not None:
            found = f"refuted: {counterexample.words}" if counterexample else "undecided: no counterexample found"
            message = f"{message}\n  {found}"
        super().__init__(message)
        self.claim, self.counterexample = claim, counterexample


@dataclass(frozen=True)
class Reason:
    """Why both sides of an equation are equal: words for the reader, and a conversion that brings them to one form."""

    words: str
    conversion: Conversion

    def prove(self, left: Term, right: Term) -> Theorem:
        """``left = right``."""
        return prove_equal(left, right, self.conversion)


@dataclass(frozen=True)
class Lemma:
    """Why a relation holds: words for the reader, and a function from both sides to the theorem that relates them.

    For an inequality the smaller side comes first.
    """

    words: str
    prove: Callable[[Term, Term], Theorem]


@dataclass(frozen=True)
class Step:
    """A proved line: ``theorem`` says that the line before it is ``relation`` (``=``, ``<=`` or ``>=``) `expression`.

    `prove` is how its reason proved it from the sides of the claim, and would prove others.
    """

    expression: Term
    reason: str
    theorem: Theorem
    relation: str
    prove: Callable[[Term, Term], Theorem]


@dataclass(frozen=True)
class Chain:
    """A proved chain ``start = ... <= ... = end``.

    Attributes
    ----------
    start
        The first expression.
    steps
        The lines after it.
    relation
        Of the start to the end: ``=``, ``<=`` or ``>=``.
    theorem
        ``start = end``, ``start <= end`` or ``end <= start``, with all its hypotheses.
    """

    start: Term
    steps: tuple[Step, ...]
    relation: str
    theorem: Theorem


@dataclass(frozen=True)
class Derivation:
    """A theorem, in one part or several, each proved by a chain.

    Attributes
    ----------
    slug, title, source
        Its name everywhere (LaTeX label, test id), what it says in words, and where the exercise has it.
    parts
        The chains, in the order in which the theorem states their ends.
    uses
        Slugs of the derivations whose theorems it uses.
    """

    slug: str
    title: str
    source: str
    parts: tuple[Chain, ...]
    uses: tuple[str, ...]

    @property
    def theorems(self) -> tuple[Theorem, ...]:
        """What each part proves."""
        return tuple(part.theorem for part in self.parts)

    @property
    def hypotheses(self) -> tuple[Term, ...]:
        """What the parts suppose, each once."""
        return tuple(dict.fromkeys(h for theorem in self.theorems for h in theorem.hypotheses))

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of all parts."""
        return tuple(step for part in self.parts for step in part.steps)

    @property
    def axioms(self) -> tuple[str, ...]:
        """The kernel rules that the proof applies, in alphabetical order."""
        return tuple(sorted({t.rule for t in ancestry(*self.theorems)}))


def ancestry(*theorems: Theorem) -> list[Theorem]:
    """The theorems on which these rest, and these, premises before conclusions."""
    order: dict[int, Theorem] = {}
    stack = [(theorem, False) for theorem in reversed(theorems)]
    while stack:
        current, expanded = stack.pop()
        if expanded:
            order[id(current)] = current
        elif id(current) not in order:
            stack.append((current, True))
            stack.extend((p, False) for p in reversed(current.premises))
    return list(order.values())


@paused()
def derive(
    slug: str,
    title: str,
    source: str,
    *chains: list[Any],
    joint: frozenset[str] = frozenset(),
    uses: tuple[Derivation, ...] = (),
) -> Derivation:
    """Prove chains ``[start, (expression, reason), (">=", expression, lemma), ...]`` of SymPy expressions, step by step.

    Parameters
    ----------
    chains
        One for each part of the theorem. A line without a relation is an equation.
    joint
        Families of densities whose positivity is to be supposed of the joint and marginal densities only.
    uses
        Derivations whose theorems the reasons may use; those on which the proof does rest are recorded.

    Raises
    ------
    StepError
        With the number of the step, both sides, the reason that did not apply, and a counterexample to the step under
        the hypotheses of those before it, if one is found.
    """
    parts, number = [], 0
    for chain in chains:
        start = to_kernel(chain[0])
        steps: list[Step] = []
        for line in chain[1:]:
            number += 1
            before = steps[-1].expression if steps else start
            supposed = tuple(h for s in steps for h in s.theorem.hypotheses)
            steps.append(_step(f"{slug}, step {number}", before, line, joint, supposed))
        relation, whole = joined(start, [(s.relation, s.theorem) for s in steps])
        parts.append(Chain(start, tuple(steps), relation, settle(whole, joint)))
    proof = set(map(id, ancestry(*(part.theorem for part in parts))))
    used = (d.slug for d in uses if any(id(theorem) in proof for theorem in d.theorems))
    return Derivation(slug, title, source, tuple(parts), tuple(used))


def _step(place: str, before: Term, line: tuple[Any, ...], joint: frozenset[str], supposed: tuple[Term, ...]) -> Step:
    relation, expression, reason = line if len(line) == 3 else ("=", *line)
    after = to_kernel(expression)
    sides = (after, before) if relation == ">=" else (before, after)
    wanted = Term("equal" if relation == "=" else "at_most", sides)

    def prove(left: Term, right: Term) -> Theorem:
        return settle(reason.prove(left, right), joint)

    try:
        theorem = prove(*sides)
        if not alpha_equal(theorem.conclusion, wanted):
            raise KernelError(f"the reason proves {text(theorem.conclusion)}")
    except KernelError as error:
        shown = f"{text(before)}  {relation}  {text(after)}"
        message = f"{place}: {shown}\n  not by {reason.words!r}: {error}"
        raise StepError(message, wanted, refute(wanted, supposed)) from error
    return Step(after, reason.words, theorem, relation, prove)


def by_theorem(derivation: Derivation) -> Conversion:
    """The conversion that rewrites the start of a proved equation, of any part of the derivation, into its end."""

    def convert(term: Term) -> Theorem:
        for theorem in derivation.theorems:
            if theorem.conclusion.head == "equal" and alpha_equal(theorem.sides[0], term):
                return transitivity(infer("reflexivity", term, theorem.sides[0]), theorem)
        raise KernelError(f"not the left side of {derivation.slug}")

    return convert
