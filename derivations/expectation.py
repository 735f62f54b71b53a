"""Expectations: bring a side under one expectation, take it apart again, and evaluate normal moments."""

from __future__ import annotations

from fractions import Fraction

from derivations.conversion import (
    Conversion,
    combination,
    congruence,
    everywhere,
    expand,
    expand_log,
    in_turn,
    monomials,
    powers,
    prove_equal,
    same,
    simplify,
    split,
    subterms,
    symmetry,
    transitivity,
    unfold_expectation,
    unfold_log_normal,
)
from derivations.derivative import fresh
from derivations.kernel import (
    KernelError,
    Term,
    Theorem,
    add,
    alpha_equal,
    bind,
    free,
    infer,
    multiply,
    number,
    substitute,
)


def under(z: Term, density: Term | None) -> Conversion:
    """Bring a term under one expectation, ``a + c E[f] + sum_j E[g_j] = E[a + c f + sum_j g_j]``.

    With no density, a linear combination of integrals over z becomes one integral. The theorem supposes that each
    term which was a separate expectation (or integral) is integrable, and that the density integrates to one.
    """

    def convert(term: Term) -> Theorem:
        head = "integral" if density is None else "expectation"
        if term.head == head and term.bound == z and (density is None or alpha_equal(term.args[0], density)):
            return same(term)
        if density is not None and not _holds_expectation(term, z):
            return _constant(z, density, term)
        if term.head == "sum":
            inner = convert(term.args[2])
            swapped = congruence(term, (2,), inner)
            return transitivity(swapped, _sum(swapped.sides[1]))
        if term.head in ("add", "multiply"):
            return _combined(z, term, convert)
        raise KernelError("not a combination of expectations under one density")

    return convert


def _holds_expectation(term: Term, z: Term) -> bool:
    if term.head in ("expectation", "integral") and term.bound == z:
        return True
    return z in free(term) or any(_holds_expectation(a, z) for a in term.args)


def _body(term: Term) -> Term:
    return term.args[-1]


def _constant(z: Term, density: Term, constant: Term) -> Theorem:
    """``c = E_d[c]`` where d integrates to one."""
    whole = bind("integral", z, density)
    one = infer("assume", Term("equal", (whole, number(1))))
    opened = unfold_expectation(bind("expectation", z, density, constant))
    regrouped = congruence(opened.sides[1], (0,), infer("field", density * constant, constant * density))
    outside = infer("integral_linearity", z, (constant,), (density,))
    normalised = congruence(constant * whole, (1,), one)
    steps = (regrouped, outside, normalised, infer("field", constant * number(1), constant))
    return symmetry(transitivity(opened, *steps))


def _sum(term: Term) -> Theorem:
    """``sum_j E_d[f_j] = E_d[sum_j f_j]``, and the same for integrals."""
    (lower, upper, inner), j = term.args, term.bound
    assert j is not None
    z, body = inner.bound, _body(inner)
    if inner.head == "integral":
        return symmetry(infer("integral_of_sum", z, j, lower, upper, body))
    density = inner.args[0]
    if j in free(density):
        raise KernelError("the density depends on the index of the sum")
    opened = congruence(term, (2,), unfold_expectation(inner))
    swapped = symmetry(infer("integral_of_sum", z, j, lower, upper, density * body))
    outside = infer("sum_linearity", j, lower, upper, (density,), (body,))
    closed = symmetry(unfold_expectation(bind("expectation", z, density, outside.sides[1].args[1])))
    return transitivity(opened, swapped, congruence(swapped.sides[1], (0,), outside), closed)


