"""The kernel against finite models: every rule holds, every condition of a rule is needed, and nothing gets round it.

Integrability cannot fail where an integral is a finite sum; rules that suppose it meet a model of infinite series
(`SeriesModel`). That ``N f`` is integrable for polynomials f is tested as: what the rule accepts is a polynomial, by its
finite differences. Conditions that guard the form of a statement, not its truth, are listed in `FORM_ONLY`.
"""

import dataclasses
import random
from fractions import Fraction

import pytest

from derivations import kernel
from derivations.kernel import (
    RULES,
    KernelError,
    Term,
    Theorem,
    add,
    alpha_equal,
    bind,
    canonical,
    density,
    equal,
    free,
    infer,
    log,
    multiply,
    number,
    positive,
    substitute,
    variable,
)

from .finite_model import DOMAINS, Model, NormalModel, SeriesModel, Undecided, ball, random_model
from .random_term import Terms, free_variables, put, random_env
from .rule_survey import (
    CASES,
    INSTANCES,
    MU,
    NORMAL_CASES,
    ONE,
    SIGMA,
    TWO,
    UNREFUTED,
    A,
    B,
    I,
    J,
    K,
    N,
    X,
    Z,
    component,
    survey,
)

pytestmark = pytest.mark.usefixtures("precise")


def test_every_rule_has_instances():
    assert {*CASES, *NORMAL_CASES} <= set(RULES)


@pytest.mark.parametrize("rule", [*CASES, *NORMAL_CASES])
def test_rule_holds_on_random_models_and_needs_its_hypotheses(rule, seed):
    tally = survey(rule, seed)
    print(
        f"{rule}: {tally.held} hold, {tally.refused} refused, {tally.undecided} undecided; needs {sorted(tally.needed)}"
    )
    assert tally.failed == []
    assert tally.held >= INSTANCES
    assert tally.seen - tally.needed <= UNREFUTED.get(rule, set()) | {"integrable"}


@dataclasses.dataclass
class Sequent:
    """A claim that no rule has made."""

    hypotheses: tuple
    conclusion: Term


BROKEN = {
    ("log_product", "a product for the sum"): lambda a, b: equal(log(a * b), log(a) * log(b)),
    ("log_power", "the base for the exponent"): lambda a, t: equal(log(a**t), a * log(t)),
    ("log_exp", "inside out"): lambda t: equal(Term("exp", (log(t),)), t),
    ("log_indexed_product", "a product for the sum"): lambda j, a, b, f: equal(
        log(bind("product", j, a, b, f)), bind("product", j, a, b, log(f))
    ),
    ("sum_linearity", "first coefficient for all"): lambda j, a, b, cs, fs: equal(
        bind("sum", j, a, b, add(*(c * f for c, f in zip(cs, fs, strict=True)))),
        cs[0] * bind("sum", j, a, b, add(*fs)),
    ),
    ("integral_linearity", "the product of the integrals"): lambda v, cs, fs: equal(
        bind("integral", v, multiply(*cs, *fs)), multiply(*cs, *(bind("integral", v, f) for f in fs))
    ),
    ("integral_of_sum", "the limits shifted"): lambda v, j, a, b, f: equal(
        bind("integral", v, bind("sum", j, a, b, f)), bind("sum", j, a + ONE, b + ONE, bind("integral", v, f))
    ),
    ("expectation_definition", "the density lost"): lambda z, d, f: equal(
        bind("expectation", z, d, f), bind("integral", z, f)
    ),
    ("kl_definition", "arguments swapped"): lambda z, q, p: equal(
        bind("kl", z, q, p), bind("expectation", z, q, log(p / q))
    ),
    ("kl_definition", "the other law"): lambda z, q, p: equal(
        bind("kl", z, q, p), bind("expectation", z, p, log(q / p))
    ),
    ("conditional_density", "the joint"): lambda t: equal(t, density(t.data[0], t.args)),
    ("normal_density", "no square root"): lambda t: equal(t, t * t),
    ("normal_mean", "of the next index"): lambda t, i: equal(
        bind("expectation", Z, t, component(Z, i)), substitute(t.args[2], t.bound, i + ONE)
    ),
    ("normal_normalisation", "two"): lambda t: equal(bind("integral", Z, t), TWO),
    ("field", "off by a term"): lambda a, b: equal(a, b + a),
    ("positivity", "negative"): lambda t: positive(number(-1) * t),
}


