"""What is integrable because it is a linear combination of functions that are."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from flint import fmpq, fmpq_mat

from derivations.conversion import (
    combination,
    everywhere,
    expand,
    expand_log,
    in_turn,
    prove_equal,
    same,
    simplify,
    split,
    symmetry,
    transitivity,
    unfold_conditional,
    unfold_expectation,
)
from derivations.kernel import KernelError, Term, Theorem, alpha_equal, canonical, infer, number
from derivations.marginalisation import integrable_marginal

Vector = dict[object, tuple[Term, Term]]  # summands by what depends on the variable: its coefficient, and itself


def integrable_combination(z: Term, body: Term, known: list[Term], *families: str, taken_apart: bool = True) -> Theorem:
    """``integrable(z; f)`` where f is a combination of known integrable functions, of sums of them, and of densities.

    Parameters
    ----------
    known
        Hypotheses that may be used: integrable functions of z, and integrals of z that have a value.
    families
        Families whose conditional densities are ratios of joint densities.
    taken_apart
        Whether conditional densities and logarithms are taken apart, for which they have to be positive.

    Raises
    ------
    KernelError
        If it is not, or if the only combination is f itself.
    """
    form = simplify
    if taken_apart:
        form = in_turn(everywhere(*map(unfold_conditional, families)), everywhere(expand_log), simplify)
    target = _vector(form(body).sides[1], z)
    leaves = dict(_leaves(z, target, known, families))
    supposed = list(_known(z, known))
    bodies = [theorem.conclusion.args[0] for theorem in supposed]
    rows = [_vector(form(b).sides[1], z) for b in bodies]
    scale = next((c for key, (c, _) in target.items() if key not in leaves), number(1))
    weights = _solve(_scaled(target, scale), rows, set(leaves))
    used = [(scale * number(w), theorem) for w, theorem in zip(weights, supposed, strict=True) if w]
    used += [(c, leaves[key]) for key, (c, _) in _remainder(target, rows, scale, weights).items()]
    coefficients, terms = tuple(c for c, _ in used), tuple(theorem.conclusion.args[0] for _, theorem in used)
    whole = infer("integrable_linearity", z, coefficients, terms)
    for _, theorem in used:
        whole = infer("discharge", theorem, whole)
    return infer("rewrite", whole, prove_equal(whole.conclusion.args[0], body, form), (0,))


def _vector(term: Term, z: Term) -> Vector:
    return {canonical(rest): (c, rest) for c, rest in split(term, z)}


def _leaves(z: Term, target: Vector, known: list[Term], families: tuple[str, ...]) -> Iterator[tuple[object, Theorem]]:
    """The summands that are integrable by themselves."""
    for key, (_, rest) in target.items():
        for attempt in (_from_value, _from_marginal):
            try:
                yield key, attempt(z, rest, known, families)
                break
            except KernelError:
                continue


def _from_value(z: Term, rest: Term, known: list[Term], families: tuple[str, ...]) -> Theorem:
    """From an integral or expectation that is supposed to have a positive value."""
    for k in known:
        if k.head != "equal" or k.args[0].head not in ("integral", "expectation") or k.args[0].bound != z:
            continue
        opened = unfold_expectation(k.args[0]) if k.args[0].head == "expectation" else same(k.args[0])
        (body,) = opened.sides[1].args
        if alpha_equal(expand(body).sides[1], expand(rest).sides[1]):
            value = transitivity(symmetry(opened), infer("assume", k))
            nonzero = infer("rewrite", infer("positive_nonzero", value.sides[1]), symmetry(value), (0,))
            exists = infer("discharge", nonzero, infer("integrable_nonzero", z, body))
            return infer("rewrite", exists, prove_equal(body, rest, expand), (0,))
    raise KernelError("no such integral")


def _from_marginal(z: Term, rest: Term, known: list[Term], families: tuple[str, ...]) -> Theorem:
    return integrable_marginal(z, rest, *families)


def _known(z: Term, known: list[Term]) -> Iterator[Theorem]:
    """The functions of z that are supposed to be integrable, and the sums over an index of such functions."""
    for k in known:
        if k.head == "integrable" and k.bound == z:
            yield infer("assume", k)
        elif k.head == "forall_in" and k.args[2].head == "integrable" and k.args[2].bound == z:
            summed = infer("integrable_sum", z, k.bound, *k.args[:2], *k.args[2].args)
            yield infer("discharge", infer("assume", k), summed)


def _scaled(vector: Vector, scale: Term) -> Vector:
    return {key: (expand(c / scale).sides[1], rest) for key, (c, rest) in vector.items()}


def _solve(target: Vector, rows: list[Vector], settled: set[object]) -> list[Fraction]:
    """Weights with which the rows add up to the target, but for what is settled."""
    if not set(target) - settled:
        return [Fraction(0)] * len(rows)
    if not rows:
        raise KernelError("nothing known")
    open_ones = list(dict.fromkeys(k for v in (target, *rows) for k in v if k not in settled))
    columns = [*rows, target]
    matrix = fmpq_mat(len(open_ones), len(columns), [_rational(c, key) for key in open_ones for c in columns])
    reduced, rank = matrix.rref()
    weights = [Fraction(0)] * len(rows)
    for i in range(rank):
        pivot = next(k for k in range(len(columns)) if reduced[i, k] != 0)
        if pivot == len(rows):
            raise KernelError("no combination of what is known")
        value = reduced[i, len(rows)]
        weights[pivot] = Fraction(int(value.p), int(value.q))
    return weights


def _rational(vector: Vector, key: object) -> fmpq:
    coefficient = vector[key][0] if key in vector else number(0)
    if coefficient.head != "number":
        raise KernelError("a coefficient that is not a number")
    value = coefficient.data[0]
    return fmpq(value.numerator, value.denominator)


def _remainder(target: Vector, rows: list[Vector], scale: Term, weights: list[Fraction]) -> Vector:
    """Target less the weighted rows."""
    rest: dict[object, tuple[list[tuple[Term, Term]], Term]] = {}
    weighted = ((scale * number(-w), row) for w, row in zip(weights, rows, strict=True))
    for weight, row in ((number(1), target), *weighted):
        for key, (c, t) in row.items():
            rest.setdefault(key, ([], t))[0].append((weight, c))
    result: Vector = {}
    for key, (parts, t) in rest.items():
        value = expand(combination(parts)).sides[1]
        if value != number(0):
            result[key] = value, t
    return result
