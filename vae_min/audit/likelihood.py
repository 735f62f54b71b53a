"""Likelihoods that a reconstruction term may stand for: their negative logarithm, per code and example."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import torch
from torch import Tensor
from torch.distributions import ContinuousBernoulli, Distribution
from torch.nn.functional import logsigmoid

from numerics import bernoulli, laplace, normal
from vae_min.audit.bench import Bench, Observation
from vae_min.audit.finding import Finding
from vae_min.audit.head import CLAIMABLE, READINGS, Heads, by_row, expands, heads_of
from vae_min.audit.sampler import Sampler
from vae_min.audit.spec import VAESpec

_EPSILONS = (0.2, 0.1, 0.05, 0.01, 1e-3, 1e-4, 1e-5)
_NO_LOGARITHM = "the variance that the decoder predicts is in the loss where its logarithm should be"
_RESCALED = "the loss moves the data from [-1, 1] to [0, 1]"
_SECONDS = tuple(dict.fromkeys((*CLAIMABLE, *READINGS)))  # whatever keeps it positive, the decoder may have

Elements = Callable[[Tensor, Heads], list[Tensor]]
"""From the data, (B, N) expanded to (k, B, N), and the decoder's heads, (k, B, N): terms of that shape."""


@dataclass(frozen=True)
class Likelihood:
    """One way to read the reconstruction term.

    Parameters
    ----------
    family : str
        Name of the family, as it can be claimed.
    elements : callable
        Terms whose sum, with coefficients ``proper`` up to a common factor, is -log p(x|z) but for constants.
    proper : tuple of float
    defect : str
        Code of the finding that this reading is, if it is one.
    how : str
        What is odd about it, in words.
    free : bool
        Whether the common factor is a matter of the model: a normal likelihood's fixed variance.
    whole : bool
        Whether it is the density of the decoder's own distribution, whose derivatives in its parameters are not known.
    """

    family: str
    elements: Elements
    proper: tuple[float, ...] = (1.0,)
    defect: str = ""
    how: str = ""
    free: bool = False
    whole: bool = False


def _bernoulli(x: Tensor, p: Tensor) -> Tensor:
    value: Tensor = -bernoulli.log_prob(x, p)
    return value


def _logits(x: Tensor, logits: Tensor) -> Tensor:
    value: Tensor = -bernoulli.log_prob_logits(x, logits)
    return value


def _normal(x: Tensor, loc: Tensor) -> Tensor:
    value: Tensor = -normal.log_prob(x, loc, torch.ones_like(loc))
    return value


def _laplace(x: Tensor, loc: Tensor) -> Tensor:
    value: Tensor = -laplace.log_prob(x, loc, torch.ones_like(loc))
    return value


def _continuous(x: Tensor, p: Tensor) -> Tensor:
    value: Tensor = -ContinuousBernoulli(probs=p, validate_args=False).log_prob(x)  # type: ignore[no-untyped-call]
    return value


def _continuous_logits(x: Tensor, logits: Tensor) -> Tensor:
    value: Tensor = -ContinuousBernoulli(logits=logits, validate_args=False).log_prob(x)  # type: ignore[no-untyped-call]
    return value


def _half(x: Tensor) -> Tensor:
    return (x + 1) / 2


def _of_loc(term: Callable[[Tensor, Tensor], Tensor], change: Callable[[Tensor], Tensor] | None = None) -> Elements:
    return lambda x, y: [term(x, change(y.loc) if change else y.loc)]


def _half_square(e: Tensor) -> Tensor:
    return 0.5 * e**2


def _log(scale: Tensor) -> Tensor:
    return scale.abs().log()


def _scaled(
    square: Callable[[Tensor], Tensor],
    name: str,
    change: Callable[[Tensor], Tensor] | None = None,
    of_scale: Callable[[Tensor], Tensor] = _log,
) -> Elements:
    def elements(x: Tensor, y: Heads) -> list[Tensor]:
        assert y.second is not None
        scale = READINGS[name](y.second).expand_as(y.loc)
        loc = change(y.loc) if change else y.loc
        return [square((x - loc) / scale), of_scale(scale)]

    return elements


def _softened(one: float, zero: float) -> Elements:
    return lambda x, y: [-(x * (y.loc + one).log() + (1 - x) * (1 - y.loc + zero).log())]


def _clipped(epsilon: float) -> Elements:
    return lambda x, y: [_bernoulli(x, y.loc.clamp(epsilon, 1 - epsilon))]


