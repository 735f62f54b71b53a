"""What hypotheses determine of a linear Gaussian model: matrices, volume factors, points and constants.

A matrix drawn at random does not satisfy ``A' (I + W' W / s^2) A = I``, nor ``B A = I``, and a number drawn at random is
not ``|det A|``. Here they are computed from what was drawn; that the hypotheses then hold is checked as for any model.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq

from derivations.gaussian_form import Form, NoValueError, as_form, quadratic
from derivations.interpretation import Interpretation, close
from derivations.kernel import Term, free
from derivations.matrix import Matrix, cholesky, inverted, transposed
from derivations.point import Parameters, RealPoint, place_of
from derivations.solved_table import tabulate
from derivations.vocabulary import Definition, sort_of, unquantified

ROTATION = ((fmpq(3, 5), fmpq(-4, 5)), (fmpq(4, 5), fmpq(3, 5)))


def determine(interpretation: Interpretation) -> None:
    """Give matrices, numbers and points the values for which the hypotheses hold that determine them.

    Raises
    ------
    NoValueError
        If there are none.
    """
    hypotheses = interpretation.model.vocabulary.hypotheses
    for solve in (_root, _inverse, _volume, _point, _constant, tabulate):
        for hypothesis in hypotheses:
            solve(interpretation, hypothesis)


def _root(interpretation: Interpretation, hypothesis: Term) -> None:
    """A from ``(A e)' M (A e) = e' e`` for all points e: the inverse of the transposed root of M, turned."""
    equation, limits = unquantified(hypothesis)
    if equation.head != "equal" or len(limits) != 1 or sort_of(limits[0][0]) not in interpretation.model.dimensions:
        return
    left, ((point, _),) = equation.args[0], limits
    for name in _matrices(left):
        (env,) = interpretation.every(point.data, interpretation.values)
        nothing = interpretation.supposing(name, lambda *_: fmpq(0), left, env)
        if isinstance(nothing, fmpq) and nothing == 0:
            whole = interpretation.supposing(name, lambda i, k: fmpq(int(i == k)), left, env)
            upper = inverted(transposed(cholesky(_quadratic(whole, env[point.data].components))))
            interpretation.model.set_entries(name, _turned(upper))


def _quadratic(form: Any, variables: tuple[Form, ...]) -> Matrix:
    """The symmetric matrix of a quadratic form in some variables."""
    ((exponent, p), *others) = as_form(form).parts
    if exponent or others:
        raise NoValueError("not a quadratic form")
    numbers = [monomial[0][0] for v in variables for monomial in v.parts[0][1]]
    return quadratic(p, numbers)[0]


def _turned(matrix: Matrix) -> Matrix:
    """The matrix times a rotation of the first two coordinates, so that it is not triangular."""
    if len(matrix) < 2:
        return matrix
    ((a, b), (c, d)) = ROTATION
    return [[row[0] * a + row[1] * c, row[0] * b + row[1] * d, *row[2:]] for row in matrix]


def _inverse(interpretation: Interpretation, hypothesis: Term) -> None:
    """B from ``sum_j B_ij A_jk = delta(i, k)``."""
    equation, limits = unquantified(hypothesis)
    if equation.head != "equal" or equation.args[1].head != "delta" or len(limits) != 2 or len(limits[0][1]) != 3:
        return
    names = _matrices(equation.args[0])
    if len(names) == 2:
        known, unknown = (Parameters(name) for name in names)
        size = place_of(interpretation.value(limits[0][1][1], interpretation.values))
        every = range(1, size + 1)
        rows = [[interpretation.model.component(known, (i, k)) for k in every] for i in every]
        interpretation.model.set_entries(unknown.name, inverted(rows))


def _volume(interpretation: Interpretation, hypothesis: Term) -> None:
    """The volume factor a of a bijection ``e -> (b + A e)``."""
    if hypothesis.head == "bijection" and hypothesis.bound is not None:
        image, factor = hypothesis.args
        if image.head == "tuple" and factor.head == "variable":
            volume = interpretation.volume(hypothesis.bound.data, image, interpretation.values)
            interpretation.values[factor.data] = volume


def _point(interpretation: Interpretation, hypothesis: Term) -> None:
    """A point x from ``x_d = ...`` for all d."""
    equation, limits = unquantified(hypothesis)
    if equation.head != "equal" or len(limits) != 1 or len(limits[0][1]) != 3:
        return
    (index, _), model = limits[0], interpretation.model
    for left, right in (equation.args, equation.args[::-1]):
        point = left.args[0] if left.head == "component" and left.args[1:] == (index,) else left
        if point.head == "variable" and sort_of(point) in model.dimensions and point not in free(right):
            every = range(1, model.dimensions[sort_of(point)] + 1)
            envs = ({**interpretation.values, index.data: fmpq(d)} for d in every)
            components = tuple(interpretation.value(right, env) for env in envs)
            interpretation.values[point.data] = RealPoint(sort_of(point), components)
            return


def _constant(interpretation: Interpretation, hypothesis: Term) -> None:
    """The number c of a law ``q(z) = h(z) / c``: the integral of h."""
    values, vocabulary = interpretation.values, interpretation.model.vocabulary
    laws = [d for d in vocabulary.definitions.values() if d.hypothesis == hypothesis and d.family]
    for law in laws:
        if all(sort_of(p) in interpretation.model.dimensions for p in law.parameters) and not interpretation.is_density(
            law
        ):
            for v in sorted(free(law.body), key=repr):
                if v.data[1] == "real":
                    drawn = values[v.data]
                    at_one, at_two = (_mass(interpretation, law, v, fmpq(c)) for c in (1, 2))
                    values[v.data] = at_one if close(at_one, 2 * at_two) else drawn


def _mass(interpretation: Interpretation, law: Definition, v: Term, value: fmpq) -> Any:
    """The integral of a law where a number has a value."""
    interpretation.values[v.data] = value
    return interpretation.integral_of(law)


def _matrices(term: Term) -> list[str]:
    """The names of the matrices in a term, in alphabetical order."""
    return sorted({str(v.data[0]) for v in free(term) if v.data[1] == "matrix"})
