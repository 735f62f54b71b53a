"""Classes of which the decoder gives logits, their logarithms or probabilities: one softmax, and no second one."""

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, nll_loss

from vae_min.audit.audit import audit
from vae_min.audit.spec import VAESpec

from .small import kl, std


def of_classes(change, nll, shape, axis):
    """Four pixels of three classes, which lie on an axis of the decoder's output, changed by ``change``."""
    with torch.random.fork_rng():
        torch.manual_seed(2)
        words, head, decoder = nn.Embedding(3, 2), nn.Linear(8, 4), nn.Linear(2, 12)
        x = torch.randint(0, 3, (8, 4))

    def encode(x):
        return head(words(x).flatten(1)).chunk(2, -1)

    def decode(z):
        return change(decoder(z).view(-1, *shape), axis)

    def loss(x):
        loc, v = encode(x)
        table = decode(loc + std(v) * torch.randn_like(v)).movedim(axis, 1)
        return nll(table, x, reduction="sum") / len(x) + kl(loc, v).mean()

    outcome = audit(VAESpec(loss=loss, encode=encode, decode=decode, batch=x, module=[words, head, decoder]))
    return outcome.verdict, {f.code for f in outcome.findings}


def of_probabilities(table, x, reduction):
    return nll_loss(table.log(), x, reduction=reduction)


@pytest.mark.parametrize(("shape", "axis"), [((3, 4), 1), ((4, 3), -1)])
@pytest.mark.parametrize(
    ("change", "nll", "verdict", "codes"),
    [
        (lambda y, axis: y, cross_entropy, "elbo", set()),
        (torch.log_softmax, cross_entropy, "elbo", set()),
        (torch.log_softmax, nll_loss, "elbo", set()),
        (torch.softmax, of_probabilities, "elbo", set()),
        (torch.softmax, cross_entropy, "not-elbo", {"sigmoid-twice"}),
        (torch.softmax, lambda *a, **k: 4 * of_probabilities(*a, **k), "weighted", {"kl-weight"}),
    ],
)
def test_one_softmax_is_right_and_two_are_not(change, nll, verdict, codes, shape, axis) -> None:
    assert of_classes(change, nll, shape, axis) == (verdict, codes)
