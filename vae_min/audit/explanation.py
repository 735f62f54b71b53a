"""The loss as a combination of terms: which likelihood and which divergence, with which coefficients, reproduce it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from vae_min.audit.bench import Bench, Observation, Point
from vae_min.audit.classes import categoricals
from vae_min.audit.divergence import Divergence, Latent
from vae_min.audit.divergence import candidates as divergences
from vae_min.audit.head import Heads
from vae_min.audit.least_squares import Fitted, Vector, fit, least_residual, still
from vae_min.audit.likelihood import Likelihood, data_of, heads_at, of_counts
from vae_min.audit.likelihood import candidates as likelihoods
from vae_min.audit.noise import constant, seeded
from vae_min.audit.sampler import Sampler
from vae_min.audit.spec import AuditError

_POINTS, _POINTS_OF_LARGE, TOLERANCE = 48, 24, 1e-3
_SIZE, _SIZE_OF_LARGE = 4, 3  # not 2: of a sum over two, a lost or spurious factor of 2 would look like a mean
_STRICT = 1e-6
_DOUBTFUL = 10.0  # times what is allowed: beyond the roundings of a quick look
_SPREADS = (1.0, 0.5, 1.5)


@dataclass(frozen=True, eq=False)
class View:
    """An observation, arranged: the loss, decoder's heads and data (k, B, N), latents."""

    observation: Observation
    loss: float
    data: Tensor
    output: Heads
    latent: Latent


@dataclass(frozen=True, eq=False)
class Explanation:
    """loss = sum of ``reconstruction`` times the likelihood's terms + ``kl`` times the divergence's + constant.

    Terms are sums over pixels and latents, means over codes and examples. ``residual`` is the largest that is left, in
    units of what varies.
    """

    likelihood: Likelihood
    divergence: Divergence
    reconstruction: Vector
    kl: Vector
    constant: float
    residual: float


def views(
    bench: Bench, sampler: Sampler, size: int = 0, count: int = 0, patience: int = 4, alike: bool = False
) -> list[View]:
    """The loss at generic points, arranged; those where it is not finite or raises are left out.

    Without a ``count`` there are as many as explain a loss, and without a ``size`` the batch is one that costs little. It
    ends where more than so many points were tried for each that was found. For ``alike`` see `Point`.
    """
    found: list[View] = []
    sharing, enough = (4, _POINTS_OF_LARGE) if bench.is_large else (1, _POINTS)
    count, size = count or enough, size or (_SIZE_OF_LARGE if bench.is_large else _SIZE)
    for seed in range(1, patience * count):
        parameters = 1 + (seed - 1) // sharing
        point = Point(parameters, 1000 + seed, size, seeded(seed), spread=_SPREADS[parameters % 3], alike=alike)
        try:
            view = view_of(bench, sampler, point)
        except AuditError:
            continue
        if view is not None and np.isfinite(view.loss):
            found.append(view)
        if len(found) == count or seed > patience * max(6, len(found)):
            break
    return found


def view_of(bench: Bench, sampler: Sampler, point: Point, graph: bool = False, apart: bool = False) -> View | None:
    """The loss at a point, arranged; None if the code is not found or the decoder's output has no known form.

    With its ``graph``, or ``apart`` with that of the loss alone, of which there are derivatives in heads and outputs.
    """
    graph = graph or apart
    with torch.set_grad_enabled(graph):
        o = bench.observe(point, apart)
        output = heads_at(o, sampler) if o.codes else None
        if output is None:
            return None
        code = sampler.arranged(o.code, len(o.batch[0]))
        prior = bench.prior(point, o.batch[1:])
        if isinstance(prior, tuple):
            prior = tuple(_frozen(p, graph) for p in prior)
        slim = o if graph else replace(o, trace=None, outputs=[], draws=[])  # type: ignore[arg-type]
        return View(
            slim,
            float(o.loss.detach()),
            data_of(o, output),
            output,
            Latent(o.heads, code, measured(bench, sampler, o), prior),
        )


