"""Look for a counterexample to a claimed relation, in random models and ball arithmetic.

>>> from derivations.kernel import at_most, bind, density, variable
>>> x, z = variable("x", "x"), variable("z", "z")
>>> q, p = density("q", [z], [x]), density("p", [z])
>>> found = refute(at_most(bind("kl", z, q, p), bind("kl", z, p, q)))
>>> found is None or found.relation
'<='
>>> refute(at_most(bind("kl", z, q, p), bind("kl", z, q, p))) is None
True
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import lru_cache
from math import inf
from typing import Any

import flint
from flint import arb, fmpq

from derivations.conversion import subterms
from derivations.counterexample import Counterexample
from derivations.differentiable_number import Dual, is_positive
from derivations.gaussian_form import Form, NoValueError
from derivations.interpretation import Interpretation
from derivations.kernel import Term
from derivations.linear_model import determine
from derivations.matrix import solution
from derivations.model import Model
from derivations.point import FinitePoint, Parameters, Point, RealPoint, place_of, written
from derivations.random_space import DRAWS, ROUNDS
from derivations.vocabulary import NUMBERS, PARAMETERS, Vocabulary

DIGITS = 50
ATTEMPTS = 40
CONVENTIONS = {
    "log": fmpq(5, 3),
    "inverse": fmpq(7, 3),
    "root": fmpq(11, 3),
    "component": fmpq(13, 3),
    "integral": fmpq(0),
}
_CHEAP = ("within", "dimension", "positive", "nonzero")


def refute(
    claim: Term,
    hypotheses: Iterable[Term] = (),
    *,
    seed: int = 0,
    seconds: float = 2.0,
    attempts: int = ATTEMPTS,
    conventions: bool = False,
) -> Counterexample | None:
    """A model of the hypotheses in which the claim fails beyond doubt, or None if none was found.

    Parameters
    ----------
    claim
        An equation or inequality (``equal``, ``at_most``) of kernel terms.
    hypotheses
        What is supposed, such as that scales are positive. Densities of a family are consistent and positive, and
        integrate to one, without being told; an expression that has no value in a model is not held against the claim.
    seed
        The same seed gives the same answer, unless time runs out.
    seconds, attempts
        Bounds of the search.

    conventions
        Give values to ``1/0``, ``log(-1)``, the third component of a point of the plane, as the kernel's total operations
        have some: a claim that leans on what such a value is fails, though it says nothing to a reader.

    Notes
    -----
    That the sides differ is rigorous. So is the check of the hypotheses, except that two sides of an equation
    among them which are no rational numbers are taken to be equal when they agree to thirty digits.
    """
    if claim.head not in ("equal", "at_most"):
        return None
    deadline = time.monotonic() + seconds
    supposed = tuple(sorted(hypotheses, key=lambda h: h.head not in _CHEAP))
    with flint.ctx.workdps(DIGITS):
        vocabulary = Vocabulary(claim, supposed)
        for attempt in range(attempts):
            if time.monotonic() > deadline:
                return None
            try:
                found = _attempt(vocabulary, f"{seed} {attempt}", attempt, deadline, conventions)
            except (ArithmeticError, LookupError, RecursionError, TypeError, AttributeError):
                continue  # the model does not suit the claim, which may say anything: no counterexample
            if found is not None:
                return found
    return None


@lru_cache(maxsize=1 << 12)
def contradicted(claim: Term) -> bool:
    """Whether the first model contradicts a claim, in which all is positive: then there is no proof to look for.

    Where something is differentiated, nothing is said: a function may have to be a density.
    """
    if any(t.head == "derivative" for _, t in subterms(claim)):
        return False
    return refute(claim, seconds=inf, attempts=1) is not None


def _attempt(
    vocabulary: Vocabulary, seed: str, number: int, deadline: float, conventions: bool
) -> Counterexample | None:
    """The counterexample that one model is; None if the claim may hold there.

    Raises
    ------
    NoValueError
        If the model does not satisfy the hypotheses, or an expression has no value.
    """
    interpretation = draw(vocabulary, seed, number, deadline)
    if conventions:
        interpretation.conventions = CONVENTIONS
    model, values = interpretation.model, interpretation.values
    by_definition = [d.hypothesis for d in vocabulary.definitions.values()]
    if not all(interpretation.is_density(d) for d in vocabulary.definitions.values() if d.family):
        raise NoValueError("the density of a family that does not integrate to one")
    for h in vocabulary.hypotheses:
        if h not in by_definition and not interpretation.truth(h, values):
            raise NoValueError("a hypothesis fails")
    left, right = (_plain(interpretation.value(side, values)) for side in vocabulary.claim.args)
    differ = is_positive(left - right)
    if vocabulary.claim.head == "equal":
        differ = differ or is_positive(right - left)
    if not differ:
        return None
    return Counterexample(vocabulary.claim, decimal(left), decimal(right), data(interpretation, model))


def _plain(value: Any) -> Any:
    if isinstance(value, (Form, Dual)) or not (isinstance(value, fmpq) or value.is_finite()):
        raise NoValueError("not a number")
    return value


def decimal(value: Any) -> str:
    """A whole number, or a decimal number with an error bound."""
    return str(value) if isinstance(value, fmpq) and value.q == 1 else str(arb(value).str(40))


# --- one model ---


def draw(vocabulary: Vocabulary, seed: str, number: int, deadline: float) -> Interpretation:
    """A random model for the names of a claim; the first ones are the simplest."""
    model = Model(vocabulary, seed)
    model.signed, model.densities.extreme = number % 2 == 1, number % 8 >= 6
    interpretation = Interpretation(model, deadline)
    values = interpretation.values
    for v in vocabulary.variables:
        if v.data[1] in NUMBERS:
            values[v.data] = _number(model, v, number)
    for v, formula in vocabulary.number_definitions:
        values[v.data] = interpretation.value(formula, values)
    for space, dimension in vocabulary.real_spaces.items():
        model.dimensions[space] = place_of(interpretation.value(dimension, values))
        if not 1 <= model.dimensions[space] <= 5:
            raise NoValueError("a space of no dimension, or of very many")
    for space in _finite_spaces(vocabulary):
        crowded = any(len(f) > 3 and space in f for f in vocabulary.families.values())
        model.add_finite(space, 2 if crowded else model.rng("size", space).choice((2, 3)), number % 3 == 2)
    _resize(vocabulary, model, number)
    for law in vocabulary.exchangeable.values():
        model.add_finite(law.space, ROUNDS * place_of(interpretation.value(law.count, values)), weighted=False)
    for v in vocabulary.variables:
        if v.data[1] not in NUMBERS:
            values[v.data] = model.point(v.data[1], v.data[0])
    determine(interpretation)
    for space in vocabulary.moments:
        _weigh(interpretation, space)
    return interpretation


def _number(model: Model, v: Term, number: int) -> Any:
    name, kind = v.data
    if kind == "natural":
        return fmpq(model.rng(name).choice((2, 3) if number < 8 else (1, 2, 3, 4)))
    if kind == "index":
        return fmpq(model.rng(name).choice((1, 2) if number < 8 else (1, 2, 3)))
    return model.generic(name, "value")


def _finite_spaces(vocabulary: Vocabulary) -> list[str]:
    kinds = {v.data[1] for t in vocabulary.terms for v in (t, t.bound) if v is not None and v.head == "variable"}
    kinds |= {t.data[1] for t in vocabulary.terms if t.head == "function"}
    return sorted(kinds - {*NUMBERS, *PARAMETERS, *vocabulary.real_spaces})


def _resize(vocabulary: Vocabulary, model: Model, number: int) -> None:
    """Sample spaces of independent draws, and pairs of spaces that a bijection joins."""
    for space, sample_space in vocabulary.draws.values():
        model.add_finite(space, 2, number % 3 == 2)
        model.add_finite(sample_space, 2**DRAWS, weighted=False)
    for name, (_, space) in vocabulary.bijections.items():
        image = next(t.data[1] for t in vocabulary.terms if t.head == "function" and t.data[0] == name)
        model.add_finite(image, model.sizes[space], number % 3 == 2)


def _weigh(interpretation: Interpretation, space: str) -> None:
    """Give the points of a finite space the weights for which its integrals are what is supposed.

    Raises
    ------
    NoValueError
        If there are none, or none that are positive.
    """
    model = interpretation.model
    model.add_finite(space, 1, weighted=False)
    model.add_finite(space, max(2, len(interpretation.moment_rows(space))), weighted=False)
    rows = interpretation.moment_rows(space)
    free = [model.positive("weight", space, k) / 16 for k in range(model.sizes[space])]
    model.weights[space] = solution([row for row, _ in rows], [c for _, c in rows], free)
    if not all(map(is_positive, model.weights[space])):
        raise NoValueError("weights that are not positive")


# --- what was drawn, as data ---


def data(interpretation: Interpretation, model: Model) -> dict[str, Any]:
    """The model as JSON data, in the form that `Counterexample` describes."""
    spaces: dict[str, Any] = {s: {"weights": [written(w) for w in model.weights[s]]} for s in model.sizes}
    spaces.update({s: {"dimension": d} for s, d in model.dimensions.items()})
    values = {
        name: _value(value) for (name, _), value in interpretation.values.items() if not isinstance(value, Parameters)
    }
    conventions = {kind: str(c) for kind, c in (interpretation.conventions or {}).items()}
    return {"spaces": spaces, "values": values, **model.record, "conventions": conventions}


def _value(value: Point | Any) -> Any:
    if isinstance(value, FinitePoint):
        return value.place
    if isinstance(value, RealPoint):
        return [str(c) for c in value.components]
    return written(value)
