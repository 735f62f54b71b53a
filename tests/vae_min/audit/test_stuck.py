"""Annealing: a counter that the loss does not advance, one that it does, and one at its end."""

import pytest
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from vae_min.audit.audit import audit
from vae_min.audit.spec import VAESpec

from .small import kl, spec


def annealed(step, advance, factor=1):
    def divergence(loc, v):
        weight = min(1.0, model.step / 500)
        model.step += advance
        return weight * factor * kl(loc, v)

    s = spec(divergence=divergence)
    model = s.loss.__self__
    model.step = step
    return s, model


@pytest.mark.parametrize(
    ("step", "advance", "factor", "codes", "verdict"),
    [
        (50, 0, 1, ["kl-weight-stuck"], "weighted"),
        (50, 1, 1, ["kl-weight"], "weighted"),
        (50, 0, 2, ["kl-weight-stuck", "kl-half"], "not-elbo"),
        (600, 1, 1, [], "elbo"),
        (0, 1, 1, ["kl-weight"], "weighted"),  # there is no divergence yet
        (0, 0, 1, ["kl-weight-stuck"], "weighted"),
        (0, 1, 2, ["kl-weight", "kl-half"], "not-elbo"),
        (0, 1, 0, ["kl-missing"], "not-elbo"),
    ],
)
def test_annealing(step, advance, factor, codes, verdict) -> None:
    s, model = annealed(step, advance, factor)
    outcome = audit(s)
    assert ([f.code for f in outcome.findings], outcome.verdict) == (codes, verdict)
    assert model.step == step


@pytest.mark.parametrize(("advance", "code"), [(1, "kl-weight"), (0, "kl-missing")])
def test_a_cycle_of_weights_may_begin_at_none(advance, code) -> None:
    def divergence(loc, v):
        weight = (0.0, 0.5, 1.0, 1.0, 1.0)[model.step % 5]
        model.step += advance
        return weight * kl(loc, v)

    s = spec(divergence=divergence)
    model = s.loss.__self__
    model.step = 0
    assert [f.code for f in audit(s).findings] == [code]


class Repeated(nn.Module):
    """A number of samples and a layer's depth, which far off would take all memory or time."""

    def __init__(self, samples):
        super().__init__()
        self.samples, self.encoder, self.decoder = samples, nn.GRU(3, 6, batch_first=True), nn.Linear(3, 12)

    def encode(self, x):
        return self.encoder(x.unflatten(1, (4, 3)))[1][0].chunk(2, 1)

    def loss(self, x):
        loc, v = self.encode(x)
        codes = [loc + torch.exp(0.5 * v) * torch.randn_like(loc) for _ in range(self.samples)]
        errors = [binary_cross_entropy_with_logits(self.decoder(z), x, reduction="sum") for z in codes]
        return (sum(errors) / self.samples + 2 * kl(loc, v).sum()) / len(x)


def test_a_size_is_no_counter() -> None:
    torch.manual_seed(0)
    model = Repeated(2)
    outcome = audit(
        VAESpec(loss=model.loss, encode=model.encode, decode=model.decoder, batch=torch.rand(8, 12).round())
    )
    assert [f.code for f in outcome.findings] == ["kl-half"]


def test_annealing_is_named_beside_a_clamp() -> None:
    s = spec(divergence=lambda m, v: min(1.0, model.step / 500) * free_bits(m, v))
    model = s.loss.__self__
    model.step = 50
    assert [f.code for f in audit(s).findings] == ["kl-clamped", "kl-weight-stuck"]
    model.step = 600
    assert [f.code for f in audit(s).findings] == ["kl-clamped"]


def free_bits(m, v):
    return (0.5 * (m**2 + v.exp() - 1 - v)).clamp(min=0.2).sum(-1)
