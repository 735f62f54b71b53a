"""Attempts to make the kernel prove what is false: strange inputs, clashing names, long random proofs, forged theorems."""

import copy
import dataclasses
import pickle
import random

import pytest

from derivations.certificate import export
from derivations.kernel import (
    RULES,
    KernelError,
    Term,
    Theorem,
    alpha_equal,
    bijection,
    bind,
    density,
    differential,
    equal,
    free,
    infer,
    integral,
    number,
    positive,
    substitute,
    total,
    variable,
    within,
)
from derivations.replay import replay

from .finite_model import DOMAINS, NormalModel, Undecided
from .random_term import POOL, Terms
from .rule_survey import (
    CASES,
    NORMAL_CASES,
    ONE,
    TWO,
    A,
    B,
    E,
    I,
    J,
    N,
    X,
    Z,
    component,
    euclidean_instance,
    finite_instance,
    instantiate,
)

pytestmark = pytest.mark.usefixtures("precise")

REFUSED = (KernelError, TypeError, ValueError, AttributeError, LookupError, ArithmeticError)
FALSE = equal(number(0), ONE)


def verdicts(g, theorem, euclidean, count=2):
    for _ in range(count):
        model, env = (euclidean_instance if euclidean else finite_instance)(g)
        try:
            yield model.holds(theorem.hypotheses, theorem.conclusion, env)
        except (Undecided, KeyError):
            continue


# --- strange inputs ---


def strange(g):
    """Something that a rule may not expect."""
    r = g.rng
    return r.choice(
        (
            lambda: g.real(1),
            lambda: g.proposition(0),
            lambda: g.any_variable(*POOL),
            lambda: r.randint(-2, 3),
            lambda: (),
            lambda: (g.real(0),),
            lambda: (g.real(0), g.real(0)),
            lambda: Term("tuple", (TWO, J), ("z",), J),
            lambda: density("p", [X, Z]),
            lambda: bind("normal", J, Z, N, J, ONE),
            lambda: infer("assume", g.proposition(0)),
            lambda: infer("field", A, A * ONE),
            lambda: None,
            lambda: "a",
            lambda: 1.5,
        )
    )()


def disturbed(g, inputs):
    """Inputs with one dropped, added, doubled or replaced, two exchanged, or one moved in or out of a tuple."""
    r, inputs = g.rng, list(inputs)
    i, k = (r.randrange(len(inputs)) for _ in range(2)) if inputs else (0, 0)
    match r.randrange(7):
        case 0 if inputs:
            del inputs[i]
        case 1:
            inputs.insert(r.randint(0, len(inputs)), strange(g))
        case 2 if inputs:
            inputs.insert(i, inputs[k])
        case 3 if inputs:
            inputs[i], inputs[k] = inputs[k], inputs[i]
        case 4 if inputs and isinstance(inputs[i], tuple):
            inputs[i] = inputs[i][1:] if r.random() < 0.5 else (*inputs[i], strange(g))
        case _ if inputs:
            inputs[i] = strange(g)
    return inputs


@pytest.mark.parametrize("rule", RULES)
def test_strange_inputs_give_no_false_theorem(rule, seed):
    """Mostly they are refused; what is accepted is true in models."""
    g = Terms(random.Random(f"strange {rule} {seed}"), wide=True)
    euclidean, refused, checked = rule in NORMAL_CASES, 0, 0
    for _ in range(200):
        try:
            inputs = (NORMAL_CASES if euclidean else CASES)[rule](g)
        except KernelError:
            continue
        try:
            theorem = infer(rule, *disturbed(g, inputs))
        except REFUSED:
            refused += 1
            continue
        found = list(verdicts(g, theorem, euclidean))
        assert False not in found, theorem.conclusion
        checked += True in found
    print(f"{rule}: {refused} refused, {checked} of the others true")
    assert refused + checked > 40


# --- long random proofs ---


