"""Decide a relation between two terms: conversions that the field has names for, tried one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from derivations.assumption import settle
from derivations.concavity import expectation_inequality, jensen
from derivations.conversion import Conversion, everywhere, prove_equal, same, subterms, symmetry, transitivity
from derivations.draw import Draws, mean_of_draws, of_any_size, written_out
from derivations.gap import averages, by_average, by_gap, by_jensen, by_tangent
from derivations.inequality import along, as_inequality, rearranged, sum_inequality
from derivations.kernel import (
    KernelError,
    Term,
    Theorem,
    at_most,
    bind,
    density,
    equal,
    free,
    log,
    multiply,
    number,
    sort,
)
from derivations.refute import contradicted
from derivations.strategy import is_of_mean, strategies


@dataclass(frozen=True)
class Proof:
    """A theorem, and by what it holds in the words of the field."""

    words: str
    theorem: Theorem


def prove(
    left: Term, right: Term, relation: str, joint: frozenset[str], draws: Draws = MappingProxyType({})
) -> Proof | None:
    """A proof of ``left = right``, ``left <= right`` or ``left >= right``, or None.

    Parameters
    ----------
    relation
        Any but the inequalities is an equation.
    joint
        Families whose conditional densities are ratios of joint densities.
    draws
        The laws of numbered draws, by the letter of their variable.
    """
    if draws:
        return _of_draws(left, right, relation, joint, draws)
    if relation not in ("<=", ">="):
        return _equality(left, right, joint)
    small, big = (left, right) if relation == "<=" else (right, left)
    if contradicted(at_most(small, big)):
        return None
    same_sides = _equality(small, big, joint)
    if same_sides is not None:
        return Proof(same_sides.words, as_inequality(same_sides.theorem))
    return _inequality(small, big, joint)


def _inequality(small: Term, big: Term, joint: frozenset[str]) -> Proof | None:
    def equality(left: Term, right: Term) -> Theorem | None:
        found = _equality(left, right, joint)
        return None if found is None else found.theorem

    ways = (
        ("the KL divergence is not negative", by_gap),
        ("Jensen's inequality", by_jensen),
        ("Jensen's inequality", by_average),
        ("log t is at most t - 1", by_tangent),
    )
    if any(is_of_mean(t) for side in (small, big) for _, t in subterms(side)):
        ways = (*ways[1:3], ways[0], *ways[3:])
    for words, way in ways:
        try:
            theorem = way(small, big, equality, joint)
        except KernelError:  # a gap that is no term
            continue
        if theorem is not None:
            return Proof(words, theorem)
    above = by_jensen(number(-1) * big, number(-1) * small, equality, joint)  # of the negative logarithm
    if above is not None:
        return Proof("Jensen's inequality", rearranged(above, small, big))
    return _inside(small, big, joint) or _beside(small, big, joint) or _from_evidence(small, big, joint)


def _from_evidence(small: Term, big: Term, joint: frozenset[str]) -> Proof | None:
    """A bound of what is ``log p(x)`` in other words, such as ``log int q(z|x) / q(z|x) p(x|z) p(z) dz``."""
    points = {v for v in free(big) if sort(v) == "p"}
    if not points or big.head != "log" or big.args[0].head not in ("integral", "expectation"):
        return None
    evidence = log(density("p", points))
    same_as = _equality(evidence, big, joint)
    below = None if same_as is None else _inequality(small, evidence, joint)
    if same_as is None or below is None:
        return None
    return Proof(f"{same_as.words}, {below.words}", settle(along(below.theorem, same(small), same_as.theorem), joint))


def _inside(small: Term, big: Term, joint: frozenset[str]) -> Proof | None:
    """``sum_i a_i <= sum_i b_i``, ``E[a] <= E[b]`` or ``c a <= c b`` from the inequality inside."""
    if small.head != big.head or len(small.args) != len(big.args) or small.args[:-1] != big.args[:-1]:
        return None
    if small.head == "multiply":
        if not all(map(_is_positive, small.args[:-1])):
            return None
        inner = _inequality(small.args[-1], big.args[-1], joint)
        factor = multiply(*small.args[:-1])
        return None if inner is None else Proof(inner.words, rearranged(inner.theorem, small, big, factor))
    if small.head not in ("sum", "expectation") or small.bound is None or small.bound != big.bound:
        return None
    inner = _inequality(small.args[-1], big.args[-1], joint)
    if inner is None:
        return None
    if small.head == "sum":
        theorem = sum_inequality(small.bound, small.args[0], small.args[1], inner.theorem)
    else:
        theorem = expectation_inequality(small.bound, small.args[0], inner.theorem)
    return Proof(inner.words, settle(theorem, joint))


def _beside(small: Term, big: Term, joint: frozenset[str]) -> Proof | None:
    """``a + c <= b + c`` from ``a <= b``."""
    mine, others = (list(t.args) if t.head == "add" else [t] for t in (small, big))
    common = [t for t in mine if t in others]
    if not common or len(common) in (len(mine), len(others)):
        return None
    for t in common:
        mine.remove(t)
        others.remove(t)
    left, right = (s[0] if len(s) == 1 else Term("add", tuple(s)) for s in (mine, others))
    inner = _inequality(left, right, joint)
    return None if inner is None else Proof(inner.words, rearranged(inner.theorem, small, big))


def _is_positive(factor: Term) -> bool:
    """Whether a factor is positive whatever its letters are: a density, a number of things, a number."""
    if factor.head == "number":
        return bool(factor.data[0] > 0)
    if factor.head in ("power", "multiply"):
        return all(map(_is_positive, factor.args[:1] if factor.head == "power" else factor.args))
    return factor.head == "density" or (factor.head == "variable" and factor.data[1] == "natural")


def _equality(left: Term, right: Term, joint: frozenset[str]) -> Proof | None:
    if contradicted(equal(left, right)):
        return None
    for words, conversion in strategies(left, right, joint):
        try:
            theorem = settle(prove_equal(left, right, conversion), joint)
        except (KernelError, RecursionError):
            continue
        return None if _of_two_dimensions(theorem) else Proof(words, theorem)
    return None


def _of_two_dimensions(theorem: Theorem) -> bool:
    """Whether a theorem supposes that a space has two dimensions: it says nothing then."""
    found = [h.args[0].args for h in theorem.hypotheses if h.head == "forall" and h.args[0].head == "dimension"]
    sizes: dict[str, set[Term]] = {}
    for point, size in found:
        sizes.setdefault(point.data[-1], set()).add(size)
    return any(len(s) > 1 for s in sizes.values())


# --- numbered draws ---


def _of_draws(left: Term, right: Term, relation: str, joint: frozenset[str], draws: Draws) -> Proof | None:
    """The same for means over numbered draws, each of which has its law."""
    left, right = of_any_size(written_out(left), written_out(right))
    sampled = everywhere(mean_of_draws(draws))
    if relation not in ("<=", ">="):
        return _sampled(left, right, joint, sampled)
    small, big = (left, right) if relation == "<=" else (right, left)
    averaged = _of_averages(small, big, joint) or _below_average(small, big, joint, sampled)
    if averaged is not None:
        return averaged
    if small.head != "expectation" or small.args[1].head != "log":
        return None
    upper = log(bind("expectation", small.bound, small.args[0], small.args[1].args[0]))
    above = _sampled(upper, big, joint, sampled)
    if above is None:
        return None
    try:
        theorem = along(jensen(small, upper), same(small), above.theorem)
    except KernelError:
        return None
    return Proof(f"Jensen's inequality, {above.words}", settle(theorem, joint))


def _of_averages(small: Term, big: Term, joint: frozenset[str]) -> Proof | None:
    """Jensen's inequality for the average over the draws, whatever their law."""

    def equality(left: Term, right: Term) -> Theorem | None:
        found = _equality(left, right, joint)
        return None if found is None else found.theorem

    try:
        theorem = by_average(small, big, equality, joint)
    except KernelError:
        return None
    return None if theorem is None else Proof("Jensen's inequality for the average of the draws", theorem)


def _below_average(small: Term, big: Term, joint: frozenset[str], sampled: Conversion) -> Proof | None:
    """What is the mean of ``1/n sum_i log a_i`` is at most that of ``log(1/n sum_i a_i)``."""
    for average, _ in averages(big) if big.head == "expectation" else ():
        lower = bind("expectation", big.bound, big.args[0], average)
        above, below = _of_averages(lower, big, joint), _sampled(lower, small, joint, sampled)
        if above is not None and below is not None:
            theorem = along(above.theorem, below.theorem, same(big))
            return Proof(f"{above.words}, {below.words}", settle(theorem, joint))
    return None


def _sampled(left: Term, right: Term, joint: frozenset[str], sampled: Conversion) -> Proof | None:
    try:
        sides = sampled(left), sampled(right)
    except (KernelError, RecursionError):
        return None
    inner = _equality(sides[0].sides[1], sides[1].sides[1], joint)
    if inner is None:
        return None
    theorem = transitivity(sides[0], inner.theorem, symmetry(sides[1]))
    return Proof(f"each draw has its law; {inner.words}", settle(theorem, joint))
