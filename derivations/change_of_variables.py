"""Change of variables: integrals over ``z = T(eps)``, points by their components, densities by their logarithms."""

from __future__ import annotations

from derivations.assumption import settle
from derivations.conversion import (
    Conversion,
    congruence,
    everywhere,
    expand_log,
    in_turn,
    prove_equal,
    simplify,
    symmetry,
    transitivity,
    unfold_expectation,
    unfold_log_normal,
)
from derivations.kernel import KernelError, Term, Theorem, bind, equal, infer, log, number, product, variable


def component_of_tuple(term: Term) -> Theorem:
    """The component i of the point ``(t_j)_j`` is ``t_i``."""
    if term.head != "component" or len(term.args) != 2 or term.args[0].head != "tuple":
        raise KernelError("not a component of a point given by its components")
    point, i = term.args
    (space,) = point.data
    return infer("tuple_component", variable(space, space), point.bound, *point.args, i)


components = everywhere(component_of_tuple)
log_density = in_turn(everywhere(unfold_log_normal, expand_log, component_of_tuple), simplify)


def by_logarithm(term: Term) -> Theorem:
    """``t = exp(log t)`` with the logarithm expanded, for a positive t."""
    whole = symmetry(infer("exp_log", term))
    whole = infer("discharge", infer("positivity", term), whole)
    return infer("rewrite", whole, log_density(log(term)), (1, 0))


def log_normal(term: Term) -> Theorem:
    """``log N(z; m, v)`` as a polynomial in the components of z, and logarithms of the variances."""
    if term.head != "log" or term.args[0].head != "normal":
        raise KernelError("not the logarithm of a normal density")
    return log_density(term)


def normal_by_logarithm(term: Term) -> Theorem:
    """``N(z; m, v) = exp(log N(z; m, v))`` with the logarithm as a polynomial."""
    if term.head != "normal":
        raise KernelError("not a normal density")
    return by_logarithm(term)


def substituted(z: Term, image: Term, e: Term, factor: Term) -> Conversion:
    """``int f(z) dz = int f(T) D de``, also for an expectation; that e -> T is a bijection is supposed."""

    def convert(term: Term) -> Theorem:
        if term.bound != z or term.head not in ("integral", "expectation"):
            raise KernelError("not an integral over the variable")
        if term.head == "expectation":
            opened = unfold_expectation(term)
            return transitivity(opened, convert(opened.sides[1]))
        return infer("change_of_variables", z, term.args[0], e, image, factor)

    return convert


def _scale(density: Term) -> Term:
    """The s of a normal density whose variances are written ``s^2``."""
    variance = density.args[3]
    if variance.head != "power" or variance.args[1] != number(2):
        raise KernelError("the variance of the normal density is not written as a square")
    return variance.args[0]


def affine(e: Term, z: Term, density: Term) -> Conversion:
    """``int f(z) dz = int f(m + s e) prod_j s_j de`` for the means m and variances s^2 of a normal density, s > 0."""
    bijection = infer("affine_bijection", e, z, density.bound, *density.args[1:3], _scale(density))
    image, factor = bijection.conclusion.args
    convert = substituted(z, image, e, factor)
    return lambda term: infer("discharge", bijection, convert(term))


def standardised(e: Term) -> Conversion:
    """``N(m + s e; m, s^2) = N(e; 0, 1) / prod_j s_j`` for s > 0."""

    def convert(term: Term) -> Theorem:
        if term.head != "normal" or term.args[0].head != "tuple":
            raise KernelError("not a normal density at a point given by its components")
        _, dimension, _, _ = term.args
        volume = product(term.bound, number(1), dimension, _scale(term))
        standard = bind("normal", term.bound, e, dimension, number(0), number(1))
        return quotient(prove_equal(term * volume, standard, by_logarithm))

    return convert


def transported(law: Term, written: Term, image: Term, factor: Term, base: Term, known: Conversion) -> Conversion:
    """``E_{z~d}[f(z)] = E_{e~b}[f(T)]`` for a density `law` d that is supposed to be `written` as a formula.

    That e -> T is a bijection onto the space of z is supposed; that ``d(T) D = b(e)`` is proved through logarithms, with
    the conversion `known`.
    """
    tidied = in_turn(components, simplify, known, simplify)

    def convert(term: Term) -> Theorem:
        if term.head != "expectation" or term.args[0] != law or term.bound is None:
            raise KernelError("not an expectation under the density")
        opened = unfold_expectation(term)
        formula = congruence(opened.sides[1], (0, 0), infer("assume", equal(law, written)))
        moved = substituted(term.bound, image, base.args[0], factor)(formula.sides[1])
        density, value = moved.sides[1].args[0].args[0].args
        same_law = prove_equal(density * factor, base, in_turn(by_logarithm, tidied))
        regrouped = congruence(moved.sides[1], (0,), infer("field", moved.sides[1].args[0], (density * factor) * value))
        cancelled = congruence(regrouped.sides[1], (0, 0), same_law)
        folded = symmetry(unfold_expectation(bind("expectation", base.args[0], base, value)))
        return settle(transitivity(opened, formula, moved, regrouped, cancelled, folded, tidied(folded.sides[1])))

    return convert


def quotient(equation: Theorem) -> Theorem:
    """``a = c / b`` from ``a b = c``."""
    whole = equation.sides[0]
    a, b = whole.args
    return transitivity(infer("field", a, whole / b), congruence(whole / b, (0,), equation))


def reparameterized(e: Term) -> Conversion:
    """``E_{N(m, s^2)}[f(z)] = E_{N(0, 1)}[f(m + s e)]`` for s > 0."""

    def convert(term: Term) -> Theorem:
        if term.head != "expectation" or term.args[0].head != "normal" or term.bound is None:
            raise KernelError("not an expectation under a normal density")
        density = term.args[0]
        moved = affine(e, term.bound, density)(term)
        cancelled = everywhere(standardised(e))(moved.sides[1])
        body, value = cancelled.sides[1].args[0], moved.sides[1].args[0].args[0].args[1]
        standard = bind("normal", density.bound, e, density.args[1], number(0), number(1))
        regrouped = congruence(cancelled.sides[1], (0,), infer("field", body, standard * value))
        folded = symmetry(unfold_expectation(bind("expectation", e, standard, value)))
        return settle(transitivity(moved, cancelled, regrouped, folded, components(folded.sides[1])))

    return convert
