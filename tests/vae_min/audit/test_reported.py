"""What is logged against what is optimised."""

import pytest
import torch

from vae_min.audit.audit import audit
from vae_min.audit.spec import VAESpec

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
