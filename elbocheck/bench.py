"""A function on the bench: how it can be called, what it returns at several points, and what is right there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from elbocheck.call import Caller, Kind, Reply, Value, is_tensor
from elbocheck.case import LENGTH, ROWS, Case, Layout, cases, places
from elbocheck.claim import DIGITS, Claim, Enclose, Regime, Site, enclosure
from elbocheck.edge import edges
from elbocheck.judgement import Counterexample, UnusableFunction, allowed
from numerics.ball import Ball

Numbers = NDArray[np.float64]
POINTS: dict[Regime, int] = {"generic": 6, "near-equal": 3, "extreme": 3, "corner": 8}
_LARGE = 1e6  # a value that others overflow on their way to


@dataclass(frozen=True)
class Form:
    """A way to call a function: how points are laid out, and what arguments are passed as."""

    layout: Layout
    kind: Kind

    def __str__(self) -> str:
        shown = {"one": "one distribution a call", "vector": f"vectors of {LENGTH}", "batch": f"batches of {ROWS}"}
        return f"{shown[self.layout]}, {self.kind}"


@dataclass(frozen=True)
class Comparison:
    """Cases with what was returned and what is right, under the reduction that brings the two nearest."""

    cases: Sequence[Case]
    replies: Sequence[Reply]
    rights: Sequence[Numbers]
    reduction: str

    def errors(self, floor: float = 1.0) -> list[float]:
        """Of each case, relative to the larger of the floor and the right value; infinite for what is no number."""
        return [_error(r, right, floor) for r, right in zip(self.replies, self.rights, strict=True)]

    @property
    def allowed(self) -> float:
        """Relative difference that roundings explain, in the coarsest dtype returned."""
        return max(allowed(r.dtype) for r in self.replies)


class Bench:
    """One function, its claim, and what is noticed while it is called.

    Parameters
    ----------
    call : callable
        Calls the function.
    claim : Claim
    seed : int
        Of the points.
    has_torch : bool
        Whether the function may take tensors.
    enclose : callable
        The right value at a point.
    """

    def __init__(self, call: Caller, claim: Claim, seed: int, has_torch: bool, enclose: Enclose) -> None:
        self.claim, self.enclose = claim, enclose
        self.notes: dict[str, str] = {}
        self.tensors: set[Form] = set()  # forms in which tensors come back
        self.takes_numbers = False  # without tensors too
        self._call, self._seed, self._has_torch = call, seed, has_torch
        self.others: dict[Layout, list[Form]] = {}  # further ways to call it that give numbers, by layout
        self._generic = claim.sites("generic", POINTS["generic"], seed)
        self._edges = edges(claim, self._generic[0])

    # --- how the function is called ---

    def forms(self) -> list[Form]:
        """The ways to call it that give numbers of a right shape at some point, at most one for each layout.

        Raises
        ------
        UnusableFunction
            If there is none.
        """
        faults: list[str] = []
        layouts: list[Layout] = ["one"] if self.claim.axes else ["one", "vector"]
        forms = [f for layout in layouts if (f := self._form(layout, faults))]
        forms = forms or [f for f in [self._form("batch", faults)] if f]
        if not forms:
            raise UnusableFunction(faults[0])
        if self.claim.axes == 0 and [f.layout for f in forms] == ["one"]:
            self.notes["vectors"] = "judged on numbers alone: it does not take vectors"
        return forms

    def _form(self, layout: Layout, faults: list[str]) -> Form | None:
        """The form of a layout in which tensors come back from tensors, or else the first that gives numbers."""
        usable = [f for kind in self._kinds(layout) if self._is_usable(f := Form(layout, kind), faults)]
        if not usable and self._has_torch:  # constants of float32 do not multiply matrices of float64
            usable = [f for f in [Form(layout, "torch float32")] if self._is_usable(f, faults)]
        self.takes_numbers |= any(not is_tensor(f.kind) for f in usable)
        if not usable:
            return None
        chosen = next((f for f in usable if not is_tensor(f.kind) or f in self.tensors), usable[0])
        self.others[layout] = [f for f in usable if f != chosen]
        return chosen

    def _is_usable(self, form: Form, faults: list[str]) -> bool:
        for case in self.generic(form):
            reply = self.reply(form, case.arguments)
            if not reply.fault and case.reductions(reply.shape):
                if reply.is_tensor:
                    self.tensors.add(form)
                return True
            faults.append(f"{reply.fault or f'returns the shape {reply.shape}'}, called with {self.shown(case)}")
        return False

    def _kinds(self, layout: Layout) -> list[Kind]:
        tensors: list[Kind] = ["torch"] if self._has_torch else []
        if layout != "one":
            return [*tensors, "numpy"]
        return [*tensors, "numpy", "float"] if self.claim.axes else [*tensors, "float", "numpy"]

    def reply(self, form: Form, arguments: Sequence[Value], *, derivatives: bool = False) -> Reply:
        """Call it once."""
        reply = self._call(arguments, form.kind, derivatives)
        if reply.changed:
            self.notes["changes"] = "changes its arguments in place: arrays of its caller change with them"
        if reply.printed:
            self.notes.setdefault("prints", f"prints when it is called: {reply.printed!r}")
        return reply

    # --- what it returns, and what is right ---

    def generic(self, form: Form) -> list[Case]:
        """Cases of the generic points."""
        return cases(form.layout, self._generic, self.claim.axes)

    def cases(self, form: Form, regime: Regime) -> list[Case]:
        """Cases of points of a regime that have an enclosure, one point in all places of each."""
        return self._repeated(form, self.claim.sites(regime, POINTS[regime], self._seed))

    def corners(self, form: Form) -> list[Case]:
        """Cases of points in the corners of the parameters that have an enclosure of no extreme value."""
        return [case for case in self.cases(form, "corner") if np.abs(self.truths(case)).max() < _LARGE]

    def edges(self, form: Form) -> list[Case]:
        """Cases of points at the edge of the claim (:mod:`elbocheck.edge`) that have an enclosure, as for a regime."""
        return self._repeated(form, self._edges)

    def _repeated(self, form: Form, sites: Sequence[Site]) -> list[Case]:
        size = math.prod(places(form.layout, self.claim.axes))
        return [Case(form.layout, [site] * size, self.claim.axes) for site in filter(self._is_known, sites)]

    def _is_known(self, site: Site) -> bool:
        try:
            self._right(site)
        except (ArithmeticError, ValueError):  # too extreme, or beyond the domain
            return False
        return True

    def _right(self, site: Site) -> Ball:
        """Enclosed; at an edge always by the definition, since an expression that stands in for it may not hold there."""
        return (enclosure if site in self._edges else self.enclose)(self.claim, site, DIGITS)

    def truths(self, case: Case) -> Numbers:
        """The right values at the points of a case."""
        return np.array([float(self._right(site).mid()) for site in case.sites])

    def compared(self, form: Form, several: Sequence[Case]) -> Comparison:
        """What it returns for these cases, and what is right."""
        replies = [self.reply(form, case.arguments) for case in several]
        pairs = zip(several, replies, strict=True)
        names = next(([r.name for r in case.reductions(reply.shape)] for case, reply in pairs if not reply.fault), [])
        found = [self._under(name, several, replies) for name in names or [""]]
        return min(found, key=lambda c: max(c.errors()))

    def _under(self, name: str, several: Sequence[Case], replies: Sequence[Reply]) -> Comparison:
        rights = []
        for case, reply in zip(several, replies, strict=True):
            weights = [r.weights for r in case.reductions(reply.shape) if r.name == name]
            rights.append(weights[0] @ self.truths(case) if weights else np.array([]))
        return Comparison(several, replies, rights, name)

    # --- in words ---

    def counterexample(self, comparison: Comparison, index: int) -> Counterexample:
        """One case of a comparison."""
        case, reply = comparison.cases[index], comparison.replies[index]
        if len(case.sites) == 1:
            ball = self._right(case.sites[0])
            right = ball.str(12, radius=False) if ball.is_finite() else "infinitely many"
        else:
            right = _said(comparison.rights[index] if len(comparison.rights[index]) else self.truths(case))
        returned = reply.fault or f"returns {_said(reply.values)}"
        return Counterexample(dict(zip(self.claim.names, case.arguments, strict=True)), returned, f"{right} nats")

    def shown(self, case: Case) -> str:
        """The arguments of a case by name."""
        return ", ".join(f"{n} = {x}" for n, x in zip(self.claim.names, case.arguments, strict=True))


def _error(reply: Reply, right: Numbers, floor: float) -> float:
    if reply.fault or len(reply.values) != len(right) or len(right) == 0:
        return math.inf
    values = np.array(reply.values)
    equal = values == right  # infinities
    with np.errstate(all="ignore"):
        errors = np.where(equal, 0.0, np.abs(values - right) / np.maximum(floor, np.abs(right)))
    return float(np.max(np.where(np.isnan(errors), math.inf, errors)))


def _said(values: Sequence[float] | Numbers) -> str:
    shown = [f"{value:.12g}" for value in values]
    return shown[0] if len(shown) == 1 else f"({', '.join(shown)})"
