"""What is logged against what is optimised."""

from dataclasses import replace

import pytest
import torch

from vae_min.audit.audit import audit
from vae_min.audit.spec import AuditError, VAESpec

from .small import bce, kl, spec


def logging(change):
    s = spec()
    model = s.loss.__self__

    def reported(x):
        loc, v = model.encode(x)
        y = model.decode(loc + torch.exp(0.5 * v) * torch.randn_like(v))
        terms = {"kl": kl(loc, v).mean(), "reconstruction": -bce(y, x).mean()}
        return change(terms | {"elbo": terms["reconstruction"] - terms["kl"]})

    return VAESpec(loss=s.loss, encode=s.encode, decode=s.decode, batch=s.batch, reported=reported)


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        (lambda t: t, []),
        (lambda t: t | {"reconstruction": -t["reconstruction"]}, []),
        (lambda t: t | {"elbo": -t["elbo"]}, ["reported-sign"]),
        (lambda t: t | {"kl": -t["kl"]}, ["reported-sign"]),
        (lambda t: t | {"kl": t["kl"] / 2}, ["reported-scale"]),
    ],
)
def test_sign_and_scale(change, codes) -> None:
    outcome = audit(logging(change))
    assert [f.code for f in outcome.findings] == codes
    assert (outcome.verdict, outcome.exit_code) == ("elbo", int(bool(codes)))


def test_what_is_no_number_is_one_line() -> None:
    with pytest.raises(AuditError, match=r"reported.*holds something that is no number: could not convert"):
        audit(logging(lambda t: {"elbo": "high"}))


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_what_is_logged_of_a_clamped_divergence(factor) -> None:
    def free_bits(m, v):
        return (0.5 * (m**2 + v.exp() - 1 - v)).clamp(min=0.2).sum(-1)

    s = spec(divergence=free_bits)
    model = s.loss.__self__
    logged = replace(s, reported=lambda x: {"kl": factor * free_bits(*model.encode(x)).mean()})
    assert [f.code for f in audit(logged).findings] == ["kl-clamped", *(["reported-scale"] if factor != 1 else [])]


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_what_is_logged_beside_a_guarded_reconstruction(factor) -> None:
    def guarded(y, x):
        pixels = torch.nn.functional.binary_cross_entropy_with_logits(y, x, reduction="none")
        return torch.where(pixels > 0.7, 0.7, pixels).sum(-1)

    s = spec(nll=guarded)
    model = s.loss.__self__
    logged = replace(s, reported=lambda x: {"kl": factor * kl(*model.encode(x)).mean()})
    assert [f.code for f in audit(logged).findings] == ["guard", *(["reported-scale"] if factor != 1 else [])]


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_what_is_logged_beside_a_loss_that_is_mostly_infinite(factor) -> None:
    model = spec(divergence=lambda m, sigma: kl(m, 2 * sigma.log()), scale=lambda sigma: sigma).loss.__self__
    whole = model.encode
    model.encode = lambda x: (whole(x)[0], whole(x)[1].relu())
    outcome = audit(
        VAESpec(
            loss=model.loss,
            encode=model.encode,
            decode=model.decode,
            batch=spec().batch,
            reported=lambda x: {"kl": factor * model.divergence(*model.encode(x)).mean()},
        )
    )
    assert [f.code for f in outcome.findings] == ["head-range", *(["reported-scale"] if factor != 1 else [])]
