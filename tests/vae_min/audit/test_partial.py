"""Losses that only their parts explain: clamps, guards, masks, weights of single latents."""

from dataclasses import replace

import pytest
import torch

from vae_min.audit.audit import audit

from .small import bce, kl, spec

MASK = torch.tensor([1.0, 1.0, 0.0, 1.0, 0.0])


def elements(m, v):
    return 0.5 * (m**2 + v.exp() - 1 - v)


def pixels(y, x):
    return torch.nn.functional.binary_cross_entropy_with_logits(y, x, reduction="none")


def guarded(y, x):
    return torch.where(pixels(y, x) > 0.7, 0.7, pixels(y, x)).sum(-1)


def cut(y, x):
    return torch.where(pixels(y, x) > 0, 1.0, pixels(y, x)).sum(-1)


def almost_all_cut(y, x):
    return torch.where(pixels(y, x) > 0.02, 0.02, pixels(y, x)).sum(-1)


def at_most(limit):
    return lambda m, v: elements(m, v).clamp(max=limit).sum(-1)


def at_least(limit):
    return lambda m, v: elements(m, v).clamp(min=limit).sum(-1)


def free_bits(m, v):
    return elements(m, v).clamp(min=0.2).sum(-1)


def halved(v):
    v *= 0.5
    return v.exp()


@pytest.mark.parametrize(
    ("parts", "verdict", "codes"),
    [
        ({"nll": guarded}, "not-elbo", {"guard"}),
        ({"divergence": free_bits}, "not-elbo", {"kl-clamped"}),
        ({"nll": guarded, "divergence": free_bits}, "not-elbo", {"guard", "kl-clamped"}),
        ({"nll": guarded, "divergence": lambda m, v: 2 * kl(m, v)}, "not-elbo", {"guard", "kl-half"}),
        ({"nll": guarded, "divergence": lambda m, v: 0.3 * kl(m, v)}, "not-elbo", {"guard", "kl-weight"}),
        (
            {"nll": lambda y, x: bce(y, x) / 5, "divergence": free_bits},
            "not-elbo",
            {"kl-clamped", "reconstruction-mean"},
        ),
        ({"nll": cut}, "not-elbo", {"guard"}),
        ({"nll": cut, "divergence": lambda m, v: kl(m, v).sum()}, "not-elbo", {"guard", "kl-batch-sum"}),
        ({"nll": cut, "divergence": lambda m, v: kl(m, v) / len(m)}, "not-elbo", {"guard", "kl-batch-mean"}),
        ({"nll": almost_all_cut}, "not-elbo", {"guard"}),  # at no point nearby is anything left of it
        ({"nll": almost_all_cut, "divergence": lambda m, v: kl(m, v) / 2}, "not-elbo", {"guard", "kl-latent-mean"}),
        ({"divergence": at_most(1e-4)}, "not-elbo", {"kl-clamped"}),
        ({"divergence": at_least(50.0)}, "not-elbo", {"kl-clamped"}),
        ({"divergence": lambda m, v: 3.0 + 0 * m.sum(-1)}, "not-elbo", {"kl-missing"}),  # nor is it there far off
        ({"divergence": free_bits, "scale": torch.exp}, "not-elbo", {"kl-clamped", "sampler-scale-mismatch"}),
        ({"divergence": free_bits, "scale": lambda v: v.mul_(0.5).exp_()}, "not-elbo", {"kl-clamped", "head-modified"}),
        ({"divergence": at_most(0.1), "scale": halved}, "not-elbo", {"kl-clamped", "head-modified"}),
        ({"divergence": free_bits, "scale": halved}, "not-elbo", {"kl-clamped", "head-modified"}),
        ({"divergence": lambda m, v: elements(m, v) @ torch.tensor([1.0, 0.2]).to(v)}, "weighted", {"kl-weight"}),
        ({"divergence": lambda m, v: elements(m, v) @ torch.tensor([1.0, 0.0]).to(v)}, "not-elbo", {"kl-term"}),
    ],
)
def test_both_parts_are_judged(parts, verdict, codes) -> None:
    outcome = audit(spec(**parts))
    assert outcome.verdict == verdict
    assert {f.code for f in outcome.findings if f.rank == "error"} == codes


