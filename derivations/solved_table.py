"""Tables of functions from hypotheses: ``a = f_t(x_t(z)) b`` for all t and z says what f is where it is taken.

Random tables do not satisfy such an equation. Here the values of a function that is a factor of one side are computed from
what was drawn for the rest; that the hypotheses then hold is checked as for any model.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flint import fmpq

from derivations.conversion import subterms
from derivations.differentiable_number import inverse
from derivations.gaussian_form import NoValueError
from derivations.interpretation import Environment, Interpretation, close
from derivations.kernel import Term
from derivations.vocabulary import unquantified


def tabulate(interpretation: Interpretation, hypothesis: Term) -> None:
    """Give a function the values that an equation determines, if it does.

    Raises
    ------
    NoValueError
        If it gives two values at one place.
    """
    equation, limits = unquantified(hypothesis)
    vocabulary = interpretation.model.vocabulary
    if equation.head != "equal" or not limits or hypothesis in {d.hypothesis for d in vocabulary.definitions.values()}:
        return
    for left, right in (equation.args, equation.args[::-1]):
        for factor in _factors(right):
            if _is_unknown(interpretation, factor, left, right):
                for env in interpretation.expanded(limits, dict(interpretation.values)):
                    _solve(interpretation, factor, left, right, env)
                return


def _factors(term: Term) -> Iterator[Term]:
    if term.head == "multiply":
        for a in term.args:
            yield from _factors(a)
    elif term.head == "function" and term.data[1] == "real":
        yield term


def _is_unknown(interpretation: Interpretation, factor: Term, left: Term, right: Term) -> bool:
    """Whether a factor is a value in a table of which nothing else is known, and stands in the equation once."""
    vocabulary, name = interpretation.model.vocabulary, factor.data[0]
    known = {*vocabulary.definitions, *vocabulary.densities, *vocabulary.exchangeable, *vocabulary.bijections}
    places = [t for side in (left, right) for _, t in subterms(side) if t.head == "function" and t.data[0] == name]
    return name not in known and places == [factor] and bool(factor.args) and all(vocabulary.discrete[name])


def _solve(interpretation: Interpretation, factor: Term, left: Term, right: Term, env: Environment) -> None:
    name = factor.data[0]
    others = interpretation.supposing(name, lambda *_: fmpq(1), right, env)
    value: Any = interpretation.value(left, env) * inverse(others)
    arguments = tuple(interpretation.value(a, env) for a in factor.args)
    if not close(interpretation.model.functions.solved(name, arguments, value), value):
        raise NoValueError("two values at one place")
