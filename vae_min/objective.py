r"""Objectives: per example, in nats, to be maximised, never reduced.

.. math::

    \mathrm{ELBO}(x) = \mathbb{E}_{q(z|x)}[\log p(x|z)] - D_{\mathrm{KL}}(q(z|x) \,\|\, p(z)),
    \qquad p(z) = \mathcal{N}(0, I), \\
    \mathcal{L}_k(x) = \mathbb{E}\Big[\log \tfrac1k \sum_{i=1}^k w(x, z_i)\Big], \quad z_i \sim q(z|x),
    \qquad w(x, z) = \frac{p(x|z)\, p(z)}{q(z|x)}, \quad \mathcal{L}_1 = \mathrm{ELBO}.

References
----------
D. P. Kingma, M. Welling, Auto-Encoding Variational Bayes, arXiv:1312.6114, equations (3), (7), (10).
Y. Burda, R. Grosse, R. Salakhutdinov, Importance Weighted Autoencoders, arXiv:1509.00519, equation (8).
G. Roeder, Y. Wu, D. Duvenaud, Sticking the Landing, arXiv:1703.09194, equation (8).
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from vae_min.config import Config
from vae_min.distribution import CholeskyNormal, Posterior
from vae_min.model import Autoencoder, LatentModel, VariationalAutoencoder


class Terms(NamedTuple):
    """An objective and its parts, each of shape (...,), in nats.

    ``reconstruction`` and ``kl`` are log p(x|z) and the KL divergence or its estimate, averaged over samples;
    ``objective`` is their difference but for a weight of the KL divergence or several importance samples.
    """

    objective: Tensor
    reconstruction: Tensor
    kl: Tensor


def reconstruction(model: LatentModel, x: Tensor, z: Tensor) -> Tensor:
    """log p(x|z) of images x of shape (..., N) at codes z of shape (..., D); shape (...,), in nats."""
    return model.decode(z).log_prob(x)


def kl_divergence(posterior: Posterior) -> Tensor:
    r"""KL divergence of q(z|x) from the prior N(0, I), in closed form; shape (...,), in nats.

    Notes
    -----
    :math:`\tfrac12 \sum_j (\mu_j^2 + \sigma_j^2 - \log \sigma_j^2 - 1)` (slug ``kl-normal-standard``), and with a
    Cholesky factor :math:`\tfrac12 (\|\mu\|^2 + \|L\|_F^2 - D) - \sum_j \log L_{jj}`. Written here and not taken
    from `numerics`, so that the two remain witnesses of each other.

    Examples
    --------
    >>> from vae_min.distribution import DiagonalNormal
    >>> kl_divergence(DiagonalNormal(torch.tensor([1.0, 0.0]), torch.zeros(2)))
    tensor(0.5000)
    """
    loc = posterior.loc
    if isinstance(posterior, CholeskyNormal):
        squares = loc.square() + (2 * posterior.log_diagonal).exp() - 2 * posterior.log_diagonal - 1
        return 0.5 * (squares.sum(-1) + posterior.below.square().sum(-1))
    log_variance = posterior.log_variance
    return 0.5 * (loc.square() + log_variance.exp() - log_variance - 1).sum(-1)


def elbo_terms(model: VariationalAutoencoder, x: Tensor, noise: Tensor, *, beta: float = 1.0) -> Terms:
    """Terms of `elbo`, its KL divergence weighted by beta: log p(x|z) at one draw z, the KL in closed form."""
    posterior = model.encode(x)
    likelihood, kl = reconstruction(model, x, posterior.rsample(noise)), kl_divergence(posterior)
    return Terms(likelihood - beta * kl, likelihood, kl)


def elbo(model: VariationalAutoencoder, x: Tensor, noise: Tensor) -> Tensor:
    """Unbiased estimate of the evidence lower bound of each image, shape (...,), in nats.

    From binary images of shape (..., N) and one standard normal draw for each, shape (..., D).
    """
    return elbo_terms(model, x, noise).objective


def sampled_terms(
    model: VariationalAutoencoder, x: Tensor, noise: Tensor, *, beta: float = 1.0, stick: bool = False
) -> Terms:
    """Terms of the fully sampled ELBO: log p(x|z) - beta (log q(z|x) - log p(z)) at one draw z.

    With ``stick`` the value is the same and the gradient is the one that sticks the landing: log q(z|x) depends on
    the encoder through z alone. Where q(z|x) = p(z|x), it is zero for every draw, and not only on average.
    """
    posterior = model.encode(x)
    z = posterior.rsample(noise)
    likelihood = reconstruction(model, x, z)
    kl = (posterior.detach() if stick else posterior).log_prob(z) - _log_prior(z)
    return Terms(likelihood - beta * kl, likelihood, kl)


def iwae_terms(model: VariationalAutoencoder, x: Tensor, noise: Tensor) -> Terms:
    """Terms of the importance-weighted bound of images (B, N) from noise (k, B, D): log of the mean weight."""
    posterior = model.encode(x)
    z = posterior.rsample(noise)
    likelihood = reconstruction(model, x, z)  # (k, B)
    kl = posterior.log_prob(z) - _log_prior(z)
    return Terms((likelihood - kl).logsumexp(0) - math.log(len(noise)), likelihood.mean(0), kl.mean(0))


def log_likelihood_terms(model: Autoencoder, x: Tensor) -> Terms:
    """The autoencoder's objective log p(x | z = encode(x)) as `Terms`; its KL divergence is zero."""
    value = reconstruction(model, x, model.encode(x))
    return Terms(value, value, torch.zeros_like(value))


def objective_terms(model: LatentModel, config: Config, x: Tensor, noise: Tensor) -> Terms:
    """Terms of the objective that a configuration names, for images (B, N) and noise (k, B, D)."""
    if isinstance(model, Autoencoder):
        return log_likelihood_terms(model, x)
    assert isinstance(model, VariationalAutoencoder)
    if config.objective == "iwae":
        return iwae_terms(model, x, noise)
    if config.objective == "elbo":
        return elbo_terms(model, x, noise[0], beta=config.beta)
    return sampled_terms(model, x, noise[0], beta=config.beta, stick=config.objective == "stl")


def _log_prior(z: Tensor) -> Tensor:
    return -0.5 * (z.square() + math.log(2 * math.pi)).sum(-1)
