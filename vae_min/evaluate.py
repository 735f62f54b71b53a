r"""The identities of the exercise on a trained network, per example, in nats, in float64.

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

The objective's log-likelihood and KL divergence meet expressions that share no code with them: `log_joint`
below, and `numerics.normal`.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from numerics import normal
from vae_min import objective
from vae_min.model import VariationalAutoencoder
from vae_min.plane import CHUNK, Estimate, find_cells, hermite, integral, log_integral, midpoint, refined
from vae_min.train import draw_terms, negative_elbo

_EVIDENCE_WIDTH, _POSTERIOR_WIDTH = 1 / 8, 1 / 9  # sides of the cells
_PER_CELL = (1, 2, 3, 4, 6, 8, 12, 16, 24)  # nodes per side of a cell, until two agree
_UNDER_Q = (12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048)  # nodes per axis of q
_Q_DEVIATIONS = 8.5  # half the side of the square around q; beyond, q holds 4e-17
_TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class KLWitnesses:
    """The KL divergence of q(z|x) from the prior by three witnesses, each of shape (B,), in nats.

    ``monte_carlo`` is the mean of log q(z) - log p(z) over ``num_samples`` draws ``z = loc + scale * noise`` per
    image, a quadratic form in the noise; ``loc`` and ``log_variance``, shape (B, D), give its coefficients.
    """

    closed_form: Tensor
    numerics: Tensor
    monte_carlo: Tensor
    num_samples: int
    loc: Tensor
    log_variance: Tensor


@dataclass(frozen=True, eq=False)
class LossWitness:
    """The loss of one training step on ``batch_size`` images, in nats, and what it must be at the same noise.

    ``gradient`` and ``expected_gradient`` hold the derivatives in all parameters of the model, shape (P,).
    """

    loss: Tensor
    expected: Tensor
    gradient: Tensor
    expected_gradient: Tensor
    batch_size: int


@dataclass(frozen=True, eq=False)
class Identity:
    """The three terms of ``elbo-gap`` for B images."""

    log_evidence: Estimate
    elbo: Estimate
    posterior_kl: Estimate

    @property
    def gap(self) -> Tensor:
        """``log_evidence - (elbo + posterior_kl)``, shape (B,): zero but for quadrature."""
        return self.log_evidence.value - (self.elbo.value + self.posterior_kl.value)

    @property
    def error(self) -> Tensor:
        """Sum of the three error estimates, shape (B,)."""
        return self.log_evidence.error + self.elbo.error + self.posterior_kl.error

    @property
    def tolerance(self) -> Tensor:
        """The larger of 1e-6 nats and `error`, shape (B,)."""
        return self.error.clamp_min(_TOLERANCE)

    @property
    def holds(self) -> Tensor:
        """Where the gap is within tolerance and the ELBO below the evidence, bool of shape (B,)."""
        below = self.elbo.value < self.log_evidence.value + self.tolerance
        return (self.gap.abs() <= self.tolerance) & below


def identity(model: VariationalAutoencoder, x: Tensor) -> Identity:
    """All three terms of the identity.

    Parameters
    ----------
    model : VariationalAutoencoder
        With two latent dimensions and an analytic activation.
    x : Tensor, shape (B, N)
        Binary images.

    Raises
    ------
    ValueError
        If the latent space is not a plane, or the images are not binary.
    """
    return Identity(log_evidence(model, x), elbo(model, x), posterior_kl(model, x))


@torch.no_grad()
def kl_witnesses(model: VariationalAutoencoder, x: Tensor, *, num_samples: int = 1000, seed: int = 0) -> KLWitnesses:
    """KL divergence from the prior of each image x of shape (B, N): objective, `numerics`, and sampled."""
    posterior = _double(model).encode(x.double())
    loc, scale = posterior.loc, posterior.scale
    generator = torch.Generator().manual_seed(seed)
    total = torch.zeros(len(x), dtype=torch.float64)
    for _ in range(num_samples):
        z = posterior.rsample(torch.randn(loc.shape, generator=generator, dtype=torch.float64))
        total += (normal.log_prob(z, loc, scale) - normal.log_prob(z, 0.0, 1.0)).sum(-1)
    reference = normal.kl_divergence_standard(loc, posterior.log_variance)
    closed_form = objective.kl_divergence(posterior)
    return KLWitnesses(closed_form, reference, total / num_samples, num_samples, loc, posterior.log_variance)


def loss_witness(model: VariationalAutoencoder, x: Tensor, *, seed: int = 0) -> LossWitness:
    """The loss that training descends, for images x of shape (B, N), and the same written without the objective.

    The second is minus the mean of log p(x|z) - KL, with z drawn by its own expression at the same noise, the
    likelihood from `log_joint` and the divergence from `numerics`.
    """
    model, x = _double(model), x.double()
    loss = negative_elbo(draw_terms(model, x, torch.Generator().manual_seed(seed)))
    noise = torch.randn(len(x), model.latent_dim, generator=torch.Generator().manual_seed(seed))
    loc, log_variance = model.encoder(x).chunk(2, dim=-1)
    z = loc + (log_variance / 2).exp() * noise
    likelihood = log_joint(model, x)(z).diagonal() - normal.log_prob(z, 0.0, 1.0).sum(-1)
    expected = (normal.kl_divergence_standard(loc, log_variance) - likelihood).sum() / len(x)
    return LossWitness(loss.detach(), expected.detach(), _gradient(loss, model), _gradient(expected, model), len(x))


def _gradient(loss: Tensor, model: VariationalAutoencoder) -> Tensor:
    gradients = torch.autograd.grad(loss, list(model.parameters()))
    return torch.cat([g.flatten() for g in gradients])


@torch.no_grad()
def log_evidence(model: VariationalAutoencoder, x: Tensor) -> Estimate:
    """log p(x) of each image by dense quadrature over the latent plane; as `identity`."""
    model, x = _checked(model, x)
    cells = find_cells(log_joint(model, x), _EVIDENCE_WIDTH)
    return log_integral(lambda images: log_joint(model, x[images]), cells, _PER_CELL)


@torch.no_grad()
def elbo(model: VariationalAutoencoder, x: Tensor) -> Estimate:
    """ELBO of each image: the objective's own terms, its expectation by Gauss-Hermite; as `identity`."""
    model, x = _checked(model, x)
    rows = [integral(hermite, _reconstruction(model, image), _UNDER_Q) for image in torch.split(x, 1)]
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
    normaliser = _log_normaliser(model, x)
    rows = [integral(midpoint, _excess(model, image), _UNDER_Q) for image in torch.split(x, 1)]
    value, error = torch.tensor(rows, dtype=torch.float64).T
    return Estimate(value + normaliser.value, error + normaliser.error)


