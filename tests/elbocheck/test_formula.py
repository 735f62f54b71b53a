"""The judge of formulas: right ones confirmed, each kind of wrong one refuted for the stated reason."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

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


def test_what_is_wrong_given_tensors_alone_is_refuted_and_it_is_said_so() -> None:
    def in_place(m: float, s: float, n: float, t: float) -> float:
        m -= n
        return math.log(t / s) + (s**2 + m**2) / (2 * t**2) - 0.5 + 0 * m

    assert judged(in_place, has_torch=True).verdict is Verdict.confirmed
    wrong = judged(lambda m, s, n, t: in_place(m, s, n, t) + 0.1 * (m - n), has_torch=True)
    assert wrong.diagnosis != ("it is right given numbers, and wrong given tensors: it may change them in place",)

    def twice(m: float, s: float, n: float, t: float) -> float:
        shifted = m
        shifted += 1.0
        return kl(m, s, n, t) + 0 * shifted

    aliased = judged(twice, has_torch=True)
    assert aliased.verdict is Verdict.refuted
    assert aliased.diagnosis == ("it is right given numbers, and wrong given tensors: it may change them in place",)


def test_constants_of_float32_are_met_with_arguments_of_float32() -> None:
    weight = torch.eye(3)

    def vae(mu: torch.Tensor, logvar: torch.Tensor) -> torch.Tensor:
        return 0.5 * ((mu @ weight * mu).sum(-1) + (logvar.exp() - 1 - logvar).sum(-1))

    right = judged(vae, VAE, has_torch=True)
    assert right.verdict is Verdict.confirmed
    assert "torch float32" in right.witnesses[0].name
    wrong = judged(lambda m, v: vae(m, v) + 1.5, VAE, has_torch=True)
    assert wrong.diagnosis[0] == "a constant of 1.5 too much"


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


def test_what_takes_the_first_axis_as_a_batch_is_judged_on_batches() -> None:
    def total(mu: torch.Tensor, logvar: torch.Tensor) -> torch.Tensor:
        return -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum()

    def rows(of: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]) -> Judgement:
        return judged(lambda m, v: of(m, v) / m.shape[0], VAE, has_torch=True)  # the usual loss of a batch

    per_row = rows(total)
    assert per_row.verdict is Verdict.confirmed
    assert "judged on batches of events: it takes the first axis of a single one as a batch" in per_row.notes
    assert any("batches of 5" in w.name and "derivatives" in w.name for w in rows(total).witnesses)
    cut = rows(lambda m, v: total(m, v) + (m - m.detach()).sum())
    assert cut.diagnosis == ("the value is right, but its gradient in q.loc is wrong",)
    per_entry = judged(lambda m, v: total(m, v) / m.numel(), VAE, has_torch=True)
    assert per_entry.diagnosis == ("it is the mean over the event, not the sum",)


def test_a_wrong_function_that_takes_the_first_axis_as_a_batch_is_told_on_batches() -> None:
    table = Claim(family("categorical_logits"), family("categorical_logits"))

    def swapped(q: torch.Tensor, p: torch.Tensor, count: int) -> torch.Tensor:
        target = p.softmax(-1)
        return (target * (p.log_softmax(-1) - q.log_softmax(-1))).sum() / count

    of_batch = judged(lambda q, p: swapped(q, p, q.shape[0]), table, has_torch=True)
    assert of_batch.diagnosis == ("q and p are swapped: it is KL(p || q)",)
    assert of_batch.verdict is Verdict.refuted
    assert any(n.startswith("judged on batches of events") for n in of_batch.notes)
    of_entries = judged(lambda q, p: swapped(q, p, q.numel()), table, has_torch=True)
    swapped_mean = "q and p are swapped: it is KL(p || q); and it is the mean over the event, not the sum"
    assert of_entries.diagnosis == (swapped_mean,)
    assert not any(n.startswith("judged on batches") for n in of_entries.notes)


@pytest.mark.parametrize(
    ("diagnosis", "function"),
    [
        ("a factor 1/2 is missing: it returns twice the value", lambda m, v: -(1 + v - m**2 - v.exp())),
        ("the term log(p.scale / q.scale) is lost", lambda m, v: -0.5 * (1 - m**2 - v.exp())),
        ("q.log_variance is read as a scale", lambda m, s: 0.5 * (m**2 + s**2 - 1 - 2 * s.abs().log())),
    ],
)
def test_batches_tell_what_single_events_do_not(diagnosis: str, function: Callable[..., torch.Tensor]) -> None:
    wrong = judged(lambda m, v: function(m, v).sum() / m.shape[0], VAE, has_torch=True)
    assert wrong.verdict is Verdict.refuted
    assert diagnosis in wrong.diagnosis
    assert not any("mean over the event" in d or "times the value" in d for d in wrong.diagnosis)
    right = judged(lambda m, v: -0.5 * (1 + v - m**2 - v.exp()).sum() / m.shape[0], VAE, has_torch=True)
    assert right.verdict is Verdict.confirmed


def test_batches_that_have_no_right_shape_tell_nothing() -> None:
    def rows(mu: torch.Tensor, logvar: torch.Tensor) -> torch.Tensor:
        return -0.5 * (1 + logvar - mu**2 - logvar.exp()).mean(0)

    wrong = judged(rows, VAE, has_torch=True)
    assert wrong.diagnosis == ("it is the mean over the event, not the sum",)


def test_a_threshold_near_equality_is_told_as_one() -> None:
    def free(mu: float, logvar: float, least: float) -> float:
        return max(least, 0.5 * (mu**2 + math.exp(logvar) - 1 - logvar))

    wrong = judged(lambda m, v: free(m, v, 0.05), VAE)
    assert wrong.verdict is Verdict.refuted
    assert wrong.diagnosis == ("it is right at moderate points, and wrong near q = p: a clamp or threshold",)
    assert judged(lambda m, v: free(m, v, 0.0), VAE).verdict is Verdict.confirmed


def test_a_clamp_at_extreme_parameters_is_reported() -> None:
    def clamped(mu: float, logvar: float, least: float) -> float:
        logvar = max(least, logvar)
        return 0.5 * (mu**2 + math.exp(logvar) - 1 - logvar)

    said = "overflow, lost digits or a clamp at extreme parameters"
    assert any(f.startswith(said) for f in judged(lambda m, v: clamped(m, v, -6.0), VAE).failures)
    assert not any(f.startswith(said) for f in judged(lambda m, v: clamped(m, v, -90.0), VAE).failures)
    assert judged(lambda m, v: clamped(m, v, -2.0), VAE).verdict is Verdict.refuted


def test_a_shape_that_fits_no_batch_is_told_beside_the_right_values() -> None:
    table = Claim(family("categorical"), family("categorical"))

    def first_axis(q: np.ndarray, p: np.ndarray) -> np.ndarray:
        return np.sum(q * np.log(q / p), axis=0)

    (note,) = judged(first_axis, table).notes
    said = note.split("right is ")[1]
    assert said.endswith(" nats")
    assert len(said.split(", ")) == 5
    assert judged(lambda q, p: np.sum(q * np.log(q / p), axis=-1), table).notes == ()


def test_half_the_value_of_a_batch_is_not_its_mean() -> None:
    def half(mu: torch.Tensor, logvar: torch.Tensor) -> torch.Tensor:
        return -0.25 * (1 + logvar - mu**2 - logvar.exp()).sum(1).sum()

    assert "a factor 1/2 too many: it returns half the value" in judged(half, VAE, has_torch=True).diagnosis


def test_a_sum_over_the_wrong_axis_of_a_batch_is_noted() -> None:
    def kl_of(mu: torch.Tensor, logvar: torch.Tensor, axis: int) -> torch.Tensor:
        return -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(axis).mean()

    note = "right for single events, not for batches of them"
    assert any(n.startswith(note) for n in judged(lambda m, v: kl_of(m, v, 0), VAE, has_torch=True).notes)
    assert not any(n.startswith(note) for n in judged(lambda m, v: kl_of(m, v, -1), VAE, has_torch=True).notes)


def test_a_divergence_from_a_prior_without_parameters_may_be_swapped() -> None:
    def swapped(mu: float, logvar: float) -> float:
        return 0.5 * ((1 + mu**2) / math.exp(logvar) + logvar - 1)

    assert judged(swapped, VAE).diagnosis == ("q and p are swapped: it is KL(p || q)",)
    assert judged(lambda m, v: swapped(m, v) + 0.1 * m, VAE).diagnosis == ("it differs; the cause is unknown",)


def test_nothing_is_made_of_a_function_that_returns_0() -> None:
    assert judged(lambda m, s, n, t: 0.0).diagnosis == ("it differs; the cause is unknown",)


UNIFORM = Claim(family("uniform"), family("uniform"))


def test_a_finite_value_where_the_divergence_is_infinite_is_reported() -> None:
    def nested(a: float, b: float, c: float, d: float) -> float:
        return math.log((d - c) / (b - a))

    careless = judged(nested, UNIFORM)
    assert careless.verdict is Verdict.confirmed
    assert any("q has mass and p has none, at 4 of 4 points" in f for f in careless.failures)
    assert any("right is infinitely many nats" in f for f in careless.failures)
    careful = judged(lambda a, b, c, d: nested(a, b, c, d) if c <= a and b <= d else math.inf, UNIFORM)
    assert careful.failures == ()


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


def test_the_mean_of_an_estimate_is_judged_on_vectors_too() -> None:
    rng = np.random.default_rng(0)

    def draws(mu: np.ndarray, logvar: np.ndarray) -> np.ndarray:
        z = mu + np.exp(logvar / 2) * rng.normal(size=(200, *np.shape(mu)))
        return (z**2 - (z - mu) ** 2 / np.exp(logvar) - logvar) / 2

    assert judged(lambda m, v: draws(m, v).mean(0).sum(), VAE).verdict is Verdict.confirmed
    wrong = judged(lambda m, v: draws(m, v).mean(), VAE)  # the mean over the event
    assert wrong.verdict is Verdict.refuted
    assert [w.verdict for w in wrong.witnesses] == [Verdict.confirmed] * 2 + [Verdict.refuted] * 2


@pytest.mark.parametrize(
    ("dtype", "noise", "verdict"),
    [(np.float32, 1e-5, "confirmed"), (np.float64, 1e-7, "undecided"), (np.float64, 1e-2, "refuted")],
)
def test_noise_in_the_last_digits_does_not_make_a_formula_wrong(dtype: type, noise: float, verdict: str) -> None:
    rng = np.random.default_rng(0)
    judgement = judged(lambda m, s, n, t: dtype(kl(m, s, n, t) + noise * rng.uniform()))
    assert judgement.verdict.value == verdict
    assert any("draws at random" in n for n in judgement.notes)


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


CORNERS: list[tuple[str, Callable[[float, float, float, float], bool]]] = [
    ("a large scale", lambda m, s, n, t: s > 4),
    ("locations that are far", lambda m, s, n, t: abs(m - n) > 5),
    ("a small scale", lambda m, s, n, t: t < 0.25),
    ("both locations negative", lambda m, s, n, t: m < 0 and n < 0),
    ("q wider than p", lambda m, s, n, t: s > t),
]


@pytest.mark.parametrize("corner", [c for _, c in CORNERS], ids=[name for name, _ in CORNERS])
@pytest.mark.parametrize("seed", range(10))
def test_what_is_wrong_in_a_corner_alone_is_refuted(corner: Callable[..., bool], seed: int) -> None:
    judgement = judged(lambda *a: kl(*a) * (1.1 if corner(*a) else 1.0), seed=seed)
    assert judgement.verdict is Verdict.refuted
    assert judgement.counterexample is not None
    assert corner(*judgement.counterexample.arguments.values())


def test_a_corner_is_told_as_one_and_what_overflows_beyond_is_none() -> None:
    wrong = judged(lambda *a: kl(*a) * (1.1 if a[1] > 4 else 1.0))
    assert "in a corner of the parameters" in wrong.diagnosis[0]
    assert "in corners of the parameters" in wrong.witnesses[-1].name
    assert judged(lambda *a: kl(*a) * (1.1 if a[1] > 40 else 1.0)).verdict is Verdict.confirmed

    def of_factorials(n: float, q: float, m: float, p: float) -> float:
        chances = [math.comb(int(n), k) * q**k * (1 - q) ** (n - k) for k in range(int(n) + 1)]
        return sum(w * (k * math.log(q / p) + (n - k) * math.log((1 - q) / (1 - p))) for k, w in enumerate(chances))

    binomial = Claim(family("binomial"), family("binomial"))
    assert judged(of_factorials, binomial).verdict is Verdict.confirmed
    assert judged(lambda n, *a: of_factorials(n, *a) + 0.1 * max(0.0, n - 9), binomial).verdict is Verdict.refuted


def test_what_is_wrong_given_something_else_that_it_takes_is_refuted() -> None:
    def of_numbers_wrong(m: Any, v: Any) -> Any:
        if isinstance(m, torch.Tensor):
            return (m**2 + v.exp() - 1 - v) / 2
        return (m**2 + np.exp(v) - 1 - 2 * v) / 2

    def of_both(m: Any, v: Any) -> Any:
        return (m**2 + (v.exp() if isinstance(v, torch.Tensor) else np.exp(v)) - 1 - v) / 2

    wrong = judged(of_numbers_wrong, VAE, has_torch=True)
    assert wrong.verdict is Verdict.refuted
    assert wrong.diagnosis == ("it is right given tensors, and wrong given numbers",)
    assert judged(of_both, VAE, has_torch=True).verdict is Verdict.confirmed


def test_a_function_that_changes_its_arguments_is_noted() -> None:
    def in_place(m: torch.Tensor, s: torch.Tensor, n: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        m -= n
        return torch.log(t / s) + (s**2 + m**2) / (2 * t**2) - 0.5

    judgement = judged(in_place, has_torch=True)
    assert judgement.verdict is Verdict.confirmed
    assert any("changes its arguments in place" in note for note in judgement.notes)
    assert not any("in place" in note for note in judged(torch_kl, has_torch=True).notes)
