"""Jensen's inequality for the logarithm, derived from ``log t <= t - 1`` and the monotonicity of sums and integrals."""

from __future__ import annotations

from derivations.conversion import (
    combination,
    congruence,
    same,
    sum_constant,
    symmetry,
    transitivity,
    unfold_expectation,
)
from derivations.inequality import ONE, along, combine, integral_inequality, rearranged, sum_inequality
from derivations.kernel import KernelError, Path, Term, Theorem, bind, equal, infer, log, number, positive

MINUS_ONE, ZERO = number(-1), number(0)


def positive_given(term: Term, *paths: Path) -> Theorem:
    """``t > 0`` where the parts at the paths are supposed to be positive."""
    masked = same(term)
    for path in paths:
        part = masked.sides[0]
        for place in path:
            part = part.args[place]
        masked = infer("rewrite", masked, symmetry(infer("exp_log", part)), (1, *path))
    return infer("rewrite", infer("positivity", masked.sides[1]), symmetry(masked), (0,))


def below_tangent(t: Term, m: Term) -> Theorem:
    """``log t <= log m - 1 + t / m`` for t, m > 0: the logarithm lies below its tangent at m."""
    product = infer("log_product", t, m**-1)
    inverse = infer("log_power", m, MINUS_ONE)
    product = infer("discharge", positive_given(m**-1, (0,)), product)
    logs = infer("rewrite", product, inverse, (1, 1))
    bound = infer("rewrite", infer("log_bound", t / m), logs, (0,))
    ratio = infer("discharge", positive_given(t / m, (0,), (1, 0)), bound)
    return rearranged(ratio, log(t), (log(m) - ONE) * ONE + m**-1 * t)


def above_inverse(t: Term) -> Theorem:
    """``1 - 1/t <= log t`` for t > 0: the bound ``log s <= s - 1`` at s = 1/t."""
    inverse = infer("log_power", t, MINUS_ONE)
    bound = infer("rewrite", infer("log_bound", t**-1), inverse, (0,))
    exists = infer("discharge", infer("positivity", t**-1), bound)
    return rearranged(exists, ONE - t**-1, log(t))


def expectation_inequality(z: Term, density: Term, pointwise: Theorem) -> Theorem:
    """``E_d[f] <= E_d[g]`` from ``f <= g``, for a density d > 0 and integrable d f, d g."""
    f, g = pointwise.sides
    weighted = combine(ZERO, (density, pointwise))
    exact = along(weighted, *(infer("field", s, density * h) for s, h in zip(weighted.sides, (f, g), strict=True)))
    sides = (symmetry(unfold_expectation(bind("expectation", z, density, h))) for h in (f, g))
    return along(integral_inequality(z, exact), *sides)


def jensen(left: Term, right: Term, mean: Theorem | None = None) -> Theorem:
    """``E_d[log X] <= log E_d[X]`` for X > 0 and a density d > 0.

    Parameters
    ----------
    mean
        An equation ``E_d[X] = m``; then m > 0 is supposed, else ``E_d[X] > 0``. A positive expectation exists.
    """
    if left.head != "expectation" or right.head != "log" or right.args[0].head != "expectation":
        raise KernelError("not an expectation of a logarithm and the logarithm of an expectation")
    (density, outcome), z, whole = right.args[0].args, right.args[0].bound, right.args[0]
    assert z is not None
    above = expectation_inequality(z, density, below_tangent(outcome, whole))
    bodies, slopes = (density, density * outcome), (log(whole) - ONE, whole**-1)
    inside = infer("field", density * above.sides[1].args[1], combination(list(zip(slopes, bodies, strict=True))))
    opened = infer("rewrite", unfold_expectation(above.sides[1]), inside, (1, 0))
    parts = transitivity(opened, infer("integral_linearity", z, slopes, bodies))
    normalised = infer("rewrite", parts, infer("assume", equal(bind("integral", z, density), ONE)), (1, 0, 1))
    total = infer("rewrite", normalised, symmetry(unfold_expectation(whole)), (1, 1, 1))
    theorem = infer("rewrite", above, transitivity(total, infer("field", total.sides[1], right)), (1,))
    linear = infer("integrable_linearity", z, slopes, bodies)
    theorem = infer("discharge", infer("rewrite", linear, symmetry(inside), (0,)), theorem)
    positive_mean = infer("positive_nonzero", whole)
    theorem = infer("discharge", positive_mean, theorem)
    nonzero = infer("rewrite", positive_mean, unfold_expectation(whole), (0,))
    exists = infer("discharge", nonzero, infer("integrable_nonzero", z, density * outcome))
    theorem = infer("discharge", exists, theorem)
    if mean is None:
        return theorem
    value = infer("assume", positive(mean.sides[1]))
    return infer("discharge", infer("rewrite", value, symmetry(mean), (0,)), theorem)


def jensen_average(left: Term, right: Term) -> Theorem:
    """``1/n sum_i log a_i <= log(1/n sum_i a_i)`` for a_i > 0, i = 1..n."""
    (average,) = right.args
    weight, whole = average.args
    (lower, upper, body), i = whole.args, whole.bound
    assert i is not None
    above = sum_inequality(i, lower, upper, below_tangent(body, average))
    exists = positive_given(average, (1, 2))
    above = infer("discharge", exists, above)
    scaled = combine(ZERO, (weight, above))
    linear = infer("sum_linearity", i, lower, upper, (log(average) - ONE, average**-1), (ONE, body))
    counted = infer("rewrite", linear, sum_constant(i, upper, ONE), (1, 0, 1))
    total = congruence(scaled.sides[1], (1, 1), counted)
    theorem = along(
        scaled,
        infer("field", scaled.sides[0], left),
        transitivity(total, infer("field", total.sides[1], right)),
    )
    return infer("discharge", infer("discharge", exists, infer("positive_nonzero", average)), theorem)
