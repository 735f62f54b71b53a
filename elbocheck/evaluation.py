"""A trained network on its test images: what it reaches, in nats, and whether its numbers obey the identities."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

import torch
from torch import Tensor

from elbocheck import importance_sampling, linear_model, network
from elbocheck.checkpoint import Checkpoint
from elbocheck.gradient import agreement_witness, check_agreement, check_pathwise, pathwise_witness
from elbocheck.importance_bound import bounds, check_below_evidence, check_monotone
from elbocheck.importance_sampling import Sampled, check_tail
from elbocheck.progress import Advance, Begin, silent
from elbocheck.training import few_threads, keep_memory
from elbocheck.verdict import Finding
from elbocheck.witness import kl_witnesses, loss_witness
from numerics.calibrated import Budget
from numerics.plane import Estimate
from vae_min import evaluate as quadrature
from vae_min import objective
from vae_min.config import Config
from vae_min.data import Dataset, binarise
from vae_min.evaluate import Identity
from vae_min.model import VariationalAutoencoder

NUM_IDENTITY_IMAGES: Final = 1000
NUM_KL_SAMPLES: Final = 2000  # of each image's KL
NUM_LOSS_IMAGES: Final = 64
NUM_GRADIENT_IMAGES: Final = 16
ACTIVE: Final = 1e-2  # variance over the images of a unit's posterior mean, above which it is active
_BATCH: Final = 125  # images of one quadrature: neighbours in the plane share its nodes


class EvaluationError(Exception):
    """A run that cannot be evaluated; one line that names it and the remedy."""


class Mean(NamedTuple):
    """A mean over the test images and its standard error, in nats."""

    value: float
    standard_error: float

    @classmethod
    def of(cls, values: Tensor) -> Mean:
        """Of one number per image, shape (B,).

        >>> mean = Mean.of(torch.tensor([1.0, 3.0]))
        >>> mean.value, round(mean.standard_error, 6)
        (2.0, 1.0)
        """
        spread = float(values.std()) if len(values) > 1 else math.nan
        return cls(float(values.mean()), spread / math.sqrt(len(values)))


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What `evaluate` found.

    Parameters
    ----------
    elbo, reconstruction, kl, log_evidence : Mean
        Over all ``num_examples`` test images; the evidence by importance sampling.
    active_units : int
        Latent dimensions whose posterior mean has a variance above 0.01 over the test images (Burda et al., Sec. 5.2).
    sampled : Sampled
        The importance sampling of each image.
    identity : Identity or None
        The terms of ``elbo-gap`` on the first ``NUM_IDENTITY_IMAGES``, where the exact evidence can be had.
    findings : tuple of Finding
        The identities, one line each.
    """

    model: str
    data: str
    config: Config
    epoch: int
    seed: int
    num_examples: int
    elbo: Mean
    reconstruction: Mean
    kl: Mean
    log_evidence: Mean
    active_units: int
    sampled: Sampled
    identity: Identity | None
    findings: tuple[Finding, ...]


def evaluate(
    checkpoint: Checkpoint,
    dataset: Dataset,
    *,
    num_importance_samples: int = 5000,
    num_examples: int | None = None,
    seed: int = 0,
    begin: Begin = silent,
) -> Evaluation:
    """Evaluate the VAE of a checkpoint on the first test images, all if ``num_examples`` is not given.

    Raises
    ------
    EvaluationError
        If the model has no ELBO, or there are no images or samples.
    elbocheck.checkpoint.CheckpointError
        If the model is not one of such images.
    """
    model = checkpoint.trained(dataset.test.images.shape[1])
    if not isinstance(model, VariationalAutoencoder):
        raise EvaluationError(f"{checkpoint.path}: an {checkpoint.model} has no ELBO; name the folder of a VAE")
    count = len(dataset.test.images) if num_examples is None else num_examples
    if not (1 <= count <= len(dataset.test.images) and num_importance_samples >= 1):
        limit = f"from 1 to {len(dataset.test.images)} test images and at least 1 importance sample"
        raise EvaluationError(f"there must be {limit}, not {count} and {num_importance_samples}")
    x = model_images(checkpoint.config, dataset.test.images[:count], seed)
    keep_memory()
    with few_threads(dataset):
        with begin(f"importance sampling, k = {num_importance_samples:,}", count) as advance:
            sampled = importance_sampling.estimate(
                model, x, num_samples=num_importance_samples, seed=seed, advance=advance
            )
        identity = exact_identity(model, x[:NUM_IDENTITY_IMAGES], begin)
        findings = _identities(model, checkpoint.config, x, identity, seed, begin)
        if model.log_variance is not None:
            train = model_images(checkpoint.config, dataset.train.images, seed)
            best = linear_model.optimum(model, train)
            findings.append(linear_model.check_optimum(linear_model.against_pca(best, train)))
        findings.append(check_tail(sampled))
        kl, active = _encoded(model, x)
    return Evaluation(
        model=checkpoint.model,
        data=checkpoint.data,
        config=checkpoint.config,
        epoch=len(checkpoint.numbers["history"]),
        seed=seed,
        num_examples=count,
        elbo=Mean.of(sampled.reconstruction - kl),
        reconstruction=Mean.of(sampled.reconstruction),
        kl=Mean.of(kl),
        log_evidence=Mean.of(sampled.log_evidence),
        active_units=active,
        sampled=sampled,
        identity=identity,
        findings=tuple(findings),
    )


