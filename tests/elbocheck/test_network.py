"""Findings on a network: right terms are confirmed, each wrong one is refuted under its name, no decision is faked."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from elbocheck.network import check_identity, check_kl, check_loss
from elbocheck.verdict import Verdict
from elbocheck.witness import KLWitnesses, LossWitness
from numerics import normal
from numerics.calibrated import Budget
from numerics.plane import Estimate
from vae_min.evaluate import Identity

NUMERICS, SAMPLING = (
    "objective's KL of each test image, against numerics",
    "objective's KL of each test image, against Monte Carlo",
)


def witnesses(seed: int = 0, num_samples: int = 2000) -> KLWitnesses:
    generator = torch.Generator().manual_seed(seed)
    loc = torch.randn(20, 2, generator=generator, dtype=torch.float64)
    log_variance = torch.randn(20, 2, generator=generator, dtype=torch.float64) - 2
    noise = torch.randn(num_samples, 20, 2, generator=generator, dtype=torch.float64)
    scale = (0.5 * log_variance).exp()
    z = loc + scale * noise
    rows = (normal.log_prob(z, loc, scale) - normal.log_prob(z, 0.0, 1.0)).sum(-1)
    closed_form = 0.5 * (loc.square() + log_variance.exp() - log_variance - 1).sum(-1)
    reference = normal.kl_divergence_standard(loc, log_variance)
    return KLWitnesses(closed_form, reference, rows.mean(0), num_samples, loc, torch.diag_embed(scale))


def verdicts(w: KLWitnesses) -> dict[str, Verdict]:
    return {f.witness: f.verdict for f in check_kl(w, Budget())}


@pytest.mark.parametrize("seed", range(10))
def test_right_kl_is_confirmed_for_every_seed(seed: int) -> None:
    assert verdicts(witnesses(seed)) == {NUMERICS: Verdict.confirmed, SAMPLING: Verdict.confirmed}


def test_halved_kl_is_refuted_by_both_with_the_image() -> None:
    w = witnesses()
    findings = check_kl(replace(w, closed_form=w.closed_form / 2), Budget())
    assert [f.verdict for f in findings] == [Verdict.refuted] * 2
    assert all("test image 0: q = N(loc" in f.detail for f in findings)


def test_one_wrong_image_among_many_is_named() -> None:
    w = witnesses()
    w.closed_form[7] *= 1 + 1e-12
    first, _ = check_kl(w, Budget())
    assert first.verdict is Verdict.refuted
    assert "test image 7" in first.detail
    assert first.figure == "wrong on 1 of 20 images"


def test_biased_draws_and_nan_are_refuted() -> None:
    w = witnesses()
    assert verdicts(replace(w, monte_carlo=w.monte_carlo + 0.5))[SAMPLING] is Verdict.refuted
    assert verdicts(replace(w, closed_form=w.closed_form * torch.nan))[NUMERICS] is Verdict.refuted


def test_reports_progress_image_by_image() -> None:
    steps: list[int] = []
    check_kl(witnesses(), Budget(), steps.append)
    assert sum(steps) == 20


def identity(evidence: float = -20.0, elbo: float = -21.0, kl: float = 1.0, error: float = 1e-9) -> Identity:
    def estimate(value: float) -> Estimate:
        return Estimate(torch.full((3,), value, dtype=torch.float64), torch.full((3,), error / 3, dtype=torch.float64))

    return Identity(estimate(evidence), estimate(elbo), estimate(kl))


def test_an_identity_that_holds_is_confirmed() -> None:
    assert [(f.identity, f.verdict) for f in check_identity(identity())] == [
        ("elbo-gap", Verdict.confirmed),
        ("elbo-bound", Verdict.confirmed),
    ]


def test_an_identity_off_by_more_than_the_tolerance_is_refuted_with_its_terms() -> None:
    finding, _ = check_identity(identity(kl=1.0 + 2e-6))
    assert finding.verdict is Verdict.refuted
    assert "log p(x) = -20.00000000, but ELBO + KL(q || p(z|x)) = -21.00000000 + 1.00000200" in finding.detail


def test_a_quadrature_that_is_not_good_enough_decides_nothing() -> None:
    finding, _ = check_identity(identity(kl=1.0 + 5e-5, error=2e-4))
    assert finding.verdict is Verdict.undecided
    assert "must be finite and below 0.0001 nats" in finding.detail


def test_a_quadrature_that_is_far_off_refutes_nothing() -> None:
    found = check_identity(identity(kl=4.0, elbo=-19.0, error=1.5))
    assert [f.verdict for f in found] == [Verdict.undecided] * 2


def loss(value: float = 25.0, factor: float = 1.0) -> LossWitness:
    gradient = torch.linspace(-1, 1, 5, dtype=torch.float64)
    right = torch.tensor(25.0, dtype=torch.float64)
    return LossWitness(torch.tensor(value, dtype=torch.float64), right, factor * gradient, gradient, 64)


def test_a_loss_is_confirmed_only_if_value_and_gradient_are_right() -> None:
    assert check_loss(loss()).verdict is Verdict.confirmed
    for wrong in (
        loss(value=25.00000001),
        loss(factor=1.00000001),
        loss(value=float("nan")),
        loss(factor=float("nan")),
    ):
        finding = check_loss(wrong)
        assert finding.verdict is Verdict.refuted
        assert "-mean(log p(x|z) - KL) is 25" in finding.detail


def test_no_finite_number_decides_nothing() -> None:
    assert [f.verdict for f in check_identity(identity(evidence=float("nan")))] == [Verdict.undecided] * 2


def test_an_elbo_above_the_evidence_is_refuted() -> None:
    _, bound = check_identity(identity(elbo=-19.5, kl=-0.5))
    assert bound.verdict is Verdict.refuted
    assert "the ELBO is -19.5" in bound.detail


def test_an_elbo_at_the_evidence_within_the_error_is_undecided() -> None:
    _, bound = check_identity(identity(elbo=-20.0, kl=0.0))
    assert bound.verdict is Verdict.undecided
