"""What a relation of a text means: readings of both sides, and the conventions that they rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from derivations.conversion import subterms
from derivations.kernel import Term
from derivations.latex import text
from derivations.reader import Reading


@dataclass(frozen=True)
class Meaning:
    """Both sides of a relation, each under a reading.

    Attributes
    ----------
    readings, left, right
        How the sides were read, and what they are then.
    convention
        The convention on the densities that is used, if any.
    draws
        The laws of numbered draws, by the letter of their variable.
    words
        What else is taken as the field has it.
    condition
        What the field often has so, but not always: under it nothing is proved, and what holds under it is not refuted.
    chosen
        Whether the convention chooses what the text may have otherwise: what fails under it is not refuted.
    """

    readings: tuple[Reading, Reading]
    left: Term
    right: Term
    convention: str = ""
    draws: Mapping[str, Term] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    condition: str = ""
    chosen: bool = False

    @property
    def reading(self) -> str:
        """How the sides were read, in words."""
        left, right = map(str, self.readings)
        return right if left == right else f"left side: {left}; right side: {right}"

    def scope(self, others: Sequence[Meaning]) -> str:
        """How the sides are read, where another of the meanings differs only in what an operator without brackets applies to.

        Only what is not usual is said: ``log a b`` is ``log(a b)`` and a sum ends with its term, but a gradient has no usual
        scope.
        """
        found = [next((o for o in others if _differs_in_scope(self, o, i)), None) for i in (0, 1)]
        pairs = [(self.sides[i], other.sides[i]) for i, other in enumerate(found) if other is not None]
        return "; ".join(f"read as {text(mine)}, not as {text(theirs)}" for mine, theirs in pairs)

    @property
    def sides(self) -> tuple[Term, Term]:
        """Both sides."""
        return self.left, self.right

    def under(self, *conditions: str) -> Meaning:
        """The same under further conditions; an empty one is none."""
        return replace(self, condition=" and ".join(filter(None, (self.condition, *conditions))))

    @property
    def suppositions(self) -> tuple[str, ...]:
        """All conventions that are used, in words."""
        return (*((self.convention,) if self.convention else ()), *self.words)


def _differs_in_scope(one: Meaning, other: Meaning, i: int) -> bool:
    """Whether one meaning has an unusual scope on a side, or that of a gradient, and the other differs in it alone."""
    supposed = (one.suppositions, one.condition) == (other.suppositions, other.condition)
    if not supposed or one.sides[i] == other.sides[i] or one.sides[1 - i] != other.sides[1 - i]:
        return False
    mine, theirs = one.readings[i], other.readings[i]
    unusual = (theirs.greedy and not mine.greedy) or (mine.wide and not theirs.wide)
    graded = any(t.head == "derivative" for _, t in subterms(one.sides[i]))
    return mine.scalar is theirs.scalar and (unusual or (graded and mine.greedy is not theirs.greedy))
