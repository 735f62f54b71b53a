"""Importance-weighted bounds: their values by hand, and each wrong twin under its code."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Normal

from vae_min.audit.audit import audit
from vae_min.audit.importance import READINGS, LogWeights, _fit
from vae_min.audit.spec import VAESpec

from .small import Small, bce, spec

W = torch.tensor([[0.3, -1.0], [1.2, 0.4], [-0.5, 2.0]], dtype=torch.float64)
WEIGHTS = LogWeights(W, W + 1, W - 0.5, 2 * W)


def test_values_by_hand() -> None:
    rows = [[float(v) for v in column] for column in W.T]
    bound = [-math.log(sum(map(math.exp, row)) / 3) for row in rows]
    shares = [[math.exp(v) / sum(map(math.exp, row)) for v in row] for row in rows]
    surrogate = [-sum(s * v for s, v in zip(share, row, strict=True)) for share, row in zip(shares, rows, strict=True)]
    assert READINGS["bound"].value(WEIGHTS).tolist() == pytest.approx(bound, rel=1e-12, abs=0)
    assert READINGS["surrogate"].value(WEIGHTS).tolist() == pytest.approx(surrogate, rel=1e-12, abs=0)
    of_samples = [-math.log((math.exp(a) + math.exp(b)) / 2) for a, b in W.tolist()]
    assert READINGS["bound over the batch"].value(WEIGHTS).tolist() == pytest.approx(of_samples, rel=1e-12, abs=0)
    others = [READINGS[name].value(WEIGHTS).mean() for name in READINGS if name != "bound"]
    assert not any(torch.allclose(o, READINGS["bound"].value(WEIGHTS).mean()) for o in others)


@pytest.mark.parametrize(("shift", "fits"), [(-1.5, True), (0.0, True), (1e4, False), (-1e4, False)])
def test_a_constant_of_the_log_weights_is_one_that_may_be_left_out(shift, fits) -> None:
    reading, some = READINGS["unnormalised"], [LogWeights(*[k * W / 4] * 4) for k in range(1, 7)]
    loss = np.array([float(reading.value(w).mean()) - shift * reading.mass(w) for w in some])
    factor, found, constant, residual = _fit(reading, some, loss)
    assert (residual < 1e-9) is fits
    if fits:
        assert (factor, found, constant) == pytest.approx((math.exp(-shift), shift, 0.0), rel=1e-9, abs=1e-9)


def weighted(combine):
    """An audit of four samples whose log-weights are combined so."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model, x = Small(), torch.bernoulli(torch.full((6, 5), 0.5))

    def loss(x):
        loc, v = model.encode(x)
        q = Normal(loc, torch.exp(0.5 * v))
        z = loc + torch.exp(0.5 * v) * torch.randn(4, *v.shape)
        px = -bce(model.decode(z), x.expand(4, *x.shape))
        return combine(px, Normal(0.0, 1.0).log_prob(z).sum(-1), q.log_prob(z).sum(-1)).mean()

    return audit(
        VAESpec(loss=loss, encode=model.encode, decode=model.decode, batch=x, module=model, num_importance_samples=4)
    )


def bound(w):
    return -torch.logsumexp(w, 0)


@pytest.mark.parametrize(
    ("combine", "verdict", "codes"),
    [
        (lambda x, p, q: bound(x + p - q), "elbo", []),
        (lambda x, p, q: bound(x + p), "not-elbo", ["weights-term"]),
        (lambda x, p, q: bound(x - q), "not-elbo", ["weights-term"]),
        (lambda x, p, q: -bound(x + p - q), "not-elbo", ["weights-sign"]),
        (lambda x, p, q: -torch.logsumexp(x + p - q, 1), "not-elbo", ["mean-of-logs"]),
        (lambda x, p, q: -torch.logsumexp(x + p, 1), "not-elbo", ["weights-term", "mean-of-logs"]),
        (lambda x, p, q: -(x + p - q).mean(0), "not-elbo", ["mean-of-logs"]),
        (lambda x, p, q: (x + p - q).mean(0), "not-elbo", ["weights-sign", "mean-of-logs"]),
        (lambda x, p, q: -(x + p).mean(0), "not-elbo", ["weights-term", "mean-of-logs"]),
        (lambda x, p, q: -(x - q).mean(0), "not-elbo", ["weights-term", "mean-of-logs"]),
        (
            lambda x, p, q: -((x + p - q).softmax(0).detach() * (x + p - q)).sum(0),
            "elbo",
            ["gradient-only"],
        ),
        (lambda x, p, q: -((x + p - q).softmax(0) * (x + p - q)).sum(0), "not-elbo", ["weights-not-detached"]),
        (lambda x, p, q: -((x + p - q).exp().detach() * (x + p - q)).sum(0), "not-elbo", ["weights-unnormalised"]),
        (  # a constant of a log-density is often left out
            lambda x, p, q: -((x - q - 1.5).exp().detach() * (x - q - 1.5)).sum(0),
            "not-elbo",
            ["weights-term", "weights-unnormalised"],
        ),
    ],
)
def test_each_combination_under_its_code(combine, verdict, codes) -> None:
    outcome = weighted(combine)
    assert (outcome.verdict, [f.code for f in outcome.findings]) == (verdict, codes)


