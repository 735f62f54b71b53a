"""What the kernel's terms mean, in words of its own: an evaluator on models that are small enough to be summed.

A space is a finite list of points with positive weights, a family of densities is a table over its joint space (marginals
and conditionals by summation), an integral is a weighted sum, a quantifier runs over a finite domain. A point may have
infinite weight (it stands for infinitely many that nothing tells apart): a function that is not 0 there is not integrable.
Arithmetic is exact on rationals; a logarithm, an exponential or a root makes a ball of 120 digits; a derivative is a limit
of difference quotients, and 0 where those from the left and from the right disagree. A function symbol is a table in its
points and a polynomial, now and then with a kink, in its numbers. Operations are total: the model answers ``1/0``,
``log(-1)``, a conditional density given an event of density zero and a component that a vector lacks by functions drawn at
random, so that a rule which leans on one of them is found out. Nothing here uses a function of the kernel.
"""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter
from fractions import Fraction
from math import ceil, floor

import flint

DIGITS = 120
STEP = Fraction(1, 10**25)  # of difference quotients: their error is of order 10^-50
NUMBERS = ("real", "natural", "index")


class Undecided(Exception):
    """A ball too wide to decide a comparison, or a term that this model cannot evaluate."""


def ball(value):
    """A rational as a ball; a ball as it is."""
    if isinstance(value, flint.arb):
        return value
    return flint.arb(value.numerator) / flint.arb(value.denominator)


def add(a, b):
    return a + b if isinstance(a, Fraction) and isinstance(b, Fraction) else ball(a) + ball(b)


def multiply(a, b):
    if any(isinstance(x, Fraction) and x == 0 for x in (a, b)):
        return Fraction(0)
    return a * b if isinstance(a, Fraction) and isinstance(b, Fraction) else ball(a) * ball(b)


def integer_power(base, n):
    """``base**n`` for natural n; flint's is not a number where the ball contains 0."""
    if isinstance(base, Fraction) or not base.contains(0):
        return base**n
    result = flint.arb(1)
    for _ in range(n):
        result *= base
    return result


def same(a, b):
    """Whether two values are equal: rigorous where it says no or both are rational, to 20 digits where it says yes."""
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return a == b
    difference, scale = ball(a) - ball(b), abs(ball(a)) + abs(ball(b)) + 1
    if not difference.is_finite():
        raise Undecided("not finite")
    if not difference.contains(0):
        return False
    if difference.rad() < scale * flint.arb(10) ** -20:
        return True
    raise Undecided("balls overlap")


def is_positive(a):
    if isinstance(a, Fraction) or a > 0:
        return bool(a > 0)
    if a < 0:
        return False
    raise Undecided("sign of a ball")


def negative(a):
    return multiply(Fraction(-1), a)


def is_point(term):
    return term.head == "tuple" or (term.head in ("variable", "function") and term.data[1] not in NUMBERS)


def derivative(f, a):
    """The limit of the difference quotients of f at a; None where those from both sides disagree, at two scales."""
    if not same(a, Fraction(0)) and abs(ball(a)) < flint.arb(10) ** -12:
        raise Undecided("perhaps near a pole")
    gap, near, far = quotients(f, a, STEP)
    if gap > flint.arb(10) ** -6:
        if not quotients(f, a, STEP**2)[0] > flint.arb(10) ** -6:
            raise Undecided("perhaps near a pole")
        return None
    if not gap < flint.arb(10) ** -12:
        raise Undecided("perhaps not differentiable")
    if isinstance(near, Fraction) and near == far:
        return near
    return ball(near) + flint.arb(0, 2 * (abs(ball(near) - ball(far)).upper() + flint.arb(10) ** -70))


def quotients(f, a, step):
    """How far difference quotients disagree, in proportion to their size, and the symmetric ones over one and two steps."""
    values = [f(add(a, k * step)) for k in (-2, -1, 0, 1, 2)]
    far, near, left, right = (
        multiply(add(values[j], negative(values[i])), 1 / ((j - i) * step)) for i, j in ((0, 4), (1, 3), (1, 2), (2, 3))
    )
    scale = 1 + abs(ball(left)) + abs(ball(right))
    gap = (abs(ball(left) - ball(right)) + abs(ball(near) - ball(far))) / scale
    if not gap.is_finite():
        raise Undecided("not finite")
    return gap, near, far