def candidates(probabilities: bool, paired: bool, data: Iterable[Tensor]) -> Iterator[Likelihood]:
    """The readings worth trying, the proper ones first.

    Parameters
    ----------
    probabilities : bool
        Whether the decoder's output is always in [0, 1].
    paired : bool
        Whether it has a second head.
    data : iterable of Tensor
        Batches of data.
    """
    values = torch.cat([x.flatten() for x in data])
    unit = bool((values >= 0).all() and (values <= 1).all())
    twice = "sigmoid-twice" if probabilities else ""
    logits = Likelihood(
        "bernoulli_logits", _of_loc(_logits), defect=twice, how="the loss takes logits, the decoder gives probabilities"
    )
    if probabilities:
        yield Likelihood("bernoulli", _of_loc(_bernoulli))
    if not twice:
        yield logits
    yield Likelihood(
        "normal",
        _of_loc(_normal),
        free=True,
        defect="scale-unused" if paired else "",
        how="the decoder's second output is not used",
    )
    if paired:
        for name in _SECONDS:
            yield Likelihood("normal", _scaled(_half_square, name), (1.0, 1.0), how=name)
            yield Likelihood("laplace", _scaled(torch.abs, name), (1.0, 1.0), how=name)
        for change, name in product((torch.sigmoid, torch.tanh), CLAIMABLE):  # which the loss applies itself
            yield Likelihood("normal", _scaled(_half_square, name, change), (1.0, 1.0), how=name)
        for name in CLAIMABLE:
            variance = _scaled(_half_square, name, of_scale=torch.square)
            yield Likelihood("normal", variance, (1.0, 0.5), defect="log-scale-missing", how=_NO_LOGARITHM)
    yield Likelihood("normal", _of_loc(_normal, torch.sigmoid), free=True)
    yield Likelihood("normal", _of_loc(_normal, torch.tanh), free=True)
    yield Likelihood("laplace", _of_loc(_laplace), free=True)
    yield Likelihood("laplace", _of_loc(_laplace, torch.sigmoid), free=True)
    if unit:
        yield Likelihood("continuous_bernoulli", _of_loc(_continuous if probabilities else _continuous_logits))
    if twice:
        yield logits
    else:
        sigmoid = _of_loc(_logits, torch.sigmoid)
        yield Likelihood(
            "bernoulli_logits", sigmoid, defect="sigmoid-twice", how="a sigmoid comes before a loss that takes logits"
        )
        for e in (1e-5, 1e-6, 1e-7, 1e-8, 1e-12):
            yield Likelihood(
                "bernoulli",
                _clipped(e),
                defect="sigmoid-missing",
                how="the decoder's output, which has no sigmoid, is clipped to [0, 1]",
            )
    for e in _EPSILONS if probabilities else ():
        yield Likelihood(
            "bernoulli", _clipped(e), defect="guard", how=f"probabilities are clipped to [{e:g}, {1 - e:g}]"
        )
        for pair in ((e, e), (e, 0.0), (0.0, e)):
            yield Likelihood("bernoulli", _softened(*pair), defect="guard", how=f"{e:g} is added inside a logarithm")
    if not unit and values.min() >= -1 and values.max() <= 1:
        yield Likelihood("bernoulli_logits", lambda x, y: [_logits(_half(x), y.loc)], how=_RESCALED)
        if probabilities:
            yield Likelihood("bernoulli", lambda x, y: [_bernoulli(_half(x), y.loc)], how=_RESCALED)


def of_counts(shape: tuple[int, ...], data: Sequence[Tensor], outputs: Sequence[Tensor]) -> Iterator[Likelihood]:
    """Cross entropies of counts, or of indicators of classes, along axes of the data; then those with half of a Bernoulli's.

    Parameters
    ----------
    shape : tuple of int
        Of one example.
    data, outputs : sequence of Tensor
        The data, none negative, and the decoder's locations at several points, each of shape (k, B, N).
    """
    whole = [y.sum(-1) for y in outputs]
    if all(
        torch.allclose(total, whole[0].flatten()[0].expand_as(total)) for total in whole
    ):  # of one block, or several
        yield Likelihood("categorical", lambda x, y: [-torch.xlogy(x, y.loc)])
        return
    for count in range(1, len(shape) + 1):
        for axes in combinations(range(-len(shape), 0), count):
            totals = [_unfolded(x, shape).sum(axes) for x in data]
            family = "categorical" if all(bool((t == 1).all()) for t in totals) else "multinomial"
            yield Likelihood(family, lambda x, y, a=axes: [-x * _log_softmax(y.loc, shape, a)])  # type: ignore[misc]
    if all(bool((x <= 1).all()) for x in data):
        yield from _halves(all(bool(((y >= 0) & (y <= 1)).all()) for y in outputs))


def _halves(probabilities: bool) -> Iterator[Likelihood]:
    """Binary cross entropies that lack one of their terms."""
    family = "bernoulli" if probabilities else "bernoulli_logits"
    for sign, lacking in ((1, "(1 - x) log(1 - p)"), (-1, "x log p")):
        how = f"the binary cross entropy lacks its term {lacking}"
        yield Likelihood(family, _one_sided(sign, probabilities), defect="reconstruction-term", how=how)


def _one_sided(sign: int, probabilities: bool) -> Elements:
    def elements(x: Tensor, y: Heads) -> list[Tensor]:
        x = x if sign > 0 else 1 - x
        if probabilities:
            return [-torch.xlogy(x, y.loc if sign > 0 else 1 - y.loc)]
        return [-x * logsigmoid(sign * y.loc)]

    return elements


def _log_softmax(y: Tensor, shape: tuple[int, ...], axes: tuple[int, ...]) -> Tensor:
    unfolded = _unfolded(y, shape)
    return (unfolded - unfolded.logsumexp(axes, keepdim=True)).flatten(-len(shape))


