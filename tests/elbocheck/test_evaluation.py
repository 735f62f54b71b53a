"""A freshly trained network obeys every identity, and each wrong twin is caught by the lines that can see it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from elbocheck import checkpoint, evaluation
from elbocheck.checkpoint import Checkpoint, CheckpointError
from elbocheck.evaluation import Evaluation, EvaluationError, evaluate
from elbocheck.verdict import Finding, Verdict, exit_code
from vae_min import objective
from vae_min.config import Config
from vae_min.data import Dataset, Split, digits
from vae_min.distribution import DiagonalNormal
from vae_min.model import Autoencoder, LatentModel, VariationalAutoencoder
from vae_min.objective import Terms
from vae_min.train import Trainer

SMALL = Config(hidden_sizes=(16,), epochs=20, learning_rate=5e-3)
SAMPLED_KL = "objective's KL of each test image, against Monte Carlo"
NUMERICS_KL = "objective's KL of each test image, against numerics"


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return digits()


def trained(
    folder: Path, dataset: Dataset, config: Config, kind: type[LatentModel] = VariationalAutoencoder
) -> Checkpoint:
    torch.set_num_threads(1)
    trainer: Trainer[Any] = Trainer(kind, config, dataset)  # type: ignore[type-var]
    trainer.run()
    checkpoint.save(folder, trainer, dataset)
    return checkpoint.load(folder)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory, dataset: Dataset) -> Checkpoint:
    return trained(tmp_path_factory.mktemp("vae"), dataset, SMALL)


@pytest.fixture(scope="module")
def linear(tmp_path_factory: pytest.TempPathFactory, dataset: Dataset) -> Checkpoint:
    config = replace(SMALL, decoder="linear-normal", binarisation="none")
    return trained(tmp_path_factory.mktemp("linear"), dataset, config)


def few(saved: Checkpoint, dataset: Dataset, seed: int = 0, count: int = 12) -> Evaluation:
    return evaluate(saved, dataset, num_importance_samples=400, num_examples=count, seed=seed)


def caught(found: Evaluation) -> set[str]:
    """Identities refuted, the two witnesses of the KL divergence by name."""
    names = {"against numerics": NUMERICS_KL, "against Monte Carlo": SAMPLED_KL}
    refuted = {f.witness if f.witness in names.values() else f.identity for f in found.findings if is_refuted(f)}
    assert exit_code(found.findings) == (1 if refuted else exit_code(found.findings))
    return refuted


def is_refuted(finding: Finding) -> bool:
    return finding.verdict is Verdict.refuted


def verdicts(found: Evaluation) -> dict[str, Verdict]:
    return {f.identity: f.verdict for f in found.findings}


def test_the_identities_hold_on_every_test_image(saved: Checkpoint, dataset: Dataset) -> None:
    found = few(saved, dataset, count=120)
    assert [f.identity for f in found.findings] == [
        "kl-normal-standard",
        "kl-normal-standard",
        "elbo-terms",
        "pathwise-gradient",
        "gradient-agreement",
        "elbo-gap",
        "elbo-bound",
        "iwae-monotone",
        "iwae-lower-bound",
        "log-evidence",
    ]
    assert {f.verdict for f in found.findings[:-1]} == {Verdict.confirmed}
    assert found.identity is not None
    assert found.identity.gap.abs().max() <= 1e-6
    # importance sampling is below on average: E[mean weight] = p(x) for each image, and Markov's inequality
    excess = found.sampled.log_evidence - found.identity.log_evidence.value
    assert excess.sum() <= math.log(1e9)
    assert found.elbo.value < found.log_evidence.value
    assert found.elbo.value == pytest.approx(found.reconstruction.value - found.kl.value, rel=1e-12, abs=0)


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_refuted_at_any_seed(seed: int, tmp_path: Path, dataset: Dataset) -> None:
    found = few(trained(tmp_path, dataset, replace(SMALL, seed=seed)), dataset, seed=seed)
    assert caught(found) == set()


@pytest.mark.parametrize(
    "changes",
    [
        {"objective": "stl", "binarisation": "threshold"},
        {"objective": "iwae", "num_importance_samples": 5, "latent_dim": 3},
        {"covariance": "full", "objective": "sampled", "beta": 0.5, "latent_dim": 4},
        {"binarisation": "none", "activation": "tanh", "latent_dim": 1},
    ],
)
def test_nothing_is_refuted_in_any_model(changes: dict[str, Any], tmp_path: Path, dataset: Dataset) -> None:
    found = few(trained(tmp_path, dataset, replace(SMALL, epochs=3, **changes)), dataset)
    assert caught(found) == set()
    assert (found.identity is not None) == (changes.get("latent_dim", 2) == 2)
    assert found.sampled.log_evidence.isfinite().all()


def test_the_linear_model_is_pca_and_its_evidence_is_exact(linear: Checkpoint, dataset: Dataset) -> None:
    found = few(linear, dataset)
    assert verdicts(found)["linear-vae"] is Verdict.confirmed
    assert verdicts(found)["elbo-gap"] is Verdict.confirmed
    assert caught(found) == set()


# --- wrong twins ---

right_kl, right_rsample, right_iwae = objective.kl_divergence, DiagonalNormal.rsample, objective.iwae_terms


def halved(posterior: DiagonalNormal) -> Tensor:
    return 0.5 * right_kl(posterior)


def reused(q: DiagonalNormal, noise: Tensor) -> Tensor:
    """One draw of the noise for all samples and all calls."""
    fixed = torch.linspace(-1.3, 0.9, noise.shape[-1], dtype=noise.dtype)
    return right_rsample(q, fixed.expand(noise.shape))


def detached(q: DiagonalNormal, noise: Tensor) -> Tensor:
    return right_rsample(q, noise).detach()


def sigma_for_log_variance(q: DiagonalNormal, noise: Tensor) -> Tensor:
    return q.loc + (0.5 * q.scale).exp() * noise


def without_log_k(model: VariationalAutoencoder, x: Tensor, noise: Tensor) -> Terms:
    terms = right_iwae(model, x, noise)
    return terms._replace(objective=terms.objective + math.log(len(noise)))


def smallest_weight(model: VariationalAutoencoder, x: Tensor, noise: Tensor) -> Terms:
    """The least of the weights in place of their mean: a bound that falls with k."""
    bounds = torch.stack([right_iwae(model, x, draw[None]).objective for draw in noise])
    return right_iwae(model, x, noise)._replace(objective=bounds.amin(0))


TWINS: dict[str, tuple[object, str, Callable[..., Any], set[str]]] = {
    "KL halved": (
        objective, "kl_divergence", halved,
        {NUMERICS_KL, SAMPLED_KL, "elbo-terms", "pathwise-gradient", "elbo-gap"},
    ),
    "noise reused": (DiagonalNormal, "rsample", reused, {SAMPLED_KL, "pathwise-gradient", "elbo-gap"}),
    "gradient detached": (DiagonalNormal, "rsample", detached, {"pathwise-gradient", "gradient-agreement"}),
    "sigma for log-variance": (
        DiagonalNormal, "rsample", sigma_for_log_variance,
        {SAMPLED_KL, "pathwise-gradient", "gradient-agreement", "elbo-gap"},
    ),
    "log k lost": (objective, "iwae_terms", without_log_k, {"iwae-lower-bound"}),
    "minimum for mean": (objective, "iwae_terms", smallest_weight, {"iwae-monotone"}),
}  # fmt: skip


@pytest.mark.parametrize("name", TWINS)
def test_a_wrong_twin_is_refuted(
    name: str, saved: Checkpoint, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, attribute, wrong, refuted = TWINS[name]
    monkeypatch.setattr(place, attribute, wrong)
    found = few(saved, dataset)
    assert caught(found) >= refuted
    if name == "noise reused":
        assert verdicts(found)["iwae-monotone"] is not Verdict.confirmed


def test_a_wrong_kl_is_refuted_in_the_linear_model_too(
    linear: Checkpoint, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objective, "kl_divergence", halved)
    assert caught(few(linear, dataset)) >= {"elbo-gap", "linear-vae"}


def test_weights_with_a_heavy_tail_are_undecided_and_said(saved: Checkpoint, dataset: Dataset) -> None:
    """A posterior of a third of the width: its weights have no variance."""
    tensors = {name: tensor.clone() for name, tensor in saved.tensors.items()}
    tensors["model.encoder.2.bias"][2:] -= 2 * math.log(3)
    narrow = replace(saved, tensors=tensors)
    found = few(narrow, dataset)
    assert found.findings[-1].verdict is Verdict.undecided
    assert "above the limit on " in found.findings[-1].detail
    assert exit_code(found.findings) == 3


# --- what cannot be used ---


def test_an_autoencoder_has_no_elbo(tmp_path: Path, dataset: Dataset) -> None:
    saved = trained(tmp_path, dataset, replace(SMALL, epochs=1), Autoencoder)
    with pytest.raises(EvaluationError, match="an autoencoder has no ELBO; name the folder of a VAE"):
        few(saved, dataset)


@pytest.mark.parametrize(("k", "count"), [(0, 3), (5, 0), (5, 401)])
def test_no_images_and_no_samples_are_refused(k: int, count: int, saved: Checkpoint, dataset: Dataset) -> None:
    with pytest.raises(EvaluationError, match=f"from 1 to 400 test images and at least 1 .* not {count} and {k}"):
        evaluate(saved, dataset, num_importance_samples=k, num_examples=count)


def test_images_of_another_size_are_refused(saved: Checkpoint, dataset: Dataset) -> None:
    other = replace(dataset, test=Split(torch.zeros(5, 49), dataset.test.labels[:5]))
    with pytest.raises(CheckpointError, match=r"for 49 pixels \(.*\); name the folder of another"):
        few(saved, other)


def test_a_mean_of_one_image_has_no_standard_error() -> None:
    value, error = evaluation.Mean.of(torch.tensor([2.0]))
    assert value == 2.0
    assert math.isnan(error)