def sign(a):
    return 1 if is_positive(a) else 0 if isinstance(a, Fraction) and a == 0 else -1


class Model:
    """Spaces, families, and domains for the quantifiers.

    Parameters
    ----------
    spaces
        ``{name: [(point, weight), ...]}``, a point being a tuple of its components, an infinite weight None.
    families
        ``{name: (names of spaces, {points: density})}``.
    domains
        ``{kind: [value, ...]}`` for ``real``, ``natural``, ``index`` and ``vector``.

    Attributes
    ----------
    dimensions
        ``{name: J}`` for the spaces that are R^J; a finite space is none.
    maps
        ``{(name of a function, kind): {(space, point): value}}`` for functions of one point that are not drawn at random.
    """

    def __init__(self, rng: random.Random, spaces, families, domains):
        self.rng, self.spaces, self.families, self.dimensions, self.maps = rng, spaces, families, {}, {}
        self.domains = {**{name: [p for p, _ in points] for name, points in spaces.items()}, **domains}
        self.whim = {
            (op, k): Fraction(rng.randint(-9, 9) or 5, rng.randint(1, 5))
            for op in ("log", "inverse", "root", "component", "conditional")
            for k in range(3)
        }
        self._marginals, self._tables = {}, {}

    # --- numbers ---

    def arbitrary(self, op, *values):
        total = self.whim[op, 0]
        for k, value in enumerate(values, 1):
            total = add(total, multiply(self.whim[op, min(k, 2)], value))
        return total

    def power(self, base, exponent):
        if isinstance(exponent, Fraction) and exponent.denominator == 1:
            n = int(exponent)
            if n >= 0:
                if abs(n) > 70:
                    raise Undecided("a huge power")
                return integer_power(base, n)
            at_zero = base == 0 if isinstance(base, Fraction) else None
            if at_zero is None:
                if base.contains(0):
                    raise Undecided("perhaps the inverse of zero")
                return 1 / integer_power(base, -n)
            return self.arbitrary("inverse", exponent) if at_zero else 1 / base**-n
        match sign(base):
            case 1:
                return (ball(exponent) * ball(base).log()).exp()
            case 0:
                return Fraction(0) if is_positive(exponent) else self.arbitrary("inverse", exponent)
        if not isinstance(exponent, Fraction):
            raise Undecided("perhaps an integer exponent of a negative base")
        return self.arbitrary("root", base, exponent)

    def log(self, x):
        if not is_positive(x):
            return self.arbitrary("log", x)
        return Fraction(0) if isinstance(x, Fraction) and x == 1 else ball(x).log()

    def component(self, vector, i):
        if not isinstance(i, Fraction):
            raise Undecided("an index that is a ball")
        if i.denominator == 1 and 1 <= i <= len(vector):
            return vector[int(i) - 1]
        return self.arbitrary("component", i, sum((ball(v) for v in vector), flint.arb(0)))

    # --- densities and integrals ---

    def marginal(self, family, point):
        """Density of the variables in ``point = {space: value}``."""
        spaces, table = self.families[family]
        kept = tuple(s for s in spaces if s in point)
        if (family, kept) not in self._marginals:
            sums = {}
            for values in itertools.product(*(self.spaces[s] for s in spaces)):
                weight = Fraction(1)
                for s, (_, w) in zip(spaces, values, strict=True):
                    weight *= Fraction(1) if s in kept else w or Fraction(0)  # no density where the weight is infinite
                points = tuple(p for p, _ in values)
                key = tuple(p for s, p in zip(spaces, points, strict=True) if s in kept)
                sums[key] = sums.get(key, Fraction(0)) + weight * table[points]
            self._marginals[family, kept] = sums
        return self._marginals[family, kept][tuple(point[s] for s in kept)]

    def density(self, family, targets, given):
        joint = self.marginal(family, {**targets, **given})
        if not given:
            return joint
        below = self.marginal(family, given)
        return joint / below if below else self.arbitrary("conditional", joint)

    def integrate(self, variable, body, env, reference):
        """Sum over the space of `variable`; `reference` is the term of the integrand."""
        if not self.integrable(variable, body, env, reference):
            return Fraction(0)
        total = Fraction(0)
        for point, weight in self.spaces[variable[1]]:
            if weight is not None:
                total = add(total, multiply(weight, body({**env, variable: point})))
        return total

    def integrable(self, variable, body, env, reference):
        infinite = (p for p, weight in self.spaces[variable[1]] if weight is None)
        return all(same(body({**env, variable: p}), Fraction(0)) for p in infinite)

    def bijection(self, variable, image, volume, env):
        """Whether the weight of each point is that of the points which go there, times the volume factor."""
        target, source = image.data[-1], variable[1]
        if not {target, source} <= set(self.spaces):
            raise Undecided("a map between spaces of different kinds")
        masses = {p: Fraction(0) for p, _ in self.spaces[target]}
        for point, weight in self.spaces[source]:
            inner = {**env, variable: point}
            there, factor = self.point(image, inner), self.value(volume, inner)
            if weight is None and not same(factor, Fraction(0)):
                masses[there] = None
            elif masses[there] is not None:
                masses[there] = add(masses[there], multiply(weight or Fraction(0), factor))
        reached = {self.point(image, {**env, variable: point}) for point, _ in self.spaces[source]}
        return reached == set(masses) and all(
            (w is None) == (masses[p] is None) and (w is None or same(w, masses[p])) for p, w in self.spaces[target]
        )

    # --- points and functions ---

    def point(self, term, env):
        """The value of a term that is a point or a vector."""
        if term.head == "variable":
            return env[term.data]
        if term.head == "function":
            return self.function(term, env)
        (space,), (dimension, body) = term.data, term.args
        if space not in self.dimensions or self.value(dimension, env) != self.dimensions[space]:
            return self.domains[space][0]  # there is no such point
        return tuple(
            self.value(body, {**env, term.bound.data: Fraction(j)}) for j in range(1, self.dimensions[space] + 1)
        )

    def function(self, term, env):
        """A table in the points, a polynomial of degree two in the numbers; a kink at one of them, now and then."""
        (name, kind), points, reals = term.data, [], []
        for a in term.args:
            if not is_point(a):
                reals.append(self.value(a, env))
            elif a.data[-1] in self.dimensions:
                reals.extend(self.point(a, env))
            else:
                points.append((a.data[-1], self.point(a, env)))
        if term.data in self.maps and len(points) == 1:
            return self.maps[term.data][points[0]]
        key = (name, kind, len(reals), *points)
        if kind in self.dimensions:
            return tuple(self.polynomial((*key, j), reals) for j in range(self.dimensions[kind]))
        value = self.polynomial(key, reals)
        if kind == "real":
            return value
        if not isinstance(value, Fraction):
            raise Undecided("the whole part of a ball")
        if kind in NUMBERS:
            return Fraction(floor(value) % 4 - (kind == "index"))
        return self.domains[kind][floor(value) % len(self.domains[kind])]

    def polynomial(self, key, reals):
        if key not in self._tables:
            draw = lambda: Fraction(self.rng.randint(-4, 4), self.rng.randint(1, 3))
            kink = self.rng.choice(DOMAINS["real"]) if self.rng.random() < 0.15 else None
            self._tables[key] = [draw() for _ in range(len(reals) + 2)], kink
        (constant, square, *slopes), kink = self._tables[key]
        total = constant
        for slope, x in zip(slopes, reals, strict=True):
            total = add(total, multiply(slope, x))
        if reals:
            total = add(total, multiply(square, multiply(reals[0], reals[-1])))
        if reals and kink is not None:
            distance = add(reals[0], -kink)
            total = add(total, multiply(Fraction(sign(distance)), distance))
        return total

    def normal(self, term, env):
        """The density by its formula, for whatever numbers stand in it."""
        point, dimension = self.point(term.args[0], env), self.value(term.args[1], env)
        volume, exponent = self.power(multiply(Fraction(2), flint.arb.pi()), dimension), Fraction(0)
        for inner in self.instances(term.bound.data, Fraction(1), dimension, env):
            mean, variance = (self.value(t, inner) for t in term.args[2:])
            volume = multiply(volume, variance)
            deviation = add(self.component(point, inner[term.bound.data]), multiply(Fraction(-1), mean))
            square = multiply(self.power(deviation, Fraction(2)), self.power(variance, Fraction(-1)))
            exponent = add(exponent, multiply(Fraction(-1, 2), square))
        root = self.power(volume, Fraction(1, 2))
        return multiply(self.power(root, Fraction(-1)), ball(exponent).exp())

    # --- terms ---

    def instances(self, index, lower, upper, env):
        if not (isinstance(lower, Fraction) and isinstance(upper, Fraction)):
            raise Undecided("a limit that is a ball")
        if upper - lower > 40:
            raise Undecided("a long range")
        return [{**env, index: Fraction(i)} for i in range(ceil(lower), floor(upper) + 1)]

    def value(self, term, env):
        args, name = term.args, None if term.bound is None else term.bound.data
        match term.head:
            case "number":
                return term.data[0]
            case "variable":
                return env[term.data]
            case "pi":
                return flint.arb.pi()
            case "component":
                return self.component(self.point(args[0], env), self.value(args[1], env))
            case "density":
                family, count = term.data
                groups = ({a.data[-1]: self.point(a, env) for a in group} for group in (args[:count], args[count:]))
                return self.density(family, *groups)
            case "add" | "multiply":
                step, total = (add, Fraction(0)) if term.head == "add" else (multiply, Fraction(1))
                for a in args:
                    total = step(total, self.value(a, env))
                return total
            case "delta":
                return Fraction(same(*(self.value(a, env) for a in args)))
            case "power":
                return self.power(self.value(args[0], env), self.value(args[1], env))
            case "log":
                return self.log(self.value(args[0], env))
            case "exp":
                x = self.value(args[0], env)
                return Fraction(1) if isinstance(x, Fraction) and x == 0 else ball(x).exp()
            case "sum" | "product":
                step, total = (add, Fraction(0)) if term.head == "sum" else (multiply, Fraction(1))
                for inner in self.instances(name, self.value(args[0], env), self.value(args[1], env), env):
                    total = step(total, self.value(args[2], inner))
                return total
            case "integral":
                return self.integrate(name, lambda e: self.value(args[0], e), env, args[0])
            case "expectation":
                weighted = lambda e: multiply(self.value(args[0], e), self.value(args[1], e))
                return self.integrate(name, weighted, env, args[0])
            case "kl":

                def summand(e):
                    q, p = (self.value(a, e) for a in args)
                    return multiply(q, self.log(multiply(q, self.power(p, Fraction(-1)))))

                return self.integrate(name, summand, env, args[0])
            case "normal":
                return self.normal(term, env)
            case "function":
                return self.function(term, env)
            case "derivative":
                found = derivative(lambda x: self.value(args[1], {**env, name: x}), self.value(args[0], env))
                return Fraction(0) if found is None else found
        raise AssertionError(term.head)

    def truth(self, term, env):
        args, name = term.args, None if term.bound is None else term.bound.data
        match term.head:
            case "equal":
                return same(self.value(args[0], env), self.value(args[1], env))
            case "at_most":
                left, right = (self.value(a, env) for a in args)
                return same(left, right) or is_positive(add(right, multiply(Fraction(-1), left)))
            case "positive":
                return is_positive(self.value(args[0], env))
            case "nonzero":
                x = self.value(args[0], env)
                return x != 0 if isinstance(x, Fraction) else not same(x, Fraction(0))
            case "within":
                i, lower, upper = (self.value(a, env) for a in args)
                if not all(isinstance(x, Fraction) for x in (i, lower, upper)):
                    raise Undecided("a limit that is a ball")
                return i.denominator == 1 and lower <= i <= upper
            case "dimension":
                return args[0].data[-1] in self.dimensions and same(
                    Fraction(self.dimensions[args[0].data[-1]]), self.value(args[1], env)
                )
            case "differential":
                found = derivative(lambda x: self.value(args[2], {**env, name: x}), self.value(args[0], env))
                return found is not None and same(found, self.value(args[1], env))
            case "bijection":
                return self.bijection(name, *args, env)
            case "integrable":
                return self.integrable(name, lambda e: self.value(args[0], e), env, args[0])
            case "forall":
                return all(self.truth(args[0], {**env, name: v}) for v in self.domains[name[1]])
            case "forall_in":
                lower, upper = (self.value(a, env) for a in args[:2])
                return all(self.truth(args[2], inner) for inner in self.instances(name, lower, upper, env))
        raise AssertionError(term.head)

    def holds(self, hypotheses, conclusion, env):
        """Whether the sequent holds here: True, False, or None where a hypothesis fails."""
        return self.truth(conclusion, env) if all(self.truth(h, env) for h in hypotheses) else None


