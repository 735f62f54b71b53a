"""Of the mutants of all derivations none that is false is proved, and nearly all are refuted, which is checked again.

ELBOCHECK_MUTANTS of each derivation are tried, or ``all``.
"""

import math
import os
import random
from collections import Counter

import pytest

from derivations.catalogue import DERIVATIONS, prove
from derivations.kernel import equal, number
from derivations.mutation import Mutant, mutants
from derivations.negative_control import judged, judged_mutants, parser, proof, report
from derivations.refute import refute

from .reevaluation import OutOfReach, both_sides, rational

WANTED = os.environ.get("ELBOCHECK_MUTANTS", "1")
SAMPLE = None if WANTED == "all" else int(WANTED)


@pytest.fixture(scope="module")
def verdicts(seed):
    if SAMPLE is None:
        return [v for slug in DERIVATIONS for v in judged_mutants(prove(slug), None, seed)]
    rng, found = random.Random(f"mutants {seed}"), []
    for slug in DERIVATIONS:
        made = list(mutants(prove(slug)))
        found += (judged(m, prove(slug).steps[m.step - 1], seed) for m in rng.sample(made, min(SAMPLE, len(made))))
    return found


def test_no_false_mutant_is_proved(verdicts):
    assert [str(v.mutant) for v in verdicts if v.name == "contradiction"] == []


def test_nearly_all_that_are_not_true_are_refuted(verdicts):
    counts = Counter(v.name for v in verdicts)
    print(counts)
    refuted = counts["refuted"] + counts["meaningless"]
    all_of_them = refuted + counts["undecided"]
    by_chance = 0 if SAMPLE is None else 3.3 * math.sqrt(0.05 * 0.95 * all_of_them)  # once in 2,000 samples
    assert refuted >= 0.95 * all_of_them - by_chance


def test_counterexamples_have_the_values_that_they_say(verdicts, seed):
    """Computed again without balls, forms or dual numbers; what that cannot do is less than a tenth."""
    found = [v for v in verdicts if v.counterexample is not None]
    chosen = found if SAMPLE is None else random.Random(seed).sample(found, min(40, len(found)))
    out_of_reach = 0
    for verdict in chosen:
        said = rational(verdict.counterexample.left), rational(verdict.counterexample.right)
        try:
            again = both_sides(verdict.counterexample, verdict.mutant.hypotheses)
        except OutOfReach:
            out_of_reach += 1
            continue
        for a, b in zip(said, again, strict=True):
            assert math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-6), str(verdict.mutant)
    assert out_of_reach <= 0.1 * len(chosen)


def test_no_reason_of_the_derivation_proves_what_is_false(verdicts, seed):
    """A false mutant against all reasons of its derivation, not its own only."""
    false = [v for v in verdicts if v.name == "refuted"]
    for verdict in random.Random(seed).sample(false, min(6, len(false))):
        for step in prove(verdict.mutant.slug).steps:
            theorem = proof(verdict.mutant.claim, step)
            assert theorem is None or refute(theorem.conclusion, theorem.hypotheses, conventions=True) is None


def test_verdicts():
    step = prove("elbo-gap").steps[2]
    before, after = step.theorem.sides
    known = step.theorem.hypotheses

    def named(claim, hypotheses=known):
        return judged(Mutant("elbo-gap", 3, "a mistake", claim, hypotheses), step).name

    assert named(equal(before, after)) == "proved"
    assert named(equal(before, after), ()) == "conditional"
    assert named(equal(before, after + number(1))) == "refuted"
    assert named(equal(before, number(0) ** -1)) == "meaningless"


def test_the_command_counts():
    lines = list(report(parser().parse_args(["elbo-bound", "--sample", "2", "--jobs", "1"])))
    assert lines[0].split()[:2] == ["refuted", "meaningless"]
    assert lines[1].startswith("elbo-bound")
    assert "mutants that are not known to be true are refuted" in lines[-1]
