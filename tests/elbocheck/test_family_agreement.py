"""Each wrong witness of a family is refuted under its own name; the right ones agree, for every family and seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from derivations.catalogue import prove
from derivations.derivation import Derivation
from derivations.kernel import equal, multiply, number
from elbocheck.agreement import CLOSED_FORM, MEETING
from elbocheck.family_agreement import GRADIENT, SAMPLED, Identity, condensed, confront, confront_families, identities
from elbocheck.verdict import Finding, Verdict, summary
from elbocheck.verify import prove_families
from numerics import quadrature
from numerics.calibrated import Budget

SHARE = 1e-9
ALL = {*MEETING, CLOSED_FORM, GRADIENT, *SAMPLED}
IDENTITIES = {i.slug: i for i in identities()}
# of each kind one: shared parameter, function of the theorem, vector, matrix, count, several parameters
FEW = (
    "kl-normal",
    "kl-normal-diagonal",
    "kl-multivariate-normal",
    "kl-binomial",
    "kl-gamma",
    "kl-pareto",
    "kl-von-mises",
)


def judge(identity: Identity, derivation: Derivation | None = None, seed: int = 0) -> dict[str, Finding]:
    findings = confront(identity, derivation or prove(identity.slug), seed=seed, share=SHARE)
    return {f.witness: f for f in findings}


def refuted(findings: dict[str, Finding]) -> set[str]:
    return {name for name, f in findings.items() if f.verdict is Verdict.refuted}


@pytest.fixture(scope="module")
def everything() -> list[Finding]:
    return confront_families({slug: prove(slug) for slug in IDENTITIES}, seed=0, budget=Budget())


def test_all_witnesses_of_all_families_agree(everything: list[Finding]) -> None:
    assert {f.verdict for f in everything} == {Verdict.confirmed}
    for slug, identity in IDENTITIES.items():
        found = {f.witness for f in everything if f.identity == slug}
        assert found == (ALL - {GRADIENT, SAMPLED[1]} if identity.family.rigid else ALL)


def test_every_statistical_line_says_its_guarantee(everything: list[Finding]) -> None:
    said = {f.identity: f.figure.rpartition("(")[2].rstrip(")") for f in everything if f.witness in SAMPLED}
    assert set(said) == set(IDENTITIES)
    assert {slug for slug, s in said.items() if s == "asymptotic"} == {
        "kl-normal-diagonal",
        "kl-multivariate-normal",
        "kl-dirichlet",
    }
    assert set(said.values()) == {"asymptotic", "finite-sample"}


@pytest.mark.parametrize("seed", range(10))
def test_right_witnesses_are_confirmed_for_every_seed(seed: int) -> None:
    for slug in ("kl-bernoulli", "kl-poisson", "kl-pareto", "entropy-von-mises"):
        assert not refuted(judge(IDENTITIES[slug], seed=seed))


def test_spends_a_third_of_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    budget = Budget(3e-6)
    shares: list[float] = []
    monkeypatch.setattr(
        "elbocheck.family_agreement.confront",
        lambda *a, seed, share: shares.append(share) or [],  # type: ignore[func-returns-value]
    )
    confront_families({}, seed=0, budget=budget)
    assert budget.remaining == pytest.approx(2e-6, rel=1e-12, abs=0)
    assert set(shares) == {shares[0]}
    assert len(shares) == len(IDENTITIES)


# --- wrong twins ---


def with_code(identity: Identity, **functions: Callable[..., Any]) -> Identity:
    """The identity with other code; signatures are those of the code replaced."""
    code = SimpleNamespace(
        log_prob=functions.get("log_prob", identity.family.code.log_prob),
        kl_divergence=functions.get("kl_divergence", identity.code),
    )
    return replace(identity, family=replace(identity.family, code=code), code=code.kl_divergence)


def like(function: Callable[..., Any], wrong: Callable[..., Any]) -> Callable[..., Any]:
    wrong.__wrapped__ = function  # type: ignore[attr-defined] # inspect.signature follows it
    return wrong


@pytest.mark.parametrize("slug", FEW)
def test_a_theorem_read_with_q_and_p_swapped_does_not_meet_the_integral(slug: str) -> None:
    identity = IDENTITIES[slug]
    variables = {n: v[::-1] if isinstance(v, tuple) else v for n, v in identity.family.variables.items()}
    findings = judge(replace(identity, family=replace(identity.family, variables=variables)))
    assert refuted(findings) == set(MEETING)
    assert "theorem - integral = " in findings[MEETING[1]].figure
    assert "one of the two is wrong" in findings[MEETING[1]].detail


@pytest.mark.parametrize("factor", [-1, 2])
@pytest.mark.parametrize("slug", ["kl-poisson", "entropy-gamma"])
def test_a_wrong_theorem_would_be_refuted(slug: str, factor: int) -> None:
    derivation = prove(slug)

    class Wrong:
        """Stands for a theorem that the kernel would never make: the right side times a factor."""

        sides = (derivation.theorems[0].sides[0], multiply(number(factor), derivation.theorems[0].sides[1]))
        conclusion = equal(*sides)

    wrong = replace(derivation, parts=(replace(derivation.parts[0], theorem=Wrong()),))  # type: ignore[arg-type]
    assert refuted(judge(IDENTITIES[slug], wrong)) == set(MEETING)


@pytest.mark.parametrize("slug", FEW)
@pytest.mark.parametrize("factor", [0.5, -1.0, 1 + 1e-8])
def test_a_closed_form_off_by_a_factor_is_refuted(slug: str, factor: float) -> None:
    right = IDENTITIES[slug].code
    findings = judge(with_code(IDENTITIES[slug], kl_divergence=like(right, lambda *a: factor * right(*a))))
    assert refuted(findings) == {CLOSED_FORM, GRADIENT}
    assert "the formula gives" in findings[CLOSED_FORM].detail
    assert "the integral is" in findings[CLOSED_FORM].detail


@pytest.mark.parametrize("slug", FEW)
def test_a_closed_form_of_p_and_q_is_refuted(slug: str) -> None:
    identity = IDENTITIES[slug]
    findings = confront(swapped(identity), prove(slug), seed=0, share=SHARE)
    assert refuted({f.witness: f for f in findings}) == {CLOSED_FORM, GRADIENT}


def swapped(identity: Identity) -> Identity:
    class Swapped(Identity):
        def computed(self, q: Any, p: Any) -> Any:
            return super().computed(p, q)

    return Swapped(**{n: getattr(identity, n) for n in Identity.__dataclass_fields__})


def test_a_nan_is_refuted() -> None:
    right = IDENTITIES["kl-poisson"].code
    wrong = with_code(IDENTITIES["kl-poisson"], kl_divergence=like(right, lambda *a: right(*a) * float("nan")))
    assert refuted(judge(wrong)) == {CLOSED_FORM, GRADIENT}


def test_a_right_value_with_a_wrong_gradient_is_refuted() -> None:
    right = IDENTITIES["kl-gamma"].code

    def detached(concentration: Any, *others: Any) -> Any:
        return right(getattr(concentration, "detach", lambda: concentration)(), *others)

    assert refuted(judge(with_code(IDENTITIES["kl-gamma"], kl_divergence=like(right, detached)))) == {GRADIENT}


@pytest.mark.parametrize("slug", ["kl-gamma", "kl-normal-diagonal", "kl-categorical"])
def test_draws_from_another_law_are_refuted(slug: str) -> None:
    identity = IDENTITIES[slug]
    right, points = identity.family.draw, identity.family.points
    others = {tuple(q.items()): p for q, p in map(identity.family.pair, points)}
    family = replace(identity.family, draw=lambda rng, n, **q: right(rng, n, **others[tuple(q.items())]))
    findings = judge(replace(identity, family=family))
    assert refuted(findings) == ({SAMPLED[0]} if family.rigid else set(SAMPLED))
    assert "by more than chance" in findings[SAMPLED[0]].detail


def test_a_log_density_off_by_a_little_is_refuted() -> None:
    right = IDENTITIES["kl-poisson"].family.code.log_prob
    assert refuted(judge(with_code(IDENTITIES["kl-poisson"], log_prob=lambda x, rate: 1.5 * right(x, rate)))) == set(
        SAMPLED
    )


def test_a_wrong_score_is_refuted() -> None:
    right = IDENTITIES["kl-poisson"].family.code.log_prob

    def doubled(value: Any, rate: Any) -> Any:
        found = right(value, rate)
        return found + (found - found.detach())

    assert refuted(judge(with_code(IDENTITIES["kl-poisson"], log_prob=doubled))) == {SAMPLED[1]}


def test_a_wrong_integral_contradicts_every_other_witness() -> None:
    def wrong(*laws: Any) -> Any:
        return 2 * quadrature.kl_divergence(*laws)

    assert refuted(judge(replace(IDENTITIES["kl-poisson"], enclosure=wrong))) == ALL


def test_without_a_theorem_the_other_witnesses_still_speak() -> None:
    findings = confront(IDENTITIES["kl-poisson"], None, seed=0, share=SHARE)
    assert {f.witness for f in findings if f.verdict is Verdict.undecided} == set(MEETING)
    assert {f.witness for f in findings if f.verdict is Verdict.confirmed} == ALL - set(MEETING)


# --- the table ---

KERNEL = [Finding(slug, "kernel", "4 steps", Verdict.proved) for slug in ("kl-poisson", "entropy-gamma")]
OTHER = Finding("elbo-gap", "kernel", "5 steps", Verdict.proved)


def agreeing(slug: str) -> list[Finding]:
    return [Finding(slug, witness, "a figure", Verdict.confirmed) for witness in (*MEETING, CLOSED_FORM, *SAMPLED)]


def test_what_agrees_takes_one_line() -> None:
    lines = condensed([OTHER, *KERNEL, *agreeing("kl-poisson"), *agreeing("entropy-gamma")])
    assert [(f.identity, f.witness) for f in lines] == [
        ("elbo-gap", "kernel"),
        ("kl-*, entropy-*", "kernel"),
        ("kl-poisson", "integral, theorem, closed form, Monte Carlo"),
        ("entropy-gamma", "integral, theorem, closed form, Monte Carlo"),
    ]
    assert lines[1].figure.endswith(": 2")
    assert summary(lines) == "2 proved, 2 confirmed, 0 refuted, 0 undecided"


@pytest.mark.parametrize("verdict", [Verdict.refuted, Verdict.undecided])
def test_what_does_not_agree_keeps_every_line(verdict: Verdict) -> None:
    unproved = Finding("kl-poisson", "kernel", "not proved", Verdict.undecided, "step 2")
    wrong = [replace(f, verdict=verdict, detail="1 against 2") for f in agreeing("kl-poisson")[:1]]
    rest = agreeing("kl-poisson")[1:]
    lines = condensed([unproved, KERNEL[1], *wrong, *rest, *agreeing("entropy-gamma")])
    assert [unproved, *wrong, *rest] == [f for f in lines if f.identity == "kl-poisson"]
    assert lines[1].figure.endswith(": 1")


def test_every_theorem_of_a_family_is_what_its_witnesses_meet():
    derivations, findings = prove_families()
    assert derivations.keys() == {i.slug for i in identities()}
    assert {f.verdict for f in findings} == {Verdict.proved}