DOMAINS = {
    "real": [Fraction(n, d) for n, d in ((-2, 1), (-1, 2), (0, 1), (2, 3), (1, 1), (3, 1))],
    "natural": [Fraction(n) for n in range(4)],
    "index": [Fraction(n) for n in range(-1, 5)],
}


def random_model(rng: random.Random, zeros: float = 0.1, infinite: float = 0) -> Model:
    """Three spaces, a family over all of them and one over two, tables with an occasional zero.

    ``infinite`` is the probability that y has a point of infinite weight. ``T`` maps x and z onto each other and
    themselves, where they have points enough, and ``Dx``, ``Dz`` are its volume factors.
    """
    spaces = {
        name: [
            ((Fraction(k), *(Fraction(rng.randint(-4, 4), rng.randint(1, 3)) for _ in range(dim))), weight(rng))
            for k in range(size)
        ]
        for name, size, dim in (("x", 2, 0), ("y", 2, rng.randint(0, 1)), ("z", rng.randint(2, 3), rng.randint(0, 2)))
    }
    if rng.random() < infinite:
        spaces["y"].append(((Fraction(2), *(Fraction(1),) * (len(spaces["y"][0][0]) - 1)), None))
    families = {}
    for family, names in (("p", ("x", "y", "z")), ("q", ("x", "z"))):
        cells = list(itertools.product(*(spaces[s] for s in names)))
        masses = [0 if rng.random() < zeros else rng.randint(1, 9) for _ in cells]
        masses = [m * all(w is not None for _, w in cell) for m, cell in zip(masses, cells, strict=True)]
        masses[0] = masses[0] or 1
        total, nothing, table = sum(masses), Fraction(0), {}
        for cell, mass in zip(cells, masses, strict=True):
            points = tuple(p for p, _ in cell)
            table[points] = Fraction(mass, total) / math.prod(w for _, w in cell) if mass else nothing
        families[family] = (names, table)
    vectors = [
        tuple(Fraction(rng.randint(-4, 6), rng.randint(1, 3)) for _ in range(rng.randint(1, 3))) for _ in range(3)
    ]
    model = Model(rng, spaces, families, {**DOMAINS, "vector": vectors})
    for target in "xz":
        images, factors = model.maps.setdefault(("T", target), {}), model.maps.setdefault((f"D{target}", "real"), {})
        for source in "xz":
            for p, (image, factor) in onto(rng, spaces[source], spaces[target]).items():
                images[source, p], factors[source, p] = image, factor
        for point, _ in spaces["y"]:
            images["y", point], factors["y", point] = spaces[target][0][0], Fraction(1)
    return model


