"""How the code comes about: the law of z as a function of the heads and of the noise, read off exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import torch
from scipy.stats import kstest
from torch import Tensor

from vae_min.audit import truncation
from vae_min.audit.bench import Bench, Observation, Point
from vae_min.audit.finding import Finding
from vae_min.audit.head import READINGS, Heads, expands, factor, readings
from vae_min.audit.noise import UNIFORM_UNIT, UNIFORM_ZERO, constant, seeded
from vae_min.audit.spec import VAESpec
from vae_min.audit.trace import in_place
from vae_min.audit.truncation import among

_FALSE_ALARM = 1e-9  # of the one statistical test, for noise that torch did not draw as normal or uniform
_ELSEWHERE = (
    "the location of the code is not the first head: if the loss changes the data before it encodes them (scales, "
    "binarises), let VAESpec(batch=...) or encode have them changed"
)
_NOT_AFFINE = (
    "the code is not a location plus a scale times noise of its own: a flow, correlated latents, or noise that is put "
    "on the data"
)
_RTOL = {True: 1e-9, False: 1e-4}
_WIDE, _SMALL = seeded(7, 2.0), 0.125  # noise that a clamp would change, and noise that it would not
_FEW = 0.1  # of a law with a density hardly two draws are the same


@dataclass
class Sampler:
    """What was read off.

    ``names`` are the readings of the second head that give the scale of z, after multiplication by ``factor``; empty if
    none does; ``drawn`` says that the noise is torch's normal or uniform, ``uniform`` that it is the latter, ``discrete`` that it takes
    few values: then no density is its own. ``num_samples`` codes for each example, in each of ``num_calls`` of the decoder in the order sample by sample (``sample_major``) or not.
    ``beside`` says that the decoder gets the location, and other terms a draw; ``in_place`` that a tensor is changed in place.
    """

    names: list[str] = field(default_factory=list)
    factor: float = 1.0
    noisy: bool = True
    num_samples: int = 1
    num_calls: int = 1
    sample_major: bool = True
    drawn: bool = False
    uniform: bool = False
    discrete: bool = False
    beside: bool = False
    in_place: bool = False
    findings: list[Finding] = field(default_factory=list)
    doubt: str = ""

    @property
    def name(self) -> str:
        """The reading in words."""
        if not self.names:
            return "unknown"
        return self.names[0] if self.factor == 1 else f"{self.factor:.4g} * {self.names[0]}"

    def scale(self, heads: Heads) -> Tensor:
        """The scale of z, shape (B, D)."""
        assert heads.second is not None
        return self.factor * READINGS[self.names[0]](heads.second)

    def arranged(self, value: Tensor, size: int) -> Tensor:
        """A tensor of shape (k B, ...) as (k, B, ...)."""
        if self.sample_major:
            return value.reshape(-1, size, *value.shape[1:])
        return value.reshape(self.num_calls, size, -1, *value.shape[1:]).transpose(1, 2).flatten(0, 1)

    def in_order(self, value: Tensor) -> Tensor:
        """A tensor of shape (k, B, ...) in the order in which the decoder gets it, flat."""
        if self.sample_major:
            return value.flatten()
        return value.reshape(self.num_calls, -1, *value.shape[1:]).transpose(1, 2).flatten()


def explain(bench: Bench, points: list[Point]) -> Sampler:
    """Read the sampler off at generic points.

    Parameters
    ----------
    bench : Bench
    points : list of Point
        In training mode, of at least two examples each; two at least.
    """
    with torch.no_grad():
        sampler = _explained(bench, points)
        if sampler.doubt and bench.hold_noise_of_encoder(
            points[0]
        ):  # data that it corrupts, or a latent above this one
            given = _explained(bench, points)
            if given.drawn and not given.doubt:
                return given
            bench.held = 0
        return sampler


def _explained(bench: Bench, points: list[Point]) -> Sampler:
    sampler = Sampler()
    still, moved = ([bench.observe(replace(p, noise=constant(v))) for p in points] for v in (0.0, 1.0))
    if not all(o.codes for o in (*still, *moved)):
        sampler.doubt = (
            "the code that reaches the decoder was not found in the loss: it decodes by other means than "
            "VAESpec(decode=...), or within torch.vmap"
        )
        return sampler
    sampler.in_place = any(in_place(c.func) for c in still[0].trace.calls)
    _arrange(sampler, still[0])
    other = bench.observe(replace(points[0], noise=seeded(7)))
    if not other.codes or (_same(bench, still[0].code, moved[0].code) and not _same(bench, still[0].code, other.code)):
        sampler.doubt = _NOT_AFFINE
        return sampler
    sampler.drawn = not _same(bench, still[0].code, moved[0].code)
    if not sampler.drawn and (place := _beside(bench, sampler, still, moved)):
        bench.beside, sampler.beside = place, True
        still, moved = ([bench.observe(o.point) for o in seen] for seen in (still, moved))
        _arrange(sampler, still[0])
        sampler.drawn = not _same(bench, still[0].code, moved[0].code)
        sampler.findings.append(_mean_in_training("the KL divergence or the weights hold a draw that it does not get"))
    if sampler.drawn:
        _affine(bench, sampler, still, moved)
    else:
        _without_draws(bench, sampler, still)
    if sampler.noisy and not any(f.code == "noise-frozen" for f in sampler.findings):
        _frozen(bench, sampler, points[0])
    return sampler


def _beside(
    bench: Bench, sampler: Sampler, still: list[Observation], moved: list[Observation]
) -> tuple[int, int] | None:
    """Where the loss holds a draw which the decoder does not get, as it gets the location: the call, and the output."""
    loc = sampler.arranged(still[0].code, len(still[0].heads.loc))
    if len(still[0].codes) != 1 or not _same(bench, loc, still[0].heads.loc.expand_as(loc)):
        return None
    noisy = not torch.equal(still[0].loss, moved[0].loss)
    with torch.enable_grad():
        used = bench.observe(still[0].point)
    for i, calls in enumerate(zip(*(o.trace.calls for o in (*still, *moved, used)), strict=False)):
        for j, (*values, own) in enumerate(zip(*(c.outputs for c in calls), strict=False)):
            alike = all(_has_shape(v, o.codes[0]) for v, o in zip(values, (*still, *moved), strict=True))
            if alike and _is_draw(bench, values, still) and (noisy or _holds(used.loss, own)):
                return i, j
    return None


def _has_shape(value: Tensor, code: Tensor) -> bool:
    return value.ndim == code.ndim and value.dtype == code.dtype and expands(code, value)


def _is_draw(bench: Bench, values: list[Tensor], still: list[Observation]) -> bool:
    """Whether a value, at two points without and with noise, is the location and noise, or noise that does not move."""
    low, high, location = values[0], values[len(still)], still[0].codes[0].expand_as(values[0])
    if not _same(bench, low, high):
        span = (high - low) / UNIFORM_UNIT  # of a uniform draw
        bottom = low - UNIFORM_ZERO * span
        return any(_same(bench, centre, location) for centre in (low, bottom, bottom + 0.5 * span))
    rows = [(v, *o.heads.loc.shape) for v, o in zip(values, still, strict=False)]
    majors = [v.reshape(-1, b, d) for v, b, d in rows], [v.reshape(b, -1, d).transpose(0, 1) for v, b, d in rows]
    read = any(_constant_noise(codes, still, n) for codes in majors for n in READINGS)
    return read and not _same(bench, low, location)


def _holds(loss: Tensor, value: Tensor) -> bool:
    """Whether a loss depends on a value in its graph."""
    return value.requires_grad and torch.autograd.grad(loss, value, allow_unused=True, retain_graph=True)[0] is not None


def _mean_in_training(evidence: str) -> Finding:
    return Finding("mean-in-training", "the decoder gets the posterior mean in training mode, not a draw", evidence)


def _arrange(sampler: Sampler, still: Observation) -> None:
    """Find how many codes there are for each example, and their order."""
    size, code = len(still.heads.loc), still.code
    sampler.num_samples = len(code) // size
    sampler.num_calls = len(still.codes)
    if sampler.num_samples > sampler.num_calls:
        rows = code.reshape(-1, size, code.shape[1])
        sampler.sample_major = bool(torch.allclose(rows, rows[:1].expand_as(rows)))


def _affine(bench: Bench, sampler: Sampler, still: list[Observation], moved: list[Observation]) -> None:
    """z = a + b * noise, each noise a number that torch drew, or a limit to which such a number is clamped."""
    random = bench.observe(replace(still[0].point, noise=_WIDE))
    if not random.codes:
        sampler.doubt = "the code is not finite where the noise is replaced"
        return
    b, noise = _noise_of(still[0], moved[0], random)
    drawn = torch.cat([d.value.flatten() for d in random.draws if d.law in ("normal", "uniform")]).to(noise)
    if not among(noise[b != 0], drawn):
        moved[:] = [_extrapolated(bench, o) for o in still]
        b, noise = _noise_of(still[0], moved[0], random)
        if not truncation.is_clamped(noise[b != 0], drawn):
            sampler.doubt = _NOT_AFFINE
            return
        sampler.findings += truncation.of_clamp(noise[b != 0])
    else:
        sampler.findings += truncation.of_rejected(bench, still[0], b)
    uniform = [d for d in random.draws if d.law == "uniform" and among(noise[b != 0], d.value.flatten().to(noise))]
    _locate(bench, sampler, still, moved, bool(uniform))
    if uniform:
        sampler.uniform = True
        mean, deviation = _mean_and_deviation(sampler, still[0], moved[0]) if sampler.names else (math.nan, math.nan)
        sampler.findings.append(
            Finding(
                "noise-law",
                f"the noise is uniform (torch.{uniform[0].operation}), not normal",
                f"its mean is {mean:.3f} and its standard deviation {deviation:.3f}; its largest value is bounded",
            )
        )
    _shared(sampler, torch.where(b == 0, torch.nan, noise), random.code, len(still[0].heads.loc))


def _noise_of(still: Observation, moved: Observation, random: Observation) -> tuple[Tensor, Tensor]:
    """How the code moves with the noise, and the noise of a code at random; 0 where it does not move."""
    b = moved.code - still.code
    return b, torch.where(b == 0, 0.0, (random.code - still.code) / b)


def _extrapolated(bench: Bench, still: Observation) -> Observation:
    """What would be observed with noise 1, from noise that is too small to be clamped."""
    near = bench.observe(replace(still.point, noise=constant(_SMALL)))
    codes = [s + (n - s) / _SMALL for s, n in zip(still.codes, near.codes, strict=True)]
    return replace(near, codes=codes)


def _mean_and_deviation(sampler: Sampler, still: Observation, moved: Observation) -> tuple[float, float]:
    size = len(still.heads.loc)
    loc, scale = still.heads.loc[0, 0], sampler.scale(still.heads)[0, 0]
    low, high = (sampler.arranged(code, size)[0, 0, 0] for code in _ends(still, moved))
    return float(((low + high) / 2 - loc) / scale), float((high - low).abs() / math.sqrt(12) / scale.abs())


def _locate(bench: Bench, sampler: Sampler, still: list[Observation], moved: list[Observation], uniform: bool) -> None:
    """Name location and scale."""
    centres = [(0.0, 1.0), (0.5, 1.0), (0.5, 1 / math.sqrt(12)), (0.5, 0.5)] if uniform else [(0.0, 1.0)]
    found = []
    for centre, unit in centres:
        ends = [_ends(o, m) if uniform else (o.code, m.code) for o, m in zip(still, moved, strict=True)]
        pairs = [(low + centre * (high - low), unit * (high - low)) for low, high in ends]
        if _location(bench, sampler, still, pairs):
            _scale(sampler, still, pairs)
            found.append((sampler.factor != 1, not sampler.names, sampler.names, sampler.factor))
    if found:
        sampler.doubt = ""
        *_, sampler.names, sampler.factor = min(found, key=lambda f: f[:2])


def _ends(still: Observation, moved: Observation) -> tuple[Tensor, Tensor]:
    """The codes at the ends of the range of a uniform draw, from those at its 0 and 1."""
    span = (moved.code - still.code) / UNIFORM_UNIT
    low = still.code - UNIFORM_ZERO * span
    return low, low + span


def _location(bench: Bench, sampler: Sampler, still: list[Observation], pairs: list[tuple[Tensor, Tensor]]) -> bool:
    size = len(still[0].heads.loc)
    locs = [sampler.arranged(loc, size) for loc, _ in pairs]
    if all(_same(bench, loc, o.heads.loc.expand_as(loc)) for loc, o in zip(locs, still, strict=True)):
        return True
    seconds = [o.heads.second for o in still]
    if all(s is not None and _same(bench, loc, s.expand_as(loc)) for loc, s in zip(locs, seconds, strict=True)):
        bench.swapped = True
        still[:] = [bench.observe(o.point) for o in still]
        return True
    sampler.doubt = _ELSEWHERE
    return False


def _scale(sampler: Sampler, still: list[Observation], pairs: list[tuple[Tensor, Tensor]]) -> None:
    size = len(still[0].heads.loc)
    scale = torch.cat([sampler.arranged(b, size)[0] for _, b in pairs])
    second = torch.cat([o.heads.second for o in still if o.heads.second is not None])
    sampler.factor = 1.0
    sampler.names = readings(scale, second) or readings(-scale, second)
    if not sampler.names and (found := factor(scale, second)):
        sampler.names, sampler.factor = [found[0]], found[1]


def _shared(sampler: Sampler, noise: Tensor, code: Tensor, size: int) -> None:
    """Whether examples, samples or latents share their noise; samples on both sides of the location do not."""
    for axis, what, values in ((1, "example", noise), (2, "latent", noise), (0, "importance sample", code)):
        e = sampler.arranged(values, size)
        known = ~e.isnan()  # of a scale of 0 the noise is not known
        first = torch.where(known, e, 0.0).sum(axis, keepdim=True) / known.sum(axis, keepdim=True)
        alike = torch.allclose(torch.where(known, e, first), first.expand_as(e), rtol=1e-6, atol=1e-6, equal_nan=True)
        if alike and bool((known.sum(axis) > 1).any()):
            shown = ", ".join(f"{v:.4f}" for v in e.movedim(axis, 0)[:2].flatten(1)[:, 0])
            message = f"every {what} of the batch gets the same noise"
            sampler.findings.append(Finding("noise-shared", message, f"the noise of the first two: {shown}"))


def _without_draws(bench: Bench, sampler: Sampler, still: list[Observation]) -> None:
    """No normal or uniform draw of torch moves z: there is no noise, or it is frozen, or of another kind."""
    size = len(still[0].heads.loc)
    codes = [sampler.arranged(o.code, size) for o in still]
    if all(_same(bench, c, o.heads.loc.expand_as(c)) for c, o in zip(codes, still, strict=True)):
        sampler.noisy = False
        gap = float((codes[0] - still[0].heads.loc).abs().max().detach())
        sampler.findings.append(_mean_in_training(f"largest difference of z and loc: {gap:.1e}"))
        return
    for major in (sampler.sample_major, not sampler.sample_major):  # it was read off as if there were no noise
        sampler.sample_major = major
        codes = [sampler.arranged(o.code, size) for o in still]
        sampler.names = [n for n in READINGS if _constant_noise(codes, still, n)]
        if sampler.names:
            break
    if not sampler.names:
        sampler.doubt = "the code is neither the first head nor a known function of heads and noise"
        return
    if not bench.observe(replace(still[0].point, noise=None)).codes:
        sampler.doubt = "the noise is not drawn by torch, and dropout hides the code from the decoder's first weight"
        return
    first, second = (_noise(bench, sampler, still[0].point).nan_to_num() for _ in range(2))
    if not torch.equal(first, second):
        _other_law(bench, sampler, still[0])


def _constant_noise(codes: list[Tensor], still: list[Observation], name: str) -> bool:
    """Whether the code is the location and the same numbers at all points, times the scale by this reading.

    Of a scale of 0 the number is not known.
    """
    first: Tensor | None = None
    for code, o in zip(codes, still, strict=True):
        assert o.heads.second is not None
        noise = (code - o.heads.loc) / READINGS[name](o.heads.second)
        unknown = (READINGS[name](o.heads.second) == 0) & noise.isnan()
        if not bool((noise.isfinite() | unknown).all()):
            return False
        first = noise if first is None else first
        known = ~(noise.isnan() | first.isnan())
        if not bool(known.any()) or not torch.allclose(noise[known], first[known], rtol=1e-5, atol=1e-6):
            return False
    return True


def _noise(bench: Bench, sampler: Sampler, point: Point) -> Tensor:
    """The noise of one call as the user's random state gives it; not a number where the scale is 0."""
    o = bench.observe(replace(point, noise=None))
    return ((sampler.arranged(o.code, len(o.heads.loc)) - o.heads.loc) / sampler.scale(o.heads)).detach()


