"""What is said at a point x where the other side is a mean over x: a bound, or a divergence of conditional densities."""

from __future__ import annotations

from derivations.conversion import subterms
from derivations.kernel import Term, bind, density, free, sort
from derivations.latex import text


def mean_of_bound(bound: Term, other: Term) -> tuple[Term, str] | None:
    """A bound at x as the bound of all data, its mean, if the other side averages over x; and that in words."""
    x = _point(bound, other)
    law = next((t.args[0] for _, t in subterms(other) if t.head == "expectation" and t.bound == x), None)
    if x is None or law is None:
        return None
    return bind("expectation", x, law, bound), f"the bound is its mean over {text(law)}"


def mean_of_divergences(side: Term, other: Term) -> tuple[Term, str] | None:
    """A side in which divergences of densities given x are their means over x, if the other has no x; and that in words."""
    x = _point(side, other)
    changed = side if x is None else _divergences(side, x)
    return None if x is None or changed == side else (changed, f"the divergence is its mean over {text(x)}")


def _point(side: Term, other: Term) -> Term | None:
    """The one point that a side has and the other has not, if the other has none of its own."""
    mine, theirs = _points(side), _points(other)
    found = mine - theirs
    return found.pop() if len(found) == 1 and theirs <= mine else None


def _points(term: Term) -> set[Term]:
    return {v for v in free(term) if sort(v) == "p"}


def _divergences(term: Term, x: Term) -> Term:
    """The term with every divergence of densities given x as its mean over x, under the family of the first one."""
    law = term.args[0] if term.head == "kl" else None
    given = law.args[law.data[1] :] if law is not None and law.head == "density" else ()
    if law is not None and x in given:
        return bind("expectation", x, density(law.data[0], [x], [a for a in given if a != x]), term)
    if term.bound == x:
        return term
    return Term(term.head, tuple(_divergences(a, x) for a in term.args), term.data, term.bound)
