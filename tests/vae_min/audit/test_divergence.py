"""The elementary sums make the divergences that torch has, in the proportions that `weight` expects."""

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from vae_min.audit.divergence import Latent, candidates, kl_standard
from vae_min.audit.head import Heads

torch_rng = torch.Generator().manual_seed(0)
LOC, V, EPS = torch.randn((3, 4, 2), generator=torch_rng, dtype=torch.float64)
SCALE = (0.5 * V).exp()
PRIOR = (0.3, 1.7)
LATENT = Latent(Heads(LOC, V), (LOC + SCALE * EPS)[None], SCALE, PRIOR)
Q, P = Normal(LOC, SCALE), Normal(*torch.tensor(PRIOR, dtype=torch.float64))


def reading(form, own=True):
    return next(d for d in candidates(["log_variance"], True, False) if d.form == form and d.own is own)


def total(form, *coefficients):
    return sum(c * t for c, t in zip(coefficients, reading(form).columns(LATENT), strict=True))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (total("standard", 0.5, 0.5, -0.5, 0, 0), kl_divergence(Q, P).sum(-1) + 1.0),
        (total("reversed", 0.5, 0.5, 0.5), kl_divergence(P, Q).sum(-1) + 1.0),
        (kl_standard(LATENT, SCALE), kl_divergence(Q, P).sum(-1)),
        (total("modulus", 1.0), (Q.log_prob(LATENT.code) - P.log_prob(LATENT.code)).abs().sum(-1)),
    ],
)
def test_against_torch(value, expected) -> None:
    assert torch.allclose(value, expected, rtol=1e-12, atol=0)


def test_a_sampled_divergence_differs_from_the_densities_by_a_constant() -> None:
    value = total("standard", 0, 0, -0.5, 0.5, -0.5)
    gap = value - (Q.log_prob(LATENT.code) - P.log_prob(LATENT.code)).sum(-1)
    assert torch.allclose(gap, gap[0, 0].expand_as(gap), rtol=1e-12, atol=1e-12)
    wrong = total("standard", 0, 0, -0.5, 0.5, 0.5)
    gap = wrong - (Q.log_prob(LATENT.code) - P.log_prob(LATENT.code)).sum(-1)
    assert not torch.allclose(gap, gap[0, 0].expand_as(gap), rtol=1e-2, atol=1e-2)
