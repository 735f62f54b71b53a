"""What is said of one relation of a manuscript."""

from __future__ import annotations

from dataclasses import dataclass

from derivations.written import WrittenChain


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


def blank(chain: WrittenChain, place: int, index: int) -> Judgement:
    """A relation of the chain at that place, undecided as yet."""
    before, after = chain.sides[index : index + 2]
    return Judgement(chain.file, after.line, place, index, after.relation, before.source, after.source, "undecided")
