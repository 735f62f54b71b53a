"""VAEs as other people write them, each right and with one of its usual slips."""

import math
from collections import OrderedDict
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Laplace, Normal, kl_divergence
from torch.nn import functional as F

from vae_min.audit.audit import audit
from vae_min.audit.spec import VAESpec


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(1)
        yield


# --- outputs in data classes, codes that are maps, a posterior with its own methods ---


class DiagonalGaussian:
    def __init__(self, moments: Tensor) -> None:
        self.mean, logvar = moments.chunk(2, dim=1)
        self.logvar = logvar.clamp(-30.0, 20.0)
        self.std, self.var = torch.exp(0.5 * self.logvar), torch.exp(self.logvar)

    def sample(self) -> Tensor:
        return self.mean + self.std * torch.randn(self.mean.shape)

    def kl(self) -> Tensor:
        return 0.5 * torch.sum(self.mean.pow(2) + self.var - 1.0 - self.logvar, dim=[1, 2, 3])


@dataclass
class Encoded:
    mean: Tensor
    logvar: Tensor


class Maps(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.SiLU(), nn.GroupNorm(2, 8), nn.Conv2d(8, 4, 3, 2, 1))
        self.decoder = nn.Sequential(nn.ConvTranspose2d(2, 8, 4, 2, 1), nn.SiLU(), nn.ConvTranspose2d(8, 3, 4, 2, 1))

    def posterior(self, x: Tensor) -> DiagonalGaussian:
        return DiagonalGaussian(self.encoder(x))

    def encode(self, x: Tensor) -> Encoded:
        p = self.posterior(x)
        return Encoded(p.mean, p.logvar)


def maps(reduce):
    model = Maps()

    def loss(x):
        p = model.posterior(x)
        return reduce(F.l1_loss(model.decoder(p.sample()), x, reduction="none"), p.kl())

    return VAESpec(loss=loss, encode=model.encode, decode=model.decoder, batch=torch.randn(6, 3, 8, 8))


# --- training steps with helpers, hyperparameters and a log ---


