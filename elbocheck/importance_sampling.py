r"""Log evidence by importance sampling, streamed: :math:`\log p(x) \approx \log \frac1k \sum_i w_i`, in nats.

.. math:: w_i = \frac{p(x|z_i)\, p(z_i)}{q(z_i|x)}, \qquad z_i \sim q(z|x).

The mean of the weights is unbiased, so by Jensen's inequality its logarithm is too small on average: the estimate is a
lower bound in expectation, the closer the larger k is (slug ``iwae-lower-bound``). Networks are evaluated in float32,
weights are added up in float64. Memory does not grow with k but for the tail of the weights, which has
:math:`3\sqrt k` of them.

References
----------
Y. Burda, R. Grosse, R. Salakhutdinov, Importance Weighted Autoencoders, arXiv:1509.00519, Sec. 5.
"""

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from elbocheck.progress import Advance
from elbocheck.verdict import Finding, Verdict
from elbocheck.witness import log_likelihood
from numerics import normal, pareto_tail
from vae_min.model import VariationalAutoencoder

_IMAGES: Final = 8  # at a time
_DRAWS: Final = 128  # of each at a time: the logits of both fit the processor's cache


@dataclass(frozen=True, eq=False)
class Sampled:
    """Estimates for B images from k weighted draws each, all of shape (B,), float64, in nats.

    ``log_evidence``; ``error``, its standard error over the draws by the delta method; ``reconstruction``, the mean of
    log p(x|z) over the draws; ``tail_shape``, Pareto's k of the weights, of which `trusted` makes a verdict.
    """

    log_evidence: Tensor
    error: Tensor
    reconstruction: Tensor
    tail_shape: Tensor
    num_samples: int

    @property
    def limit(self) -> float:
        """The largest tail shape that is trusted at this number of draws."""
        return pareto_tail.threshold(self.num_samples)

    @property
    def trusted(self) -> Tensor:
        """Where ``log_evidence`` and its ``error`` can be trusted, bool of shape (B,)."""
        return self.tail_shape <= self.limit


@torch.no_grad()
def estimate(
    model: VariationalAutoencoder,
    x: Tensor,
    *,
    num_samples: int = 5000,
    seed: int = 0,
    advance: Advance = lambda images: None,
) -> Sampled:
    """Importance sampling for images x of shape (B, N), with q(z|x) as proposal.

    Parameters
    ----------
    num_samples
        The number k of draws for each image.
    seed
        Of the draws; those of an image do not depend on the images after it.
    advance
        Called with the number of images done since the last call.

    Raises
    ------
    ValueError
        If there are no images or no draws.
    """
    if num_samples < 1 or len(x) == 0:
        raise ValueError(f"importance sampling needs images and draws, not {len(x)} and {num_samples}")
    model = copy.deepcopy(model).float().eval()
    encoder = copy.deepcopy(model).double()
    generator, parts = torch.Generator().manual_seed(seed), []
    for images in torch.split(x, _IMAGES):
        total = _Weights(len(images), num_samples)
        for log_weight, likelihood in _draws(model, encoder, images, num_samples, generator):
            total.add(log_weight, likelihood)
        parts.append(total.result())
        advance(len(images))
    log_evidence, error, reconstruction, tail_shape = (torch.cat(column) for column in zip(*parts, strict=True))
    return Sampled(log_evidence, error, reconstruction, tail_shape, num_samples)


def _draws(
    model: VariationalAutoencoder,
    encoder: VariationalAutoencoder,
    x: Tensor,
    num_samples: int,
    generator: torch.Generator,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Log-weights and log p(x|z) of some draws at a time, each (S, B) in float64."""
    posterior = encoder.encode(x.double())
    for start in range(0, num_samples, _DRAWS):
        size = (min(_DRAWS, num_samples - start), *posterior.loc.shape)
        z = posterior.rsample(torch.randn(size, generator=generator).double())
        likelihood = log_likelihood(model, x.float(), z.float()).double()
        log_prior = normal.log_prob(z, 0.0, 1.0).sum(-1)
        yield likelihood + log_prior - posterior.log_prob(z), likelihood


class _Weights:
    """The sums of streamed weights and of their squares, relative to the largest so far, and their tail."""

    def __init__(self, num_images: int, num_samples: int) -> None:
        self._count, self._kept = num_samples, pareto_tail.tail_length(num_samples) + 1
        self._sum, self._squares, self._likelihood = torch.zeros(3, num_images, dtype=torch.float64)
        self._top = torch.full((num_images,), -math.inf, dtype=torch.float64)
        self._tail = torch.empty(0, num_images, dtype=torch.float64)

    def add(self, log_weight: Tensor, likelihood: Tensor) -> None:
        """Add draws of shape (S, B)."""
        top = torch.maximum(self._top, log_weight.amax(0))
        faded, fresh = (self._top - top).exp(), (log_weight - top).exp()
        self._sum = self._sum * faded + fresh.sum(0)
        self._squares = self._squares * faded.square() + fresh.square().sum(0)
        self._likelihood = self._likelihood + likelihood.sum(0)
        tail = torch.cat([self._tail, log_weight])
        self._tail, self._top = tail.topk(min(self._kept, len(tail)), dim=0).values, top

    def result(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The first fields of `Sampled`."""
        share = self._squares / self._sum.square()  # 1 / effective sample size
        error = (share - 1 / self._count).clamp_min(0).sqrt()
        shape = torch.from_numpy(pareto_tail.weight_shape(self._tail.T.numpy()))
        return self._top + (self._sum / self._count).log(), error, self._likelihood / self._count, shape


def check_tail(sampled: Sampled) -> Finding:
    """Whether the weights' tails let the importance sampling of every image be trusted."""
    name = f"importance sampling with k = {sampled.num_samples:,}: tail of the weights (Pareto k)"
    wrong, count = int((~sampled.trusted).sum()), len(sampled.trusted)
    figure = f"at most {sampled.tail_shape.max():.2f} on {count} test images, trusted up to {sampled.limit:.2f}"
    if not wrong:
        return Finding("log-evidence", name, figure, Verdict.confirmed)
    detail = (
        f"above the limit on {wrong} of {count} images: the estimate of log p(x) is then too small by an unknown amount, "
        "of which its standard error shows nothing; raise k"
    )
    return Finding("log-evidence", name, figure, Verdict.undecided, detail)
