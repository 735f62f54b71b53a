"""The whole chain on a tiny run: what it writes, that it repeats, and that each broken link is named."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from derivations import catalogue
from derivations.derivation import StepError
from elbocheck import family_agreement, witness
from elbocheck import verify as verify_module
from elbocheck.verdict import Finding, Verdict, exit_code
from elbocheck.verify import Outcome, table, verify
from numerics import normal
from vae_min import evaluate, objective, train
from vae_min.config import EXERCISE
from vae_min.data import digits
from vae_min.gradient import ElboGradient
from vae_min.model import LatentModel, VariationalAutoencoder
from vae_min.objective import Terms, elbo_terms
from vae_min.train import Loss, negative_elbo

LOSS = "training loss and its gradient, at fixed noise"


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few epochs and images: the identities hold however well a network is trained."""
    exercise = {"digits": replace(EXERCISE["digits"], hidden_sizes=(16,), epochs=2)}
    monkeypatch.setattr(verify_module, "EXERCISE", exercise)
    monkeypatch.setattr(verify_module, "NUM_SAMPLES", 20_000)
    monkeypatch.setattr(verify_module, "NUM_KL_SAMPLES", 10_000)
    monkeypatch.setattr(verify_module, "NUM_IDENTITY_IMAGES", 4)
    # all families have tests of their own
    few = {name: family_agreement.FAMILIES[name] for name in ("bernoulli", "normal")}
    monkeypatch.setattr(family_agreement, "FAMILIES", few)


def run(out: Path, seed: int = 0) -> Outcome:
    return verify(digits(), out, seed=seed)


def refuted(outcome: Outcome) -> set[str]:
    return {f.witness for f in outcome.findings if f.verdict is Verdict.refuted}


@pytest.fixture(scope="module")
def outcomes() -> dict[int, Outcome]:
    """Finished runs by seed; made in the first test that asks, inside its `tiny`."""
    return {}


def finished(outcomes: dict[int, Outcome], seed: int, tmp_path: Path) -> Outcome:
    if seed not in outcomes:
        outcomes[seed] = run(tmp_path / f"seed-{seed}", seed)
    return outcomes[seed]


