"""Derivatives of the loss in what its terms are made of: in the heads while the code is held, and in the decoder's output.

The former are those of the divergence alone, whatever the reconstruction is; the latter those of the reconstruction alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import torch
from torch import Tensor

from vae_min.audit.bench import Observation
from vae_min.audit.divergence import Divergence, Latent
from vae_min.audit.explanation import View
from vae_min.audit.head import Heads, heads_of
from vae_min.audit.likelihood import Likelihood
from vae_min.audit.sampler import Sampler
from vae_min.audit.trace import Overwritten, tensors

_LARGEST = 1e8


def of_heads(sampler: Sampler, view: View, cut: str = "") -> Tensor | None:
    """The loss's derivatives in location and second head while the code is held.

    Parameters
    ----------
    sampler : Sampler
        Without a reading of the second head, what goes through the code is told by the loss's graph, not by it.
    view : View
        With its graph, of one code for each example.
    cut : str
        "loc" or "scale" if the code does not depend on it in the loss's graph.

    Returns
    -------
    Tensor or None
        Shape (2, B, D); None if the heads cannot be told in the loss's graph. NaN where what goes through the code is so
        large that rounding leaves nothing of the rest.
    """
    o, heads = view.observation, view.latent.heads
    if sampler.beside or len(o.codes) != 1 or sampler.num_samples != 1 or heads.second is None:
        return None
    loc, second = named(o, heads.loc), named(o, heads.second)
    if loc is None or second is None:
        return None
    in_loc, in_second, in_code = (g.reshape(heads.loc.shape) for g in gradients(o.loss, (loc, second, o.codes[0])))
    if o.codes[0] is loc:
        in_code = of_code(view, loc).reshape(heads.loc.shape)
    if sampler.noisy and not sampler.names:
        by_loc, by_second = (
            g.reshape(heads.loc.shape)
            for g in gradients((o.codes[0] * in_code.reshape(o.codes[0].shape)).sum(), (loc, second))
        )
    else:
        by_loc = torch.zeros_like(in_code) if cut == "loc" else in_code
        by_second = _through(sampler, view, in_code) if sampler.noisy and cut != "scale" else torch.zeros_like(in_code)
    found = torch.stack([in_loc - by_loc, in_second - by_second]).detach()
    large = torch.stack([by_loc, by_second]).detach().abs() > _LARGEST
    return torch.where(large, torch.nan, found)


def of_code(view: View, loc: Place | None = None) -> Tensor:
    """The loss's derivatives in the code; by way of the decoder's output where the code is the location itself."""
    o, (code,) = view.observation, view.observation.codes
    if code is not loc:
        return gradients(o.loss, (code,))[0]
    outputs = list(tensors(o.outputs[0]))
    inside = [named(o, t) for t in outputs]
    kept = [(t, i) for t, i in zip(outputs, inside, strict=True) if i is not None]
    weights = gradients(o.loss, [i for _, i in kept])
    value = [(t * g.reshape(t.shape)).sum() for (t, _), g in zip(kept, weights, strict=True)]
    return gradients(torch.stack(value).sum(), (code,))[0] if value else torch.zeros_like(code)


def _through(sampler: Sampler, view: View, in_code: Tensor) -> Tensor:
    """The part of the second head's derivative that goes through the code, (B, D)."""
    heads = view.latent.heads
    assert heads.second is not None
    leaf = heads.second.detach().clone().requires_grad_()
    scale = sampler.scale(Heads(heads.loc, leaf))
    noise = ((view.observation.code - heads.loc) / scale).detach()
    return gradients((scale * noise * in_code).sum(), (leaf,))[0]


def of_columns(sampler: Sampler, view: View, divergence: Divergence) -> Tensor:
    """The same derivatives of a divergence's columns, averaged over the batch: shape (columns, 2, B, D)."""
    leaves, latent = _released(sampler, view)
    columns = [torch.stack(gradients(c.mean(), leaves)) for c in divergence.columns(latent)]
    return torch.stack(columns)


