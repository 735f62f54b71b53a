"""The judge of formulas: right ones confirmed, each kind of wrong one refuted for the stated reason."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from elbocheck.call import caller
from elbocheck.claim import Claim, enclosure
from elbocheck.family import family
from elbocheck.formula import judge
from elbocheck.judgement import Judgement, UnusableFunction
from elbocheck.verdict import Verdict

Function = Callable[..., object]
NORMAL = Claim(family("normal"), family("normal"))


def judged(function: Function, claim: Claim = NORMAL, *, seed: int = 0, has_torch: bool = False) -> Judgement:
    return judge(caller(function), claim, seed=seed, has_torch=has_torch)


def kl(m: float, s: float, n: float, t: float) -> float:
    return math.log(t / s) + (s**2 + (m - n) ** 2) / (2 * t**2) - 0.5


def of_variances(m: float, v: float, n: float, w: float) -> float:
    return 0.5 * (math.log(w / v) + (v + (m - n) ** 2) / w - 1)


@pytest.mark.parametrize("seed", range(10))
def test_a_right_formula_is_confirmed_and_its_cancellation_reported(seed: int) -> None:
    judgement = judged(kl, seed=seed)
    assert judgement.verdict is Verdict.confirmed
    assert judgement.counterexample is None
    assert judgement.diagnosis == ()
    assert "cancellation near equality" in judgement.failures[0]


WRONG: list[tuple[str, Function]] = [
    ("q and p are swapped: it is KL(p || q)", lambda m, s, n, t: kl(n, t, m, s)),
    ("the sign is wrong: it returns the negative", lambda *a: -kl(*a)),
    ("q.scale and p.scale are read as a variance", of_variances),
    (
        "q.scale and p.scale are read as a log-variance",
        lambda m, v, n, w: of_variances(m, math.exp(v), n, math.exp(w)),
    ),
    ("p.scale is read as a variance", lambda m, s, n, w: kl(m, s, n, math.sqrt(w))),
    ("it is in bits, not in nats", lambda *a: kl(*a) / math.log(2)),
    ("a factor 1/2 is missing: it returns twice the value", lambda *a: 2 * kl(*a)),
    ("the term -1/2 is lost", lambda *a: kl(*a) + 0.5),
    ("the term log(p.scale / q.scale) is lost", lambda m, s, n, t: kl(m, s, n, t) - math.log(t / s)),
    (
        "the term log(p.scale / q.scale) has the wrong sign",
        lambda m, s, n, t: kl(m, s, n, t) - 2 * math.log(t / s),
    ),
    (
        "the term (q.loc - p.loc)^2 / (2 p.scale^2) is doubled: a factor 1/2 is missing",
        lambda m, s, n, t: kl(m, s, n, t) + (m - n) ** 2 / (2 * t**2),
    ),
    ("it is the cross-entropy alone", lambda m, s, n, t: kl(m, s, n, t) + math.log(s) + 1.4189385332046727),
    ("a constant of 0.2 too much", lambda *a: kl(*a) + 0.2),
    (
        "it takes its arguments in the order q.loc, p.loc, q.scale, p.scale",
        lambda m, n, s, t: kl(m, s, n, t),
    ),
    (
        "q.scale and p.scale are read as a variance; and the sign is wrong: it returns the negative",
        lambda *a: -of_variances(*a),
    ),
    ("it differs; the cause is unknown", lambda m, s, n, t: kl(m, s, n, t) + 0.1 * math.sin(3 * m)),
]


@pytest.mark.parametrize(("diagnosis", "function"), WRONG, ids=[d for d, _ in WRONG])
def test_a_wrong_formula_is_refuted_and_it_is_said_how(diagnosis: str, function: Function) -> None:
    judgement = judged(function)
    assert judgement.verdict is Verdict.refuted
    assert judgement.counterexample is not None
    assert diagnosis in judgement.diagnosis


# --- torch ---


def torch_kl(m: torch.Tensor, s: torch.Tensor, n: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    return torch.log(t / s) + (s**2 + (m - n) ** 2) / (2 * t**2) - 0.5


def test_gradients_are_judged_and_a_cut_one_is_refuted() -> None:
    right = judged(torch_kl, has_torch=True)
    assert right.verdict is Verdict.confirmed
    assert any(w.name.startswith("derivatives") for w in right.witnesses)
    cut = judged(lambda m, s, n, t: torch_kl(m, s, n, t) + torch.log(s) - torch.log(s.detach()), has_torch=True)
    assert cut.verdict is Verdict.refuted
    assert cut.diagnosis == ("the value is right, but its gradient in q.scale is wrong",)


def test_a_function_of_numbers_is_not_refuted_for_the_gradients_that_it_does_not_claim() -> None:
    judgement = judged(kl, has_torch=True)
    assert judgement.verdict is Verdict.confirmed
    assert any(f.startswith("given tensors, though it takes numbers") for f in judgement.failures)


def test_a_detached_parameter_is_noted() -> None:
    judgement = judged(lambda m, s, n, t: torch_kl(m, s, n.detach(), t), has_torch=True)
    assert judgement.verdict is Verdict.confirmed
    assert "no gradient in p.loc: it is detached, or not used" in judgement.notes


VAE = Claim(family("normal_log_variance"), family("standard_normal"))


@pytest.mark.parametrize("dim", [-1, 1])
def test_a_sum_over_the_event_is_right_and_a_mean_is_not(dim: int) -> None:
    def terms(mu: torch.Tensor, logvar: torch.Tensor) -> torch.Tensor:
        return -0.5 * (1 + logvar - mu**2 - logvar.exp())

    assert judged(lambda m, v: terms(m, v).sum(dim), VAE, has_torch=True).verdict is Verdict.confirmed
    assert judged(lambda m, v: terms(m, v).sum(dim).mean(), VAE, has_torch=True).verdict is Verdict.confirmed
    wrong = judged(lambda m, v: terms(m, v).mean(dim), VAE, has_torch=True)
    assert wrong.verdict is Verdict.refuted
    assert wrong.diagnosis == ("it is the mean over the event, not the sum",)


@pytest.mark.parametrize("seed", range(3))
def test_an_estimate_is_judged_by_its_mean(seed: int) -> None:
    rng = np.random.default_rng(seed)

    def estimate(m: float, s: float, n: float, t: float, factor: float = 1.0) -> float:
        z = m + s * rng.normal(size=300)
        return float(np.mean(np.log(t / s) + (((z - n) / t) ** 2 - factor * ((z - m) / s) ** 2) / 2))

    right = judged(estimate)
    assert right.verdict is Verdict.confirmed
    assert "asymptotic" in right.witnesses[0].name
    wrong = judged(lambda m, s, n, t: estimate(m, s, n, t, 0.0))
    assert wrong.verdict is Verdict.refuted
    assert "in the mean of 1000 calls" in str(wrong.counterexample)


def test_an_epsilon_is_undecided_and_half_precision_decides_nothing() -> None:
    epsilon = judged(lambda m, s, n, t: kl(m, s, n, t) + 1e-8)
    assert epsilon.verdict is Verdict.undecided
    assert "it agrees to" in epsilon.diagnosis[0]
    half = judged(lambda m, s, n, t: np.float16(kl(m, s, n, t)))
    assert half.verdict is Verdict.undecided


def test_what_is_no_number_at_moderate_points_is_refuted() -> None:
    judgement = judged(lambda m, s, n, t: math.nan)
    assert judgement.diagnosis == ("it gives no finite number of the right shape at 6 of 6 moderate points",)
    assert "returns nan; right is" in str(judgement.counterexample)


def test_a_function_that_never_gives_a_number_is_unusable() -> None:
    def refuses(m: float, s: float, n: float, t: float) -> float:
        raise RuntimeError("no")

    with pytest.raises(UnusableFunction, match=r"raises RuntimeError at .*: no, called with q\.loc ="):
        judged(refuses)


def test_points_where_the_divergence_is_infinite_are_left_out() -> None:
    claim = Claim(family("gamma"), family("inverse_gamma"))  # E[1 / x] is finite for concentrations above 1 alone
    sites = claim.sites("generic", 6, seed=0)
    assert len(sites) == 6
    assert all(enclosure(claim, site).is_finite() for site in sites)
    assert all(site.q[0] > 1 for site in sites)