@pytest.mark.parametrize("seed", [0, 1])
def test_everything_is_proved_or_confirmed(
    outcomes: dict[int, Outcome], seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outcome = finished(outcomes, seed, tmp_path_factory.mktemp("run"))
    assert {f.verdict for f in outcome.findings} == {Verdict.proved, Verdict.confirmed}
    assert exit_code(outcome.findings) == 0
    assert {f.identity for f in outcome.findings if f.verdict is Verdict.proved} >= {"elbo-gap", "kl-normal-standard"}


FIGURES = ("latent", "prior", "manifold", "reconstruction", "gap", "training")


def test_writes_the_report_the_latex_and_the_figures(
    outcomes: dict[int, Outcome], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = finished(outcomes, 0, tmp_path_factory.mktemp("run")).report.parent
    written = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    assert written == {
        "report.html",
        "verify.md",
        *(f"{name}.{suffix}" for name in FIGURES for suffix in ("png", "svg")),
        *(f"derivations/{slug}.tex" for slug in (*verify_module.STATEMENTS, "main")),
    }
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.count("<img") == len(FIGURES)
    assert "<math" in page
    assert r"\begin{theorem}" in (folder / "derivations" / "elbo-gap.tex").read_text(encoding="utf-8")


def test_same_seed_same_bytes_and_another_seed_other_numbers(
    outcomes: dict[int, Outcome], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    first = finished(outcomes, 0, tmp_path_factory.mktemp("run"))
    again, other = run(tmp_path), finished(outcomes, 1, tmp_path_factory.mktemp("run"))
    assert again.findings == first.findings
    assert again.numbers == first.numbers
    assert (tmp_path / "report.html").read_bytes() == first.report.read_bytes()
    assert other.numbers != first.numbers


def test_a_numpy_kl_without_its_half_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    right = normal.kl_divergence_standard
    monkeypatch.setattr(normal, "kl_divergence_standard", lambda loc, log_variance: 2 * right(loc, log_variance))
    outcome = run(tmp_path)
    assert exit_code(outcome.findings) == 1
    # the network's objective is right, but disagrees with what numerics now says
    assert refuted(outcome) == {
        "closed form in loc, log-variance (NumPy)",
        "objective's KL of each test image, against numerics",
        LOSS,
    }


WRONG_OBJECTIVES = {
    "half lost": lambda m, v: (m.square() + v.exp() - v - 1).sum(-1),
    "sign of the log-variance": lambda m, v: 0.5 * (m.square() + v.exp() + v - 1).sum(-1),
    "mean for sum": lambda m, v: 0.5 * (m.square() + v.exp() - v - 1).mean(-1),
    "log-variance read as log-scale": lambda m, v: 0.5 * (m.square() + (2 * v).exp() - 2 * v - 1).sum(-1),
}


@pytest.mark.parametrize("name", WRONG_OBJECTIVES)
def test_a_network_trained_with_a_wrong_kl_is_refuted(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wrong = WRONG_OBJECTIVES[name]
    monkeypatch.setattr(objective, "kl_divergence", lambda q: wrong(q.loc, q.log_variance))
    assert refuted(run(tmp_path)) >= {
        LOSS,
        "objective's KL of each test image, against numerics",
        "objective's KL of each test image, against Monte Carlo",
        "trained network: dense quadrature, Gauss-Hermite",
    }


class WrongLoss(Loss):
    """A training loss whose terms are right, put together wrongly."""

    def backward(self, x: torch.Tensor, noise: torch.Tensor) -> Terms:
        model = self._terms.model
        assert isinstance(model, VariationalAutoencoder)
        terms = self.wrong(model, x, noise[0])
        for parameter in model.parameters():
            parameter.grad = None
        negative_elbo(terms).backward()
        return Terms(*(term.detach() for term in terms))

    @staticmethod
    def wrong(model: VariationalAutoencoder, x: torch.Tensor, noise: torch.Tensor) -> Terms:
        return elbo_terms(model, x, noise)


def wrong_loss(function: Callable[..., Terms]) -> type[Loss]:
    return type("Wrong", (WrongLoss,), {"wrong": staticmethod(function)})


def scaled(model: VariationalAutoencoder, x: torch.Tensor, noise: torch.Tensor) -> Terms:
    right = elbo_terms(model, x, noise)
    return Terms(right.reconstruction / 64 - right.kl, right.reconstruction / 64, right.kl)


def cut(model: VariationalAutoencoder, x: torch.Tensor, noise: torch.Tensor) -> Terms:
    right = elbo_terms(model, x, noise)
    return Terms(right.reconstruction - right.kl.detach(), right.reconstruction, right.kl)


class HalfWeight(ElboGradient):
    """The written-out gradient, of an objective whose KL divergence is halved."""

    def __init__(self, model: LatentModel, beta: float, *, bf16: bool) -> None:
        super().__init__(model, beta / 2, bf16=bf16)


class WithoutTheOne(ElboGradient):
    """The written-out gradient without the term that comes from -log sigma^2."""

    def __call__(self, x: torch.Tensor, noise: torch.Tensor, weight: float) -> Terms:
        terms = super().__call__(x, noise, weight)
        last = self._encoder._parameters[-1][1]
        assert last.grad is not None
        last.grad[last.shape[0] // 2 :] -= 0.5 * weight * len(x)
        return terms


WRONG_LOSSES = {
    "KL weighted by a half": (train, "ElboGradient", HalfWeight),
    "a term of the written-out gradient lost": (train, "ElboGradient", WithoutTheOne),
    "reconstruction averaged over pixels": (witness, "Loss", wrong_loss(scaled)),
    "never samples": (witness, "Loss", wrong_loss(lambda m, x, noise: elbo_terms(m, x, 0 * noise))),
    "one noise for the batch": (witness, "Loss", wrong_loss(lambda m, x, noise: elbo_terms(m, x, noise[:1]))),
    "gradient cut": (witness, "Loss", wrong_loss(cut)),
    "sum for mean": (witness, "negative_elbo", lambda terms: -terms.objective.sum()),
}


def test_the_twins_differ_from_a_loss_that_is_confirmed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(witness, "Loss", WrongLoss)
    assert refuted(run(tmp_path)) == set()


@pytest.mark.parametrize("name", WRONG_LOSSES)
def test_a_wrong_loss_is_refuted_even_where_each_term_is_right(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place, attribute, wrong = WRONG_LOSSES[name]
    monkeypatch.setattr(place, attribute, wrong)
    assert refuted(run(tmp_path)) == {LOSS}


def test_a_proof_of_another_statement_is_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(verify_module.STATEMENTS, "elbo-gap", "log p(x) = E_{z ~ q(z | x)}[log p(x)]")
    derivations, findings = verify_module.prove_all()
    assert "elbo-gap" not in derivations
    assert findings[0].verdict is Verdict.undecided
    assert "elbo-gap: proves log p(x) = " in findings[0].detail


def test_a_theorem_of_a_family_about_other_laws_is_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    bernoulli = family_agreement.FAMILIES["bernoulli"]
    monkeypatch.setattr(family_agreement, "FAMILIES", {"bernoulli": replace(bernoulli, names=("p(x)", "q(x)"))})
    derivations, findings = verify_module.prove_families()
    assert not derivations
    assert {f.verdict for f in findings} == {Verdict.undecided}
    assert "kl-bernoulli: proves KL(q(x) || p(x)), not KL(p(x) || q(x))" in findings[0].detail


def test_an_earlier_verdict_does_not_outlive_a_run_that_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("all green")
    monkeypatch.setattr(verify_module, "prove_all", lambda begin: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(tmp_path)
    assert not (tmp_path / "report.html").exists()


def test_an_evidence_without_the_prior_is_refuted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    right = evaluate.log_evidence

    def wrong(model: object, x: torch.Tensor) -> object:
        estimate = right(model, x)  # type: ignore[arg-type]
        return replace(estimate, value=estimate.value + torch.tensor(2 * torch.pi).log())

    monkeypatch.setattr(evaluate, "log_evidence", wrong)
    assert refuted(run(tmp_path)) == {"trained network: dense quadrature, Gauss-Hermite"}


def test_a_proof_that_fails_is_no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> object:
        raise StepError("elbo-gap, step 2: ... not by 'Bayes' rule'")

    monkeypatch.setattr(catalogue, "DERIVATIONS", {**catalogue.DERIVATIONS, "elbo-gap": fail})
    derivations, findings = verify_module.prove_all()
    assert "elbo-gap" not in derivations
    assert findings[0].verdict is Verdict.undecided
    assert "step 2" in findings[0].detail
    assert exit_code(findings) == 3


def test_an_unusable_folder_is_known_before_the_work(tmp_path: Path) -> None:
    file = tmp_path / "taken"
    file.write_text("a file")
    with pytest.raises(OSError, match="taken"):
        run(file)


def test_progress_is_complete(tmp_path: Path) -> None:
    done: dict[str, list[int]] = {}

    @contextmanager
    def begin(name: str, total: int) -> Iterator[object]:
        done[name] = [0, total]

        def advance(steps: int) -> None:
            done[name][0] += steps

        yield advance

    verify(digits(), tmp_path, begin=begin)  # type: ignore[arg-type]
    assert len(done) == 8
    assert all(steps == total for steps, total in done.values())
    shutil.rmtree(tmp_path)


def test_the_table_escapes_bars_and_shows_details() -> None:
    finding = Finding("kl-normal-standard", "witness", "|a - b| = 1", Verdict.refuted, "q = ..., 1 against 2")
    lines = table([finding]).splitlines()
    assert lines[2] == r"| `kl-normal-standard` | witness | \|a - b\| = 1 | refuted |"
    assert "kl-normal-standard, witness: q = ..., 1 against 2" in lines
    assert lines[-1] == "0 proved, 0 confirmed, 1 refuted, 0 undecided"