def onto(rng, source, target):
    """A map onto the target, if the source has as many points, and the factors by which it changes their weights."""
    points = rng.sample(source, len(source))
    images = [target[k] if k < len(target) else rng.choice(target) for k in range(len(points))]
    count = Counter(image for (image, _) in images)
    return {p: (image, v / w / count[image]) for (p, w), (image, v) in zip(points, images, strict=True)}


def weight(rng):
    return Fraction(rng.randint(1, 4), rng.randint(1, 3))


# --- normal models: z ranges over R^J; Gauss-Hermite nodes of the normal in the integrand integrate polynomials ---


def hermite(n):
    """Nodes and weights of the standard normal with n = 2, 3 or 4 points, exact to degree 2 n - 1."""
    three = flint.arb(3)
    if n == 2:
        return [(flint.arb(s), ball(Fraction(1, 2))) for s in (1, -1)]
    if n == 3:
        return [(flint.arb(0), ball(Fraction(2, 3))), *((s * three.sqrt(), ball(Fraction(1, 6))) for s in (1, -1))]
    far, near = three + flint.arb(6).sqrt(), three - flint.arb(6).sqrt()
    return [(s * a.sqrt(), 1 / (4 * a)) for a in (far, near) for s in (1, -1)]


def _reference(term, point):
    """A normal density of `point` that is a factor of the term (of each of its summands, the first one's is taken)."""
    if term.head == "normal" and term.args[0].data == point:
        return term
    if term.head in ("multiply", "add"):
        return next((r for a in term.args if (r := _reference(a, point)) is not None), None)
    return None


