"""Annealing: a counter that the loss does not advance, one that it does, and one at its end."""

import pytest

from vae_min.audit.audit import audit

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
    ],
)
def test_annealing(step, advance, factor, codes, verdict) -> None:
    s, model = annealed(step, advance, factor)
    outcome = audit(s)
    assert ([f.code for f in outcome.findings], outcome.verdict) == (codes, verdict)
    assert model.step == step
