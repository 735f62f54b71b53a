"""Both sides of a refuted claim, computed again from a counterexample's data: floating point, grids and complex steps.

Nothing here is shared with `derivations.refute`: integrals over R^J are sums over a grid around the normal density that
stands in the integrand, derivatives are imaginary parts, functions and tables are read from the data.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from derivations.kernel import Term

NUMBERS = ("real", "natural", "index")
STEP = 1e-30
NODES = 61


class OutOfReach(Exception):
    """What a grid of floating point numbers cannot do."""


def rational(text):
    """A rational number, or the middle of a ball."""
    if text.startswith("["):
        text = text.strip("[]").split(" ")[0]
    above, _, below = text.partition("/")
    return float(above) / float(below or 1)


def both_sides(found, hypotheses=()):
    """Left and right value of a counterexample."""
    return tuple(Reader(found, hypotheses).value(side, Reader(found, hypotheses).start()) for side in found.claim.args)


class Reader:
    def __init__(self, found, hypotheses):
        self.claim, self.data, self.axes = found.claim, found.model, 0
        self.definitions = dict(d for h in hypotheses for d in defined(h))
        self.normalised = [h for h in hypotheses if normalisation(h) is not None]
        self.conventions = {k: rational(v) for k, v in self.data["conventions"].items()}
        self.hypotheses, self.assumed, self.tables = hypotheses, {}, {}

    def start(self):
        env = {}
        for v in variables(self.claim).union(*map(variables, self.hypotheses)):
            name, kind = v.data
            if kind in NUMBERS:
                env[v.data] = rational(self.data["values"][name]) if name in self.data["values"] else None
            elif kind in ("vector", "matrix"):
                env[v.data] = ("parameters", name)
            elif name in self.data["values"]:
                value = self.data["values"][name]
                env[v.data] = ("place", kind, value) if isinstance(value, int) else tuple(map(rational, value))
        return env

    # --- terms ---

    def value(self, term, env):
        args, name = term.args, None if term.bound is None else term.bound.data
        match term.head:
            case "number":
                return float(term.data[0])
            case "pi":
                return math.pi
            case "variable":
                return env[term.data]
            case "add":
                return sum((self.value(a, env) for a in args), 0.0)
            case "multiply":
                result = 1.0
                for a in args:
                    result = result * self.value(a, env)
                return result
            case "power":
                return self.power(self.value(args[0], env), self.value(args[1], env))
            case "log":
                return self.log(self.value(args[0], env))
            case "exp":
                return np.exp(self.value(args[0], env))
            case "delta":
                return float(self.value(args[0], env) == self.value(args[1], env))
            case "component":
                return self.component(self.value(args[0], env), [round(self.value(a, env)) for a in args[1:]])
            case "function":
                return self.function(term, [self.value(a, env) for a in args], env)
            case "density":
                return self.density(term, [self.value(a, env) for a in args])
            case "sum" | "product":
                first, last = (round(self.value(a, env)) for a in args[:2])
                parts = [self.value(args[2], {**env, name: float(i)}) for i in range(first, last + 1)]
                return sum(parts, 0.0) if term.head == "sum" else math.prod(parts) if parts else 1.0
            case "tuple":
                return tuple(
                    self.value(args[1], {**env, name: float(i)}) for i in range(1, round(self.value(args[0], env)) + 1)
                )
            case "derivative":
                if np.iscomplexobj(self.value(args[0], env)):
                    raise OutOfReach("a derivative of a derivative")
                moved = self.value(args[1], {**env, name: self.value(args[0], env) + 1j * STEP})
                return np.imag(moved) / STEP
            case "normal":
                return self.normal(term, env)
            case "integral":
                return self.integral(name, args[0], env)
            case "expectation":
                return self.integral(name, Term("multiply", args), env)
            case "kl":
                return self.integral(name, args[0] * Term("log", (args[0] * args[1] ** -1,)), env)
        raise OutOfReach(term.head)

    def power(self, base, exponent):
        if np.ndim(exponent) == 0 and not np.iscomplexobj(exponent) and exponent == round(exponent):
            if exponent < 0 and np.ndim(base) == 0 and base == 0:
                return self.conventions["inverse"]
            return base ** round(exponent) if exponent >= 0 else 1 / base ** round(-exponent)
        if np.any(np.real(base) < 0):
            return self.convention("root", base)
        return base**exponent

    def convention(self, kind, x):
        if kind not in self.conventions or not np.all(np.real(x) <= 0):
            raise OutOfReach(kind)
        return self.conventions[kind]

    def log(self, x):
        return self.convention("log", x) if np.any(np.real(x) <= 0) else np.log(x)

    def component(self, point, indices):
        if isinstance(point[0], str):
            owner = point[1]
            key = ",".join(map(str, indices))
            if point[0] == "place":
                key = f"{point[2]};{key}"
            elif owner in self.definitions:
                parameters, body = self.definitions[owner]
                return self.value(body, {**self.start(), **dict(zip(parameters, map(float, indices), strict=True))})
            return rational(self.data["components"][owner][key])
        (i,) = indices
        return point[i - 1] if 1 <= i <= len(point) else self.conventions["component"] * (1 + point[0])

    def normal(self, term, env):
        point, name = self.value(term.args[0], env), term.bound.data
        exponent, volume = 0.0, 1.0
        for i in range(1, round(self.value(term.args[1], env)) + 1):
            mean, variance = (self.value(a, {**env, name: float(i)}) for a in term.args[2:])
            exponent = exponent - (self.component(point, [i]) - mean) ** 2 * self.power(variance, -1.0) / 2
            volume = volume * (2 * math.pi * variance)
        return self.power(self.power(volume, 0.5), -1.0) * np.exp(exponent)

    # --- densities and functions ---

    def density(self, term, points):
        family, count = term.data
        if family not in self.data["densities"] and count == len(points):
            parameters, body = self.definitions[family]
            return self.value(body, {**self.start(), **dict(zip(parameters, points, strict=True))})
        entry = self.data["densities"][family]
        groups = [dict(zip((a.data[-1] for a in g), p, strict=True)) for g, p in (
            (term.args, points), (term.args[count:], points[count:]))]  # fmt: skip
        joint, below = (self.marginal(family, entry, g) if g else 1.0 for g in groups)
        return joint / below

    def marginal(self, family, entry, points):
        if "table" in entry:
            total = 0.0
            for key, mass in entry["table"].items():
                cell = dict(zip(entry["spaces"], map(int, key.split(",")), strict=True))
                if all(cell[s] == p[2] for s, p in points.items()):
                    weights = [
                        rational(self.data["spaces"][s]["weights"][k]) for s, k in cell.items() if s not in points
                    ]
                    total += rational(mass) * math.prod(weights)
            return total
        covariance = np.linalg.inv([[rational(c) for c in row] for row in entry["precision"]])
        sizes = [self.data["spaces"][s]["dimension"] for s in entry["spaces"]]
        owners = [s for s, n in zip(entry["spaces"], sizes, strict=True) for _ in range(n)]
        kept = [i for i, s in enumerate(owners) if s in points]
        inner = covariance[np.ix_(kept, kept)]
        coordinates = [c for s in entry["spaces"] if s in points for c in points[s]]
        deviations = [c - rational(entry["mean"][i]) for c, i in zip(coordinates, kept, strict=True)]
        precision = np.linalg.inv(inner)
        square = sum(
            deviations[i] * deviations[k] * precision[i, k] for i, k in itertools.product(range(len(kept)), repeat=2)
        )
        return np.exp(-square / 2) / math.sqrt((2 * math.pi) ** len(kept) * np.linalg.det(inner))

    def function(self, term, values, env):
        name = term.data[0]
        if name in self.assumed:
            return self.assumed[name]
        if name in self.definitions:
            parameters, body = self.definitions[name]
            return self.value(body, {**self.start(), **dict(zip(parameters, values, strict=True))})
        if name not in self.data["functions"]:
            return self.normaliser(name, values)
        entry = self.data["functions"][name]
        key, numbers = [], []
        for value, counted in zip(values, entry["discrete"], strict=True):
            if counted:
                key.append(str(value[2]) if isinstance(value, tuple) else str(round(value)))
            elif isinstance(value, tuple):
                numbers.append(
                    [self.component(value, [i]) for i in (1, 2)] if isinstance(value[0], str) else list(value)
                )
            else:
                numbers.append([value])
        kind = entry["kind"]
        if entry["shape"] == "normal":
            return self.normal_function(entry, key, numbers, values)
        flat = [u for group in numbers for u in group]
        if kind in self.data["spaces"] and "dimension" in self.data["spaces"][kind]:
            every = range(1, self.data["spaces"][kind]["dimension"] + 1)
            return tuple(self.shaped(entry, ",".join((*key, str(i))), flat) for i in every)
        result = self.shaped(entry, ",".join(key), flat)
        return ("place", kind, result) if kind in self.data["spaces"] else result

    def shaped(self, entry, key, numbers):
        value = entry["values"][key]
        if entry["shape"] == "table":
            return value if isinstance(value, int) else rational(value)
        total = 0.0
        for c, exponents in value:
            total = total + rational(c) * math.prod([u**e for u, e in zip(numbers, exponents, strict=True)])
        return np.exp(total) if entry["shape"] == "exponential" else total

    def normal_function(self, entry, key, numbers, values):
        place = entry["argument"]
        continuous = [i for i, counted in enumerate(entry["discrete"]) if not counted]
        own = numbers[continuous.index(place)]
        others = [u for i, group in zip(continuous, numbers, strict=True) if i != place for u in group]
        result = 1.0
        for z, law in zip(own, entry["values"][",".join(key)], strict=True):
            first, *slopes = map(rational, law["mean"])
            mean = first + sum((c * u for c, u in zip(slopes, others, strict=True)), 0.0)
            spread = ((rational(c) * u) ** 2 for c, u in zip(law["spread"], others, strict=True))
            variance = rational(law["variance"]) + sum(spread)
            result = result * np.exp(-((z - mean) ** 2) / (2 * variance)) / math.sqrt(2 * math.pi * variance)
        return result

    def normaliser(self, name, values):
        """``A(t)`` from ``int h exp(... - A(t)) = 1``."""
        for hypothesis in self.normalised:
            whole, quantified = normalisation(hypothesis)
            if name in {t.data[0] for t in walk(whole) if t.head == "function"}:
                env = {**self.start(), **dict(zip(quantified, values, strict=True))}
                self.assumed[name] = 0.0
                try:
                    return np.log(self.value(whole, env))
                finally:
                    del self.assumed[name]
        raise OutOfReach(name)

    # --- integrals ---

    def integral(self, name, body, env):
        space = self.data["spaces"][name[1]]
        if "weights" in space:
            weights = map(rational, space["weights"])
            return sum(w * self.value(body, {**env, name: ("place", name[1], k)}) for k, w in enumerate(weights))
        for fineness in (1, 5):
            result, coarse = self.on_grid(name, body, env, fineness)
            if np.allclose(result, coarse, rtol=1e-3, atol=1e-9):  # the error of the finer one is a power of this
                return result
        raise OutOfReach("an integrand too narrow for a grid")

    def on_grid(self, name, body, env, fineness):
        """The integral by a grid, and by every other point of it."""
        count, first = self.data["spaces"][name[1]]["dimension"], self.axes
        axes = [self.axis(name, body, env, i, fineness) for i in range(1, count + 1)]
        self.axes += len(axes)
        if self.axes > (3 if fineness == 1 else 2):
            self.axes = first
            raise OutOfReach("a grid in four dimensions, or a fine one in three")
        try:
            shape = lambda x, i: x.reshape((1,) * (first + i) + (-1,) + (1,) * (2 - first - i))
            point = tuple(shape(x, i) for i, (x, _) in enumerate(axes))
            values = np.asarray(self.value(body, {**env, name: point}))
            result = np.broadcast_to(values, np.broadcast_shapes(values.shape, *(x.shape for x in point)))
            coarse = result
            for i, (_, step) in enumerate(axes):
                edges = np.take(result, (0, -1), axis=first + i)
                if np.max(np.abs(edges)) > 1e-9:
                    return (self.divergent(),) * 2
                halved = coarse.take(range(0, coarse.shape[first + i], 2), axis=first + i)
                coarse = halved.sum(axis=first + i, keepdims=True) * (2 * step)
                result = result.sum(axis=first + i, keepdims=True) * step
        finally:
            self.axes = first
        return (result.item(), coarse.item()) if first == 0 else (result, coarse)

    def divergent(self):
        if "integral" not in self.conventions:
            raise OutOfReach("an integrand that does not fall off")
        return self.conventions["integral"]

    def axis(self, name, body, env, i, fineness):
        """A grid around the normal density of this variable in the integrand, or a wide one."""
        for t in walk(body):
            if t.head == "normal" and t.args[0].data == name:
                try:
                    inner = {**{k: v for k, v in env.items() if k != name}, t.bound.data: float(i)}
                    mean, variance = (self.value(a, inner) for a in t.args[2:])
                except (KeyError, OutOfReach):
                    continue
                mean, variance = np.real(mean), np.real(variance)
                if np.ndim(mean) == np.ndim(variance) == 0 and variance > 0:
                    x = np.linspace(-9, 9, 1 + fineness * (NODES - 1)) * math.sqrt(variance) + mean
                    return x, x[1] - x[0]
        half, nodes = (30, 1200) if self.data["spaces"][name[1]]["dimension"] == 1 else (15, 200)
        x = np.linspace(-half, half, 1 + fineness * nodes)
        return x, x[1] - x[0]


def walk(term):
    yield term
    for a in term.args:
        yield from walk(a)


def variables(term):
    return {t for t in walk(term) if t.head == "variable"}


def defined(hypothesis):
    """``(name, (parameters, body))`` where a hypothesis says what a function or the components of a vector are."""
    while hypothesis.head in ("forall", "forall_in"):
        hypothesis = hypothesis.args[-1]
    if hypothesis.head != "equal":
        return
    for left, right in (hypothesis.args, hypothesis.args[::-1]):
        name, parameters = None, ()
        if left.head == "function" or (left.head == "density" and left.data[1] == len(left.args)):
            name, parameters = left.data[0], left.args
        elif (
            left.head == "component"
            and left.args[0].head == "variable"
            and left.args[0].data[1] in ("vector", "matrix")
        ):
            name, parameters = left.args[0].data[0], left.args[1:]
        used = {t.data[0] for t in walk(right) if t.head in ("function", "variable")}
        if name and all(p.head == "variable" for p in parameters) and name not in used:
            yield name, ([p.data for p in parameters], right)
            return


def normalisation(hypothesis):
    """The integral that is supposed to be 1 for all values of a variable, and that variable."""
    quantified = []
    while hypothesis.head == "forall":
        quantified.append(hypothesis.bound.data)
        hypothesis = hypothesis.args[0]
    if quantified and hypothesis.head == "equal" and hypothesis.args[0].head == "integral":
        return hypothesis.args[0], quantified
    return None
