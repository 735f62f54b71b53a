"""The sample z = mu + sigma epsilon: a relation that has both z and epsilon is about what the text says of them."""

from __future__ import annotations

from derivations.convention import EPSILON, Z
from derivations.conversion import subterms
from derivations.kernel import KernelError, Term, free, substitute
from derivations.reader import Context, Reading
from derivations.reading import read_point
from derivations.syntax import FormulaError, Sum


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
