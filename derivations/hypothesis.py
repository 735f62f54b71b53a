"""What a theorem supposes and prints: equations as conversions, and hypotheses that are proved."""

from __future__ import annotations

from typing import Any

from derivations.conversion import Conversion
from derivations.kernel import KernelError, Term, Theorem, alpha_equal, equal, infer


def supposing(left: Any, right: Any) -> Conversion:
    """The conversion of `left` into `right`, expressions that are supposed to be equal.

    Under binders that bind variables of theirs the equation is supposed for all values of these.
    """
    from derivations.notation import to_kernel  # here, since SymPy takes long to import and kernel terms do not need it

    return assumed(to_kernel(left), to_kernel(right))


def assumed(left: Term, right: Term) -> Conversion:
    """The same for kernel terms."""

    def convert(term: Term) -> Theorem:
        if not alpha_equal(term, left):
            raise KernelError("not the left side of what is supposed")
        return infer("assume", equal(term, right))

    return convert


def renamed(theorem: Theorem, *hypotheses: Term) -> Theorem:
    """`theorem` with its hypotheses printed as here: they may differ in the names of bound variables."""
    for hypothesis in hypotheses:
        if any(alpha_equal(hypothesis, h) for h in theorem.hypotheses):
            theorem = infer("discharge", infer("assume", hypothesis), theorem)
    return theorem


def inside(proposition: Term) -> Term:
    """What a proposition says for all values of some variables."""
    return inside(proposition.args[-1]) if proposition.head in ("forall", "forall_in") else proposition


def discharged(theorem: Theorem, hypothesis: Term, proof: Theorem) -> Theorem:
    """`theorem` without a hypothesis, of the inside of which this is a proof."""
    return infer("discharge", _generalised(proof, hypothesis), theorem)


def _generalised(proof: Theorem, proposition: Term) -> Theorem:
    """``for all v: P`` in the form of the proposition, from P."""
    if proposition.head not in ("forall", "forall_in"):
        return proof
    inner = _generalised(proof, proposition.args[-1])
    return infer("generalise", inner, proposition.bound, *proposition.args[:-1])