def finite_view(bench: Bench, sampler: Sampler, point: Point, apart: bool = False) -> View | None:
    """That view; None, too, where the loss is not finite or the model fails, as it may so far from its parameters."""
    try:
        view = view_of(bench, sampler, point, apart=apart)
    except AuditError:
        return None
    return view if view is not None and np.isfinite(view.loss) else None


def measured(bench: Bench, sampler: Sampler, o: Observation) -> Tensor | None:
    """The scale of the code: by the sampler's reading if it has one, else as the code moves with the noise."""
    if not sampler.noisy:
        return None
    if sampler.names:
        return sampler.scale(o.heads)
    still, moved = (bench.observe(replace(o.point, noise=constant(v))).code for v in (0.0, 1.0))
    return sampler.arranged(moved - still, len(o.batch[0]))[0]


def _frozen(value: object, graph: bool) -> object:
    return value.detach().clone() if isinstance(value, Tensor) and not graph else value


class Regularisers:
    """The columns of each divergence at some views, and what a reconstruction beside them leaves; computed once.

    A scale of the decoder leaves them as they are.
    """

    def __init__(self, bench: Bench, sampler: Sampler, seen: Sequence[View]) -> None:
        self.loss = np.array([v.loss for v in seen])
        self._known = list[tuple[Divergence, Vector, Callable[[Vector], float]]]()
        self._rest = self._computed(divergences(sampler.names, sampler.noisy, bench.general), seen)

    def __iter__(self) -> Iterator[tuple[Divergence, Vector, Callable[[Vector], float]]]:
        yield from self._known
        for found in self._rest:
            self._known.append(found)
            yield found

    def _computed(
        self, several: Iterable[Divergence], seen: Sequence[View]
    ) -> Iterator[tuple[Divergence, Vector, Callable[[Vector], float]]]:
        for divergence in several:
            columns = matrix([_means(divergence.columns(v.latent)) for v in seen])
            if columns is not None:
                yield divergence, columns, least_residual(self.loss, columns)


def explain(
    bench: Bench, sampler: Sampler, seen: Sequence[View], strict: bool = False, unscaled: Regularisers | None = None
) -> Explanation | None:
    """The first reading, in order of plausibility, that reproduces the loss at all points; None if none does.

    With ``strict``, to rounding alone. What is known of the same views ``unscaled`` says that these have what may be the
    decoder's scale: then the likelihoods that have one are tried, since all others were.
    """

    @cache
    def values(likelihood: Likelihood) -> Vector | None:
        return matrix([_sums(likelihood.elements(v.data, v.output)) for v in seen])

    with torch.no_grad():
        regularisers = Regularisers(bench, sampler, seen) if unscaled is None else unscaled
        likelihoods = [c for c in likelihoods_of(bench, seen) if len(c.proper) > 1 or unscaled is None]
        if still((loss := regularisers.loss)[:, None]).all():
            return None  # rounding alone is left to explain
        usual = _usual(loss)
        for divergence, regulariser, at_least in regularisers:
            for likelihood in likelihoods:
                reconstruction = values(likelihood)
                if reconstruction is None or at_least(reconstruction) > _DOUBTFUL * TOLERANCE:
                    continue
                fitted = fit(loss, reconstruction, regulariser)
                innocent = not likelihood.defect and divergence.own and divergence.form in ("standard", "sampled")
                moved = (reconstruction @ fitted[0]).std() > _STRICT * usual
                if fitted[-1] < tolerance(bench, innocent and not strict) and moved:
                    return _explained(likelihood, divergence, reconstruction, regulariser, fitted)
    return None


def with_scale(seen: Sequence[View]) -> Iterator[tuple[int, list[View]]]:
    """The views with each number that depends on the parameters alone as the decoder's second head, and its index."""
    for index in range(min(len(v.observation.scales) for v in seen)):
        scales = [v.observation.scales[index] for v in seen]
        pairs = zip(seen, scales, strict=True)
        yield index, [replace(v, output=replace(v.output, second=s.expand_as(v.output.loc))) for v, s in pairs]


