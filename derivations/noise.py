"""The sample z = mu + sigma epsilon: a relation that has both z and epsilon is about what the text says of them."""

from __future__ import annotations

from derivations.convention import EPSILON, Z
from derivations.conversion import subterms
from derivations.kernel import KernelError, Term, free, substitute
from derivations.reader import Context, Reading
from derivations.reading import read_point
from derivations.syntax import FormulaError, Sum


def sampled(sides: tuple[Term, Term], sample: Sum, reading: Reading, names: Context) -> tuple[Term, Term] | None:
    """The sides with z as the sample, if both together have z and epsilon, or one averages over epsilon what has z."""
    if not is_open(*sides):
        return None
    try:
        point = read_point(sample, reading, names)
        if any(t.head == "function" for _, t in subterms(point)):
            return None  # of a map that is not known the density is not known
        left, right = (substitute(_averaged(side, point), Z, point) for side in sides)
    except (FormulaError, KernelError):
        return None
    return left, right


def is_open(*sides: Term) -> bool:
    """Whether z and epsilon occur that nothing relates to each other."""
    averaged = any(_has_sample(t) for side in sides for _, t in subterms(side))
    return averaged or {Z, EPSILON} <= frozenset().union(*map(free, sides))


def _averaged(term: Term, point: Term) -> Term:
    """The term with z as the sample where one averages over epsilon, which is then the epsilon of the sample."""
    args = tuple(_averaged(a, point) for a in term.args)
    if _has_sample(term):
        args = (args[0], substitute(args[1], Z, point))
    return Term(term.head, args, term.data, term.bound)


def _has_sample(term: Term) -> bool:
    """Whether a term is a mean over epsilon of what depends on a z that is none of its variables."""
    return term.head == "expectation" and term.bound == EPSILON and Z in free(term.args[1])
