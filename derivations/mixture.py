"""Aggregate posteriors as means over the data, ``q(z) = 1/N sum_n q(z|x_n)``, and how far their parts are from them."""

from __future__ import annotations

from collections.abc import Iterator

from derivations.conversion import subterms
from derivations.kernel import Term, bind, density, multiply, number


def aggregates(*terms: Term) -> dict[Term, Term]:
    """For the sums over data in terms that hold ``q(z|x_n)``: ``q(z)``, and its mean over these data.

    >>> from derivations.kernel import variable
    >>> n, size, z = variable("n", "index"), variable("N", "natural"), variable("z", "z")
    >>> part = density("q", [z], [Term("function", (n,), ("x", "x"))])
    >>> found = aggregates(bind("sum", n, number(1), size, bind("kl", z, part, density("p", [z]))))
    >>> found == {density("q", [z]): size**-1 * bind("sum", n, number(1), size, part)}
    True
    """
    found: dict[Term, Term] = {}
    for total in (t for term in terms for _, t in subterms(term) if t.head == "sum" and t.args[1].head == "variable"):
        for _, part in subterms(total.args[2]):
            if _is_posterior_at(part, total.bound) and total.args[0] == number(1):
                mean = total.args[1] ** -1 * bind("sum", total.bound, *total.args[:2], part)
                found.setdefault(density(part.data[0], part.args[:1]), mean)
    return found


def _is_posterior_at(term: Term, n: Term | None) -> bool:
    """Whether a term is ``q(z|x_n)``."""
    if term.head != "density" or term.data[1] != 1 or len(term.args) != 2 or not str(term.data[0]).startswith("q"):
        return False
    return term.args[1].head == "function" and term.args[1].args == (n,)


def spreads(*terms: Term) -> Iterator[Term]:
    """The divergences of the parts from their mixture, ``c sum_n KL(q_n || c sum_m q_m)`` and without c, for the laws."""
    for t in (t for term in terms for _, t in subterms(term) if t.head in ("kl", "expectation")):
        law, z = t.args[0], t.bound
        *weights, total = law.args if law.head == "multiply" else (law,)
        if (
            total.head == "sum"
            and total.args[2].head == "density"
            and total.args[2].args[: total.args[2].data[1]] == (z,)
        ):
            summed = bind("sum", total.bound, *total.args[:2], bind("kl", z, total.args[2], law))
            yield from dict.fromkeys((multiply(*weights, summed), summed))
