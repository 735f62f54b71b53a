"""Random applications of each rule of the kernel, and what they show in random models."""

from __future__ import annotations

import random
from fractions import Fraction

from derivations.conversion import subterms
from derivations.kernel import (
    RULES,
    KernelError,
    Term,
    add,
    bind,
    canonical,
    density,
    equal,
    infer,
    number,
    sort,
    substitute,
    variable,
)

from .finite_model import DOMAINS, NormalModel, Undecided, random_model
from .random_term import FAMILIES, POOL, SPACES, Terms, at, random_env, real_paths, variables

INSTANCES = 1000
A, B, N = variable("a", "real"), variable("b", "real"), variable("n", "natural")
I, J, K = variable("i", "index"), variable("j", "index"), variable("k", "index")
X, Z, E = variable("x", "x"), variable("z", "z"), variable("e", "e")
MU, SIGMA = variable("mu", "vector"), variable("sigma", "vector")
ONE, TWO = number(1), number(2)


def component(vector, i):
    return Term("component", (vector, i))


# --- random applications of each rule ---


def some_theorem(g):
    """A theorem with hypotheses of many kinds."""
    rng = g.rng
    match rng.randrange(7):
        case 0:
            return infer("assume", g.proposition(1))
        case 1:
            return infer("log_product", g.positive(1), g.positive(1))
        case 2:
            return infer("conditional_density", g.conditional())
        case 3:
            return infer("positivity", g.positive(1))
        case 4:
            return infer("assume", Term("within", (g.any_variable("index"), ONE, TWO)))
        case 5:
            return infer("log_bound", g.positive(1))
        case _:
            return g.equation(g.real(1))


def rewrite(g):
    if g.rng.random() < 0.4:  # under a binder, by an equation that holds for some values of its variable
        j, *limits = over_index(g)
        u = g.rng.choice((j, j - ONE, g.real(1)))
        v = g.rng.choice((A, *POOL["real"]))
        whole, path = g.rng.choice(
            (
                (bind("sum", j, *limits, u / u), (1, 2)),
                (bind("derivative", v, g.number(), v * (v / v)), (1, 1, 1)),
                (bind("integral", Z, component(Z, j) / component(Z, j)), (1, 0)),
            )
        )
        return infer("reflexivity", whole, whole), infer("field", at(whole, path[1:]), ONE), path
    proposition = g.proposition(2)
    path = g.rng.choice(real_paths(proposition) or [None])
    if path is None:
        raise KernelError("no place")
    return infer("assume", proposition), g.equation(at(proposition, path)), path


def discharge(g):
    u = g.positive(1)
    theorem = infer("field", u * u**-1, ONE)
    match g.rng.randrange(4):
        case 0:
            return infer("positive_nonzero", u), theorem
        case 1:
            return infer("assume", Term("nonzero", (g.rename(u),))), theorem
        case 2:
            return some_theorem(g), some_theorem(g)  # mostly of another hypothesis: nothing is discharged
    other = g.equation(u)
    back = infer("rewrite", infer("reflexivity", u, u), other, (1, 0))
    return infer("rewrite", infer("assume", Term("nonzero", (u,))), back, (0,)), theorem


def generalise(g):
    theorem = some_theorem(g)
    if g.rng.random() < 0.5:
        return theorem, g.any_variable(*POOL)
    j = g.any_variable("index")
    if g.rng.random() < 0.3:
        theorem = infer("assume", Term("within", (j, ONE, g.rng.choice(POOL["natural"]))))
    return (theorem, j, *g.limits(j))


