"""Gradients that are not those of the value, each under its name."""

import pytest
import torch

from vae_min.audit import gradient
from vae_min.audit.audit import audit
from vae_min.audit.bench import Point
from vae_min.audit.explanation import view_of
from vae_min.audit.noise import seeded

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
