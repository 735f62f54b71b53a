"""Terms that are densities of other laws: of the posterior's noise, of counts, of the decoder's own, of a learned prior."""

import math

import pytest
import torch
from torch import nn
from torch.distributions import (
    Categorical,
    Cauchy,
    Independent,
    MixtureSameFamily,
    NegativeBinomial,
    Normal,
    Poisson,
    kl_divergence,
)
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, one_hot

from vae_min.audit.audit import audit
from vae_min.audit.spec import VAESpec

from .small import kl as closed


class Net(nn.Module):
    """Six pixels, two latents, two conditions."""

    def __init__(self, outputs: int = 6) -> None:
        super().__init__()
        self.head, self.decoder, self.second = nn.Linear(6, 4), nn.Linear(2, outputs), nn.Linear(2, outputs)
        self.prior_head, self.mixture = nn.Linear(2, 4), nn.Parameter(torch.randn(3, 4))

    def encode(self, x, *_):
        return self.head(x).chunk(2, -1)

    def negative_binomial(self, z):
        return NegativeBinomial(self.second(z).exp(), logits=self.decoder(z))

    def poisson(self, z):
        return Independent(Poisson(self.decoder(z).exp()), 1)

    def conditional_prior(self, y):
        loc, log_scale = self.prior_head(y).chunk(2, -1)
        return Normal(loc, log_scale.exp())

    def mixture_prior(self):
        loc, log_scale = self.mixture.chunk(2, -1)
        return MixtureSameFamily(Categorical(torch.ones(3)), Independent(Normal(loc, log_scale.exp()), 1))


@pytest.fixture
def net():
    with torch.random.fork_rng():
        torch.manual_seed(3)
        yield Net()


def bits(*shape: int):
    return torch.bernoulli(torch.full(shape, 0.5))


def log_prior(z):
    return -0.5 * (z**2 + math.log(2 * math.pi)).sum(-1)


def bce(y, x):
    return binary_cross_entropy_with_logits(y, x, reduction="none").sum(-1)


def errors(outcome):
    return {f.code for f in outcome.findings if f.rank == "error"}


# --- the variance that the decoder itself states ---


@pytest.mark.parametrize(
    ("scale", "reconstruction", "claim", "codes"),
    [
        (0.1, lambda p, x: -p.log_prob(x), None, set()),
        (0.1, lambda p, x: (p.mean - x) ** 2, None, {"variance-mismatch"}),
        (0.1, lambda p, x: (p.mean - x) ** 2, 0.5, set()),
        (0.5**0.5, lambda p, x: (p.mean - x) ** 2, None, set()),
        (1.0, lambda p, x: 0.5 * (p.mean - x) ** 2, None, set()),
        (1.0, lambda p, x: (p.mean - x) ** 2, None, {"kl-latent-mean"}),  # of two latents: it says that it may be this
    ],
)
def test_a_decoder_that_states_its_variance_is_held_to_it(net, scale, reconstruction, claim, codes):
    def loss(x):
        loc, v = net.encode(x)
        z = loc + (0.5 * v).exp() * torch.randn_like(v)
        return (reconstruction(decode(z), x).sum(-1) + closed(loc, v)).mean()

    decode = lambda z: Normal(net.decoder(z), scale)
    outcome = audit(VAESpec(loss=loss, encode=net.encode, decode=decode, batch=torch.randn(8, 6), variance=claim))
    assert errors(outcome) == codes
    assert outcome.verdict == ("not-elbo" if codes else "elbo")
    assert all(f"{scale**2:.4g}" in f.message for f in outcome.findings if f.code in codes)


# --- the posterior's noise ---


def of_noise(net, draw):
    """A loss whose code and divergence come from ``draw(loc, v)``."""

    def loss(x):
        z, divergence = draw(*net.encode(x))
        return (bce(net.decoder(z), x) + divergence).mean()

    return VAESpec(loss=loss, encode=net.encode, decode=net.decoder, batch=bits(8, 6))


def uniform(centre, density=lambda loc, s, z: -s.log().sum(-1)):
    def draw(loc, v):
        s = v.exp()
        z = loc + s * (torch.rand_like(s) - centre)
        return z, density(loc, s, z) - log_prior(z)

    return draw


def cauchy(loc, v):
    q = Cauchy(loc, v.exp())
    z = q.rsample()
    return z, q.log_prob(z).sum(-1) - log_prior(z)


