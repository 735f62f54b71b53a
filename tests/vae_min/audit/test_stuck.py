"""Annealing: a counter that the loss does not advance, one that it does, and one at its end."""

import pytest

from vae_min.audit.audit import audit

from .small import kl, spec


def annealed(step, advance):
    def divergence(loc, v):
        weight = min(1.0, model.step / 500)
        model.step += advance
        return weight * kl(loc, v)

    s = spec(divergence=divergence)
    model = s.loss.__self__
    model.step = step
    return s, model


@pytest.mark.parametrize(
    ("step", "advance", "codes", "verdict"),
    [(50, 0, ["kl-weight-stuck"], "weighted"), (50, 1, ["kl-weight"], "weighted"), (600, 1, [], "elbo")],
)
def test_annealing(step, advance, codes, verdict) -> None:
    s, model = annealed(step, advance)
    outcome = audit(s)
    assert ([f.code for f in outcome.findings], outcome.verdict) == (codes, verdict)
    assert model.step == step
