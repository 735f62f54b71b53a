"""Put the gallery of findings, each with an example and what the tool says, into ``docs/audit.md``: run this file."""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from elbocheck import VAESpec
from elbocheck.auditing import as_text
from elbocheck.target import load
from vae_min.audit.audit import audit

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))

from section import between

PAGE = ROOT / "docs" / "audit.md"

PREAMBLE = """\
import math

import torch
from torch import nn
from torch.nn import functional as F

from elbocheck import VAESpec

torch.manual_seed(0)
BITS = torch.bernoulli(torch.rand(8, 12))
REALS = torch.randn(8, 12)


class VAE(nn.Module):
    def __init__(self, outputs=12, end=nn.Identity()):
        super().__init__()
        self.step = 10
        self.loc, self.second = nn.Linear(12, 3), nn.Linear(12, 3)
        self.decoder = nn.Sequential(nn.Linear(3, 16), nn.Tanh(), nn.Linear(16, outputs), end)

    def encode(self, x):
        return self.loc(x), self.second(x)

    def decode(self, z):
        return self.decoder(z)
"""

BITS = """\
model = VAE()

def loss(x):
    loc, log_variance = model.encode(x)
    std = torch.exp(0.5 * log_variance)
    z = loc + std * torch.randn_like(std)
    logits = model.decode(z)
    reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    kl = -0.5 * torch.sum(1 + log_variance - loc**2 - log_variance.exp())
    return (reconstruction + kl) / len(x)

spec = VAESpec(loss=loss, encode=model.encode, decode=model.decode, batch=BITS)
"""

PROBABILITIES = """\
model = VAE(end=nn.Sigmoid())

def loss(x):
    loc, log_variance = model.encode(x)
    std = torch.exp(0.5 * log_variance)
    p = model.decode(loc + std * torch.randn_like(std))
    reconstruction = F.binary_cross_entropy(p, x, reduction="sum")
    kl = -0.5 * torch.sum(1 + log_variance - loc**2 - log_variance.exp())
    return (reconstruction + kl) / len(x)

spec = VAESpec(loss=loss, encode=model.encode, decode=model.decode, batch=BITS)
"""

NORMAL = """\
model = VAE()

def loss(x):
    loc, log_variance = model.encode(x)
    std = torch.exp(0.5 * log_variance)
    x_hat = model.decode(loc + std * torch.randn_like(std))
    reconstruction = ((x - x_hat) ** 2).sum() / (2 * 0.1)
    kl = -0.5 * torch.sum(1 + log_variance - loc**2 - log_variance.exp())
    return (reconstruction + kl) / len(x)

spec = VAESpec(loss=loss, encode=model.encode, decode=model.decode, batch=REALS, variance=0.1)
"""

SQUARES = NORMAL.replace("((x - x_hat) ** 2).sum() / (2 * 0.1)", "0.5 * ((x - x_hat) ** 2).sum()").replace(
    ", variance=0.1", ""
)

PREDICTED = """\
model = VAE(outputs=24)
decode = lambda z: model.decode(z).chunk(2, dim=1)

def loss(x):
    loc, log_variance = model.encode(x)
    x_hat, x_log_variance = decode(loc + torch.exp(0.5 * log_variance) * torch.randn_like(loc))
    reconstruction = 0.5 * ((x - x_hat) ** 2 / x_log_variance.exp() + x_log_variance).sum()
    kl = -0.5 * torch.sum(1 + log_variance - loc**2 - log_variance.exp())
    return (reconstruction + kl) / len(x)

spec = VAESpec(loss=loss, encode=model.encode, decode=decode, batch=REALS)
"""

