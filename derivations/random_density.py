"""Random densities of the families of a model: tables of probabilities, and normal densities.

The marginals and conditionals of a family come from one joint density, in which what is supposed holds: independence,
factors, draws from one law.
"""

from __future__ import annotations

import itertools
from typing import Any

from flint import fmpq

from derivations.differentiable_number import exp, inverse, power
from derivations.gaussian_form import Form, NoValueError, Polynomial, as_form, quadratic
from derivations.matrix import solution
from derivations.point import FinitePoint, Point, RealPoint, written
from derivations.random_space import DRAWS, Spaces


class Densities:
    """The densities of a model.

    Attributes
    ----------
    extreme
        Whether tables are very uneven.
    """

    def __init__(self, model: Spaces) -> None:
        self._model, self.extreme = model, False
        self._cache: dict[Any, Any] = {}

    def forget(self) -> None:
        """Draw anew, for spaces that have changed."""
        self._cache.clear()

    def value(self, family: str, targets: dict[str, Point], given: dict[str, Point]) -> Any:
        """The value of a conditional density of a family: the quotient of two marginals of its joint density."""
        if family in self._model.vocabulary.definitions and not given:
            return self._model.defined(family, tuple(targets[s] for s in self._order(family)))
        joint = self._marginal(family, {**targets, **given})
        return joint * inverse(self._marginal(family, given)) if given else joint

    def _order(self, family: str) -> list[str]:
        """The spaces of a family in the order of the parameters of its definition."""
        return [str(p.data[1]) for p in self._model.vocabulary.definitions[family].parameters]

    def _marginal(self, family: str, points: dict[str, Point]) -> Any:
        spaces = tuple(s for s in self._model.vocabulary.families[family] if s in points)
        if all(isinstance(p, FinitePoint) for p in points.values()):
            places = tuple(points[s].place for s in spaces)  # type: ignore[union-attr]
            return self._finite(family, spaces)[places]
        coordinates: list[Any] = []
        for s in spaces:
            if not isinstance(p := points[s], RealPoint) or len(p.components) != self._model.dimensions.get(s):
                raise NoValueError("a point of another space")
            coordinates += p.components
        return at(self._normal(family, spaces), coordinates)

    def _finite(self, family: str, spaces: tuple[str, ...]) -> dict[tuple[int, ...], Any]:
        if (family, spaces) not in self._cache:
            whole = self._model.vocabulary.families[family]
            if spaces == whole:
                self._cache[family, spaces] = self._table(family)
            else:
                sums: dict[tuple[int, ...], Any] = {}
                for cell, value in self._finite(family, whole).items():
                    kept = tuple(k for s, k in zip(whole, cell, strict=True) if s in spaces)
                    for s, k in zip(whole, cell, strict=True):
                        value = value if s in spaces else value * self._model.weights[s][k]
                    sums[kept] = sums.get(kept, fmpq(0)) + value
                self._cache[family, spaces] = sums
        found: dict[tuple[int, ...], Any] = self._cache[family, spaces]
        return found

    def _table(self, family: str) -> dict[tuple[int, ...], Any]:
        spaces = self._model.vocabulary.families[family]
        cells = list(itertools.product(*(range(self._model.sizes[s]) for s in spaces)))
        masses = self._masses(family, cells)
        whole = sum(masses, fmpq(0))
        table = {}
        for cell, mass in zip(cells, masses, strict=True):
            table[cell] = mass / whole
            for s, k in zip(spaces, cell, strict=True):
                table[cell] = table[cell] / self._model.weights[s][k]
        entries = {",".join(map(str, cell)): written(value) for cell, value in table.items()}
        self._model.record["densities"][family] = {"spaces": list(spaces), "table": entries}
        return table

    def _masses(self, family: str, cells: list[tuple[int, ...]]) -> list[fmpq]:
        """Random masses of the cells of a joint table; products, where independence is supposed."""
        spaces = self._model.vocabulary.families[family]
        if any(spaces == (law.space,) for law in self._model.vocabulary.exchangeable.values()):
            return [fmpq(1)] * len(cells)
        for space, sample_space in self._model.vocabulary.draws.values():
            if spaces == (sample_space,):
                return [self._mass_of_draws(space, place) for (place,) in cells]
        targets, given = self._model.vocabulary.independences.get(family, (frozenset(spaces), frozenset()))
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
        cells = itertools.product(*(range(self._model.sizes[s]) for s in sorted(targets)))
        row = {cell: self._mass("row", family, condition, cell) for cell in cells}
        whole = sum(row.values())
        return {cell: fmpq(mass, whole) for cell, mass in row.items()}

    def _mass(self, *key: Any) -> int:
        rng = self._model.rng(*key)
        return rng.choice((1, 2, 5, 60, 700)) if self.extreme else rng.randint(1, 12)

    def _mass_of_draws(self, space: str, place: int) -> Any:
        """The probability of independent draws from the law of a space, written as the digits of one number."""
        law = next(f for f, spaces in self._model.vocabulary.families.items() if spaces == (space,))
        result: Any = fmpq(1)
        for _ in range(DRAWS):
            place, digit = divmod(place, self._model.sizes[space])
            result = result * self._finite(law, (space,))[digit,] * self._model.weights[space][digit]
        return result

    def _normal(self, family: str, spaces: tuple[str, ...]) -> Form:
        """A marginal of a joint normal density, in the variables 0, 1, ... of its spaces."""
        whole = self._model.vocabulary.families[family]
        if (family, spaces) not in self._cache:
            if spaces == whole:
                form = self._joint_normal(family)
            else:
                form, position, kept = self._normal(family, whole), 0, []
                for s in whole:
                    for g in range(position, position + self._model.dimensions[s]):
                        form = form if s in spaces else form.integral(g)
                        kept += [g] if s in spaces else []
                    position += self._model.dimensions[s]
                form = renumbered(form, kept)
            self._cache[family, spaces] = form
        found: Form = self._cache[family, spaces]
        return found

    def _joint_normal(self, family: str) -> Form:
        """A joint normal density over its integral, and its mean and precision on record."""
        spaces = self._model.vocabulary.families[family]
        if any(s not in self._model.dimensions for s in spaces):
            raise NoValueError("a family over finite and real spaces")
        size = sum(self._model.dimensions[s] for s in spaces)
        whole: Any = (
            self._product(family) if family in self._model.vocabulary.factors else self._drawn_normal(family, size)
        )
        form = as_form(whole)
        for g in range(size):
            whole = whole.integral(g)
        square, linear = quadratic(form.single()[0], list(range(size)))
        precision = [[-2 * c for c in row] for row in square]
        mean = solution(precision, linear, [fmpq(0)] * size)
        rows = [list(map(written, row)) for row in precision]
        entry = {"spaces": list(spaces), "mean": list(map(written, mean)), "precision": rows}
        self._model.record["densities"][family] = entry
        return as_form(form * inverse(whole))

    def _product(self, family: str) -> Any:
        """The factors that are supposed, times random normal densities of what they leave out.

        That has a law given all else, or, where a factor is a law given it, a law of its own.
        """
        points: dict[str, RealPoint] = {}
        for s in self._model.vocabulary.families[family]:
            first = sum(len(p.components) for p in points.values())
            points[s] = RealPoint(s, tuple(Form.variable(first + i) for i in range(self._model.dimensions[s])))
        result: Any = fmpq(1)
        for factor in self._model.vocabulary.factors[family]:
            result = result * self._model.evaluate(factor.body, {p.data: points[p.data[1]] for p in factor.parameters})
        targets, given = self._model.vocabulary.factored(family)
        known = [] if given - targets else [u for s in points if s in targets for u in points[s].components]
        for s in sorted(points.keys() - targets):
            for i, z in enumerate(points[s].components):
                mean = self._linear((family, s, i), known)
                deviation, variance = z + -mean, self._model.positive("variance", family, s, i)
                result = result * exp(deviation * deviation * (fmpq(-1, 2) / variance))
        return result

    def _linear(self, key: tuple[Any, ...], variables: list[Any]) -> Any:
        """A random linear function of some variables."""
        coefficients = [
            self._model.rng("sign", *key, k).choice((-1, 1)) * self._model.positive(*key, k)
            for k in range(len(variables) + 1)
        ]
        return sum((c * u for c, u in zip(coefficients[1:], variables, strict=True)), coefficients[0])

    def _drawn_normal(self, family: str, size: int) -> Any:
        """``exp(-1/2 (y - m)' P (y - m))``, the precision P dominated by its diagonal."""
        mean = [
            self._model.rng("mean", family, i).choice((-1, 1)) * self._model.positive(family, i) for i in range(size)
        ]
        precision = [[fmpq(0)] * size for _ in range(size)]
        for i, k in itertools.combinations(range(size), 2):
            precision[i][k] = precision[k][i] = fmpq(self._model.rng(family, i, k).choice((-3, -2, 2, 3)), 7)
        for i in range(size):
            precision[i][i] = self._model.positive("precision", family, i) + fmpq(3 * size, 7)
        deviations = [Form.variable(i) + -mean[i] for i in range(size)]
        exponent: Any = fmpq(0)
        for i, k in itertools.product(range(size), repeat=2):
            exponent = exponent + deviations[i] * deviations[k] * (precision[i][k] / -2)
        return exp(exponent)


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
