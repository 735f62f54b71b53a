"""Random models of a claim: finite spaces with tables, R^J with normal densities, functions, and values of parameters.

A `Model` answers what a name stands for. It draws when it is asked, always the same for the same seed, and records
what it drew, so that a counterexample holds just what it needs. Values are generic: never 0 or 1, never symmetric.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flint import arb, fmpq

from derivations.differentiable_number import exp, inverse, power
from derivations.gaussian_form import Form, NoValueError, Polynomial, UndefinedError, as_form, quadratic
from derivations.kernel import Term
from derivations.matrix import Matrix, solution
from derivations.vocabulary import PARAMETERS, Vocabulary


@dataclass(frozen=True)
class FinitePoint:
    """A point of a finite space, by its place."""

    space: str
    place: int


@dataclass(frozen=True)
class RealPoint:
    """A point of R^J."""

    space: str
    components: tuple[Any, ...]


@dataclass(frozen=True)
class Parameters:
    """A vector or matrix of parameters, of any size: its entries are drawn when they are read."""

    name: str


DRAWS = 3
ROUNDS = 2  # of exchangeable numbers: in one round alone their sum would be the same at each point
Point = FinitePoint | RealPoint | Parameters


class Model:
    """One model for the names of a vocabulary.

    Attributes
    ----------
    sizes, dimensions, weights
        Of the finite spaces, of the spaces R^J, and of the points of the finite spaces.
    signed, extreme
        Whether numbers may be negative where nothing is supposed, and tables very uneven.
    record
        What was drawn, as JSON data: `components` of vectors and points, `densities`, `functions`.
    """

    def __init__(self, vocabulary: Vocabulary, seed: str) -> None:
        self.vocabulary, self.seed, self.signed, self.extreme = vocabulary, seed, False, False
        self.sizes: dict[str, int] = {}
        self.dimensions: dict[str, int] = {}
        self.weights: dict[str, list[Any]] = {}
        self.record: dict[str, dict[str, Any]] = {"components": {}, "densities": {}, "functions": {}}
        self.defined: Callable[[str, tuple[Any, ...]], Any] = lambda name, values: None
        self.evaluate: Callable[[Term, dict[Any, Any]], Any] = lambda term, env: None
        self._drawn: dict[tuple[Any, ...], Any] = {}
        self._solved: dict[tuple[Any, ...], Any] = {}
        self._cache: dict[Any, Any] = {}

    def rng(self, *key: Any) -> random.Random:
        """A generator of its own for each thing to be drawn."""
        return random.Random(f"{self.seed} {key}")

    def positive(self, *key: Any) -> fmpq:
        """A generic positive number."""
        rng = self.rng(*key)
        return fmpq(rng.choice((2, 3, 4, 5, 8, 9, 11, 13)), rng.choice((7, 7, 17)))

    def generic(self, name: str, *key: Any) -> fmpq:
        """A generic number; positive if the name has to be."""
        sign = self.rng("sign", name, *key).choice((1, -1)) if self._may_be_negative(name) else 1
        return sign * self.positive(name, *key)

    def _may_be_negative(self, name: str) -> bool:
        return self.signed and name not in self.vocabulary.positive

    # --- spaces ---

    def add_finite(self, space: str, size: int, weighted: bool) -> None:
        """A finite space, with the counting measure or with random weights."""
        self._cache.clear()
        self.sizes[space] = size
        self.weights[space] = [self.positive("weight", space, k) if weighted else fmpq(1) for k in range(size)]

    def points(self, space: str) -> list[FinitePoint]:
        """The points of a finite space."""
        return [FinitePoint(space, k) for k in range(self.sizes[space])]

    def point(self, space: str, *key: Any) -> Point:
        """A point drawn from a space."""
        if space in PARAMETERS:
            return Parameters("".join(map(str, key)))
        if space in self.sizes:
            return FinitePoint(space, self.rng("point", space, *key).randrange(self.sizes[space]))
        components = (self.generic(f"point {key}", i) for i in range(self.dimensions[space]))
        return RealPoint(space, tuple(components))

    def component(self, point: Point, indices: tuple[int, ...]) -> Any:
        """A component of a point or vector.

        Raises
        ------
        UndefinedError
            If the point has no such component.
        """
        if isinstance(point, RealPoint):
            if len(indices) != 1 or not 1 <= indices[0] <= len(point.components):
                raise UndefinedError("no such component")
            return point.components[indices[0] - 1]
        owner = point.name if isinstance(point, Parameters) else point.space
        place = (point.place,) if isinstance(point, FinitePoint) else ()
        known = None if place else self.defined(owner, tuple(map(fmpq, indices)))
        if known is not None:
            return known
        value = self._drawn.get((owner, place, indices))
        if value is None:
            value = self.generic(owner, *place, *indices)
            if len(indices) == 2 and indices[0] == indices[1]:
                value += 3 if value > 0 else -3  # a matrix dominated by its diagonal, so that it has an inverse
            self._drawn[owner, place, indices] = value
        entry = ",".join(map(str, indices))
        self.record["components"].setdefault(owner, {})[";".join((*map(str, place), entry))] = written(value)
        return value

    def set_entries(self, name: str, matrix: Matrix) -> None:
        """Give the entries of a matrix of parameters values."""
        for i, row in enumerate(matrix, 1):
            self._drawn.update({(name, (), (i, k)): value for k, value in enumerate(row, 1)})

    # --- densities of families ---

    def density(self, family: str, targets: dict[str, Point], given: dict[str, Point]) -> Any:
        """The value of a conditional density of a family: the quotient of two marginals of its joint density."""
        if family in self.vocabulary.definitions and not given:
            return self.defined(family, tuple(targets[s] for s in self._order(family)))
        joint = self._marginal(family, {**targets, **given})
        return joint * inverse(self._marginal(family, given)) if given else joint

    def _order(self, family: str) -> list[str]:
        """The spaces of a family in the order of the parameters of its definition."""
        return [str(p.data[1]) for p in self.vocabulary.definitions[family].parameters]

    def _marginal(self, family: str, points: dict[str, Point]) -> Any:
        spaces = tuple(s for s in self.vocabulary.families[family] if s in points)
        if all(isinstance(p, FinitePoint) for p in points.values()):
            places = tuple(points[s].place for s in spaces)  # type: ignore[union-attr]
            return self._finite(family, spaces)[places]
        coordinates: list[Any] = []
        for s in spaces:
            if not isinstance(p := points[s], RealPoint) or len(p.components) != self.dimensions.get(s):
                raise NoValueError("a point of another space")
            coordinates += p.components
        return at(self._normal(family, spaces), coordinates)

    def _finite(self, family: str, spaces: tuple[str, ...]) -> dict[tuple[int, ...], Any]:
        if (family, spaces) not in self._cache:
            whole = self.vocabulary.families[family]
            if spaces == whole:
                self._cache[family, spaces] = self._table(family)
            else:
                sums: dict[tuple[int, ...], Any] = {}
                for cell, value in self._finite(family, whole).items():
                    kept = tuple(k for s, k in zip(whole, cell, strict=True) if s in spaces)
                    for s, k in zip(whole, cell, strict=True):
                        value = value if s in spaces else value * self.weights[s][k]
                    sums[kept] = sums.get(kept, fmpq(0)) + value
                self._cache[family, spaces] = sums
        found: dict[tuple[int, ...], Any] = self._cache[family, spaces]
        return found

    def _table(self, family: str) -> dict[tuple[int, ...], Any]:
        spaces = self.vocabulary.families[family]
        cells = list(itertools.product(*(range(self.sizes[s]) for s in spaces)))
        masses = self._masses(family, cells)
        whole = sum(masses, fmpq(0))
        table = {}
        for cell, mass in zip(cells, masses, strict=True):
            table[cell] = mass / whole
            for s, k in zip(spaces, cell, strict=True):
                table[cell] = table[cell] / self.weights[s][k]
        entries = {",".join(map(str, cell)): written(value) for cell, value in table.items()}
        self.record["densities"][family] = {"spaces": list(spaces), "table": entries}
        return table

    def _masses(self, family: str, cells: list[tuple[int, ...]]) -> list[fmpq]:
        """Random masses of the cells of a joint table; products, where independence is supposed."""
        spaces = self.vocabulary.families[family]
        if any(spaces == (law.space,) for law in self.vocabulary.exchangeable.values()):
            return [fmpq(1)] * len(cells)
        for space, sample_space in self.vocabulary.draws.values():
            if spaces == (sample_space,):
                return [self._mass_of_draws(space, place) for (place,) in cells]
        targets, given = self.vocabulary.independences.get(family, (frozenset(spaces), frozenset()))
        groups = sorted(given), sorted(targets), [s for s in spaces if s not in targets]
        rows: dict[tuple[int, ...], dict[tuple[int, ...], fmpq]] = {}
        masses = []
        for cell in cells:
            places = dict(zip(spaces, cell, strict=True))
            condition, row, rest = (tuple(places[s] for s in group) for group in groups)
            if condition not in rows:
                rows[condition] = self._row(family, targets, condition)
            masses.append(rows[condition][row] * self._mass(family, rest))
        return masses

    def _row(self, family: str, targets: frozenset[str], condition: tuple[int, ...]) -> dict[tuple[int, ...], fmpq]:
        """The probabilities of the places of some spaces given those of others."""
        cells = itertools.product(*(range(self.sizes[s]) for s in sorted(targets)))
        row = {cell: self._mass("row", family, condition, cell) for cell in cells}
        whole = sum(row.values())
        return {cell: fmpq(mass, whole) for cell, mass in row.items()}

    def _mass(self, *key: Any) -> int:
        rng = self.rng(*key)
        return rng.choice((1, 2, 5, 60, 700)) if self.extreme else rng.randint(1, 12)

    def _mass_of_draws(self, space: str, place: int) -> Any:
        """The probability of independent draws from the law of a space, written as the digits of one number."""
        law = next(f for f, spaces in self.vocabulary.families.items() if spaces == (space,))
        result: Any = fmpq(1)
        for _ in range(DRAWS):
            place, digit = divmod(place, self.sizes[space])
            result = result * self._finite(law, (space,))[digit,] * self.weights[space][digit]
        return result

    def _normal(self, family: str, spaces: tuple[str, ...]) -> Form:
        """A marginal of a joint normal density, in the variables 0, 1, ... of its spaces."""
        whole = self.vocabulary.families[family]
        if (family, spaces) not in self._cache:
            if spaces == whole:
                form = self._joint_normal(family)
            else:
                form, position, kept = self._normal(family, whole), 0, []
                for s in whole:
                    for g in range(position, position + self.dimensions[s]):
                        form = form if s in spaces else form.integral(g)
                        kept += [g] if s in spaces else []
                    position += self.dimensions[s]
                form = renumbered(form, kept)
            self._cache[family, spaces] = form
        found: Form = self._cache[family, spaces]
        return found

    def _joint_normal(self, family: str) -> Form:
        """A joint normal density over its integral, and its mean and precision on record."""
        spaces = self.vocabulary.families[family]
        if any(s not in self.dimensions for s in spaces):
            raise NoValueError("a family over finite and real spaces")
        size = sum(self.dimensions[s] for s in spaces)
        whole: Any = self._product(family) if family in self.vocabulary.factors else self._drawn_normal(family, size)
        form = as_form(whole)
        for g in range(size):
            whole = whole.integral(g)
        square, linear = quadratic(form.single()[0], list(range(size)))
        precision = [[-2 * c for c in row] for row in square]
        mean = solution(precision, linear, [fmpq(0)] * size)
        rows = [list(map(written, row)) for row in precision]
        entry = {"spaces": list(spaces), "mean": list(map(written, mean)), "precision": rows}
        self.record["densities"][family] = entry
        return as_form(form * inverse(whole))

    def _product(self, family: str) -> Any:
        """The factors that are supposed, times random normal densities of what they leave out.

        That has a law given all else, or, where a factor is a law given it, a law of its own.
        """
        points: dict[str, RealPoint] = {}
        for s in self.vocabulary.families[family]:
            first = sum(len(p.components) for p in points.values())
            points[s] = RealPoint(s, tuple(Form.variable(first + i) for i in range(self.dimensions[s])))
        result: Any = fmpq(1)
        for factor in self.vocabulary.factors[family]:
            result = result * self.evaluate(factor.body, {p.data: points[p.data[1]] for p in factor.parameters})
        targets, given = self.vocabulary.factored(family)
        known = [] if given - targets else [u for s in points if s in targets for u in points[s].components]
        for s in sorted(points.keys() - targets):
            for i, z in enumerate(points[s].components):
                mean = self._linear((family, s, i), known)
                deviation, variance = z + -mean, self.positive("variance", family, s, i)
                result = result * exp(deviation * deviation * (fmpq(-1, 2) / variance))
        return result

    def _linear(self, key: tuple[Any, ...], variables: list[Any]) -> Any:
        """A random linear function of some variables."""
        coefficients = [
            self.rng("sign", *key, k).choice((-1, 1)) * self.positive(*key, k) for k in range(len(variables) + 1)
        ]
        return sum((c * u for c, u in zip(coefficients[1:], variables, strict=True)), coefficients[0])

    def _drawn_normal(self, family: str, size: int) -> Any:
        """``exp(-1/2 (y - m)' P (y - m))``, the precision P dominated by its diagonal."""
        mean = [self.rng("mean", family, i).choice((-1, 1)) * self.positive(family, i) for i in range(size)]
        precision = [[fmpq(0)] * size for _ in range(size)]
        for i, k in itertools.combinations(range(size), 2):
            precision[i][k] = precision[k][i] = fmpq(self.rng(family, i, k).choice((-3, -2, 2, 3)), 7)
        for i in range(size):
            precision[i][i] = self.positive("precision", family, i) + fmpq(3 * size, 7)
        deviations = [Form.variable(i) + -mean[i] for i in range(size)]
        exponent: Any = fmpq(0)
        for i, k in itertools.product(range(size), repeat=2):
            exponent = exponent + deviations[i] * deviations[k] * (precision[i][k] / -2)
        return exp(exponent)

    # --- functions ---

    def function(self, name: str, kind: str, values: tuple[Any, ...]) -> Any:
        """The value of a function symbol, a number or a point.

        Raises
        ------
        NoValueError
            If it cannot have one here.
        """
        known = self.defined(name, values)
        if known is not None:
            return known
        discrete = self.vocabulary.discrete[name]
        key, numbers = [], []
        for value, counted in zip(values, discrete, strict=True):
            if counted:
                key.append(place_of(value))
            else:
                numbers += self._numbers(value)
        if (name, *key) in self._solved:
            self._record_function(name, kind, "table", key, written(self._solved[name, *key]))
            return self._solved[name, *key]
        if name in self.vocabulary.exchangeable:
            return self._exchanged(name, *key)
        if name in self.vocabulary.draws or name in self.vocabulary.bijections:
            return self._map(name, key)
        if name in self.vocabulary.affine_maps or any(name == f for f, _ in self.vocabulary.affine_maps.values()):
            return self._affine(name, values)
        for image, (factor, _) in self.vocabulary.bijections.items():
            if name == factor:
                return self._volume_factor(name, self._map(image, key), values[0])
        if name in self.vocabulary.densities:
            return self._density_function(name, key, values)
        if kind in ("natural", "index"):
            raise NoValueError("a function with values in the integers")
        if kind == "real":
            return self._real_function(name, kind, key, numbers)
        if kind in self.dimensions:
            every = range(1, self.dimensions[kind] + 1)
            return RealPoint(kind, tuple(self._real_function(name, kind, [*key, i], numbers) for i in every))
        if numbers:
            raise NoValueError("a point of a finite space that depends on real numbers")
        if kind in PARAMETERS:
            return Parameters(f"{name}({','.join(map(str, key))})")
        place = self.rng("function", name, key).randrange(self.sizes[kind])
        self._record_function(name, kind, "table", key, place)
        return FinitePoint(kind, place)

    def solved(self, name: str, values: tuple[Any, ...], value: Any) -> Any:
        """The value of a function of places and indices, which is this one unless another was found before."""
        return self._solved.setdefault((name, *map(place_of, values)), value)

    def _map(self, name: str, key: list[int]) -> FinitePoint:
        """A draw ``z_l(omega)``, or the image of a point under a bijection of finite spaces."""
        if name in self.vocabulary.draws:
            kind = self.vocabulary.draws[name][0]
            number, place = key
            known = 1 <= number <= DRAWS
            image = place // self.sizes[kind] ** (number - 1) % self.sizes[kind] if known else 0
        else:
            kind = next(t.data[1] for t in self.vocabulary.terms if t.head == "function" and t.data[0] == name)
            image = (key[0] + 1) % self.sizes[kind]
        self._record_function(name, kind, "table", key, image)
        return FinitePoint(kind, image)

    def _exchanged(self, name: str, number: int, place: int) -> Any:
        """Numbers that go round, twice: each index has each of them at one point, so that all have the same law."""
        law = self.vocabulary.exchangeable[name]
        size = self.sizes[law.space]
        count = size // ROUNDS
        inside = 1 <= number <= count
        value: Any = self.positive(name, place // count * count + (number + place) % count)
        if not inside:  # of these nothing is supposed
            value = self.rng("sign", name, number).choice((1, -1)) * self.positive(name, number, place) / 4
        elif law.mean is not None:
            average = sum((self.positive(name, k) for k in range(size)), fmpq(0)) / size
            value = value * self.evaluate(law.mean, {}) / average
        self._record_function(name, "real", "table", [number, place], written(value))
        return value

    def _affine(self, name: str, values: tuple[Any, ...]) -> Any:
        """A map ``b_i + s_i e_i + ...`` of R^J, or its volume factor ``prod_i s_i``."""
        image = next(t for t, (f, _) in self.vocabulary.affine_maps.items() if name in (t, f))
        space = self.vocabulary.affine_maps[image][1]
        own = next(v for v in values if isinstance(v, RealPoint) and v.space == space)
        scales = [self.positive(image, "scale", i) for i in range(len(own.components))]
        numbers = [u for v in values for u in self._numbers(v)]
        if name != image:
            volume = math.prod(scales, start=fmpq(1))
            self._record_function(name, "real", "polynomial", [], [[str(volume), [0] * len(numbers)]])
            return volume
        kind = next(t.data[1] for t in self.vocabulary.terms if t.head == "function" and t.data[0] == name)
        components = []
        for i, e in enumerate(own.components):
            written = [[str(self.generic(name, i)), [0] * len(numbers)]]
            total: Any = self.generic(name, i)
            for k, u in enumerate(numbers):
                is_own = any(u is c for c in own.components)
                c = scales[i] if u is e else fmpq(0) if is_own else self.generic(name, i, k)
                written.append([str(c), [int(k == m) for m in range(len(numbers))]])
                total = total + c * u
            components.append(total)
            self._record_function(name, kind, "polynomial", [i + 1], written)
        return RealPoint(kind, tuple(components))

    def _volume_factor(self, name: str, image: FinitePoint, point: FinitePoint) -> Any:
        value = self.weights[image.space][image.place] / self.weights[point.space][point.place]
        self._record_function(name, "real", "table", [point.place], str(value))
        return value

    def _numbers(self, value: Any) -> list[Any]:
        if isinstance(value, RealPoint):
            return list(value.components)
        if isinstance(value, Parameters):
            return [self.component(value, (i,)) for i in (1, 2)]
        if isinstance(value, FinitePoint):
            raise NoValueError("a point of a finite space")
        return [value]

    def _real_function(self, name: str, kind: str, key: list[int], numbers: list[Any]) -> Any:
        if not numbers:
            value = self.generic(name, "table", *key)
            self._record_function(name, kind, "table", key, str(value))
            return value
        exponential = name in self.vocabulary.positive
        monomials = _monomials(len(numbers), 1 if kind != "real" else 2 if exponential else 3)
        coefficients = []
        for m in monomials:
            c = self.rng("sign", name, key, m).choice((1, -1)) * self.positive(name, *key, m)
            coefficients.append(c / 16 if exponential or (any(m) and kind != "real") else c)
        total: Any = fmpq(0)
        for c, m in zip(coefficients, monomials, strict=True):
            term: Any = c
            for u, e in zip(numbers, m, strict=True):
                term = term * power(u, fmpq(e))
            total = total + term
        shape = "exponential" if exponential else "polynomial"
        written = [[str(c), list(m)] for c, m in zip(coefficients, monomials, strict=True)]
        self._record_function(name, kind, shape, key, written)
        return exp(total) if exponential else total

    def _density_function(self, name: str, key: list[int], values: tuple[Any, ...]) -> Any:
        """A function that integrates to one over one of its arguments: a normal density, or a normalised table."""
        place = self.vocabulary.densities[name]
        point = values[place]
        if isinstance(point, FinitePoint):
            raw = [self.positive(name, k, *key[:place], *key[place + 1 :]) for k in range(self.sizes[point.space])]
            total = sum((w * r for w, r in zip(self.weights[point.space], raw, strict=True)), fmpq(0))
            value = raw[point.place] / total
            self._record_function(name, "real", "table", key, str(value))
            return value
        known = [v for i, v in enumerate(values) if i != place and not self.vocabulary.discrete[name][i]]
        others = [u for v in known for u in self._numbers(v)]
        # of a point of R^J the variance is no function: a normal law of that point stays one of both
        spreading = [not isinstance(v, RealPoint) for v in known for _ in self._numbers(v)]
        result: Any = fmpq(1)
        written = []
        for i, z in enumerate(self._numbers(point)):
            slopes = [self.generic(name, "mean", i, k, *key) for k in range(len(others) + 1)]
            least = self.positive(name, "variance", i, *key)
            spread = [self.generic(name, "spread", i, k, *key) if s else fmpq(0) for k, s in enumerate(spreading)]
            mean: Any = slopes[0]
            variance: Any = least
            for c, s, u in zip(slopes[1:], spread, others, strict=True):
                mean = mean + c * u
                variance = variance + (s * u * (s * u) if s != 0 else fmpq(0))
            deviation = z + -mean
            scale = power(variance * (2 * arb.pi()), fmpq(-1, 2))
            result = result * exp(deviation * deviation * (inverse(variance) * fmpq(-1, 2))) * scale
            written.append({"mean": list(map(str, slopes)), "variance": str(least), "spread": list(map(str, spread))})
        self._record_function(name, "real", "normal", key, written)
        return result

    def _record_function(self, name: str, kind: str, shape: str, key: list[int], value: Any) -> None:
        discrete = list(self.vocabulary.discrete[name])
        entry: dict[str, Any] = {"kind": kind, "shape": shape, "discrete": discrete, "values": {}}
        if shape == "normal":
            entry["argument"] = self.vocabulary.densities[name]
        entry = self.record["functions"].setdefault(name, entry)
        entry["values"][",".join(map(str, key))] = value


def _monomials(size: int, degree: int) -> list[tuple[int, ...]]:
    """Exponents of 1, the powers of each of some variables, and the products of the first with the others."""
    powers = [tuple(d * int(i == k) for k in range(size)) for d in range(1, degree + 1) for i in range(size)]
    mixed = [tuple(int(k in (0, i)) for k in range(size)) for i in range(1, size)] if degree > 1 else []
    return [(0,) * size, *powers, *mixed]


def written(value: Any) -> str:
    """A rational number as it is, a ball as a decimal number with an error bound."""
    return str(value) if isinstance(value, fmpq) else str(value.str(40))


def place_of(value: Any) -> int:
    """A whole number, or the place of a point of a finite space.

    Raises
    ------
    NoValueError
        If the value is neither.
    """
    if isinstance(value, FinitePoint):
        return value.place
    if isinstance(value, fmpq) and value.q == 1:
        return int(value.p)
    raise NoValueError("not a whole number")


def at(form: Any, coordinates: list[Any]) -> Any:
    """The value of ``c exp(Q)`` where its variables have these values."""
    exponent, c = as_form(form).single()
    return exp(_polynomial_at(exponent, coordinates)) * c


def _polynomial_at(p: Polynomial, coordinates: list[Any]) -> Any:
    total: Any = fmpq(0)
    for monomial, c in p.items():
        term: Any = c
        for g, e in monomial:
            term = term * power(coordinates[g], fmpq(e))
        total = total + term
    return total


def renumbered(form: Form, kept: list[int]) -> Form:
    """The same function of variables 0, 1, ..."""
    number = {g: i for i, g in enumerate(kept)}

    def renamed(p: Polynomial) -> Polynomial:
        return {tuple((number[g], e) for g, e in m): c for m, c in p.items()}

    return Form([(renamed(q), renamed(p)) for q, p in form.parts])