IMAGES = """\
model = VAE()
encode, decode = lambda x: model.encode(x.flatten(1)), lambda z: model.decode(z).view(-1, 2, 2, 3)

def loss(x):
    loc, log_variance = encode(x)
    x_hat = decode(loc + torch.exp(0.5 * log_variance) * torch.randn_like(loc))
    reconstruction = F.binary_cross_entropy_with_logits(x_hat, x, reduction="none").sum(dim=(1, 2, 3))
    kl = -0.5 * torch.sum(1 + log_variance - loc**2 - log_variance.exp(), dim=1)
    return (reconstruction + kl).mean()

spec = VAESpec(loss=loss, encode=encode, decode=decode, batch=BITS.view(-1, 2, 2, 3))
"""

ENCODER = """\
model = VAE()

def encode(x):
    return model.loc(x), model.second(x)

def loss(x):
    loc, log_variance = encode(x)
    logits = model.decode(loc + torch.exp(0.5 * log_variance) * torch.randn_like(loc))
    reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    kl = -0.5 * torch.sum(1 + log_variance - loc**2 - log_variance.exp())
    return (reconstruction + kl) / len(x)

spec = VAESpec(loss=loss, encode=encode, decode=model.decode, batch=BITS)
"""

ANNEALED = """\
model = VAE()

def loss(x):
    loc, log_variance = model.encode(x)
    logits = model.decode(loc + torch.exp(0.5 * log_variance) * torch.randn_like(loc))
    reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    kl = -0.5 * torch.sum(1 + log_variance - loc**2 - log_variance.exp())
    beta = min(1.0, model.step / 100)
    model.step += 100
    return (reconstruction + beta * kl) / len(x)

spec = VAESpec(loss=loss, encode=model.encode, decode=model.decode, batch=BITS)
"""

WEIGHTED = """\
model = VAE()

def loss(x):
    loc, log_variance = model.encode(x)
    z = loc + torch.exp(0.5 * log_variance) * torch.randn(5, *loc.shape)
    q = torch.distributions.Normal(loc, torch.exp(0.5 * log_variance))
    log_p = -F.binary_cross_entropy_with_logits(model.decode(z), x.expand(5, -1, -1), reduction="none").sum(-1)
    log_w = log_p + torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(-1) - q.log_prob(z).sum(-1)
    return -(torch.logsumexp(log_w, 0) - math.log(5)).mean()

spec = VAESpec(loss=loss, encode=model.encode, decode=model.decode, batch=BITS, num_importance_samples=5)
"""

NORMALISED = WEIGHTED.replace(
    "    return -(torch.logsumexp(log_w, 0) - math.log(5)).mean()\n",
    "    weight = torch.softmax(log_w, dim=0).detach()\n    return -(weight * log_w).sum(0).mean()\n",
)

REPORTED = """\
model = VAE()

def terms(x):
    loc, log_variance = model.encode(x)
    logits = model.decode(loc + torch.exp(0.5 * log_variance) * torch.randn_like(loc))
    log_p = -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(dim=1).mean()
    kl = -0.5 * torch.sum(1 + log_variance - loc**2 - log_variance.exp(), dim=1).mean()
    return {"elbo": log_p - kl, "kl": kl}

loss = lambda x: -terms(x)["elbo"]
reported = lambda x: terms(x)
spec = VAESpec(loss=loss, encode=model.encode, decode=model.decode, batch=BITS, reported=reported)
"""


@dataclass(frozen=True)
class Example:
    """A program that has this finding where ``wrong`` stands for ``right``."""

    code: str
    base: str
    right: str
    wrong: str

    @property
    def text(self) -> str:
        """The wrong program, without the preamble.

        Raises
        ------
        ValueError
            If the right line is not in the base once.
        """
        if self.base.count(self.right) != 1:
            raise ValueError(f"{self.code}: {self.base.count(self.right)} places for {self.right!r}, not one")
        return self.base.replace(self.right, self.wrong)

    @property
    def mended(self) -> str:
        """The lines of the right program that the wrong one does not have."""
        wrong = self.text.splitlines()
        return "\n".join(line.strip() for line in self.base.splitlines() if line not in wrong)


