"""The sampler is read off exactly, and each wrong twin under its own code."""

import numpy as np
import pytest
import torch
from torch.nn.functional import softplus

from vae_min.audit.bench import Bench, Point
from vae_min.audit.head_range import of_range, of_sign
from vae_min.audit.sampler import explain, in_evaluation
from vae_min.audit.spec import VAESpec

from .small import Small, bce, kl, spec, std

POINTS = [Point(1, 1001), Point(2, 1002)]


def sampler(**parts):
    with Bench(spec(**parts)).open() as bench:
        return explain(bench, POINTS)


@pytest.mark.parametrize(
    ("scale", "name", "factor"),
    [
        (std, "log_variance", 1.0),
        (torch.exp, "log_scale", 1.0),
        (softplus, "softplus", 1.0),
        (lambda v: 0.5 * torch.exp(v), "log_scale", 0.5),
        (lambda v: v, "scale", 1.0),
    ],
)
def test_how_the_second_head_is_read(scale, name, factor) -> None:
    found = sampler(scale=scale)
    assert found.findings == []
    assert found.names[0] == name
    assert found.factor == pytest.approx(factor, rel=1e-6, abs=0)


@pytest.mark.parametrize(
    ("noise", "code"),
    [
        (torch.rand_like, "noise-law"),
        (lambda v: 12**0.5 * (torch.rand_like(v) - 0.5), "noise-law"),
        (lambda v: 2.0 * torch.randint(0, 2, v.shape) - 1, "noise-law"),
        (lambda v: torch.randn(v.shape[-1]), "noise-shared"),
        (lambda v: torch.randn_like(v[..., :1]), "noise-shared"),
        (lambda v: (torch.manual_seed(0), torch.randn_like(v))[1], "noise-frozen"),
        (lambda v: torch.randn(v.shape, generator=torch.Generator().manual_seed(7)), "noise-frozen"),
        (lambda v: torch.linspace(-1, 1.3, v.numel()).view(v.shape), "noise-frozen"),
        (torch.zeros_like, "mean-in-training"),
    ],
)
def test_wrong_noise_is_found_under_its_code(noise, code) -> None:
    found = sampler(noise=noise)
    assert [f.code for f in found.findings] == [code]
    assert found.doubt == ""


def _drawn_elsewhere(v):
    return torch.from_numpy(np.random.default_rng(int(torch.randint(2**31, ()))).standard_normal(v.shape)).to(v)


class _Rectified(Small):
    def encode(self, x):
        loc, v = super().encode(x)
        return loc, torch.relu(v + 0.2)  # 0 for half of the latents


def _rectified(noise):
    torch.manual_seed(0)
    model = _Rectified(scale=lambda v: v, noise=noise)
    x = torch.bernoulli(torch.full((6, 5), 0.5))
    with Bench(VAESpec(loss=model.loss, encode=model.encode, decode=model.decode, batch=x)).open() as bench:
        return explain(bench, POINTS)


def test_where_the_scale_is_zero_the_noise_is_not_known() -> None:
    wrong = _rectified(lambda v: 2.0 * torch.randint(0, 2, v.shape) - 1)
    assert [f.code for f in wrong.findings] == ["noise-law"]
    assert (wrong.names[0], wrong.discrete) == ("scale", True)
    normal = _rectified(_drawn_elsewhere)  # the twin, of which half of the codes are the location too
    assert (normal.findings, normal.names[0]) == ([], "scale")
    frozen = _rectified(lambda v: torch.linspace(-1, 1.3, v.numel()).view(v.shape))
    assert [f.code for f in frozen.findings] == ["noise-frozen"]


@pytest.mark.parametrize(
    "noise", [torch.randn_like, lambda v: v.new(v.size()).normal_(), lambda v: torch.normal(0.0, 1.0, v.shape)]
)
def test_right_noise_has_no_finding(noise) -> None:
    assert sampler(noise=noise).findings == []


def _box_muller(v):
    return torch.sqrt(-2 * torch.log(torch.rand_like(v))) * torch.cos(2 * torch.pi * torch.rand_like(v))


@pytest.mark.parametrize("noise", [lambda v: torch.randn_like(v) ** 2, _box_muller])
def test_a_code_that_is_no_location_and_scale_is_doubtful_not_wrong(noise) -> None:
    found = sampler(noise=noise)
    assert found.findings == []
    assert found.doubt.startswith("the code is not a location plus a scale times noise of its own: a flow")