@pytest.mark.parametrize(("rule", "what"), BROKEN, ids=lambda part: part.replace(" ", "-"))
def test_survey_finds_a_broken_rule(rule, what, seed):
    def apply(rule, *inputs):
        return Sequent(infer(rule, *inputs).hypotheses, BROKEN[rule, what](*inputs))

    assert survey(rule, seed, apply, instances=60).failed != []


# --- each FAILURE: the rule refuses, and what it would have said is false in a model ---


def finite(**families):
    """Two points 0 and 1 in each of x and z, and families over them."""
    points = [((Fraction(k),), Fraction(1)) for k in (0, 1)]
    model = Model(random.Random(0), {"x": points, "z": points}, families, {**DOMAINS, "vector": [(Fraction(2),)]})
    return model, {
        A.data: Fraction(-1),
        B.data: Fraction(0),
        N.data: Fraction(2),
        I.data: Fraction(1),
        J.data: Fraction(1),
        X.data: points[1][0],
        Z.data: points[1][0],
        MU.data: (Fraction(2),),
    }


def naive_linearity(head, v, *rest):
    """``c`` pulled out of a sum or an integral, whatever it is."""
    *limits, (c,), (f,) = rest
    return equal(bind(head, v, *limits, c * f), c * bind(head, v, *limits, f))


