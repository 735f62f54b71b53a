"""The distributions of the model: normals over codes (and grey pixels), a Bernoulli over binary pixels."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

_LOG_2PI = math.log(2 * math.pi)


@dataclass(frozen=True, eq=False)
class DiagonalNormal:
    """N(loc, diag(exp(log_variance))), from tensors of shape (..., D); the variance may broadcast."""

    loc: Tensor
    log_variance: Tensor

    @property
    def mean(self) -> Tensor:
        """Mean, shape (..., D)."""
        return self.loc

    @property
    def scale(self) -> Tensor:
        """Standard deviation, shape (..., D)."""
        return (0.5 * self.log_variance).exp()

    def rsample(self, noise: Tensor) -> Tensor:
        """Reparameterised draws, shape (..., D), from standard normal noise of shape (..., D); leading axes broadcast."""
        return self.loc + self.scale * noise

    def log_prob(self, x: Tensor) -> Tensor:
        """Log-density in nats at points of shape (..., D); shape (...,).

        Examples
        --------
        >>> DiagonalNormal(torch.zeros(2), torch.zeros(2)).log_prob(torch.zeros(2))  # -log(2 pi)
        tensor(-1.8379)
        """
        return -0.5 * (((x - self.loc) / self.scale).square() + self.log_variance + _LOG_2PI).sum(-1)

    def detach(self) -> "DiagonalNormal":
        """The same distribution, its parameters constants."""
        return DiagonalNormal(self.loc.detach(), self.log_variance.detach())


@dataclass(frozen=True, eq=False)
class CholeskyNormal:
    """N(loc, L L^T), with L lower triangular and exp(log_diagonal) on its diagonal.

    ``loc`` and ``log_diagonal`` have shape (..., D), ``below``, which is L below its diagonal, (..., D (D - 1) / 2).
    """

    loc: Tensor
    log_diagonal: Tensor
    below: Tensor

    @property
    def factor(self) -> Tensor:
        """L, shape (..., D, D)."""
        size = self.loc.shape[-1]
        rows, columns = torch.tril_indices(size, size, offset=-1, device=self.loc.device)
        factor = torch.diag_embed(self.log_diagonal.exp())
        factor[..., rows, columns] = self.below
        return factor

    def rsample(self, noise: Tensor) -> Tensor:
        """As `DiagonalNormal.rsample`."""
        return self.loc + (self.factor @ noise[..., None]).squeeze(-1)

    def log_prob(self, z: Tensor) -> Tensor:
        """Log-density in nats at points of shape (..., D); shape (...,)."""
        deviation: Tensor = torch.linalg.solve_triangular(self.factor, (z - self.loc)[..., None], upper=False).squeeze(
            -1
        )
        terms: Tensor = 0.5 * (deviation.square() + _LOG_2PI) + self.log_diagonal
        return -terms.sum(-1)

    def detach(self) -> "CholeskyNormal":
        """The same distribution, its parameters constants."""
        return CholeskyNormal(self.loc.detach(), self.log_diagonal.detach(), self.below.detach())


Posterior = DiagonalNormal | CholeskyNormal


@dataclass(frozen=True, eq=False)
class Bernoulli:
    """Independent pixels, given by their logits, shape (..., N)."""

    logits: Tensor

    @property
    def mean(self) -> Tensor:
        """Probability of each pixel, shape (..., N)."""
        return self.logits.sigmoid()

    def log_prob(self, x: Tensor) -> Tensor:
        """Log-probability in nats of binary images of shape (..., N), which broadcast; shape (...,).

        For grey values it is a score, not the logarithm of a probability.

        Examples
        --------
        >>> Bernoulli(torch.zeros(3)).log_prob(torch.tensor([0.0, 1.0, 1.0]))  # 3 log(1/2)
        tensor(-2.0794)
        """
        losses = binary_cross_entropy_with_logits(self.logits, x.expand_as(self.logits), reduction="none")
        return -losses.sum(-1)