def test_random_proofs_prove_nothing_false(seed):
    """Theorems are fed to the rules that take theorems, again and again; every one of them is true in models."""
    g = Terms(random.Random(f"proofs {seed}"), wide=True)
    pool, held, vacuous, refused = [infer("field", A, A * ONE)], 0, 0, 0
    while held < 1500:
        rule = g.rng.choice(
            ("rewrite", "rewrite", "discharge", "generalise", "instantiate", "derivative_congruence", *CASES)
        )
        try:
            theorem = infer(rule, *with_premises(g, rule, pool))
        except REFUSED:
            refused += 1
            continue
        found = list(verdicts(g, theorem, False, count=1))
        assert False not in found, (theorem.hypotheses, theorem.conclusion)
        held, vacuous = held + (True in found), vacuous + (None in found)
        if len(theorem.hypotheses) <= 4 and len(repr(theorem.conclusion)) < 5000:
            pool = [*pool[-150:], theorem]
    print(f"{held} theorems hold, {vacuous} suppose what fails, {refused} applications refused")


def with_premises(g, rule, pool):
    r = g.rng
    match rule:
        case "rewrite":
            first, second = r.choice(pool), r.choice(pool)
            places = [p for p, t in paths(first.conclusion) if alpha_equal(t, second.conclusion.args[0])]
            return first, second, r.choice(places) if places else (0,)
        case "discharge":
            second = r.choice(pool)
            proofs = [t for t in pool if any(alpha_equal(t.conclusion, h) for h in second.hypotheses)]
            return r.choice(proofs or pool), second
        case "generalise":
            j = g.any_variable("index")
            return (r.choice(pool), j, *g.limits(j)) if r.random() < 0.5 else (r.choice(pool), g.any_variable(*POOL))
        case "instantiate":
            return instantiate(g, r.choice(pool))
        case "derivative_congruence":
            return r.choice(pool), g.any_variable("real"), g.number()
    return CASES[rule](g)


def paths(term, path=()):
    yield path, term
    for i, a in enumerate(term.args):
        yield from paths(a, (*path, i))


# --- names ---


def line(body, n=ONE, space="z"):
    return Term("tuple", (n, body), (space,), J)


V, W = variable("v", "real"), variable("w", "real")
OTHER = variable("k", "index")
RENAMED = {
    "derivative": (bind("derivative", V, A, V * B), bind("derivative", W, A, W * B)),
    "differential": (differential(V, A, B, V**2), differential(W, A, B, W**2)),
    "tuple": (component(line(J * A, N), ONE), component(Term("tuple", (N, OTHER * A), ("z",), OTHER), ONE)),
    "bijection": (
        bijection(E, line(component(E, J)), component(E, ONE)),
        bijection(variable("d", "e"), line(component(variable("d", "e"), J)), component(variable("d", "e"), ONE)),
    ),
}


@pytest.mark.parametrize("head", RENAMED)
def test_names_of_bound_variables_do_not_matter(head):
    left, right = RENAMED[head]
    assert alpha_equal(left, right)
    assert free(left) == free(right)


CAPTURES = {
    "derivative": (bind("derivative", V, A, V * B), B, V, bind("derivative", W, A, W * V)),
    "derivative, at": (bind("derivative", V, A, V * B), A, B + ONE, bind("derivative", V, B + ONE, V * B)),
    "differential": (differential(V, A, ONE, V * B), B, V, differential(W, A, ONE, W * V)),
    "tuple": (
        component(line(J * I, N), ONE),
        I,
        J,
        component(Term("tuple", (N, OTHER * J), ("z",), OTHER), ONE),
    ),
    "bijection": (
        bijection(E, line(component(E, J) + A), ONE),
        A,
        component(E, ONE),
        bijection(variable("d", "e"), line(component(variable("d", "e"), J) + component(E, ONE)), ONE),
    ),
    "shadowed": (bind("derivative", V, A, V * B), V, B, bind("derivative", V, A, V * B)),
}