class _Dropped(Small):
    """Its decoder begins with dropout, which hides the code from the first weight where nothing is replaced."""

    def decode(self, z):
        return super().decode(torch.nn.functional.dropout(z, 0.5, self.training))


@pytest.mark.parametrize(
    ("noise", "codes", "doubt"),
    [
        (torch.randn_like, [], ""),
        (lambda v: (torch.manual_seed(0), torch.randn_like(v))[1], ["noise-frozen"], ""),
        (_drawn_elsewhere, [], "the noise is not drawn by torch, and dropout hides the code"),
    ],
)
def test_dropout_may_come_before_the_decoders_first_weight(noise, codes, doubt) -> None:
    model = _Dropped(noise=noise)
    s = VAESpec(loss=model.loss, encode=model.encode, decode=model.decode, batch=spec().batch)
    with Bench(s).open() as bench:
        found = explain(bench, POINTS)
    assert [f.code for f in found.findings] == codes
    assert found.doubt.startswith(doubt)
    assert bool(found.doubt) is bool(doubt)


class _Quantised(Small):
    """The decoder gets the nearest entry of a codebook; with ``noise``, the location and numbers that never change."""

    def __init__(self, still: bool) -> None:
        super().__init__()
        self.codebook, self.still = torch.nn.Embedding(7, 2), still

    def nearest(self, x):
        loc = self.encode(x)[0]
        return loc, self.codebook(torch.cdist(loc, self.codebook.weight).argmin(1))

    def loss(self, x):
        loc, entry = self.nearest(x)
        z = loc + entry * torch.linspace(-1, 1.3, entry.numel()).view(entry.shape) if self.still else entry
        return (bce(self.decode(z), x) + (loc - entry).square().sum(-1)).mean()


def test_a_code_without_noise_has_no_frozen_noise() -> None:
    for still, codes in ((True, ["noise-frozen"]), (False, [])):
        model = _Quantised(still)
        s = VAESpec(loss=model.loss, encode=model.nearest, decode=model.decode, batch=spec().batch)
        with Bench(s).open() as bench:
            found = explain(bench, POINTS)
        assert [f.code for f in found.findings] == codes
        assert found.doubt.startswith("" if still else "the code is neither the first head nor a known function")


def aside(noise, sampled):
    """A decoder that gets the mean, beside a draw that the divergence holds if it is sampled."""
    model = spec().loss.__self__

    def loss(x):
        loc, v = model.encode(x)
        eps = noise(v)
        z = loc + std(v) * eps
        divergence = 0.5 * (z**2 - eps**2 - v).sum(-1) if sampled else kl(loc, v)
        return (bce(model.decode(loc), x) + divergence).mean()

    return VAESpec(loss=loss, encode=model.encode, decode=model.decode, batch=spec().batch, module=model)


@pytest.mark.parametrize(
    ("noise", "codes"),
    [
        (torch.randn_like, []),
        (torch.rand_like, ["noise-law"]),
        (lambda v: 12**0.5 * (torch.rand_like(v) - 0.5), ["noise-law"]),
        (lambda v: 2.0 * torch.randint(0, 2, v.shape) - 1, ["noise-law"]),
        (lambda v: torch.randn(v.shape[-1]), ["noise-shared"]),
        (lambda v: torch.linspace(-1, 1.3, v.numel()).view(v.shape), ["noise-frozen"]),
    ],
)
def test_a_draw_that_the_decoder_does_not_get_is_judged_where_the_loss_holds_it(noise, codes) -> None:
    for sampled, expected in ((True, ["mean-in-training", *codes]), (False, ["mean-in-training"])):
        with Bench(aside(noise, sampled)).open() as bench:
            found = explain(bench, POINTS)
        assert ([f.code for f in found.findings], found.beside) == (expected, sampled)


def test_evaluation_mode() -> None:
    right = spec()
    with Bench(right).open() as bench:
        assert in_evaluation(bench, POINTS[0]) == []
    wrong = spec(noise=lambda v: torch.randn_like(v) if module[0].training else 0.0)
    module = [wrong.loss.__self__]
    with Bench(wrong).open() as bench:
        assert [f.code for f in in_evaluation(bench, POINTS[0])] == ["mean-in-evaluation"]


