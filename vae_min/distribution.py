"""The two distributions of the model: a diagonal normal over codes, a Bernoulli over pixels."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits


@dataclass(frozen=True, eq=False)
class DiagonalNormal:
    """N(loc, diag(exp(log_variance))).

    Parameters
    ----------
    loc, log_variance : Tensor, shape (..., D)
        Mean, and logarithm of the variance (not of the standard deviation).
    """

    loc: Tensor
    log_variance: Tensor

    @property
    def scale(self) -> Tensor:
        """Standard deviation, shape (..., D)."""
        return (0.5 * self.log_variance).exp()

    def rsample(self, noise: Tensor) -> Tensor:
        """Reparameterised draws ``loc + scale * noise``, shape (..., D), differentiable in both parameters.

        Parameters
        ----------
        noise : Tensor, shape (..., D)
            Standard normal draws; leading axes broadcast.
        """
        return self.loc + self.scale * noise


@dataclass(frozen=True, eq=False)
class Bernoulli:
    """Independent pixels, given by their logits.

    Parameters
    ----------
    logits : Tensor, shape (..., N)
        Log-odds of each pixel.
    """

    logits: Tensor

    @property
    def mean(self) -> Tensor:
        """Probability of each pixel, shape (..., N)."""
        return self.logits.sigmoid()

    def log_prob(self, x: Tensor) -> Tensor:
        """Log-probability of images in nats, shape (...,).

        Parameters
        ----------
        x : Tensor, shape (..., N)
            Binary pixels, expanded to the shape of the logits. For grey values the result is a score, not the logarithm of a probability.

        Examples
        --------
        >>> import torch
        >>> Bernoulli(torch.zeros(3)).log_prob(torch.tensor([0.0, 1.0, 1.0]))  # 3 log(1/2)
        tensor(-2.0794)
        """
        losses = binary_cross_entropy_with_logits(self.logits, x.expand_as(self.logits), reduction="none")
        return -losses.sum(-1)