_STD = "torch.exp(0.5 * log_variance)\n    z"
_KL = "-0.5 * torch.sum(1 + log_variance - loc**2 - log_variance.exp())"
_RETURN = "(reconstruction + kl) / len(x)"
_SQUARES = "0.5 * ((x - x_hat) ** 2 / x_log_variance.exp() + x_log_variance).sum()"
_BCE = 'F.binary_cross_entropy_with_logits(logits, x, reduction="sum")'

EXAMPLES = (
    Example("sampler-scale-mismatch", BITS, _STD, "0.5 * torch.exp(log_variance)\n    z"),
    Example("noise-law", BITS, "torch.randn_like(std)", "torch.rand_like(std)"),
    Example("noise-shared", BITS, "torch.randn_like(std)", "torch.randn(3)"),
    Example("noise-frozen", BITS, "    z = loc", "    torch.manual_seed(0)\n    z = loc"),
    Example("gradient-cut", BITS, "model.decode(z)", "model.decode(z.detach())"),
    Example("head-modified", BITS, _STD, "log_variance.mul_(0.5).exp()\n    z"),
    Example("mean-in-training", BITS, "model.decode(z)", "model.decode(loc)"),
    Example(
        "mean-in-evaluation",
        BITS,
        "std * torch.randn_like(std)",
        "(std * torch.randn_like(std) if model.training else 0)",
    ),
    Example("head-range", ENCODER, "model.second(x)", "F.relu(model.second(x))"),
    Example("kl-missing", BITS, _RETURN, "reconstruction / len(x)"),
    Example("kl-sign", BITS, "kl = -0.5", "kl = 0.5"),
    Example("kl-latent-mean", IMAGES, "torch.sum(1 + log_variance", "torch.mean(1 + log_variance"),
    Example("kl-batch-mean", BITS, _RETURN, "reconstruction + kl / len(x)"),
    Example("kl-batch-sum", BITS, _RETURN, "reconstruction / len(x) + kl"),
    Example("kl-half", BITS, "kl = -0.5", "kl = -1"),
    Example("kl-term", BITS, "1 + log_variance - loc**2", "1 + log_variance - loc"),
    Example("kl-arguments", BITS, _KL, "-0.5 * torch.sum(1 + loc - log_variance**2 - loc.exp())"),
    Example("kl-log-base", BITS, "1 + log_variance -", "1 + torch.log10(log_variance.exp()) -"),
    Example("kl-clamped", BITS, _KL, "0.5 * (loc**2 + log_variance.exp() - 1 - log_variance).clamp(min=0.5).sum()"),
    Example("kl-weight", BITS, _RETURN, "(reconstruction + 0.00025 * kl) / len(x)"),
    Example("kl-weight-stuck", ANNEALED, "    model.step += 100\n", ""),
    Example("reconstruction-mean", IMAGES, ".sum(dim=(1, 2, 3))", ".mean(dim=(1, 2, 3))"),
    Example("reconstruction-reduction", IMAGES, ".sum(dim=(1, 2, 3))", ".sum(dim=1).mean(dim=(1, 2))"),
    Example("reconstruction-batch", BITS, _RETURN, "(reconstruction / len(x) + kl) / len(x)"),
    Example(
        "sigmoid-twice",
        BITS,
        "binary_cross_entropy_with_logits(logits,",
        "binary_cross_entropy_with_logits(logits.sigmoid(),",
    ),
    Example("sigmoid-missing", BITS, _BCE, 'F.binary_cross_entropy(logits.clamp(1e-6, 1 - 1e-6), x, reduction="sum")'),
    Example("reconstruction-term", BITS, _BCE, "-(x * F.logsigmoid(logits)).sum()"),
    Example("data-range", BITS, "batch=BITS", "batch=2 * BITS - 1"),
    Example("grey-values", BITS, "batch=BITS", "batch=torch.rand(8, 12)"),
    Example("squared-error", SQUARES, "0.5 * ((x - x_hat) ** 2).sum()", "((x - x_hat) ** 2).sum()"),
    Example("variance-mismatch", NORMAL, "(2 * 0.1)", "0.1"),
    Example("log-scale-missing", PREDICTED, " + x_log_variance).sum()", ").sum()"),
    Example("scale-unused", PREDICTED, _SQUARES, "0.5 * ((x - x_hat) ** 2).sum()"),
    Example("batch-size-weight", BITS, _RETURN, "reconstruction + kl * len(x) / 60000"),
    Example("guard", PROBABILITIES, "cross_entropy(p,", "cross_entropy(p.clamp(0.1, 0.9),"),
    Example("likelihood-mismatch", BITS, "batch=BITS)", 'batch=BITS, likelihood="normal")'),
    Example("weights-unnormalised", NORMALISED, "torch.softmax(log_w, dim=0)", "torch.exp(log_w)"),
    Example("weights-not-detached", NORMALISED, ".detach()", ""),
    Example("weights-sign", WEIGHTED, "torch.logsumexp(log_w, 0)", "torch.logsumexp(-log_w, 0)"),
    Example(
        "kl-inside-weights",
        WEIGHTED,
        "torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(-1) - q.log_prob(z).sum(-1)",
        "0.5 * (1 + log_variance - loc**2 - log_variance.exp()).sum(-1)",
    ),
    Example("weights-term", WEIGHTED, " - q.log_prob(z).sum(-1)", ""),
    Example("mean-of-logs", WEIGHTED, "(torch.logsumexp(log_w, 0) - math.log(5))", "log_w.mean(0)"),
    Example(
        "value-only",
        WEIGHTED,
        "torch.logsumexp(log_w, 0)",
        "torch.logsumexp(log_w.detach(), 0) + (log_w - log_w.detach()).mean(0)",
    ),
    Example(
        "gradient-only",
        NORMALISED,
        "return -(weight * log_w).sum(0).mean()",
        "return -torch.sum(weight * log_w, dim=0).mean()",
    ),
    Example("reported-sign", REPORTED, "reported = lambda x: terms(x)", 'reported = lambda x: {"elbo": loss(x)}'),
    Example(
        "reported-scale", REPORTED, "reported = lambda x: terms(x)", 'reported = lambda x: {"kl": terms(x)["kl"] / 3}'
    ),
    Example("unexplained", BITS, _RETURN, _RETURN + " + 0.01 * sum(p.square().sum() for p in model.parameters())"),
)

