"""The value of a term, and the truth of a proposition, in a model.

Values are exact or enclosed in balls. Nothing is made of a convention: an expression that divides by zero, takes the
logarithm of a negative number or integrates what is not integrable has no value here, and a model in which the sides
of a claim have none says nothing about it, unless conventions are asked for.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flint import arb, fmpq

from derivations import kernel
from derivations.differentiable_number import Dual, exp, integral, inverse, is_positive, log, power, slope, variable_at
from derivations.gaussian_form import ROUNDING, Form, NoValueError, UndefinedError, by_degree, total_form
from derivations.kernel import Term
from derivations.matrix import determinant
from derivations.model import Model
from derivations.point import FinitePoint, RealPoint, place_of
from derivations.vocabulary import NUMBERS, Definition, unquantified

Environment = Mapping[tuple[str, str], Any]
LONGEST_SUM = 60


class Interpretation:
    """Terms in a model.

    Parameters
    ----------
    model
        What the names stand for.
    deadline
        The time (of `time.monotonic`) after which nothing has a value any more.
    conventions
        Values of what has none: of every ``log`` of a number that is not positive, every ``inverse`` of 0, every
        ``root`` of a negative number, every ``component`` that is not there (times one plus the first component); an ``integral`` of what is not integrable.
        None if these are to have no value.
    """

    def __init__(self, model: Model, deadline: float, conventions: Mapping[str, fmpq] | None = None) -> None:
        self.model, self.deadline, self.conventions = model, deadline, conventions
        self.values: dict[tuple[str, str], Any] = {}
        self._generators = itertools.count()
        self._assumed: dict[str, Any] = {}
        model.defined = self._defined
        model.evaluate = lambda term, env: self.value(term, {**self.values, **env})

    def value(self, term: Term, env: Environment) -> Any:
        """The value of a number or point.

        Raises
        ------
        NoValueError
            If it has none, or none that can be computed.
        """
        args = term.args
        match term.head:
            case "number":
                return fmpq(term.data[0].numerator, term.data[0].denominator)
            case "pi":
                return arb.pi()
            case "variable":
                return env[term.data]
            case "component":
                indices = tuple(place_of(self.value(a, env)) for a in args[1:])
                return self._component(self.value(args[0], env), indices)
            case "function":
                return self.model.functions.value(term.data[0], term.data[1], tuple(self.value(a, env) for a in args))
            case "add" | "multiply":
                return self._arithmetic(term, env)
            case "power":
                return self._power(self.value(args[0], env), self.value(args[1], env))
            case "log":
                return self._or_convention("log", lambda: log(self.value(args[0], env)))
            case "exp":
                return exp(self.value(args[0], env))
            case "delta":
                return fmpq(int(place_of(self.value(args[0], env)) == place_of(self.value(args[1], env))))
            case "density":
                groups = args[: term.data[1]], args[term.data[1] :]
                targets, given = ({a.data[-1]: self.value(a, env) for a in group} for group in groups)
                return self.model.densities.value(term.data[0], targets, given)
        return self._bound(term, env)

    def _or_convention(self, kind: str, compute: Callable[[], Any]) -> Any:
        try:
            return compute()
        except UndefinedError:
            if self.conventions is None:
                raise
            return self.conventions[kind]

    def _power(self, base: Any, exponent: Any) -> Any:
        whole = isinstance(exponent, fmpq) and exponent.q == 1
        if not whole and self.conventions is not None and isinstance(base, fmpq) and base == 0:
            raise NoValueError("a root of zero")
        return self._or_convention("inverse" if whole else "root", lambda: power(base, exponent))

    def _component(self, point: Any, indices: tuple[int, ...]) -> Any:
        try:
            return self.model.component(point, indices)
        except UndefinedError:
            if self.conventions is None or not isinstance(point, RealPoint):
                raise
            return self.conventions["component"] * (point.components[0] + fmpq(1))

    def _arithmetic(self, term: Term, env: Environment) -> Any:
        result: Any = fmpq(int(term.head == "multiply"))
        for a in term.args:
            x = self.value(a, env)
            result = result + x if term.head == "add" else result * x
        return result

    def _bound(self, term: Term, env: Environment) -> Any:
        if time.monotonic() > self.deadline:
            raise NoValueError("out of time")
        args, name = term.args, bound_name(term)
        match term.head:
            case "sum" | "product":
                result: Any = fmpq(int(term.head == "product"))
                for inner in self._instances(name, args[0], args[1], env):
                    x = self.value(args[2], inner)
                    result = result + x if term.head == "sum" else result * x
                return result
            case "integral":
                return self._integral(name, lambda e: self.value(args[0], e), env)
            case "expectation":
                return self._integral(name, lambda e: self.value(args[0], e) * self.value(args[1], e), env)
            case "kl":
                return self._integral(name, lambda e: self._log_ratio(args[0], args[1], e), env)
            case "normal":
                return self._normal(term, env)
            case "derivative":
                point = variable_at(self.value(args[0], env))
                return slope(self.value(args[1], {**env, name: point}), point.seed)
            case "tuple":
                components = tuple(self.value(args[1], e) for e in self._instances(name, None, args[0], env))
                return self._point(term.data[0], components)
        raise NoValueError(f"{term.head} has no value")

    def _log_ratio(self, q: Term, p: Term, env: Environment) -> Any:
        x = self.value(q, env)
        ratio = x * self._power(self.value(p, env), fmpq(-1))
        return x * self._or_convention("log", lambda: log(ratio))

    def _point(self, space: str, components: tuple[Any, ...]) -> RealPoint:
        if self.model.dimensions.get(space) != len(components):
            raise NoValueError("a point of another space")
        return RealPoint(space, components)

    def _instances(
        self, index: tuple[str, str], lower: Term | None, upper: Term, env: Environment
    ) -> Iterator[Environment]:
        """The environments in which an index runs from its lower limit (1 if there is none) to the upper one."""
        first, last = 1 if lower is None else place_of(self.value(lower, env)), place_of(self.value(upper, env))
        if last - first > LONGEST_SUM:
            raise NoValueError("a long sum")
        for i in range(first, last + 1):
            yield {**env, index: fmpq(i)}

    def _integral(self, name: tuple[str, str], body: Any, env: Environment) -> Any:
        space, model = name[1], self.model
        if space in model.sizes:
            result: Any = fmpq(0)
            for point, weight in zip(model.points(space), model.weights[space], strict=True):
                result = result + weight * body({**env, name: point})
            return result
        generators = [next(self._generators) for _ in range(model.dimensions[space])]
        variable = RealPoint(space, tuple(map(Form.variable, generators)))
        integrand = body({**env, name: variable})
        return self._or_convention("integral", lambda: integral(integrand, generators))

    def _normal(self, term: Term, env: Environment) -> Any:
        point, name = self.value(term.args[0], env), bound_name(term)
        exponent, volume = fmpq(0), fmpq(1)
        for inner in self._instances(name, None, term.args[1], env):
            mean, variance = (self.value(a, inner) for a in term.args[2:])
            if self.conventions is None and not is_positive(variance):
                raise UndefinedError("a variance that is not positive")
            deviation = self._component(point, (place_of(inner[name]),)) + -mean
            exponent = exponent + deviation * deviation * self._power(variance, fmpq(-1)) * fmpq(-1, 2)
            volume = volume * (2 * arb.pi() * variance)
        return exp(exponent) * self._power(self._power(volume, fmpq(1, 2)), fmpq(-1))

    # --- definitions ---

    def _defined(self, name: str, values: tuple[Any, ...]) -> Any:
        """The value that a definition among the hypotheses gives; None if there is none."""
        if name in self._assumed:
            assumed = self._assumed[name]
            return assumed(*values) if callable(assumed) else assumed
        definition = self.model.vocabulary.definitions.get(name)
        if definition is None:
            return None
        parameters = (p.data for p in definition.parameters)
        env = {**self.values, **dict(zip(parameters, values, strict=True))}
        return self._normaliser(definition, env) if definition.normalises else self.value(definition.body, env)

    def is_density(self, definition: Definition) -> bool:
        """Whether the density that a definition gives to a family integrates to one."""
        return close(self.integral_of(definition), fmpq(1))

    def integral_of(self, definition: Definition) -> Any:
        """The integral over all parameters of a definition."""
        whole = definition.body
        for parameter in definition.parameters:
            whole = kernel.integral(parameter, whole)
        return self.value(whole, self.values)

    def _normaliser(self, definition: Definition, env: Environment) -> Any:
        """The A with ``Z exp(c A) = 1``, Z and c from the integral at A = 0 and at A = 1."""
        at_zero, at_one = (self.supposing(definition.name, fmpq(a), definition.body, env) for a in (0, 1))
        factor = log(at_one * inverse(at_zero))
        return -log(at_zero) * inverse(factor)

    def supposing(self, name: str, value: Any, body: Term, env: Environment) -> Any:
        """The value of `body` where a name has a value, or entries that a function gives for their indices."""
        self._assumed[name] = value
        try:
            return self.value(body, env)
        finally:
            del self._assumed[name]

    # --- propositions ---

    def truth(self, proposition: Term, env: Environment) -> bool:
        """Whether a proposition holds.

        Raises
        ------
        NoValueError
            If that cannot be decided.
        """
        args = proposition.args
        match proposition.head:
            case "equal":
                return close(*(self.value(a, env) for a in args))
            case "at_most":
                return not_above(*(self.value(a, env) for a in args))
            case "positive":
                return is_positive(self.value(args[0], env))
            case "nonzero":
                x = self.value(args[0], env)
                return is_positive(x) or is_positive(-x)
            case "within":
                i, lower, upper = (place_of(self.value(a, env)) for a in args)
                return lower <= i <= upper
            case "dimension":
                point = self.value(args[0], env)
                return isinstance(point, RealPoint) and len(point.components) == self.value(args[1], env)
            case "forall_in":
                inner = self._instances(bound_name(proposition), args[0], args[1], env)
                return all(self.truth(args[2], e) for e in inner)
            case "forall":
                return all(self.truth(args[0], e) for e in self.every(bound_name(proposition), env))
            case "integrable":
                self._integral(bound_name(proposition), lambda e: self.value(args[0], e), env)
                return True
            case "bijection":
                return self._is_bijection(bound_name(proposition), args[0], args[1], env)
            case "differential":
                point = variable_at(self.value(args[0], env))
                found = self.value(args[2], {**env, bound_name(proposition): point})
                return close(slope(found, point.seed), self.value(args[1], env))
        raise NoValueError(f"{proposition.head} cannot be decided")

    def _is_bijection(self, name: tuple[str, str], image: Term, factor: Term, env: Environment) -> bool:
        """Whether a map of finite spaces, or one of R^J that is affine, keeps all integrals."""
        (*inner,) = self.every(name, env)
        images = [self.value(image, e) for e in inner]
        factors = [self.value(factor, e) for e in inner]
        if isinstance(images[0], FinitePoint):
            weights = self.model.weights
            sums = dict.fromkeys(self.model.points(images[0].space), fmpq(0))
            for point, d, w in zip(images, factors, weights[name[1]], strict=True):
                sums[point] = sums[point] + d * w
            return all(close(total, weights[point.space][point.place]) for point, total in sums.items())
        return close(self.volume(name, image, env), factors[0])

    def volume(self, name: tuple[str, str], image: Term, env: Environment) -> Any:
        """The volume factor of an affine map between spaces of one dimension.

        Raises
        ------
        NoValueError
            If it is none.
        """
        (inner,) = self.every(name, env)
        e, point = inner[name], self.value(image, inner)
        if not isinstance(point, RealPoint) or len(point.components) != len(e.components):
            raise NoValueError("a map between spaces of different dimensions")
        volume = determinant([[slope_in(c, x) for x in e.components] for c in point.components])
        return volume if is_positive(volume) else -volume

    def every(self, name: tuple[str, str], env: Environment) -> Iterator[Environment]:
        """Environments for all values of a variable: one in which it is a variable of the forms, where it is real."""
        kind, model = name[1], self.model
        if kind in model.sizes:
            yield from ({**env, name: point} for point in model.points(kind))
        elif kind == "real":
            yield {**env, name: Form.variable(next(self._generators))}
        elif kind in NUMBERS or kind not in model.dimensions:
            raise NoValueError(f"a quantifier over {kind}")
        else:
            fresh = (Form.variable(next(self._generators)) for _ in range(model.dimensions[kind]))
            yield {**env, name: RealPoint(kind, tuple(fresh))}

    def moment_rows(self, space: str) -> list[tuple[list[Any], Any]]:
        """What is supposed of integrals over a finite space: ``sum_k w_k row_k = c`` for the weights w."""
        rows = []
        for hypothesis in self.model.vocabulary.moments.get(space, []):
            equation, limits = unquantified(hypothesis)
            for env in self.expanded(limits, dict(self.values)):
                whole, c = equation.args
                name = bound_name(whole)
                points = [{**env, name: FinitePoint(space, k)} for k in range(self.model.sizes[space])]
                body = Term("multiply", whole.args)
                rows.append(([self.value(body, e) for e in points], self.value(c, env)))
        return rows

    def expanded(self, limits: list[tuple[Term, tuple[Term, ...]]], env: Environment) -> Iterator[Environment]:
        """Environments for all values of quantified variables, indices within limits and points of finite spaces."""
        if not limits:
            yield env
            return
        (v, args), *rest = limits
        for inner in self._instances(v.data, *args[:2], env) if len(args) == 3 else self.every(v.data, env):
            yield from self.expanded(rest, inner)


def slope_in(component: Any, variable: Form) -> Any:
    """The constant s of ``s e + ...``, where e is the variable and the rest does not depend on it.

    Raises
    ------
    NoValueError
        If the component is not of this form.
    """
    ((((g, _),), _),) = variable.parts[0][1].items()
    if not isinstance(component, Form) or len(component.parts) != 1 or component.parts[0][0]:
        raise NoValueError("a map that is not affine")
    parts = by_degree(component.parts[0][1], g)
    s = total_form(parts.get(1, {}))
    if max(parts) > 1 or isinstance(s, Form):
        raise NoValueError("a map that is not affine")
    return s


def bound_name(term: Term) -> tuple[str, str]:
    """Name and kind of the variable that a term binds."""
    assert term.bound is not None
    return term.bound.data


def close(a: Any, b: Any) -> bool:
    """Whether two values are equal: rational numbers exactly; balls disagree rigorously, and agree to thirty digits.

    Raises
    ------
    NoValueError
        If the balls are too wide to tell.
    """
    if isinstance(a, fmpq) and isinstance(b, fmpq):
        return bool(a == b)
    return all(_negligible(c, a, b) for c in _coefficients(a + -b))


def _negligible(c: Any, a: Any, b: Any) -> bool:
    difference = arb(c)
    scale = 1 + max(abs(float(x)) for v in (a, b) for x in _coefficients(v))
    if not difference.contains(0):
        return False
    if difference.rad() < ROUNDING * scale:
        return True
    raise NoValueError("too close to tell")


def _coefficients(value: Any) -> Iterator[Any]:
    """The numbers that are 0 if a value is, exponents that agree to rounding being taken for one."""
    if isinstance(value, Dual):
        yield from (*_coefficients(value.value), *_coefficients(value.slope))
    elif isinstance(value, Form):
        parts = list(value.parts)
        while parts:
            exponent, p = parts.pop()
            total: Any = Form([({}, p)])
            for other in [o for o in parts if _same_exponent(o[0], exponent)]:
                parts.remove(other)
                total = total + Form([({}, other[1])])
            yield from (c for _, q in total.parts for c in q.values()) if isinstance(total, Form) else (total,)
    else:
        yield value


def _same_exponent(left: dict[Any, Any], right: dict[Any, Any]) -> bool:
    zero = fmpq(0)
    differences = (arb(left.get(m, zero) - right.get(m, zero)) for m in {*left, *right})
    return all(d.contains(0) and d.rad() < ROUNDING for d in differences)


def not_above(a: Any, b: Any) -> bool:
    """Whether a <= b beyond doubt."""
    return is_positive(b + -a) or close(a, b)
