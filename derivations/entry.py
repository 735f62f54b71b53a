"""Marginal densities of one entry, ``q(z_j)``, beside the density ``q(z)`` of the whole: products of them, their divergences.

``q(z_j)`` is read as a function of j, of the entry and of what is given; that it is the marginal density is used in one
place: a mean under it is one under the density of the whole. What is proved of such functions is true of the marginal
densities; a counterexample has to be one of these, so it is looked for with two entries.
"""

from __future__ import annotations

from derivations.conversion import subterms
from derivations.kernel import (
    KernelError,
    Term,
    add,
    bind,
    density,
    free,
    log,
    multiply,
    number,
    substitute,
    variable,
)

_MARK = "_entry"
ENTRIES = 2  # of a counterexample


def marginal(family: str, z: Term, index: Term, given: list[Term]) -> Term:
    """``q(z_j | x)``."""
    entry = Term("component", (z, index))
    return Term("function", (index, entry, *given), (family + _MARK + "_given" * bool(given), "real"))


def is_marginal(term: Term) -> bool:
    """Whether a term is the density of an entry."""
    return term.head == "function" and _MARK in term.data[0]


def whole(term: Term) -> Term:
    """``q(z | x)`` for ``q(z_j | x)``, or for the product of these."""
    one = term.args[2] if term.head == "product" else term
    return density(one.data[0].split(_MARK)[0], [one.args[1].args[0]], one.args[2:])


def is_product(term: Term) -> bool:
    """Whether a term is ``prod_j q(z_j)``."""
    return term.head == "product" and is_marginal(term.args[2]) and term.args[2].args[0] == term.bound


def divergence(q: Term, p: Term) -> Term:
    """``KL(q(z_j) || p(z_j))`` as a mean under the density of the whole."""
    law = whole(q)
    return bind("expectation", law.args[0], law, log(q / p))


def factorised(term: Term, law: Term, product: Term) -> Term:
    """The term where a density is the product of those of its entries; as the law of a mean it stays as it is."""
    if term == law:
        return product
    if term.head == "kl" and law in term.args:
        q, p = (factorised(a, law, product) for a in term.args)
        return bind("expectation", term.bound, term.args[0], log(q / p))
    args = [factorised(a, law, product) for a in term.args]
    if term.head == "expectation":
        args[0] = term.args[0]
    return Term(term.head, tuple(args), term.data, term.bound)


def products(*terms: Term) -> list[tuple[Term, Term]]:
    """The densities whose entries have densities in the terms, each with the product of these."""
    found: dict[Term, Term] = {}
    for term in terms:
        for _, t in subterms(term):
            if t.head in ("sum", "product") and t.bound is not None:
                for _, f in subterms(t.args[2]):
                    if is_marginal(f) and f.args[0] == t.bound:
                        found.setdefault(whole(f), bind("product", t.bound, *t.args[:2], f))
    return list(found.items())


# --- two entries ---


def instances(*terms: Term) -> list[Term]:
    """The terms for a z of two entries, whose marginal densities are those of one joint density.

    Raises
    ------
    KernelError
        If sums run over something else than the entries, or z stands elsewhere than in densities.
    """
    sums = [t for term in terms for _, t in subterms(term) if t.head in ("sum", "product") and _has_marginal(t)]
    sizes = {t.args[:2] for t in sums}
    if len(sizes) != 1 or (limits := sizes.pop())[0] != number(1) or limits[1].data[1:] != ("natural",):
        raise KernelError("sums over something else than the entries")
    found = [_instance(substitute(term, limits[1], number(ENTRIES))) for term in terms]
    if any(v.data[1] == "z" for term in found for v in free(term)) or any(map(_has_marginal, found)):
        raise KernelError("an entry elsewhere than in a density")
    return found


def _has_marginal(term: Term) -> bool:
    return any(is_marginal(t) for _, t in subterms(term))


def _instance(term: Term) -> Term:
    if term.head in ("sum", "product") and term.bound is not None and _has_marginal(term):
        parts = [_instance(substitute(term.args[2], term.bound, number(k))) for k in range(1, ENTRIES + 1)]
        return add(*parts) if term.head == "sum" else multiply(*parts)
    if is_marginal(term):
        place, family = term.args[0], term.data[0].split(_MARK)[0]
        if place.head != "number":
            raise KernelError("an entry without its number")
        return density(family, [_entry(int(place.data[0]))], term.args[2:])
    if term.head == "density":
        groups = term.args[: term.data[1]], term.args[term.data[1] :]
        return density(term.data[0], *(_spread(group) for group in groups))
    if term.head == "kl" and term.bound is not None and term.bound.data[1] == "z":
        q, p = term.args
        return _instance(bind("expectation", term.bound, q, log(q / p)))
    if term.head in ("expectation", "integral") and term.bound is not None and term.bound.data[1] == "z":
        return _over_entries(term)
    return Term(term.head, tuple(map(_instance, term.args)), term.data, term.bound)


def _over_entries(term: Term) -> Term:
    body = _instance(term.args[-1])
    points = [_entry(k) for k in range(1, ENTRIES + 1)]
    if term.head == "integral":
        for z in reversed(points):
            body = bind("integral", z, body)
        return body
    law = term.args[0]
    if law.head != "density" or law.args[: law.data[1]] != (term.bound,):
        raise KernelError("a law of no density")
    for k in reversed(range(ENTRIES)):
        given = [*points[:k], *law.args[1:]]
        body = bind("expectation", points[k], density(law.data[0], [points[k]], given), body)
    return body


def _entry(k: int) -> Term:
    return variable(f"z_{k}", f"z_{k}")


def _spread(points: tuple[Term, ...]) -> list[Term]:
    return [e for p in points for e in ([_entry(k + 1) for k in range(ENTRIES)] if p.data == ("z", "z") else [p])]
