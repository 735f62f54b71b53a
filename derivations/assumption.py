"""Settle the hypotheses that a proof has gathered: what follows from simpler ones is proved and discharged.

What stays is what a theorem has to suppose: that its scale parameters are positive, that a density of no known form
is positive and integrates to one, that an expectation under it exists.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from derivations.consequence import consequences
from derivations.conversion import congruence, subterms, symmetry, transitivity, unfold_expectation
from derivations.expectation import polynomial
from derivations.hypothesis import discharged, inside
from derivations.integrability import integrable_polynomial
from derivations.kernel import KernelError, Path, Term, Theorem, alpha_equal, canonical, infer
from derivations.marginalisation import integrate_out, normalised, normalised_mixture


def settle(theorem: Theorem, joint: frozenset[str] = frozenset()) -> Theorem:
    """`theorem` with each hypothesis replaced by simpler ones from which it follows.

    Parameters
    ----------
    joint
        Families whose conditional densities are to be read as ratios of joint densities: for these, positivity is
        supposed of the joint and marginal densities only.
    """
    seen: set[object] = set()
    while pending := [h for h in theorem.hypotheses if canonical(h) not in seen]:
        for hypothesis in pending:
            seen.add(canonical(hypothesis))
            proof = _prove(hypothesis, joint)
            if proof is not None and not any(alpha_equal(h, hypothesis) for h in proof.hypotheses):
                theorem = infer("discharge", proof, theorem)
    return _without_consequences(theorem, joint)


def _without_consequences(theorem: Theorem, joint: frozenset[str]) -> Theorem:
    """`theorem` without the hypotheses that follow from the others, the longer from the shorter."""
    for hypothesis in sorted(theorem.hypotheses, key=_length)[::-1]:
        others = [h for h in theorem.hypotheses if h != hypothesis]
        for proof in consequences(hypothesis, others, joint):
            shorter = infer("discharge", settle(proof, joint), theorem)
            if len(shorter.hypotheses) < len(theorem.hypotheses):
                theorem = shorter
                break
    return theorem


def _length(term: Term) -> int:
    return sum(1 for _ in subterms(term))


@lru_cache(maxsize=1 << 14)
def _prove(proposition: Term, joint: frozenset[str]) -> Theorem | None:
    """The proposition from simpler hypotheses, or None."""
    match proposition.head:
        case "forall" | "forall_in":
            inner = _prove(proposition.args[-1], joint)
            if inner is None:
                return None
            return infer("generalise", inner, proposition.bound, *proposition.args[:-1])
        case "nonzero":
            return _nonzero(proposition.args[0])
        case "positive":
            return _positive(proposition.args[0], joint)
        case "integrable":
            return _integrable(proposition)
        case "equal":
            left = proposition.args[0]
            if left.head == "integral" and left.args[0].head == "normal":
                theorem = infer("normal_normalisation", left.args[0])
                return theorem if alpha_equal(theorem.conclusion, proposition) else None
            return _normalised(proposition, joint)
    return None


def _nonzero(term: Term) -> Theorem | None:
    """``t != 0`` from the positivity of its parts; a difference may be negative, so that t > 0 is not supposed of it."""
    positive = _positive_parts(term)
    return None if positive is None else infer("discharge", positive, infer("positive_nonzero", term))


def _normalised(equation: Term, joint: frozenset[str]) -> Theorem | None:
    """``int p(z|x) dz = 1`` for a joint family, ``int q(z) dz = 1`` for any, and for a mixture of such densities."""
    for way in (normalised, normalised_mixture):
        try:
            return way(equation, *sorted(joint))
        except KernelError:
            continue
    return None


def _positive(term: Term, joint: frozenset[str]) -> Theorem | None:
    if term.head == "density":
        if term.data[0] not in joint or term.data[1] == len(term.args):
            return None
        ratio = infer("conditional_density", term)
        return infer("rewrite", infer("positivity", ratio.sides[1]), symmetry(ratio), (0,))
    if term.head == "expectation":
        return _positive_expectation(term, joint) or _positive_parts(term)
    return _positive_parts(term)


def _positive_parts(term: Term) -> Theorem | None:
    """``t > 0`` from the positivity of its factors; a difference such as ``1 - x`` is a factor of its own."""
    try:
        return infer("positivity", term)
    except KernelError:
        pass
    for path, factor in _factors(term):
        if path and factor.head == "add" and _positive_parts(factor) is None:
            masked = congruence(term, path, symmetry(infer("exp_log", factor)))
            positive = _positive_parts(masked.sides[1])
            return None if positive is None else infer("rewrite", positive, symmetry(masked), (0,))
    return None


def _factors(term: Term, path: Path = ()) -> Iterator[tuple[Path, Term]]:
    yield path, term
    places = {"multiply": range(len(term.args)), "power": (0,), "product": (2,)}.get(term.head, ())
    for place in places:
        yield from _factors(term.args[place], (*path, place))


def _positive_expectation(term: Term, joint: frozenset[str]) -> Theorem | None:
    """``E_q[p(x,z) / q] > 0`` since it is p(x)."""
    opened = unfold_expectation(term)
    try:
        value = transitivity(opened, integrate_out(*sorted(joint))(opened.sides[1]))
    except KernelError:
        return None
    return infer("rewrite", infer("positivity", value.sides[1]), symmetry(value), (0,))


def _integrable(proposition: Term) -> Theorem | None:
    """``N f`` for a normal density N and an f that becomes a polynomial, also a sum of logarithms of normals."""
    (product,), z = proposition.args, proposition.bound
    density = next((a for a in (product, *product.args) if a.head == "normal" and a.args[0] == z), None)
    if density is None:
        return None
    quotient = density if product is density else product
    try:
        rest = infer("field", quotient, density * _without(quotient, density))
        becomes = polynomial(rest.sides[1].args[1])
        inside = integrable_polynomial(density, becomes.sides[1])
    except KernelError:
        return None
    path = transitivity(rest, congruence(rest.sides[1], (1,), becomes))
    return infer("rewrite", inside, symmetry(path), (0,))


def _without(product: Term, factor: Term) -> Term:
    if product is factor:
        return Term("multiply", ())
    i = product.args.index(factor)
    others = (*product.args[:i], *product.args[i + 1 :])
    return others[0] if len(others) == 1 else Term("multiply", others)


def positive_by(theorem: Theorem, equation: Theorem) -> Theorem:
    """`theorem` without the hypotheses that the left side of `equation` is not zero or positive, as the right side is."""
    left, right = equation.sides
    positive = infer("rewrite", infer("positivity", right), symmetry(equation), (0,))
    nonzero = infer("discharge", positive, infer("positive_nonzero", left))
    for hypothesis in theorem.hypotheses:
        proof = next((p for p in (positive, nonzero) if alpha_equal(p.conclusion, inside(hypothesis))), None)
        if proof is not None:
            theorem = discharged(theorem, hypothesis, proof)
    return theorem