@pytest.mark.parametrize("case", CAPTURES)
def test_substitution_into_the_new_binders_does_not_capture(case):
    term, target, replacement, expected = CAPTURES[case]
    assert alpha_equal(substitute(term, target, replacement), expected)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (bind("derivative", V, A, V * B), bind("derivative", V, A, V * V)),
        (bind("derivative", V, A, V * W), bind("derivative", W, A, V * W)),
        (differential(V, A, B, V * W), differential(W, A, B, W * W)),
        (component(line(J * I, N), ONE), component(Term("tuple", (N, I * I), ("z",), I), ONE)),
        (component(line(J, N), ONE), component(line(J, N, "x"), ONE)),
        (Term("function", (A,), ("f", "real")), Term("function", (A,), ("f", "natural"))),
        (Term("function", (A,), ("f", "real")), Term("function", (A, A), ("f", "real"))),
    ],
)
def test_what_differs_is_told_apart(left, right):
    assert not alpha_equal(left, right)
    with pytest.raises(KernelError, match="reflexivity: the sides differ"):
        infer("reflexivity", left, right)


CLASHES = {
    "outer variable in the inner function": ("chain_rule", (V, ONE, ONE, V * W, W, ONE, W**2), "contain its index"),
    "point that is the variable": ("differential_exp", (V, V), "contain its index"),
    "derivative with the variable": ("differential_sum", (V, ONE, (V,), (V**2,)), "contain its index"),
    "congruence at the variable": (
        "derivative_congruence",
        (infer("reflexivity", V, V), V, V),
        "contain its index",
    ),
    "index in the dimension": ("tuple_component", (Z, J, J, J, ONE), "contain its index"),
    "sum from its own index": ("telescoping", (J, J, J), "not a natural number"),
    "index in its own limits": ("delta_sum", (J, J, N, ONE, J), "contain its index"),
    "no variable to bind": ("derivative_value", (A + B, ONE, ONE, A), "cannot bind this"),
    "a point for a number": ("differential_exp", (Z, ONE), "arguments of the wrong number or sort|cannot bind"),
    "an index for a real variable": ("differential_exp", (J, ONE), "cannot bind a variable of this kind"),
    "a bijection from a number": ("change_of_variables", (Z, ONE, A, Z, ONE), "cannot bind a variable of this kind"),
    "two points of one space": (
        "marginalisation",
        (density("p", [X, Z]), variable("y", "x")),
        "not a joint density of it",
    ),
    "three indices": (
        "normal_covariance",
        (bind("normal", J, Z, N, J, ONE), ONE, ONE, ONE),
        "delta: arguments of the wrong number",
    ),
    "a density of a function value": (
        "normal_normalisation",
        (bind("normal", J, Term("function", (A,), ("f", "z")), N, J, ONE),),
        "forall: cannot bind this",
    ),
    "a float": ("square", (0.5,), "an input that is no theorem, term, integer or tuple"),
    "a boolean for an exponent": ("differential_power", (V, ONE, True), "an input that is no theorem"),
}


@pytest.mark.parametrize("case", CLASHES)
def test_clashing_names_and_sorts_are_refused(case):
    rule, inputs, message = CLASHES[case]
    with pytest.raises(KernelError, match=message):
        infer(rule, *inputs)


def test_one_name_for_both_functions_of_the_chain_rule():
    """u = v: d/dv (v + 1)^2 at 3 is 2 (3 + 1), for g(v) = v^2 at the value 4."""
    theorem = infer("chain_rule", V, number(3), ONE, V + ONE, V, number(8), V**2)
    assert theorem.conclusion == differential(V, number(3), number(8) * ONE, (V + ONE) ** 2)
    model = NormalModel(random.Random(0), 1, DOMAINS)
    assert model.holds(theorem.hypotheses, theorem.conclusion, {}) is True
    wrong = differential(V, number(3), number(6) * ONE, (V + ONE) ** 2)
    assert model.truth(wrong, {}) is False


