"""Derivatives, by the rules of calculus; what an unknown function needs is supposed of it."""

from __future__ import annotations

from derivations.kernel import (
    KernelError,
    Term,
    Theorem,
    bind,
    differential,
    free,
    infer,
    integer,
    number,
    sort,
    substitute,
    variable,
)


def fresh(v: Term, *terms: Term) -> Term:
    """A variable of the kind of v that does not occur free in the terms: v itself, or v with primes."""
    taken = frozenset[Term]().union(*map(free, terms))
    while v in taken:
        v = variable(v.data[0] + "'", v.data[1])
    return v


def derivative_at(v: Term, at: Term, body: Term) -> Term:
    """The derivative of `body` in v at v = `at`, which may contain v."""
    bound = v if v not in free(at) else fresh(variable(v.data[0] + "'", v.data[1]), at, body)
    return bind("derivative", bound, at, substitute(body, v, bound))


def differentiate(term: Term) -> Theorem:
    """``derivative(v; a, f) = d`` with d by the rules of calculus.

    Functions of unknown form, integrals and expectations are supposed to be differentiable; their derivatives stay.
    """
    if term.head != "derivative" or term.bound is None:
        raise KernelError("not a derivative")
    at, body = term.args
    found = differentiated(term.bound, at, body)
    value = found.conclusion.args[1]
    if value == term:
        raise KernelError("nothing to differentiate")
    return infer("discharge", found, infer("derivative_value", term.bound, at, value, body))


def differentiated(v: Term, at: Term, body: Term) -> Theorem:
    """``differential(v; a, d, f)`` for the f given."""
    if v not in free(body):
        return infer("differential_constant", v, at, body)
    if body == v:
        return _identity(v, at)
    if body.head in ("add", "multiply"):
        return _from_parts(v, at, body)
    place = _chained_argument(v, body)
    if place is None:
        return _supposed(v, at, body)
    inner = body.args[place]
    u = fresh(variable("u", "real"), at, body)
    outer_body = Term(body.head, (*body.args[:place], u, *body.args[place + 1 :]), body.data)
    image = substitute(inner, v, at)
    outer = _elementary(u, image, outer_body)
    if inner == v:
        return _elementary(v, at, body)
    first = differentiated(v, at, inner)
    values = first.conclusion.args[1], outer.conclusion.args[1]
    whole = infer("chain_rule", v, at, values[0], inner, u, values[1], outer_body)
    for theorem in (first, outer):
        whole = infer("discharge", theorem, whole)
    return whole


def _identity(v: Term, at: Term) -> Theorem:
    """``differential(v; a, 1, v)``, as that of the first power."""
    first = infer("differential_power", v, at, 1)
    slope = infer("rewrite", first, infer("field", first.conclusion.args[1], number(1)), (1,))
    return infer("rewrite", slope, infer("field", first.conclusion.args[2], v), (2,))


def _from_parts(v: Term, at: Term, body: Term) -> Theorem:
    parts = [differentiated(v, at, a) for a in body.args]
    derivatives = tuple(p.conclusion.args[1] for p in parts)
    whole = infer(f"differential_{'sum' if body.head == 'add' else 'product'}", v, at, derivatives, body.args)
    for part in parts:
        whole = infer("discharge", part, whole)
    return whole


def _chained_argument(v: Term, body: Term) -> int | None:
    """The place of the one argument through which `body` depends on v, if the chain rule can go through it."""
    places = [i for i, a in enumerate(body.args) if v in free(a)]
    powers = body.head == "power" and places == [0] and integer(body.args[1]) is not None
    known = powers or body.head in ("exp", "log") or body.head == "function"
    return places[0] if known and len(places) == 1 and sort(body.args[places[0]]) == "r" else None


def _elementary(u: Term, at: Term, body: Term) -> Theorem:
    if body.head == "power":
        return infer("differential_power", u, at, integer(body.args[1]))
    if body.head in ("exp", "log"):
        return infer(f"differential_{body.head}", u, at)
    return _supposed(u, at, body)


def _supposed(v: Term, at: Term, body: Term) -> Theorem:
    return infer("assume", differential(v, at, bind("derivative", v, at, body), body))
