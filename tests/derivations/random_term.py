"""Random terms and propositions of the kernel. Few names, shared by variables of every kind, bound as well as free, so
that shadowing, capture and clashes of names are common."""

from __future__ import annotations

import random
from fractions import Fraction

from derivations.kernel import KernelError, Term, bind, density, equal, infer, log, number, positive, variable

POOL = {
    "real": [variable(n, "real") for n in "aj"],
    "natural": [variable(n, "natural") for n in "nj"],
    "index": [variable(n, "index") for n in "ij"],
    "vector": [variable(n, "vector") for n in "mz"],
    "x": [variable(n, "x") for n in "xz"],
    "y": [variable(n, "y") for n in "yx"],
    "z": [variable(n, "z") for n in "zj"],
}
NUMBERS, SPACES = ("real", "natural", "index"), ("x", "y", "z")
FAMILIES = {"p": ("x", "y", "z"), "q": ("x", "z")}
REACHES = {
    "sum": 2,
    "product": 2,
    "normal": 2,
    "forall_in": 2,
    "derivative": 1,
    "differential": 2,
    "tuple": 1,
}  # the first argument that the bound variable reaches


def random_env(rng, model):
    return {v.data: rng.choice(model.domains[kind]) for kind, vs in POOL.items() for v in vs}


def real_paths(term, path=()):
    """Paths of the subterms that are real numbers."""
    if term.head in ("variable", "function") and term.data[1] not in NUMBERS:
        return []
    own = [path] if term.head not in PROPOSITIONS else []
    return own + [p for i, a in enumerate(term.args) for p in real_paths(a, (*path, i))]


PROPOSITIONS = ("equal", "at_most", "positive", "nonzero", "within", "dimension", "integrable", "forall", "forall_in")
PROPOSITIONS += ("differential", "bijection")


def at(term, path):
    for i in path:
        term = term.args[i]
    return term


def put(term, path, part):
    """`term` with the subterm at the path replaced literally, whatever is captured."""
    if not path:
        return part
    i = path[0]
    return Term(
        term.head, (*term.args[:i], put(term.args[i], path[1:], part), *term.args[i + 1 :]), term.data, term.bound
    )


