"""Annealed weights: whether the weight of the KL divergence depends on a counter that the loss does not advance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch

from vae_min.audit import explanation, weight
from vae_min.audit.bench import Bench, Point
from vae_min.audit.explanation import Explanation
from vae_min.audit.finding import Finding
from vae_min.audit.sampler import Sampler

_FAR = 10**7


def named(bench: Bench, sampler: Sampler, e: Explanation, found: list[Finding]) -> Iterator[Finding]:
    """The findings, a weight that is being annealed named as such."""
    for f in found:
        counter = _counter(bench, sampler, e) if f.code == "kl-weight" else None
        if counter is None:
            yield f
            continue
        name, value, advances = counter
        shown = f"{f.evidence}; {name} is {value}"
        if advances:
            message = f"the weight of the KL divergence is annealed by {name} and has not reached its end"
            yield replace(f, message=message, evidence=shown, remedy="audit the loss at the end of the annealing")
        else:
            message = f"the weight of the KL divergence is annealed by {name}, which the loss does not advance"
            yield Finding("kl-weight-stuck", message, shown)


def _counter(bench: Bench, sampler: Sampler, e: Explanation) -> tuple[str, object, bool] | None:
    """A number among the modules' attributes that, when large, makes the weight right: its name, value, and whether it moves."""
    for module, name, value in bench.state.numbers():
        with bench.state.changed(module, name, type(value)(_FAR)):
            some = explanation.views(bench, sampler, count=16)
            if len(some) < 16:
                continue
            w = weight.weights(explanation.refit(e, some))
        if (
            w.kl
            and w.reconstruction
            and any(weight.equal(w.kl / w.reconstruction, t) for t in weight.target(bench.spec, e))
        ):
            with torch.no_grad():
                bench.loss(Point())
            return name, value, any(m is module and n == name for m, n in bench.state.plain_changes())
    return None
