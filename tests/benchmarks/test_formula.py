"""A seeded part of the measurements of the judge, and their own wrong twins."""

from __future__ import annotations

import ast
import math

import pytest
import torch

from benchmarks import formula
from benchmarks.formula import Original, originals
from elbocheck.call import caller
from elbocheck.claim import Claim
from elbocheck.family import family
from elbocheck.formula import judge
from elbocheck.verdict import Verdict

CHEAP = [i for i, o in enumerate(originals()) if str(o.claim) in (
    "KL(normal || standard_normal)", "KL(bernoulli || bernoulli)", "KL(poisson || poisson)",
    "KL(exponential || exponential)", "the entropy of bernoulli",
)]  # fmt: skip


@pytest.mark.parametrize("index", CHEAP)
def test_mutants_that_are_not_equivalent_are_refuted(index: int) -> None:
    survey = formula._survey(index, every=7)
    assert survey.wrong == []
    assert survey.counts["refuted"] >= 5


@pytest.mark.parametrize("index", CHEAP)
def test_right_formulas_raise_no_alarm(index: int) -> None:
    _, runs, alarms = formula._alarms(index, seeds=3)
    assert runs >= 12
    assert alarms == []


@pytest.mark.parametrize("name", ["normal", "bernoulli", "poisson", "gamma", "multivariate_normal", "categorical"])
def test_torch_is_confirmed_and_its_cancellation_is_reported(name: str) -> None:
    claim = Claim(family(name), family(name))
    judgement = judge(caller(formula.torch_kl(name, name)), claim, has_torch=True)
    assert judgement.verdict is Verdict.confirmed
    assert any("cancellation near equality" in f for f in judgement.failures)


def test_equivalence_is_told_from_a_difference() -> None:
    claim = Claim(family("exponential"), family("exponential"))
    original = Original(claim, ast.parse("log(a / b) + b / a - 1", mode="eval").body, ["a", "b"])
    commuted, changed = (
        ast.parse(t, mode="eval").body for t in ("b / a + log(a / b) - 1", "log(a / b) + b / a - 1.0001")
    )
    assert formula.is_equivalent(commuted, original)
    assert not formula.is_equivalent(changed, original)


def test_every_mutant_differs_in_one_place_from_its_original_and_from_the_others() -> None:
    original = originals()[0]
    texts = [ast.unparse(m) for m in formula.mutants(original.tree, original.names)]
    assert len(texts) > 100
    assert len(set(texts)) == len(texts)
    assert ast.unparse(original.tree) not in texts
    assert "log(d / b) + (b ** 2 + (a - c) ** 2) / (2 * d ** 2)" in texts
    assert "log(d / b) + (b + (a - c) ** 2) / (2 * d ** 2) - 1 / 2" in texts


def test_torch_knows_infinite_divergences(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("normal", "exponential", "uniform", "poisson")
    monkeypatch.setattr(formula, "torch_pairs", lambda: [(q, p) for q in names for p in names])
    found = formula.infinite_in_torch()
    assert {"KL(normal || exponential)", "KL(normal || uniform)"} <= set(found)
    assert set(found.values()) == {math.inf}
    monkeypatch.setitem(
        formula.TORCH, "exponential", lambda rate: torch.distributions.Normal(rate, rate)
    )  # on the line
    assert math.isfinite(formula.infinite_in_torch()["KL(normal || exponential)"])