WITHIN = Term("within", (J, number(-1) * J, number(3)))
APART = "a term that must not depend on a variable does"
Z1 = component(Z, ONE)
# rule, inputs, message, the conclusion that it would have given (with no hypothesis that is false in `finite`)
REFUSALS = {
    "reflexivity, other terms": ("reflexivity", (A, B), "reflexivity: the sides differ", equal(A, B)),
    "reflexivity, free for bound": (
        "reflexivity",
        (bind("sum", J, ONE, TWO, J), bind("sum", J, ONE, TWO, I)),
        "reflexivity: the sides differ",
        equal(bind("sum", J, ONE, TWO, J), bind("sum", J, ONE, TWO, I)),
    ),
    "rewrite, another place": (
        "rewrite",
        (infer("reflexivity", A, A), infer("field", N, N * ONE), (1,)),
        "rewrite: the left side of an equation does not stand at the path",
        equal(A, N * ONE),
    ),
    "rewrite, past the end": (
        "rewrite",
        (infer("reflexivity", A, A), infer("field", A, A), (2,)),
        "rewrite: no such path",
        None,
    ),
    "rewrite, from the end": (
        "rewrite",
        (infer("reflexivity", A, A), infer("field", A, A), (-1,)),
        "rewrite: no such path",
        None,
    ),
    "rewrite, by no equation": (
        "rewrite",
        (infer("reflexivity", A, A), infer("positivity", Term("pi")), (1,)),
        "rewrite: the left side of an equation does not stand at the path",
        None,
    ),
    "rewrite, an index into its own limit": (
        "rewrite",
        (infer("assume", equal(bind("sum", J, ONE, N, A), B)), infer("assume", equal(N, J)), (0, 1)),
        "sum: its limits contain its index",
        None,
    ),
    "assume, a number": ("assume", (A,), "not a proposition", None),
    "generalise, limits with the index": (
        "generalise",
        (infer("assume", WITHIN), J, number(-1) * J, number(3)),
        APART,
        bind("forall_in", K, number(-1) * J, number(3), substitute(WITHIN, J, K)),
    ),
    "field, other polynomials": (
        "field",
        ((A + N) ** 2, A**2 + N**2),
        "field: the sides differ",
        equal((A + N) ** 2, A**2 + N**2),
    ),
    "field, division by zero": ("field", (A / (N - N), A / (N - N)), "field: division by zero", None),
    "field, a huge exponent": ("field", (A**65, A**65), "field: an exponent above 64", None),
    "positivity, zero": (
        "positivity",
        (N + number(0),),
        "positivity: a number that is not positive",
        positive(number(0)),
    ),
    "positivity, negative": (
        "positivity",
        (number(-1) * N,),
        "a number that is not positive",
        positive(number(-1) * N),
    ),
    "positivity, empty": ("positivity", (add(),), "positivity: a number that is not positive", positive(add())),
    "positivity, empty sum": (
        "positivity",
        (Term("add"),),
        "positivity: an empty sum or product",
        positive(Term("add")),
    ),
    "sum_linearity, coefficient with the index": (
        "sum_linearity",
        (J, ONE, TWO, (J,), (ONE,)),
        APART,
        naive_linearity("sum", J, ONE, TWO, (J,), (ONE,)),
    ),
    "integral_linearity, coefficient with the variable": (
        "integral_linearity",
        (Z, (Z1,), (Z1,)),
        APART,
        equal(
            bind("integral", variable("z'", "z"), component(variable("z'", "z"), ONE) ** 2),
            Z1 * bind("integral", Z, ONE),
        ),
    ),
    "integral_of_sum, limit with the variable": (
        "integral_of_sum",
        (Z, J, ONE, Z1, ONE),
        APART,
        equal(bind("integral", Z, bind("sum", J, ONE, Z1, ONE)), bind("sum", J, ONE, Z1, bind("integral", Z, ONE))),
    ),
    "conditional_density, nothing given": (
        "conditional_density",
        (density("p", [X]),),
        "conditional_density: nothing is given",
        equal(density("p", [X]), density("p", [X]) / density("p", [X])),
    ),
    "conditional_density, no density": ("conditional_density", (A,), "conditional_density: nothing is given", None),
    "normal_density, no density": ("normal_density", (A,), "not a normal density", None),
}
# What the rule would say is true, or cannot be said, or the condition bounds the work: the form alone is at fault.
FORM_ONLY = {
    "rewrite, past the end",
    "rewrite, from the end",
    "rewrite, by no equation",
    "rewrite, an index into its own limit",
    "assume, a number",
    "field, division by zero",
    "field, a huge exponent",
    "conditional_density, no density",
    "normal_density, no density",
}


@pytest.mark.parametrize("case", REFUSALS)
def test_condition_is_checked_and_without_it_the_rule_is_false(case):
    rule, inputs, message, claim = REFUSALS[case]
    with pytest.raises(KernelError, match=message):
        infer(rule, *inputs)
    assert (claim is None) == (case in FORM_ONLY)
    if claim is not None:
        table = {
            ((Fraction(a),), (Fraction(b),)): Fraction(w, 10)
            for a, b, w in ((0, 0, 1), (0, 1, 2), (1, 0, 3), (1, 1, 4))
        }
        model, env = finite(p=(("x", "z"), table))
        assert model.truth(claim, env) is False


def test_unknown_rule():
    with pytest.raises(KernelError, match="no rule 'magic'"):
        infer("magic", A)


def test_hypotheses_hold_for_all_values_of_a_bound_variable():
    """j/j = 1 where j is nonzero; under the sum j is 0 too, so j = 1 outside must not be enough."""
    total = bind("sum", J, number(0), ONE, J / J)
    theorem = infer("rewrite", infer("reflexivity", total, total), infer("field", J / J, ONE), (1, 2))
    model, env = finite()
    assert theorem.hypotheses == (bind("forall_in", J, number(0), ONE, Term("nonzero", (J,))),)
    assert model.truth(theorem.hypotheses[0], env) is False
    assert model.truth(Term("nonzero", (J,)), env) is True
    assert model.truth(theorem.conclusion, env) is False


