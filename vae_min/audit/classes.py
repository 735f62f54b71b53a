"""Cross entropies of classes that the data hold, of sequences with padding among them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from numerics import categorical
from vae_min.audit.head import Heads
from vae_min.audit.likelihood import Elements, Likelihood

_AVERAGED = "the reconstruction is averaged over the tokens that are no padding, not summed over those of an example"
_PADDINGS = 3
_TWICE = "a softmax comes before a loss that takes logits"


def categoricals(data: Tensor, outputs: Sequence[Tensor]) -> Iterator[Likelihood]:
    """Cross entropies of class indices that data (B, ...) hold; of sequences, also those of which padding is no part.

    Of a decoder whose outputs, (k, B, N) at several points, are probabilities, their logarithms are the logits.
    """
    logits = list(_of_logits(data))
    if not _are_probabilities(outputs, data[0].numel()):
        yield from logits
        return
    for likelihood in logits:
        yield replace(likelihood, elements=_of_logarithms(likelihood.elements))
    for likelihood in logits:
        if not likelihood.defect:
            yield replace(likelihood, defect="sigmoid-twice", how=_TWICE)


def _are_probabilities(outputs: Sequence[Tensor], pixels: int) -> bool:
    """Whether outputs, (k, B, N), may be those of a softmax for each pixel."""
    totals = [y.sum(-1) for y in outputs if bool(((y >= 0) & (y <= 1)).all())]
    return len(totals) == len(outputs) and all(torch.allclose(t, torch.full_like(t, pixels)) for t in totals)


def _of_logarithms(elements: Elements) -> Elements:
    return lambda x, y: elements(x, replace(y, loc=y.loc.log()))


def _of_logits(data: Tensor) -> Iterator[Likelihood]:
    shape, paddings = tuple(data.shape[1:]) or (1,), _paddings(data) if data.ndim == 2 else []
    for padding in (None, *paddings):
        yield from (Likelihood("categorical", e) for e in categorical_elements(shape, padding))
    for padding, whole in product(paddings, (True, False)):
        for e in categorical_elements(shape, padding):
            averaged = _averaged(e, padding, whole)
            yield Likelihood("categorical", averaged, defect="reconstruction-mean", how=_AVERAGED)


def _paddings(data: Tensor) -> list[int]:
    """Classes with which sequences (B, T) end or begin, and which are nowhere else; those with most of it first."""
    found = {}
    for c in torch.unique(data[:, [0, -1]]):
        here = data == c
        ends = (here.flip(-1).cumprod(-1).flip(-1), here.cumprod(-1))
        if not bool(here.all()) and any(torch.equal(here, e.bool()) for e in ends):
            found[int(c)] = int(here.sum())
    return sorted(found, key=lambda c: -found[c])[:_PADDINGS]


def _averaged(elements: Elements, padding: int, whole: bool) -> Elements:
    """The terms, divided by how many of them are no padding: in the whole batch, or in each example."""

    def averaged(x: Tensor, y: Heads) -> list[Tensor]:
        held = x != padding
        return [
            t / (held.sum() / held[..., 0].numel() if whole else held.sum(-1, keepdim=True)) for t in elements(x, y)
        ]

    return averaged


def categorical_elements(shape: tuple[int, ...], padding: int | None = None) -> Iterator[Elements]:
    """Cross entropies of class indices, or of levels of grey, given logits whose classes lie on either axis.

    Parameters
    ----------
    shape : tuple of int
        Of one example.
    padding : int, optional
        A class that counts for nothing.
    """

    def elements(x: Tensor, y: Heads, axis: int, levels: bool) -> list[Tensor]:
        classes = y.loc.shape[-1] // x.shape[-1]
        index = ((x * (classes - 1)).round() if levels else x).long()
        folded = (classes, *shape) if axis == 0 else (*shape, classes)
        logits = y.loc.reshape(*y.loc.shape[:-1], *folded)
        logits = logits.movedim(-len(folded), -1) if axis == 0 else logits
        held = torch.ones_like(index) if padding is None else index != padding
        return [held * _cross_entropy((held * index).reshape(*index.shape[:-1], *shape), logits)]

    for axis in (0, -1):
        for levels in (False, True) if padding is None else (False,):
            yield lambda x, y, a=axis, v=levels: elements(x, y, a, v)  # type: ignore[misc]
    if len(shape) > 1:  # (C, H, W) with channels first: classes follow the channels
        yield lambda x, y: _after_channels(x, y, shape)


def _after_channels(x: Tensor, y: Heads, shape: tuple[int, ...]) -> list[Tensor]:
    classes = y.loc.shape[-1] // x.shape[-1]
    logits = y.loc.reshape(*y.loc.shape[:-1], shape[0], classes, *shape[1:]).movedim(-len(shape), -1)
    return [_cross_entropy(x.long().reshape(*x.shape[:-1], *shape), logits)]


def _cross_entropy(index: Tensor, logits: Tensor) -> Tensor:
    if index.min() < 0 or index.max() >= logits.shape[-1]:
        return torch.full(index.shape, torch.nan).flatten(2)  # not read so: the fit leaves it out
    indicator = one_hot(index, logits.shape[-1]).to(logits.dtype)
    value: Tensor = -categorical.log_prob_logits(indicator, logits)
    return value.flatten(2)
