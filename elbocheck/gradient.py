r"""The gradient of the ELBO in the encoder's outputs, one row per image and draw, by estimators that share no code.

With :math:`z = \mu + \sigma\epsilon` and :math:`\delta = \partial \log p(x|z)/\partial z`, at every draw,

.. math::

    \frac{\partial\,\mathrm{ELBO}}{\partial \mu} = \delta - \mu, \qquad
    \frac{\partial\,\mathrm{ELBO}}{\partial \log\sigma^2} = \tfrac12 (\delta\,\sigma\epsilon - \sigma^2 + 1),

(slug ``pathwise-gradient``), and on average over the draws the pathwise gradient of :math:`E_q[\log p(x|z)]` is that of
the score function, :math:`E_q[(\log p(x|z) - b)\, \nabla \log q(z|x)]` (slug ``gradient-agreement``).
"""

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from elbocheck.verdict import Finding, Verdict
from elbocheck.witness import log_likelihood, log_posterior, posterior_parameters
from numerics.calibrated import MeanTest
from numerics.law import NormalApproximation
from numerics.moments import Moments
from vae_min import objective
from vae_min.model import VariationalAutoencoder

_ROWS = 4096  # at a time: 25 MB of MNIST logits
_ACCURACY = 1e-10  # relative: thousands of float64 operations round to below 1e-12, a wrong term is off by far more
_MISS = 0.01


@dataclass(frozen=True, eq=False)
class PathwiseWitness:
    """Gradients of the objective and in closed form, each (B, P) in P outputs of the encoder, at one draw per image."""

    gradient: Tensor
    expected: Tensor


class _Outputs(nn.Module):
    """An encoder whose outputs are given, whatever the image."""

    def __init__(self, outputs: Tensor) -> None:
        super().__init__()
        self.outputs = outputs

    def forward(self, x: Tensor) -> Tensor:
        return self.outputs


def pathwise_witness(model: VariationalAutoencoder, x: Tensor, *, seed: int = 0) -> PathwiseWitness:
    """The gradient of the ELBO with the KL divergence in closed form, for images (B, N) at one draw each."""
    model, outputs, x = _prepared(model, x)
    shape = (len(x), model.latent_dim)
    noise = torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    terms = objective.elbo_terms(_with(model, outputs.requires_grad_()), x, noise)
    (gradient,) = torch.autograd.grad(terms.objective.sum(), outputs)
    return PathwiseWitness(gradient, _closed_form(model, outputs.detach(), x, noise))


def _closed_form(model: VariationalAutoencoder, outputs: Tensor, x: Tensor, noise: Tensor) -> Tensor:
    """The formulas above, and with a Cholesky factor L those in the logarithm of its diagonal and in what is below."""
    loc, factor = posterior_parameters(model, outputs)
    z = (loc + (factor @ noise[..., None]).squeeze(-1)).requires_grad_()
    (delta,) = torch.autograd.grad(log_likelihood(model, x, z).sum(), z)
    scale = factor.diagonal(dim1=-2, dim2=-1)
    in_log_scale = delta * scale * noise - scale.square() + 1
    if model.covariance == "diagonal":
        return torch.cat([delta - loc, in_log_scale / 2], dim=-1)
    rows, columns = torch.tril_indices(model.latent_dim, model.latent_dim, -1)
    below = delta[:, rows] * noise[:, columns] - factor[:, rows, columns]
    return torch.cat([delta - loc, in_log_scale, below], dim=-1)


def check_pathwise(witness: PathwiseWitness) -> Finding:
    """The gradient that training follows, draw by draw, against its closed form: equal to rounding."""
    slug, name = "pathwise-gradient", "gradient of the ELBO in the encoder's outputs, draw by draw"
    size = 1 + witness.expected.abs().amax(-1)  # (B,)
    difference = (witness.gradient - witness.expected).abs().amax(-1) / size
    wrong = ~(difference <= _ACCURACY)
    if wrong.any():
        i = int(wrong.nonzero()[0])
        detail = f"test image {i}: it is {_row(witness.gradient[i])}, the closed form gives {_row(witness.expected[i])}"
        return Finding(slug, name, f"wrong on {int(wrong.sum())} of {len(wrong)} images", Verdict.refuted, detail)
    figure = f"relative difference <= {difference.max():.0e} on {len(wrong)} test images"
    return Finding(slug, name, figure, Verdict.confirmed)


@dataclass(frozen=True, eq=False)
class AgreementWitness:
    """Pathwise less score-function gradient of E_q[log p(x|z)], paired at the same draws.

    ``differences`` are the moments of rows of shape (B, P), ``pathwise`` is the mean of the pathwise rows.
    """

    differences: Moments
    pathwise: Tensor


