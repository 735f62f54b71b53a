"""Losses that no combination of whole terms reproduces, part by part: clamps and guards, masks, weights of single latents.

The loss is differentiated in the decoder's output and in the heads, element by element. Where some elements follow a
known term and all others have derivative zero, or the opposite one, a clamp or an absolute value acts on them. Elements
that the batch alone leaves out, whatever the parameters (a mask, padding, missing values), belong to the model and are
no defect. What is known of both parts is an explanation like that of a whole loss, but for its constant.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from vae_min.audit import derivative, reduction, stuck, weight
from vae_min.audit.bench import Bench, Point
from vae_min.audit.divergence import Divergence, candidates
from vae_min.audit.explanation import Explanation, View, finite_view, likelihoods_of
from vae_min.audit.finding import KINDS, Finding
from vae_min.audit.gradient import CUT
from vae_min.audit.least_squares import Vector
from vae_min.audit.likelihood import Likelihood
from vae_min.audit.sampler import Sampler
from vae_min.audit.share import Share, by_column, chosen_by_batch, regress, share

_COUNT = 8
_PLACES = ((1.0, 1.0), (2.0, 1.0), (4.0, 1.0), (1.0, 0.03))  # spread and factor; the last: almost no divergence
_FARTHER = (4.0, 2.0)  # spreads
_TURNS, _TURNS_OF_LARGE = 9, 3  # of other parameters for each batch
_EXACT = 1e-6
_PROPER = np.array([0.5, 0.5, -0.5, 0.0, 0.0])  # of the columns of a standard divergence

_UNKNOWN = Likelihood("unknown", lambda x, y: [])


@dataclass
class Part:
    """What is known of one of the two terms: its reading and coefficients, and how it departs from the whole term."""

    reading: Likelihood | Divergence | None = None
    coefficients: Vector = field(default_factory=lambda: np.zeros(0))
    cut: Share | None = None
    weights: Tensor | None = None  # one for each latent, or each pixel
    masked: bool = False
    detached: str = ""  # what of the code the gradient does not reach
    sampled: bool = False  # of the divergence: log q(z|x) at the draw is that of a normal q
    rows: Tensor | None = None  # one weight for each example
    everywhere: bool = True  # but for what is cut, at the points far off as well


@dataclass(frozen=True)
class Parts:
    """Both terms, as the derivatives show them."""

    reconstruction: Part
    divergence: Part

    @property
    def explanation(self) -> Explanation | None:
        """Both terms with their coefficients, if these are known; its constant is not."""
        likelihood, divergence = self.reconstruction.reading, self.divergence.reading
        if not isinstance(likelihood, Likelihood) or not isinstance(divergence, Divergence):
            return None
        return Explanation(
            likelihood, divergence, self.reconstruction.coefficients, self.divergence.coefficients, math.nan, 0.0
        )

    @property
    def is_normal(self) -> bool:
        """Whether the regularising term is one of a normal posterior, if wrong."""
        d = self.divergence
        return d.sampled or d.reading is not None or d.cut is not None or d.weights is not None or d.rows is not None

    def reason(self, prior_given: bool) -> str:
        """Why the whole is no explanation; what may help depends on whether a prior is declared."""
        r, d = self.reconstruction, self.divergence
        if r.weights is not None:
            return f"pixels have weights of their own, from {r.weights.min():.4g} to {r.weights.max():.4g}"
        if r.rows is not None or d.rows is not None:
            return "examples of the batch have weights of their own"
        if r.masked or d.masked:
            left = "pixels" if r.masked else "latents"
            return f"the batch chooses which {left} count: audit one that leaves out none"
        if r.reading is None:
            known = "the KL divergence is known, " if d.reading else ""
            give = "if it is the density of another distribution, return that from VAESpec(decode=...)"
            return f"{known}the reconstruction is no known likelihood of the decoder's output: {give}"
        if d.reading is None and d.weights is None:
            undeclared = "if the prior is not standard normal, declare VAESpec(prior=...)"
            give = "is the prior in the loss that of VAESpec(prior=...)?" if prior_given else undeclared
            return f"the reconstruction is known, the regularising term is no known divergence of the encoder's heads: {give}"
        return "both terms are known, and the loss holds something beside them"


def explain(bench: Bench, sampler: Sampler, points: Sequence[Point]) -> Parts | None:
    """Explain both terms by their derivatives at points near and far; None if the loss is not finite at one near."""
    points = points[: _COUNT : 2 if bench.is_large else 1]
    near, *beyond = (
        [finite_view(bench, sampler, replace(p, spread=spread * p.spread, factor=factor), apart=True) for p in points]
        for spread, factor in _PLACES
    )
    first = [v for v in near if v is not None]
    if not first or len(first) < len(near):
        return None
    wider, far, small = ([v for v in views if v is not None] for views in beyond)
    farther = _Farther(bench, sampler, points)
    not_far = [*first, *wider]
    reconstruction = _reconstruction(bench, [*not_far, *(v for v in far if not _saturates(v))], len(first), farther)
    # where the reconstruction moves, its gradient through the code does
    divergence = _divergence(bench, sampler, [*not_far, *far, *small, *farther.found], len(first), farther)
    if not divergence.detached and _is_cut_at_code([*first, *farther.found]):
        divergence.detached = "code"
    return Parts(reconstruction, divergence)


def _is_cut_at_code(views: Sequence[View]) -> bool:
    """Whether the gradient does not pass through the code where the reconstruction moves."""
    single = (v for v in views if len(v.observation.codes) == 1)
    moving = next((v for v in single if (d := derivative.of_output(v)) is not None and bool(d.any())), None)
    return moving is not None and not bool(derivative.of_code(moving).any())


class _Farther:
    """More points far off, of the same batches, for a part which has no derivative at all at those that were looked at."""

    def __init__(self, bench: Bench, sampler: Sampler, points: Sequence[Point]) -> None:
        self.bench, self.sampler, self.found = bench, sampler, list[View]()
        self.points = [
            replace(p, parameters=p.parameters + 1000 * turn, spread=spread * p.spread)
            for turn in range(1, _TURNS_OF_LARGE if bench.is_large else _TURNS)
            for p in points
            for spread in _FARTHER
        ]

    def moving(self, views: Sequence[View], own: Callable[[View], Tensor | None]) -> list[View]:
        """The views, followed by those at which the derivatives ``own`` are not all 0, if they are at all given.

        It ends with enough of them: a clamp may leave a part alone where few models are.
        """
        if any(_moves(own(v)) for v in views):
            return list(views)
        found = list[View]()
        for point in self.points:
            view = finite_view(self.bench, self.sampler, point, apart=True)
            if view is not None and _moves(own(view)):
                found.append(view)
            if len(found) == _COUNT:
                break
        self.found += found
        return [*views[:_COUNT], *found] if found else list(views)


def _moves(derivatives: Tensor | None) -> bool:
    return derivatives is not None and bool((derivatives.nan_to_num().abs() > _EXACT).any())


def _saturates(view: View) -> bool:
    """Whether the decoder gives probabilities: of those far off rounding leaves 0 and 1, as a guard would."""
    return bool(((view.output.loc >= 0) & (view.output.loc <= 1)).all())


def _reconstruction(bench: Bench, views: Sequence[View], near: int, farther: _Farther) -> Part:
    views = farther.moving(views, derivative.of_output)
    seen = [derivative.of_output(v) for v in views]
    own = [d for d in seen if d is not None]
    if len(own) < len(views):
        return Part()
    likelihoods = [c for c in likelihoods_of(bench, views) if not c.whole]
    for likelihood in likelihoods:
        terms = [derivative.of_elements(v, likelihood)[:, : len(own[0])] for v in views[:near]]
        coefficients = regress(own[:near], terms)
        if coefficients is not None and bool((coefficients != 0).all()):
            far = [derivative.of_elements(v, likelihood)[:, : len(own[0])] for v in views[near:]]
            return _beyond(Part(likelihood, coefficients), own, [*terms, *far])
    return _cut_reconstruction(likelihoods, own, views)


def _beyond(part: Part, own: list[Tensor], terms: list[Tensor]) -> Part:
    """The part, said to be cut if a clamp or absolute value acts at points beyond those that explain it."""
    coefficients = torch.from_numpy(part.coefficients).to(terms[0])
    whole = [torch.tensordot(coefficients, t, 1) for t in terms]
    s = share(*(torch.cat([d.flatten() for d in parts]) for parts in (own, whole)))
    part.everywhere = s.partial or s.follow == 1
    if s.partial:
        part.cut = s
        part.coefficients = part.coefficients * (np.sign(part.coefficients[0]) if s.opposite else 1.0)
    return part


def _cut_reconstruction(likelihoods: Sequence[Likelihood], own: list[Tensor], views: Sequence[View]) -> Part:
    found = Part()
    for likelihood in (c for c in likelihoods if c.defect not in ("guard", "reconstruction-term")):  # as if cut off
        proper = torch.tensor(likelihood.proper, dtype=own[0].dtype)
        terms = [torch.einsum("t,thn->hn", proper, derivative.of_elements(v, likelihood))[: len(own[0])] for v in views]
        weights = by_column(*_by_pixel(own, terms, views))
        if weights is not None and _are_alike(weights):
            if weights[0]:
                return Part(likelihood, _with_scale(likelihood, float(weights[0]), views))
        elif weights is not None:
            return Part(weights=weights)
        rows = by_column(*_by_example(own, terms, views))
        if rows is not None and not _are_alike(rows):
            return Part(rows=rows)
        s = share(torch.cat(own, 1).flatten(), torch.cat(terms, 1).flatten())
        if s.partial and chosen_by_batch(own, terms, _rows(views)):
            return Part(masked=True)
        kept = np.array(likelihood.proper)
        if len(kept) == 2 and not s.partial:  # or without the logarithm of the scale
            kept = np.array([kept[0], 0.0])
            errors = [kept[0] * derivative.of_elements(v, likelihood)[0, : len(own[0])] for v in views]
            s = share(torch.cat(own, 1).flatten(), torch.cat(errors, 1).flatten())
        if s.partial and (found.cut is None or s.follow > found.cut.follow):
            found = Part(likelihood, s.weight * kept, s)
    return found


def _with_scale(likelihood: Likelihood, weight: float, views: Sequence[View]) -> Vector:
    """The coefficients of a likelihood whose errors have this weight; a scale that pixels share tells that of its logarithm."""
    proper = weight * np.array(likelihood.proper)
    seen = [derivative.of_shared_scale(v, likelihood) for v in views] if len(proper) == 2 else []
    known = [s for s in seen if s is not None]
    if not known:
        return proper
    left = torch.stack([own - weight * terms[0] for own, terms in known])
    by_logarithm = torch.stack([terms[1] for _, terms in known])
    found = float((left * by_logarithm).sum() / by_logarithm.square().sum())
    fits = torch.allclose(left, found * by_logarithm, rtol=_EXACT, atol=_EXACT * float(by_logarithm.abs().max()))
    return np.array([weight, found]) if fits else proper


def _by_pixel(own: list[Tensor], terms: list[Tensor], views: Sequence[View]) -> tuple[Tensor, Tensor]:
    """Derivatives in the decoder's location, a row for each example."""
    pixels = views[0].output.loc.shape[-1]
    return torch.cat([d[0] for d in own]).reshape(-1, pixels), torch.cat([t[0] for t in terms]).reshape(-1, pixels)