@pytest.mark.parametrize("limits", [(number(0), TWO), (ONE, N), (ONE, number(3))])
def test_only_the_range_of_the_binder_settles_that_an_index_is_in_it(limits):
    """From ``j in 1..2 |- j in 1..2``: over any other range the hypothesis stays, and is needed."""
    theorem = infer("generalise", infer("assume", Term("within", (J, ONE, TWO))), J, *limits)
    model, env = finite()
    env[N.data] = Fraction(3)
    assert len(theorem.hypotheses) == 1
    assert model.truth(theorem.conclusion, env) is False
    exact = infer("generalise", infer("assume", Term("within", (J, ONE, TWO))), J, ONE, TWO)
    assert exact.hypotheses == ()
    assert model.truth(exact.conclusion, env) is True


def inverse(power):
    return component(X, ONE) ** (-power)


def test_linearity_of_the_integral_needs_integrability():
    """int (1/n + (1/n^2 - 1/n)) = pi^2/6, but both parts diverge, so that their integrals are 0."""
    model = SeriesModel(random.Random(0), {}, {}, DOMAINS)
    parts = (inverse(1), inverse(2) - inverse(1))
    theorem = infer("integral_linearity", X, (ONE, ONE), parts)
    assert [model.truth(h, {}) for h in theorem.hypotheses] == [False, False]
    assert model.truth(theorem.conclusion, {}) is False


@pytest.mark.parametrize("c", [number(0), number(3)])
@pytest.mark.parametrize("power", [1, 2])
def test_linearity_of_one_integral_needs_no_hypothesis(c, power):
    model = SeriesModel(random.Random(0), {}, {}, DOMAINS)
    theorem = infer("integral_linearity", X, (c,), (inverse(power),))
    left, right = theorem.sides
    assert theorem.hypotheses == ()
    assert ball(model.value(left, {})).overlaps(ball(model.value(right, {})))
    assert not ball(model.value(left, {})).overlaps(ball(model.value(right, {}) + 1))


def test_integral_of_a_sum_needs_integrability():
    model = SeriesModel(random.Random(0), {}, {}, DOMAINS)
    term = (TWO - J) * inverse(1) + (J - ONE) * (inverse(2) - inverse(1))
    theorem = infer("integral_of_sum", X, J, ONE, TWO, term)
    assert model.truth(theorem.hypotheses[0], {}) is False
    assert model.truth(theorem.conclusion, {}) is False


def normal(mean, variance, dimension=ONE):
    return bind("normal", J, Z, dimension, mean, variance)


STRAY = normal(Z1 / TWO, ONE)


def test_a_parameter_of_a_normal_density_must_not_depend_on_its_point():
    """N(z; z/2, 1) integrates to 2: it is twice N(z; 0, 4)."""
    for rule, more in (
        ("normal_normalisation", ()),
        ("normal_mean", (ONE,)),
        ("normal_covariance", (ONE, ONE)),
        ("normal_integrability", (ONE,)),
    ):
        with pytest.raises(KernelError, match=APART):
            infer(rule, STRAY, *more)
    model = NormalModel(random.Random(0), 1, DOMAINS)
    wide = normal(number(0), number(4))
    ratio = bind("integral", Z, wide * (STRAY / wide))
    assert model.truth(equal(ratio, TWO), {}) is True
    for claim in (
        equal(ratio, ONE),
        equal(bind("integral", Z, wide * (STRAY / wide) * Z1**2), ONE),
    ):
        assert model.truth(claim, {}) is False