def instantiate(g, theorem=None):
    """Something that a theorem names: a function of one or two new variables, or a variable, that may be bound."""
    theorem = some_theorem(g) if theorem is None else theorem
    named = [t for p in (*theorem.hypotheses, theorem.conclusion) for _, t in subterms(p)]
    chosen = g.rng.choice(
        [A, *(t for t in named if t.head == "variable"), *[t for t in named if t.head == "function"] * 3]
    )
    places = tuple(variable(str(i), "real" if sort(a) == "r" else a.data[-1]) for i, a in enumerate(chosen.args))
    own = [u if sort(u) == "r" else component(u, ONE) for u in places]
    kind = chosen.data[1]
    if kind == "natural" and g.rng.random() < 0.5:
        value = number(g.rng.randint(0, 3))
    elif kind == "real":
        value = add(g.real(1), *(u for u in own if g.rng.random() < 0.6))
    else:
        value = g.any_variable(kind)
    return theorem, Term(chosen.head, places, chosen.data), value


def renamed(g):
    term = g.real(3)
    return term, g.rename(term)


def field(g):
    term = g.real(2)
    return term, g.real(2) if g.rng.random() < 0.1 else g.scramble(term)


def linear(g, term):
    """Coefficients (sometimes with the bound variable, then the rule must fail) and terms."""
    count = g.rng.choice((0, 1, 1, 2, 2, 3))
    return tuple(g.real(1) for _ in range(count)), tuple(term() for _ in range(count))


def over_index(g):
    j = g.any_variable("index")
    return (j, *g.limits(j))


def integrand(g, v):
    """Often 0 where v has infinite weight: there every density is."""
    f = g.real(1)
    return g.rng.choice((f, f * density("p", [v]), f * density("p", [v, g.any_variable("x")])))


def wide_point(g):
    return g.any_variable("y", "y", g.rng.choice(SPACES))


def linear_integral(g):
    v = wide_point(g)
    return (v, *linear(g, lambda: integrand(g, v)))


def sum_under_integral(g):
    v, f = wide_point(g), g.real(1)
    if g.rng.random() < 0.2:  # two summands that are not integrable, while their sum is
        j = g.any_variable("index")
        return v, j, ONE, TWO, integrand(g, v) + f * (TWO * j - number(3))
    return (v, *over_index(g), integrand(g, v))


def ordered_pair(g, term):
    """Two terms, the first one mostly the smaller."""
    f, difference = term(), g.real(0) if g.rng.random() < 0.3 else g.real(0) ** 2
    return (f, f + difference) if g.rng.random() < 0.5 else (f + number(-1) * difference, f)


def combined_inequalities(g):
    count = g.rng.randrange(4)
    coefficients = tuple(g.positive(1) if g.rng.random() < 0.8 else g.real(1) for _ in range(count))
    pairs = [ordered_pair(g, lambda: g.real(1)) for _ in range(count)]
    return g.real(1), coefficients, tuple(a for a, _ in pairs), tuple(b for _, b in pairs)


def integral_monotonicity(g):
    v = wide_point(g)
    return (v, *ordered_pair(g, lambda: integrand(g, v)))


def telescoping(g):
    odd = (
        number(-1),
        number("1/2"),
        number(-2),
        *POOL["real"],
        *POOL["index"],
        Term("function", (J,), ("g", "natural")),
    )
    n = g.rng.choice((*POOL["natural"] * 3, number(g.rng.randint(0, 4)), g.rng.choice(odd)))
    return g.any_variable("index"), n, g.real(1)


def delta_sum(g):
    j, *limits = over_index(g)
    i = g.rng.choice((*POOL["index"], ONE, ONE, TWO, *limits, g.any_variable("index") + ONE))
    return j, *limits, i, g.real(1)


# derivatives: v, the point, and terms


def polynomial_in(g, v, at):
    """A polynomial in v and its derivative at a point, with coefficients that do not contain v."""
    coefficients = [g.rng.choice((g.number(), g.real(0))) for _ in range(g.rng.randint(1, 4))]
    if any(v in variables(c) for c in coefficients):
        raise KernelError("a coefficient with the variable")
    f = add(*(c * v**k for k, c in enumerate(coefficients)))
    return f, add(*(number(k) * c * at ** (k - 1) for k, c in enumerate(coefficients) if k))