def _combined(z: Term, term: Term, convert: Conversion) -> Theorem:
    """A sum or product of parts, of which `convert` brings each under the expectation."""
    expanded = expand_outside(term)
    parts = [_weighted(z, m) for m in _summands(expanded.sides[1])]
    if len(parts) == 1 and parts[0][0] == number(1) and alpha_equal(parts[0][1], term):
        raise KernelError("a product of expectations")
    equation = transitivity(expanded, infer("field", expanded.sides[1], combination(parts)))
    for i, (_, part) in enumerate(parts):
        path = (1,) if len(parts) == 1 else (i, 1)
        equation = infer("rewrite", equation, convert(part), (1, *path))
    products = equation.sides[1].args if len(parts) > 1 else (equation.sides[1],)
    expectations = [p.args[1] for p in products]
    coefficients = tuple(c for c, _ in parts)
    if expectations[0].head == "integral":
        linear = infer("integral_linearity", z, coefficients, tuple(map(_body, expectations)))
        return transitivity(equation, symmetry(linear))
    density, bodies = expectations[0].args[0], tuple(map(_body, expectations))
    return transitivity(equation, symmetry(_linearity(z, density, coefficients, bodies)))


def expand_outside(term: Term) -> Theorem:
    """``term`` as a sum of monomials in the expectations it holds, whose insides stay as they are written."""
    parts = [(number(c), multiply(*powers(m))) for c, m in monomials(term)]
    return infer("field", term, combination(parts))


def _summands(term: Term) -> tuple[Term, ...]:
    return term.args if term.head == "add" else (term,)


def _weighted(z: Term, summand: Term) -> tuple[Term, Term]:
    """A summand as coefficient times the factor that is, or sums, an expectation over z (1 if none does)."""
    ((c, monomial),) = monomials(summand) or [(Fraction(0), [])]
    inner = [a for a, e in monomial if e == 1 and _is_expectation(a, z)]
    if len(inner) > 1:
        raise KernelError("a product of expectations")
    outer = powers([(a, e) for a, e in monomial if a not in inner])
    return multiply(number(c), *outer), inner[0] if inner else number(1)


def _is_expectation(term: Term, z: Term) -> bool:
    """Whether the term is an expectation or integral over z, or a sum with one in it."""
    if term.head == "sum":
        return any(t.head != "sum" and _is_expectation(t, z) for _, t in subterms(term))
    return term.head in ("expectation", "integral") and term.bound == z


def _linearity(z: Term | None, density: Term, coefficients: tuple[Term, ...], bodies: tuple[Term, ...]) -> Theorem:
    """``E_d[c f + e g + ...] = c E_d[f] + e E_d[g] + ...`` for integrable f, g, ..."""
    whole = bind("expectation", z, density, combination(list(zip(coefficients, bodies, strict=True))))
    opened = unfold_expectation(whole)
    weighted = tuple(density * f for f in bodies)
    inside = infer("field", opened.sides[1].args[0], combination(list(zip(coefficients, weighted, strict=True))))
    linear = infer("integral_linearity", z, coefficients, weighted)
    equation = transitivity(opened, congruence(opened.sides[1], (0,), inside), linear)
    for i, f in enumerate(bodies):
        path = (1,) if len(bodies) == 1 else (i, 1)
        closed = symmetry(unfold_expectation(bind("expectation", z, density, f)))
        equation = infer("rewrite", equation, closed, (1, *path))
    return equation


def apart(z: Term, density: Term) -> Conversion:
    """Take an expectation apart, ``E[a + c f + e g] = a + c E[f] + e E[g]``, where the density integrates to one."""

    def convert(term: Term) -> Theorem:
        if term.head != "expectation" or term.bound != z or not alpha_equal(term.args[0], density):
            raise KernelError("not an expectation under the density")
        expanded = expand(_body(term))
        parts = split(expanded.sides[1], z)
        if not parts or (len(parts) == 1 and parts[0][0] == number(1)):
            raise KernelError("nothing to take apart")
        coefficients, rests = zip(*parts, strict=True)
        regrouped = transitivity(expanded, infer("field", expanded.sides[1], combination(parts)))
        linear = _linearity(z, density, coefficients, rests)
        equation = transitivity(congruence(term, (1,), regrouped), linear)
        for i in (i for i, rest in enumerate(rests) if rest == number(1)):
            path = (1,) if len(parts) == 1 else (i, 1)
            equation = infer("rewrite", equation, symmetry(_constant(z, density, number(1))), (1, *path))
        return equation

    return convert