def log_joint(model: VariationalAutoencoder, x: Tensor) -> Callable[[Tensor], Tensor]:
    """log p(x, z) as a function of codes of shape (K, 2), for images of shape (B, N); values of shape (K, B)."""

    def density(z: Tensor) -> Tensor:
        logits = model.decode(z).logits  # (K, N)
        log_normaliser = logsigmoid(-logits).sum(-1, keepdim=True)  # (K, 1)
        prior: Tensor = normal.log_prob(z, 0.0, 1.0).sum(-1, keepdim=True)
        return logits @ x.T + log_normaliser + prior

    return density


def _log_normaliser(model: VariationalAutoencoder, x: Tensor) -> Estimate:
    """log of the sum of p(x, z) on the spacing 1/9, summed by other code than `log_evidence`."""
    cells = find_cells(log_joint(model, x), _POSTERIOR_WIDTH)

    def at(count: int, images: Tensor) -> Tensor:
        spacing, density = cells.width / count, log_joint(model, x[images])
        steps = spacing * (torch.arange(count, dtype=torch.float64) - (count - 1) / 2)
        centres = cells.of(images)
        shift = density(centres).amax(0)  # (b,), keeps the exponentials in range
        total = torch.zeros_like(shift)
        for chunk in torch.split(centres, CHUNK // count**2):
            z = (chunk[:, None] + torch.cartesian_prod(steps, steps)).flatten(0, 1)
            total += (density(z) - shift).exp().sum(0)
        return shift + (total * spacing**2).log()

    return cells.with_outside(refined(at, len(x), _PER_CELL))


def _reconstruction(model: VariationalAutoencoder, image: Tensor) -> Callable[[Tensor], Tensor]:
    """The objective's log p(x|z) of one image as a function of the noise, shape (K, 2) -> (K,)."""
    posterior = model.encode(image)
    return lambda noise: objective.reconstruction(model, image, posterior.rsample(noise))


def _excess(model: VariationalAutoencoder, image: Tensor) -> Callable[[Tensor], Tensor]:
    """Integrand of E_q[log q - log p(x, z)] for one image, on the square [-1, 1]^2 that stands for q's."""
    posterior, density = model.encode(image), log_joint(model, image)
    loc, half = posterior.loc, _Q_DEVIATIONS * posterior.scale  # (1, 2)

    def integrand(u: Tensor) -> Tensor:
        z = loc + half * u  # (K, 2)
        log_q: Tensor = normal.log_prob(z, loc, posterior.scale).sum(-1)
        return half.prod() * log_q.exp() * (log_q - density(z).squeeze(-1))

    return integrand


def _checked(model: VariationalAutoencoder, x: Tensor) -> tuple[VariationalAutoencoder, Tensor]:
    if model.latent_dim != 2:
        raise ValueError(f"dense quadrature needs 2 latent dimensions, the model has {model.latent_dim}")
    if not ((x == 0) | (x == 1)).all():
        raise ValueError("the images must be binary: grey values have no Bernoulli likelihood")
    return _double(model), x.double()


def _double(model: VariationalAutoencoder) -> VariationalAutoencoder:
    return copy.deepcopy(model).double().eval()
