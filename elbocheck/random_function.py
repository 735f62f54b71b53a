"""Judge a function that draws at random, such as a Monte Carlo estimate: by its mean over many calls."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from elbocheck.bench import Bench, Form, Numbers
from elbocheck.case import Case
from elbocheck.judgement import WRONG, Counterexample, Judgement, UnusableFunction, Witness
from elbocheck.verdict import Verdict
from numerics.calibrated import MeanTest
from numerics.law import NormalApproximation

CALLS = (1000, 8000)  # at each point; the second where the first is too noisy
_CASES = 2  # of each form
_FALSE_ALARM, _MISS = 1e-6, 0.01
_NOISY = 0.1  # relative resolution beyond which a mean confirms nothing
_TOO_NOISY = "its mean is too noisy to tell, or off by less than 1e-4"


def is_random(bench: Bench, form: Form) -> bool:
    """Whether two calls at one point differ."""
    arguments = bench.generic(form)[0].arguments
    first, second = (bench.reply(form, arguments).values for _ in range(2))
    return all(map(math.isfinite, first + second)) and not np.allclose(first, second, rtol=1e-12, atol=0)


def judge_mean(bench: Bench, forms: Sequence[Form]) -> Judgement:
    """Confirmed if the means at generic points are within intervals narrow enough, refuted if one is well outside.

    Raises
    ------
    UnusableFunction
        If a call gives no number.
    """
    bench.notes["random"] = (
        "two calls at one point differ: it draws at random, or keeps a state; its mean was judged, taken as normal (asymptotic)"
    )
    if bench.tensors:
        bench.notes["gradient"] = "gradients not judged, since it draws at random: assert_unbiased_gradient judges them"
    cases = [(form, case) for form in forms for case in bench.generic(form)[:_CASES]]
    found = [_judged(bench, form, case, _FALSE_ALARM / len(cases)) for form, case in cases]
    verdicts = [witness.verdict for witness, _ in found]
    worst = next((v for v in (Verdict.refuted, Verdict.undecided) if v in verdicts), Verdict.confirmed)
    shown = found[verdicts.index(worst)][1] if worst is Verdict.refuted else None
    diagnosis = {Verdict.refuted: ("its mean is wrong",), Verdict.undecided: (_TOO_NOISY,)}
    return Judgement(
        worst, tuple(w for w, _ in found), shown, diagnosis.get(worst, ()), (), tuple(bench.notes.values())
    )


def _judged(bench: Bench, form: Form, case: Case, false_alarm: float) -> tuple[Witness, Counterexample]:
    """What the calls of one case say, and the case."""
    for calls in CALLS:
        witness, shown = _looked(bench, form, case, calls, false_alarm / len(CALLS))
        if witness.verdict is not Verdict.undecided:
            break
    return witness, shown


def _looked(bench: Bench, form: Form, case: Case, calls: int, false_alarm: float) -> tuple[Witness, Counterexample]:
    comparison = bench.compared(form, [case] * calls)
    if not all(map(math.isfinite, comparison.errors())):
        raise UnusableFunction(f"draws at random and not always a number, called with {bench.shown(case)}")
    rows, right = _means([r.values for r in comparison.replies]), float(np.mean(comparison.rights[0]))
    law = NormalApproximation(float(np.var(rows, ddof=1)), calls - 1)
    outcome = MeanTest(law, calls, false_alarm, _MISS).verdict(float(rows.mean()), right)
    size = max(1.0, abs(right))
    off = abs(outcome.mean - right) / size
    name = (
        f"mean of {calls} calls ({form}; {comparison.reduction}), "
        f"detects {outcome.resolution:.1e} nats with {1 - _MISS:.0%} ({outcome.guarantee})"
    )
    limit = max((outcome.upper - right) / size, comparison.allowed)
    witness = Witness(name, calls, off, limit, _verdict(off, limit, outcome.resolution / size))
    said = f"returns {outcome.mean:.6g} in the mean of {calls} calls"
    return witness, replace(bench.counterexample(comparison, 0), returned=said)


def _verdict(off: float, limit: float, resolution: float) -> Verdict:
    """A mean outside its interval by roundings is right, and one that is off by an epsilon is not shown to be wrong."""
    if off <= limit:
        return Verdict.confirmed if resolution <= _NOISY else Verdict.undecided
    return Verdict.refuted if off > WRONG else Verdict.undecided


def _means(values: Sequence[tuple[float, ...]]) -> Numbers:
    return np.array(values).mean(axis=1)  # type: ignore[no-any-return]
