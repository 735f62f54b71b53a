"""Integrate a variable out of the joint densities of a family."""

from __future__ import annotations

from derivations.conversion import (
    Conversion,
    combination,
    congruence,
    everywhere,
    expand,
    in_turn,
    simplify,
    split,
    subterms,
    symmetry,
    transitivity,
    unfold_conditional,
)
from derivations.integrability import integrable_density
from derivations.kernel import KernelError, Term, Theorem, alpha_equal, infer, number
from derivations.nested import constant_outside


def ratios(*families: str) -> Conversion:
    """Conditional densities of these families as ratios of joint densities; sums of monomials."""
    return in_turn(everywhere(*map(unfold_conditional, families)), expand)


def integrate_out(*families: str) -> Conversion:
    """``int c p(x,z) dz = c p(x)``, also for sums, and for conditional densities of the families."""

    def convert(term: Term) -> Theorem:
        if term.head != "integral" or term.bound is None:
            raise KernelError("not an integral")
        (body,), z = term.args, term.bound
        opened = ratios(*families)(body)
        parts = split(opened.sides[1], z)
        regrouped = transitivity(opened, infer("field", opened.sides[1], combination(parts)))
        coefficients, rests = (tuple(side) for side in zip(*parts, strict=True)) if parts else ((), ())
        linear = infer("integral_linearity", z, coefficients, rests)
        equation = transitivity(congruence(term, (0,), regrouped), linear)
        for i, joint in enumerate(rests):
            path = (1,) if len(parts) == 1 else (i, 1)
            equation = infer("rewrite", equation, infer("marginalisation", joint, z), (1, *path))
        return transitivity(equation, expand(equation.sides[1]))

    return convert


def normalised(equation: Term, *families: str) -> Theorem:
    """``int p(z|x) dz = 1`` for a density of the families, ``int q(z) dz = 1`` for any."""
    theorem = integrate_out(*families)(equation.args[0])
    if not alpha_equal(theorem.conclusion, equation):
        raise KernelError("the integral is another")
    return theorem


def normalised_mixture(equation: Term, *families: str) -> Theorem:
    """``int c sum_n q_n(z) dz = 1`` for densities q_n with weights c that add up to one.

    Raises
    ------
    KernelError
        If it is no such equation.
    """
    if not any(t.head == "sum" for _, t in subterms(equation.args[0])):
        raise KernelError("no mixture")
    conversion = in_turn(
        everywhere(constant_outside), everywhere(_summed), everywhere(integrate_out(*families)), simplify
    )
    theorem = conversion(equation.args[0])
    if not alpha_equal(theorem.conclusion, equation):
        raise KernelError("the integral is another")
    return theorem


def _summed(term: Term) -> Theorem:
    """``int sum_n f_n dz = sum_n int f_n dz``."""
    if term.head != "integral" or term.args[0].head != "sum":
        raise KernelError("not the integral of a sum")
    return infer("integral_of_sum", term.bound, term.args[0].bound, *term.args[0].args)


def integrable_marginal(z: Term, body: Term, *families: str) -> Theorem:
    """``integrable(z; c p(x,z))`` since its integral, c p(x), is positive."""
    value = integrate_out(*families)(Term("integral", (body,), bound=z))
    if value.sides[1] == number(1):
        return integrable_density(z, value)
    nonzero = infer("positive_nonzero", value.sides[1])
    exists = infer("discharge", infer("positivity", value.sides[1]), nonzero)
    return infer("discharge", infer("rewrite", exists, symmetry(value), (0,)), infer("integrable_nonzero", z, body))