def differentiated(g, v, at):
    """A term and mostly its derivative: of a polynomial, or named as the derivative that it is."""
    if g.rng.random() < 0.1:
        return g.smooth(v), g.number()
    if g.rng.random() < 0.4:
        return polynomial_in(g, v, at)
    f = g.smooth(v)
    return f, bind("derivative", v, at, f)


def place(g):
    v = g.any_variable("real")
    others = [u for u in POOL["real"] if u != v]
    return v, g.rng.choice((g.number(), g.number(), *others, g.real(0), g.real(1)))


def several_differentials(g):
    v, a = place(g)
    pairs = [differentiated(g, v, a) for _ in range(g.rng.choice((0, 1, 2, 2, 3)))]
    if len(pairs) > 1 and g.rng.random() < 0.2:
        pairs[1] = pairs[0]
    return v, a, tuple(d for _, d in pairs), tuple(f for f, _ in pairs)


def chain_rule(g):
    v, a = place(g)
    f, d = differentiated(g, v, a)
    u = g.rng.choice((variable("u", "real"), *POOL["real"]))
    outer, e = differentiated(g, u, substitute(f, v, a))
    return v, a, d, f, u, e, outer


def derivative_value(g):
    v, a = place(g)
    f, d = polynomial_in(g, v, a) if g.rng.random() < 0.8 else differentiated(g, v, a)
    return v, a, d, f


def derivative_congruence(g):
    v, a = place(g)
    match g.rng.randrange(6):
        case 0:
            theorem = infer("exp_log", v)
        case 4:
            whole, other = g.smooth(v, 1) * g.real(0), g.real(0)
            theorem = infer("assume", equal(whole.args[1], other))
            theorem = infer("rewrite", infer("reflexivity", whole, whole), theorem, (1, 1))
        case 1:
            theorem = infer("log_product", v, g.positive(1))
        case 2:
            theorem = infer("log_power", v, g.real(1))
        case 3:
            theorem = infer("discharge", infer("positive_nonzero", v), infer("field", v * g.real(1) / v, g.real(0)))
        case _:
            theorem = g.equation(g.smooth(v))
    return theorem, v, a


# spaces


def change_of_variables(g):
    z, e = g.any_variable("x", "z"), g.any_variable("x", "z")
    target = z.data[1] if g.rng.random() < 0.95 else "y"
    image = g.rng.choice((Term("function", (e,), ("T", target)),) * 6 + (e, Term("function", (e,), ("g", target))))
    factor = Term("function", (e,), (f"D{target}", "real"))
    f = g.rng.choice((g.real(2), density("p", [z]) * g.real(1), component(z, ONE) + g.real(1)))
    return z, f, e, image, factor if g.rng.random() < 0.9 else factor * g.real(0)


def marginalisation(g):
    family = g.rng.choice("pq")
    chosen = [s for s in FAMILIES[family] if g.rng.random() < 0.8] or [FAMILIES[family][0]]
    points = [g.place(s) for s in chosen]
    return density(family, points), g.rng.choice((*points, g.point()))


