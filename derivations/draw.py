"""Numbered draws z_1, ..., z_K of one law: means over them, and instances with few of them.

Draws are functions ``z_k(omega)`` on a sample space; that each has the law q is a hypothesis, ``E[g(z_k)] = E_q[g(z)]``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from derivations.conversion import Conversion, everywhere, in_turn, prove_equal, simplify, subterms, transitivity
from derivations.expectation import under
from derivations.functional import DRAWS
from derivations.kernel import (
    KernelError,
    Term,
    Theorem,
    add,
    bind,
    equal,
    free,
    infer,
    integer,
    multiply,
    number,
    substitute,
    variable,
)
from derivations.reader import OMEGA

Draws = Mapping[str, Term]
MOST = 8  # draws that are written out


def over_draws(term: Term) -> Term:
    """The expectation of a term over the sample space."""
    return bind("expectation", OMEGA, DRAWS, term)


def is_draw(term: Term) -> bool:
    """Whether a term is a numbered draw."""
    return term.head == "function" and len(term.args) == 2 and term.args[1] == OMEGA


def mean_of_draws(draws: Draws) -> Conversion:
    """``E[1/K sum_k f(z_k)] = 1/K sum_k E_q[f(z)]``: linearity, and that each draw has its law."""

    def convert(term: Term) -> Theorem:
        if term.head != "expectation" or term.bound != OMEGA:
            raise KernelError("not a mean over draws")
        spread = _spread(term.args[1])
        linear = prove_equal(term, spread, in_turn(under(OMEGA, DRAWS), simplify))
        whole = transitivity(linear, everywhere(_same_law(draws))(spread))
        if any(t.bound == OMEGA for _, t in subterms(whole.sides[1])):
            raise KernelError("not a linear combination of functions of one draw each")
        return whole

    return convert


def is_linear(term: Term, draws: Draws) -> bool:
    """Whether the mean over draws is a combination of means of one draw each, which is then known."""
    mean = everywhere(mean_of_draws(draws))(term).sides[1]
    return not any(t.bound == OMEGA for _, t in subterms(mean))


def _spread(body: Term) -> Term:
    """A linear combination with the expectation of each part that depends on the draws."""
    if OMEGA not in free(body):
        return body
    if body.head == "add":
        return add(*map(_spread, body.args))
    if body.head == "multiply":
        outer = [a for a in body.args if OMEGA not in free(a)]
        inner = [a for a in body.args if OMEGA in free(a)]
        if outer and len(inner) == 1:
            return multiply(*outer, _spread(inner[0]))
    if body.head == "sum":
        return bind("sum", body.bound, *body.args[:2], _spread(body.args[2]))
    return over_draws(body)


def _same_law(draws: Draws) -> Conversion:
    def convert(term: Term) -> Theorem:
        if term.head != "expectation" or term.bound != OMEGA:
            raise KernelError("not a mean over draws")
        drawn = {t for _, t in subterms(term.args[1]) if is_draw(t)}
        if len(drawn) != 1:
            raise KernelError("not a function of one draw")
        (draw,) = drawn
        letter = draw.data[0]
        law = draws[letter]
        if any(t.bound in (law.args[0], draw.args[0]) for _, t in subterms(term.args[1])):
            raise KernelError("the variable of the law, or the number of the draw, is bound inside")
        body = substitute_term(term.args[1], draw, law.args[0])
        if OMEGA in free(body) or any(a in free(body) and a.data[1] == "index" for a in draw.args[:1]):
            raise KernelError("it depends on the number of the draw")
        return infer("assume", equal(term, bind("expectation", law.args[0], law, body)))

    return convert


def substitute_term(term: Term, target: Term, replacement: Term) -> Term:
    """`term` with a subterm replaced wherever it stands."""
    if term == target:
        return replacement
    args = tuple(substitute_term(a, target, replacement) for a in term.args)
    return Term(term.head, args, term.data, term.bound)


# --- instances ---


def instance(term: Term, draws: Draws, size: int) -> Term:
    """The term for `size` draws, written out: every sum over draws has that many summands."""
    for name in _numbers(term):
        term = substitute(term, name, number(size))
    return _averaged(written_out(term), draws, size + 1)


def of_any_size(*terms: Term) -> tuple[Term, ...]:
    """The terms with a number m for ``k + 1``, where k occurs in no other way: what holds for all m holds for it."""
    sizes = {t for term in terms for _, t in subterms(term) if t.head == "add" and _is_later(t)}
    if len(sizes) != 1:
        return terms
    (size,) = sizes
    any_size = variable("m", "natural")
    found = tuple(substitute_term(term, size, any_size) for term in terms)
    names = {v for term in terms for v in free(term)} | {t.bound for term in terms for _, t in subterms(term)}
    clear = any_size not in names and not any(size.args[0] in free(term) for term in found)
    return found if clear else terms


def _is_later(size: Term) -> bool:
    first, *rest = size.args
    return first.data[1:] == ("natural",) and len(rest) == 1 and (integer(rest[0]) or 0) > 0


def numbers(*terms: Term) -> frozenset[Term]:
    """The variables up to which the draws are numbered."""
    return frozenset(v for term in terms for v in _numbers(term))


def _numbers(term: Term) -> Iterator[Term]:
    for _, t in subterms(term):
        if t.head == "sum" and any(is_draw(s) for _, s in subterms(t.args[2])):
            yield from (v for v in free(t.args[1]) if v.data[1] == "natural")


def written_out(term: Term) -> Term:
    """The term with sums over few draws, such as two of them, written out."""
    args = tuple(map(written_out, term.args))
    if term.head == "sum" and any(is_draw(s) for _, s in subterms(term.args[2])):
        limits = [integer(simplify(a).sides[1]) for a in args[:2]]
        if limits[0] is not None and limits[1] is not None and limits[1] - limits[0] < MOST and term.bound is not None:
            return add(*(substitute(args[2], term.bound, number(k)) for k in range(limits[0], limits[1] + 1)))
    return Term(term.head, args, term.data, term.bound)


def _averaged(term: Term, draws: Draws, size: int) -> Term:
    if term.head == "expectation" and term.bound == OMEGA:
        body = term.args[1]
        for letter, law in draws.items():
            for k in range(1, size + 1):
                draw, point = Term("function", (number(k), OMEGA), (letter, letter)), variable(f"{letter}_{k}", letter)
                if any(t == draw for _, t in subterms(body)):
                    body = substitute_term(body, draw, point)
                    body = bind("expectation", point, substitute(law, law.args[0], point), body)
        if OMEGA in free(body):
            raise KernelError("a draw beyond the last")
        return body
    args = tuple(_averaged(a, draws, size) for a in term.args)
    return Term(term.head, args, term.data, term.bound)
