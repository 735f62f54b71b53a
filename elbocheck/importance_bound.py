r"""The importance-weighted bounds of a trained network: :math:`\mathrm{ELBO} \le \mathcal L_5 \le \mathcal L_{50} \le \log p(x)`.

Each bound is that of the objective (`vae_min.objective.iwae_terms`), from noise of its own, so that an inequality between
two is a statement about the network and not the arithmetic of means (slugs ``iwae-monotone``, ``iwae-lower-bound``).
"""

import copy
import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import torch
from torch import Tensor

from elbocheck.progress import Advance
from elbocheck.verdict import Finding, Verdict
from numerics.law import NormalApproximation
from numerics.plane import Estimate
from vae_min import objective
from vae_min.model import VariationalAutoencoder

COUNTS: Final = (1, 5, 50)  # k of the bounds; the first is the ELBO
_IMAGES: Final = 50  # at a time
_ROWS: Final = 4096  # draws at a time: 25 MB of MNIST logits


@dataclass(frozen=True, eq=False)
class Bounds:
    """Draws of the bound with k importance samples, by k: R for each of B images, shape (R, B), in nats."""

    rows: dict[int, Tensor]


@torch.no_grad()
def bounds(
    model: VariationalAutoencoder,
    x: Tensor,
    *,
    num_draws: int = 10_000,
    seed: int = 0,
    advance: Advance = lambda images: None,
) -> Bounds:
    """At least ``num_draws`` draws of each bound of `COUNTS`, shared equally by images x of shape (B, N)."""
    model, generator = copy.deepcopy(model).double().eval(), torch.Generator().manual_seed(seed)
    num_replicates = math.ceil(num_draws / len(x))
    parts: dict[int, list[Tensor]] = {k: [] for k in COUNTS}
    for images in torch.split(x.double(), _IMAGES):
        for k in COUNTS:
            parts[k].append(_drawn(model, images, k, num_replicates, generator))
        advance(len(images))
    return Bounds({k: torch.cat(rows, dim=1) for k, rows in parts.items()})


def _drawn(model: VariationalAutoencoder, x: Tensor, k: int, num_replicates: int, generator: torch.Generator) -> Tensor:
    """Draws of the bound with k samples, shape (R, B)."""
    step, rows = max(1, _ROWS // (k * len(x))), []
    for start in range(0, num_replicates, step):
        images = x.repeat(min(step, num_replicates - start), 1)
        noise = torch.randn(k, len(images), model.latent_dim, generator=generator, dtype=torch.float64)
        rows.append(objective.iwae_terms(model, images, noise).objective)
    return torch.cat(rows).reshape(num_replicates, len(x))


def check_monotone(bounds: Bounds, false_alarm: float) -> Finding:
    """Each bound is above the one before, on average over the images, by more than the error of the draws.

    Equality is not enough: bounds that do not grow are what reused noise gives.
    """
    slug, name = "iwae-monotone", f"ELBO < {' < '.join(f'IWAE_{k}' for k in COUNTS[1:])}, on average"
    share = false_alarm / (len(COUNTS) - 1)
    growths, radii = [], []
    for lower, upper in pairwise(bounds.rows.values()):
        growths.append(float((upper - lower).mean()))
        # the images are given: what varies is each image's draws
        variance = float((upper.var(0) + lower.var(0)).mean())
        radii.append(NormalApproximation(variance).radius(1, lower.numel(), share))
    means = ", ".join(f"{float(rows.mean()):.3f}" for rows in bounds.rows.values())
    figure = f"{means} nats; grow by {_list(growths)}, error {_list(radii)} at {share:.0e} each (asymptotic)"
    pairs = list(zip(growths, radii, strict=True))
    if any(growth < -radius for growth, radius in pairs):
        return Finding(
            slug, name, figure, Verdict.refuted, f"on {_size(bounds)} a bound is below the one before: {means}"
        )
    if all(growth > radius for growth, radius in pairs):
        return Finding(slug, name, figure, Verdict.confirmed)
    detail = (
        "a bound does not grow by more than the error: q(z|x) is the posterior, or the draws of a bound are all one"
    )
    return Finding(slug, name, figure, Verdict.undecided, detail)


def check_below_evidence(bounds: Bounds, log_evidence: Estimate, false_alarm: float) -> Finding:
    r"""No bound is above log p(x), with the exact evidence of each image.

    Notes
    -----
    The mean weight is :math:`p(x)` on average, and draws are independent, so the product over R draws for B images
    of mean weight over :math:`p(x)` has expectation 1. By Markov's inequality the mean excess of a bound over
    :math:`\log p(x)` is above :math:`\log(1/\alpha)/(RB)` with probability at most :math:`\alpha`, for any R and B.
    """
    slug, name = "iwae-lower-bound", f"ELBO, {', '.join(f'IWAE_{k}' for k in COUNTS[1:])} below log p(x), on average"
    share, value = false_alarm / len(COUNTS), torch.as_tensor(log_evidence.value)
    error = float(torch.as_tensor(log_evidence.error).mean())
    excesses = [float((rows - value).mean()) for rows in bounds.rows.values()]
    limit = math.log(1 / share) / next(iter(bounds.rows.values())).numel() + error
    figure = (
        f"by {_list([-e for e in excesses])} nats; above by {limit:.2g} has false alarm {share:.0e} (finite-sample)"
    )
    if any(excess > limit for excess in excesses):
        detail = f"on {_size(bounds)} the mean of log p(x) is {float(value.mean()):.6f}; the bounds exceed it by {_list(excesses)}"
        return Finding(slug, name, figure, Verdict.refuted, detail)
    decided = all(map(math.isfinite, (*excesses, limit)))
    detail = "" if decided else "a bound or the evidence is not finite"
    return Finding(slug, name, figure, Verdict.confirmed if decided else Verdict.undecided, detail)


def _list(values: list[float]) -> str:
    return ", ".join(f"{value:.3g}" for value in values)


def _size(bounds: Bounds) -> str:
    replicates, images = next(iter(bounds.rows.values())).shape
    return f"{images} test images with {replicates} draws each"
