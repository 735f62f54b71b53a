"""Each wrong witness of the closed form is refuted under its own name, at generic points; the right ones agree."""

from __future__ import annotations

from dataclasses import replace

import flint
import numpy as np
import pytest

from derivations.catalogue import prove
from derivations.derivation import Derivation
from derivations.kernel import equal, number
from elbocheck import agreement
from elbocheck.agreement import POINTS, confront_kl_normal_standard
from elbocheck.verdict import Finding, Verdict
from numerics import monte_carlo, normal, quadrature
from numerics.calibrated import Budget

QUASI = "randomised quasi-Monte Carlo, value and gradient"
ENCLOSURE, THEOREM = "certified enclosure of the integral", "theorem, evaluated in ball arithmetic"


def confront(seed: int = 0, num_samples: int = 50_000) -> dict[str, Finding]:
    findings = confront_kl_normal_standard(
        prove("kl-normal-standard"), seed=seed, num_samples=num_samples, budget=Budget()
    )
    return {f.witness: f for f in findings}


def judge(derivation: Derivation | None) -> dict[str, Finding]:
    findings = confront_kl_normal_standard(derivation, seed=0, num_samples=1000, budget=Budget())
    return {f.witness: f for f in findings}


def refuted(findings: dict[str, Finding]) -> set[str]:
    return {name for name, f in findings.items() if f.verdict is Verdict.refuted}


@pytest.mark.parametrize("seed", range(10))
def test_right_witnesses_are_confirmed_for_every_seed(seed: int) -> None:
    findings = confront(seed)
    assert {f.verdict for f in findings.values()} == {Verdict.confirmed}
    assert len(findings) == 8


def test_spends_a_third_of_the_budget() -> None:
    budget = Budget(3e-6)
    confront_kl_normal_standard(prove("kl-normal-standard"), seed=0, num_samples=1000, budget=budget)
    assert budget.remaining == pytest.approx(2e-6, rel=1e-12, abs=0)


WRONG_VAE_FORMS = {
    "half lost": lambda m, v: (m**2 + np.exp(v) - v - 1).sum(-1),
    "sign reversed": lambda m, v: -0.5 * (m**2 + np.exp(v) - v - 1).sum(-1),
    "variance for scale": lambda m, v: 0.5 * (m**2 + np.exp(v / 2) - v - 1).sum(-1),
    "square of mu lost": lambda m, v: 0.5 * (m + np.exp(v) - v - 1).sum(-1),
    "half of the log lost": lambda m, v: 0.5 * (m**2 + np.exp(v) - v / 2 - 1).sum(-1),
    "mean for sum": lambda m, v: 0.5 * (m**2 + np.exp(v) - v - 1).mean(-1),
    "unstable near equality": lambda m, v: 0.5 * (m**2 + np.exp(v) - v - 1).sum(-1),
}


@pytest.mark.parametrize("name", WRONG_VAE_FORMS)
def test_a_wrong_vae_form_is_refuted_by_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(normal, "kl_divergence_standard", WRONG_VAE_FORMS[name])
    findings = confront(num_samples=1000)
    assert refuted(findings) == {"closed form in loc, log-variance (NumPy)"}
    detail = findings["closed form in loc, log-variance (NumPy)"].detail
    assert "the formula gives" in detail
    assert "the integral is" in detail


def test_the_unstable_formula_is_refuted_at_the_near_equal_point_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(normal, "kl_divergence_standard", WRONG_VAE_FORMS["unstable near equality"])
    detail = confront(num_samples=1000)["closed form in loc, log-variance (NumPy)"].detail
    assert str(POINTS[2]) in detail


def test_a_nan_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(normal, "kl_divergence", lambda *parameters: np.float64("nan"))
    assert refuted(confront(num_samples=1000)) == {"closed form in loc, scale (NumPy)"}


def test_swapped_arguments_are_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    right = normal.kl_divergence
    monkeypatch.setattr(normal, "kl_divergence", lambda a, b, c, d: right(c, d, a, b))
    assert refuted(confront(num_samples=1000)) == {"closed form in loc, scale (NumPy)"}


def test_a_wrong_theorem_would_be_refuted() -> None:
    derivation = prove("kl-normal-standard")

    class Wrong:
        """Stands for a theorem that the kernel would never make: the right side doubled."""

        sides = (derivation.theorems[0].sides[0], number(2) * derivation.theorems[0].sides[1])
        conclusion = equal(*sides)

    wrong = replace(derivation.parts[0], theorem=Wrong())  # type: ignore[arg-type]
    findings = judge(replace(derivation, parts=(wrong,)))
    assert refuted(findings) == {THEOREM, ENCLOSURE}  # they do not meet, and neither judges the other
    assert "theorem - integral = [0.74129" in findings[THEOREM].figure


