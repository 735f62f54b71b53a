"""Judge a user's divergence or entropy against certified enclosures of its definition."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from elbocheck.bench import Bench, Comparison, Form, Numbers
from elbocheck.call import Caller, Kind, Value, is_tensor
from elbocheck.case import Case
from elbocheck.claim import Claim, Enclose, Regime, enclosure
from elbocheck.diagnosis import MEAN, UNKNOWN, Evidence, diagnoses, is_named
from elbocheck.judgement import WRONG, Counterexample, Judgement, Witness, allowed, verdict
from elbocheck.random_function import is_random, judge_mean
from elbocheck.slope import slopes
from elbocheck.verdict import Verdict

LOST = 1e-6  # relative error that counts as a numerical failure
_CORNER_ROUNDINGS = 20
_KINDS: dict[Kind, str] = {"torch": "tensors", "torch float32": "tensors", "float": "numbers", "numpy": "arrays"}
_SLOPES = 16  # a derivative loses more roundings than the value
_APPROXIMATE = (
    "it agrees to {digits:.1f} digits, not to those of {dtype}: an epsilon inside a logarithm or quotient, a rounded "
    "constant, a sum or integral cut short, or a coarser dtype on the way"
)
_NEAR = "it is right at moderate points, and wrong near q = p: a clamp or threshold"
_TENSORS = "it is right given numbers, and wrong given tensors: it may change them in place"
_CORNER = (
    "it is right at moderate points, and wrong in a corner of the parameters: a threshold, a clamp or an approximation"
)
_CAUSES: dict[Regime, str] = {
    "near-equal": "cancellation near equality",
    "extreme": "overflow, lost digits or a clamp at extreme parameters",
}
_AT_EDGES = "at probabilities of 0 or 1, or where q has mass and p has none"


def judge(call: Caller, claim: Claim, *, seed: int = 0, has_torch: bool, enclose: Enclose = enclosure) -> Judgement:
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
    enclose : callable
        The right value at a point; another witness may stand in for the enclosures.

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
    bench = Bench(call, claim, seed, has_torch, enclose)
    forms = bench.forms()
    if any(is_random(bench, form) for form in forms):
        return judge_mean(bench, forms)
    witnesses: list[Witness] = []
    reductions: dict[Form, str] = {}
    for tried in forms:
        form, comparison = _compared(bench, tried)
        reductions[form] = comparison.reduction
        witnesses.append(_witness(f"enclosures at generic points ({form}; {comparison.reduction})", comparison))
        if witnesses[-1].verdict is not Verdict.confirmed:
            return _wrong(bench, form, comparison, witnesses)
    form = next(iter(reductions))
    if wrong := _elsewhere(bench, form, witnesses):
        return wrong
    if claim.has_equality:
        near = bench.compared(form, bench.cases(form, "near-equal"))
        witnesses.append(_witness("enclosures near equality, absolute", near))
        if witnesses[-1].verdict is not Verdict.confirmed:
            return _wrong(bench, form, near, witnesses, _NEAR)
    return _differentiated(bench, reductions, witnesses)


def _compared(bench: Bench, form: Form) -> tuple[Form, Comparison]:
    """The form at generic points; a function that takes the first axis of all arrays as a batch is judged on batches."""
    found = bench.compared(form, bench.generic(form))
    if form.layout == "batch" or (form.layout == "one" and not bench.claim.axes):
        return form, found
    batch = Form("batch", form.kind)
    batches = bench.compared(batch, bench.generic(batch))
    right, right_for_batches = (max(c.errors()) <= max(WRONG, c.allowed) for c in (found, batches))
    if not right and (right_for_batches or _is_told_by_batches(bench, (form, found), (batch, batches))):
        bench.notes["batch"] = "judged on batches of events: it takes the first axis of a single one as a batch"
        bench.tensors |= {batch} if batches.replies[0].is_tensor else set()
        return batch, batches
    if right and not right_for_batches and not any(r.fault for r in batches.replies):
        bench.notes["batch"] = f"right for single events, not for batches of them: {bench.counterexample(batches, 0)}"
    return form, found


def _is_told_by_batches(bench: Bench, single: tuple[Form, Comparison], batches: tuple[Form, Comparison]) -> bool:
    """Whether batches tell how a function is wrong, and single events do not: it divides by the size of the batch."""
    said = _diagnosed(bench, *single)
    if is_named(said) and not _has_mean(said):
        return False
    if not all(map(math.isfinite, batches[1].errors())):
        return False
    said = _diagnosed(bench, *batches)
    return is_named(said) and not _has_mean(said)


def _has_mean(texts: Sequence[str]) -> bool:
    return any(MEAN in text for text in texts)


def _witness(name: str, comparison: Comparison) -> Witness:
    worst, limit = max(comparison.errors()), comparison.allowed
    return Witness(name, len(comparison.cases), worst, limit, verdict(worst, limit))


def _judgement(
    bench: Bench,
    verdict: Verdict,
    witnesses: Sequence[Witness],
    counterexample: Counterexample | None = None,
    diagnosis: tuple[str, ...] = (),
    failures: tuple[str, ...] = (),
) -> Judgement:
    return Judgement(verdict, tuple(witnesses), counterexample, diagnosis, failures, tuple(bench.notes.values()))


# --- a formula that is right at generic points, given what it takes best ---


def _elsewhere(bench: Bench, form: Form, witnesses: list[Witness]) -> Judgement | None:
    """The judgement on one that is wrong given something else that it takes, or in a corner of the parameters."""
    for other in (f for others in bench.others.values() for f in others):
        comparison = bench.compared(other, bench.generic(other))
        if max(comparison.errors()) > max(WRONG, comparison.allowed):
            name = f"enclosures at generic points ({other}; {comparison.reduction})"
            cause = f"it is right given {_KINDS[form.kind]}, and wrong given {_KINDS[other.kind]}"
            return _wrong(bench, other, comparison, [*witnesses, _witness(name, comparison)], cause)
    corners = bench.corners(form)
    if not corners:
        return None
    comparison = bench.compared(form, corners)
    # Roundings may take more there than at moderate points, an epsilon inside a logarithm too.
    if max(comparison.errors()) <= max(WRONG, _CORNER_ROUNDINGS * comparison.allowed):
        return None
    name = f"enclosures in corners of the parameters ({form}; {comparison.reduction})"
    return _wrong(bench, form, comparison, [*witnesses, _witness(name, comparison)], _CORNER)


# --- a formula that is wrong, or not quite right ---


def _wrong(
    bench: Bench, form: Form, comparison: Comparison, witnesses: Sequence[Witness], cause: str = ""
) -> Judgement:
    errors, outcome = comparison.errors(), witnesses[-1].verdict
    if outcome is Verdict.undecided:
        worst = max(range(len(errors)), key=lambda i: errors[i])
        digits = -math.log10(errors[worst]) if errors[worst] > 0 else math.inf
        said: tuple[str, ...] = (_APPROXIMATE.format(digits=digits, dtype=comparison.replies[worst].dtype),)
    else:
        worst = next(i for i, e in enumerate(errors) if not e <= max(WRONG, comparison.allowed))
        said = (cause,) if cause else _diagnosed(bench, form, comparison)
    return _judgement(bench, outcome, witnesses, bench.counterexample(comparison, worst), said)


def _diagnosed(bench: Bench, form: Form, comparison: Comparison) -> tuple[str, ...]:
    def values(arguments: Sequence[Value]) -> tuple[Numbers, tuple[int, ...]] | None:
        reply = bench.reply(form, arguments)
        return None if reply.fault else (np.array(reply.values), reply.shape)

    several = bench.generic(form)
    evidence = Evidence(bench.claim, several, values, [bench.truths(c) for c in several], comparison.allowed)
    said, errors = diagnoses(evidence), comparison.errors()
    if said == (UNKNOWN,) and is_tensor(form.kind) and _is_right_for_numbers(bench):
        return (_TENSORS,)
    if said == (UNKNOWN,) and (none := sum(math.isinf(e) for e in errors)):
        return (f"it gives no finite number of the right shape at {none} of {len(errors)} moderate points",)
    return said


def _is_right_for_numbers(bench: Bench) -> bool:
    form = Form("one", "float")
    comparison = bench.compared(form, bench.generic(form))
    return max(comparison.errors()) <= max(WRONG, comparison.allowed)


# --- gradients and numerical failures of a formula whose values are right ---


def _differentiated(bench: Bench, reductions: dict[Form, str], witnesses: list[Witness]) -> Judgement:
    form = next((f for f in reductions if f in bench.tensors), None)
    found = slopes(bench, form, reductions[form]) if form else []
    failures = list(_failures(bench, next(iter(reductions))))
    if found:
        worst = max(found, key=lambda s: s.error)
        expected = _SLOPES * allowed(worst.dtype)
        limit = max(WRONG, expected)  # torch's derivatives of special functions have nine digits
        shown = worst.counterexample(bench.claim)
        if worst.error > limit and bench.takes_numbers:  # `math.log` of a tensor has no gradient, and claims none
            failures.append(f"given tensors, though it takes numbers, {worst.diagnosis}: {shown}")
            return _judgement(bench, Verdict.confirmed, witnesses, failures=tuple(failures))
        outcome = Verdict.confirmed if worst.error <= limit else Verdict.refuted
        name = f"derivatives along generic directions ({form})"
        witnesses.append(Witness(name, len(found), worst.error, limit, outcome))
        if outcome is Verdict.refuted:
            return _judgement(bench, outcome, witnesses, shown, (worst.diagnosis,))
        if worst.error > expected:
            failures.append(f"lost digits of the gradient, relative error {worst.error:.1e}: {shown}")
    return _judgement(bench, Verdict.confirmed, witnesses, failures=tuple(failures))


def _failures(bench: Bench, form: Form) -> Iterator[str]:
    """One line with the worst point for each region in which an error is large."""
    for regime, cause in _CAUSES.items():
        if regime == "extreme" or bench.claim.has_equality:
            yield from _failure(bench, form, bench.cases(form, regime), cause, floor=0.0)
    yield from _failure(bench, form, bench.edges(form), _AT_EDGES, floor=1.0)


def _failure(bench: Bench, form: Form, several: Sequence[Case], cause: str, floor: float) -> Iterator[str]:
    if not several:
        return
    comparison = bench.compared(form, several)
    errors = comparison.errors(floor)
    failing = [i for i, e in enumerate(errors) if not e <= max(LOST, comparison.allowed)]
    if failing:
        worst = max(failing, key=lambda i: errors[i])
        size = f", relative error {errors[worst]:.1e}" if math.isfinite(errors[worst]) else ""
        shown = bench.counterexample(comparison, worst)
        yield f"{cause}, at {len(failing)} of {len(several)} points{size}: {shown}"