CASES = {
    "reflexivity": renamed,
    "rewrite": rewrite,
    "assume": lambda g: (g.proposition(2),),
    "discharge": discharge,
    "generalise": generalise,
    "instantiate": instantiate,
    "field": field,
    "positivity": lambda g: (g.positive(3),),
    "positive_nonzero": lambda g: (g.positive(2),),
    "square": lambda g: (g.real(2),),
    "log_bound": lambda g: (g.positive(2),),
    "combined_inequalities": combined_inequalities,
    "sum_monotonicity": lambda g: (*over_index(g), *ordered_pair(g, lambda: g.real(1))),
    "integral_monotonicity": integral_monotonicity,
    "log_product": lambda g: (g.positive(2), g.positive(2)),
    "log_power": lambda g: (g.positive(2), g.real(1)),
    "log_exp": lambda g: (g.real(2),),
    "exp_log": lambda g: (g.positive(2),),
    "log_indexed_product": lambda g: (*over_index(g), g.positive(1) if g.rng.random() < 0.8 else g.real(1)),
    "sum_linearity": lambda g: (*over_index(g), *linear(g, lambda: g.real(1))),
    "telescoping": telescoping,
    "delta_sum": delta_sum,
    "delta_same": lambda g: (g.real(1),),
    "integral_linearity": linear_integral,
    "integrable_linearity": linear_integral,
    "integrable_sum": sum_under_integral,
    "integrable_nonzero": lambda g: (v := wide_point(g), integrand(g, v)),
    "integral_of_sum": sum_under_integral,
    "differential_constant": lambda g: (*place(g), g.real(2)),
    "differential_power": lambda g: (*place(g), g.rng.randint(-4, 4)),
    "differential_exp": place,
    "differential_log": place,
    "differential_sum": several_differentials,
    "differential_product": several_differentials,
    "chain_rule": chain_rule,
    "derivative_value": derivative_value,
    "derivative_congruence": derivative_congruence,
    "change_of_variables": change_of_variables,
    "expectation_definition": lambda g: (g.point(), g.density(), g.real(1)),
    "kl_definition": lambda g: (g.point(), g.density(), g.density()),
    "conditional_density": lambda g: (g.conditional(),),
    "marginalisation": marginalisation,
}


# --- spaces R^J for J = 1..3 ---


def parameter(g, index, scale):
    """A mean, or a variance that is mostly positive, written in the index."""
    vector = g.rng.choice((SIGMA, MU) if scale else (MU, SIGMA))
    entry = component(vector, index)
    if scale:
        # MU may be negative and SIGMA^1 is a variance too: then a hypothesis fails, and the instance shows it is needed
        return g.rng.choice((entry**2, entry**2, entry**2 + ONE, Term("exp", (A,)), number("3/2"), entry, index**2))
    return g.rng.choice((entry, entry + A, entry * index, number("-2/3"), A, index))


def dimension(g):
    return g.rng.choice((N, N, N, N, number(g.rng.randint(1, 3))))


def normal_term(g):
    index, size = g.rng.choice((I, J)), dimension(g)
    mean, variance = parameter(g, index, False), parameter(g, index, True)
    return bind("normal", index, Z, size, mean, variance)


def read_index(g):
    return g.rng.choice((I, J, N, number(g.rng.randint(1, 3)), I + ONE))


def affine_bijection(g):
    j = g.rng.choice((I, J))
    shift, scale = parameter(g, j, False), parameter(g, j, True)
    return g.rng.choice((E, E, Z)), g.rng.choice((Z, Z, E)), j, dimension(g), shift, scale


def tuple_component(g):
    j = g.rng.choice((I, J))
    body = g.rng.choice((parameter(g, j, False), parameter(g, j, True) * component(E, j), component(Z, j) + A))
    return g.rng.choice((Z, E)), j, dimension(g), body, read_index(g)


NORMAL_CASES = {
    "affine_bijection": affine_bijection,
    "tuple_component": tuple_component,
    "normal_density": lambda g: (normal_term(g),),
    "normal_normalisation": lambda g: (normal_term(g),),
    "normal_mean": lambda g: (normal_term(g), read_index(g)),
    "normal_covariance": lambda g: (normal_term(g), read_index(g), read_index(g)),
    "normal_integrability": lambda g: (normal_term(g), *(read_index(g) for _ in range(g.rng.randrange(4)))),
}


def finite_instance(g):
    """A model and values."""
    model = random_model(g.rng, g.rng.choice((0.1, 0.5)), infinite=0.5)
    return model, {**random_env(g.rng, model), ("u", "real"): g.rng.choice(DOMAINS["real"])}


