"""Random draws: seen, and replaced, wherever torch makes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

Law = Literal["normal", "uniform", "bernoulli", "other"]

_LAWS: dict[str, Law] = {
    **dict.fromkeys(("randn", "randn_like", "normal", "normal_", "normal_functional"), "normal"),
    **dict.fromkeys(("rand", "rand_like", "uniform", "uniform_"), "uniform"),
    **dict.fromkeys(("bernoulli", "bernoulli_"), "bernoulli"),
    **dict.fromkeys(
        (
            *("exponential_", "exponential", "multinomial", "randint", "randint_like", "randperm", "poisson"),
            *("_standard_gamma", "cauchy_", "log_normal_", "geometric_", "random_", "random", "binomial"),
            *("_sample_dirichlet", "native_dropout"),
        ),
        "other",
    ),
}
_STANDARD: dict[str, tuple[str, str, float, float]] = {
    "normal": ("mean", "std", 0.0, 1.0),
    "uniform": ("from", "to", 0.0, 1.0),
}


UNIFORM_ZERO, UNIFORM_UNIT = 0.21, 0.53  # not symmetric: cos(2 pi u) is 0 at both quartiles
_REPLACED = 1000  # of a call; one that draws until a number is accepted would never end with the same number each time


class Draw(NamedTuple):
    """One draw: its law, the operation, and its value in standard form.

    That is mean 0 and scale 1; for a uniform draw, 0 and 1 are inside of its range, so that code may take its logarithm.
    """

    law: Law
    operation: str
    value: Tensor


Source = Callable[[int, Tensor], Tensor]
"""From the index of a draw among the normal and uniform ones, and a tensor of its shape, its standardised value."""


class Noise(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Records every draw made within, and replaces the normal and uniform ones by what ``source`` gives.

    Without a source all draws are what torch makes them, and so are those beyond the first thousand. With one, a draw of bits by a number p (a dropout mask) is all
    ones, by a tensor of probabilities p it is p > 1/2, so that a call is a function of the batch, the parameters and
    the source.
    """

    def __init__(self, source: Source | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.source, self.draws, self._replaced = source, list[Draw](), 0

    @property
    def replaceable(self) -> list[Draw]:
        """The normal and uniform draws."""
        return [d for d in self.draws if d.law in _STANDARD]

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # else torch imports its compiler, which takes longer than most audits

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """See `TorchDispatchMode`."""
        out = func(*args, **(kwargs or {}))
        name = func._schema.name.removeprefix("aten::")
        law = _LAWS.get(name)
        if law in _STANDARD and isinstance(out, Tensor) and out.is_floating_point():
            self._standard(law, name, out, _bound(func, args, kwargs or {}))
        elif law is not None and isinstance(out, Tensor):
            if law == "bernoulli" and self.source is not None:
                p = _bound(func, args, kwargs or {}).get("p", args[0] if name == "bernoulli" else 0.5)
                out.copy_((p > 0.5).to(out.dtype) if isinstance(p, Tensor) else torch.ones_like(out))
            self.draws.append(Draw(law, name, out.clone()))
        return out

    def _standard(self, law: Law, name: str, out: Tensor, bound: dict[str, Any]) -> None:
        low, high, low_default, high_default = _STANDARD[law]
        loc, second = bound.get(low, low_default), bound.get(high, high_default)
        if law == "uniform":
            loc, scale = loc + UNIFORM_ZERO * (second - loc), UNIFORM_UNIT * (second - loc)
        else:
            scale = second
        if self.source is not None and self._replaced < _REPLACED:
            value = self.source(self._replaced, out)
            self._replaced += 1
            out.copy_(loc + scale * (_within(value) if law == "uniform" else value))
        self.draws.append(Draw(law, name, (out - loc) / scale))


def _within(value: Tensor) -> Tensor:
    """Values for a uniform draw: those in [0, 1] as they are, others brought into the range."""
    return torch.where((value >= 0) & (value <= 1), value, 1.8 * torch.sigmoid(value) - 0.39)


def _bound(func: Any, args: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Arguments by the names in the operation's signature."""
    names = [a.name for a in func._schema.arguments]
    return dict(zip(names, args, strict=False)) | kwargs


def constant(value: float) -> Source:
    """Each draw is this number."""
    return lambda index, like: torch.full_like(like, value)


def seeded(seed: int, scale: float = 1.0) -> Source:
    """Normal numbers of this scale that depend on the seed and on the index of the draw alone."""

    def source(index: int, like: Tensor) -> Tensor:
        generator = torch.Generator().manual_seed(1_000_003 * seed + index)
        return torch.randn(like.shape, generator=generator, dtype=torch.float64).mul_(scale).to(like)

    return source


def after(count: int, source: Source) -> Source:
    """The source, but for the first draws, which are the same for all sources."""
    own = seeded(11)
    return (lambda index, like: (own if index < count else source)(index, like)) if count else source
