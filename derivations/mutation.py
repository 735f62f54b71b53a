"""Single plausible mistakes in a line of a derivation: a lost sign, a swapped divergence, a square too few."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from derivations.conversion import replaced, subterms
from derivations.derivation import Derivation, Step
from derivations.kernel import (
    KernelError,
    Term,
    at_most,
    bind,
    density,
    equal,
    free,
    number,
)
from derivations.latex import text

Mistake = tuple[str, Term]
MINUS = number(-1)


@dataclass(frozen=True)
class Mutant:
    """A step with one mistake.

    Attributes
    ----------
    slug, step, mistake
        Where it is (steps are counted from 1) and what is wrong.
    claim
        What the step says with the mistake.
    hypotheses
        Those of the step as it was proved.
    """

    slug: str
    step: int
    mistake: str
    claim: Term
    hypotheses: tuple[Term, ...]

    def __str__(self) -> str:
        left, right = map(text, self.claim.args)
        return (
            f"{self.slug} {self.step}, {self.mistake}: {left}  {'=' if self.claim.head == 'equal' else '<='}  {right}"
        )


# --- mistakes at the top of a term ---


def mistakes(term: Term) -> Iterator[Mistake]:
    """Single mistakes at the top of a term, as ``(name, wrong term)``."""
    for maker in _MISTAKES.get(term.head, ()):
        yield from maker(term)


def _with(term: Term, *args: Term) -> Term:
    return Term(term.head, args, term.data, term.bound)


def _in_sum(term: Term) -> Iterator[Mistake]:
    args = term.args
    if len(args) > 1:
        for i, a in enumerate(args):
            yield "sign", _with(term, *args[:i], MINUS * a, *args[i + 1 :])
            yield "dropped term", _with(term, *args[:i], *args[i + 1 :])
            yield "doubled term", _with(term, *args[:i], a + a, *args[i + 1 :])
        yield "product for sum", Term("multiply", args)


def _in_product(term: Term) -> Iterator[Mistake]:
    args = term.args
    if len(args) > 1:
        for i in range(len(args)):
            yield "dropped factor", _with(term, *args[:i], *args[i + 1 :])
        yield "sum for product", Term("add", args)


def _in_number(term: Term) -> Iterator[Mistake]:
    value: Fraction = term.data[0]
    if abs(value) == Fraction(1, 2):
        yield "lost 1/2", number(2 * value)
    if value:
        yield "sign of a number", number(-value)
    yield "number off by one", number(value + 1)


def _in_power(term: Term) -> Iterator[Mistake]:
    names = {number(2): "lost square", number(-1): "lost inverse", number("1/2"): "lost root"}
    if term.args[1] in names:
        yield names[term.args[1]], term.args[0]


def _in_function(term: Term) -> Iterator[Mistake]:
    yield f"lost {term.head}", term.args[0]
    yield "log for exp, exp for log", bind("exp" if term.head == "log" else "log", None, *term.args)
    if term.head == "log":
        yield "log of the inverse", bind("log", None, term.args[0] ** -1)


def _in_divergence(term: Term) -> Iterator[Mistake]:
    yield "swapped divergence", _with(term, term.args[1], term.args[0])


def _in_expectation(term: Term) -> Iterator[Mistake]:
    law, body = term.args
    yield "squared body", _with(term, law, body**2)
    yield "integral for expectation", bind("integral", term.bound, body)


def _in_range(term: Term) -> Iterator[Mistake]:
    lower, upper, body = term.args
    yield "range from 0", _with(term, number(0), upper, body)
    yield "range from 2", _with(term, number(2), upper, body)
    yield "range one short", _with(term, lower, upper - number(1), body)
    yield "range one long", _with(term, lower, upper + number(1), body)
    yield "sum for product, product for sum", bind("product" if term.head == "sum" else "sum", term.bound, *term.args)
    if term.bound not in free(body):
        yield "lost sum", body


def _in_density(term: Term) -> Iterator[Mistake]:
    family, count = term.data
    targets, given = term.args[:count], term.args[count:]
    if given:
        yield "swapped conditioning", density(family, given, targets)
        yield "lost conditioning", density(family, targets)
        yield "joint for conditional", density(family, term.args)


def _in_normal(term: Term) -> Iterator[Mistake]:
    point, dimension, mean, variance = term.args
    yield "mean and variance exchanged", _with(term, point, dimension, variance, mean)
    yield "precision for variance", _with(term, point, dimension, mean, variance**-1)
    if variance.head == "power" and variance.args[1] == number(2):
        yield "sigma for sigma^2", _with(term, point, dimension, mean, variance.args[0])


def _in_component(term: Term) -> Iterator[Mistake]:
    vector, *indices = term.args
    yield "next index", _with(term, vector, *indices[:-1], indices[-1] + number(1))
    yield "first component", _with(term, vector, *indices[:-1], number(1))
    if len(indices) == 2 and indices[0] != indices[1]:
        yield "transposed", _with(term, vector, *reversed(indices))
    others = {"mu": "sigma", "sigma": "mu"}
    if vector.head == "variable" and vector.data[0] in others:
        other = Term("variable", data=(others[vector.data[0]], vector.data[1]))
        yield "mu and sigma exchanged", _with(term, other, *indices)


def _in_variable(term: Term) -> Iterator[Mistake]:
    if term.data[1] == "natural":
        yield "1 for a number", number(1)
        yield "a number one too large", term + number(1)


def _in_delta(term: Term) -> Iterator[Mistake]:
    yield "lost delta", number(1)


def _in_derivative(term: Term) -> Iterator[Mistake]:
    yield "lost derivative", Term("derivative", (term.args[0], term.args[1] ** 2), bound=term.bound)


_MISTAKES: dict[str, tuple[Callable[[Term], Iterator[Mistake]], ...]] = {
    "add": (_in_sum,),
    "multiply": (_in_product,),
    "number": (_in_number,),
    "power": (_in_power,),
    "log": (_in_function,),
    "exp": (_in_function,),
    "kl": (_in_divergence,),
    "expectation": (_in_expectation,),
    "sum": (_in_range,),
    "product": (_in_range,),
    "density": (_in_density,),
    "normal": (_in_normal,),
    "component": (_in_component,),
    "variable": (_in_variable,),
    "delta": (_in_delta,),
    "derivative": (_in_derivative,),
}


# --- mutants of lines and derivations ---


def wrong_lines(line: Term) -> Iterator[Mistake]:
    """All single mistakes in a line, as ``(name, wrong line)``, each once."""
    seen = {line}
    for path, part in subterms(line):
        for name, wrong in mistakes(part):
            try:
                mutant = replaced(line, path, wrong)
            except KernelError:
                continue
            if mutant not in seen:
                seen.add(mutant)
                yield name, mutant


def mutants(derivation: Derivation) -> Iterator[Mutant]:
    """All mutants of all steps: a mistake in the line, ``=`` for an inequality, and the inequality reversed."""
    position = 0
    for part in derivation.parts:
        before = part.start
        for step in part.steps:
            position += 1
            for name, claim in _wrong_claims(before, step):
                yield Mutant(derivation.slug, position, name, claim, step.theorem.hypotheses)
            before = step.expression


def _wrong_claims(before: Term, step: Step) -> Iterator[Mistake]:
    if step.relation != "=":
        yield "= for an inequality", equal(before, step.expression)
        yield "inequality reversed", _claim({"<=": ">=", ">=": "<="}[step.relation], before, step.expression)
    for name, wrong in wrong_lines(step.expression):
        yield name, _claim(step.relation, before, wrong)


def _claim(relation: str, before: Term, after: Term) -> Term:
    if relation == "=":
        return equal(before, after)
    return at_most(after, before) if relation == ">=" else at_most(before, after)