def test_moment_of_a_component_that_the_point_chooses():
    """z_(z_1) is z_1 or z_2 as z_1 is 1 or 2; its mean is not m_(z_1) for the z outside."""
    law = normal(component(MU, J), component(SIGMA, J) ** 2, TWO)
    with pytest.raises(KernelError, match=APART):
        infer("normal_mean", law, Z1)
    points = [((Fraction(a), Fraction(b)), Fraction(1)) for a in (1, 2) for b in (-1, 1)]
    model = Model(random.Random(0), {"z": points}, {}, DOMAINS)
    env = {MU.data: (Fraction(3, 2), Fraction(0)), SIGMA.data: (Fraction(1, 2), Fraction(1)), Z.data: points[0][0]}
    uniform = bind("integral", Z, component(Z, Z1) * number("1/4"))  # two nodes per axis: exact for the means
    assert model.truth(equal(bind("integral", Z, Z1 * number("1/4")), component(MU, ONE)), env) is True
    assert model.truth(equal(uniform, component(MU, Z1)), env) is False


def test_a_normal_density_times_a_fast_function_grows():
    """Why polynomials only, and why positive variances: N(z) exp(z^2) and N(z; 0, -1) are not bounded at infinity."""
    model = NormalModel(random.Random(0), 1, DOMAINS)
    for term in (normal(number(0), ONE) * Term("exp", (Z1**2,)), normal(number(0), number(-1))):
        values = [abs(model.value(term, {Z.data: (Fraction(r),)})) for r in (2, 4, 8)]
        assert values[0] < values[1] < values[2]


# --- terms ---

ILL_FORMED = {
    "unknown operation 'sine'": lambda: Term("sine", (A,)),
    "arguments must be terms": lambda: Term("log", [A]),
    "log: arguments of the wrong number or sort": lambda: Term("log", (A, B)),
    "add: arguments of the wrong number or sort": lambda: Term("add", (A, Z)),
    "equal: arguments of the wrong number or sort": lambda: equal(Z, Z),
    "number: wrong data": lambda: Term("number", data=(1,)),
    "density: wrong data": lambda: Term("density", (X,), ("p", True)),
    "variable: wrong data": lambda: Term("variable", data=("a",)),
    "sum: bound variable missing or out of place": lambda: Term("sum", (ONE, TWO, A)),
    "log: bound variable missing or out of place": lambda: Term("log", (A,), bound=A),
    "forall: cannot bind this": lambda: bind("forall", ONE, positive(A)),
    "sum: cannot bind a variable of this kind": lambda: bind("sum", A, ONE, TWO, A),
    "integral: cannot bind a variable of this kind": lambda: bind("integral", J, A),
    "sum: its limits contain its index": lambda: bind("sum", J, ONE, J, A),
    "normal: its limits contain its index": lambda: bind("normal", J, Z, J, A, A),
    "density: of none, or two of one space": lambda: density("p", [X], [variable("y", "x")]),
}


@pytest.mark.parametrize("message", ILL_FORMED)
def test_ill_formed_terms(message):
    with pytest.raises(KernelError, match=f"^{message}$"):
        ILL_FORMED[message]()


def test_density_with_more_targets_than_variables():
    for count in (0, 2, -1):
        with pytest.raises(KernelError, match="density: of none, or two of one space"):
            Term("density", (X,), ("p", count))


def test_terms_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'head'"):
        A.head = "log"


def test_alpha_equality_ignores_bound_names_only(seed):
    rng = random.Random(f"alpha {seed}")
    g, changed = Terms(rng), 0
    for _ in range(1000):
        term = g.real(3)
        twin = g.rename(term)
        assert canonical(term) == canonical(twin)
        assert free(term) == free(twin) == free_variables(term)
        changed += term != twin
        for v in sorted(free(term), key=repr)[:1]:
            other = variable(v.data[0] + "*", v.data[1])
            assert not alpha_equal(term, substitute(term, v, other))
    assert changed > 200


