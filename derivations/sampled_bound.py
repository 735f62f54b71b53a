r"""Bounds with numbers of draws, ``L_K = E[\log \frac1K \sum_{k=1}^K w(z_k)]``: more draws do not lower them.

The theorem is `iwae-monotone`, of any exchangeable weights w_k; independent draws of one law have such weights.
"""

from __future__ import annotations

from dataclasses import dataclass

from derivations.conversion import prove_equal, simplify, subterms
from derivations.draw import is_draw, substitute_term
from derivations.functional import DRAWS
from derivations.judgement import Proof
from derivations.kernel import KernelError, Term, alpha_equal, free, integer, number, variable
from derivations.latex import text
from derivations.reader import OMEGA

WORDS = "another sample does not lower the bound (iwae-monotone)"
TAKEN = "w_k(omega) is the k-th weight, of independent draws of one law"


@dataclass(frozen=True)
class _Bound:
    """A bound with a number of draws: their number, and the sum of their weights."""

    size: Term
    total: Term


def by_more_draws(left: Term, right: Term, relation: str) -> Proof | None:
    """A proof that the bound with more draws is at least the one with fewer, or None if that is not what is said."""
    if relation not in ("<=", ">="):
        return None
    small, big = map(_bound, (left, right) if relation == "<=" else (right, left))
    if small is None or big is None or small.total.bound is None or big.total.bound is None:
        return None
    more = integer(simplify(big.size - small.size).sides[1])
    at_least_one = small.size == number(1) and big.size.data[1:] == ("natural",)
    same = alpha_equal(_counted(small, number(1)), _counted(big, number(1)))
    if not same or not (at_least_one or (more is not None and more >= 1)):
        return None
    from derivations.importance_weighting import iwae_monotone  # which takes a while, and few texts need

    return Proof(
        WORDS if more == 1 else f"{WORDS}, {more if more else f'{text(big.size)} - 1'} times",
        iwae_monotone().theorems[0],
    )


def _counted(bound: _Bound, size: Term) -> Term:
    """The sum of the weights with another number of them."""
    total = bound.total
    return Term("sum", (total.args[0], size, total.args[2]), total.data, total.bound)


def _bound(term: Term) -> _Bound | None:
    """``E[log 1/n sum_{k=1}^n w(z_k)]``, where each w is the same function of one draw."""
    if term.head != "expectation" or term.bound != OMEGA or term.args[0] != DRAWS or term.args[1].head != "log":
        return None
    mean = term.args[1].args[0]
    totals = [t for _, t in subterms(mean) if t.head == "sum" and any(is_draw(s) for _, s in subterms(t))]
    if len(totals) != 1 or totals[0].args[0] != number(1) or not _is_of_one_draw(totals[0]):
        return None
    (total,) = totals
    try:
        prove_equal(mean, total.args[1] ** -1 * total, simplify)
    except KernelError:
        return None
    return _Bound(total.args[1], total)


def _is_of_one_draw(total: Term) -> bool:
    """Whether the summand depends on the index, and on chance, through the draw of this number alone."""
    _, size, weight = total.args
    drawn = {t for _, t in subterms(weight) if is_draw(t)}
    for draw in drawn:
        one = variable("one", draw.data[1])
        weight = substitute_term(weight, draw, one) if draw.args[0] == total.bound else weight
    return total.bound not in free(weight) and OMEGA not in free(weight) and not free(size) & free(weight)