class Terms:
    """A source of random terms; `wide` ones hold functions, derivatives and deltas too."""

    def __init__(self, rng: random.Random, wide: bool = False):
        self.rng, self.wide = rng, wide

    def any_variable(self, *kinds):
        return self.rng.choice(POOL[self.rng.choice(kinds)])

    def number(self):
        r = self.rng
        return number(Fraction(r.randint(-3, 3), r.choice((1, 1, 1, 2, 3))))

    def density(self):
        family = self.rng.choice("pq")
        chosen = [s for s in FAMILIES[family] if self.rng.random() < 0.7] or [FAMILIES[family][0]]
        self.rng.shuffle(chosen)
        points = [self.place(s) for s in chosen]
        count = self.rng.randint(1, len(points))
        return density(family, points[:count], points[count:])

    def place(self, space):
        """A point of a space: a variable, or now and then the value of a function."""
        if not self.wide or self.rng.random() < 0.85:
            return self.any_variable(space)
        argument = self.any_variable(*NUMBERS[1:], *SPACES)
        return Term("function", (argument,), (self.rng.choice("gT"), space))

    def function(self, *some):
        """A real function of what is given, or of two variables."""
        arguments = some or tuple(self.any_variable("real", "real", "index", *SPACES) for _ in range(2))
        return Term("function", arguments, (self.rng.choice("fg"), "real"))

    def conditional(self):
        while True:
            term = self.density()
            if term.data[1] < len(term.args):
                return term

    def limits(self, index):
        """Two limits without the index; often they hold another index or a natural number."""
        r = self.rng
        others = [v for v in (*POOL["natural"], *POOL["index"]) if v != index]
        lower = r.choice([number(1), number(1), number(0), r.choice(others)])
        if self.wide and r.random() < 0.1:
            return lower, number(Fraction(r.randint(-3, 7), 2))
        upper = r.choice([number(2), number(3), r.choice(others), r.choice(others) + number(1)])
        return lower, upper

    def point(self):
        return self.any_variable(*SPACES)

    def real(self, depth=2):
        r = self.rng
        if depth <= 0 or r.random() < 0.15:
            choice = r.randrange(6)
            if choice == 0:
                return self.number()
            if choice == 1:
                return self.density()
            if choice == 2:
                return Term("component", (self.any_variable("vector", *SPACES), self.any_variable("index", "natural")))
            return self.any_variable(*NUMBERS)
        smaller = depth - 1
        if self.wide and r.random() < 0.1:
            return self.new(smaller)
        match r.choice(
            ("add", "add", "multiply", "multiply", "power", "power", "log", "exp", "sum", "sum", "product", "over")
        ):
            case "add" | "multiply" as head:
                return Term(head, tuple(self.real(smaller) for _ in range(r.choice((0, 1, 2, 2, 2, 3)))))
            case "power":
                exponent = r.choice(
                    (number(2), number(-1), number(3), number(0), number("1/2"), self.any_variable(*NUMBERS))
                )
                return self.real(smaller) ** exponent
            case "log":
                return log(self.positive(smaller) if r.random() < 0.6 else self.real(smaller))
            case "exp":
                return Term("exp", (self.real(min(smaller, 1)),))
            case "sum" | "product" as head:
                index = self.any_variable("index")
                return bind(head, index, *self.limits(index), self.real(smaller))
            case _:
                return self.over(smaller)

    def new(self, depth):
        match self.rng.randrange(4):
            case 0 | 1:
                return self.function(*(() if depth else (self.real(0),)))
            case 2:
                return Term("delta", (self.real(0), self.real(0)))
            case _:
                v, at_most_one = self.any_variable("real"), min(depth, 1)
                while True:
                    at = self.real(0)
                    if v not in variables(at):
                        return bind("derivative", v, at, self.real(at_most_one))

    def smooth(self, v, depth=2):
        """A term in which v often occurs, and which is often differentiable in it."""
        r = self.rng
        if depth <= 0:
            return r.choice((v, v, self.number(), self.real(0), self.function(v)))
        inner = lambda: self.smooth(v, depth - 1)
        match r.randrange(8):
            case 0 | 1:
                return inner() + inner()
            case 2 | 3:
                return inner() * inner()
            case 4:
                return inner() ** number(r.choice((2, 3, -1)))
            case 5:
                return Term(r.choice(("exp", "log")), (inner(),))
            case 6:
                return self.function(inner(), self.any_variable("real", "z"))
            case _:
                index = self.any_variable("index")
                return bind("sum", index, *self.limits(index), inner())

    def over(self, depth):
        """An integral, an expectation or a divergence."""
        v = self.point()
        match self.rng.randrange(3):
            case 0:
                return bind("integral", v, self.real(depth))
            case 1:
                return bind("expectation", v, self.density(), self.real(depth))
            case _:
                return bind("kl", v, self.density(), self.density())

    def positive(self, depth=2):
        """A term that is often positive."""
        r = self.rng
        if depth <= 0:
            return r.choice(
                (
                    number(Fraction(r.randint(1, 5), r.randint(1, 3))),
                    self.density(),
                    self.any_variable("natural", "index"),
                )
            )
        smaller = depth - 1
        match r.randrange(8 if self.wide else 6):
            case 6:
                index = self.any_variable("index")
                return bind("sum", index, *self.limits(index), self.positive(smaller))
            case 7:
                index, dimension = self.any_variable("index"), self.any_variable("natural")
                return bind("normal", index, self.point(), dimension, self.real(0), self.positive(smaller))
            case 0:
                return Term("exp", (self.real(0),))
            case 1:
                return self.positive(smaller) + self.positive(smaller)
            case 2:
                return self.positive(smaller) * self.positive(smaller)
            case 3:
                return self.positive(smaller) ** r.choice((self.number(), self.any_variable(*NUMBERS)))
            case 4:
                index = self.any_variable("index")
                return bind("product", index, *self.limits(index), self.positive(smaller))
            case _:
                return self.positive(0)

    def proposition(self, depth=2):
        r = self.rng
        heads = ("equal", "equal", "positive", "nonzero", "within", "integrable", "forall", "forall_in")
        match r.choice((*heads, "at_most", "differential") if self.wide else heads):
            case "at_most":
                return Term("at_most", (self.real(depth), self.real(depth)))
            case "differential":
                v, values = self.any_variable("real"), [self.number(), self.number()]
                return bind("differential", v, *values, self.smooth(v, 1))
            case "equal":
                return equal(self.real(depth), self.real(depth))
            case "positive":
                return positive(self.positive(depth) if r.random() < 0.7 else self.real(depth))
            case "nonzero":
                return Term("nonzero", (self.real(depth),))
            case "within":
                return Term("within", (self.any_variable("index"), number(0), self.any_variable("natural")))
            case "integrable":
                return bind("integrable", self.point(), self.real(depth))
            case "forall":
                inner = self.proposition(depth - 1) if depth > 0 else positive(self.positive(0))
                return bind("forall", self.any_variable(*POOL), inner)
            case _:
                inner = self.proposition(depth - 1) if depth > 0 else positive(self.positive(0))
                index = self.any_variable("index")
                return bind("forall_in", index, *self.limits(index), inner)

    # --- terms equal to a given one ---

    def scramble(self, term):
        """A term equal by the laws of a field, as long as what it divides by is not zero."""
        r, args = self.rng, term.args
        if term.head in ("add", "multiply"):
            args = tuple(self.scramble(a) if r.random() < 0.5 else a for a in args)
            term = Term(term.head, tuple(r.sample(args, len(args))))
        u = self.real(r.choice((0, 0, 1)))
        match r.randrange(9):
            case 0:
                return term + u - u
            case 1:
                return term * u / u
            case 2:
                return (term**-1) ** -1
            case 3:
                return number(3) * term - (term + term)
            case 4:
                return term**3 / term**2
            case 5:
                return (term * u + term) / (u + number(1))
            case 6:
                return term / (u + number(2)) + term * (u + number(1)) / (number(2) + u)
            case 7 if term.head == "multiply" and len(args) > 1 and term.args[0].head == "add":
                rest = term.args[1:]
                return Term("add", tuple(Term("multiply", (a, *rest)) for a in term.args[0].args))
        return Term("multiply", (term,))

    def rename(self, term):
        """The same term with other bound variables: fresh names, and now and then one of the pool that nobody uses."""
        if term.head == "variable":
            return term
        args, bound = tuple(self.rename(a) for a in term.args), term.bound
        if bound is not None and self.rng.random() < 0.8:
            used = {v for a in args for v in variables(a)}
            fresh = [v for v in POOL.get(bound.data[1], []) if v not in used]
            new = self.rng.choice([*fresh, variable(f"fresh{self.rng.randrange(10**6)}", bound.data[1])])
            start = REACHES.get(term.head, 0)
            if not any(new in variables(a) for a in args[:start]):
                args = args[:start] + tuple(replace_free(a, bound, new) for a in args[start:])
                bound = new
        return Term(term.head, args, term.data, bound)

    def equation(self, term):
        """A theorem ``term = something``."""
        match self.rng.randrange(5):
            case 0:
                return infer("assume", equal(term, self.real(0)))
            case 1:
                return infer("reflexivity", term, self.rename(term))
            case _:
                try:
                    return infer("field", term, self.scramble(term))
                except KernelError:  # it divides by what cancels to 0
                    return infer("reflexivity", term, self.rename(term))


def variables(term):
    """All variables that occur, free or bound."""
    own = {term} if term.head == "variable" else set() if term.bound is None else {term.bound}
    return own.union(*map(variables, term.args))


def free_variables(term):
    """Free variables, by the definition."""
    if term.head == "variable":
        return {term}
    start = REACHES.get(term.head, 0)
    parts = (free_variables(a) - ({term.bound} if i >= start else set()) for i, a in enumerate(term.args))
    return set().union(*parts)


def replace_free(term, old, new):
    """Free occurrences of a variable replaced by a variable that occurs nowhere in the term."""
    if term == old:
        return new
    start = REACHES.get(term.head, 0)
    args = tuple(a if term.bound == old and i >= start else replace_free(a, old, new) for i, a in enumerate(term.args))
    return Term(term.head, args, term.data, term.bound)
