"""Conversions that decide an equation, each with the words that the field has for it, the simple ones first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod

from derivations.change_of_variables import by_logarithm, log_normal, normal_by_logarithm, reparameterized
from derivations.conversion import (
    Conversion,
    congruence,
    everywhere,
    expand_log,
    in_turn,
    prove_equal,
    simplify,
    subterms,
    symmetry,
    transitivity,
    unfold_conditional,
    unfold_expectation,
    unfold_kl,
    unfold_log_normal,
)
from derivations.derivative import differentiate
from derivations.expectation import apart, moments, under
from derivations.kernel import (
    KernelError,
    Term,
    Theorem,
    bind,
    density,
    equal,
    free,
    infer,
    log,
    multiply,
    number,
    substitute,
)
from derivations.law import laws
from derivations.marginalisation import integrate_out
from derivations.nested import linear
from derivations.score import mass_kept


def strategies(left: Term, right: Term, joint: frozenset[str]) -> Iterator[tuple[str, Conversion]]:
    """What may decide ``left = right``; families of `joint` have conditional densities that are ratios."""
    yield "arithmetic", simplify
    yield "logarithm of a product", in_turn(everywhere(expand_log), simplify)
    ratios = everywhere(*map(unfold_conditional, sorted(joint)))
    logs = in_turn(ratios, everywhere(expand_log), simplify)
    yield "product rule, logarithm of a product", logs
    yield "definition of the KL divergence", in_turn(everywhere(unfold_kl), logs)
    heads = {t.head for side in (left, right) for _, t in subterms(side)}
    found = laws(left, right)
    opened = in_turn(everywhere(expand_log, exp_of_log), ratios, everywhere(expand_log, exp_of_log), simplify)
    if "exp" in heads:
        yield "exponential of a logarithm", opened
    if "normal" in heads:
        yield from _of_normals(found)
    densities = in_turn(everywhere(expand_log, exp_of_log, unfold_log_normal), simplify)
    for z, law in found:
        collect = in_turn(everywhere(unfold_kl), simplify, under(z, law))
        yield "linearity of the expectation, logarithm of a product", in_turn(collect, logs)
        if law.head == "normal":
            closed = in_turn(everywhere(as_expectation(z, law)), collect, densities, everywhere(moments))
            yield "mean and variance of the normal", in_turn(closed, simplify, everywhere(expand_log), simplify)
    for z in dict.fromkeys(z for z, _ in found):
        integrals = in_turn(everywhere(unfold_kl), everywhere(unfold_expectation), under(z, None), logs)
        yield "definition of the expectation, linearity of the integral", integrals
    if "derivative" in heads:
        of_sums = in_turn(everywhere(unfold_kl), everywhere(apart_in_sums), everywhere(interchanged))
        gradients = in_turn(of_sums, everywhere(unfold_expectation), everywhere(differentiate), logs)
        yield "gradient and integral interchanged, rules of differentiation", gradients
        kept = in_turn(gradients, everywhere(linear), everywhere(mass_kept), simplify)
        yield "gradient and integral interchanged, a density integrates to one", kept
    integrated = in_turn(everywhere(unfold_expectation), everywhere(integrate_out(*sorted(joint))))
    marginal = in_turn(integrated, everywhere(in_logarithm(simplify)), logs)
    yield "marginal density", marginal
    if "exp" in heads and "normal" not in heads:
        yield "exponential of a logarithm, marginal density", in_turn(opened, marginal)
    if any(t.head == "integral" and t.args[0].head == "integral" for s in (left, right) for _, t in subterms(s)):
        yield "order of integration exchanged, marginal density", in_turn(everywhere(other_order), marginal)
        nested = in_turn(everywhere(unfold_kl), everywhere(unfold_expectation), everywhere(other_order))
        outside = in_turn(everywhere(in_logarithm(logs)), simplify, everywhere(factored_out), logs)
        yield "definition of the expectation, iterated integrals", in_turn(nested, outside)
    if found:
        taken_apart = _taken_apart(found, ratios)
        yield "linearity of the expectation, law of total expectation", taken_apart
        if any(map(is_of_mean, (t for s in (left, right) for _, t in subterms(s)))):
            evidence = everywhere(in_logarithm(marginal))
            yield "marginal density, linearity of the expectation", in_turn(evidence, taken_apart)
        elif "power" in heads:
            yield "linearity of the expectation, marginal density", in_turn(taken_apart, marginal)


def is_of_mean(term: Term) -> bool:
    """Whether a term is the logarithm of an integral, which Jensen's inequality is about."""
    return term.head == "log" and any(t.head in ("expectation", "integral") for _, t in subterms(term))


