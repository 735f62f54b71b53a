"""The identities on a trained network: what its own objective says, against witnesses that do not share its code."""

from __future__ import annotations

import torch
from torch import Tensor

from elbocheck.progress import Advance
from elbocheck.verdict import Finding, Verdict
from elbocheck.witness import KLWitnesses, LossWitness
from numerics.calibrated import Budget, MeanTest
from numerics.quadratic_form import kl_divergence_law
from vae_min.evaluate import Identity

_MISS = 0.01
_EPSILON = torch.finfo(torch.float64).eps


def check_kl(witnesses: KLWitnesses, budget: Budget, advance: Advance = lambda steps: None) -> list[Finding]:
    """The objective's KL divergence of every image, against the closed form of `numerics` and against sampling.

    Parameters
    ----------
    witnesses
        Of all test images, in float64 and nats.
    budget
        False alarms: half of what remains is spent, shared equally by the images.
    advance
        Called with the number of images judged since the last call.
    """
    return [_against_numerics(witnesses), _against_sampling(witnesses, budget, advance)]


def _against_numerics(w: KLWitnesses) -> Finding:
    """Two expressions of one closed form may differ by the rounding of their terms, and by nothing else."""
    tolerance = 8 * (2 + w.loc.shape[-1]) * _EPSILON * _terms(w)
    difference = (w.closed_form - w.numerics).abs()
    witness = "objective's KL of each test image, against numerics"
    wrong = ~(difference <= tolerance)
    if wrong.any():
        return _refuted("kl-normal-standard", witness, w, wrong, "numerics gives", w.numerics)
    figure = f"off by <= {difference.max():.1e} nats on {len(difference)} images"
    return Finding("kl-normal-standard", witness, figure, Verdict.confirmed)


def _terms(w: KLWitnesses) -> Tensor:
    """Sum of the moduli of the closed form's terms, shape (B,): what its rounding is proportional to."""
    log_variance = 2 * w.factor.diagonal(dim1=-2, dim2=-1).log()
    return (w.loc.square() + w.factor.square().sum(-1) + log_variance.abs() + 1).sum(-1)


def _against_sampling(w: KLWitnesses, budget: Budget, advance: Advance) -> Finding:
    """Each image's KL must lie within the interval of its Monte Carlo mean, whose law is known exactly."""
    share = budget.draw(budget.remaining / 2) / len(w.loc)
    passed, resolutions, guarantees = [], [], []
    # the noise may be rotated: in the axes of the factor's singular values the coordinates are independent
    axes, scale, _ = torch.linalg.svd(w.factor)
    loc = (axes.mT @ w.loc[..., None]).squeeze(-1)
    images = zip(loc.tolist(), scale.tolist(), w.monte_carlo, w.closed_form, 64 * _EPSILON * _terms(w), strict=True)
    for centre, deviation, mean, claimed, rounding in images:
        law = kl_divergence_law(centre, deviation, [0.0] * len(centre), [1.0] * len(centre))
        test = MeanTest(law, w.num_samples, share, _MISS, float(rounding))
        outcome = test.verdict(float(mean), float(claimed))
        passed.append(outcome.passed)
        resolutions.append(outcome.resolution)
        guarantees.append(outcome.guarantee)
        advance(1)
    witness = "objective's KL of each test image, against Monte Carlo"
    wrong = ~torch.tensor(passed)
    if wrong.any():
        return _refuted("kl-normal-standard", witness, w, wrong, "the mean of its draws is", w.monte_carlo)
    resolution = torch.tensor(resolutions).median()
    figure = (
        f"{len(passed)} images within; detects {resolution:.2g} nats (median) with {1 - _MISS:.0%}, "
        f"false alarm {share:.0e} each ({', '.join(sorted(set(guarantees)))})"
    )
    return Finding("kl-normal-standard", witness, figure, Verdict.confirmed)


def _refuted(slug: str, witness: str, w: KLWitnesses, wrong: Tensor, other: str, values: Tensor) -> Finding:
    i = int(wrong.nonzero()[0])
    loc, factor = w.loc[i].tolist(), w.factor[i]
    diagonal = bool((factor == factor.diagonal().diag()).all())
    spread = f"scale {_tuple(factor.diagonal().tolist())}" if diagonal else f"Cholesky factor {factor.tolist()}"
    detail = (
        f"test image {i}: q = N(loc {_tuple(loc)}, {spread}), p = N(0, I): the objective gives "
        f"{w.closed_form[i]:.8g} nats, {other} {values[i]:.8g}"
    )
    return Finding(slug, witness, f"wrong on {int(wrong.sum())} of {len(wrong)} images", Verdict.refuted, detail)