def test_without_a_theorem_the_other_witnesses_still_speak() -> None:
    findings = judge(None)
    assert {n for n, f in findings.items() if f.verdict is Verdict.undecided} == {THEOREM, ENCLOSURE}
    assert len(findings) == 8
    assert not refuted(findings)


@pytest.mark.parametrize("ball", [flint.arb("nan"), flint.arb(0, 1e6), flint.arb(0.74, 1e-3)])
def test_a_ball_that_is_too_wide_decides_nothing(ball: flint.arb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agreement, "evaluate", lambda formula, values: ball)
    findings = judge(prove("kl-normal-standard"))
    assert {n for n, f in findings.items() if f.verdict is Verdict.undecided} == {THEOREM, ENCLOSURE}


def test_a_biased_estimator_is_refuted_in_value_and_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    right = monte_carlo.log_ratio
    monkeypatch.setattr(monte_carlo, "log_ratio", lambda *a, **k: 1.5 * right(*a, **k))
    findings = confront()
    assert refuted(findings) == {name for name in findings if "Monte Carlo" in name}


def test_an_estimator_with_half_the_noise_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    right = monte_carlo.PathwiseRows.__call__

    class Halved(monte_carlo.PathwiseRows):
        def __call__(self, rng, num_samples):  # type: ignore[no-untyped-def]
            class Quiet:
                standard_normal = staticmethod(lambda *a, **k: 0.5 * rng.standard_normal(*a, **k))

            return right(self, Quiet(), num_samples)

    monkeypatch.setattr(monte_carlo, "PathwiseRows", Halved)
    assert "reparameterised Monte Carlo, value" in refuted(confront())


def test_a_wrong_integral_contradicts_every_other_witness(monkeypatch: pytest.MonkeyPatch) -> None:
    right = quadrature.kl_divergence_normal
    monkeypatch.setattr(quadrature, "kl_divergence_normal", lambda *a, **k: 2 * right(*a, **k))
    assert refuted(confront()) == {
        ENCLOSURE,
        THEOREM,
        "closed form in loc, scale (NumPy)",
        "closed form in loc, log-variance (NumPy)",
        "reparameterised Monte Carlo, value",
        QUASI,
    }


def test_points_are_generic() -> None:
    for point in agreement.POINTS:
        assert 0 not in point.loc
        assert 1 not in point.scale


def test_sobol_sets_see_a_bias_that_as_many_plain_draws_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    right = monte_carlo.log_ratio
    monkeypatch.setattr(monte_carlo, "log_ratio", lambda *a, **k: 1.0005 * right(*a, **k))
    assert refuted(confront(num_samples=2**17)) == {QUASI}


def test_every_statistical_line_says_its_guarantee() -> None:
    findings = confront(num_samples=1000)
    said = {name: f.figure.rpartition("(")[2].rstrip(")") for name, f in findings.items() if "Monte Carlo" in name}
    assert set(said.values()) == {"finite-sample", "asymptotic"}
    assert said[QUASI] == "asymptotic"


# --- entropy and cross-entropy ---

SLUGS = ("normal-negative-entropy", "normal-cross-entropy")


def judge_integrals() -> dict[tuple[str, str], Verdict]:
    findings = agreement.confront_normal_integrals({slug: prove(slug) for slug in SLUGS})
    return {(f.identity, f.witness): f.verdict for f in findings}


def test_entropy_and_cross_entropy_are_confirmed() -> None:
    verdicts = judge_integrals()
    assert set(verdicts.values()) == {Verdict.confirmed}
    assert len(verdicts) == 6


@pytest.mark.parametrize(
    ("slug", "name", "wrong"),
    [
        (SLUGS[0], "entropy", lambda s: np.log(s) + 0.5 * np.log(2 * np.pi)),  # the half lost
        (SLUGS[1], "cross_entropy", lambda m, s, n, t: 0.5 * np.log(2 * np.pi) + 0.5 * s**2),  # the mean's term lost
    ],
)
def test_wrong_code_is_refuted_under_its_identity(
    slug: str, name: str, wrong: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(normal, name, wrong)
    verdicts = judge_integrals()
    assert {key for key, verdict in verdicts.items() if verdict is Verdict.refuted} == {(slug, "closed form (NumPy)")}


def test_a_wrong_integral_does_not_meet_its_theorem(monkeypatch: pytest.MonkeyPatch) -> None:
    right = quadrature.entropy
    monkeypatch.setattr(quadrature, "entropy", lambda *a, **k: right(*a, **k) + 1e-12)
    refuted = {key for key, verdict in judge_integrals().items() if verdict is Verdict.refuted}
    assert refuted == {(SLUGS[0], ENCLOSURE), (SLUGS[0], THEOREM), (SLUGS[0], "closed form (NumPy)")}


def test_without_proofs_the_theorems_are_undecided_and_the_code_is_confirmed() -> None:
    findings = agreement.confront_normal_integrals({})
    assert [f.verdict for f in findings] == 2 * [Verdict.undecided, Verdict.undecided, Verdict.confirmed]