def with_target(seen: Sequence[View]) -> Iterator[tuple[int, list[View]]]:
    """The views with each thing that is computed from the data alone, and is not the data, in their place; its index."""
    for index in range(min(len(v.observation.targets) for v in seen)):
        changed = [replace(v, data=v.observation.targets[index].expand_as(v.data)) for v in seen]
        if not all(torch.equal(v.data.to(c.data), c.data) for v, c in zip(seen, changed, strict=True)):
            yield index, changed


def closest(bench: Bench, sampler: Sampler, seen: Sequence[View]) -> Explanation | None:
    """Of all likelihoods with the sampler's own reading of the divergence, the one that leaves least of the loss."""
    divergence = next(divergences(sampler.names, sampler.noisy, bench.general))
    found = []
    with torch.no_grad():
        loss = np.array([v.loss for v in seen])
        regulariser = matrix([_means(divergence.columns(v.latent)) for v in seen])
        for c in likelihoods_of(bench, seen):
            terms = matrix([_sums(c.elements(v.data, v.output)) for v in seen])
            if terms is not None and regulariser is not None:
                found.append(Explanation(c, divergence, *fit(loss, terms, regulariser)))
    return min(found, key=lambda e: e.residual, default=None)


class Rest(NamedTuple):
    """A loss as a divergence and a constant alone; ``residual`` is what they leave, in units of what varies."""

    kl: Vector
    constant: float
    residual: float


def without_reconstruction(bench: Bench, sampler: Sampler, seen: Sequence[View]) -> Rest | None:
    """The loss by the divergence alone, in the reading that leaves least of it; None where it cannot be told."""
    loss = np.array([v.loss for v in seen])
    found = list[Rest]()
    for divergence in divergences(sampler.names, sampler.noisy, bench.general):
        if divergence.form not in ("standard", "sampled"):
            continue
        with torch.no_grad():
            regulariser = matrix([_means(divergence.columns(v.latent)) for v in seen])
        if regulariser is not None:
            _, coefficients, constant, _ = fit(loss, np.zeros((len(loss), 1)), regulariser)
            residual = np.abs(regulariser @ coefficients + constant - loss).max() / max(_usual(loss), 1e-300)
            found.append(Rest(coefficients, constant, float(residual)))
    return min(found, key=lambda rest: rest.residual, default=None)


def _usual(loss: Vector) -> float:
    """How far a loss is from the others; a prior of almost no scale gives single ones of any size."""
    return float(np.median(np.abs(loss - np.median(loss))))


def tolerance(bench: Bench, innocent: bool) -> float:
    """How well a reading must reproduce the loss: one that accuses may not owe its place to a rounding guard."""
    return TOLERANCE if innocent or not bench.double else _STRICT


def refit(explanation: Explanation, seen: Sequence[View]) -> Explanation | None:
    """The same reading with coefficients from other points; None if its terms are not finite there."""
    with torch.no_grad():
        loss = np.array([v.loss for v in seen])
        reconstruction = matrix([_sums(explanation.likelihood.elements(v.data, v.output)) for v in seen])
        regulariser = matrix([_means(explanation.divergence.columns(v.latent)) for v in seen])
    if reconstruction is None or regulariser is None:
        return None
    fitted = fit(loss, reconstruction, regulariser)
    return _explained(explanation.likelihood, explanation.divergence, reconstruction, regulariser, fitted)


