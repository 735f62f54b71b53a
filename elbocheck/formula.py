"""Judge a user's divergence or entropy against certified enclosures of its definition."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from elbocheck.call import Caller, Kind, Reply, Value
from elbocheck.case import LENGTH, ROWS, Case, Layout, cases
from elbocheck.claim import Claim, Regime, Site, enclosure
from elbocheck.diagnosis import Evidence, diagnoses
from elbocheck.verdict import Verdict

ROUNDINGS = 2**12  # units of the dtype's roundoff that a right formula may lose at moderate parameters
WRONG = 1e-4  # relative difference that no epsilon inside a logarithm explains
COARSE = 1e-2  # a dtype that allows more decides nothing
LOST = 1e-6  # relative error that counts as a numerical failure
POINTS: dict[Regime, int] = {"generic": 6, "near-equal": 3, "extreme": 3}
_EPSILON = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}

_APPROXIMATE = (
    "it agrees to {digits:.1f} digits, not to those of {dtype}: an epsilon inside a logarithm or quotient, a rounded "
    "constant, or a coarser dtype on the way"
)


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


Numbers = NDArray[np.float64]


def judge(call: Caller, claim: Claim, *, seed: int = 0, has_torch: bool) -> Judgement:
    """Judge a function that claims to be a divergence or an entropy.

    Parameters
    ----------
    call : callable
        Calls the function (:func:`elbocheck.call.caller`, :class:`elbocheck.isolation.Isolated`).
    claim : Claim
    seed : int
        Of the points.
    has_torch : bool
        Whether the function may take tensors.

    Returns
    -------
    Judgement
        Confirmed, refuted with a counterexample and how it is wrong, or undecided.

    Raises
    ------
    UnusableFunction
        If it gives no number of a right shape in any layout.

    Examples
    --------
    >>> from elbocheck.call import caller
    >>> from elbocheck.family import family
    >>> claim = Claim(family("exponential"), family("exponential"))
    >>> judge(caller(lambda q, p: math.log(q / p) + p / q - 1), claim, has_torch=False).verdict.value
    'confirmed'
    >>> judge(caller(lambda q, p: math.log(q / p) + p / q), claim, has_torch=False).diagnosis
    ('the term -1 is lost',)
    """
    sites = claim.sites("generic", POINTS["generic"], seed)
    return _Trial(call, claim, seed, sites, has_torch).judged()


@dataclass(frozen=True)
class _Form:
    """A way to call a function that gives numbers of a right shape."""

    layout: Layout
    kind: Kind

    def __str__(self) -> str:
        shown = {"one": "one distribution a call", "vector": f"vectors of {LENGTH}", "batch": f"batches of {ROWS}"}
        return f"{shown[self.layout]}, {self.kind}"


@dataclass(frozen=True)
class _Comparison:
    """Cases with what was returned and what is right, and the reduction under which the two are nearest."""

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
        return ROUNDINGS * max(_EPSILON.get(r.dtype, 2.0**-52) for r in self.replies)


class _Trial:
    """One function before the court."""

    def __init__(self, call: Caller, claim: Claim, seed: int, sites: Sequence[Site], has_torch: bool) -> None:
        self._call, self._claim, self._seed, self._sites = call, claim, seed, sites
        self._has_torch = has_torch
        self._notes: dict[str, str] = {}
        self._tensors: set[_Form] = set()  # forms in which tensors come back

    def judged(self) -> Judgement:
        forms = self._forms()
        witnesses: list[Witness] = []
        for form in forms:
            comparison = self._compared(form, cases(form.layout, self._sites, self._claim.axes))
            witnesses.append(_witness(f"enclosures at generic points ({form}; {comparison.reduction})", comparison))
            if witnesses[-1].verdict is not Verdict.confirmed:
                return self._wrong(form, comparison, witnesses)
        if self._claim.p is self._claim.q:
            near = self._compared(forms[0], self._cases(forms[0], "near-equal"))
            witnesses.append(_witness("enclosures near equality, absolute", near))
            if witnesses[-1].verdict is not Verdict.confirmed:
                return self._wrong(forms[0], near, witnesses)
        return self._with_gradients(forms, witnesses)

    # --- how the function is called ---

    def _forms(self) -> list[_Form]:
        faults: list[str] = []
        layouts: list[Layout] = ["one"] if self._claim.axes else ["one", "vector"]
        forms = [f for layout in layouts if (f := self._form(layout, faults))]
        forms = forms or [f for f in [self._form("batch", faults)] if f]
        if not forms:
            raise UnusableFunction(faults[0])
        if self._claim.axes == 0 and forms[0].layout == "one" and len(forms) == 1:
            self._notes["vectors"] = "judged on numbers alone: it does not take vectors"
        return forms

    def _form(self, layout: Layout, faults: list[str]) -> _Form | None:
        """The way to pass arguments that gives numbers at some point; tensors, if tensors come back."""
        forms = [_Form(layout, kind) for kind in self._kinds(layout)]
        usable = [f for f in forms if self._is_usable(f, faults)]
        return next((f for f in usable if f.kind != "torch" or f in self._tensors), usable[0] if usable else None)

    def _is_usable(self, form: _Form, faults: list[str]) -> bool:
        for case in cases(form.layout, self._sites, self._claim.axes):
            reply = self._reply(form, case.arguments)
            if not reply.fault and case.reductions(reply.shape):
                if reply.is_tensor:
                    self._tensors.add(form)
                return True
            came = reply.fault or f"returns the shape {reply.shape}"
            faults.append(f"{came}, called with {self._shown(case)}")
        return False

    def _kinds(self, layout: Layout) -> list[Kind]:
        arrays: list[Kind] = ["torch", "numpy"] if self._has_torch else ["numpy"]
        if layout != "one":
            return arrays
        return [*arrays, "float"] if self._claim.axes else [*arrays[:-1], "float", "numpy"]

    def _reply(self, form: _Form, arguments: Sequence[Value], derivatives: bool = False) -> Reply:
        reply = self._call(arguments, form.kind, derivatives)
        if reply.printed:
            self._notes.setdefault("prints", f"prints when it is called: {reply.printed!r}")
        return reply

    # --- what it returns, and what is right ---

    def _cases(self, form: _Form, regime: Regime) -> list[Case]:
        sites = self._claim.sites(regime, POINTS[regime], self._seed)
        known = [site for site in sites if self._truth(site) is not None]
        if form.layout == "batch" and known:
            return cases(form.layout, known, self._claim.axes)
        return (
            [Case("one", [site], self._claim.axes) for site in known]
            if form.layout == "one"
            else (cases(form.layout, known, self._claim.axes) if known else [])
        )

    def _truth(self, site: Site) -> float | None:
        try:
            return float(enclosure(self._claim, site).mid())
        except ArithmeticError:
            return None

    def _truths(self, case: Case) -> Numbers:
        return np.array([float(enclosure(self._claim, site).mid()) for site in case.sites])

    def _compared(self, form: _Form, several: Sequence[Case]) -> _Comparison:
        replies = [self._reply(form, case.arguments) for case in several]
        options = [
            case.reductions(reply.shape) for case, reply in zip(several, replies, strict=True) if not reply.fault
        ]
        names = [r.name for r in options[0]] if options else []
        found = [self._under(name, several, replies) for name in names]
        return min(found, key=lambda c: max(c.errors())) if found else self._under("", several, replies)

    def _under(self, name: str, several: Sequence[Case], replies: Sequence[Reply]) -> _Comparison:
        rights = []
        for case, reply in zip(several, replies, strict=True):
            weights = [r.weights for r in case.reductions(reply.shape) if r.name == name]
            rights.append(weights[0] @ self._truths(case) if weights else np.array([]))
        return _Comparison(several, replies, rights, name)

    # --- the outcome ---

    def _wrong(self, form: _Form, comparison: _Comparison, witnesses: list[Witness]) -> Judgement:
        errors = comparison.errors()
        worst = max(range(len(errors)), key=lambda i: errors[i])
        verdict = witnesses[-1].verdict
        if verdict is Verdict.undecided:
            digits = -math.log10(max(errors))
            said: tuple[str, ...] = (_APPROXIMATE.format(digits=digits, dtype=comparison.replies[0].dtype),)
        else:
            worst = next(i for i, e in enumerate(errors) if not e <= WRONG)
            said = self._diagnosed(form, comparison)
        return self._judgement(verdict, witnesses, self._counterexample(comparison, worst), said)

    def _judgement(
        self,
        verdict: Verdict,
        witnesses: Sequence[Witness],
        counterexample: Counterexample | None = None,
        diagnosis: tuple[str, ...] = (),
        failures: tuple[str, ...] = (),
    ) -> Judgement:
        return Judgement(verdict, tuple(witnesses), counterexample, diagnosis, failures, tuple(self._notes.values()))

    def _diagnosed(self, form: _Form, comparison: _Comparison) -> tuple[str, ...]:
        def values(arguments: Sequence[Value]) -> tuple[Numbers, tuple[int, ...]] | None:
            reply = self._reply(form, arguments)
            return None if reply.fault else (np.array(reply.values), reply.shape)

        several = cases(form.layout, self._sites, self._claim.axes)
        truths = [self._truths(case) for case in several]
        return diagnoses(Evidence(self._claim, several, values, truths, comparison.allowed))

    def _counterexample(self, comparison: _Comparison, index: int) -> Counterexample:
        case, reply = comparison.cases[index], comparison.replies[index]
        returned = reply.fault or f"returns {_said(reply.values)}"
        if len(case.sites) == 1:
            right = enclosure(self._claim, case.sites[0]).str(12, radius=False)
        else:
            right = _said(comparison.rights[index])
        return Counterexample(dict(zip(self._claim.names, case.arguments, strict=True)), returned, f"{right} nats")

    def _shown(self, case: Case) -> str:
        return ", ".join(f"{n} = {x}" for n, x in zip(self._claim.names, case.arguments, strict=True))

    def _with_gradients(self, forms: Sequence[_Form], witnesses: list[Witness]) -> Judgement:
        return self._judgement(Verdict.confirmed, witnesses, failures=self._failures(forms[0]))

    # --- numerical failures of a right formula ---

    def _failures(self, form: _Form) -> tuple[str, ...]:
        regimes: list[Regime] = ["near-equal", "extreme"] if self._claim.p is self._claim.q else ["extreme"]
        return tuple(text for regime in regimes for text in self._failure(form, regime))

    def _failure(self, form: _Form, regime: Regime) -> list[str]:
        several = self._cases(form, regime)
        if not several:
            return []
        comparison = self._compared(form, several)
        errors = comparison.errors(floor=0.0)
        limit = max(LOST, comparison.allowed)
        failing = [i for i, e in enumerate(errors) if not e <= limit]
        if not failing:
            return []
        worst = max(failing, key=lambda i: errors[i])
        cause = (
            "cancellation near equality" if regime == "near-equal" else "overflow or lost digits at extreme parameters"
        )
        found = self._counterexample(comparison, worst)
        return [f"{cause}, at {len(failing)} of {len(several)} points, relative error {errors[worst]:.1e}: {found}"]


def _witness(name: str, comparison: _Comparison) -> Witness:
    worst, allowed = max(comparison.errors()), comparison.allowed
    if worst <= allowed <= COARSE:
        verdict = Verdict.confirmed
    else:
        verdict = Verdict.undecided if worst <= max(WRONG, allowed) else Verdict.refuted
    return Witness(name, len(comparison.cases), worst, allowed, verdict)


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