# --- moments of the normal ---

polynomial = in_turn(everywhere(unfold_log_normal), everywhere(expand_log), simplify)


def moments(term: Term) -> Theorem:
    """``E_N[f]`` for a polynomial f, with sums, of degree at most two in the components of z."""
    if term.head != "expectation" or term.args[0].head != "normal" or term.bound is None:
        raise KernelError("not an expectation under a normal density")
    (density, body), z = term.args, term.bound
    target = add(*(c * _moment(z, density, rest) for c, rest in split(expand(body).sides[1], z)))
    equal = _same_under(z, density, term, target)
    valued = everywhere(lambda t: _value(z, density, t))(target)
    return transitivity(equal, valued)


def _same_under(z: Term, density: Term, left: Term, right: Term) -> Theorem:
    """``left = right`` after both are brought under the expectation, compared as polynomials."""
    return prove_equal(left, right, in_turn(under(z, density), simplify))


def _moment(z: Term, density: Term, rest: Term) -> Term:
    """The expectation of one monomial, written with the means and covariances of its components."""
    ((_, monomial),) = monomials(rest)
    factors = [a for a, e in monomial for _ in range(max(e, 1))]
    if any(e < 0 for _, e in monomial):
        raise KernelError("not a polynomial")
    whole = next((a for a in factors if a.head == "sum"), None)
    if whole is not None and whole.bound is not None:  # a product of sums, one of them taken apart
        factors.remove(whole)
        j = fresh(whole.bound, *factors)
        summand = multiply(*factors, substitute(whole.args[2], whole.bound, j))
        return bind("sum", j, *whole.args[:2], bind("expectation", z, density, summand))
    if len(factors) > 2 or any(a.head != "component" for a in factors):
        raise KernelError("not a polynomial of degree two in the components")
    if len(factors) < 2:
        return bind("expectation", z, density, factors[0]) if factors else number(1)
    first, second = (bind("expectation", z, density, a) for a in factors)
    mean, other = (infer("normal_mean", density, a.args[1]).sides[1] for a in factors)
    if factors[0] == factors[1]:
        spread = bind("expectation", z, density, (factors[0] - mean) ** 2)
    else:
        spread = bind("expectation", z, density, multiply(factors[0] - mean, factors[1] - other))
    return spread + mean * second + other * first - mean * other


def variance(density: Term, i: Term) -> Theorem:
    """``E[(z_i - m_i)^2] = v_i`` for a normal density."""
    covariance = infer("normal_covariance", density, i, i)
    whole, product = covariance.sides[0], covariance.sides[0].args[1]
    squared = congruence(
        bind("expectation", whole.bound, density, product.args[0] ** 2),
        (1,),
        infer("field", product.args[0] ** 2, product),
    )
    single = congruence(covariance.sides[1], (0,), infer("delta_same", i))
    return transitivity(squared, covariance, single, infer("field", single.sides[1], covariance.sides[1].args[1]))


def _value(z: Term, density: Term, term: Term) -> Theorem:
    if term.head != "expectation" or not alpha_equal(term.args[0], density):
        raise KernelError("not an expectation under the density")
    indices = [t.args[1] for _, t in subterms(_body(term)) if t.head == "component" and t.args[0] == z]
    known = [infer("normal_mean", density, indices[0]), variance(density, indices[0])] if indices else []
    if len(indices) == 2:
        known.append(infer("normal_covariance", density, *indices))
    for theorem in known:
        if alpha_equal(theorem.sides[0], term):
            return theorem
    return moments(term)