def _unfolded(values: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Of flat examples, (..., N), each in its shape."""
    return values.reshape(*values.shape[:-1], *shape)


def heads_at(observation: Observation, sampler: Sampler) -> Heads | None:
    """The decoder's heads at all codes, each of shape (k, B, N); None if its output has no known form."""
    parts = [heads_of(output) for output in observation.outputs]
    known = [p for p in parts if p is not None]
    if not known or len(known) < len(parts):
        return None
    size, count = len(observation.batch[0]), len(observation.code) // len(known)

    def rows(values: list[Tensor]) -> Tensor:
        return sampler.arranged(torch.cat([v.reshape(count, -1) for v in values]), size)

    seconds = [s for p in known if (s := p.second) is not None and expands(s, p.loc)]
    second = (
        rows([s.expand_as(p.loc) for s, p in zip(seconds, known, strict=True)]) if len(seconds) == len(known) else None
    )
    loc = rows([p.loc for p in known])
    if second is None and observation.scale is not None:
        second = observation.scale.expand_as(loc)
    densities = [_density(observation, sampler, output) for output in observation.outputs]
    found = [d for d in densities if d is not None]
    density = sampler.arranged(torch.cat(found), size) if 0 < len(found) == len(parts) and not count % size else None
    return Heads(loc, second, known[0].law, density)


def stated_variance(bench: Bench, seen: Sequence[Any]) -> float | None:
    """The variance of a normal distribution that the decoder itself gives, where it is one number at all points."""
    found: set[float] = set()
    for point in (view.observation.point for view in (seen[0], seen[-1])):
        for output in bench.observe(point).outputs:
            heads = heads_of(output)
            if not isinstance(output, Distribution) or heads is None or heads.law != "normal" or heads.second is None:
                return None
            found.update(heads.second.detach().square().flatten().tolist())
    return found.pop() if len(found) == 1 else None


def _density(observation: Observation, sampler: Sampler, output: Any) -> Tensor | None:
    """-log p(x|z) by a distribution that the decoder gives, a row for each code; None if it is none of the data."""
    if not isinstance(output, Distribution):
        return None
    x = _flat_data(observation)
    count = len(observation.code) // len(observation.outputs) // len(x)
    rows = x.expand(count, *x.shape) if sampler.sample_major else x.unsqueeze(1).expand(len(x), count, -1)
    heads = heads_of(output)
    shapes = [output.batch_shape + output.event_shape, heads.loc.shape if heads is not None else torch.Size()]
    shape = next((s for s in shapes if s.numel() == rows.numel()), None)
    if shape is None:
        return None
    try:
        log_prob: Tensor = output.log_prob(rows.reshape(shape))
    except (NotImplementedError, RuntimeError, TypeError, ValueError):  # the data are outside of its support
        return None
    return -log_prob.reshape(count * len(x), -1)


def data_of(observation: Observation, like: Heads) -> Tensor:
    """The data as (k, B, N), floating point unless it holds classes."""
    x = _flat_data(observation) if observation.target is None else observation.target
    return x.expand(like.loc.shape[0], *x.shape)


def _flat_data(observation: Observation) -> Tensor:
    x = by_row(observation.batch[0])
    return x.to(torch.get_default_dtype()) if x.dtype is torch.bool else x


def findings(spec: VAESpec, likelihood: Likelihood, seen: Sequence[Any]) -> Iterator[Finding]:
    """What is wrong, or odd, with the likelihood that explains the loss, given views of the loss."""
    family, values = likelihood.family, torch.cat([v.data.flatten() for v in seen])
    values = _half(values) if likelihood.how == _RESCALED else values
    outputs = torch.cat([v.output.loc.flatten() for v in seen])
    low, high = float(outputs.min()), float(outputs.max())
    if likelihood.defect:
        yield Finding(likelihood.defect, likelihood.how, f"the decoder's output lies in [{low:.3f}, {high:.3f}]")
    elif family == "bernoulli" and low >= 0.5 and high <= 0.7311:
        message = "the decoder ends in two sigmoids: no probability is below 1/2 or above 0.731"
        yield Finding("sigmoid-twice", message, f"the decoder's output lies in [{low:.4f}, {high:.4f}]")
    elif spec.likelihood not in (None, family):
        message = f"the loss is that of the likelihood {family}, the claim is {spec.likelihood}"
        yield Finding("likelihood-mismatch", message, f"the decoder's output lies in [{low:.3f}, {high:.3f}]")
    if family in ("bernoulli", "bernoulli_logits", "continuous_bernoulli"):
        least, most = float(values.min()), float(values.max())
        shown = f"the data lie in [{least:.4g}, {most:.4g}]"
        if least < 0 or most > 1:
            yield Finding("data-range", f"the data of a likelihood on [0, 1] ({family}) leave [0, 1]", shown)
        if family != "continuous_bernoulli" and bool(((values > 0) & (values < 1)).any()):
            share = float(((values > 0) & (values < 1)).double().mean())
            yield Finding("grey-values", f"grey values under a Bernoulli likelihood: {share:.0%} of the pixels", shown)
