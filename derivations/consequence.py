"""Hypotheses that follow from other hypotheses of the same theorem."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from derivations.conversion import expand, prove_equal, symmetry, transitivity
from derivations.kernel import KernelError, Term, Theorem, alpha_equal, infer, positive
from derivations.span import integrable_combination


def consequences(proposition: Term, others: list[Term], joint: Iterable[str]) -> Iterator[Theorem]:
    """Proofs of a proposition from some of the others, and perhaps from simpler ones, under the same quantifiers.

    Parameters
    ----------
    joint
        Families whose conditional densities are ratios of joint densities.
    """
    if proposition.head in ("forall", "forall_in"):
        inside = [h.args[-1] for h in others if h.bound == proposition.bound and h.head == proposition.head]
        for inner in consequences(proposition.args[-1], [*inside, *others], joint):
            yield infer("generalise", inner, proposition.bound, *proposition.args[:-1])
    elif proposition.head == "integrable" and proposition.bound is not None:
        for apart in (False, True):
            with suppress(KernelError):
                z, families = proposition.bound, sorted(joint)
                yield integrable_combination(z, proposition.args[0], others, *families, taken_apart=apart)
    elif proposition.head == "positive":
        yield from _positive_elsewhere(proposition.args[0], others)
    elif proposition.head == "nonzero":
        known = [h for h in others if h.head == "positive"]
        for proof in _positive_elsewhere(proposition.args[0], known):
            yield infer("discharge", proof, infer("positive_nonzero", proposition.args[0]))


def _positive_elsewhere(term: Term, others: list[Term]) -> Iterator[Theorem]:
    """``t > 0`` from ``u > 0`` where u is t otherwise written, or is supposed to be equal to t."""
    form = expand(term).sides[1]
    for h in others:
        if h.head not in ("positive", "equal") or not alpha_equal(expand(h.args[0]).sides[1], form):
            continue
        rewritten = prove_equal(term, h.args[0], expand)
        if h.head == "equal":
            rewritten = transitivity(rewritten, infer("assume", h))
        supposed = infer("assume", positive(rewritten.sides[1]))
        yield infer("rewrite", supposed, symmetry(rewritten), (0,))
