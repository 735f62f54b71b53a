r"""The identity of the evidence on a trained network, per example, in nats, in float64.

.. math:: \log p(x) = \mathrm{ELBO}(x) + D_{\mathrm{KL}}(q(z|x) \,\|\, p(z|x))

holds for every image, however well the network was trained (slug ``elbo-gap``). With two latent dimensions each
of its three terms is computed with nodes and sums of its own, so that an error in one does not cancel in another
(the two evidences share the search for the cells that hold the density):

========================  ==========================================================================
`log_evidence`            equally spaced nodes on cells of side 1/8
`elbo`                    the training objective's own terms, its expectation by Gauss-Hermite under q
`posterior_kl`            equally spaced nodes around q, against the posterior, which is normalised
                          on cells of side 1/9 by a sum of its own
========================  ==========================================================================

The objective's log-likelihood meets an expression that shares no code with it, `log_joint`.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from numerics import normal
from numerics.plane import Cells, Estimate, Floats, find_cells, hermite, integral, log_integral, log_sum, midpoint
from vae_min import objective
from vae_min.distribution import Bernoulli, DiagonalNormal
from vae_min.model import VariationalAutoencoder

_EVIDENCE_WIDTH, _POSTERIOR_WIDTH = 1 / 8, 1 / 9  # sides of the cells
_PER_CELL = (1, 2, 3, 4, 6, 8, 12, 16, 24)  # nodes per side of a cell, until two agree
_UNDER_Q = (12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048)  # nodes per axis of q
_Q_DEVIATIONS = 8.5  # half the side of the square around q; beyond, q holds 4e-17
_TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Identity:
    """The three terms of ``elbo-gap`` for B images."""

    log_evidence: Estimate
    elbo: Estimate
    posterior_kl: Estimate

    @property
    def gap(self) -> Tensor:
        """``log_evidence - (elbo + posterior_kl)``, shape (B,): zero but for quadrature."""
        return cast(Tensor, self.log_evidence.value - (self.elbo.value + self.posterior_kl.value))

    @property
    def error(self) -> Tensor:
        """Sum of the three error estimates, shape (B,)."""
        return cast(Tensor, self.log_evidence.error + self.elbo.error + self.posterior_kl.error)

    @property
    def tolerance(self) -> Tensor:
        """The larger of 1e-6 nats and `error`, shape (B,)."""
        return self.error.clamp_min(_TOLERANCE)


def identity(model: VariationalAutoencoder, x: Tensor) -> Identity:
    """All three terms of the identity for binary images (B, N).

    The model has two latent dimensions, a diagonal covariance, a Bernoulli decoder and an analytic activation.

    Raises
    ------
    ValueError
        If the model is of another kind, or the images are not binary.
    """
    return Identity(log_evidence(model, x), elbo(model, x), posterior_kl(model, x))


@torch.no_grad()
def log_evidence(model: VariationalAutoencoder, x: Tensor) -> Estimate:
    """log p(x) of each image by dense quadrature over the latent plane; as `identity`."""
    model, x = _checked(model, x)
    cells = _cells(model, x, _EVIDENCE_WIDTH)
    return _tensors(log_integral(lambda images: _on_arrays(log_joint(model, x[images])), cells, _PER_CELL))


@torch.no_grad()
def elbo(model: VariationalAutoencoder, x: Tensor) -> Estimate:
    """ELBO of each image: the objective's own terms, its expectation by Gauss-Hermite; as `identity`."""
    model, x = _checked(model, x)
    rows = [integral(hermite, _on_arrays(_reconstruction(model, image)), _UNDER_Q) for image in torch.split(x, 1)]
    value, error = torch.tensor(rows, dtype=torch.float64).T
    return Estimate(value - objective.kl_divergence(model.encode(x)), error)