TEMPLATE = """\
{% for example, output in shown %}### `{{ example.code }}`

```python
{{ example.text }}```

```text
{{ output }}
```

{% if example.mended %}Mended:

```python
{{ example.mended }}
```

{% endif %}{% endfor %}"""


def spec_of(text: str) -> VAESpec:
    """The spec of a program without its preamble."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "example.py"
        path.write_text(f"{PREAMBLE}\n\n{text}", encoding="utf-8")
        spec: VAESpec = load(f"{path}:spec")
        return spec


def said(example: Example) -> str:
    """What the tool prints of an example."""
    return as_text(audit(spec_of(example.text)))


def page_of(shown: list[tuple[Example, str]]) -> str:
    """Examples and what is said of them, in Markdown."""
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True)
    return environment.from_string(TEMPLATE).render(shown=shown)


def gallery() -> str:
    """The section of the page."""
    beginning = f"The examples share this beginning:\n\n```python\n{PREAMBLE}```\n\n"
    return beginning + page_of([(example, said(example)) for example in EXAMPLES])


if __name__ == "__main__":
    if sys.argv[1:]:  # some codes: print what is said of them
        for example in EXAMPLES:
            if example.code in sys.argv[1:] or sys.argv[1] == "all":
                print(f"== {example.code}\n{said(example)}\n", flush=True)
    else:
        PAGE.write_text(between(PAGE.read_text(encoding="utf-8"), "gallery", f"\n{gallery()}\n"), encoding="utf-8")