def _released(sampler: Sampler, view: View) -> tuple[tuple[Tensor, Tensor], Latent]:
    """The latents with heads of their own, and the code held."""
    heads = view.latent.heads
    assert heads.second is not None
    loc, second = (h.detach().clone().requires_grad_() for h in (heads.loc, heads.second))
    own = Heads(loc, second, heads.law)
    scale = sampler.scale(own) if sampler.names else view.latent.scale
    return (loc, second), replace(view.latent, heads=own, scale=scale, code=view.latent.code.detach())


def of_output(view: View) -> Tensor | None:
    """The loss's derivatives in the decoder's location and, if it has one of this size, second head: shape (heads, B N).

    Where the loss decodes a code several times, those in the first output that moves the loss.
    """
    o = view.observation
    heads = heads_of(o.outputs[0]) if len(o.codes) == 1 else None
    parts = [] if heads is None else [h for h in (heads.loc, heads.second) if h is not None]
    found = []
    for head in parts:
        inside = list(_alike(o, head)) if head.numel() == parts[0].numel() else []
        if inside:
            derivatives = gradients(o.loss, inside)
            found.append(next((d for d in derivatives if bool(d.any())), derivatives[0]).flatten())
    return torch.stack(found).detach() if found else None


def of_elements(view: View, likelihood: Likelihood) -> Tensor:
    """The same derivatives of a likelihood's terms, averaged over the batch: shape (terms, heads, B N)."""
    output = view.output
    leaves = [h.detach().clone().requires_grad_() for h in (output.loc, output.second) if h is not None]
    own = replace(output, loc=leaves[0], second=leaves[1] if len(leaves) > 1 else None)
    terms = [e.sum(-1).mean() for e in likelihood.elements(view.data, own)]
    return torch.stack([torch.stack([g.flatten() for g in gradients(t, leaves)]) for t in terms])


def of_shared_scale(view: View, likelihood: Likelihood) -> tuple[Tensor, Tensor] | None:
    """Derivatives in a second head of the decoder that pixels share: the loss's, shape (), and the terms', shape (terms,).

    None if there is none in the loss's graph, or the code is decoded more than once.
    """
    o, output = view.observation, view.output
    heads = heads_of(o.outputs[0]) if len(o.outputs) == 1 else None
    if heads is None or heads.second is None or heads.second.numel() == heads.loc.numel() or output.second is None:
        return None
    place = named(o, heads.second)
    if place is None:
        return None
    leaf = output.second.detach().clone().requires_grad_()
    terms = [e.sum(-1).mean() for e in likelihood.elements(view.data, replace(output, second=leaf))]
    return gradients(o.loss, (place,))[0].sum(), torch.stack([gradients(t, (leaf,))[0].sum() for t in terms])


Place = Tensor | Overwritten
"""Where a gradient may be taken: a tensor, or what it was before it was changed in place."""


def gradients(value: Tensor, at: Sequence[Place]) -> list[Tensor]:
    """Gradients, zero where there are none."""
    found: list[Tensor | None] = [None] * len(at)
    needed: dict[int, Any] = {
        i: t.edge if isinstance(t, Overwritten) else t
        for i, t in enumerate(at)
        if isinstance(t, Overwritten) or t.requires_grad
    }
    if value.requires_grad and needed:
        some = torch.autograd.grad(value, list(needed.values()), allow_unused=True, retain_graph=True)
        for i, g in zip(needed, some, strict=True):
            found[i] = g
    return [torch.zeros_like(_value(t)) if g is None else g for g, t in zip(found, at, strict=True)]


def _value(place: Place) -> Tensor:
    return place.value if isinstance(place, Overwritten) else place


def named(o: Observation, value: Tensor) -> Place | None:
    """The first tensor in the loss's own graph that has these values, or had them before it was changed."""
    return next(_alike(o, value), None)


def _alike(o: Observation, value: Tensor) -> Iterator[Place]:
    now: Iterator[Place] = (t for call in o.trace.calls for t in call.outputs if t.requires_grad)
    given: Iterator[Place] = (t for call in o.trace.calls for t in call.inputs if t.requires_grad and t.is_leaf)
    for place in chain(now, o.trace.overwritten, given):
        t = _value(place)
        alike = t.numel() == value.numel() and t.dtype == value.dtype
        if alike and torch.equal(t.flatten(), value.flatten()):
            yield place