class Steps(nn.Module):
    def __init__(self, beta: float = 1.0) -> None:
        super().__init__()
        self.hparams, self.logged = SimpleNamespace(beta=beta), {}
        self.enc = nn.Sequential(nn.Linear(20, 32), nn.ReLU())
        self.fc_mu, self.fc_var = nn.Linear(32, 4), nn.Linear(32, 4)
        self.dec = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 20))

    def encode(self, x: Tensor) -> OrderedDict:
        h = self.enc(x)
        return OrderedDict(embedding=self.fc_mu(h), log_covariance=self.fc_var(h))

    def reparameterize(self, mu: Tensor, log_var: Tensor) -> Tensor:
        if self.training:
            return torch.randn_like(mu).mul(torch.exp(log_var / 2)).add_(mu)
        return mu

    def kl(self, mu: Tensor, log_var: Tensor) -> Tensor:
        return (-0.5 * (1 + log_var - mu**2 - log_var.exp()).sum(dim=1)).mean(dim=0)

    def reconstruction(self, y: Tensor, x: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(y, x, reduction="none").sum(-1).mean()

    def combine(self, nll: Tensor, kl: Tensor) -> Tensor:
        return nll + self.hparams.beta * kl

    def training_step(self, batch, batch_idx) -> Tensor:
        x, _ = batch
        mu, log_var = self.encode(x).values()
        nll, kl = self.reconstruction(self.dec(self.reparameterize(mu, log_var)), x), self.kl(mu, log_var)
        self.logged |= {"nll": float(nll.detach()), "kl": float(kl.detach())}
        return self.combine(nll, kl)


class RawScale(Steps):
    def reparameterize(self, mu, log_var):
        return mu + log_var * torch.randn_like(mu)


class MeanKL(Steps):
    def kl(self, mu, log_var):
        return -0.5 * torch.mean(1 + log_var - mu**2 - log_var.exp())


class ByNumel(Steps):
    def kl(self, mu, log_var):
        return -0.5 * torch.sum(1 + log_var - mu**2 - log_var.exp()) / (20 * len(mu))

    def reconstruction(self, y, x):
        return F.binary_cross_entropy_with_logits(y, x)


class HalfByNumel(ByNumel):
    kl = Steps.kl


class Capacity(Steps):
    def __init__(self) -> None:
        super().__init__()
        self.num_iter, self.stop, self.top = 0, 1000, 25.0

    def combine(self, nll, kl):
        self.num_iter += 1
        return nll + 100.0 * (kl - min(self.top / self.stop * self.num_iter, self.top)).abs()


class Auxiliary(Steps):
    def combine(self, nll, kl):
        return nll + kl + 0.1 * self.fc_mu.weight.square().sum()


def steps(model, **claims):
    return VAESpec(
        loss=lambda x, y: model.training_step((x, y), 0),
        encode=lambda x, y: model.encode(x),
        decode=lambda z, y: model.dec(z),
        batch=(torch.bernoulli(torch.rand(10, 20)), torch.arange(10) % 3),
        module=model,
        **claims,
    )


# --- conditional, convolutional, batch normalisation, distributions, a guard against log 0 ---


class Conditional(nn.Module):
    def __init__(self, power: int = 1) -> None:
        super().__init__()
        self.power, self.emb = power, nn.Embedding(3, 5)
        self.conv = nn.Sequential(nn.Conv2d(1, 6, 3, 2, 1), nn.BatchNorm2d(6), nn.LeakyReLU(), nn.Flatten())
        self.mu, self.sigma, self.up = nn.Linear(101, 4), nn.Linear(101, 4), nn.Linear(9, 96)
        self.out = nn.Sequential(nn.Unflatten(1, (6, 4, 4)), nn.ReLU(), nn.ConvTranspose2d(6, 1, 4, 2, 1), nn.Sigmoid())

    def encode(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        h = torch.cat([self.conv(x), self.emb(y)], 1)
        return self.mu(h), F.softplus(self.sigma(h)) + 1e-4

    def decode(self, z: Tensor, y: Tensor) -> Tensor:
        return self.out(self.up(torch.cat([z, self.emb(y)], 1)))

    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        m, s = self.encode(x, y)
        p = self.decode(Normal(m, s**self.power).rsample(), y)
        nll = -(x * torch.log(p + 1e-8) + (1 - x) * torch.log(1 - p + 1e-8)).sum((1, 2, 3))
        return (nll + kl_divergence(Normal(m, s), Normal(torch.zeros_like(m), torch.ones_like(s))).sum(1)).mean()


def conditional(power):
    model, x = Conditional(power), (torch.rand(7, 1, 8, 8) > 0.5).float()
    return VAESpec(loss=model.loss, encode=model.encode, decode=model.decode, batch=(x, torch.arange(7) % 3))


def mapped(wrap):
    """One example at a time, the batch by ``wrap``."""
    encoder, decoder = nn.Linear(10, 6), nn.Linear(3, 10)

    def one(x):
        m, v = encoder(x).chunk(2, -1)
        y = decoder(m + torch.exp(v / 2) * torch.randn_like(m))
        return F.binary_cross_entropy_with_logits(y, x, reduction="sum") + 0.5 * (m**2 + v.exp() - 1 - v).sum()

    return VAESpec(
        loss=lambda x: wrap(one)(x).mean(),
        encode=lambda x: encoder(x).chunk(2, -1),
        decode=decoder,
        batch=torch.bernoulli(torch.rand(8, 10)),
        module=[encoder, decoder],
    )


# --- a scale that all pixels share and the decoder does not give, a density with its constants, pictures for the log ---


class Shared(nn.Module):
    """The decoder gives the location alone; what else its density needs lies in the model."""

    def __init__(self, shape: tuple[int, ...] = (1,)) -> None:
        super().__init__()
        self.encoder, self.decoder = nn.Linear(12, 6), nn.Linear(3, 12)
        self.log_sigma = nn.Parameter(0.3 * torch.randn(shape))

    def encode(self, x: Tensor) -> tuple[Tensor, ...]:
        return self.encoder(x).chunk(2, -1)

    def code(self, x: Tensor) -> tuple[Tensor, Tensor]:
        m, v = self.encode(x)
        kl = 0.5 * (m**2 + v.exp() - 1 - v).sum(-1)
        return m + torch.exp(v / 2) * torch.randn_like(m), kl


def shared(loss, shape=(1,), **claims):
    model = Shared(shape)
    batch = torch.randn(8, 12)
    return VAESpec(loss=lambda x: loss(model, x), encode=model.encode, decode=model.decoder, batch=batch, **claims)


def by_scale(wrap, reduce=torch.sum, log=1.0):
    """A learned scale in the loss alone, made from the parameter by ``wrap``."""

    def loss(model, x):
        z, kl = model.code(x)
        s = wrap(model.log_sigma)
        nll = 0.5 * ((x - model.decoder(z)) / s) ** 2 + log * torch.log(s)
        return (reduce(nll, -1) + kl).mean()

    return loss


def soft(v):
    return torch.exp(-6 + F.softplus(v + 6))


def of_law(law, beta=1.0):
    def loss(model, x):
        z, kl = model.code(x)
        return (-law(model.decoder(z)).log_prob(x).sum(-1) + beta * kl).mean()

    return loss


def of_distance(weight):
    def loss(model, x):
        z, kl = model.code(x)
        return F.l1_loss(model.decoder(z), x, reduction="sum") / len(x) + weight * kl.mean()

    return loss


def fixed(std, weight=1.0, declared=True):
    """A posterior whose scale is not learned; its KL divergence may leave out what is constant."""
    model = Shared()

    def encode(x):
        m, _ = model.encode(x)
        return m, torch.full_like(m, 2 * math.log(std))

    def loss(x):
        m, v = encode(x)
        z = m + std * torch.randn_like(m)
        kl = m**2 + v.exp() - 1 - v if declared else m**2
        return (0.5 * (x - model.decoder(z)).square().sum(-1) + weight * 0.5 * kl.sum(-1)).mean()

    return VAESpec(loss=loss, encode=encode, decode=model.decoder, batch=torch.randn(8, 12), module=model)


def changed(change, batch, reduce=torch.sum, order=lambda x: x):
    """The loss and the encoder change the data before anything else; what is reconstructed are the changed ones."""
    model = Shared()

    def loss(x):
        z, kl = model.code(change(x))
        return (reduce(0.5 * (order(change(x)) - model.decoder(z)).square(), -1) + kl).mean()

    return VAESpec(loss=loss, encode=lambda x: model.encode(change(x)), decode=model.decoder, batch=batch, module=model)


ORDERS = (lambda x: x.roll(1, 0), lambda x: x.flip(0), lambda x: torch.cat([x[1:2], x[:1], x[2:]]))


def bytes_():
    return torch.randint(0, 256, (8, 12), dtype=torch.uint8)


def with_pictures(power):
    """The decoder is called twice more, for the log, on codes that the loss does not depend on."""

    def loss(model, x):
        m, v = model.encode(x)
        model.decoder(torch.randn(16, 3))
        model.decoder(m + torch.exp(v / 2) * torch.randn_like(m))
        z = m + torch.exp(v / power) * torch.randn_like(m)
        kl = 0.5 * (m**2 + v.exp() - 1 - v).sum(-1)
        return (0.5 * (x - model.decoder(z)).square().sum(-1) + kl).mean()

    return loss


@pytest.mark.parametrize(
    ("make", "verdict", "errors"),
    [
        (lambda: maps(lambda nll, kl: (nll.sum((1, 2, 3)) + kl).mean()), "elbo", set()),
        (lambda: maps(lambda nll, kl: nll.mean() + 1e-6 * kl.mean()), "weighted", {"kl-weight"}),
        (lambda: steps(Steps()), "elbo", set()),
        (lambda: steps(Steps(4.0)), "weighted", {"kl-weight"}),
        (lambda: steps(Steps(4.0), beta=4.0), "elbo", set()),
        (lambda: steps(RawScale()), "not-elbo", {"sampler-scale-mismatch"}),
        (lambda: steps(MeanKL()), "not-elbo", {"kl-latent-mean"}),
        (lambda: steps(ByNumel()), "elbo", set()),
        (lambda: steps(HalfByNumel()), "not-elbo", {"reconstruction-mean"}),
        (lambda: steps(Capacity()), "not-elbo", {"kl-clamped", "kl-weight"}),
        (lambda: steps(Auxiliary()), "undecided", set()),
        (lambda: conditional(1), "elbo", set()),
        (lambda: conditional(2), "not-elbo", {"sampler-scale-mismatch"}),
        (lambda: mapped(lambda one: lambda x: torch.stack([one(row) for row in x])), "elbo", set()),
        (lambda: mapped(lambda one: torch.vmap(one, randomness="different")), "undecided", set()),
        (lambda: shared(by_scale(torch.exp)), "elbo", set()),
        (lambda: shared(by_scale(soft)), "elbo", set()),
        (lambda: shared(by_scale(soft), (12,)), "elbo", set()),
        (lambda: shared(by_scale(soft, log=0.0)), "not-elbo", {"log-scale-missing"}),
        (lambda: shared(by_scale(soft, log=2.0)), "not-elbo", {"variance-mismatch"}),
        (lambda: shared(by_scale(soft, torch.mean)), "not-elbo", {"reconstruction-mean"}),
        (lambda: shared(of_law(lambda y: Laplace(y, 0.3))), "elbo", set()),
        (lambda: shared(of_law(lambda y: Laplace(y, 0.5))), "elbo", set()),
        (lambda: shared(of_law(lambda y: Laplace(y, 0.3), 0.5)), "weighted", {"kl-weight"}),
        (lambda: shared(of_law(lambda y: Normal(y, 0.3), 4.0), beta=4.0), "elbo", set()),
        (lambda: shared(of_law(lambda y: Normal(y, 0.3), 4.0), beta=3.0), "weighted", {"kl-weight"}),
        (lambda: shared(of_distance(1.0)), "elbo", set()),
        (lambda: shared(of_distance(0.4)), "weighted", {"kl-weight"}),
        (lambda: shared(of_distance(0.5)), "weighted", {"kl-weight"}),
        (lambda: changed(lambda x: x.float() / 255, bytes_()), "elbo", set()),
        (lambda: changed(lambda x: x.float() / 255, bytes_(), torch.mean), "not-elbo", {"reconstruction-mean"}),
        (lambda: changed(lambda x: x.float() / 255, bytes_(), order=lambda x: x.flip(0)), "undecided", set()),
        (lambda: changed(lambda x: (x - 0.13) / 0.31, torch.rand(8, 12)), "elbo", set()),
        (lambda: changed(lambda x: (x > 0.5).float(), torch.rand(8, 12)), "elbo", set()),
        (
            lambda: changed(lambda x: (x > 0.5).float(), torch.rand(8, 12), order=lambda x: x.flip(0)),
            "undecided",
            set(),
        ),
        *((lambda o=o: changed(lambda x: x, torch.randn(8, 12), order=o), "undecided", set()) for o in ORDERS),
        (lambda: fixed(1.0), "elbo", set()),
        (lambda: fixed(0.5), "elbo", set()),
        (lambda: fixed(0.5, declared=False), "elbo", set()),
        (lambda: fixed(0.5, -1.0), "not-elbo", {"kl-sign"}),
        (lambda: fixed(1.0, 2.0), "not-elbo", {"kl-half"}),
        (lambda: shared(with_pictures(2)), "elbo", set()),
        (lambda: shared(with_pictures(1)), "not-elbo", {"sampler-scale-mismatch"}),
    ],
)
def test_the_style_does_not_matter(make, verdict, errors) -> None:
    outcome = audit(make())
    assert (outcome.verdict, {f.code for f in outcome.findings if f.rank == "error"}) == (verdict, errors)