def model_images(config: Config, images: Tensor, seed: int) -> Tensor:
    """Images as the model's likelihood takes them: binary for a Bernoulli decoder, each pixel drawn once from the seed.

    A decoder of the Bernoulli kind that was trained on grey values is evaluated on binary ones too: a probability of
    grey values it has not.
    """
    grey = config.binarisation == "none" and config.decoder == "bernoulli"
    return binarise(images, "dynamic" if grey else config.binarisation, torch.Generator().manual_seed(seed))


def plane_identity(model: VariationalAutoencoder, x: Tensor, advance: Advance = lambda images: None) -> Identity:
    """`vae_min.evaluate.identity` of many images, those together whose codes lie in one direction."""
    with torch.no_grad():
        codes = model.codes(x)
    order = torch.atan2(codes[:, 1], codes[:, 0]).argsort()
    parts = []
    for chosen in torch.split(order, _BATCH):
        parts.append(quadrature.identity(model, x[chosen]))
        advance(len(chosen))
    back = order.argsort()

    def join(term: Callable[[Identity], Estimate]) -> Estimate:
        terms = [term(part) for part in parts]
        return Estimate(torch.cat([t.value for t in terms])[back], torch.cat([t.error for t in terms])[back])

    return Identity(join(lambda p: p.log_evidence), join(lambda p: p.elbo), join(lambda p: p.posterior_kl))


def exact_identity(model: VariationalAutoencoder, x: Tensor, begin: Begin) -> Identity | None:
    """The terms of ``elbo-gap`` where they can be had without sampling: on a plane of codes, and with a linear decoder."""
    if model.log_variance is not None:
        return linear_model.identity(model, x)
    if model.latent_dim != 2 or model.covariance != "diagonal":
        return None
    with begin("check log p(x) = ELBO + KL on the plane", len(x)) as advance:
        return plane_identity(model, x, advance)


def _identities(
    model: VariationalAutoencoder, config: Config, x: Tensor, identity: Identity | None, seed: int, begin: Begin
) -> list[Finding]:
    budget, few = Budget(), x[:NUM_IDENTITY_IMAGES]
    with begin("check the KL of each test image", len(few)) as advance:
        findings = network.check_kl(kl_witnesses(model, few, num_samples=NUM_KL_SAMPLES, seed=seed), budget, advance)
    share = budget.remaining / 3
    findings.append(network.check_loss(loss_witness(model, config, x[:NUM_LOSS_IMAGES], seed=seed)))
    findings.append(check_pathwise(pathwise_witness(model, few, seed=seed)))
    agreement = agreement_witness(model, x[:NUM_GRADIENT_IMAGES], seed=seed)
    findings.append(check_agreement(agreement, budget.draw(share)))
    if identity is not None:
        how = "dense quadrature, Gauss-Hermite" if model.log_variance is None else "closed forms of the linear model"
        findings += network.check_identity(identity, how)
    with begin("importance-weighted bounds", len(few)) as advance:
        drawn = bounds(model, few, seed=seed, advance=advance)
    findings.append(check_monotone(drawn, budget.draw(share)))
    if identity is not None:
        findings.append(check_below_evidence(drawn, identity.log_evidence, budget.draw(share)))
    return findings


@torch.no_grad()
def _encoded(model: VariationalAutoencoder, x: Tensor) -> tuple[Tensor, int]:
    """The KL divergence of each image, shape (B,), in float64, and the number of active units."""
    posterior = model.double().encode(x.double())
    kl = objective.kl_divergence(posterior)
    return kl, int((posterior.loc.var(0, correction=0) > ACTIVE).sum())
