"""What a theorem about exponential families says of a family whose functions are given.

Such a theorem supposes of a law that ``q(x) = h(x) exp(sum_k eta_k T_k(x) - A)``. A family by name has its density
written otherwise, and its two statistics are T_1 and T_2 of one function of the index k.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from derivations.conversion import (
    congruence,
    everywhere,
    expand,
    expand_log,
    in_turn,
    power_sum,
    prove_equal,
    same,
    simplify,
    symmetry,
    transitivity,
)
from derivations.hypothesis import discharged, inside
from derivations.instance import instance
from derivations.integrability import supposed_by_terms
from derivations.kernel import Term, Theorem, alpha_equal, equal, infer
from derivations.notation import E, Point, to_kernel

Pair = tuple[Any, Any]
evaluated = in_turn(simplify, everywhere(power_sum), expand)


def along(k: Any, values: Sequence[Any]) -> Any:
    """A function of k with one value for all k, or with two, for k = 1 and 2.

    Examples
    --------
    >>> from derivations.notation import Index
    >>> along(Index("k"), (3, 5)).subs(Index("k"), 2)
    5
    """
    if len(values) == 1:
        return values[0]
    first, second = values
    return (2 - k) * first + (k - 1) * second


def specialised(theorem: Theorem, z: Point, q: Any, mean: Any, *values: Pair) -> Theorem:
    """A theorem about the law q of z with given functions.

    Parameters
    ----------
    mean
        The means of the statistics as the theorem writes them, for which their expectations under q are put.
    values
        Functions and variables of the theorem with what they are here, as for `instance`; the statistics come first.
    """
    (_, statistic), *_ = values
    theorem = instance(theorem, *values, (mean, E(q, statistic)))
    for hypothesis in theorem.hypotheses:
        equation = inside(hypothesis)
        if equation.head == "equal" and equation.args[0] == equation.args[1]:
            theorem = discharged(theorem, hypothesis, same(equation.args[0]))
    return supposed_by_terms(theorem, to_kernel(z), to_kernel(q))


def of_laws(theorem: Theorem, *laws: Pair) -> Theorem:
    """A theorem about laws in exponential form for the laws as they are given, pairs such as ``q(x)`` and its density."""
    for law, density in ((to_kernel(law), to_kernel(density)) for law, density in laws):
        for hypothesis in theorem.hypotheses:
            equation = inside(hypothesis)
            if equation.head == "equal" and alpha_equal(equation.args[0], law):
                theorem = discharged(theorem, hypothesis, _in_exponential_form(equation, density))
    return theorem


def _in_exponential_form(equation: Term, density: Term) -> Theorem:
    """The equation of a law with its exponential form, from that with its density."""
    law, form = equation.args
    same_form = prove_equal(density, form, in_turn(_exponential, evaluated))
    return same_form if law == density else transitivity(infer("assume", equal(law, density)), same_form)


def _exponential(term: Term) -> Theorem:
    """``f = exp(log f)`` for f > 0, the logarithm expanded."""
    opened = symmetry(infer("exp_log", term))
    logarithm = everywhere(expand_log)(opened.sides[1].args[0])
    return transitivity(opened, congruence(opened.sides[1], (0,), logarithm))
