"""Noise whose large numbers are cut off, by a clamp or by drawing anew, beside noise that only seems to be."""

import pytest
import torch
from torch import nn

from vae_min.audit.audit import audit
from vae_min.audit.truncation import among, is_clamped

from .small import spec


def drawn_anew(limit):
    def noise(v):
        e = torch.randn_like(v)
        while bool((e.abs() > limit).any()):
            e = torch.where(e.abs() > limit, torch.randn_like(e), e)
        return e

    return noise


def more_draws(v):
    """The number of draws depends on the numbers, and what the code gets does not."""
    e = torch.randn_like(v)
    for _ in range(int(e.abs().max())):
        torch.randn(3)
    return e


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("noise", "codes"),
    [
        (drawn_anew(1.0), ["noise-law"]),
        (drawn_anew(2.0), ["noise-law"]),
        (lambda v: nn.init.trunc_normal_(torch.empty_like(v), a=-1.0, b=1.0), ["noise-law"]),
        (lambda v: torch.randn_like(v).clamp(-2.0, 2.0), ["noise-law"]),
        (drawn_anew(4.5), []),  # of 100,000 numbers hardly one is drawn anew
        (more_draws, []),
        (torch.randn_like, []),
    ],
)
def test_truncated_noise_is_told(noise, codes, seed) -> None:
    outcome = audit(spec(seed, noise=noise))
    assert [f.code for f in outcome.findings] == codes
    assert outcome.verdict == ("not-elbo" if codes else "elbo")


def test_a_limit_is_told_from_numbers_that_were_not_drawn() -> None:
    drawn = torch.tensor([-3.0, -0.4, 0.2, 1.7, 2.6])
    assert is_clamped(drawn.clamp(-1, 1), drawn)
    assert not is_clamped(drawn.clamp(-1, 1) + torch.tensor([0, 0.1, 0, 0, 0]), drawn)
    assert among(drawn.flip(0), drawn)
    assert not among(drawn + 0.1, drawn)