def test_substitution_means_what_it_says(seed):
    """value(t[x := s]) = value(t) where x is given the value of s, whatever names t binds."""
    rng = random.Random(f"substitute {seed}")
    g, models, checked, captures = Terms(rng), [random_model(rng) for _ in range(10)], 0, 0
    while checked < 1000:
        term, target = g.real(3), g.any_variable("real", "natural", "index")
        replacement = g.real(1) if rng.random() < 0.5 else g.any_variable("real", "natural", "index")
        if target not in free_variables(term):
            continue
        model = rng.choice(models)
        env = random_env(rng, model)
        result = substitute(term, target, replacement)
        assert free_variables(result) == (free_variables(term) - {target}) | free_variables(replacement)
        try:
            value = model.value(replacement, env)
            left, right = model.value(result, env), model.value(term, {**env, target.data: value})
            equal_values = (
                left == right if isinstance(left, Fraction) and isinstance(right, Fraction) else left.overlaps(right)
            )
        except (Undecided, AttributeError):
            continue
        assert equal_values
        checked += 1
        captures += literal(term, target, replacement) != result
    assert captures > 20


def literal(term, target, replacement):
    """Substitution as it must not be: it captures."""
    if term == target:
        return replacement
    if term.bound == target:
        return term
    try:
        return Term(term.head, tuple(literal(a, target, replacement) for a in term.args), term.data, term.bound)
    except KernelError:
        return None if term.head == "variable" else term


def test_substituting_back_gives_the_term(seed):
    rng = random.Random(f"back {seed}")
    g = Terms(rng)
    for _ in range(1000):
        term, target = g.real(3), g.any_variable("real", "natural", "index")
        new = variable("new", target.data[1])
        assert alpha_equal(substitute(substitute(term, target, new), new, target), term)


def test_literal_substitution_is_refuted():
    """sum_{j=1..2} i with j for i: the free j must not be counted."""
    total = bind("sum", J, ONE, TWO, I)
    model, env = finite()
    env[J.data] = Fraction(5)
    assert model.value(substitute(total, I, J), env) == 10
    assert model.value(put(total, (2,), J), env) == 3


# --- theorems ---


def test_theorems_come_from_rules_only():
    theorem = infer("positivity", ONE)
    with pytest.raises(KernelError, match="theorems are made by rules only"):
        Theorem((), positive(number(-1)), "positivity", (), (), object())
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'conclusion'"):
        theorem.conclusion = positive(number(-1))
    with pytest.raises(TypeError, match="does not support item assignment"):
        RULES["positivity"] = lambda: ((), positive(number(-1)))


def test_a_theorem_hands_its_key_to_nobody():
    theorem = infer("positivity", ONE)
    with pytest.raises(ValueError, match="InitVar 'key' must be specified"):
        dataclasses.replace(theorem, conclusion=positive(number(-1)))
    with pytest.raises(AttributeError, match="key"):
        theorem.key  # noqa: B018


def test_no_theorem_of_another_class():
    class Lenient(Theorem):
        pass

    with pytest.raises(KernelError, match="theorems are made by rules only"):
        Lenient((), positive(number(-1)), "positivity", (), (), kernel._KEY)


class Proposition(Term):
    """Says that it is a proposition, whatever it is."""


@pytest.mark.parametrize("disguised", [Proposition("positive", (ONE,)), [ONE], "positivity", None, 0.5])
def test_rules_take_theorems_and_terms_only(disguised):
    with pytest.raises(KernelError, match="assume: an input that is no theorem, term, integer or tuple of these"):
        infer("assume", disguised)


def test_hypotheses_are_listed_once():
    theorem = infer("field", A / A + bind("sum", J, ONE, TWO, J) / A, (A + bind("sum", K, ONE, TWO, K)) / A)
    assert theorem.hypotheses == (Term("nonzero", (A,)),)


def test_size_and_imports_of_the_kernel():
    """At most 600 lines, and the standard library only."""
    with open(kernel.__file__, encoding="utf-8") as file:  # noqa: PTH123
        lines = file.read().splitlines()
    imported = {line.split()[1].split(".")[0] for line in lines if line.startswith(("import ", "from "))}
    assert len(lines) <= 600
    assert imported <= {"__future__", "collections", "dataclasses", "fractions", "functools", "re", "types", "typing"}