def _by_example(own: list[Tensor], terms: list[Tensor], views: Sequence[View]) -> tuple[Tensor, Tensor]:
    """The same, a column for each example of the batch."""
    derivatives, whole = _by_pixel(own, terms, views)
    examples, pixels = len(views[0].observation.batch[0]), derivatives.shape[1]
    by_place = (t.reshape(-1, examples, pixels).movedim(1, -1).flatten(0, 1) for t in (derivatives, whole))
    return next(by_place), next(by_place)


def _are_alike(weights: Tensor) -> bool:
    return torch.allclose(weights, weights[0].expand_as(weights), rtol=_EXACT, atol=0)


def _divergence(bench: Bench, sampler: Sampler, given: Sequence[View], near: int, farther: _Farther) -> Part:
    """With what of the code the gradient does not reach, if that explains points far off as well, or nothing else does."""
    found, tried = list[Part](), Part()
    for cut in ("", "scale", "loc") if not bench.general else ():
        views = farther.moving(given, partial(derivative.of_heads, sampler, cut=cut))
        seen = [derivative.of_heads(sampler, v, cut) for v in views]
        own = [d for d in seen if d is not None]
        if len(own) < len(views) or not all(bool(d.isfinite().any()) for d in own[:near]):
            return Part()
        tried = replace(_read_divergence(sampler, own, views, near), detached=cut)
        if tried.reading is not None or tried.masked or tried.weights is not None or tried.rows is not None:
            found.append(tried)
            if tried.everywhere:
                break
    return next((part for part in found if part.everywhere), (*found, tried)[0])


