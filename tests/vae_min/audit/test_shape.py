"""Data or codes of one number for each example, booleans for data: the styles of small programs."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, one_hot

from vae_min.audit.audit import audit
from vae_min.audit.spec import VAESpec

from .small import kl, std


@dataclass
class Style:
    """Data, what the encoder makes of them, how many numbers the decoder gives, what is left of each code."""

    batch: Tensor
    prepare: Callable
    outputs: int
    nll: Callable
    latents: int = 2

    def spec(self, scale) -> VAESpec:
        with torch.random.fork_rng():
            torch.manual_seed(4)
            head = nn.Linear(self.prepare(self.batch).shape[1], 2 * self.latents)
            decoder = nn.Linear(self.latents, self.outputs)

        def encode(x):
            heads = head(self.prepare(x)).chunk(2, -1)
            return heads if self.latents > 1 else tuple(t.squeeze(-1) for t in heads)

        def decode(z):
            y = decoder(z.reshape(len(z), -1))
            return y if self.outputs > 1 else y.squeeze(-1)

        def loss(x):
            loc, v = encode(x)
            divergence = kl(loc, v) if self.latents > 1 else kl(loc.unsqueeze(-1), v.unsqueeze(-1))
            return (self.nll(decode(loc + scale(v) * torch.randn_like(v)), x) + divergence).mean()

        return VAESpec(loss=loss, encode=encode, decode=decode, batch=self.batch, module=[head, decoder])


def real(x):
    return x.to(torch.get_default_dtype())


def bce(y, x):
    return binary_cross_entropy_with_logits(y, real(x), reduction="none").sum(-1)


BITS = torch.tensor([[1, 0, 0, 1, 1], [0, 1, 0, 1, 0], [1, 1, 0, 0, 1], [0, 0, 1, 1, 0]])
NUMBERS = torch.tensor([0.3, -1.2, 0.8, 2.1, -0.4, 0.9])
STYLES = {
    "numbers": Style(NUMBERS, lambda x: x.unsqueeze(-1), 1, lambda y, x: 0.5 * (y - x) ** 2),
    "classes": Style(
        torch.arange(6) % 3, lambda x: real(one_hot(x, 3)), 3, lambda y, x: cross_entropy(y, x, reduction="none")
    ),
    "codes": Style(BITS.float(), lambda x: x, 5, bce, latents=1),
    "booleans": Style(BITS.bool(), real, 5, bce),
}


@pytest.mark.parametrize("style", STYLES)
def test_shapes_and_types_of_small_programs_are_known(style) -> None:
    right, wrong = (audit(STYLES[style].spec(scale)) for scale in (std, torch.exp))
    assert (right.verdict, right.findings) == ("elbo", ())
    assert (wrong.verdict, [f.code for f in wrong.findings]) == ("not-elbo", ["sampler-scale-mismatch"])