def euclidean_instance(g):
    """A model over R^d and values; mostly z and e are in spaces of the dimension that the rule speaks of."""
    rng = g.rng
    d = rng.choice((1, 1, 1, 1, 1, 1, 2, 2, 3))
    model = NormalModel(rng, d, DOMAINS, nodes=(2, 3), others={"e": d if rng.random() < 0.9 else d % 3 + 1})
    model.fast = rng.random() < 0.1
    env = {
        A.data: rng.choice(DOMAINS["real"]),
        N.data: Fraction(d if rng.random() < 0.9 else rng.randint(1, 3)),
        I.data: Fraction(rng.randint(1, d) if rng.random() < 0.8 else rng.randint(0, 4)),
        J.data: Fraction(rng.randint(1, d)),
        Z.data: rng.choice(model.domains["z"]),
        E.data: rng.choice(model.domains["e"]),
        MU.data: tuple(Fraction(rng.randint(-5, 5), 3) for _ in range(3)),
        SIGMA.data: tuple(
            Fraction(rng.choice((1, 2, 3, 4, 5, -2, 0) if rng.random() < 0.3 else (1, 2, 4)), 2) for _ in range(3)
        ),
    }
    return model, env


# --- what they show ---

# rules whose hypotheses come from their inputs: these are told apart by their kind only
INHERITED = {"rewrite", "assume", "discharge", "generalise", "instantiate", "field", "positivity"}
INHERITED |= {"derivative_congruence"}


def labelled(rule, hypotheses):
    """``[(label, hypothesis)]``: its kind, and whether it is the first one of its kind."""
    labels, seen = [], set()
    for h in hypotheses:
        first = h.head not in seen or rule in INHERITED
        labels.append((h.head if first else f"another {h.head}", h))
        seen.add(h.head)
    return labels


class Tally:
    """What the instances of one rule showed."""

    def __init__(self, rule):
        self.rule, self.held, self.failed, self.refused, self.undecided = rule, 0, [], 0, 0
        self.seen, self.needed, self.distinct = set(), {}, set()

    def record(self, model, env, hypotheses, conclusion):
        """Count an instance; a false conclusion is a failure, or the reason for the one hypothesis that fails."""
        try:
            labels = labelled(self.rule, hypotheses)
            self.seen |= {label for label, _ in labels}
            broken = []
            for label, h in labels:
                if not model.truth(h, env):
                    broken.append(label)
                    if len(broken) > 1 or broken[0] in self.needed:
                        return
            true = model.truth(conclusion, env)
        except Undecided:
            self.undecided += 1
            return
        if broken and not true:
            self.needed[broken[0]] = (model, env, hypotheses, conclusion)
        elif not broken and true:
            self.held += 1
            self.distinct.add(canonical(conclusion))
        elif not broken:
            self.failed.append((model, env, hypotheses, conclusion))


def survey(rule, seed, apply=None, instances=INSTANCES, trials=None):
    """Random instances of a rule until enough of them have true hypotheses and each hypothesis was seen to be needed, or
    until one instance fails. `apply` gives the hypotheses and the conclusion for some inputs, in place of the rule."""
    rng = random.Random(f"{rule} {seed}")
    g, tally = Terms(rng, wide=True), Tally(rule)
    euclidean = rule in NORMAL_CASES
    for _ in range(trials or 40 * instances):
        if (tally.held >= instances and tally.seen <= set(tally.needed)) or tally.failed:
            break
        try:
            inputs = (NORMAL_CASES if euclidean else CASES)[rule](g)
            infer(rule, *inputs)
            hypotheses, conclusion = (apply or RULES[rule])(*inputs)
            hypotheses = tuple(hypotheses)
        except KernelError:
            tally.refused += 1
            continue
        tally.record(*(euclidean_instance if euclidean else finite_instance)(g), hypotheses, conclusion)
    return tally