def clamped(limit):
    def draw(loc, v):
        return loc + torch.exp(0.5 * v) * torch.randn_like(v).clamp(-limit, limit), closed(loc, v)

    return draw


def normal_density(loc, s, z):
    return Normal(loc, s).log_prob(z).sum(-1)


def signs(loc, v):
    """Of two values; a law that has no density, so that none in the loss is its own."""
    z = loc + torch.exp(0.5 * v) * (2.0 * torch.randint(0, 2, v.shape) - 1)
    return z, normal_density(loc, torch.exp(0.5 * v), z) - log_prior(z)


@pytest.mark.parametrize("centre", [0.0, 0.5])
def test_a_uniform_posterior_with_its_own_density_is_right(net, centre) -> None:
    outcome = audit(of_noise(net, uniform(centre)))
    assert (outcome.verdict, errors(outcome)) == ("elbo", set())


@pytest.mark.parametrize(
    "draw",
    [
        uniform(0.5, normal_density),
        signs,
        lambda loc, v: (loc + torch.exp(0.5 * v) * torch.rand_like(v), closed(loc, v)),
        lambda loc, v: (Cauchy(loc, torch.exp(0.5 * v)).rsample(), closed(loc, v)),
        clamped(2.0),
        clamped(0.5),
    ],
)
def test_noise_beside_the_density_of_another_law_is_accused(net, draw) -> None:
    outcome = audit(of_noise(net, draw))
    assert (outcome.verdict, errors(outcome)) == ("not-elbo", {"noise-law"})


def test_noise_that_is_clamped_where_it_hardly_ever_is_is_normal(net) -> None:
    assert audit(of_noise(net, clamped(4.5))).verdict == "elbo"


def test_noise_whose_density_may_be_in_the_loss_is_not_accused(net) -> None:
    outcome = audit(of_noise(net, cauchy))
    assert (outcome.verdict, errors(outcome)) == ("undecided", set())
    assert "the loss may hold the density that it has" in outcome.findings[-1].message


# --- the decoder's own distribution, counts, classes ---


def of_output(net, decode, nll, batch):
    def loss(x):
        loc, v = net.encode(x)
        return (nll(decode(loc + torch.exp(0.5 * v) * torch.randn_like(v)), x) + closed(loc, v)).mean()

    return VAESpec(loss=loss, encode=net.encode, decode=decode, batch=batch)


def own_nll(p, x):
    return -p.log_prob(x).reshape(len(x), -1).sum(-1)


@pytest.mark.parametrize("law", ["negative_binomial", "poisson"])
@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "elbo"), (4.0, "weighted")])
def test_the_density_of_the_decoders_own_distribution_is_a_likelihood(net, law, factor, verdict) -> None:
    counts = torch.poisson(torch.full((8, 6), 2.0))
    outcome = audit(of_output(net, getattr(net, law), lambda p, x: factor * own_nll(p, x), counts))
    assert outcome.verdict == verdict


def test_a_fixed_scale_of_the_decoder_is_no_second_head(net) -> None:
    right = audit(of_output(net, lambda z: Normal(net.decoder(z), 1.0), own_nll, torch.randn(8, 6)))
    assert (right.verdict, errors(right)) == ("elbo", set())
    wrong = of_output(
        net,
        lambda z: Normal(net.decoder(z), net.second(z).exp()),
        lambda p, x: 0.5 * (p.loc - x).square().sum(-1),
        torch.randn(8, 6),
    )
    assert errors(audit(wrong)) == {"scale-unused"}


@pytest.mark.parametrize(
    ("nll", "batch", "family"),
    [
        (lambda y, x: -(x * y.log_softmax(-1)).sum(-1), torch.poisson(torch.full((8, 6), 2.0)), "multinomial"),
        (lambda y, x: -(x * y.log_softmax(-1)).sum(-1), one_hot(torch.arange(8) % 6, 6).float(), "categorical"),
    ],
)
def test_counts_and_classes_have_a_cross_entropy_along_an_axis(net, nll, batch, family) -> None:
    outcome = audit(of_output(net, net.decoder, nll, batch))
    assert (outcome.verdict, outcome.effective.likelihood) == ("elbo", family)
    wrong = audit(of_output(net, net.decoder, lambda y, x: nll(y, x) / 6, batch))
    assert errors(wrong) == {"reconstruction-mean"}


