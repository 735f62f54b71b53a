"""A concrete counterexample: a model in which a claimed relation fails, in words and in data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from derivations.kernel import Term
from derivations.latex import text

SIGNS = {"equal": "=", "at_most": "<="}


@dataclass(frozen=True)
class Counterexample:
    """A model of the hypotheses in which the sides of a claim do not stand in the claimed relation.

    Attributes
    ----------
    claim
        The proposition that fails, ``equal`` or ``at_most``.
    left, right
        Values of its sides, as decimal strings ``[value +/- error bound]``; the enclosures do not meet.
    model
        JSON data from which both sides can be computed again. ``values`` gives each free variable its value: a number,
        the place of a point in a finite space (an integer), or a list of coordinates. ``spaces`` has `weights` of the
        points, or `dimension` of an R^J. ``components`` holds entries of vectors by their indices, and of points of
        finite spaces by ``place;index``. ``densities`` has for each family a `table` over the places of its spaces, or
        `mean` and `precision` of a joint normal density. ``functions`` has by `shape` a `table`, the coefficients
        and exponents of a `polynomial` or of the polynomial in an `exponential`, or `normal` densities, whose
        variance is a number and the squares of its `spread` times the arguments; each by the values of its discrete
        arguments. What a hypothesis defines is not listed. ``conventions`` are values given to what has none, such as
        ``1/0``; there are none unless they were asked for.
    """

    claim: Term
    left: str
    right: str
    model: dict[str, Any]

    @property
    def relation(self) -> str:
        """The relation that fails, ``=`` or ``<=``."""
        return SIGNS[self.claim.head]

    @property
    def words(self) -> str:
        """What the model is, and both values."""
        sides = (f"{text(side)} is {value}" for side, value in zip(self.claim.args, self.values, strict=True))
        return "; ".join((*_described(self.model), *sides))

    @property
    def values(self) -> tuple[str, str]:
        """Both sides to twelve digits, or as many more as tell them apart."""
        for digits in range(12, 40, 4):
            pair = _shortened(self.left, digits), _shortened(self.right, digits)
            if pair[0] != pair[1]:
                return pair
        return self.left, self.right


def _shortened(value: str, digits: int) -> str:
    number = value.strip("[]").split(" ")[0]
    if number == "+/-":
        return "0"  # a ball about zero
    mantissa, exponent = [*number.split("e"), ""][:2]
    return mantissa[: digits + 2] + (f"e{exponent}" if exponent else "")


def _described(model: dict[str, Any]) -> list[str]:
    lines = []
    for space, entry in model["spaces"].items():
        if "dimension" in entry:
            lines.append(f"{space} in R^{entry['dimension']}")
        else:
            count = len(entry["weights"])
            weighted = any(w != "1" for w in entry["weights"])
            counted = f" of weights {', '.join(map(short, entry['weights']))}" if weighted else ""
            lines.append(f"{space} has {count} values 0..{count - 1}{counted}")
    for name, value in model["values"].items():
        written = f"({', '.join(value)})" if isinstance(value, list) else value
        lines.append(f"{name} = {written}")
    for name, entries in model["components"].items():
        lines += [f"{name}[{key}] = {value}" for key, value in entries.items()]
    for family, entry in model["densities"].items():
        arguments = ", ".join(entry["spaces"])
        if "table" in entry:
            cells = ", ".join(f"{family}({key}) = {short(value)}" for key, value in entry["table"].items())
            lines.append(f"{family}({arguments}) has the table {cells}")
        else:
            rows = "; ".join(", ".join(row) for row in entry["precision"])
            lines.append(f"{family}({arguments}) is normal, mean ({', '.join(entry['mean'])}), precision ({rows})")
    for name, entry in model["functions"].items():
        lines += [_function(name, entry, key, value) for key, value in entry["values"].items()]
    if model["conventions"]:
        lines.append("what has no value: " + ", ".join(f"{k} {v}" for k, v in model["conventions"].items()))
    return lines


def _function(name: str, entry: dict[str, Any], key: str, value: Any) -> str:
    head = f"{name}({key})" if key else name
    if entry["shape"] == "table":
        return f"{head} = {value}"
    if entry["shape"] == "normal":
        laws = "; ".join(
            f"mean coefficients {', '.join(v['mean'])}, variance {' + '.join((v['variance'], *_squares(v['spread'])))}"
            for v in value
        )
        return f"{head} is a normal density with {laws}"
    terms = " + ".join(
        "*".join((f"({c})", *(f"u{i + 1}^{e}" for i, e in enumerate(exponents) if e))) for c, exponents in value
    )
    return f"{head} = exp({terms})" if entry["shape"] == "exponential" else f"{head} = {terms}"


def _squares(coefficients: list[str]) -> list[str]:
    """What the arguments of a normal density add to its variance."""
    return [f"(({c})*u{i})^2" for i, c in enumerate(coefficients, 1) if c != "0"]


def short(value: str) -> str:
    """A ball to eight digits; a rational number as it is."""
    return _shortened(value, 8) if value.startswith("[") else value
