"""Every rule of the kernel on random models: its conclusion holds, each hypothesis is needed, and a wrong twin is found out.

The conditions that a rule refuses rather than states are taken away one by one in test_kernel.py.
"""

import pytest

from derivations.kernel import (
    RULES,
    Term,
    add,
    at_most,
    bind,
    density,
    equal,
    integrable,
    integral,
    log,
    multiply,
    number,
    positive,
    product,
    substitute,
    total,
)

from .rule_survey import CASES, INSTANCES, NORMAL_CASES, ONE, TWO, Z, component, survey

pytestmark = pytest.mark.usefixtures("precise")


def test_every_rule_has_instances():
    assert {*CASES, *NORMAL_CASES} == set(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_rule_holds_on_random_models_and_needs_its_hypotheses(rule, seed):
    """For each hypothesis a model is found in which it alone is false, and the conclusion is false too."""
    tally = survey(rule, seed)
    print(
        f"{rule}: holds in {tally.held} models, {len(tally.distinct)} statements; {tally.refused} refused, "
        f"{tally.undecided} undecided; needs {sorted(tally.needed)}"
    )
    assert tally.failed == []
    assert tally.held >= INSTANCES
    assert len(tally.distinct) >= 50
    assert tally.seen <= set(tally.needed)
    assert tally.undecided <= INSTANCES // 10


def test_a_hypothesis_that_is_not_needed_is_found_out(seed):
    """Were it supposed of 0 <= t^2 that t > 0, no model would show the need."""

    def apply(t):
        return (positive(t),), at_most(number(0), t**2)

    tally = survey("square", seed, apply, instances=200, trials=500)
    assert tally.failed == []
    assert tally.seen == {"positive"}
    assert tally.needed == {}


def derivative(v, a, f):
    return bind("derivative", v, a, f)


def differential(v, a, d, f):
    return bind("differential", v, a, d, f)


def mean(z, d, f):
    return bind("expectation", z, d, f)


def weighted(coefficients, terms):
    return add(*(c * f for c, f in zip(coefficients, terms, strict=True)))


# (rule, what is wrong): the wrong conclusion, under the hypotheses of the rule; or hypotheses and conclusion
BROKEN = {
    ("reflexivity", "one more"): lambda a, b: equal(a, b + ONE),
    ("rewrite", "hypotheses of the equation lost"): lambda t, e, path: (
        t.hypotheses,
        RULES["rewrite"](t, e, path)[1],
    ),
    ("rewrite", "hypotheses not for all values"): lambda t, e, path: (
        t.hypotheses + e.hypotheses,
        RULES["rewrite"](t, e, path)[1],
    ),
    ("assume", "without supposing"): lambda p: ((), p),
    ("discharge", "what its proof supposes is lost"): lambda p, t: (
        RULES["discharge"](p, t)[0][: -len(p.hypotheses) or None],
        t.conclusion,
    ),
    ("discharge", "no proof needed"): lambda p, t: ((), t.conclusion),
    ("generalise", "hypotheses for one value"): lambda t, v, *limits: (
        t.hypotheses,
        bind("forall_in" if limits else "forall", v, *limits, t.conclusion),
    ),
    ("instantiate", "hypotheses as they were"): lambda t, f, r: (t.hypotheses, RULES["instantiate"](t, f, r)[1]),
    ("instantiate", "in the hypotheses alone"): lambda t, f, r: t.conclusion,
    ("field", "off by a term"): lambda a, b: equal(a, b + a),
    ("field", "division by anything"): lambda a, b: ((), equal(a, b)),
    ("positivity", "negative"): lambda t: positive(number(-1) * t),
    ("positivity", "no hypothesis"): lambda t: ((), positive(t)),
    ("positive_nonzero", "zero"): lambda t: equal(t, number(0)),
    ("square", "the other way"): lambda t: at_most(t**2, number(0)),
    ("square", "a cube"): lambda t: at_most(number(0), t**3),
    ("log_bound", "the other way"): lambda t: at_most(t - ONE, log(t)),
    ("log_bound", "2 for 1"): lambda t: at_most(log(t), t - TWO),
    ("combined_inequalities", "the other way"): lambda t, cs, ls, rs: at_most(
        t + weighted(cs, rs), t + weighted(cs, ls)
    ),
    ("combined_inequalities", "any coefficient"): lambda t, cs, ls, rs: (
        tuple(map(at_most, ls, rs)),
        at_most(t + weighted(cs, ls), t + weighted(cs, rs)),
    ),
    ("sum_monotonicity", "the other way"): lambda j, a, b, f, g: at_most(total(j, a, b, g), total(j, a, b, f)),
    ("sum_monotonicity", "for products"): lambda j, a, b, f, g: at_most(product(j, a, b, f), product(j, a, b, g)),
    ("integral_monotonicity", "the other way"): lambda v, f, g: at_most(integral(v, g), integral(v, f)),
    ("log_product", "a product for the sum"): lambda a, b: equal(log(a * b), log(a) * log(b)),
    ("log_power", "the base for the exponent"): lambda a, t: equal(log(a**t), a * log(t)),
    ("log_exp", "inside out"): lambda t: equal(Term("exp", (log(t),)), t),
    ("exp_log", "once more"): lambda t: equal(Term("exp", (log(t),)), log(t)),
    ("log_indexed_product", "a product for the sum"): lambda j, a, b, f: equal(
        log(product(j, a, b, f)), product(j, a, b, log(f))
    ),
    ("sum_linearity", "first coefficient for all"): lambda j, a, b, cs, fs: equal(
        total(j, a, b, weighted(cs, fs)), (cs[0] if cs else ONE) * total(j, a, b, add(*fs))
    ),
    ("telescoping", "the last term itself"): lambda j, n, f: equal(
        total(j, ONE, n, substitute(f, j, j + ONE) - f), substitute(f, j, n) - substitute(f, j, ONE)
    ),
    ("telescoping", "from 0"): lambda j, n, f: equal(
        total(j, ONE, n, substitute(f, j, j + ONE) - f), substitute(f, j, n + ONE) - substitute(f, j, number(0))
    ),
    ("delta_sum", "the next term"): lambda j, a, b, i, f: equal(
        total(j, a, b, Term("delta", (i, j)) * f), substitute(f, j, i + ONE)
    ),
    ("delta_sum", "the sum"): lambda j, a, b, i, f: equal(total(j, a, b, Term("delta", (i, j)) * f), total(j, a, b, f)),
    ("delta_same", "nothing"): lambda i: equal(Term("delta", (i, i)), number(0)),
    ("integral_linearity", "the product of the integrals"): lambda v, cs, fs: equal(
        integral(v, multiply(*cs, *fs)), multiply(*cs, *(integral(v, f) for f in fs))
    ),
    ("integral_linearity", "integrable or not"): lambda v, cs, fs: (
        (),
        equal(integral(v, weighted(cs, fs)), weighted(cs, [integral(v, f) for f in fs])),
    ),
    ("integrable_linearity", "the first alone"): lambda v, cs, fs: (
        [integrable(v, f) for f in fs[:1]],
        integrable(v, weighted(cs, fs)),
    ),
    ("integrable_sum", "and a constant"): lambda v, j, a, b, f: integrable(v, total(j, a, b, f) + ONE),
    ("integrable_nonzero", "and a constant"): lambda v, f: integrable(v, f + ONE),
    ("integral_of_sum", "the limits shifted"): lambda v, j, a, b, f: equal(
        integral(v, total(j, a, b, f)), total(j, a + ONE, b + ONE, integral(v, f))
    ),
    ("differential_constant", "one"): lambda v, a, c: differential(v, a, ONE, c),
    ("differential_power", "the exponent kept"): lambda v, a, n: differential(v, a, number(n) * a**n, v**n),
    ("differential_power", "its factor lost"): lambda v, a, n: differential(v, a, a ** (n - 1), v**n),
    ("differential_exp", "as of a power"): lambda v, a: differential(
        v, a, a * Term("exp", (a - ONE,)), Term("exp", (v,))
    ),
    ("differential_log", "not inverted"): lambda v, a: differential(v, a, a, log(v)),
    ("differential_sum", "the first alone"): lambda v, a, ds, fs: differential(v, a, add(*ds[:1]), add(*fs)),
    ("differential_product", "of the derivatives"): lambda v, a, ds, fs: differential(
        v, a, multiply(*ds), multiply(*fs)
    ),
    ("differential_product", "the others lost"): lambda v, a, ds, fs: differential(v, a, add(*ds), multiply(*fs)),
    ("chain_rule", "the inner derivative lost"): lambda v, a, d, f, u, e, g: differential(v, a, e, substitute(g, u, f)),
    ("chain_rule", "the outer derivative in place"): lambda v, a, d, f, u, e, g: differential(
        v, a, derivative(u, a, g) * d, substitute(g, u, f)
    ),
    ("derivative_value", "one more"): lambda v, a, d, f: equal(derivative(v, a, f), d + ONE),
    ("derivative_value", "differentiable or not"): lambda v, a, d, f: ((), equal(derivative(v, a, f), d)),
    ("derivative_congruence", "equal where it is"): lambda t, v, a: equal(
        derivative(v, a, t.sides[0]), substitute(t.sides[1], v, a)
    ),
    ("derivative_congruence", "whatever is supposed"): lambda t, v, a: (
        (),
        equal(derivative(v, a, t.sides[0]), derivative(v, a, t.sides[1])),
    ),
    ("change_of_variables", "the factor lost"): lambda z, f, e, t, d: equal(
        integral(z, f), integral(e, substitute(f, z, t))
    ),
    ("change_of_variables", "the factor inverted"): lambda z, f, e, t, d: equal(
        integral(z, f), integral(e, substitute(f, z, t) / d)
    ),
    ("affine_bijection", "the factor inverted"): lambda e, z, j, n, m, s: bind(
        "bijection", e, Term("tuple", (n, m + s * component(e, j)), z.data[1:], j), product(j, ONE, n, s**-1)
    ),
    ("affine_bijection", "a sum of the scales"): lambda e, z, j, n, m, s: bind(
        "bijection", e, Term("tuple", (n, m + s * component(e, j)), z.data[1:], j), total(j, ONE, n, s)
    ),
    ("affine_bijection", "one factor for all"): lambda e, z, j, n, m, s: bind(
        "bijection", e, Term("tuple", (n, m + s * component(e, j)), z.data[1:], j), substitute(s, j, ONE)
    ),
    ("tuple_component", "of the next index"): lambda z, j, n, t, i: equal(
        component(Term("tuple", (n, t), z.data[1:], j), i), substitute(t, j, i + ONE)
    ),
    ("expectation_definition", "the density lost"): lambda z, d, f: equal(mean(z, d, f), integral(z, f)),
    ("kl_definition", "arguments swapped"): lambda z, q, p: equal(bind("kl", z, q, p), mean(z, q, log(p / q))),
    ("kl_definition", "the other law"): lambda z, q, p: equal(bind("kl", z, q, p), mean(z, p, log(q / p))),
    ("conditional_density", "the joint"): lambda t: equal(t, density(t.data[0], t.args)),
    ("conditional_density", "the other condition"): lambda t: equal(
        t, density(t.data[0], t.args) / density(t.data[0], t.args[: t.data[1]])
    ),
    ("marginalisation", "the other marginal"): lambda t, v: equal(integral(v, t), density(t.data[0], [v])),
    ("marginalisation", "one"): lambda t, v: equal(integral(v, t), ONE),
    ("normal_density", "squared"): lambda t: equal(t, t * t),
    ("normal_normalisation", "two"): lambda t: equal(integral(Z, t), TWO),
    ("normal_mean", "of the next index"): lambda t, i: equal(
        mean(Z, t, component(Z, i)), substitute(t.args[2], t.bound, i + ONE)
    ),
    ("normal_covariance", "the variance always"): lambda t, i, k: equal(
        mean(Z, t, multiply(*(component(Z, h) - substitute(t.args[2], t.bound, h) for h in (i, k)))),
        substitute(t.args[3], t.bound, i),
    ),
    ("normal_covariance", "one"): lambda t, i, k: equal(
        mean(Z, t, multiply(*(component(Z, h) - substitute(t.args[2], t.bound, h) for h in (i, k)))),
        Term("delta", (i, k)),
    ),
    ("normal_integrability", "inverted"): lambda t, *ik: integrable(
        Z, t**-1 * multiply(*(component(Z, i) for i in ik))
    ),
}


def test_every_rule_has_a_wrong_twin():
    assert {rule for rule, _ in BROKEN} == set(RULES)


@pytest.mark.parametrize(("rule", "what"), BROKEN, ids=lambda part: part.replace(" ", "-"))
def test_survey_finds_a_broken_rule(rule, what, seed):
    def apply(*inputs):
        wrong = BROKEN[rule, what](*inputs)
        return wrong if isinstance(wrong, tuple) else (RULES[rule](*inputs)[0], wrong)

    tally = survey(rule, seed, apply, instances=1000)
    assert tally.failed != []
    model, env, hypotheses, conclusion = tally.failed[0]
    assert model.holds(hypotheses, conclusion, env) is False
