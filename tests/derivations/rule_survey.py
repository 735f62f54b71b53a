"""Random applications of each rule of the kernel, and what they show in random models."""

from __future__ import annotations

import copy
import itertools
import random
from fractions import Fraction

from derivations.kernel import KernelError, Term, bind, infer, number, positive, variable

from .finite_model import DOMAINS, Model, NormalModel, Undecided, random_model
from .random_term import POOL, Terms, at, random_env, real_paths

INSTANCES = 1000
A, B, N = variable("a", "real"), variable("b", "real"), variable("n", "natural")
I, J, K = variable("i", "index"), variable("j", "index"), variable("k", "index")
X, Z = variable("x", "x"), variable("z", "z")
MU, SIGMA = variable("mu", "vector"), variable("sigma", "vector")
ONE, TWO = number(1), number(2)


def component(vector, i):
    return Term("component", (vector, i))


# --- random applications of each rule ---


def some_theorem(g):
    """A theorem with hypotheses of many kinds."""
    rng = g.rng
    match rng.randrange(6):
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
        case _:
            return g.equation(g.real(1))


def rewrite(g):
    proposition = g.proposition(2)
    path = g.rng.choice(real_paths(proposition) or [None])
    if path is None:
        raise KernelError("no place")
    return infer("assume", proposition), g.equation(at(proposition, path)), path


def discharge(g):
    u = g.positive(1)
    theorem = infer("field", u * u**-1, ONE)
    match g.rng.randrange(3):
        case 0:
            return infer("positive_nonzero", u), theorem
        case 1:
            return infer("assume", Term("nonzero", (g.rename(u),))), theorem
    other = g.equation(u)
    back = infer("rewrite", infer("reflexivity", u, u), other, (1, 0))
    return infer("rewrite", infer("assume", Term("nonzero", (u,))), back, (0,)), theorem


def linear(g, v, term):
    """Coefficients (sometimes with v, then the rule must fail) and terms."""
    count = g.rng.choice((1, 2, 2, 3))
    return tuple(g.real(1) for _ in range(count)), tuple(term(1) for _ in range(count))


def sum_linearity(g):
    j = g.any_variable("index")
    return (j, *g.limits(j), *linear(g, j, g.real))


def integral_linearity(g):
    v = g.point()
    return (v, *linear(g, v, g.real))


def log_indexed_product(g):
    j = g.any_variable("index")
    return (j, *g.limits(j), g.positive(1) if g.rng.random() < 0.8 else g.real(1))


def generalise(g):
    theorem = some_theorem(g)
    if g.rng.random() < 0.5:
        return theorem, g.any_variable(*POOL)
    j = g.any_variable("index")
    if g.rng.random() < 0.3:
        theorem = infer("assume", Term("within", (j, ONE, g.rng.choice(POOL["natural"]))))
    return (theorem, j, *g.limits(j))


def field(g):
    term = g.real(2)
    return term, g.real(2) if g.rng.random() < 0.1 else g.scramble(term)


def integral_of_sum(g):
    j = g.any_variable("index")
    return (g.point(), j, *g.limits(j), g.real(1))


def renamed(g):
    term = g.real(3)
    return term, g.rename(term)


CASES = {
    "reflexivity": renamed,
    "rewrite": rewrite,
    "assume": lambda g: (g.proposition(2),),
    "discharge": discharge,
    "generalise": generalise,
    "field": field,
    "positivity": lambda g: (g.positive(3),),
    "positive_nonzero": lambda g: (g.positive(2),),
    "log_product": lambda g: (g.positive(2), g.positive(2)),
    "log_power": lambda g: (g.positive(2), g.real(1)),
    "log_exp": lambda g: (g.real(2),),
    "log_indexed_product": log_indexed_product,
    "sum_linearity": sum_linearity,
    "integral_linearity": integral_linearity,
    "integral_of_sum": integral_of_sum,
    "expectation_definition": lambda g: (g.point(), g.density(), g.real(1)),
    "kl_definition": lambda g: (g.point(), g.density(), g.density()),
    "conditional_density": lambda g: (g.conditional(),),
}


# --- normal densities, over R^J for J = 1..3 ---


def parameter(g, index, scale):
    """A mean, or a variance that is mostly positive, written in the index."""
    vector = g.rng.choice((SIGMA, MU) if scale else (MU, SIGMA))
    entry = component(vector, index)
    if scale:
        # MU may be negative and SIGMA^1 is a variance too: then a hypothesis fails, and the instance shows it is needed
        return g.rng.choice((entry**2, entry**2, entry**2 + ONE, Term("exp", (A,)), number("3/2"), entry, index**2))
    return g.rng.choice((entry, entry + A, entry * index, number("-2/3"), A, index))


def normal_term(g):
    index, dimension = g.rng.choice((I, J)), g.rng.choice((N, N, N, N, number(g.rng.randint(1, 3))))
    mean, variance = parameter(g, index, False), parameter(g, index, True)
    return bind("normal", index, Z, dimension, mean, variance)


def moment(g):
    return normal_term(g), g.rng.choice((I, J, N, number(g.rng.randint(1, 3)), I + ONE))


def polynomial(g, depth=2):
    r = g.rng
    if depth == 0:
        return r.choice(
            (component(Z, I), component(Z, J), component(Z, ONE), A, component(MU, J), component(SIGMA, ONE))
        )
    match r.randrange(5):
        case 0:
            return polynomial(g, depth - 1) + polynomial(g, depth - 1)
        case 1:
            return polynomial(g, depth - 1) * polynomial(g, depth - 1)
        case 2:
            return polynomial(g, depth - 1) ** r.choice((number(2), number(3), N, number(-1), I))
        case 3:
            index = r.choice((I, J))
            limits = r.choice(((ONE, N), (ONE, TWO), (ONE, N), (J if index == I else I, N)))
            return bind("sum", index, *limits, polynomial(g, depth - 1))
        case _:
            return polynomial(g, 0)


