"""From a target to a specification, and from an audit to text and JSON."""

import json

import pytest
import torch
from torch import nn

from elbocheck.auditing import as_document, as_text, assert_elbo, of_module, specification
from elbocheck.testing import assert_elbo as offered
from vae_min.audit.effective import Audit, Effective
from vae_min.audit.finding import Finding
from vae_min.audit.spec import AuditError, VAESpec


class Small(nn.Module):
    weight = 1.0

    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = nn.Linear(4, 4), nn.Linear(2, 4)

    def encode(self, x):
        return self.encoder(x).chunk(2, -1)

    def decode(self, z):
        return self.decoder(z)

    def loss(self, x):
        loc, v = self.encode(x)
        y = self.decode(loc + torch.exp(v / 2) * torch.randn_like(v))
        nll = nn.functional.binary_cross_entropy_with_logits(y, x, reduction="sum")
        return nll + self.weight * 0.5 * (loc**2 + v.exp() - 1 - v).sum()


class Heavy(Small):
    weight = 3.0


def test_a_module_or_its_class_needs_no_specification_and_is_asserted() -> None:
    assert of_module(Small).batch.shape == (8, 4)
    assert assert_elbo(specification(Small())).verdict == "elbo"
    assert offered is assert_elbo


def test_an_undeclared_weight_fails_the_assertion_with_the_finding() -> None:
    with pytest.raises(AssertionError, match="kl-weight: the KL divergence has weight 3, which nobody declared"):
        assert_elbo(of_module(Heavy))


class Raising(Small):
    def __init__(self) -> None:
        raise RuntimeError("no weights here")


class Needing(Small):
    def __init__(self, size):
        super().__init__()


@pytest.mark.parametrize(
    ("value", "match"),
    [
        (3, "is or returns a int"),
        (lambda: 3, "is or returns a int"),
        (lambda x: 3, "needs the arguments x"),
        (lambda: 1 / 0, "calling it raised ZeroDivisionError"),
        (Raising, "calling it raised RuntimeError: no weights here"),
        (Needing, "the class needs the arguments size"),
        (nn.Linear(2, 2), "the module has no encode, decode, loss"),
    ],
)
def test_what_is_no_specification_is_said_in_one_line(value, match) -> None:
    with pytest.raises(AuditError, match=match):
        specification(value)


def test_a_function_of_a_specification() -> None:
    spec = of_module(Small)
    assert specification(spec) is spec
    assert specification(lambda: spec) is spec
    assert isinstance(specification(lambda: Small()), VAESpec)


OUTCOME = Audit(
    "not-elbo",
    (Finding("kl-half", "the KL divergence lacks its factor 1/2", "2 at batch size 4"),),
    Effective(1.0, 2.0, -3.0, "normal", 0.5, 1.0, "log_variance", "log_variance"),
)


def test_the_text_has_every_part() -> None:
    assert as_text(OUTCOME).splitlines() == [
        "loss         1 * -log p(x|z) + 2 * KL - 3",
        "likelihood   normal, variance 0.5",
        "beta         1",
        "second head  log_variance in the sampler, log_variance in the KL divergence",
        "error: kl-half: the KL divergence lacks its factor 1/2",
        "    seen   2 at batch size 4",
        "    mend   multiply the KL divergence by 0.5",
        "verdict: not-elbo",
    ]
    assert as_text(Audit("undecided", (), Effective())) == "verdict: undecided"


def test_the_document_is_that_of_the_design() -> None:
    document = json.loads(as_document(OUTCOME))
    assert list(document) == ["verdict", "findings", "effective"]
    assert set(document["findings"][0]) == {"code", "rank", "message", "evidence", "remedy"}
    names = {"reconstruction", "kl", "constant", "likelihood", "variance", "beta", "sampler", "kl_reading"}
    assert set(document["effective"]) == names


@pytest.mark.parametrize(
    ("verdict", "findings", "code"),
    [
        ("elbo", (), 0),
        ("elbo", ("squared-error",), 0),
        ("elbo", ("reported-sign",), 1),
        ("weighted", ("kl-weight",), 1),
        ("not-elbo", ("kl-half",), 1),
        ("undecided", ("unexplained",), 3),
    ],
)
def test_exit_codes(verdict, findings, code) -> None:
    assert Audit(verdict, tuple(Finding(f, "m", "e") for f in findings), Effective()).exit_code == code
