r"""The linear VAE, where everything is known: its decoder is :math:`p(x|z) = \mathcal N(Wz + b, \sigma^2 I)`.

Its evidence and posterior are normal, so the identity needs no quadrature. Its optimum is probabilistic principal
component analysis (slugs ``linear-gaussian-evidence``, ``linear-gaussian-posterior``).

References
----------
M. E. Tipping, C. M. Bishop, Probabilistic Principal Component Analysis, J. R. Statist. Soc. B 61 (1999), Sec. 3.
J. Lucas, G. Tucker, R. Grosse, M. Norouzi, Don't Blame the ELBO!, arXiv:1911.02469, Sec. 4.
"""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import subspace_angles
from scipy.optimize import minimize
from sklearn.decomposition import PCA
from torch import Tensor, nn
from torch.distributions import MultivariateNormal

from elbocheck.verdict import Finding, Verdict
from elbocheck.witness import posterior_parameters
from numerics import multivariate_normal
from numerics.plane import Estimate
from vae_min import objective
from vae_min.config import Config
from vae_min.evaluate import Identity
from vae_min.model import VariationalAutoencoder

_ROUNDING = 1e4 * torch.finfo(torch.float64).eps  # of sums of hundreds of squares, relative
_TOLERANCE = 1e-6  # nats


@torch.no_grad()
def identity(model: VariationalAutoencoder, x: Tensor) -> Identity:
    """The three terms of ``elbo-gap`` for images x of shape (B, N), in closed form.

    Raises
    ------
    ValueError
        If the decoder is not linear-normal.
    """
    model, x = copy.deepcopy(model).double().eval(), x.double()
    weight, bias, variance = _decoder(model)
    size, num_pixels = model.latent_dim, len(weight)
    evidence_factor = torch.linalg.cholesky(weight @ weight.T + variance * torch.eye(num_pixels, dtype=weight.dtype))
    covariance = torch.linalg.inv(torch.eye(size, dtype=weight.dtype) + weight.T @ weight / variance)
    loc = (x - bias) @ weight @ covariance / variance  # of the posterior
    q = posterior_parameters(model, model.encoder(x))
    log_evidence = MultivariateNormal(bias, scale_tril=evidence_factor).log_prob(x)  # type: ignore[no-untyped-call]
    kl = multivariate_normal.kl_divergence(*q, loc, torch.linalg.cholesky(covariance))
    elbo = _reconstruction(model, x) - objective.kl_divergence(model.encode(x))
    return Identity(*(Estimate(value, _ROUNDING * (1 + value.abs())) for value in (log_evidence, elbo, kl)))


def _reconstruction(model: VariationalAutoencoder, x: Tensor) -> Tensor:
    """The objective's E_q[log p(x|z)], exactly: it is quadratic in the noise, so that 2D + 1 points give its mean."""
    posterior, axes = model.encode(x), torch.eye(model.latent_dim, dtype=x.dtype)

    def at(noise: Tensor) -> Tensor:
        return objective.reconstruction(model, x, posterior.rsample(noise))

    centre = at(torch.zeros(model.latent_dim, dtype=x.dtype))
    total = centre.clone()
    for axis in axes:
        total += 0.5 * (at(axis) + at(-axis)) - centre
    return total


def _decoder(model: VariationalAutoencoder) -> tuple[Tensor, Tensor, Tensor]:
    """W (N, D), b (N,) and sigma^2."""
    if model.log_variance is None:
        raise ValueError("the closed forms are those of a linear-normal decoder")
    (layer,) = model.decoder
    assert isinstance(layer, nn.Linear)
    return layer.weight, layer.bias, model.log_variance.exp()


@torch.no_grad()
def optimum(model: VariationalAutoencoder, x: Tensor) -> VariationalAutoencoder:
    r"""The linear VAE of greatest mean ELBO on images x (M, N), found from this one's decoder; in float64.

    Notes
    -----
    The best b is the mean of the images, and the best encoder of a decoder is linear: the mean of the posterior, and
    the variances :math:`1/M_{jj}` with :math:`M = I + W^T W/\sigma^2`. What remains of the ELBO is, with the images'
    covariance S and :math:`C = WW^T + \sigma^2 I`,

    .. math:: -\tfrac12 \Bigl(N \log 2\pi\sigma^2 + \sum_j \log M_{jj} + \operatorname{tr} C^{-1} S\Bigr),

    which L-BFGS maximises over W and :math:`\log\sigma^2`. The evidence has :math:`\log\det M` in place of the sum.
    Stochastic gradients get within some hundredths of a nat, not to 1e-6.
    """
    weight, _, variance = _decoder(copy.deepcopy(model).double())
    x = x.double()
    centred = x - x.mean(0)
    covariance = centred.T @ centred / len(x)
    start = torch.cat([weight.flatten(), variance.log()[None]])
    loss = _loss(covariance, weight.shape)
    options = {"maxiter": 20_000, "maxfun": 20_000, "ftol": 0.0, "gtol": 1e-9, "maxcor": 30}
    found = torch.from_numpy(minimize(loss, start.numpy(), jac=True, method="L-BFGS-B", options=options).x)
    return _with_best_encoder(found[:-1].reshape(weight.shape), found[-1], x.mean(0))