def _of_normals(found: list[tuple[Term, Term]]) -> Iterator[tuple[str, Conversion]]:
    one = in_turn(everywhere(one_term), everywhere(expand_log, exp_of_log), simplify)
    yield "density of the normal", in_turn(everywhere(log_normal), one)
    whole = in_turn(everywhere(normal_by_logarithm), everywhere(as_exponential), simplify, one)
    yield "density of the normal", whole
    for e, law in found:
        if law.head == "normal" and law.args[2:] == (number(0), number(1)):
            yield "z = mu + sigma epsilon", in_turn(everywhere(_reparameterized_but(law, e)), simplify)


def _taken_apart(found: list[tuple[Term, Term]], ratios: Conversion) -> Conversion:
    """Every expectation of a sum as the sum of expectations, with the variables that it does not need integrated out."""
    folded = everywhere(under_joint, *(as_expectation(z, law) for z, law in found))
    # the densities of the logarithms are taken apart, those of the laws stay as they are
    logs = in_turn(everywhere(in_logarithm(ratios)), everywhere(expand_log, exp_of_log, unfold_log_normal), simplify)
    split = everywhere(*(apart(z, law) for z, law in found))
    normal = everywhere(moments)
    return in_turn(
        folded,
        everywhere(unfold_kl),
        logs,
        split,
        everywhere(exchanged),
        split,
        everywhere(total_expectation),
        normal,
        simplify,
        everywhere(gathered),
        everywhere(expand_log),
        simplify,
    )


def in_logarithm(conversion: Conversion) -> Conversion:
    """A conversion of what a logarithm is of."""

    def convert(term: Term) -> Theorem:
        if term.head != "log":
            raise KernelError("not a logarithm")
        inner = conversion(term.args[0])
        if inner.sides[0] == inner.sides[1]:
            raise KernelError("nothing to convert in the logarithm")
        return infer("rewrite", infer("reflexivity", term, term), inner, (1, 0))

    return convert


def as_expectation(z: Term, law: Term) -> Conversion:
    """``int q f dz = E_q[f]``."""

    def convert(term: Term) -> Theorem:
        if term.head != "integral" or term.bound != z:
            raise KernelError("not an integral over the variable")
        factors = term.args[0].args if term.args[0].head == "multiply" else (term.args[0],)
        if law not in factors:
            raise KernelError("not an integral of the law")
        rest = list(factors)
        rest.remove(law)
        body = rest[0] if len(rest) == 1 else Term("multiply", tuple(rest)) if rest else number(1)
        folded = symmetry(unfold_expectation(bind("expectation", z, law, body)))
        inner = infer("field", term.args[0], law * body)
        opened = infer("rewrite", infer("reflexivity", term, term), inner, (1, 0))
        return infer("rewrite", opened, folded, (1,))

    return convert


def total_expectation(term: Term) -> Theorem:
    """``E_{q(x)}[E_{q(z|x)}[f(z)]] = E_{q(z)}[f(z)]``, which is supposed: the order of integration is exchanged."""
    inner = term.args[1] if term.head == "expectation" else term
    if term.head != "expectation" or inner.head != "expectation":
        raise KernelError("not an expectation of an expectation")
    (outer, _), (law, body), x, z = term.args, inner.args, term.bound, inner.bound
    if outer.head != "density" or law.head != "density" or outer.data[0] != law.data[0] or x is None or z is None:
        raise KernelError("not laws of one family")
    given = tuple(a for a in law.args[1:] if a != x)
    chained = outer.data[1] == law.data[1] == 1 and outer.args[0] == x and x in law.args[1:]
    if not chained or set(outer.args[1:]) != set(given) or x in free(body):
        raise KernelError("not the law of one variable given another")
    return infer("assume", equal(term, bind("expectation", z, density(law.data[0], [z], given), body)))


