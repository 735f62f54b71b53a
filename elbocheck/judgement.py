"""The verdict on a formula, what it rests on, and the limits between confirmed, undecided and refuted."""

from __future__ import annotations

from dataclasses import dataclass

from elbocheck.verdict import Verdict

ROUNDINGS = 2**12
"""Units of the dtype's roundoff that a right formula may lose at moderate parameters."""
WRONG = 1e-4
"""Relative difference that neither roundings nor an epsilon inside a logarithm explain."""
COARSE = 1e-2
"""A dtype whose roundings explain more than this decides nothing."""
_EPSILON = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}


class UnusableFunction(Exception):
    """A function that gives no number anywhere; one line."""


@dataclass(frozen=True)
class Witness:
    """What was compared: how often, how far off at worst (relative to the larger of 1 and the value), what is allowed."""

    name: str
    calls: int
    worst: float
    allowed: float
    verdict: Verdict


@dataclass(frozen=True)
class Counterexample:
    """Where a formula is wrong: its arguments by name, what it returns, and what is right."""

    arguments: dict[str, object]
    returned: str
    expected: str

    def __str__(self) -> str:
        at = ", ".join(f"{name} = {value}" for name, value in self.arguments.items())
        return f"at {at} it {self.returned}; right is {self.expected}"


@dataclass(frozen=True)
class Judgement:
    """The verdict on a formula and what it rests on; ``failures`` are numerical failures of a right formula."""

    verdict: Verdict
    witnesses: tuple[Witness, ...]
    counterexample: Counterexample | None = None
    diagnosis: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def allowed(dtype: str) -> float:
    """Relative difference that roundings explain.

    Examples
    --------
    >>> f"{allowed('float64'):.1e}", f"{allowed('float32'):.1e}"
    ('9.1e-13', '4.9e-04')
    """
    return ROUNDINGS * _EPSILON.get(dtype, _EPSILON["float64"])


def verdict(error: float, limit: float) -> Verdict:
    """What a relative difference means where so much is allowed.

    Examples
    --------
    >>> [verdict(error, 1e-12).value for error in (1e-13, 1e-8, 0.1)]
    ['confirmed', 'undecided', 'refuted']
    """
    if error <= limit <= COARSE:
        return Verdict.confirmed
    return Verdict.undecided if error <= max(WRONG, limit) else Verdict.refuted