@torch.no_grad()
def posterior_kl(model: VariationalAutoencoder, x: Tensor) -> Estimate:
    r"""KL divergence of q(z|x) from the true posterior p(z|x) of each image; as `identity`.

    Notes
    -----
    :math:`\int q \,(\log q - \log p(x, z))\,dz + \log \int p(x, z)\,dz`. The normaliser is not `log_evidence`:
    taken from there it would drop out of the identity, and any evidence would pass. So nodes and sum are its own.
    """
    model, x = _checked(model, x)
    cells = _cells(model, x, _POSTERIOR_WIDTH)
    normaliser = _tensors(log_sum(lambda images: _on_arrays(log_joint(model, x[images])), cells, _PER_CELL))
    rows = [integral(midpoint, _on_arrays(_excess(model, image)), _UNDER_Q) for image in torch.split(x, 1)]
    value, error = torch.tensor(rows, dtype=torch.float64).T
    return Estimate(value + normaliser.value, error + normaliser.error)


def log_joint(model: VariationalAutoencoder, x: Tensor) -> Callable[[Tensor], Tensor]:
    """log p(x, z) as a function of codes of shape (K, 2), for images of shape (B, N); values of shape (K, B)."""

    def density(z: Tensor) -> Tensor:
        pixels = model.decode(z)
        assert isinstance(pixels, Bernoulli)
        log_normaliser = logsigmoid(-pixels.logits).sum(-1, keepdim=True)  # (K, 1)
        prior: Tensor = normal.log_prob(z, 0.0, 1.0).sum(-1, keepdim=True)
        return pixels.logits @ x.T + log_normaliser + prior

    return density


def _cells(model: VariationalAutoencoder, x: Tensor, width: float) -> Cells:
    """Where the images' densities are; single precision tells as well what is negligible, in half the time."""
    density = log_joint(copy.deepcopy(model).float(), x.float())
    return find_cells(lambda points: density(torch.from_numpy(points).float()).double().numpy(), width)


def _reconstruction(model: VariationalAutoencoder, image: Tensor) -> Callable[[Tensor], Tensor]:
    """The objective's log p(x|z) of one image as a function of the noise, shape (K, 2) -> (K,)."""
    posterior = model.encode(image)
    return lambda noise: objective.reconstruction(model, image, posterior.rsample(noise))


def _excess(model: VariationalAutoencoder, image: Tensor) -> Callable[[Tensor], Tensor]:
    """Integrand of E_q[log q - log p(x, z)] for one image, on the square [-1, 1]^2 that stands for q's."""
    posterior, density = model.encode(image), log_joint(model, image)
    assert isinstance(posterior, DiagonalNormal)
    loc, scale, half = posterior.loc, posterior.scale, _Q_DEVIATIONS * posterior.scale  # (1, 2)

    def integrand(u: Tensor) -> Tensor:
        z = loc + half * u  # (K, 2)
        log_q: Tensor = normal.log_prob(z, loc, scale).sum(-1)
        return half.prod() * log_q.exp() * (log_q - density(z).squeeze(-1))

    return integrand


def _checked(model: VariationalAutoencoder, x: Tensor) -> tuple[VariationalAutoencoder, Tensor]:
    if model.latent_dim != 2:
        raise ValueError(f"dense quadrature needs 2 latent dimensions, the model has {model.latent_dim}")
    if model.covariance != "diagonal" or model.log_variance is not None:
        raise ValueError("dense quadrature needs a diagonal covariance and a Bernoulli decoder")
    if not ((x == 0) | (x == 1)).all():
        raise ValueError("the images must be binary: grey values have no Bernoulli likelihood")
    return copy.deepcopy(model).double().eval(), x.double()


def _on_arrays(function: Callable[[Tensor], Tensor]) -> Callable[[Floats], Floats]:
    return lambda points: function(torch.from_numpy(points)).numpy()


def _tensors(estimate: Estimate) -> Estimate:
    return Estimate(torch.from_numpy(estimate.value), torch.from_numpy(estimate.error))