def under_joint(term: Term) -> Theorem:
    """``int int p(x,z) f dx dz = E_{p(x)}[E_{p(z|x)}[f]]``, which is supposed: the product rule under the integrals."""
    inner = term.args[0] if term.head == "integral" else term
    if term.head != "integral" or inner.head != "integral" or inner.args[0].head != "multiply":
        raise KernelError("not an integral of an integral")
    points = sorted((v for v in (term.bound, inner.bound) if v is not None), key=lambda v: (v.data[1], v.data[0]))
    factors = list(inner.args[0].args)
    law = next((f for f in factors if f.head == "density" and set(f.args[: f.data[1]]) == set(points)), None)
    if law is None:
        raise KernelError("no joint density of both variables")
    factors.remove(law)
    x, z = points
    family, given = law.data[0], law.args[law.data[1] :]
    body = bind("expectation", z, density(family, [z], [x, *given]), multiply(*factors))
    return infer("assume", equal(term, bind("expectation", x, density(family, [x], given), body)))


def other_order(term: Term) -> Theorem:
    """``int int p(x,z) f(x) dx dz = int int p(x,z) f(x) dz dx``, which is supposed: z can be integrated out first.

    So can it where its density is given x.
    """
    inner = term.args[0] if term.head == "integral" else term
    if term.head != "integral" or inner.head != "integral" or term.bound is None or inner.bound is None:
        raise KernelError("not an integral of an integral")
    factors = inner.args[0].args if inner.args[0].head == "multiply" else inner.args[:1]
    of_outer = [f for f in factors if term.bound in free(f)]
    others = [f for f in factors if f not in of_outer]
    alone = [f.head for f in of_outer] == ["density"] and any(inner.bound in free(f) for f in others)
    if not alone and not (
        _is_given(factors, term.bound, inner.bound) and not _is_given(factors, inner.bound, term.bound)
    ):
        raise KernelError("no variable that only a density has")
    return infer("assume", equal(term, bind("integral", inner.bound, bind("integral", term.bound, *inner.args))))


def _is_given(factors: Sequence[Term], target: Term, condition: Term) -> bool:
    """Whether one of the factors is a density of a variable given another."""
    return any(
        f.head == "density" and target in f.args[: f.data[1]] and condition in f.args[f.data[1] :] for f in factors
    )


def factored_out(term: Term) -> Theorem:
    """``int c f dz = c int f dz`` for the factors c without z."""
    if term.head != "integral" or term.bound is None or term.args[0].head != "multiply":
        raise KernelError("not an integral of a product")
    outside = [f for f in term.args[0].args if term.bound not in free(f)]
    inside = [f for f in term.args[0].args if term.bound in free(f)]
    if not outside or not inside:
        raise KernelError("no factor without the variable")
    linear = infer("integral_linearity", term.bound, (multiply(*outside),), (multiply(*inside),))
    body = infer("field", term.args[0], linear.sides[0].args[0])
    opened = infer("rewrite", infer("reflexivity", term, term), body, (1, 0))
    return infer("rewrite", opened, linear, (1,))


def gathered(term: Term) -> Theorem:
    """``sum_j E[f_j] = E[sum_j f_j]``."""
    if term.head != "sum" or term.args[2].head != "expectation":
        raise KernelError("not a sum of expectations")
    law, z = term.args[2].args[0], term.args[2].bound
    if z is None or term.bound in free(law):
        raise KernelError("a law for each index")
    return under(z, law)(term)