def _other_law(bench: Bench, sampler: Sampler, still: Observation) -> None:
    """Test the law of noise that torch did not draw as normal or uniform: the one statistical test of an audit."""
    noise = torch.cat([_noise(bench, sampler, replace(still.point, size=16)).flatten() for _ in range(60)])
    noise = noise[~noise.isnan()]
    test = kstest(noise.double().numpy(), "norm")
    if test.pvalue < _FALSE_ALARM:
        operations = sorted({d.operation for d in still.draws if d.law != "bernoulli"})
        message = f"the noise ({', '.join(operations) or 'drawn outside of torch'}) is not standard normal"
        evidence = (
            f"{len(noise)} draws: mean {noise.mean():.3f}, standard deviation {noise.std():.3f}, "
            f"Kolmogorov distance {test.statistic:.3f} (p = {test.pvalue:.0e})"
        )
        sampler.findings.append(Finding("noise-law", message, evidence))
        sampler.discrete = len(noise.round(decimals=6).unique()) < _FEW * len(noise)  # type: ignore[no-untyped-call]
    else:
        sampler.doubt = (
            "the noise is not drawn by torch's normal or uniform functions, and its law looks normal: "
            "draw it by torch.randn_like(std), which can be followed"
        )


def _is_location(sampler: Sampler, o: Observation) -> bool:
    """Whether all codes are the location, as where all scales are 0."""
    codes = sampler.arranged(o.code, len(o.heads.loc))
    return torch.equal(codes, o.heads.loc.expand_as(codes))


