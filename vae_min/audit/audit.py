"""The audit: sampler, value, weights, gradient, evaluation mode and log, one after the other, and the verdict."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

import torch

from vae_min.audit import (
    amount,
    explanation,
    gradient,
    head_range,
    importance,
    likelihood,
    partial,
    reach,
    reduction,
    reported,
    sampler,
    stuck,
    weight,
)
from vae_min.audit.bench import Bench, Point
from vae_min.audit.effective import Audit, Effective, Verdict
from vae_min.audit.explanation import Explanation, View
from vae_min.audit.finding import Finding
from vae_min.audit.likelihood import Likelihood
from vae_min.audit.sampler import Sampler
from vae_min.audit.spec import VAESpec

_WEIGHT_CODES = frozenset({"kl-weight", "kl-weight-stuck"})
_OF_AVERAGED = {
    "kl-term": ("weights-term", "lack a term or hold one with another weight"),
    "kl-sign": ("weights-sign", "have the wrong sign, or one of their terms has"),
}
_ENOUGH = 20
_SCALES = 8  # of single numbers; gates and slopes of a network may be many
_NOTHING = "no explanation was tried"
_UNTRIED = "change what the message names, or declare more in the VAESpec"
_NOTHING_LEFT = 1e-6
_FINITE = "mend what makes the loss infinite or NaN, or give parameters and data at which it is finite"
_BESIDE = frozenset({"reported-sign", "reported-scale", "mean-in-evaluation"})


def audit(spec: VAESpec) -> Audit:
    """Tell whether a VAE optimises an evidence lower bound, and what is wrong where it does not.

    Everything of the user is put back: parameters, gradients, buffers, plain attributes of modules, train or eval mode,
    random states, global settings of torch.

    Raises
    ------
    AuditError
        If the specification or the model cannot be used; one line.
    """
    with Bench(spec).open() as bench:
        return _Auditor(bench).run()


class _Auditor:
    def __init__(self, bench: Bench) -> None:
        self.bench, self.spec = bench, bench.spec
        self.findings: list[Finding] = []

    def run(self) -> Audit:
        points = generic_points(self.bench)
        found = sampler.explain(self.bench, points)
        self.findings += found.findings
        if found.doubt:
            return self._undecided(found.doubt, Effective())
        if found.noisy and not found.beside:
            self.findings += sampler.in_evaluation(self.bench, points[0])
        self.findings += sampler.of_claim(self.spec, found, self.bench.observe(points[0]))
        self.findings += head_range.of_range(self.bench, found)
        seen = explanation.views(self.bench, found)
        if len(seen) < _ENOUGH:  # where each example may spoil the loss, one alone does less often
            seen = explanation.views(self.bench, found, 1, _ENOUGH, patience=40)
        if len(seen) < _ENOUGH:
            message = "the loss is finite at too few of the points that were tried"
            own = _value(self.bench, Point())
            if own is not None and not math.isfinite(own):
                message += f": it is {own} at the parameters and data that were given"
            return self._undecided(message, Effective(sampler=found.name), remedy=_FINITE)
        explained = explanation.explain(self.bench, found, seen)
        if explained is not None and weight.weights(explained).kl is None:  # one that accuses is held to its word
            explained = explanation.explain(self.bench, found, seen, strict=True) or explained
        if explained is None:
            explained, seen = self._with_scale(found, seen)
        if explained is None:
            explained, seen = self._with_target(found, seen)
        if explained is not None and not self._is_cut_off(found, explained, seen):
            return self._explained(found, explained, seen)
        if found.num_samples > 1:
            matched, seen = self._matched(seen)
            if matched is not None:
                return self._importance(found, matched, seen)
        return self._unexplained(found, seen)

    def _is_cut_off(self, found: Sampler, e: Explanation, seen: Sequence[View]) -> bool:
        """Whether a divergence that is missing at all points is there farther off: something cuts it off nearby."""
        if not weight.is_missing(e):
            return False
        known = partial.explain(self.bench, found, [v.observation.point for v in seen])
        return known is not None and known.divergence.cut is not None

    def _with_scale(self, found: Sampler, seen: list[View]) -> tuple[Explanation | None, list[View]]:
        """The explanation by a likelihood with a scale that all outputs of the decoder share, and the views with it.

        A multiple of the scale explains the loss as well, with other weights: one with proper weights comes first, then
        what was computed last.
        """
        strict = explanation.tolerance(self.bench, innocent=False)
        unscaled = explanation.Regularisers(self.bench, found, seen)
        every = explanation.with_scale(seen)
        tried = [(explanation.explain(self.bench, found, s, unscaled=unscaled), i, s) for i, s in every]
        known = [(e, i, s) for e, i, s in tried if e is not None and e.residual < strict]
        if not known:
            return None, seen
        proper = (k for k in known if weight.reconstruction_weight(k[0]) is not None)
        explained, self.bench.scale, scaled = next(proper, known[-1])
        return explained, scaled

    def _with_target(self, found: Sampler, seen: list[View]) -> tuple[Explanation | None, list[View]]:
        """The explanation by data that the loss scales or binarises itself, and the views with these."""
        for index, changed in explanation.with_target(seen):
            if not self.bench.keeps_rows(seen[0].observation.point, index):
                continue
            explained = explanation.explain(self.bench, found, changed)
            if explained is None:
                explained, changed = self._with_scale(found, changed)
            if explained is not None and explained.residual < explanation.tolerance(self.bench, innocent=False):
                self.bench.target = index
                return explained, changed
        return None, seen

    def _explained(self, found: Sampler, e: Explanation, seen: Sequence[View]) -> Audit:
        shape = self.bench.code_shape
        if e.likelihood.family == "normal" and e.likelihood.free and self.spec.variance is None:
            self.spec = replace(self.spec, variance=likelihood.stated_variance(self.bench, seen))
        if found.uniform and weight.is_uniform(e):
            self._withdraw("noise-law")
        if found.noisy and not found.drawn and weight.is_sampled(e) and (message := self._of_law(found)):
            return self._undecided(message, Effective(sampler=found.name))
        pixels = math.prod(self.spec.tensors[0].shape[1:])
        if prior := weight.other_prior(e, math.prod(shape), pixels):
            moved = f"moved by {prior[0]:.4g} scales, " if prior[0] else ""
            message = f"the KL divergence, with its constant, is that from a prior {moved}of {prior[1]:.4g} times the scale that is declared"
            declare = f"{message} (1 if none is): give VAESpec(prior=(loc, scale)) if that is meant"
            return self._undecided(declare, Effective(sampler=found.name))
        self.findings += self._of_terms(found, e)
        self.findings += head_range.of_sign(self.bench, {*found.names[:1], e.divergence.reading} - {"as sampled"})
        if not any(f.code == "sampler-scale-mismatch" for f in self.findings):
            reached = list(reach.findings(self.bench, found, e))
            if any(f.code == "kl-clamped" for f in reached):  # |KL - C| seen below C
                self._withdraw("kl-sign")
            self.findings += reached
        by_size = self._by_size(found, e, size := seen[0].observation.point.size)
        missing = [f for f in self.findings if f.code == "kl-missing"]  # or not yet there
        self._withdraw("kl-missing")
        self.findings += stuck.named(
            self.bench,
            e,
            missing + list(reduction.findings(self.spec, by_size, shape)),
            lambda: self._refitted(found, e),
            lambda: list(reduction.findings(self.spec, self._by_size(found, e, size, again=True), shape)),
        )
        self.findings += likelihood.findings(self.spec, e.likelihood, seen)
        self.findings += self._samples(found)
        self.findings += gradient.findings(self.bench, found, e, seen[0].observation.point)
        self.findings += reported.findings(self.bench, e, seen)
        return Audit(
            self._verdict(), tuple(self.findings), amount.effective(self.spec, found, by_size, math.prod(shape))
        )

    def _of_terms(self, found: Sampler, e: Explanation) -> Iterator[Finding]:
        """What is wrong with the terms; those of a mean over samples are the terms of their log-weights."""
        averaged = self.spec.num_importance_samples > 1 and weight.is_estimated(e)
        for finding in weight.of_terms(e, found):
            if averaged and finding.code in _OF_AVERAGED:
                code, what = _OF_AVERAGED[finding.code]
                yield Finding(code, f"the log-weights, of which the loss is the mean, {what}", finding.evidence)
            else:
                yield finding

    def _by_size(self, found: Sampler, e: Explanation, own: int, again: bool = False) -> dict[int, Explanation]:
        """The explanation at several sizes of the batch; that which is given is of batches of its ``own``."""
        by_size = {own: e}
        for size in dict.fromkeys((own, 3, 2) if self.bench.is_large else (own, 4, 2, 8)):
            if (again or size != own) and (refitted := self._refitted(found, e, size)):
                by_size[size] = refitted
        return by_size

    def _refitted(self, found: Sampler, e: Explanation, size: int = 4) -> Explanation | None:
        count = 12 if self.bench.is_large else 16
        some = explanation.views(self.bench, found, size, count)
        if len(some) < count:  # each example may spoil the loss: one alone does less often
            some = explanation.views(self.bench, found, size, count, patience=40, alike=True)
        return explanation.refit(e, some) if len(some) == count else None

    def _rests(self, found: Sampler) -> dict[int, explanation.Rest]:
        """A loss whose reconstruction does not vary, at two sizes of the batch."""
        seen = {size: explanation.views(self.bench, found, size, 16) for size in (2, 8)}
        rests = {size: explanation.without_reconstruction(self.bench, found, some) for size, some in seen.items()}
        return {size: rest for size, rest in rests.items() if rest is not None}

    def _samples(self, found: Sampler) -> Iterator[Finding]:
        claimed = self.spec.num_importance_samples
        if claimed > 1:
            message = "the loss is a mean of logarithms over the samples: an ELBO, not the importance-weighted bound"
            yield Finding("mean-of-logs", message, f"{claimed} samples are claimed, {found.num_samples} are drawn")

    def _matched(self, seen: list[View]) -> tuple[importance.Match | None, list[View]]:
        """The importance-weighted bound that reproduces the loss, and the views; with a scale that all outputs share, if so."""
        if matched := importance.match(self.bench, seen):
            return matched, seen
        for index, scaled in islice(explanation.with_scale(seen), _SCALES):
            if matched := importance.match(self.bench, scaled, scaled=True):
                self.bench.scale = index
                return matched, scaled
        return None, seen

    def _importance(self, found: Sampler, matched: importance.Match, seen: Sequence[View]) -> Audit:
        self.findings += importance.findings(self.bench, found, matched, seen[0].observation.point)
        self.findings += likelihood.findings(self.spec, matched.likelihood, seen)
        a, family = matched.factor, matched.likelihood.family
        variance = 1 / matched.likelihood.proper[0] if family == "normal" and matched.likelihood.free else None
        result = Effective(a, a, round(matched.constant, 9) + 0.0, family, variance, 1.0, found.name, found.name)
        return Audit(self._verdict(), tuple(self.findings), result)

    def _unexplained(self, found: Sampler, seen: Sequence[View]) -> Audit:
        self.findings += head_range.of_sign(self.bench, set(found.names[:1]))
        points = [v.observation.point for v in seen]
        message = "the loss is no combination of a known likelihood and a KL divergence"
        known = partial.explain(self.bench, found, points)
        if known is None or not known.is_normal:
            message = "; ".join(filter(None, (message, self._of_law(found))))
        if known is not None:
            self.findings += partial.findings(self.bench, found, known, points)
            message += f": {known.reason(self.spec.prior is not None)}"
            if known.explanation is not None:
                guarded = known.reconstruction.cut is not None
                self.findings += reported.findings(self.bench, known.explanation, seen, guarded)
            if isinstance(known.reconstruction.reading, Likelihood):
                self.findings += likelihood.findings(self.spec, known.reconstruction.reading, seen)
        told = any(f.code == "guard" for f in self.findings)
        rest = None if told else explanation.without_reconstruction(self.bench, found, seen)
        if rest is not None and rest.residual < _NOTHING_LEFT:
            shown = (
                f"at {len(seen)} points the KL divergence alone leaves {rest.residual:.1g} of what varies of the loss"
            )
            self.findings.append(
                Finding(
                    "guard", "the reconstruction does not vary: a guard cuts all pixels off, or it has no weight", shown
                )
            )
            self.findings += reduction.of_constant(self._rests(found), math.prod(self.bench.code_shape))
        nearest = explanation.closest(self.bench, found, seen)
        evidence = _NOTHING
        if nearest is not None:
            evidence = (
                f"the closest, {nearest.likelihood.family}, leaves up to {nearest.residual:.2g} times what varies "
                f"(of the loss or of the KL divergence) at {len(seen)} points"
            )
        return self._undecided(message, Effective(sampler=found.name), evidence)

    def _of_law(self, found: Sampler) -> str:
        """What is said in place of an accusation of the noise, where the loss may hold the density of just this noise."""
        if found.discrete:
            return ""
        laws = [f.message for f in self.findings if f.code == "noise-law"]
        self._withdraw("noise-law")
        return f"{laws[0]}, and the loss may hold the density that it has" if laws else ""

    def _withdraw(self, code: str) -> None:
        self.findings = [f for f in self.findings if f.code != code]

    def _undecided(self, message: str, result: Effective, evidence: str = _NOTHING, remedy: str = "") -> Audit:
        remedy = remedy or (_UNTRIED if evidence == _NOTHING else "")
        verdict = self._verdict() if self._errors() else "undecided"
        if verdict == "undecided":
            self.findings.append(Finding("unexplained", message, evidence, remedy=remedy))
        return Audit(verdict, tuple(self.findings), result)

    def _errors(self) -> set[str]:
        return {f.code for f in self.findings if f.rank == "error"} - _BESIDE

    def _verdict(self) -> Verdict:
        errors = self._errors()
        if errors - _WEIGHT_CODES:
            return "not-elbo"
        if errors or any(f.code in _WEIGHT_CODES for f in self.findings):
            return "weighted"
        return "undecided" if any(f.code == "unexplained" for f in self.findings) else "elbo"


def generic_points(bench: Bench) -> list[Point]:
    """Two points off the user's parameters at which the loss is finite, or has a value at least."""
    finite, run = list[Point](), list[Point]()
    for seed in range(1, 40):
        point = Point(seed, 1000 + seed, 4, spread=(1.0, 0.5, 0.25)[seed % 3])
        if (value := _value(bench, point)) is None:
            continue
        run.append(point)
        if math.isfinite(value):
            finite.append(point)
        if len(finite) == 2:
            return finite
    return (finite + [p for p in run if p not in finite] + [Point(0, 0), Point(0, 1001)])[:2]


def _value(bench: Bench, point: Point) -> float | None:
    """The loss at a point; None where it raises, as where a parameter has left its range."""
    try:
        with torch.no_grad():
            return float(bench.loss(point))
    except Exception:  # noqa: BLE001 - the user's code may raise anything
        return None