def _read_divergence(sampler: Sampler, given: list[Tensor], views: Sequence[View], near: int) -> Part:
    readings, sampled = list(candidates(sampler.names, sampler.noisy, general=False)), False
    if sampler.noisy and not sampler.names:  # the code's scale is then a number, of no known derivatives
        readings = [d for d in readings if not d.own]
    for divergence in readings:
        own, terms = _told(given[:near], [derivative.of_columns(sampler, v, divergence) for v in views[:near]])
        coefficients = regress(own, terms)
        if coefficients is None or (not coefficients.any() and any(map(_moves, given))):
            continue  # it may be that a clamp cuts all off nearby
        if not _sampled(divergence, coefficients):
            far = _told(given[near:], [derivative.of_columns(sampler, v, divergence) for v in views[near:]])
            return _beyond(Part(divergence, coefficients), [*own, *far[0]], [*terms, *far[1]])
        sampled = True
    return replace(
        _cut_divergence([d for d in readings if d.form == "standard"], given, views, sampler), sampled=sampled
    )


def _told(own: Sequence[Tensor], terms: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
    """Derivatives of the loss (2, B, D) and of terms (..., 2, B, D), both 0 where the former are no numbers, which tells nothing."""
    known = [d.isfinite() for d in own]
    return (
        [torch.where(k, d, 0.0) for d, k in zip(own, known, strict=True)],
        [torch.where(k, t, 0.0) for t, k in zip(terms, known, strict=True)],
    )


def _sampled(divergence: Divergence, coefficients: Vector) -> bool:
    """Whether the divergence is estimated at the code: derivatives at a held code do not show log p(z)."""
    return divergence.form in ("standard", "loose") and len(coefficients) > 3 and abs(coefficients[-1]) > _EXACT


def _cut_divergence(
    readings: Sequence[Divergence], given: list[Tensor], views: Sequence[View], sampler: Sampler
) -> Part:
    found = Part()
    for divergence in readings:
        proper = torch.tensor(_PROPER[: 5 if sampler.noisy else 3], dtype=given[0].dtype)
        terms = [torch.einsum("c,chbd->hbd", proper, derivative.of_columns(sampler, v, divergence)) for v in views]
        own, terms = _told(given, terms)
        derivatives, both = torch.stack(own, 1), torch.stack(terms, 1)
        weights = _by_latent(derivatives, both)
        if weights is not None:
            return Part(weights=weights)
        rows = by_column(*(t.movedim(2, -1).flatten(0, 2) for t in (derivatives, both)))
        if rows is not None:
            return Part(rows=rows)
        s = share(derivatives.flatten(), both.flatten())
        if s.partial and chosen_by_batch(own, terms, _rows(views)):
            return Part(masked=True)
        if s.partial and (found.cut is None or s.follow > found.cut.follow):
            found = Part(divergence, abs(s.weight) * proper.numpy() if s.opposite else s.weight * proper.numpy(), s)
    if found.cut is None:
        s = share(derivatives[0].flatten(), both[0].flatten())
        found.cut = (
            s if s.partial and not chosen_by_batch([d[0] for d in own], [t[0] for t in terms], _rows(views)) else None
        )
    return found


def _by_latent(derivatives: Tensor, terms: Tensor) -> Tensor | None:
    """The weight of each latent's divergence, from derivatives in both heads, (2, points, B, D)."""
    loc, second = (by_column(d.flatten(0, 1), t.flatten(0, 1)) for d, t in zip(derivatives, terms, strict=True))
    if loc is None or second is None or not torch.allclose(loc, second, rtol=1e-5, atol=0):
        return None
    return loc


# --- findings ---


def findings(bench: Bench, sampler: Sampler, found: Parts, points: Sequence[Point]) -> Iterator[Finding]:
    """Guards of the reconstruction and clamps of the divergence, what else is wrong with both terms, weights of latents."""
    r, d = found.reconstruction, found.divergence
    if r.cut is not None and isinstance(r.reading, Likelihood):
        yield Finding(
            "guard", f"a clamp or guard cuts the {r.reading.family} likelihood off for some pixels", str(r.cut)
        )
    if d.reading is not None and (r.cut or d.cut) and d.detached:
        shown = "the other derivatives in the heads are those of the KL divergence alone"
        yield Finding("gradient-cut", f"the gradient does not pass through the sampler: {CUT[d.detached]}", shown)
    if d.cut is not None:
        message = "the KL divergence is clamped, or its absolute value taken, for some latents"
        yield Finding("kl-clamped", message, str(d.cut))
    for part, code, what in ((r, "reconstruction-batch", "reconstruction"), (d, "kl-term", "KL divergence")):
        if part.rows is not None:
            yield _of_examples(code, what, part.rows)
    if d.weights is not None and r.reading is not None:
        yield from _of_latents(d.weights / float(r.coefficients[0]))
    e = found.explanation
    if e is None and d.cut is None:
        yield from _of_reading(sampler, d)
    if e is None or (r.cut is None and d.cut is None):
        return
    yield from weight.of_terms(e, sampler)

    def refitted(size: int = points[0].size) -> Explanation | None:
        other = explain(bench, sampler, [replace(p, size=size) for p in points[:_COUNT]])
        return None if other is None else other.explanation

    def of_reduction(first: Explanation) -> list[Finding]:
        sizes = (2, 3) if bench.is_large else (2, points[0].size, 8)
        others = {size: refitted(size) for size in sizes if size != points[0].size}
        by_size = {points[0].size: first} | {size: o for size, o in others.items() if o is not None}
        return list(reduction.findings(bench.spec, by_size, bench.code_shape))

    yield from stuck.named(bench, e, of_reduction(e), refitted, lambda: of_reduction(refitted() or e))


def _of_reading(sampler: Sampler, part: Part) -> Iterator[Finding]:
    """A KL divergence of another scale than the code's: its derivatives in the heads tell, whatever the reconstruction is."""
    if not isinstance(part.reading, Divergence):
        return
    e = Explanation(_UNKNOWN, part.reading, np.ones(1), part.coefficients, math.nan, 0.0)
    whole = weight.kl_weight(e)
    if whole:
        yield from weight.of_reading(replace(e, reconstruction=np.array([abs(whole)])), sampler)


def _of_latents(weights: Tensor) -> Iterator[Finding]:
    shown = "weights of the latents relative to the reconstruction: " + ", ".join(f"{w:.4g}" for w in weights[:8])
    if bool((weights > 0).all()):
        message = "latents have different weights in the KL divergence, which nobody declared"
        yield Finding("kl-weight", message, shown)
    else:
        yield Finding("kl-term", "some latents are not in the KL divergence, or have the wrong sign there", shown)


def _of_examples(code: str, what: str, weights: Tensor) -> Finding:
    some = weights.abs() > _EXACT * weights.abs().max()
    message = f"the {what} is weighted by the example's place in the batch"
    if not bool(some.all()):
        message = f"the {what} of {int(some.sum())} of {len(weights)} examples of the batch is in the loss, not of all"
    shown = "weights of the examples: " + ", ".join(f"{w:.4g}" for w in weights[:8])
    return Finding(code, message, shown, remedy=KINDS["kl-batch-sum"].remedy)


def _rows(views: Iterable[View]) -> list[int]:
    return [v.observation.point.rows for v in views]