def _given(o: Observation) -> bool:
    """Whether the noise is one of the batch's tensors."""
    if o.heads.second is None or o.code.shape != o.heads.loc.shape:
        return False
    noises = [(o.code - o.heads.loc) / READINGS[n](o.heads.second) for n in READINGS]
    given = [t for t in o.batch[1:] if t.is_floating_point() and t.shape == o.code.shape]
    return any(torch.allclose(n, t, rtol=1e-5, atol=1e-6) for n in noises for t in given)


def _frozen(bench: Bench, sampler: Sampler, point: Point) -> None:
    """Two calls one after the other must not have the same noise."""
    torch.default_generator.manual_seed(1)
    first = bench.observe(replace(point, noise=None))
    with bench.state.going_on():  # a counter may seed the noise
        second = bench.observe(replace(point, noise=None))
    drawn = [[d.value for d in o.draws if d.law in ("normal", "uniform")] for o in (first, second)]
    same_draws = bool(drawn[0]) and len(drawn[0]) == len(drawn[1]) and all(map(torch.equal, *drawn))
    seen = bool(first.codes and second.codes)  # dropout that the decoder begins with hides them
    if seen and _given(first):
        sampler.doubt = "the noise comes with the batch: give a loss that draws it"
    elif same_draws or (seen and sampler.names and _is_still(sampler, first, second)):
        values = [
            f"{float((o.code - o.heads.loc.repeat(sampler.num_samples, 1)).flatten()[0]):.6f}"
            if seen
            else f"{float(next(d.flatten()[0] for d in values)):.6f}"
            for o, values in zip((first, second), drawn, strict=True)
        ]
        what = "z - loc of the first latent" if seen else "the first number that is drawn"
        message = "every call of the loss uses the same noise"
        sampler.findings.append(Finding("noise-frozen", message, f"{what} in two calls: {', '.join(values)}"))


