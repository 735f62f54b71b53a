"""The sample z = mu + sigma epsilon: a relation that has both z and epsilon is about what the text says of them."""

from __future__ import annotations

from collections.abc import Iterable

from derivations.convention import EPSILON, Z
from derivations.conversion import subterms
from derivations.kernel import KernelError, Term, free, substitute
from derivations.reader import Context, Reading
from derivations.reading import read_point
from derivations.syntax import FormulaError, Sum, parse
from derivations.tree import bases, plain_letter
from derivations.written import WrittenChain


def sample_of(chains: Iterable[WrittenChain]) -> Sum | None:
    r"""The tree of ``\mu + \sigma \epsilon`` if a text says that this is z; the first one that does."""
    for chain in chains:
        for before, after in zip(chain.sides, chain.sides[1:], strict=False):
            try:
                left, right = parse(before.source), parse(after.source)
            except FormulaError:
                continue
            if after.relation in ("=", ":=") and plain_letter(left) in ("z", "Z") and r"\epsilon" in bases(right):
                return right
    return None


def sampled(sides: tuple[Term, Term], sample: Sum, reading: Reading, names: Context) -> tuple[Term, Term] | None:
    """The sides with z as the sample, if both together have z and epsilon."""
    if not is_open(*sides):
        return None
    try:
        point = read_point(sample, reading, names)
        if any(t.head == "function" for _, t in subterms(point)):
            return None  # of a map that is not known the density is not known
        left, right = (substitute(side, Z, point) for side in sides)
    except (FormulaError, KernelError):
        return None
    return left, right


def is_open(*sides: Term) -> bool:
    """Whether z and epsilon occur that nothing relates to each other."""
    return {Z, EPSILON} <= frozenset().union(*map(free, sides))