@pytest.mark.parametrize(("head", "codes"), [("scale", ["head-range"]), ("log_variance", [])])
def test_a_rectified_head_that_is_claimed_to_be_the_scale_can_be_zero(head, codes) -> None:
    s = spec(claims={"head": head})
    model = s.loss.__self__
    encode, model.encode = model.encode, lambda x: (encode(x)[0], encode(x)[1].relu())
    object.__setattr__(s, "encode", model.encode)
    with Bench(s).open() as bench:
        assert [
            f.code for f in of_range(bench, explain(bench, POINTS))
        ] == codes  # the sampler takes it for a log-variance


def test_a_rectified_logarithm_has_one_sign() -> None:
    right, wrong = spec(), spec()
    model = wrong.loss.__self__
    encode, model.encode = model.encode, lambda x: (encode(x)[0], encode(x)[1].relu())
    object.__setattr__(wrong, "encode", model.encode)
    for s, codes in ((right, []), (wrong, ["head-range"])):
        with Bench(s).open() as bench:
            assert [f.code for f in of_sign(bench, set(explain(bench, POINTS).names))] == codes
            assert [f.code for f in of_sign(bench, {"log_variance", "softplus"})] == codes
            assert not [*of_sign(bench, {"scale"})]  # a scale may have one sign
            assert not [*of_sign(bench, {"scale", "log_variance"})]  # as it may be meant


class _Seeded:
    """Noise whose seed is counted on, or not."""

    def __init__(self, advance):
        self.seed, self.advance = 0, advance

    def __call__(self, v):
        self.seed += self.advance
        return torch.randn(v.shape, generator=torch.Generator().manual_seed(self.seed), dtype=v.dtype)


@pytest.mark.parametrize(("advance", "codes"), [(1, []), (0, ["noise-frozen"])])
def test_noise_that_a_counter_seeds_is_not_frozen(advance, codes) -> None:
    noise = _Seeded(advance)
    assert [f.code for f in sampler(noise=noise).findings] == codes
    assert noise.seed == 0


@pytest.mark.parametrize(
    ("reading", "change", "codes"),
    [
        ("log_variance", torch.relu, ["head-range"]),
        ("log_variance", lambda v: -v.abs(), []),  # a posterior that is never wider than the prior
        ("negative log_variance", lambda v: -v.abs(), ["head-range"]),
        ("negative log_variance", torch.relu, []),
    ],
)
def test_a_scale_may_be_below_one_everywhere_but_not_above(reading, change, codes) -> None:
    s = spec()
    model = s.loss.__self__
    encode = model.encode
    object.__setattr__(s, "encode", lambda x: (encode(x)[0], change(encode(x)[1])))
    with Bench(s).open() as bench:
        assert [f.code for f in of_sign(bench, {reading})] == codes


class _Corrupted(Small):
    """The encoder gets the data with noise: its heads are those of a posterior given what it gets."""

    def __init__(self, law=torch.randn_like, **parts) -> None:
        super().__init__(**parts)
        self.law = law

    def encode(self, x):
        return super().encode(x + 0.3 * self.law(x))


class _Drawn(Small):
    """The first head is a draw itself, and the decoder gets it as it is."""

    def encode(self, x):
        loc, v = super().encode(x)
        return loc + std(v) * torch.randn_like(v), v

    def loss(self, x):
        z, v = self.encode(x)
        return (self.nll(self.decode(z), x) + self.divergence(z, v)).mean()


@pytest.mark.parametrize(
    ("model", "names", "codes", "held"),
    [
        (lambda: _Corrupted(), ["log_variance"], [], True),
        (lambda: _Corrupted(law=torch.rand_like), ["log_variance"], [], True),
        (lambda: _Corrupted(scale=torch.exp), ["log_scale"], [], True),
        (lambda: _Corrupted(noise=lambda v: torch.randn(v.shape[-1])), ["log_variance"], ["noise-shared"], True),
        (lambda: _Corrupted(noise=torch.rand_like), ["log_variance"], ["noise-law"], True),
        (_Drawn, ["log_variance"], [], False),  # it is the noise of the code itself
    ],
)
def test_noise_of_the_encoders_own_is_none_of_the_codes(model, names, codes, held) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = model()
    s = VAESpec(loss=made.loss, encode=made.encode, decode=made.decode, batch=spec().batch)
    with Bench(s).open() as bench:
        found = explain(bench, POINTS)
        assert (bench.held > 0) is held
    assert (found.names[:1], [f.code for f in found.findings]) == (names, codes)
    assert found.doubt == ""
