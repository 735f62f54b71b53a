"""What sampler and KL divergence do far from the given parameters."""

import pytest
import torch

from vae_min.audit.audit import audit
from vae_min.audit.spec import VAESpec

from .small import bce, kl, spec, std


def elements(m, v):
    return 0.5 * (m**2 + v.exp() - 1 - v)


@pytest.mark.parametrize(
    ("parts", "verdict", "codes"),
    [
        ({"divergence": lambda m, v: kl(m, v.clamp(-20, 20))}, "elbo", []),  # against overflow
        ({"divergence": lambda m, v: kl(m, v.clamp(-4, 4))}, "not-elbo", ["sampler-scale-mismatch"]),
        ({"scale": lambda v: std(v.clamp(-4, 4))}, "not-elbo", ["sampler-scale-mismatch"]),
        ({"divergence": lambda m, v: kl(m, v.clamp(-4, 4)), "scale": lambda v: std(v.clamp(-4, 4))}, "elbo", []),
        (
            {"reduce": lambda t: t.mean(), "divergence": lambda m, v: (kl(m, v).mean() - 30).abs()},
            "not-elbo",
            ["kl-clamped"],
        ),
        ({"divergence": lambda m, v: elements(m, v).clamp(min=1e-3).sum(-1)}, "not-elbo", ["kl-clamped"]),
        ({"divergence": lambda m, v: kl(m, v.clamp(-30, 20))}, "elbo", []),
        ({"divergence": lambda m, v: kl(m, v.clamp(max=10))}, "elbo", []),
        ({"divergence": lambda m, v: kl(m, v.clamp(max=2))}, "not-elbo", ["sampler-scale-mismatch"]),
        ({"divergence": lambda m, v: elements(m, v).clamp(min=1e-6).sum(-1)}, "elbo", []),  # of no weight
        ({"divergence": lambda m, v: kl(m, v).clamp(max=1e4)}, "elbo", []),  # of 5,000 nats a latent
        ({"divergence": lambda m, v: kl(m, v).clamp(max=15)}, "not-elbo", ["kl-clamped"]),
        ({"nll": lambda y, x: bce(y.clamp(-30, 30), x)}, "elbo", []),
    ],
)
def test_clamps_far_off(parts, verdict, codes) -> None:
    outcome = audit(spec(**parts))
    assert (outcome.verdict, [f.code for f in outcome.findings]) == (verdict, codes)


def clamped_code(scale=std, divergence=kl) -> VAESpec:
    """The code is clamped on its way to the decoder, which has it clamped as the first thing it does."""
    right = spec()
    decode = right.decode

    def loss(x):
        m, v = right.encode(x)
        z = (m + scale(v) * torch.randn_like(v)).clamp(-5, 5)
        return (bce(decode(z), x) + divergence(m, v)).mean()

    return VAESpec(loss=loss, encode=right.encode, decode=decode, batch=right.batch)


def test_a_clamp_of_the_code_is_the_decoders() -> None:
    outcome = audit(clamped_code())
    assert (outcome.verdict, outcome.findings) == ("elbo", ())


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ({"scale": lambda v: std(v.clamp(-4, 4))}, "sampler-scale-mismatch"),
        ({"divergence": lambda m, v: kl(m, v.clamp(-4, 4))}, "sampler-scale-mismatch"),
        ({"scale": torch.exp}, "sampler-scale-mismatch"),
        ({"divergence": lambda m, v: elements(m, v).clamp(min=1e-3).sum(-1)}, "kl-clamped"),
    ],
)
def test_a_clamp_of_the_code_hides_no_other(parts, code) -> None:
    outcome = audit(clamped_code(**parts))
    assert (outcome.verdict, [f.code for f in outcome.findings]) == ("not-elbo", [code])