def _tuple(values: list[float]) -> str:
    return "(" + ", ".join(f"{v:.6g}" for v in values) + ")"


_LOSS_ACCURACY = (
    1e-10  # relative: thousands of float64 operations round to below 1e-12, a wrong term is off by far more
)


def check_loss(witness: LossWitness) -> Finding:
    """The loss of a training step, and its gradient in every parameter, against log p(x|z) and `numerics` at that noise."""
    slug, name = "elbo-terms", "training loss and its gradient, at fixed noise"
    value = float((witness.loss - witness.expected).abs() / (1 + witness.expected.abs()))
    gradient = float((witness.gradient - witness.expected_gradient).norm() / (1 + witness.expected_gradient.norm()))
    figure = f"relative difference {value:.0e}, of the gradient {gradient:.0e}, batch of {witness.batch_size}"
    if value <= _LOSS_ACCURACY and gradient <= _LOSS_ACCURACY:
        return Finding(slug, name, figure, Verdict.confirmed)
    detail = (
        f"the loss is {witness.loss:.8g} nats, -mean(log p(x|z) - KL) is {witness.expected:.8g}; their gradients have "
        f"norm {witness.gradient.norm():.6g} and {witness.expected_gradient.norm():.6g}"
    )
    return Finding(slug, name, figure, Verdict.refuted, detail)


def check_identity(identity: Identity, how: str = "dense quadrature, Gauss-Hermite") -> list[Finding]:
    """``log p(x) = ELBO + KL(q || p(z|x))`` and ``ELBO <= log p(x)`` on each image of `identity`, had as ``how`` says."""
    return [_equality(identity, how), _bound(identity)]


MAX_QUADRATURE_ERROR = 1e-4  # nats; above, the quadrature decides nothing


def _equality(identity: Identity, how: str) -> Finding:
    witness = f"trained network: {how}"
    gap, error = identity.gap.abs(), identity.error
    decided = error < MAX_QUADRATURE_ERROR
    wrong = decided & (gap > identity.tolerance)
    if wrong.any():
        i = int(wrong.nonzero()[0])
        detail = (
            f"test image {i}: log p(x) = {identity.log_evidence.value[i]:.8f}, but ELBO + KL(q || p(z|x)) = "
            f"{identity.elbo.value[i]:.8f} + {identity.posterior_kl.value[i]:.8f}; the quadratures are good to {error[i]:.1e}"
        )
        return Finding(
            "elbo-gap", witness, f"fails on {int(wrong.sum())} of {len(gap)} images", Verdict.refuted, detail
        )
    figure = f"gap <= {gap.max():.1e} nats on {len(gap)} test images, quadrature error <= {error.max():.0e}"
    if not (decided.all() and gap.isfinite().all()):
        detail = f"the quadrature's own error estimate must be finite and below {MAX_QUADRATURE_ERROR:g} nats"
        return Finding("elbo-gap", witness, figure, Verdict.undecided, detail)
    return Finding("elbo-gap", witness, figure, Verdict.confirmed)


def _bound(identity: Identity) -> Finding:
    witness = "trained network: ELBO below log p(x)"
    slack = identity.log_evidence.value - identity.elbo.value  # (B,)
    error = identity.log_evidence.error + identity.elbo.error
    wrong = (error < MAX_QUADRATURE_ERROR) & (slack < -error)
    if wrong.any():
        i = int(wrong.nonzero()[0])
        detail = f"test image {i}: the ELBO is {identity.elbo.value[i]:.8f}, log p(x) is {identity.log_evidence.value[i]:.8f}"
        figure = f"above on {int(wrong.sum())} of {len(slack)} images"
        return Finding("elbo-bound", witness, figure, Verdict.refuted, detail)
    figure = f"by {slack.min():.3f} to {slack.max():.3f} nats on {len(slack)} test images"
    decided = bool((error < MAX_QUADRATURE_ERROR).all() and (slack >= error).all())
    detail = "" if decided else "on some image the quadrature's error is too large, or larger than the difference"
    return Finding("elbo-bound", witness, figure, Verdict.confirmed if decided else Verdict.undecided, detail)
