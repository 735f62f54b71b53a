"""Likelihoods as terms, against scipy, and what is odd about one."""

import math
from types import SimpleNamespace

import pytest
import scipy.stats
import torch

from vae_min.audit.audit import audit
from vae_min.audit.classes import categorical_elements
from vae_min.audit.head import Heads
from vae_min.audit.likelihood import candidates, findings
from vae_min.audit.spec import VAESpec

from .small import kl, spec, std

X = torch.tensor([[[1.0, 0.0, 1.0]]], dtype=torch.float64)
P = torch.tensor([[[0.2, 0.7, 0.9]]], dtype=torch.float64)
REAL = torch.tensor([[[0.7, -1.4, 2.0]]], dtype=torch.float64)


def of(family, output, data=X, how=None):
    """The negative log-likelihood of the first candidate of a family, its terms as they should be combined."""
    heads = output if isinstance(output, Heads) else Heads(output)
    probabilities = bool(((heads.loc >= 0) & (heads.loc <= 1)).all())
    found = candidates(probabilities, heads.second is not None, [data])
    likelihood = next(c for c in found if c.family == family and how in (None, c.how))
    return sum(p * e for p, e in zip(likelihood.proper, likelihood.elements(data, heads), strict=True))


@pytest.mark.parametrize(
    ("found", "density"),
    [
        (of("bernoulli", P), scipy.stats.bernoulli(P).logpmf(X)),
        (
            of("bernoulli_logits", torch.logit(P) - 3),
            scipy.stats.bernoulli(torch.sigmoid(torch.logit(P) - 3)).logpmf(X),
        ),
        (of("normal", REAL), scipy.stats.norm(REAL, 1).logpdf(X)),
        (of("laplace", REAL), scipy.stats.laplace(REAL, 1).logpdf(X)),
        (of("normal", Heads(REAL, P), X, "scale"), scipy.stats.norm(REAL, P).logpdf(X)),
        (of("normal", Heads(REAL, P), X, "log_variance"), scipy.stats.norm(REAL, torch.exp(P / 2)).logpdf(X)),
        (of("laplace", Heads(REAL, P), X, "log_scale"), scipy.stats.laplace(REAL, torch.exp(P)).logpdf(X)),
    ],
)
def test_terms_are_densities_but_for_a_constant(found, density) -> None:
    rest = -found - torch.as_tensor(density)
    assert float(rest.max() - rest.min()) < 1e-12
    changed = -(found * 2) - torch.as_tensor(density)
    assert float(changed.max() - changed.min()) > 0.1


class Predicted(torch.nn.Module):
    """Four real pixels with a predicted log-variance; the loss's own way to combine both is given."""

    def __init__(self, nll) -> None:
        super().__init__()
        self.encoder, self.decoder, self.nll = torch.nn.Linear(4, 6), torch.nn.Linear(3, 8), nll

    def encode(self, x):
        return self.encoder(x).chunk(2, -1)

    def decode(self, z):
        return self.decoder(z).chunk(2, -1)

    def loss(self, x):
        m, v = self.encode(x)
        y, w = self.decode(m + std(v) * torch.randn_like(v))
        return (self.nll(x, y, w).sum(-1) + kl(m, v)).mean()


@pytest.mark.parametrize(
    ("nll", "verdict", "codes"),
    [
        (lambda x, y, w: 0.5 * (w + (x - torch.tanh(y)) ** 2 / w.exp()), "elbo", []),
        (lambda x, y, w: 0.5 * (w + (x - torch.sigmoid(y)) ** 2 / w.exp()), "elbo", []),
        (lambda x, y, w: w + (x - torch.tanh(y)) ** 2 / w.exp(), "weighted", ["kl-weight"]),
        (lambda x, y, w: 0.5 * (x - torch.tanh(y)) ** 2 / w.exp(), "not-elbo", ["log-scale-missing"]),
        (lambda x, y, w: 0.5 * (w.exp() + (x - y) ** 2 / w.exp()), "not-elbo", ["log-scale-missing"]),
        (lambda x, y, w: 0.5 * (w + (x - y) ** 2 / w.exp()), "elbo", []),
    ],
)
def test_a_predicted_scale(nll, verdict, codes) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model, x = Predicted(nll), torch.randn(8, 4)
    outcome = audit(VAESpec(loss=model.loss, encode=model.encode, decode=model.decode, batch=x))
    assert (outcome.verdict, [f.code for f in outcome.findings]) == (verdict, codes)


def test_classes_are_found_on_either_axis() -> None:
    x = torch.tensor([[[0, 2, 1, 1]]])
    logits = torch.randn(1, 1, 12, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    first, _, last, _ = (e(x, Heads(logits)) for e in categorical_elements((4,)))
    for found, shape, axis in ((first, (3, 4), 0), (last, (4, 3), 1)):
        table = logits.reshape(shape).movedim(axis, -1)
        expected = -(table - table.logsumexp(-1, keepdim=True)).gather(-1, x.reshape(4, 1)).reshape(1, 1, 4)
        torch.testing.assert_close(found[0], expected, rtol=1e-12, atol=0)
    assert not torch.allclose(first[0], last[0])


@pytest.mark.parametrize(
    ("family", "data", "output", "claim", "codes"),
    [
        ("bernoulli_logits", X, REAL, None, []),
        ("bernoulli_logits", X, REAL, "bernoulli_logits", []),
        ("bernoulli_logits", 2 * X - 1, REAL, None, ["data-range"]),
        ("bernoulli_logits", P, REAL, None, ["grey-values"]),
        ("bernoulli_logits", X, REAL, "normal", ["likelihood-mismatch"]),
        ("bernoulli", X, P, None, []),
        ("bernoulli", X, torch.sigmoid(P), None, ["sigmoid-twice"]),
        ("normal", P, REAL, None, []),
        ("normal", X, Heads(REAL, P), None, ["scale-unused"]),
    ],
)
def test_what_is_odd_is_named(family, data, output, claim, codes) -> None:
    heads = output if isinstance(output, Heads) else Heads(output)
    likelihood = next(c for c in candidates(family == "bernoulli", heads.second is not None, [X]) if c.family == family)
    view = SimpleNamespace(data=data, output=heads)
    assert [f.code for f in findings(spec(claims={"likelihood": claim}), likelihood, [view])] == codes


def test_a_saturated_continuous_bernoulli_is_that_of_its_logits() -> None:
    logits = torch.tensor([[[60.0, -60.0]]], dtype=torch.float64)
    data = torch.tensor([[[0.3, 0.7]]], dtype=torch.float64)
    limit = torch.full((1, 1, 2), 0.7 * 60 - math.log(60), dtype=torch.float64)
    rtol = math.log(60 / 36) / 37  # the normaliser of torch stops where 1 - p is the rounding of 1, at the logit 36
    torch.testing.assert_close(of("continuous_bernoulli", logits, data), limit, rtol=rtol, atol=0)
    assert not torch.allclose(of("continuous_bernoulli", torch.sigmoid(logits), data), limit, rtol=rtol, atol=0)