class NormalModel(Model):
    """The space z is R^J. An integral is computed twice, with different numbers of nodes per axis; a polynomial times the
    normal that stands in the integrand comes out exactly both times, anything else is undecided."""

    def __init__(self, rng, dimension, domains, nodes=(3, 4), others=None):
        super().__init__(rng, {}, {}, domains)
        self.dimension, self.nodes, self.fast = dimension, nodes, False
        self.dimensions = {"z": dimension, **(others or {})}
        for space, d in self.dimensions.items():
            self.domains[space] = [
                tuple(Fraction(rng.randint(-5, 5), rng.randint(1, 3)) for _ in range(d)) for _ in range(3)
            ]
        self._origin = [Fraction(rng.choice((-7, -4, 5, 8)), 3) for _ in range(9)]

    def component(self, vector, i):
        """One that the vector lacks grows too fast to be integrated, if the model is `fast`."""
        outside = isinstance(i, Fraction) and not (i.denominator == 1 and 1 <= i <= len(vector))
        if self.fast and outside:
            return (9 * sum((ball(v) ** 2 for v in vector), flint.arb(0))).exp()
        return super().component(vector, i)

    def integrable(self, variable, body, env, reference):
        """Whether the integrand decays along the axes and a diagonal, which decides it for what has a diagonal quadratic
        form in its exponent and polynomials before it."""
        d = self.dimensions[variable[1]]
        axes = [tuple(s * Fraction(j == k) for j in range(d)) for k in range(d) for s in (1, -1)]
        return all(self._decays(variable, body, env, ray) for ray in (*axes, (Fraction(1),) * d) if any(ray))

    def _decays(self, variable, body, env, ray):
        far = Fraction(10) ** 4
        point = tuple(o + far * x for o, x in zip(self._origin, ray, strict=False))
        size = abs(ball(body({**env, variable: point}))) * ball(far ** (len(ray) + 1))
        if not size.is_finite() or not (size > 1 or size < 1):
            raise Undecided("perhaps integrable")
        return bool(size < 1)

    def bijection(self, variable, image, volume, env):
        """Whether an affine map has the absolute value of its determinant, not 0, for its volume factor; of the other maps
        of the line, those are told that fail for the function exp(-z^2)."""
        target, d = image.data[-1], self.dimensions[variable[1]]
        units = [tuple(Fraction(j == k) for j in range(d)) for k in range(d)]
        zero, *images = (self.point(image, {**env, variable: e}) for e in ((Fraction(0),) * d, *units))
        if self.dimensions[target] != d:
            return False
        matrix = [[add(a, negative(o)) for a, o in zip(row, zero, strict=True)] for row in images]
        for point in self.domains[variable[1]]:
            expected = list(zero)
            for x, row in zip(point, matrix, strict=True):
                expected = [add(a, multiply(x, b)) for a, b in zip(expected, row, strict=True)]
            if not all(map(same, self.point(image, {**env, variable: point}), expected)):
                return self._keeps_a_gaussian(variable, image, volume, env)
        size = determinant(matrix)
        if sign(size) == 0:
            return False
        size = multiply(Fraction(sign(size)), size)
        return all(same(self.value(volume, {**env, variable: p}), size) for p in self.domains[variable[1]])

    def _keeps_a_gaussian(self, variable, image, volume, env):
        total, places = 0.0, [{**env, variable: (Fraction(k, 16),)} for k in range(-128, 129)]
        for inner in places if self.dimensions[variable[1]] == 1 else ():
            (z,), factor = self.point(image, inner), self.value(volume, inner)
            total += math.exp(-(float(z) ** 2)) * float(factor) / 16
        if abs(total - math.sqrt(math.pi)) > 0.01 and total:
            return False
        raise Undecided("a map that is not affine")

    def integrate(self, variable, body, env, reference):
        if not self.integrable(variable, body, env, reference):
            return Fraction(0)
        normal = _reference(reference, variable)
        if normal is None:
            raise Undecided("an integral with no normal in it")
        for parameters in self._references(normal, variable, env):
            results = [self._quadrature(n, parameters, variable, body, env) for n in self.nodes]
            if same(*results):
                return results[0]
        raise Undecided("not a polynomial times a normal density")

    def _references(self, normal, variable, env):
        """Means and variances of the normal; those of two others if its own depend on the point."""
        outside = {k: v for k, v in env.items() if k != variable}
        d = self.dimensions[variable[1]]
        if self.value(normal.args[1], outside) != d:
            raise Undecided("a normal of another dimension")
        try:
            places = [{**outside, normal.bound.data: Fraction(j)} for j in range(1, d + 1)]
            yield [tuple(ball(self.value(t, inner)) for t in normal.args[2:]) for inner in places]
        except KeyError:
            yield from ([(flint.arb(0), flint.arb(v))] * d for v in (1, 4))

    def _quadrature(self, n, parameters, variable, body, env):
        axes = []
        for mean, variance in parameters:
            if not is_positive(variance):
                raise Undecided("a variance that is not positive")
            scale = (
                2 * flint.arb.pi() * variance
            ).sqrt()  # the density at mean + sqrt(variance) x is exp(-x^2/2) / scale
            axes.append([(mean + variance.sqrt() * x, w * scale * (x * x / 2).exp()) for x, w in hermite(n)])
        total = flint.arb(0)
        for nodes in itertools.product(*axes):
            mass = flint.arb(1)
            for _, w in nodes:
                mass *= w
            total += mass * ball(body({**env, variable: tuple(x for x, _ in nodes)}))
        return total


def determinant(matrix):
    """Laplace's expansion."""
    if not matrix:
        return Fraction(1)
    total = Fraction(0)
    for k, a in enumerate(matrix[0]):
        minor = [row[:k] + row[k + 1 :] for row in matrix[1:]]
        total = add(total, multiply(Fraction((-1) ** k), multiply(a, determinant(minor))))
    return total


class SeriesModel(Model):
    """The space x is the positive integers with the counting measure, for integrands that are rational functions of the
    point: such a series converges absolutely exactly if n f(n) tends to 0; one that does not is 0, as in the kernel."""

    FAR, TERMS = Fraction(10) ** 40, 400

    def integrable(self, variable, body, env, reference):
        return abs(self.FAR * body({**env, variable: (self.FAR,)})) < Fraction(1, 1000)

    def integrate(self, variable, body, env, reference):
        if not self.integrable(variable, body, env, reference):
            return Fraction(0)
        partial = sum((body({**env, variable: (Fraction(n),)}) for n in range(1, self.TERMS + 1)), Fraction(0))
        tail = abs(body({**env, variable: (Fraction(self.TERMS),)})) * self.TERMS * 2
        return ball(partial) + flint.arb(0, float(tail))
