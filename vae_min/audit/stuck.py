"""Annealed weights: whether the weight of the KL divergence depends on a counter that the loss does not advance."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

from vae_min.audit import weight
from vae_min.audit.bench import Bench, Point
from vae_min.audit.explanation import Explanation
from vae_min.audit.finding import Finding

_FAR = 10**7

Refitted = Callable[[], Explanation | None]


def named(
    bench: Bench, e: Explanation, found: list[Finding], refitted: Refitted, again: Callable[[], list[Finding]]
) -> Iterator[Finding]:
    """The findings on the ratio of the weights, that of a weight which is being annealed named as such.

    ``refitted`` explains the loss anew, as a number among the attributes was changed; ``again`` finds anew what is wrong,
    which is done at the end of the annealing.
    """
    counter = _counter(bench, e, refitted) if any(f.rank == "error" for f in found) else None
    if counter is None:
        yield from found
        return
    module, name, value, advances = counter
    with bench.state.changed(module, name, type(value)(_FAR)):
        rest = again()
    shown = f"{found[0].evidence}; {name} is {value}"
    if advances:
        message = f"the weight of the KL divergence is annealed by {name} and has not reached its end"
        yield Finding("kl-weight", message, shown, remedy="audit the loss at the end of the annealing")
    else:
        message = f"the weight of the KL divergence is annealed by {name}, which the loss does not advance"
        yield Finding("kl-weight-stuck", message, shown)
    yield from rest


def _counter(bench: Bench, e: Explanation, refitted: Refitted) -> tuple[Any, str, int | float, bool] | None:
    """A number among the attributes on which the weight depends until it is large: what holds it, its name and value.

    And whether the loss changes it. A weight of 0 may also be that with which a cycle begins.
    """
    before, ratio, work = _loss(bench), _ratio(e), _work(bench)
    for module, name, value in bench.state.numbers():
        if type(module).__module__.startswith("torch."):  # a layer's numbers are its shape, not a counter
            continue
        with bench.state.changed(module, name, value + 1):
            if _work(bench) != work:
                continue
            begins = ratio == 0 and bool(_ratio(refitted()))
        ends = list[float | None]()
        for far in (_FAR, 10 * _FAR):
            with bench.state.changed(module, name, type(value)(far)):
                if not ends and _loss(bench) == before:
                    break
                ends.append(_ratio(refitted()))
        _loss(bench)
        advances = any(m is module and n == name for m, n in bench.state.plain_changes())
        if (ratio is not None and _reaches(ends, ratio)) or (begins and advances):
            return module, name, value, advances
    return None


def _reaches(ends: list[float | None], now: float) -> bool:
    """Whether a ratio comes to rest, and elsewhere than it is now."""
    if len(ends) < 2 or not ends[0] or not ends[1]:
        return False
    far, farther = ends[0], ends[1]
    return weight.equal(far, farther) and not weight.equal(far, now) and far * now >= 0


def _work(bench: Bench) -> tuple[int, int] | None:
    """How many operations the loss makes and how many numbers they give: these grow with a size, not with a counter."""
    try:
        with torch.no_grad():
            calls = bench.observe(Point()).trace.calls
    except Exception:  # noqa: BLE001 - the number may be one that the user's code needs as it is
        return None
    return len(calls), sum(t.numel() for c in calls for t in c.outputs)


def _loss(bench: Bench) -> float | None:
    try:
        with torch.no_grad():
            return float(bench.loss(Point()))
    except Exception:  # noqa: BLE001 - the number may be one that the user's code needs as it is
        return None


def _ratio(e: Explanation | None) -> float | None:
    if e is None:
        return None
    if weight.is_missing(e):
        return 0.0
    kl, a = weight.common_kl_weight(e), weight.reconstruction_weight(e)
    return kl / a if kl and a else None