def test_a_repeated_factor_is_differentiated_twice():
    theorem = infer("differential_product", V, number(3), (ONE, ONE), (V, V))
    model = NormalModel(random.Random(0), 1, DOMAINS)
    assert model.holds(theorem.hypotheses, theorem.conclusion, {}) is True
    assert model.truth(differential(V, number(3), number(3), V * V), {}) is False


@pytest.mark.parametrize("i", [number("3/2"), number(0), number(3)])
def test_an_index_that_is_none(i):
    """(j)_j = 1..2 has no component 3/2, 0 or 3; what the rule says of it has a hypothesis that is false."""
    theorem = infer("tuple_component", Z, J, TWO, J, i)
    model = NormalModel(random.Random(0), 2, DOMAINS)
    assert model.truth(within(i, ONE, TWO), {}) is False
    assert model.truth(theorem.conclusion, {}) is False


@pytest.mark.parametrize("upper", [number("1/2"), number(0), number(-3)])
def test_an_empty_sum_is_not_positive(upper):
    theorem = infer("positivity", total(J, ONE, upper, ONE))
    model = NormalModel(random.Random(0), 1, DOMAINS)
    assert theorem.hypotheses == (within(upper, ONE, upper),)
    assert [model.truth(p, {}) for p in (*theorem.hypotheses, theorem.conclusion)] == [False, False]


def test_a_function_value_as_an_argument_of_a_joint_density(seed):
    """int p(x, g(y)) dx = p(g(y)), and y is not integrated."""
    value = Term("function", (variable("y", "y"),), ("g", "z"))
    theorem = infer("marginalisation", density("p", [X, value]), X)
    g = Terms(random.Random(seed), wide=True)
    assert set(verdicts(g, theorem, False, count=30)) == {True}
    with pytest.raises(KernelError, match=r"cannot bind|not a joint density of it"):
        infer("marginalisation", density("p", [X, value]), value)


# --- forged theorems ---


def forged():
    """A theorem that no rule made, by means that no honest program uses."""
    theorem = object.__new__(Theorem)
    fields = {"hypotheses": (), "conclusion": FALSE, "rule": "assume", "premises": (), "arguments": (FALSE,)}
    for name, value in fields.items():
        object.__setattr__(theorem, name, value)
    return theorem


def test_a_forged_theorem_does_not_replay():
    """The kernel guards against mistakes in its own process; against malice it is the certificate that guards."""
    stolen = infer("generalise", forged(), A)
    assert stolen.hypotheses == ()
    with pytest.raises(KernelError, match="step 0, assume: the rule gives another statement"):
        replay(export(stolen))


def changed(theorem):
    object.__setattr__(theorem, "hypotheses", ())
    return theorem


def test_a_changed_theorem_does_not_replay():
    theorem = changed(infer("assume", FALSE))
    with pytest.raises(KernelError, match="step 0, assume: the rule gives another statement"):
        replay(export(theorem))


def test_a_changed_rule_table_does_not_matter_elsewhere():
    with pytest.raises(TypeError, match="does not support item assignment"):
        RULES["false"] = lambda: ((), FALSE)
    with pytest.raises(AttributeError, match="no attribute"):
        RULES.update({"false": lambda: ((), FALSE)})


def test_ordinary_copies_stay_what_they_are():
    theorem = infer("square", A)
    for twin in (copy.copy(theorem), copy.deepcopy(theorem), pickle.loads(pickle.dumps(theorem))):
        assert (twin.hypotheses, twin.conclusion) == (theorem.hypotheses, theorem.conclusion)
    with pytest.raises(ValueError, match="InitVar 'key' must be specified"):
        dataclasses.replace(theorem, conclusion=FALSE)


def test_integrals_over_different_spaces_are_different():
    left, right = integral(X, ONE), integral(Z, ONE)
    with pytest.raises(KernelError, match="reflexivity: the sides differ"):
        infer("reflexivity", left, right)
    assert positive(left) != positive(right)