@pytest.mark.parametrize("shape", [(6,), (2, 3)])
def test_classes_in_blocks_are_no_half_of_a_binary_cross_entropy(net, shape) -> None:
    def decode(z):
        return net.decoder(z).unflatten(-1, shape).softmax(-1).flatten(1)

    spec = of_output(net, decode, lambda p, x: -(x * p.log()).sum(-1), one_hot(torch.arange(8) % 6, 6).float())
    assert (audit(spec).verdict, audit(spec).effective.likelihood) == ("elbo", "categorical")


@pytest.mark.parametrize(
    ("nll", "lacking"),
    [
        (lambda y, x: -(x * y.sigmoid().log()).sum(-1), "(1 - x) log(1 - p)"),
        (lambda y, x: -((1 - x) * (1 - y.sigmoid()).log()).sum(-1), "x log p"),
    ],
)
@pytest.mark.parametrize("probabilities", [False, True])
def test_half_of_a_binary_cross_entropy_is_named(net, nll, lacking, probabilities) -> None:
    if probabilities:
        spec = of_output(net, lambda z: net.decoder(z).sigmoid(), lambda p, x: nll(p.logit(), x), bits(8, 6))
    else:
        spec = of_output(net, net.decoder, nll, bits(8, 6))
    outcome = audit(spec)
    assert errors(outcome) == {"reconstruction-term"}
    assert lacking in outcome.findings[0].message


# --- some examples alone ---


@pytest.mark.parametrize(
    ("combine", "code"),
    [(lambda nll, kl: nll.mean() + kl[0], "kl-term"), (lambda nll, kl: nll[-1] + kl.mean(), "reconstruction-batch")],
)
def test_a_term_of_one_example_alone_is_named(net, combine, code) -> None:
    def loss(x):
        loc, v = net.encode(x)
        return combine(bce(net.decoder(loc + torch.exp(0.5 * v) * torch.randn_like(v)), x), closed(loc, v))

    outcome = audit(VAESpec(loss=loss, encode=net.encode, decode=net.decoder, batch=bits(8, 6)))
    assert errors(outcome) == {code}
    assert "1 of 4 examples" in outcome.findings[-1].message


# --- learned priors ---


def of_prior(net, divergence, prior):
    """A loss of data and conditions; ``divergence(q, z, y)``."""

    def loss(x, y):
        loc, v = net.encode(x)
        q = Normal(loc, torch.exp(0.5 * v))
        z = q.rsample()
        return (bce(net.decoder(z), x) + divergence(q, z, y)).mean()

    batch = bits(8, 6), one_hot(torch.arange(8) % 2, 2).float()
    return VAESpec(loss=loss, encode=net.encode, decode=lambda z, y: net.decoder(z), batch=batch, prior=prior)


def test_a_prior_that_depends_on_a_condition_is_given_by_a_callable(net) -> None:
    prior = net.conditional_prior
    right = of_prior(net, lambda q, z, y: kl_divergence(q, prior(y)).sum(-1), prior)
    wrong = of_prior(net, lambda q, z, y: kl_divergence(prior(y), q).sum(-1), prior)
    assert [audit(s).verdict for s in (right, wrong)] == ["elbo", "not-elbo"]
    assert errors(audit(wrong)) == {"kl-arguments"}


def test_a_mixture_that_is_learned_is_given_by_a_callable(net) -> None:
    def estimate(q, z, y):
        return q.log_prob(z).sum(-1) - net.mixture_prior().log_prob(z)

    assert audit(of_prior(net, estimate, lambda y: net.mixture_prior())).verdict == "elbo"
    doubled = of_prior(net, lambda q, z, y: 2 * estimate(q, z, y), lambda y: net.mixture_prior())
    assert errors(audit(doubled)) == {"kl-half"}


