"""What the user logs against what the loss holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from vae_min.audit import explanation, weight
from vae_min.audit.bench import Bench
from vae_min.audit.explanation import Explanation, View
from vae_min.audit.finding import Finding
from vae_min.audit.spec import AuditError

_COUNT = 12


def findings(bench: Bench, e: Explanation, views: Sequence[View], guarded: bool = False) -> Iterator[Finding]:
    """Terms that are logged with another sign or scale than the optimised ones, at points that were looked at.

    The explanation may be of a divergence that a clamp changes, or of a reconstruction that is ``guarded``.
    """
    w = weight.weights(e)
    if w.kl is None:  # terms of a divergence that is none may be logged none the less
        w = weight.Weights(w.reconstruction, weight.common_kl_weight(e) or weight.kl_parts(e)[0])
    if bench.spec.reported is None or not w.kl or not w.reconstruction:
        return
    seen = views[:_COUNT]
    logged = [_logged(bench, v) for v in seen]
    for name in ("elbo", "kl", "reconstruction"):
        if all(name in row for row in logged):
            own = np.array([_own(e, v, w, guarded)[name] for v in seen])
            yield from _judged(name, np.array([row[name] for row in logged]), own, w)


def _logged(bench: Bench, view: View) -> dict[str, float]:
    assert bench.spec.reported is not None
    with torch.no_grad():
        values = bench.report(view.observation.point)
    if not hasattr(values, "items"):
        raise AuditError("reported(*batch) did not return a mapping")
    try:
        return {n: float(v.detach().mean()) if isinstance(v, Tensor) else float(v) for n, v in values.items()}
    except (TypeError, ValueError) as error:
        raise AuditError(f"reported(*batch) holds something that is no number: {error}") from error


def _own(e: Explanation, view: View, w: weight.Weights, guarded: bool) -> dict[str, float]:
    """The terms in the units of the loss, but for constants: reconstruction is log p(x|z). One is what the other leaves."""
    with torch.no_grad():
        reconstruction, kl = map(float, explanation.terms(e, view))
    if guarded:
        reconstruction = view.loss - kl
    else:
        kl = view.loss - reconstruction
    assert w.kl is not None  # a divergence that has the wrong sign in the loss may be logged with the right one
    return {"elbo": -reconstruction - kl, "kl": kl if w.kl > 0 else -kl, "reconstruction": -reconstruction}


def _judged(name: str, logged: np.ndarray, own: np.ndarray, w: weight.Weights) -> Iterator[Finding]:
    """A logged term may be in the units of the loss or in nats per example; a reconstruction may be a loss, too."""
    assert w.kl is not None
    assert w.reconstruction is not None
    unit = {"elbo": w.reconstruction, "kl": abs(w.kl), "reconstruction": w.reconstruction}[name]
    slope = float(np.cov(own, logged)[0, 1] / own.var(ddof=1))
    residual = float(
        np.abs(logged - logged.mean() - slope * (own - own.mean())).max() / max(float(logged.std()), 1e-300)
    )
    if residual > 1e-3:
        return
    shown = f"at one probe {name} is logged as {logged[0]:.4f}; logged = {slope:.4g} * optimised + constant"
    right = (1.0, 1 / unit)
    if any(weight.equal(abs(slope), r) for r in right):
        if slope < 0 and name != "reconstruction":
            yield Finding("reported-sign", f"{name} is logged with the wrong sign", shown)
    else:
        yield Finding("reported-scale", f"{name} is logged in another scale than it is optimised in", shown)
