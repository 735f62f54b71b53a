r"""Objectives: per example, in nats, to be maximised, never reduced.

.. math::

    \mathrm{ELBO}(x) = \mathbb{E}_{q(z|x)}[\log p(x|z)] - D_{\mathrm{KL}}(q(z|x) \,\|\, p(z)),
    \qquad p(z) = \mathcal{N}(0, I).

References
----------
D. P. Kingma, M. Welling, Auto-Encoding Variational Bayes, arXiv:1312.6114, equations (3), (7), (10).
"""

from typing import NamedTuple

import torch
from torch import Tensor

from vae_min.distribution import DiagonalNormal
from vae_min.model import Autoencoder, LatentModel, VariationalAutoencoder


class Terms(NamedTuple):
    """The two terms of an objective, each of shape (...,), in nats."""

    reconstruction: Tensor
    kl: Tensor

    @property
    def objective(self) -> Tensor:
        """``reconstruction - kl``, shape (...,), in nats."""
        return self.reconstruction - self.kl


def reconstruction(model: LatentModel, x: Tensor, z: Tensor) -> Tensor:
    """log p(x|z) of images x of shape (..., N) at codes z of shape (..., D); shape (...,), in nats."""
    return model.decode(z).log_prob(x)


def kl_divergence(posterior: DiagonalNormal) -> Tensor:
    r"""KL divergence of q(z|x) from the prior N(0, I), in closed form; shape (...,), in nats.

    Notes
    -----
    :math:`\tfrac12 \sum_j (\mu_j^2 + \sigma_j^2 - \log \sigma_j^2 - 1)` (slug ``kl-normal-standard``). Written
    here and not taken from `numerics`, so that the two remain witnesses of each other.

    Examples
    --------
    >>> kl_divergence(DiagonalNormal(torch.tensor([1.0, 0.0]), torch.zeros(2)))
    tensor(0.5000)
    """
    loc, log_variance = posterior.loc, posterior.log_variance
    return 0.5 * (loc.square() + log_variance.exp() - log_variance - 1).sum(-1)


def elbo_terms(model: VariationalAutoencoder, x: Tensor, noise: Tensor) -> Terms:
    """Terms of `elbo`: log p(x|z) at one reparameterised draw z, and the closed-form KL divergence."""
    posterior = model.encode(x)
    return Terms(reconstruction(model, x, posterior.rsample(noise)), kl_divergence(posterior))


def elbo(model: VariationalAutoencoder, x: Tensor, noise: Tensor) -> Tensor:
    """Unbiased estimate of the evidence lower bound of each image, from one draw.

    Parameters
    ----------
    model : VariationalAutoencoder
    x : Tensor, shape (..., N)
        Binary images.
    noise : Tensor, shape (..., D)
        Standard normal draws, one per image.

    Returns
    -------
    Tensor, shape (...,)
        In nats.
    """
    return elbo_terms(model, x, noise).objective


def log_likelihood_terms(model: Autoencoder, x: Tensor) -> Terms:
    """The autoencoder's objective log p(x | z = encode(x)) as `Terms`; its KL divergence is zero."""
    value = reconstruction(model, x, model.encode(x))
    return Terms(value, torch.zeros_like(value))
