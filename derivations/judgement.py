"""Decide a relation between two terms: conversions that the field has names for, tried one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from derivations.assumption import settle
from derivations.concavity import above_inverse, expectation_inequality, jensen
from derivations.conversion import (
    Conversion,
    everywhere,
    expand_log,
    in_turn,
    prove_equal,
    simplify,
    subterms,
    symmetry,
    unfold_conditional,
    unfold_expectation,
    unfold_kl,
    unfold_log_normal,
)
from derivations.expectation import moments, under
from derivations.inequality import along, as_inequality, rearranged
from derivations.kernel import (
    KernelError,
    Term,
    Theorem,
    bind,
    density,
    free,
    infer,
    log,
    number,
    sort,
)
from derivations.law import laws
from derivations.marginalisation import integrate_out


@dataclass(frozen=True)
class Proof:
    """A theorem, and by what it holds in the words of the field."""

    words: str
    theorem: Theorem


def prove(left: Term, right: Term, relation: str, joint: frozenset[str]) -> Proof | None:
    """A proof of ``left = right``, ``left <= right`` or ``left >= right``, or None.

    Parameters
    ----------
    joint
        Families whose conditional densities are ratios of joint densities.
    """
    if relation in ("=", ":="):
        return _equality(left, right, joint)
    small, big = (left, right) if relation == "<=" else (right, left)
    equal = _equality(small, big, joint)
    if equal is not None:
        return Proof(equal.words, as_inequality(equal.theorem))
    return _inequality(small, big, joint)


def _equality(left: Term, right: Term, joint: frozenset[str]) -> Proof | None:
    for words, conversion in _strategies(left, right, joint):
        try:
            return Proof(words, settle(prove_equal(left, right, conversion), joint))
        except (KernelError, RecursionError):
            continue
    return None


def _strategies(left: Term, right: Term, joint: frozenset[str]) -> Iterator[tuple[str, Conversion]]:
    """Conversions with what they do, the simple ones first."""
    yield "arithmetic", simplify
    yield "logarithm of a product", in_turn(everywhere(expand_log), simplify)
    ratios = everywhere(*map(unfold_conditional, sorted(joint)))
    logs = in_turn(ratios, everywhere(expand_log), simplify)
    yield "product rule, logarithm of a product", logs
    yield "definition of the KL divergence", in_turn(everywhere(unfold_kl), logs)
    densities = in_turn(everywhere(expand_log, unfold_log_normal), simplify)
    found = laws(left, right)
    for z, law in found:
        collect = in_turn(everywhere(unfold_kl), simplify, under(z, law))
        yield "linearity of the expectation, logarithm of a product", in_turn(collect, logs)
        if law.head == "normal":
            closed = in_turn(everywhere(_as_expectation(z, law)), collect, densities, everywhere(moments))
            yield "mean and variance of the normal", in_turn(closed, simplify, everywhere(expand_log), simplify)
    for z in dict.fromkeys(z for z, _ in found):
        integrals = in_turn(everywhere(unfold_kl), everywhere(unfold_expectation), under(z, None), logs)
        yield "definition of the expectation, linearity of the integral", integrals
    marginal = in_turn(everywhere(unfold_expectation), everywhere(integrate_out(*sorted(joint))), logs)
    yield "marginal density", marginal


def _as_expectation(z: Term, law: Term) -> Conversion:
    """``int N f dz = E_N[f]``."""

    def convert(term: Term) -> Theorem:
        if term.head != "integral" or term.bound != z:
            raise KernelError("not an integral over the variable")
        factors = term.args[0].args if term.args[0].head == "multiply" else (term.args[0],)
        if law not in factors:
            raise KernelError("not an integral of the law")
        rest = list(factors)
        rest.remove(law)
        body = rest[0] if len(rest) == 1 else Term("multiply", tuple(rest)) if rest else number(1)
        folded = symmetry(unfold_expectation(bind("expectation", z, law, body)))
        inner = infer("field", term.args[0], law * body)
        opened = infer("rewrite", infer("reflexivity", term, term), inner, (1, 0))
        return infer("rewrite", opened, folded, (1,))

    return convert


# --- inequalities: the gap is a divergence ---


def _inequality(small: Term, big: Term, joint: frozenset[str]) -> Proof | None:
    return _by_gap(small, big, joint) or _by_jensen(small, big, joint)


def _by_jensen(small: Term, big: Term, joint: frozenset[str]) -> Proof | None:
    """``E_q[log X] <= log E_q[X]``, where one of the sides holds its side of it."""
    found = [t.args[0] for _, t in subterms(big) if t.head == "log" and t.args[0].head == "expectation"]
    for _, t in subterms(small):
        if t.head == "expectation" and t.args[1].head == "log":
            found.append(bind("expectation", t.bound, t.args[0], t.args[1].args[0]))
    for mean in found:
        lower, upper = bind("expectation", mean.bound, mean.args[0], log(mean.args[1])), log(mean)
        sides = _equality(lower, small, joint), _equality(upper, big, joint)
        if None in sides:
            continue
        try:
            theorem = along(jensen(lower, upper), *(s.theorem for s in sides if s is not None))
            return Proof("Jensen's inequality", settle(theorem, joint))
        except KernelError:
            continue
    return None


def _by_gap(small: Term, big: Term, joint: frozenset[str]) -> Proof | None:
    for gap in gaps(small, big):
        total = _equality(big, small + gap, joint)
        if total is None:
            continue
        try:
            positive = gibbs(gap)
        except KernelError:
            continue
        above = rearranged(positive, small, small + gap)
        theorem = settle(along(above, infer("reflexivity", small, small), symmetry(total.theorem)), joint)
        return Proof("the KL divergence is not negative", theorem)
    return None


def gaps(small: Term, big: Term) -> Iterator[Term]:
    """Divergences that may be the gap between two sides: those that occur, and those from the posterior and from the prior."""
    for term in (big, small):
        yield from (t for _, t in subterms(term) if t.head == "kl")
    points = {v for t in (small, big) for v in _points(t)}
    for z, law in laws(small, big):
        if law.head == "density":
            given = [v for v in points if v != z]
            yield bind("kl", z, law, density("p", [z], given))
            yield bind("kl", z, law, density("p", [z]))


def _points(term: Term) -> set[Term]:
    return {v for _, t in subterms(term) if t.head == "density" for v in free(t) if sort(v) == "p"}


def gibbs(divergence: Term) -> Theorem:
    """``0 <= KL(q || p)``: ``log t >= 1 - 1/t`` under q, for densities that integrate to one."""
    (q, p), z = divergence.args, divergence.bound
    assert z is not None
    opened = unfold_kl(divergence)
    bound = above_inverse(q / p)
    averaged = expectation_inequality(z, q, bound)
    one = number(1)
    left = averaged.sides[0]
    linear = in_turn(everywhere(unfold_expectation), under(z, None), simplify)
    integrals = prove_equal(left, bind("integral", z, q) - bind("integral", z, p), linear)
    total = integrals
    for density_of_z in (q, p):
        whole = infer("assume", Term("equal", (bind("integral", z, density_of_z), one)))
        path = next(path for path, t in subterms(total.sides[1]) if t == whole.sides[0])
        total = infer("rewrite", total, whole, (1, *path))
    nothing = infer("field", total.sides[1], number(0))
    return along(averaged, infer("rewrite", total, nothing, (1,)), symmetry(opened))
