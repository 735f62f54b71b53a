"""Random functions of a model: tables, polynomials, their exponentials, maps of which something is supposed."""

from __future__ import annotations

import math
from typing import Any

from flint import arb, fmpq

from derivations.differentiable_number import exp, inverse, power
from derivations.gaussian_form import NoValueError
from derivations.point import FinitePoint, Parameters, RealPoint, place_of, written
from derivations.random_space import DRAWS, ROUNDS, Spaces
from derivations.vocabulary import PARAMETERS


class Functions:
    """The functions of a model; what was solved for is kept."""

    def __init__(self, model: Spaces) -> None:
        self._model = model
        self._solved: dict[tuple[Any, ...], Any] = {}

    def value(self, name: str, kind: str, values: tuple[Any, ...]) -> Any:
        """The value of a function symbol, a number or a point.

        Raises
        ------
        NoValueError
            If it cannot have one here.
        """
        known = self._model.defined(name, values)
        if known is not None:
            return known
        discrete = self._model.vocabulary.discrete[name]
        key, numbers = [], []
        for value, counted in zip(values, discrete, strict=True):
            if counted:
                key.append(place_of(value))
            else:
                numbers += self._numbers(value)
        if (name, *key) in self._solved:
            self._record_function(name, kind, "table", key, written(self._solved[name, *key]))
            return self._solved[name, *key]
        if name in self._model.vocabulary.exchangeable:
            return self._exchanged(name, *key)
        if name in self._model.vocabulary.draws or name in self._model.vocabulary.bijections:
            return self._map(name, key)
        if name in self._model.vocabulary.affine_maps or any(
            name == f for f, _ in self._model.vocabulary.affine_maps.values()
        ):
            return self._affine(name, values)
        for image, (factor, _) in self._model.vocabulary.bijections.items():
            if name == factor:
                return self._volume_factor(name, self._map(image, key), values[0])
        if name in self._model.vocabulary.densities:
            return self._density_function(name, key, values)
        if kind in ("natural", "index"):
            raise NoValueError("a function with values in the integers")
        if kind == "real":
            return self._real_function(name, kind, key, numbers)
        if kind in self._model.dimensions:
            every = range(1, self._model.dimensions[kind] + 1)
            return RealPoint(kind, tuple(self._real_function(name, kind, [*key, i], numbers) for i in every))
        if numbers:
            raise NoValueError("a point of a finite space that depends on real numbers")
        if kind in PARAMETERS:
            return Parameters(f"{name}({','.join(map(str, key))})")
        place = self._model.rng("function", name, key).randrange(self._model.sizes[kind])
        self._record_function(name, kind, "table", key, place)
        return FinitePoint(kind, place)

    def solved(self, name: str, values: tuple[Any, ...], value: Any) -> Any:
        """The value of a function of places and indices, which is this one unless another was found before."""
        return self._solved.setdefault((name, *map(place_of, values)), value)

    def _map(self, name: str, key: list[int]) -> FinitePoint:
        """A draw ``z_l(omega)``, or the image of a point under a bijection of finite spaces."""
        if name in self._model.vocabulary.draws:
            kind = self._model.vocabulary.draws[name][0]
            number, place = key
            known = 1 <= number <= DRAWS
            image = place // self._model.sizes[kind] ** (number - 1) % self._model.sizes[kind] if known else 0
        else:
            kind = next(t.data[1] for t in self._model.vocabulary.terms if t.head == "function" and t.data[0] == name)
            image = (key[0] + 1) % self._model.sizes[kind]
        self._record_function(name, kind, "table", key, image)
        return FinitePoint(kind, image)

    def _exchanged(self, name: str, number: int, place: int) -> Any:
        """Numbers that go round, twice: each index has each of them at one point, so that all have the same law."""
        law = self._model.vocabulary.exchangeable[name]
        size = self._model.sizes[law.space]
        count = size // ROUNDS
        inside = 1 <= number <= count
        value: Any = self._model.positive(name, place // count * count + (number + place) % count)
        if not inside:  # of these nothing is supposed
            value = (
                self._model.rng("sign", name, number).choice((1, -1)) * self._model.positive(name, number, place) / 4
            )
        elif law.mean is not None:
            average = sum((self._model.positive(name, k) for k in range(size)), fmpq(0)) / size
            value = value * self._model.evaluate(law.mean, {}) / average
        self._record_function(name, "real", "table", [number, place], written(value))
        return value

    def _affine(self, name: str, values: tuple[Any, ...]) -> Any:
        """A map ``b_i + s_i e_i + ...`` of R^J, or its volume factor ``prod_i s_i``."""
        image = next(t for t, (f, _) in self._model.vocabulary.affine_maps.items() if name in (t, f))
        space = self._model.vocabulary.affine_maps[image][1]
        own = next(v for v in values if isinstance(v, RealPoint) and v.space == space)
        scales = [self._model.positive(image, "scale", i) for i in range(len(own.components))]
        numbers = [u for v in values for u in self._numbers(v)]
        if name != image:
            volume = math.prod(scales, start=fmpq(1))
            self._record_function(name, "real", "polynomial", [], [[str(volume), [0] * len(numbers)]])
            return volume
        kind = next(t.data[1] for t in self._model.vocabulary.terms if t.head == "function" and t.data[0] == name)
        components = []
        for i, e in enumerate(own.components):
            written = [[str(self._model.generic(name, i)), [0] * len(numbers)]]
            total: Any = self._model.generic(name, i)
            for k, u in enumerate(numbers):
                is_own = any(u is c for c in own.components)
                c = scales[i] if u is e else fmpq(0) if is_own else self._model.generic(name, i, k)
                written.append([str(c), [int(k == m) for m in range(len(numbers))]])
                total = total + c * u
            components.append(total)
            self._record_function(name, kind, "polynomial", [i + 1], written)
        return RealPoint(kind, tuple(components))

    def _volume_factor(self, name: str, image: FinitePoint, point: FinitePoint) -> Any:
        value = self._model.weights[image.space][image.place] / self._model.weights[point.space][point.place]
        self._record_function(name, "real", "table", [point.place], str(value))
        return value

    def _numbers(self, value: Any) -> list[Any]:
        if isinstance(value, RealPoint):
            return list(value.components)
        if isinstance(value, Parameters):
            return [self._model.component(value, (i,)) for i in (1, 2)]
        if isinstance(value, FinitePoint):
            raise NoValueError("a point of a finite space")
        return [value]

    def _real_function(self, name: str, kind: str, key: list[int], numbers: list[Any]) -> Any:
        if not numbers:
            value = self._model.generic(name, "table", *key)
            self._record_function(name, kind, "table", key, str(value))
            return value
        exponential = name in self._model.vocabulary.positive
        monomials = _monomials(len(numbers), 1 if kind != "real" else 2 if exponential else 3)
        coefficients = []
        for m in monomials:
            c = self._model.rng("sign", name, key, m).choice((1, -1)) * self._model.positive(name, *key, m)
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
        place = self._model.vocabulary.densities[name]
        point = values[place]
        if isinstance(point, FinitePoint):
            raw = [
                self._model.positive(name, k, *key[:place], *key[place + 1 :])
                for k in range(self._model.sizes[point.space])
            ]
            total = sum((w * r for w, r in zip(self._model.weights[point.space], raw, strict=True)), fmpq(0))
            value = raw[point.place] / total
            self._record_function(name, "real", "table", key, str(value))
            return value
        known = [v for i, v in enumerate(values) if i != place and not self._model.vocabulary.discrete[name][i]]
        others = [u for v in known for u in self._numbers(v)]
        # of a point of R^J the variance is no function: a normal law of that point stays one of both
        spreading = [not isinstance(v, RealPoint) for v in known for _ in self._numbers(v)]
        result: Any = fmpq(1)
        written = []
        for i, z in enumerate(self._numbers(point)):
            slopes = [self._model.generic(name, "mean", i, k, *key) for k in range(len(others) + 1)]
            least = self._model.positive(name, "variance", i, *key)
            spread = [
                self._model.generic(name, "spread", i, k, *key) if s else fmpq(0) for k, s in enumerate(spreading)
            ]
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
        discrete = list(self._model.vocabulary.discrete[name])
        entry: dict[str, Any] = {"kind": kind, "shape": shape, "discrete": discrete, "values": {}}
        if shape == "normal":
            entry["argument"] = self._model.vocabulary.densities[name]
        entry = self._model.record["functions"].setdefault(name, entry)
        entry["values"][",".join(map(str, key))] = value


def _monomials(size: int, degree: int) -> list[tuple[int, ...]]:
    """Exponents of 1, the powers of each of some variables, and the products of the first with the others."""
    powers = [tuple(d * int(i == k) for k in range(size)) for d in range(1, degree + 1) for i in range(size)]
    mixed = [tuple(int(k in (0, i)) for k in range(size)) for i in range(1, size)] if degree > 1 else []
    return [(0,) * size, *powers, *mixed]
