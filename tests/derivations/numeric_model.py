"""Terms as numbers on a grid: concrete models of the theorems on sampling, gradients and normals, in floating point.

A space is a grid with weights: finite, or R^J by the trapezoidal rule, which is exact to rounding for what decays like a
normal density on a fine grid. Functions and densities are Python callables on arrays. Nothing here uses the kernel's rules.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

TOLERANCE = 1e-8  # of the differences that stand for derivatives, nested twice
STENCIL = (4 / 5, -1 / 5, 4 / 105, -1 / 280)


def line(width=13.0, step=0.1):
    """R^1: coordinates and weights."""
    x = np.arange(-width, width + step / 2, step)
    return [x], np.full(x.shape, step)


def plane(width=12.0, step=0.24):
    """R^2."""
    (x,), _ = line(width, step)
    first, second = (a.ravel() for a in np.meshgrid(x, x, indexing="ij"))
    return [first, second], np.full(first.shape, step**2)


class NumericModel:
    """Spaces, functions and densities for terms.

    Parameters
    ----------
    spaces
        ``{kind: (coordinates, weights)}``.
    functions
        ``{name: callable}`` of numbers and lists of coordinates; a list of coordinates comes back for a point.
    densities
        ``{(family, targets, given): callable}`` of the points in this order, spaces by their names.
    reals
        Where a statement for all real numbers is tried.
    """

    def __init__(self, spaces, functions=None, densities=None, reals=(-0.7, 0.4, 1.3)):
        self.spaces, self.functions, self.densities = spaces, functions or {}, densities or {}
        self.reals = reals

    # --- points ---

    def point(self, term, env):
        if term.head == "variable":
            return env[term.data]
        if term.head == "function":
            return self.functions[term.data[0]](*(self.any(a, env) for a in term.args))
        dimension = int(self.value(term.args[0], env))
        return [self.value(term.args[1], {**env, term.bound.data: j}) for j in range(1, dimension + 1)]

    def any(self, term, env):
        number = term.head not in ("variable", "function", "tuple") or term.data[-1] in ("real", "natural", "index")
        return self.value(term, env) if number and term.head != "tuple" else self.point(term, env)

    # --- numbers ---

    def integrate(self, variable, body, env):
        inner = self.inside(variable, env)
        weights = self.spaces[variable[1]][1].reshape(inner[variable][0].shape)
        return (np.asarray(body(inner)) * weights).sum(axis=0)

    def inside(self, variable, env):
        """The values of all variables where `variable` runs over its grid, along a new first axis."""
        depth = env.get("depth", 0)
        coordinates = [c.reshape((-1,) + (1,) * depth) for c in self.spaces[variable[1]][0]]
        return {**env, variable: coordinates, "depth": depth + 1}

    def normal(self, term, env):
        z, dimension = self.point(term.args[0], env), int(self.value(term.args[1], env))
        result = 1.0
        for j in range(1, dimension + 1):
            mean, variance = (self.value(t, {**env, term.bound.data: j}) for t in term.args[2:])
            result = result * np.exp(-((z[j - 1] - mean) ** 2) / (2 * variance)) / np.sqrt(2 * math.pi * variance)
        return result

    def derivative(self, term, env):
        at, name, h = self.value(term.args[0], env), term.bound.data, 0.01
        value = lambda x: self.value(term.args[1], {**env, name: x})
        return sum(c * (value(at + k * h) - value(at - k * h)) for k, c in enumerate(STENCIL, 1)) / h

    def value(self, term, env):
        args, name = term.args, None if term.bound is None else term.bound.data
        match term.head:
            case "number":
                return float(term.data[0])
            case "pi":
                return math.pi
            case "variable":
                return env[term.data]
            case "component":
                return component(self.point(args[0], env), [self.value(i, env) for i in args[1:]])
            case "function":
                return self.functions[term.data[0]](*(self.any(a, env) for a in args))
            case "density":
                family, count = term.data
                points = [(a.data[-1], self.point(a, env)) for a in args]
                groups = tuple(tuple(s for s, _ in g) for g in (points[:count], points[count:]))
                return self.densities[family, *groups](*(p for _, p in points))
            case "delta":
                return float(self.value(args[0], env) == self.value(args[1], env))
            case "add":
                return sum(self.value(a, env) for a in args)
            case "multiply":
                return math.prod(self.value(a, env) for a in args)
            case "power":
                return self.value(args[0], env) ** self.value(args[1], env)
            case "log":
                return np.log(self.value(args[0], env))
            case "exp":
                return np.exp(self.value(args[0], env))
            case "sum" | "product":
                lower, upper = (round(float(self.value(a, env))) for a in args[:2])
                values = [self.value(args[2], {**env, name: i}) for i in range(lower, upper + 1)]
                return sum(values) if term.head == "sum" else math.prod(values)
            case "integral":
                return self.integrate(name, lambda e: self.value(args[0], e), env)
            case "expectation":
                return self.integrate(name, lambda e: self.value(args[0], e) * self.value(args[1], e), env)
            case "kl":

                def summand(e):
                    q, p = (self.value(a, e) for a in args)
                    return q * (np.log(q) - np.log(p))

                return self.integrate(name, summand, env)
            case "normal":
                return self.normal(term, env)
            case "derivative":
                return self.derivative(term, env)
        raise AssertionError(term.head)

    # --- propositions ---

    def truth(self, term, env):
        args, name = term.args, None if term.bound is None else term.bound.data
        match term.head:
            case "equal":
                return same(*(self.value(a, env) for a in args))
            case "at_most":
                return bool(np.all(self.value(args[0], env) <= self.value(args[1], env) + TOLERANCE))
            case "positive":
                return bool(np.all(self.value(args[0], env) > 0))
            case "nonzero":
                return bool(np.all(self.value(args[0], env) != 0))
            case "within":
                i, lower, upper = (self.value(a, env) for a in args)
                return lower <= i <= upper
            case "dimension":
                return len(env[args[0].data]) == self.value(args[1], env)
            case "integrable":
                return bool(np.all(np.isfinite(self.integrate(name, lambda e: abs(self.value(args[0], e)), env))))
            case "differential":
                at, claimed = (self.value(a, env) for a in args[:2])
                value = lambda x: self.value(args[2], {**env, name: x})
                slope = sum(c * (value(at + k / 100) - value(at - k / 100)) for k, c in enumerate(STENCIL, 1)) * 100
                return same(claimed, slope)
            case "bijection":
                return self.bijection(term, env)
            case "forall" if name[1] == "real":
                return all(self.truth(args[0], {**env, name: v}) for v in self.reals)
            case "forall":
                return self.truth(args[0], self.inside(name, env))
            case "forall_in":
                lower, upper = (int(self.value(a, env)) for a in args[:2])
                return all(self.truth(args[2], {**env, name: i}) for i in range(lower, upper + 1))
        raise AssertionError(term.head)

    def bijection(self, term, env):
        """Integrals of bumps at several places: on the space of the image, and pulled back."""
        space = self.spaces[term.args[0].data[-1]]
        for place in itertools.product((-0.8, 0.5), repeat=len(space[0])):
            bump = lambda z, place=place: np.exp(-sum((c - a) ** 2 for c, a in zip(z, place, strict=True)))
            direct = (bump(space[0]) * space[1]).sum()
            pulled = self.integrate(
                term.bound.data, lambda e, b=bump: b(self.point(term.args[0], e)) * self.value(term.args[1], e), env
            )
            if not same(direct, pulled):
                return False
        return True


def component(entry, indices):
    """An entry of a vector or matrix; where there is none, some number that depends on the indices."""
    for i in indices:
        if not (i == int(i) and 1 <= i <= len(entry)):
            return 0.37 + 0.11 * sum((n + 1) * i for n, i in enumerate(indices))
        entry = entry[int(i) - 1]
    return entry


def same(left, right):
    """Equal up to the tolerance, everywhere on the grid."""
    return bool(np.all(abs(left - right) <= TOLERANCE * (1 + abs(left) + abs(right))))
