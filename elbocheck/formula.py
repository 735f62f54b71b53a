"""Judge a user's divergence or entropy against certified enclosures of its definition."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from elbocheck.bench import Bench, Comparison, Form, Numbers
from elbocheck.call import Caller, Value
from elbocheck.claim import Claim, Enclose, Regime, enclosure
from elbocheck.diagnosis import UNKNOWN, Evidence, diagnoses
from elbocheck.judgement import WRONG, Counterexample, Judgement, Witness, allowed, verdict
from elbocheck.random_function import is_random, judge_mean
from elbocheck.slope import slopes
from elbocheck.verdict import Verdict

LOST = 1e-6  # relative error that counts as a numerical failure
_SLOPES = 16  # a derivative loses more roundings than the value
_APPROXIMATE = (
    "it agrees to {digits:.1f} digits, not to those of {dtype}: an epsilon inside a logarithm or quotient, a rounded "
    "constant, or a coarser dtype on the way"
)
_CAUSES: dict[Regime, str] = {
    "near-equal": "cancellation near equality",
    "extreme": "overflow or lost digits at extreme parameters",
}


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
    if is_random(bench, forms[0]):
        return judge_mean(bench, forms[0])
    witnesses: list[Witness] = []
    reductions: dict[Form, str] = {}
    for form in forms:
        comparison = bench.compared(form, bench.generic(form))
        reductions[form] = comparison.reduction
        witnesses.append(_witness(f"enclosures at generic points ({form}; {comparison.reduction})", comparison))
        if witnesses[-1].verdict is not Verdict.confirmed:
            return _wrong(bench, form, comparison, witnesses)
    if claim.has_equality:
        near = bench.compared(forms[0], bench.cases(forms[0], "near-equal"))
        witnesses.append(_witness("enclosures near equality, absolute", near))
        if witnesses[-1].verdict is not Verdict.confirmed:
            return _wrong(bench, forms[0], near, witnesses)
    return _differentiated(bench, reductions, witnesses)


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


# --- a formula that is wrong, or not quite right ---


def _wrong(bench: Bench, form: Form, comparison: Comparison, witnesses: Sequence[Witness]) -> Judgement:
    errors, outcome = comparison.errors(), witnesses[-1].verdict
    if outcome is Verdict.undecided:
        worst = max(range(len(errors)), key=lambda i: errors[i])
        digits = -math.log10(errors[worst]) if errors[worst] > 0 else math.inf
        said: tuple[str, ...] = (_APPROXIMATE.format(digits=digits, dtype=comparison.replies[worst].dtype),)
    else:
        worst = next(i for i, e in enumerate(errors) if not e <= max(WRONG, comparison.allowed))
        said = _diagnosed(bench, form, comparison)
    return _judgement(bench, outcome, witnesses, bench.counterexample(comparison, worst), said)


def _diagnosed(bench: Bench, form: Form, comparison: Comparison) -> tuple[str, ...]:
    def values(arguments: Sequence[Value]) -> tuple[Numbers, tuple[int, ...]] | None:
        reply = bench.reply(form, arguments)
        return None if reply.fault else (np.array(reply.values), reply.shape)

    several = bench.generic(form)
    evidence = Evidence(bench.claim, several, values, [bench.truths(c) for c in several], comparison.allowed)
    said, errors = diagnoses(evidence), comparison.errors()
    if said == (UNKNOWN,) and (none := sum(math.isinf(e) for e in errors)):
        return (f"it gives no finite number of the right shape at {none} of {len(errors)} moderate points",)
    return said


# --- gradients and numerical failures of a formula whose values are right ---


def _differentiated(bench: Bench, reductions: dict[Form, str], witnesses: list[Witness]) -> Judgement:
    form = next((f for f in reductions if f in bench.tensors), None)
    found = slopes(bench, form, reductions[form]) if form else []
    failures = [text for regime in _CAUSES for text in _failures(bench, next(iter(reductions)), regime)]
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


def _failures(bench: Bench, form: Form, regime: Regime) -> list[str]:
    """One line with the worst point, if a relative error is large."""
    several = bench.cases(form, regime) if regime == "extreme" or bench.claim.has_equality else []
    if not several:
        return []
    comparison = bench.compared(form, several)
    errors = comparison.errors(floor=0.0)
    failing = [i for i, e in enumerate(errors) if not e <= max(LOST, comparison.allowed)]
    if not failing:
        return []
    worst = max(failing, key=lambda i: errors[i])
    shown = bench.counterexample(comparison, worst)
    where = f"{_CAUSES[regime]}, at {len(failing)} of {len(several)} points"
    return [f"{where}, relative error {errors[worst]:.1e}: {shown}"]
