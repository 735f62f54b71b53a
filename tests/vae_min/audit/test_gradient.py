"""Gradients that are not those of the value, each under its name."""

import pytest
import torch
from torch.distributions import Normal

from vae_min.audit import gradient
from vae_min.audit.audit import audit
from vae_min.audit.bench import Point
from vae_min.audit.explanation import view_of
from vae_min.audit.noise import seeded
from vae_min.audit.spec import VAESpec

from .seen import on_bench
from .small import bce, kl, spec, std


def detached(v):
    return std(v).detach()


@pytest.mark.parametrize(
    ("parts", "codes", "words"),
    [
        ({}, [], ""),
        ({"scale": detached}, ["gradient-cut"], "the scale of the code is detached"),
        ({"divergence": lambda m, v: kl(m, v).detach()}, ["value-only"], "the KL divergence is in the value"),
        ({"nll": lambda y, x: bce(y, x).detach()}, ["value-only"], "the reconstruction is in the value"),
        ({"divergence": lambda m, v: kl(m.detach(), v)}, ["value-only"], "not the gradient of its value"),
    ],
)
def test_a_cut_is_named(parts, codes, words) -> None:
    outcome = audit(spec(**parts))
    assert [f.code for f in outcome.findings] == codes
    assert all(words in f.message for f in outcome.findings)


@pytest.mark.parametrize(("cut", "moves"), [("", (True, True)), ("code", (False, False)), ("loc", (False, True))])
def test_a_code_is_rebuilt_with_its_gradient(cut, moves) -> None:
    with on_bench(spec()) as (bench, sampler):
        view = view_of(bench, sampler, Point(2, 3, 4, seeded(5)), graph=True)
        anew = gradient.rebuilt(bench, sampler, view, cut)
        heads = view.latent.heads
        torch.testing.assert_close(anew.latent.code, view.latent.code, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(anew.output.loc, view.output.loc, rtol=1e-12, atol=1e-12)
        code = anew.latent.code.sum() + 0 * heads.loc.sum() + 0 * heads.second.sum()
        found = torch.autograd.grad(code, (heads.loc, heads.second))
    assert tuple(bool(g.any()) for g in found) == moves


def _saw(y, slope, step):
    """Numbers of at most half of a step times a slope, which is their derivative."""
    return slope * (y - step * (y / step).round()).sum(-1)


@pytest.mark.parametrize(
    ("beside", "codes"),
    [
        (lambda y: _saw(y, 1e-3, 0.1), []),  # the value is almost that which is explained, and so may the gradient be
        (lambda y: _saw(y, 0.05, 2e-3), ["value-only"]),
        (lambda y: 1e-3 * (y - y.detach()).sum(-1), ["value-only"]),  # the value is exactly that
    ],
)
def test_a_value_that_is_nearly_explained_may_have_nearly_its_gradient(beside, codes) -> None:
    outcome = audit(spec(nll=lambda y, x: bce(y, x) + beside(y)))
    assert [f.code for f in outcome.findings] == codes
    assert outcome.effective.likelihood == "bernoulli_logits"


def scored(weight, samples=1):
    """A loss whose code is held, and whose gradient in the encoder is that of log q(z|x) times ``weight(nll)``."""
    s = spec()
    model = s.loss.__self__

    def loss(x):
        loc, v = model.encode(x)
        q = Normal(loc, std(v))
        z = q.sample((samples,))
        nll, log_q = bce(model.decode(z), x.expand(samples, *x.shape)), q.log_prob(z).sum(-1)
        return (nll + weight(nll, x).detach() * (log_q - log_q.detach())).mean() + kl(loc, v).mean()

    return VAESpec(loss=loss, encode=s.encode, decode=s.decode, batch=s.batch, module=model)


@pytest.mark.parametrize(
    ("weight", "samples", "verdict", "codes"),
    [
        (lambda nll, x: nll, 1, "elbo", []),
        (lambda nll, x: nll, 3, "elbo", []),
        (lambda nll, x: nll - 3.0, 1, "elbo", []),
        (lambda nll, x: nll - x.sum(-1), 1, "elbo", []),  # a baseline that knows the data
        (lambda nll, x: 2 * nll, 1, "undecided", ["unexplained"]),
        (lambda nll, x: -nll, 1, "undecided", ["unexplained"]),
        (lambda nll, x: nll - nll.square(), 1, "undecided", ["unexplained"]),
        (lambda nll, x: 0 * nll, 1, "not-elbo", ["gradient-cut"]),
    ],
)
def test_the_gradient_may_be_that_of_the_score_function(weight, samples, verdict, codes) -> None:
    outcome = audit(scored(weight, samples))
    assert (outcome.verdict, [f.code for f in outcome.findings]) == (verdict, codes)