def held(loc, v, z):
    """log q(z|x) without a gradient in its parameters."""
    return Normal(loc.detach(), torch.exp(0.5 * v).detach()).log_prob(z).sum(-1)


def sticking(samples, doubly=False, surrogate=False):
    """An audit of a loss with that."""
    model = spec().loss.__self__

    def loss(x):
        loc, v = model.encode(x)
        z = loc + torch.exp(0.5 * v) * torch.randn(samples, *v.shape)
        px = -bce(model.decode(z), x.expand(samples, *x.shape))
        w = px + Normal(0.0, 1.0).log_prob(z).sum(-1) - held(loc, v, z)
        share = w.softmax(0).detach()
        if doubly:
            z.register_hook(lambda gradient: share.unsqueeze(-1) * gradient)
        if samples == 1:
            return -w.mean()
        return -(share * w).sum(0).mean() if surrogate else -(torch.logsumexp(w, 0) - math.log(samples)).mean()

    claimed = VAESpec(
        loss=loss,
        encode=model.encode,
        decode=model.decode,
        batch=spec().batch,
        module=model,
        num_importance_samples=samples,
    )
    return audit(claimed)


def test_a_posterior_held_fixed_is_no_fault_of_one_sample_alone() -> None:
    assert sticking(1).verdict == "elbo"
    assert sticking(4, doubly=True).verdict == "elbo"
    for surrogate in (False, True):
        outcome = sticking(4, surrogate=surrogate)
        assert (outcome.verdict, [f.code for f in outcome.findings]) == ("not-elbo", ["value-only"])
        assert outcome.findings[0].message.startswith("log q(z|x) has no gradient in the heads")


def expected_gradient(loc, samples, kind):
    """By quadrature: the mean, over one or two draws, of the gradient in the location; log w = -0.7 (z - 1)^2 - log q(z)."""
    points, weights = (torch.from_numpy(a) for a in np.polynomial.hermite_e.hermegauss(60))
    noise = torch.cartesian_prod(*[points] * samples).reshape(-1, samples).T
    mass = torch.cartesian_prod(*[weights / weights.sum()] * samples).reshape(-1, samples).prod(1)
    loc = torch.tensor(loc, dtype=torch.float64, requires_grad=True)
    z = loc + noise
    log_w = -0.7 * (z - 1) ** 2 + 0.5 * (z - (loc if kind == "whole" else loc.detach())) ** 2
    if kind == "doubly":
        share = log_w.softmax(0).detach()
        z.register_hook(lambda gradient: share * gradient)
    return float(torch.autograd.grad((mass * log_w.logsumexp(0)).sum(), loc)[0])


def test_a_posterior_held_fixed_has_the_right_gradient_on_average_only_of_one_sample() -> None:
    for loc in (0.3, -0.7):
        one, two = expected_gradient(loc, 1, "whole"), expected_gradient(loc, 2, "whole")
        assert expected_gradient(loc, 1, "held") == pytest.approx(one, rel=1e-9, abs=0)
        assert expected_gradient(loc, 2, "doubly") == pytest.approx(two, rel=1e-4, abs=0)
        assert abs(expected_gradient(loc, 2, "held") / two - 1) > 0.1


def of_real_pixels(variance, learned=False, claims=None):
    """An importance-weighted bound with a normal likelihood, of a fixed variance or one that is learned from there."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model, x = Small(), torch.randn(6, 5)
    model.log_variance = torch.nn.Parameter(torch.tensor([math.log(variance)]))

    def loss(x):
        loc, v = model.encode(x)
        q = Normal(loc, torch.exp(0.5 * v))
        z = q.rsample((4,))
        scale = (0.5 * model.log_variance).exp() if learned else math.sqrt(variance)
        px = Normal(model.decode(z), scale).log_prob(x).sum(-1)
        return bound(px + Normal(0.0, 1.0).log_prob(z).sum(-1) - q.log_prob(z).sum(-1)).mean()

    return audit(
        VAESpec(
            loss=loss,
            encode=model.encode,
            decode=model.decode,
            batch=x,
            module=model,
            num_importance_samples=4,
            **(claims or {}),
        )
    )


@pytest.mark.parametrize(
    ("parts", "verdict", "codes"),
    [
        ({"variance": 1.0}, "elbo", []),
        ({"variance": 0.5}, "elbo", ["squared-error"]),
        ({"variance": 0.3}, "undecided", ["unexplained"]),  # of no variance that anybody said
        ({"variance": 0.3, "learned": True}, "elbo", []),
    ],
)
def test_a_normal_likelihood_in_the_weights(parts, verdict, codes) -> None:
    outcome = of_real_pixels(**parts)
    assert (outcome.verdict, [f.code for f in outcome.findings]) == (verdict, codes)


@pytest.mark.parametrize(("variance", "codes"), [(0.3, []), (1.0, ["variance-mismatch"]), (0.5, ["variance-mismatch"])])
def test_a_normal_likelihood_in_the_weights_of_the_variance_that_is_claimed(variance, codes) -> None:
    outcome = of_real_pixels(variance, claims={"variance": 0.3})
    assert [f.code for f in outcome.findings] == codes
    assert outcome.verdict == ("not-elbo" if codes else "elbo")
    assert outcome.effective.variance == pytest.approx(variance, rel=1e-9, abs=0)