def _explained(
    likelihood: Likelihood, divergence: Divergence, reconstruction: Vector, regulariser: Vector, fitted: Fitted
) -> Explanation:
    """An explanation from a fit; terms that never move get the coefficients of a density, or of a divergence."""
    terms, c, constant, residual = fitted
    if len(terms) > 1 and still(reconstruction[:, 1:]).all():  # the logarithm of a scale that is fixed
        constant += float((terms[1:] - terms[0]) @ reconstruction[0, 1:])
        terms = terms[0] * np.array(likelihood.proper)
    if divergence.form == "standard" and divergence.own and still(regulariser[:, 1:3]).all():
        whole = c[0] + (c[3] if len(c) > 3 else 0.0)
        proper = np.array([c[0], -whole])
        constant += float((c[1:3] - proper) @ regulariser[0, 1:3])
        c = np.concatenate([c[:1], proper, c[3:]])
    sampled = divergence.own and (divergence.form == "sampled" or (divergence.form == "standard" and len(c) > 3))
    if sampled and still(regulariser[:, -1:]).all():  # noise of one modulus: its square belongs to log q(z|x)
        constant += float((c[-1] + c[-2]) * regulariser[0, -1])
        c = np.concatenate([c[:-1], -c[-2:-1]])
    return Explanation(likelihood, divergence, terms, c, constant, residual)


def terms(explanation: Explanation, view: View) -> tuple[Tensor, Tensor]:
    """The two parts of the explained loss at a point, with their graph."""
    elements = [e.sum(-1).mean() for e in explanation.likelihood.elements(view.data, view.output)]
    columns = [c.mean() for c in explanation.divergence.columns(view.latent)]
    return _combined(explanation.reconstruction, elements), _combined(explanation.kl, columns)


def costs(explanation: Explanation, view: View) -> Tensor:
    """What each code adds to the explained loss, but for what does not depend on it, shape (k, B)."""
    elements = explanation.likelihood.elements(view.data, view.output)
    parts = [float(c) * t.sum(-1) for c, t in zip(explanation.reconstruction, elements, strict=True)]
    columns = zip(explanation.kl, explanation.divergence.columns(view.latent), strict=True)
    return torch.stack([*parts, *(float(c) * t for c, t in columns if t.ndim == 2)]).sum(0)


def values_of(explanation: Explanation, view: View) -> tuple[Vector, Vector]:
    """The values at a point of the terms whose coefficients the explanation has."""
    elements = _sums(explanation.likelihood.elements(view.data, view.output))
    return np.array(elements), np.array(_means(explanation.divergence.columns(view.latent)))


def _combined(coefficients: Vector, values: list[Tensor]) -> Tensor:
    return torch.stack([float(c) * v for c, v in zip(coefficients, values, strict=True)]).sum()


def likelihoods_of(bench: Bench, seen: Sequence[View]) -> list[Likelihood]:
    shape = tuple(bench.spec.tensors[0].shape[1:])
    width, pixels = seen[0].output.loc.shape[-1], seen[0].data.shape[-1]
    outputs, known = [v.output.loc for v in seen], all(v.output.density is not None for v in seen)
    own = [Likelihood(seen[0].output.law, lambda x, y: [y.density], whole=True)] if known else []  # type: ignore[list-item]
    if width != pixels:
        return [*own, *(categoricals(bench.spec.tensors[0], outputs) if width % pixels == 0 else ())]
    data = [v.data for v in seen]
    probabilities = all(bool(((y >= 0) & (y <= 1)).all()) for y in outputs)
    counts = of_counts(shape, data, outputs) if all(bool((x >= 0).all()) for x in data) else ()
    return [*likelihoods(probabilities, _is_paired(seen), data), *own, *counts]


def _is_paired(seen: Sequence[View]) -> bool:
    """Whether the decoder has a second head: a number that is the same everywhere is a fixed scale."""
    seconds = [s for v in seen if (s := v.output.second) is not None]
    return len(seconds) == len(seen) and not all(bool((s == seconds[0].flatten()[0]).all()) for s in seconds)


def _sums(elements: list[Tensor]) -> list[float]:
    return [float(e.sum(-1).mean()) for e in elements]


def _means(columns: list[Tensor]) -> list[float]:
    return [float(c.mean()) for c in columns]


def matrix(rows: Iterable[list[float]]) -> Vector | None:
    """Rows as an array; None if any number is not finite."""
    array = np.array(list(rows), dtype=np.float64)
    return array if np.isfinite(array).all() else None