def test_a_scale_that_is_read_otherwise_is_seen_beside_a_learned_prior_too(net) -> None:
    def estimate(read, sampled):
        def of(q, z, y):
            scale = read(q.scale)
            log_q = Normal(q.loc, scale).log_prob(z) if sampled else -torch.log(scale)
            return log_q.sum(-1) - net.mixture_prior().log_prob(z)

        return audit(of_prior(net, of, lambda y: net.mixture_prior()))

    for sampled in (True, False):  # the density at the draw, or the entropy
        assert estimate(lambda s: s, sampled).verdict == "elbo"
    assert errors(estimate(torch.square, True)) == {"sampler-scale-mismatch"}
    assert errors(estimate(torch.square, False)) == {"kl-term"}  # the logarithm tells a power from a weight by nothing
    assert errors(estimate(lambda s: 2 * s.log().exp().log().abs(), False)) == {"sampler-scale-mismatch"}


# --- sequences of which padding is no part ---


class Sentences(nn.Module):
    """Four words from a vocabulary of five, of which class 0 fills what is left; and logits, whose classes come last."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.head, self.decoder = nn.Embedding(5, 3), nn.Linear(12, 4), nn.Linear(2, 20)

    def encode(self, x):
        return self.head(self.words(x).flatten(1)).chunk(2, -1)

    def decode(self, z):
        return self.decoder(z).view(-1, 4, 5)


def of_words(words, reconstruction):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = Sentences()

    def loss(x):
        loc, v = model.encode(x)
        logits = model.decode(loc + torch.exp(0.5 * v) * torch.randn_like(v))
        nll = cross_entropy(logits.transpose(1, 2), x, reduction="none")
        return reconstruction(nll, x) + 0.5 * (loc**2 + v.exp() - 1 - v).sum(-1).mean()

    return audit(VAESpec(loss=loss, encode=model.encode, decode=model.decode, batch=words, module=model))


PADDED = torch.tensor([[3, 1, 2, 4], [2, 2, 0, 0], [4, 1, 3, 0], [1, 3, 4, 2], [2, 0, 0, 0], [3, 4, 1, 2]])
AMIDST = torch.tensor([[3, 0, 2, 4], [2, 2, 0, 0], [4, 1, 3, 0], [1, 3, 4, 2], [2, 0, 0, 1], [3, 4, 1, 2]])


def per_word(nll, x):
    return (nll * (x != 0)).sum() / (x != 0).sum()


def per_word_of_each(nll, x):
    return ((nll * (x != 0)).sum(1) / (x != 0).sum(1)).mean()


@pytest.mark.parametrize("words", [PADDED, PADDED.flip(1)], ids=["after", "before"])
@pytest.mark.parametrize(
    ("reconstruction", "verdict", "codes"),
    [
        (lambda nll, x: (nll * (x != 0)).sum(1).mean(), "elbo", set()),
        (lambda nll, x: nll.sum(1).mean(), "elbo", set()),
        (per_word, "not-elbo", {"reconstruction-mean"}),
        (per_word_of_each, "not-elbo", {"reconstruction-mean"}),
        (lambda nll, x: (nll * (x != 0)).sum(), "not-elbo", {"kl-batch-mean"}),
    ],
)
def test_padding_is_no_part_of_a_sequence(words, reconstruction, verdict, codes) -> None:
    outcome = of_words(words, reconstruction)
    assert (outcome.verdict, errors(outcome)) == (verdict, codes)


@pytest.mark.parametrize("left_out", [0, 3])
def test_a_class_amidst_the_others_is_no_padding(left_out) -> None:
    words = AMIDST if left_out == 0 else PADDED
    assert of_words(words, lambda nll, x: (nll * (x != left_out)).sum(1).mean()).verdict == "undecided"


# --- several samples in each of several calls ---


def test_samples_may_come_in_chunks(net) -> None:
    def loss(x, sign=1.0):
        loc, v = net.encode(x)
        weights = []
        for _ in range(2):
            z = loc[:, None] + torch.exp(0.5 * v)[:, None] * torch.randn(len(x), 3, 2)
            q = Normal(loc[:, None], torch.exp(0.5 * v)[:, None])
            log_p = -bce(net.decoder(z), x[:, None].expand(-1, 3, -1))
            weights.append(log_p + sign * log_prior(z) - q.log_prob(z).sum(-1))
        return -(torch.cat(weights, 1).logsumexp(1) - math.log(6)).mean()

    def of(f):
        batch = bits(8, 6)
        return VAESpec(loss=f, encode=net.encode, decode=net.decoder, batch=batch, num_importance_samples=6)

    assert audit(of(loss)).verdict == "elbo"
    assert errors(audit(of(lambda x: loss(x, 0.0)))) == {"weights-term"}