def agreement_witness(
    model: VariationalAutoencoder, x: Tensor, *, num_samples: int = 4096, seed: int = 0
) -> AgreementWitness:
    """Both gradients of images (B, N) in P outputs of the encoder, from ``num_samples`` draws of each."""
    model, outputs, x = _prepared(model, x)
    generator, step = torch.Generator().manual_seed(seed), max(1, _ROWS // len(x))
    baseline = log_likelihood(model, x, posterior_parameters(model, outputs)[0])  # depends on no draw
    moments, total = None, torch.zeros_like(outputs)
    for start in range(0, num_samples, step):
        size = min(step, num_samples - start)
        noise = torch.randn(size * len(x), model.latent_dim, generator=generator, dtype=torch.float64)
        rows, images = outputs.repeat(size, 1), x.repeat(size, 1)
        pathwise = _pathwise(model, rows, images, noise)
        difference = pathwise - _score_function(model, rows, images, noise, baseline.repeat(size))
        part = Moments.of(difference.reshape(size, *outputs.shape).numpy())
        moments = part if moments is None else moments.merge(part)
        total += pathwise.reshape(size, *outputs.shape).sum(0)
    assert moments is not None
    return AgreementWitness(moments, total / num_samples)


def _pathwise(model: VariationalAutoencoder, outputs: Tensor, x: Tensor, noise: Tensor) -> Tensor:
    """Gradient of the objective's log p(x|z), row by row; zero where it does not depend on the outputs."""
    terms = objective.elbo_terms(_with(model, outputs.requires_grad_()), x, noise)
    if not terms.reconstruction.requires_grad:
        return torch.zeros_like(outputs)
    (gradient,) = torch.autograd.grad(terms.reconstruction.sum(), outputs, materialize_grads=True, allow_unused=True)
    return gradient


def _score_function(
    model: VariationalAutoencoder, outputs: Tensor, x: Tensor, noise: Tensor, baseline: Tensor
) -> Tensor:
    """(log p(x|z) - baseline) times the gradient of log q(z|x) at fixed z, row by row."""
    loc, factor = posterior_parameters(model, outputs.requires_grad_())
    z = (loc + (factor @ noise[..., None]).squeeze(-1)).detach()
    (score,) = torch.autograd.grad(log_posterior(model, z, loc, factor).sum(), outputs)
    return (log_likelihood(model, x, z) - baseline)[:, None] * score


def check_agreement(witness: AgreementWitness, false_alarm: float) -> Finding:
    """Score-function and pathwise gradient agree on average, in each output of each image, within declared rates."""
    slug, name = "gradient-agreement", "score-function against pathwise gradient of E_q[log p(x|z)]"
    moments, share = witness.differences, false_alarm / witness.pathwise.numel()
    rows = zip(moments.mean.ravel(), moments.variance.ravel(), witness.pathwise.ravel().tolist(), strict=True)
    outcomes = []
    for mean, variance, pathwise in rows:
        test = MeanTest(NormalApproximation(float(variance)), moments.count, share, _MISS)
        outcomes.append((test.verdict(float(mean), 0.0), pathwise))
    wrong = [(i, *pair) for i, pair in enumerate(outcomes) if not pair[0].passed]
    if wrong:
        i, outcome, pathwise = wrong[0]
        image, output = divmod(i, witness.pathwise.shape[1])
        detail = (
            f"test image {image}, output {output} of the encoder: the pathwise gradient is {pathwise:.6g}, that of the "
            f"score function {pathwise - outcome.mean:.6g}, from the same {moments.count} draws"
        )
        return Finding(slug, name, f"differ in {len(wrong)} of {len(outcomes)} derivatives", Verdict.refuted, detail)
    resolution = sorted(outcome.resolution for outcome, _ in outcomes)[len(outcomes) // 2]
    seen = sum(abs(pathwise) > outcome.resolution for outcome, pathwise in outcomes)
    figure = (
        f"{len(outcomes)} derivatives within, {seen} of them larger than what is detected; detects {resolution:.2g} "
        f"(median) with {1 - _MISS:.0%}, false alarm {share:.0e} each (asymptotic)"
    )
    if not seen:
        return Finding(slug, name, figure, Verdict.undecided, "no derivative is large enough to be told from zero")
    return Finding(slug, name, figure, Verdict.confirmed)


def _row(values: Tensor) -> str:
    return "(" + ", ".join(f"{v:.6g}" for v in values[:6].tolist()) + (", ...)" if len(values) > 6 else ")")


def _prepared(model: VariationalAutoencoder, x: Tensor) -> tuple[VariationalAutoencoder, Tensor, Tensor]:
    model, x = copy.deepcopy(model).double().eval().requires_grad_(False), x.double()
    return model, model.encoder(x), x


def _with(model: VariationalAutoencoder, outputs: Tensor) -> VariationalAutoencoder:
    """The model with these outputs in place of its encoder."""
    model = copy.copy(model)
    model._modules = {**model._modules, "encoder": _Outputs(outputs)}
    return model
