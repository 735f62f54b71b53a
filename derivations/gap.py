"""Inequalities of the field: the gap is a divergence, an average or a sum of divergences; and Jensen's inequality."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from derivations.assumption import settle
from derivations.concavity import above_inverse, expectation_inequality, jensen, jensen_average
from derivations.conversion import (
    everywhere,
    in_turn,
    prove_equal,
    simplify,
    subterms,
    symmetry,
    unfold_expectation,
    unfold_kl,
)
from derivations.expectation import under
from derivations.inequality import along, combine, rearranged, sum_inequality
from derivations.kernel import (
    KernelError,
    Term,
    Theorem,
    bind,
    density,
    equal,
    free,
    infer,
    log,
    multiply,
    number,
    sort,
)
from derivations.law import laws
from derivations.mixture import spreads

Equality = Callable[[Term, Term], Theorem | None]


def by_jensen(small: Term, big: Term, equality: Equality, joint: frozenset[str]) -> Theorem | None:
    """``E_q[log X] <= log E_q[X]``, where one of the sides holds its side of it."""
    for mean in dict.fromkeys(_means(small, big)):
        lower, upper = bind("expectation", mean.bound, mean.args[0], log(mean.args[1])), log(mean)
        sides = equality(lower, small), equality(upper, big)
        if sides[0] is None or sides[1] is None:
            continue
        try:
            return settle(along(jensen(lower, upper), sides[0], sides[1]), joint)
        except KernelError:
            continue
    return None


def by_tangent(small: Term, big: Term, equality: Equality, joint: frozenset[str]) -> Theorem | None:
    """``log t <= t - 1``, where the sides differ as those do for a t of which they have the logarithm, or for its inverse."""
    parts = [t for side in (small, big) for _, t in subterms(side)]
    if any(t.head in ("expectation", "integral", "kl", "sum") for t in parts):
        return None  # of these, what is inside is compared
    logs = dict.fromkeys(t.args[0] for t in parts if t.head == "log")
    for t in [inverse for of in logs for inverse in (of, of**-1)]:
        bound = infer("log_bound", t)
        gap = equality(big - small, bound.sides[1] - bound.sides[0])
        if gap is None:
            continue
        lifted = combine(small - bound.sides[0], (number(1), bound))
        (first, second), total = lifted.sides, small + gap.sides[1]
        try:
            above = along(lifted, infer("field", first, small), infer("field", second, total))
            whole = infer("rewrite", above, symmetry(gap), (1, 1))
            return settle(
                along(whole, infer("reflexivity", small, small), infer("field", small + (big - small), big)), joint
            )
        except KernelError:
            continue
    return None


def by_average(small: Term, big: Term, equality: Equality, joint: frozenset[str]) -> Theorem | None:
    """``1/n sum_i log a_i <= log(1/n sum_i a_i)``, also where both sides are means under one law."""
    if small.head == big.head == "expectation" and small.bound == big.bound and small.args[0] == big.args[0]:
        inner = by_average(small.args[1], big.args[1], equality, joint)
        if inner is None or small.bound is None:
            return None
        return settle(expectation_inequality(small.bound, small.args[0], inner), joint)
    for lower, upper in averages(big):
        sides = equality(lower, small), equality(upper, big)
        if sides[0] is None or sides[1] is None:
            continue
        try:
            return settle(along(jensen_average(lower, upper), sides[0], sides[1]), joint)
        except KernelError:
            continue
    return None


def averages(term: Term) -> Iterator[tuple[Term, Term]]:
    """``1/n sum_i log a_i`` and ``log(1/n sum_i a_i)`` for the sums in logarithms in a term."""
    sums = (t for _, log_of in subterms(term) if log_of.head == "log" for _, t in subterms(log_of) if t.head == "sum")
    for total in dict.fromkeys(sums):
        weight = total.args[1] ** -1
        yield weight * bind("sum", total.bound, *total.args[:2], log(total.args[2])), log(weight * total)


def _means(small: Term, big: Term) -> Iterator[Term]:
    """The expectations ``E_q[X]`` of which a side may be the logarithm, or the mean of the logarithm."""
    yield from (t.args[0] for _, t in subterms(big) if t.head == "log" and t.args[0].head == "expectation")
    for _, t in subterms(small):
        if t.head == "expectation" and t.args[1].head == "log":
            yield bind("expectation", t.bound, t.args[0], t.args[1].args[0])
        elif t.head == "integral" and t.args[0].head == "multiply":
            logs = [a for a in t.args[0].args if a.head == "log"]
            others = [a for a in t.args[0].args if a.head == "density" and a.args[0] == t.bound]
            if len(t.args[0].args) == 2 and len(logs) == len(others) == 1:
                yield bind("expectation", t.bound, others[0], logs[0].args[0])


def by_gap(small: Term, big: Term, equality: Equality, joint: frozenset[str]) -> Theorem | None:
    """``a <= b`` from ``b = a + gap`` for a gap that is not negative."""
    for gap in dict.fromkeys(gaps(small, big)):
        total = equality(big, small + gap)
        if total is None:
            continue
        try:
            positive = not_negative(gap)
        except KernelError:
            continue
        above = rearranged(positive, small, small + gap)
        return settle(along(above, infer("reflexivity", small, small), symmetry(total)), joint)
    return None


def gaps(small: Term, big: Term) -> Iterator[Term]:
    """What may be the gap between two sides: divergences that occur, those from posterior and prior, and their averages and sums."""
    if small == number(0):
        yield big
    for term in (big, small):
        yield from (t for _, t in subterms(term) if t.head == "kl" and t.bound is not None)
        yield from (_positive(t) for _, t in subterms(term) if t.head == "multiply" and t.args[-1].head == "kl")
    yield from spreads(small, big)
    points = sorted({v for t in (small, big) for v in _points(t)}, key=repr)
    inner: list[Term] = []
    for z, law in laws(small, big):
        if law.head == "density":
            given = [v for v in points if v != z]
            inner += [bind("kl", z, law, density("p", [z], set(given))), bind("kl", z, law, density("p", [z]))]
            inner += [bind("kl", z, law, density("p", [z], law.args[1:]))] if law.data[1] == 1 else []
            inner += [bind("kl", z, law, density(law.data[0], [z]))] if law.args[1:] else []
            whole = [density(law.data[0], [z])] if law.data[1] == 1 else []
            inner += [
                bind("kl", z, of, other) for other in _others(law, small, big) for of in (law, *whole) if of != other
            ]
            inner += [bind("kl", z, law, density("p", [z], given)) for given in _beside(z, small, big)]
    yield from inner
    yield from _around(small, big, inner)
    occurring = {t: None for term in (big, small) for _, t in subterms(term) if t.head == "kl" and t.bound is not None}
    yield from (number(2) * gap for gap in occurring)
    yield from (gap + other for gap in occurring for other in inner if gap != other)
    for term in (big, small):
        for _, t in subterms(term):
            if t.head == "density" and t.data[0] == "q" and len(t.args) == 1:
                yield bind("kl", t.args[0], t, density("p", t.args))


def _beside(z: Term, *terms: Term) -> list[tuple[Term, ...]]:
    """What stands beside a variable in the densities of p, such as the z_2 of ``p(z_1, z_2)``."""
    found = {t: None for term in terms for _, t in subterms(term) if t.head == "density" and t.data[0] == "p"}
    return list(dict.fromkeys(tuple(a for a in t.args if a != z) for t in found if z in t.args))


def _others(law: Term, *terms: Term) -> list[Term]:
    """The other densities of the variable of a law."""
    found = {
        t: None for term in terms for _, t in subterms(term) if t.head == "density" and t.data[1] == law.data[1] == 1
    }
    return [t for t in found if t != law and t.args[0] == law.args[0]]


def _positive(multiple: Term) -> Term:
    """A multiple without its sign."""
    first, *others = multiple.args
    if first.head != "number" or not first.data[0]:
        return multiple
    size = abs(first.data[0])
    return multiply(*([number(size)] if size != 1 else []), *others)


def _around(small: Term, big: Term, inner: list[Term]) -> Iterator[Term]:
    """The divergences averaged under an expectation, or summed as a sum of the terms has it."""
    for term in (big, small):
        for _, t in subterms(term):
            for gap in inner:
                averaged = _like(t, gap)
                if averaged is not None:
                    yield averaged
                    if t.head == "expectation" and t.args[0].data[0] != "p" and t.bound is not None:
                        known = t.args[0].args[t.args[0].data[1] :]
                        apart = len({a.data[-1] for a in (t.bound, *known)}) == 1 + len(known)
                        for given in ((), known) if apart else ((),):
                            outer = bind("kl", t.bound, t.args[0], density("p", [t.bound], given))
                            yield averaged + outer  # of joint densities
                if t.head == "multiply":
                    yield from (multiply(*t.args[:-1], g) for g in (_like(t.args[-1], gap),) if g is not None)


def _like(term: Term, gap: Term) -> Term | None:
    """The divergence averaged or summed as a term is; None if it is neither an expectation nor a sum of such things."""
    if term.head == "expectation" and term.args[0].head == "density" and term.bound != gap.bound:
        return bind("expectation", term.bound, term.args[0], gap)
    if term.head == "sum" and term.bound is not None and term.bound in free(gap):
        return bind("sum", term.bound, *term.args[:2], gap)
    return None


def _points(term: Term) -> set[Term]:
    found = {a for _, t in subterms(term) if t.head == "density" for a in t.args}
    return {a for a in found if sort(a) == "p"}


def not_negative(gap: Term) -> Theorem:
    """``0 <= gap`` for a divergence, and for averages, sums and positive multiples of divergences.

    Raises
    ------
    KernelError
        If it is none.
    """
    if gap.head == "expectation" and gap.bound is not None:
        averaged = expectation_inequality(gap.bound, gap.args[0], not_negative(gap.args[1]))
        nothing = prove_equal(averaged.sides[0], number(0), in_turn(everywhere(unfold_expectation), simplify, _nothing))
        return infer("rewrite", averaged, nothing, (0,))
    if gap.head == "sum" and gap.bound is not None:
        summed = sum_inequality(gap.bound, gap.args[0], gap.args[1], not_negative(gap.args[2]))
        return infer("rewrite", summed, prove_equal(summed.sides[0], number(0), simplify), (0,))
    if gap.head == "multiply" and not (gap.args[0].head == "number" and gap.args[0].data[0] <= 0):
        return rearranged(not_negative(gap.args[-1]), number(0), gap, multiply(*gap.args[:-1]))
    if gap.head == "add" and len(gap.args) == 2:
        both = combine(number(0), *((number(1), not_negative(a)) for a in gap.args))
        return along(both, *(infer("field", s, t) for s, t in zip(both.sides, (number(0), gap), strict=True)))
    return gibbs(gap)


def _nothing(term: Term) -> Theorem:
    """``int 0 dz = 0``."""
    if term.head != "integral" or term.args[0] != number(0):
        return infer("reflexivity", term, term)
    linear = infer("integral_linearity", term.bound, (number(0),), (number(0),))
    inside = infer("field", term.args[0], linear.sides[0].args[0])
    opened = infer("rewrite", infer("reflexivity", term, term), inside, (1, 0))
    whole = infer("rewrite", opened, linear, (1,))
    return infer("rewrite", whole, infer("field", whole.sides[1], number(0)), (1,))


def gibbs(divergence: Term) -> Theorem:
    """``0 <= KL(q || p)``: ``log t >= 1 - 1/t`` under q, for densities that integrate to one."""
    if divergence.head != "kl":
        raise KernelError("not a divergence")
    (q, p), z = divergence.args, divergence.bound
    assert z is not None
    if any(law.head == "density" and law.args[: law.data[1]] != (z,) for law in (q, p)):
        raise KernelError("not two densities of the same variable: p(x | z) does not integrate to one over z")
    opened = unfold_kl(divergence)
    bound = above_inverse(q / p)
    averaged = expectation_inequality(z, q, bound)
    one = number(1)
    left = averaged.sides[0]
    linear = in_turn(everywhere(unfold_expectation), under(z, None), simplify)
    total = prove_equal(left, bind("integral", z, q) - bind("integral", z, p), linear)
    for density_of_z in (q, p):
        whole = infer("assume", equal(bind("integral", z, density_of_z), one))
        path = next(path for path, t in subterms(total.sides[1]) if t == whole.sides[0])
        total = infer("rewrite", total, whole, (1, *path))
    nothing = infer("field", total.sides[1], number(0))
    return along(averaged, infer("rewrite", total, nothing, (1,)), symmetry(opened))
