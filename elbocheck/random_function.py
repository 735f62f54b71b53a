"""Judge a function that draws at random, such as a Monte Carlo estimate: by its mean over many calls."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from elbocheck.bench import Bench, Comparison, Form, Numbers
from elbocheck.judgement import Counterexample, Judgement, UnusableFunction, Witness
from elbocheck.verdict import Verdict
from numerics.calibrated import MeanTest
from numerics.law import NormalApproximation

CALLS = 1000  # at each point
_POINTS = 2
_FALSE_ALARM, _MISS = 1e-6, 0.01
_NOISY = 0.1  # relative resolution beyond which a mean confirms nothing


def is_random(bench: Bench, form: Form) -> bool:
    """Whether two calls at one point differ."""
    arguments = bench.generic(form)[0].arguments
    first, second = (bench.reply(form, arguments).values for _ in range(2))
    return all(map(math.isfinite, first + second)) and not np.allclose(first, second, rtol=1e-12, atol=0)


def judge_mean(bench: Bench, form: Form) -> Judgement:
    """Confirmed if the means at two points are within an interval that is narrow enough, refuted if one is outside.

    Raises
    ------
    UnusableFunction
        If a call gives no number.
    """
    bench.notes["random"] = "it draws at random: its mean was judged, taken as normal (asymptotic)"
    witnesses: list[Witness] = []
    found: list[Counterexample] = []
    for case in bench.generic(form)[:_POINTS]:
        comparison = bench.compared(form, [case] * CALLS)
        if not all(map(math.isfinite, comparison.errors())):
            raise UnusableFunction(f"draws at random and not always a number, called with {bench.shown(case)}")
        witness, mean = _witness(comparison)
        witnesses.append(witness)
        if witness.verdict is Verdict.refuted:
            said = f"returns {mean:.6g} in the mean of {CALLS} calls"
            found.append(replace(bench.counterexample(comparison, 0), returned=said))
    verdicts = [w.verdict for w in witnesses]
    worst = next((v for v in (Verdict.refuted, Verdict.undecided) if v in verdicts), Verdict.confirmed)
    diagnosis = {Verdict.refuted: ("its mean is wrong",), Verdict.undecided: ("its mean is too noisy to tell",)}
    return Judgement(
        worst, tuple(witnesses), next(iter(found), None), diagnosis.get(worst, ()), (), tuple(bench.notes.values())
    )


def _witness(comparison: Comparison) -> tuple[Witness, float]:
    """What the calls of one case say, and their mean."""
    rows, right = _means([r.values for r in comparison.replies]), float(np.mean(comparison.rights[0]))
    law = NormalApproximation(float(np.var(rows, ddof=1)), CALLS - 1)
    outcome = MeanTest(law, CALLS, _FALSE_ALARM / _POINTS, _MISS).verdict(float(rows.mean()), right)
    size = max(1.0, abs(right))
    verdict = Verdict.confirmed if outcome.passed else Verdict.refuted
    if outcome.passed and outcome.resolution > _NOISY * size:
        verdict = Verdict.undecided
    name = f"mean of {CALLS} calls, detects {outcome.resolution:.1e} nats with {1 - _MISS:.0%} ({outcome.guarantee})"
    return Witness(name, CALLS, abs(outcome.mean - right) / size, (outcome.upper - right) / size, verdict), outcome.mean


def _means(values: Sequence[tuple[float, ...]]) -> Numbers:
    return np.array(values).mean(axis=1)  # type: ignore[no-any-return]