def exchanged(term: Term) -> Theorem:
    """``E_{p(z)}[E_{p(x|z)}[f]] = E_{p(x)}[E_{p(z|x)}[f]]``, which is supposed, for variables out of order."""
    inner = term.args[1] if term.head == "expectation" else term
    if term.head != "expectation" or inner.head != "expectation":
        raise KernelError("not an expectation of an expectation")
    (outer, _), (law, body), z, x = term.args, inner.args, term.bound, inner.bound
    if outer.head != "density" or law.head != "density" or outer.data != law.data or x is None or z is None:
        raise KernelError("not laws of one family")
    given = tuple(a for a in law.args[1:] if a != z)
    if set(law.args) != {x, z, *given} or set(outer.args) != {z, *given} or z not in law.args[1:] or outer.data[1] != 1:
        raise KernelError("not the law of one variable given another")
    if (x.data[1], x.data[0]) >= (z.data[1], z.data[0]):
        raise KernelError("in order")
    family = law.data[0]
    swapped = bind("expectation", z, density(family, [z], [x, *given]), body)
    return infer("assume", equal(term, bind("expectation", x, density(family, [x], given), swapped)))


def exp_of_log(term: Term) -> Theorem:
    """``exp(log t) = t`` and ``exp(c log s + log t) = s^c t`` for s, t > 0 and a number c."""
    exponent = term.args[0] if term.head == "exp" else term
    whole = multiply(*map(_of_logarithm, exponent.args if exponent.head == "add" else (exponent,)))
    if term.head != "exp":
        raise KernelError("not the exponential of a logarithm")
    as_log = prove_equal(exponent, log(whole), in_turn(everywhere(expand_log), simplify))
    return transitivity(congruence(term, (0,), as_log), infer("exp_log", whole))


def _of_logarithm(summand: Term) -> Term:
    """``t^c`` for ``c log t``."""
    factors = summand.args if summand.head == "multiply" else (summand,)
    logs, numbers = [a for a in factors if a.head == "log"], [a for a in factors if a.head == "number"]
    if len(logs) != 1 or len(logs) + len(numbers) != len(factors):
        raise KernelError("not a multiple of a logarithm")
    c = prod(n.data[0] for n in numbers)
    return logs[0].args[0] if c == 1 else logs[0].args[0] ** number(c)


def interchanged(term: Term) -> Theorem:
    """``d/dv E_q[f] = int d/dv (q f) dz``, which is supposed."""
    if term.head != "derivative" or term.args[1].head not in ("expectation", "integral"):
        raise KernelError("not the derivative of an integral")
    at, inner = term.args
    body = inner.args[0] if inner.head == "integral" else inner.args[0] * inner.args[1]
    return infer("assume", equal(term, bind("integral", inner.bound, bind("derivative", term.bound, at, body))))


def apart_in_sums(term: Term) -> Theorem:
    """The derivative of a sum, or of a multiple, as those of its parts."""
    if term.head != "derivative" or term.args[1].head not in ("add", "multiply"):
        raise KernelError("not the derivative of a sum")
    return differentiate(term)


def one_term(term: Term) -> Theorem:
    """``sum_{j=1..1} f_j = f_1``, which is supposed."""
    if term.head not in ("sum", "product") or term.args[:2] != (number(1), number(1)) or term.bound is None:
        raise KernelError("not a sum of one term")
    return infer("assume", equal(term, substitute(term.args[2], term.bound, number(1))))


def as_exponential(term: Term) -> Theorem:
    """``t = exp(log t)`` with the logarithm taken apart, for a product of roots and exponentials."""
    if term.head not in ("multiply", "product") or not any(t.head == "exp" for _, t in subterms(term)):
        raise KernelError("not a product with an exponential")
    return by_logarithm(term)


def _reparameterized_but(standard: Term, e: Term) -> Conversion:
    """An expectation under another normal density as one under the standard normal."""

    def convert(term: Term) -> Theorem:
        if term.head != "expectation" or term.args[0] == standard or term.args[0].head != "normal":
            raise KernelError("not an expectation under another normal density")
        return reparameterized(e)(term)

    return convert