def soft(v):
    return torch.nn.functional.softplus(3 * v)


def of_soft(m, v):
    return (0.5 * (m**2 + soft(v) ** 2 - 1) - soft(v).log()).clamp(min=0.2).sum(-1)


@pytest.mark.parametrize(
    ("divergence", "codes"), [(free_bits, {"kl-clamped", "sampler-scale-mismatch"}), (of_soft, {"kl-clamped"})]
)
def test_a_clamped_divergence_beside_a_sampler_of_no_known_reading(divergence, codes) -> None:
    outcome = audit(spec(scale=soft, divergence=divergence))
    assert {f.code for f in outcome.findings if f.rank == "error"} == codes


def with_shared_scale(log_weight, errors=lambda e, log_sigma: e * (-log_sigma).exp()):
    s = spec(divergence=free_bits)
    model = s.loss.__self__
    model.log_sigma = torch.nn.Parameter(torch.tensor([0.3]))
    model.nll = lambda y, x: (0.5 * errors(y - x, model.log_sigma) ** 2 + log_weight * model.log_sigma).sum(-1)
    return replace(s, module=model, decode=lambda z: (model.decoder(z), model.log_sigma))


@pytest.mark.parametrize(
    ("log_weight", "codes"), [(1.0, set()), (0.0, {"log-scale-missing"}), (0.5, {"variance-mismatch"})]
)
def test_the_logarithm_of_a_scale_that_pixels_share_beside_a_clamped_divergence(log_weight, codes) -> None:
    found = {f.code for f in audit(with_shared_scale(log_weight)).findings if f.rank == "error"}
    assert found == {"kl-clamped"} | codes


def unknown(y, x):
    return (y - x).abs().pow(1.5).sum(-1)


@pytest.mark.parametrize(
    ("parts", "codes"),
    [
        ({}, set()),
        ({"scale": torch.exp}, {"sampler-scale-mismatch"}),
        ({"scale": lambda v: v.mul_(0.5).exp_()}, {"head-modified"}),
        ({"scale": torch.exp, "divergence": lambda m, v: 3 * kl(m, 2 * v)}, set()),
        ({"scale": torch.exp, "divergence": lambda m, v: kl(m / 3, v)}, set()),  # of a prior that was not declared
    ],
)
def test_a_divergence_of_another_scale_is_told_beside_an_unknown_reconstruction(parts, codes) -> None:
    outcome = audit(spec(nll=unknown, **parts))
    assert {f.code for f in outcome.findings if f.rank == "error"} == codes
    assert outcome.verdict == ("not-elbo" if codes else "undecided")


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"nll": lambda y, x: pixels(y, x) @ MASK.to(y)}, "pixels have weights of their own, from 0 to 1"),
        ({"nll": lambda y, x: (pixels(y, x) * x.roll(1, -1)).sum(-1)}, "the batch chooses which pixels count"),
        ({"nll": lambda y, x: (y - x).abs().pow(1.5).sum(-1)}, "is no known likelihood of the decoder's output"),
        ({"divergence": lambda m, v: kl(m, v) ** 1.5}, "is no known divergence of the encoder's heads"),
        ({"nll": lambda y, x: bce(y, x) + 0.1 * x.mean()}, "both terms are known, and the loss holds something beside"),
    ],
)
def test_what_is_not_explained_is_no_accusation(parts, reason) -> None:
    outcome = audit(spec(**parts))
    assert outcome.verdict == "undecided"
    assert [f.code for f in outcome.findings] == ["unexplained"]
    assert reason in outcome.findings[0].message