def _is_still(sampler: Sampler, first: Observation, second: Observation) -> bool:
    """Whether two calls have the same codes, and these are not the location."""
    return torch.equal(first.code, second.code) and not _is_location(sampler, first)


def in_evaluation(bench: Bench, point: Point) -> list[Finding]:
    """Whether the decoder gets the posterior mean in evaluation mode."""
    point = replace(point, training=False)
    still, moved, other = (bench.observe(replace(point, noise=n)) for n in (constant(0.0), constant(1.0), seeded(7)))
    if not all(o.codes and _same(bench, still.code, o.code) for o in (still, moved, other)):
        return []
    loc, count = still.heads.loc, len(still.code) // len(still.heads.loc)
    if not any(_same(bench, still.code, t) for t in (loc.repeat(count, 1), loc.repeat_interleave(count, 0))):
        return []  # noise that is drawn elsewhere, or frozen
    evidence = f"with noise 0 and noise 1 the first latent is {float(still.code[0, 0].detach()):.6f} and {float(moved.code[0, 0].detach()):.6f}"
    return [
        Finding(
            "mean-in-evaluation", "in evaluation mode the decoder gets no draw: the loss is no ELBO there", evidence
        )
    ]


def of_claim(spec: VAESpec, sampler: Sampler, seen: Observation) -> list[Finding]:
    """A claimed reading of the second head against the sampler's; a factor before the scale."""
    claim = spec.head
    if claim is None or seen.heads.law or not sampler.names or (claim in sampler.names and sampler.factor == 1):
        return []
    second = float(seen.heads.second[0, 0].detach()) if seen.heads.second is not None else math.nan
    scale = float(sampler.scale(seen.heads)[0, 0].detach())
    message = f"the second head is claimed to be {claim}, the sampler reads it as {sampler.name}"
    return [Finding("sampler-scale-mismatch", message, f"a second head of {second:.4f} gives the scale {scale:.4f}")]


def _same(bench: Bench, a: Tensor, b: Tensor) -> bool:
    rtol = _RTOL[bench.double]
    return bool(torch.allclose(a, b, rtol=rtol, atol=rtol))