NORMAL_CASES = {
    "normal_density": lambda g: (normal_term(g),),
    "normal_normalisation": lambda g: (normal_term(g),),
    "normal_mean": moment,
}


def normal_instance(g, model_of):
    """A model over R^d and values; mostly with the dimension that the density says."""
    rng = g.rng
    d = rng.choice((1, 1, 1, 1, 1, 1, 2, 2, 3))
    model = model_of[d]
    env = {
        A.data: rng.choice(DOMAINS["real"]),
        N.data: Fraction(d),
        I.data: Fraction(rng.randint(1, d) if rng.random() < 0.8 else rng.randint(0, 4)),
        J.data: Fraction(rng.randint(1, d)),
        Z.data: rng.choice(model.domains["z"]),
        MU.data: tuple(Fraction(rng.randint(-5, 5), 3) for _ in range(3)),
        SIGMA.data: tuple(
            Fraction(rng.choice((1, 2, 3, 4, 5, -2, 0) if rng.random() < 0.3 else (1, 2, 4)), 2) for _ in range(3)
        ),
    }
    return model, env


def lawless_model(rng, d, domains, more=()):
    """Finitely many points with d components, and perhaps some more of which no density knows."""
    model = NormalModel(rng, d, domains)
    points = [(*p, *more) for p in model.domains["z"]]
    model = Model(rng, {"z": [(p, Fraction(1, 3)) for p in points]}, {}, domains)
    model.lawless = True
    return model


def is_polynomial(model, term, env, rng, degree=12):
    """Whether, on a random line, the values of the term have vanishing differences of order ``degree + 1``."""
    start, step = (tuple(Fraction(rng.randint(-3, 3)) for _ in env[Z.data]) for _ in range(2))
    values = [
        model.value(term, {**env, Z.data: tuple(a + t * b for a, b in zip(start, step, strict=True))})
        for t in range(degree + 2)
    ]
    if not all(isinstance(v, Fraction) for v in values):
        raise Undecided("a ball")
    for _ in range(degree + 1):
        values = [b - a for a, b in itertools.pairwise(values)]
    return values == [0]


class Tally:
    """What the instances of one rule showed."""

    def __init__(self):
        self.held, self.failed, self.refused, self.undecided = 0, [], 0, 0
        self.seen, self.needed = set(), set()

    def record(self, model, env, hypotheses, conclusion):
        """Count an instance; a false conclusion is a failure, or the reason for the one kind of hypothesis that fails."""
        try:
            self.seen |= {h.head for h in hypotheses}
            broken = {h.head for h in hypotheses if not model.truth(h, env)}
            if len(broken) > 1:
                return
            if model.lawless and not broken:
                return
            true = model.truth(conclusion, env)
        except Undecided:
            self.undecided += 1
            return
        if broken:
            self.needed |= set() if true else broken
        elif true:
            self.held += 1
        else:
            self.failed.append((hypotheses, conclusion))


# hypotheses that no model here can make false, or without which no model here makes the rule false
UNREFUTED = {
    "integral_linearity": {"integrable"},
    "integral_of_sum": {"forall_in"},
    "normal_integrability": {"forall", "forall_in"},
}


def survey(rule, seed, apply=infer, instances=INSTANCES):
    """Random instances of a rule until enough of them have true hypotheses and each kind of hypothesis was seen to be
    needed, or until one instance fails."""
    rng = random.Random(f"{rule} {seed}")
    g, tally = Terms(rng), Tally()
    is_normal = rule in NORMAL_CASES
    if is_normal:
        models = {d: NormalModel(rng, d, DOMAINS, nodes=(2, 3)) for d in (1, 2, 3)}
        bare = {d: lawless_model(rng, d, DOMAINS) for d in (1, 2, 3)}
        wrong = {d: lawless_model(rng, d, DOMAINS, DOMAINS["real"][:3]) for d in (1, 2, 3)}
    else:
        pool = [random_model(rng, zeros) for zeros in (0.1, 0.5) for _ in range(15)]
    for _ in range(40 * instances):
        needless = tally.seen - tally.needed - UNREFUTED.get(rule, set()) - {"integrable"}
        if (tally.held >= instances and not needless) or tally.failed:
            break
        try:
            theorem = apply(rule, *(NORMAL_CASES if is_normal else CASES)[rule](g))
        except KernelError:
            tally.refused += 1
            continue
        for _ in range(2):
            if is_normal:
                model, env = normal_instance(g, rng.choice((*[models] * 8, bare, wrong)))
            else:
                model = rng.choice(pool)
                env = random_env(rng, model)
            hypotheses, conclusion = tuple(theorem.hypotheses), theorem.conclusion
            if rule == "normal_integrability":
                conclusion = positive(ONE) if polynomial_holds(model, conclusion, env, rng) else positive(number(0))
            tally.record(model, env, hypotheses, conclusion)
    return tally


def polynomial_holds(model, conclusion, env, rng):
    """Whether the integrand is a polynomial, where a component that the point lacks may be an exponential of it."""
    exponential = copy.copy(model)

    def component(vector, i):
        return vector[int(i) - 1] if 1 <= i <= len(vector) else Fraction(2) ** sum(map(int, vector))

    exponential.component = component
    try:
        return is_polynomial(exponential, conclusion.args[0].args[1], env, rng)
    except Undecided:
        return True