def _loss(covariance: Tensor, shape: torch.Size) -> Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]]:
    """Minus the ELBO that is left, and its gradient, at W and log sigma^2 in one array."""

    @torch.enable_grad()
    def at(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        parameters = torch.from_numpy(point.copy()).requires_grad_()
        weight, log_variance = parameters[:-1].reshape(shape), parameters[-1]
        scaled = weight / (log_variance / 2).exp()
        precision = torch.eye(shape[1], dtype=weight.dtype) + scaled.T @ scaled
        explained = torch.trace(torch.linalg.solve(precision, scaled.T @ covariance @ scaled))
        fit = (torch.trace(covariance) - explained) / log_variance.exp()
        loss = 0.5 * (shape[0] * (math.log(2 * math.pi) + log_variance) + precision.diagonal().log().sum() + fit)
        (gradient,) = torch.autograd.grad(loss, parameters)
        return float(loss.detach()), gradient.numpy()

    return at


def _with_best_encoder(weight: Tensor, log_variance: Tensor, mean: Tensor) -> VariationalAutoencoder:
    num_pixels, size = weight.shape
    config = Config(latent_dim=size, hidden_sizes=(), decoder="linear-normal", binarisation="none")
    model = VariationalAutoencoder(config, num_pixels).double()
    precision = torch.eye(size, dtype=weight.dtype) + weight.T @ weight / log_variance.exp()
    to_loc = torch.linalg.solve(precision, weight.T) / log_variance.exp()  # (D, N)
    assert model.log_variance is not None
    values = {
        "log_variance": log_variance,
        "decoder.0.weight": weight,
        "decoder.0.bias": mean,
        "encoder.0.weight": torch.cat([to_loc, torch.zeros_like(to_loc)]),
        "encoder.0.bias": torch.cat([-to_loc @ mean, -precision.diagonal().log()]),
    }
    model.load_state_dict(values)
    return model


@dataclass(frozen=True)
class PrincipalComponents:
    """A linear VAE against probabilistic PCA on the same images: mean ELBO, mean evidence, largest angle of subspaces."""

    elbo: float
    log_evidence: float
    largest_gap: float  # log p(x) - ELBO of one image
    pca_log_evidence: float
    angle: float


def against_pca(model: VariationalAutoencoder, x: Tensor) -> PrincipalComponents:
    """Compare with scikit-learn's `PCA`, whose variances are rescaled from M - 1 to M, those of greatest likelihood."""
    terms = identity(model, x)
    gap = (terms.log_evidence.value - terms.elbo.value).abs().max()
    images = x.double().numpy()
    pca = PCA(model.latent_dim, svd_solver="covariance_eigh").fit(images)
    pca.explained_variance_ *= (len(images) - 1) / len(images)
    pca.noise_variance_ *= (len(images) - 1) / len(images)
    weight = _decoder(model)[0].detach().double().numpy()
    return PrincipalComponents(
        elbo=float(terms.elbo.value.mean()),
        log_evidence=float(terms.log_evidence.value.mean()),
        largest_gap=float(gap),
        pca_log_evidence=float(pca.score(images)),
        angle=float(subspace_angles(weight, pca.components_.T).max()),
    )


def check_optimum(found: PrincipalComponents) -> Finding:
    """The optimum of a linear VAE is probabilistic PCA: same evidence, same subspace, and its ELBO is the evidence."""
    slug, name = "linear-vae", "optimum of the linear VAE (L-BFGS from this run) is probabilistic PCA (scikit-learn)"
    excess = found.log_evidence - found.pca_log_evidence
    figure = (
        f"evidence differs by {abs(excess):.0e} nats, ELBO <= {found.largest_gap:.0e} below evidence on each image, "
        f"subspaces by {found.angle:.0e} rad"
    )
    # the likelihood is flat at its top: an evidence within 1e-6 nats leaves about the square root of that in the angle
    if abs(excess) <= _TOLERANCE and found.largest_gap <= _TOLERANCE and found.angle <= math.sqrt(_TOLERANCE):
        return Finding(slug, name, figure, Verdict.confirmed)
    detail = (
        f"mean log p(x) {found.log_evidence:.8f}, mean ELBO {found.elbo:.8f}, PCA.score {found.pca_log_evidence:.8f}, "
        f"largest angle {found.angle:.3g} rad"
    )
    short = excess < -_TOLERANCE  # the optimiser may have stopped too early; the optimum is what it did not find
    return Finding(slug, name, figure, Verdict.undecided if short else Verdict.refuted, detail)
