"""Equations that a theorem supposes and prints, as conversions."""

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
