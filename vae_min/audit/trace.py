"""What torch functions are called with, and by it, the code that reaches the decoder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.graph import GradientEdge, get_gradient_edge
from torch.overrides import TorchFunctionMode

Key = tuple[int, tuple[int, ...], tuple[int, ...]]
_CANDIDATES = 24


@dataclass
class Call:
    """A call of a torch function: the tensors that go in and come out.

    ``watched`` are copies of the inputs where the trace watches for this call: later in-place operations do not reach them.
    """

    func: Any
    inputs: list[Tensor]
    outputs: list[Tensor]
    watched: list[Tensor] = field(default_factory=list)


class Overwritten(NamedTuple):
    """A tensor as it was before an in-place operation: its numbers, and where gradients in it are found."""

    value: Tensor
    edge: GradientEdge


@dataclass(frozen=True)
class Anchor:
    """The first operation by which the decoder joins the code with something that lasts (a weight, a buffer)."""

    func: Any
    keys: frozenset[Key]
    position: int

    def matches(self, func: Any, inputs: Iterable[Tensor]) -> bool:
        """Whether a call is this operation."""
        return func == self.func and self.keys <= {key(t) for t in inputs}


class Trace(TorchFunctionMode):
    """Keeps every call that gives tensors, in order; holds their tensors, so that no storage is used twice."""

    def __init__(self, anchor: Anchor | None = None) -> None:
        super().__init__()
        self.calls, self.anchor, self.anchored = list[Call](), anchor, list[int]()
        self.overwritten = list[Overwritten]()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """See `TorchFunctionMode`."""
        if func is Tensor.register_hook and not args[0].requires_grad:
            return None  # the loss is looked at for its value: no gradient comes to be changed
        inputs = list(tensors((args, kwargs or {})))
        watched = self.anchor is not None and self.anchor.matches(func, inputs)
        before = [t.detach().clone() for t in inputs] if watched else []
        if inputs and inputs[0].grad_fn is not None and in_place(func):
            self.overwritten.append(Overwritten(inputs[0].detach().clone(), get_gradient_edge(inputs[0])))
        out = func(*args, **(kwargs or {}))
        outputs = list(tensors(out))
        if outputs:
            self.anchored += [len(self.calls)] if watched else []
            self.calls.append(Call(func, inputs, outputs, before))
        return out


_AUGMENTED = frozenset({"__iadd__", "__imul__", "__ipow__", "__isub__", "__itruediv__"})


def in_place(func: Any) -> bool:
    """Whether a torch function changes its first argument."""
    name = getattr(func, "__name__", "")
    return name in _AUGMENTED or (name.endswith("_") and not name.endswith("__"))


class Widen(TorchFunctionMode):
    """Requests for float32 become requests for float64, so that code that names its precision runs in double."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """See `TorchFunctionMode`."""
        if func is Tensor.float:
            return args[0].double()
        for a in args:
            if a is torch.float32:
                args = tuple(torch.float64 if a is torch.float32 else a for a in args)
        if not kwargs:
            return func(*args)
        return func(*args, **{n: torch.float64 if v is torch.float32 else v for n, v in kwargs.items()})


def tensors(value: Any) -> Iterator[Tensor]:
    """The tensors in nested tuples, lists and dictionaries, in order."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, tuple | list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            if isinstance(part, Tensor):  # most are: no generator for each
                yield part
            elif isinstance(part, tuple | list | dict):
                yield from tensors(part)


def key(tensor: Tensor) -> Key:
    """Where a tensor's numbers lie: the same for two views of one weight, taken at different times."""
    try:
        return tensor.data_ptr(), tuple(tensor.shape), tuple(tensor.stride())
    except RuntimeError:  # within torch.vmap a tensor has no storage of its own
        return id(tensor), tuple(tensor.shape), ()


def find_anchor(decode: Callable[..., Any], probes: list[tuple[Tensor, tuple[Tensor, ...]]]) -> Anchor | None:
    """The anchor of a decoder, from two calls with different codes and copies of the batch; None if it has none."""
    traces = []
    for z, others in probes:
        with Trace() as trace:
            decode(z, *others)
        traces.append(trace)
    lasting = set.intersection(*({key(t) for c in trace.calls for t in c.inputs} for trace in traces))
    tainted = {id(probes[0][0])}
    for call in traces[0].calls:
        positions = [i for i, t in enumerate(call.inputs) if id(t) in tainted]
        keys = frozenset(key(t) for t in call.inputs if id(t) not in tainted) & lasting
        if positions and keys:
            return Anchor(call.func, keys, positions[0])
        tainted |= {id(t) for t in call.outputs} if positions else set()
    return None


def of_parameters(trace: Trace, parameters: Iterable[Tensor]) -> list[Tensor]:
    """Parameters of one number, and what is computed from parameters and single numbers alone, in order.

    Among these is a scale that the decoder's outputs share.
    """
    known = {id(p): p for p in parameters}
    found = [p for p in known.values() if p.numel() == 1]
    produced = set[int]()
    for call in trace.calls:
        own = [id(t) in known for t in call.inputs]
        single = (
            known or (t.numel() == 1 and id(t) not in produced) for known, t in zip(own, call.inputs, strict=True)
        )
        if any(own) and all(single):
            found += [t for t in call.outputs if id(t) not in known and t.is_floating_point()]
            known |= {id(t): t for t in call.outputs}
        produced |= {id(t) for t in call.outputs}
    return found


def of_data(trace: Trace, data: Tensor, apart: Iterable[Tensor]) -> list[Tensor]:
    """What is computed from the data and from constants alone, of as many numbers, in order; nothing ``apart`` is a constant.

    Among these is the target of the reconstruction, where the loss scales or binarises the data itself.
    """
    known, moving, found = {id(data)}, {id(t) for t in apart}, list[Tensor]()
    for call in trace.calls:
        if any(id(t) in known for t in call.inputs) and all(id(t) in known or id(t) not in moving for t in call.inputs):
            found += [t for t in call.outputs if id(t) not in known and t.numel() == data.numel()]
            known |= {id(t) for t in call.outputs}
        moving |= {id(t) for t in call.outputs}
    return found


def _used(trace: Trace, loss: Tensor) -> set[int]:
    """Of the anchored calls, by number, those whose outputs a loss depends on."""
    outputs = [t for i in trace.anchored for t in trace.calls[i].outputs[:1]]
    kept = [n for n, t in enumerate(outputs) if t.requires_grad]
    if not loss.requires_grad or not kept:
        return set()
    with torch.enable_grad():
        found: Sequence[Tensor | None] = torch.autograd.grad(loss.sum(), [outputs[n] for n in kept], allow_unused=True)
    return {n for n, g in zip(kept, found, strict=True) if g is not None}


def ancestors(trace: Trace, index: int, position: int) -> Iterator[Tensor]:
    """An input of a call, then what it was computed from, nearest first."""
    producer = {id(t): c for c in trace.calls[:index] for t in c.outputs}
    queue, seen = [trace.calls[index].inputs[position]], set[int]()
    while queue and len(seen) < _CANDIDATES:
        tensor = queue.pop(0)
        if id(tensor) in seen or not tensor.is_floating_point():
            continue
        seen.add(id(tensor))
        yield tensor
        if id(tensor) in producer:
            queue += producer[id(tensor)].inputs


class Found(NamedTuple):
    """A code in a trace, and what the decoder gives for it."""

    code: Tensor
    output: Any


class CodeFinder:
    """Finds the tensors that, given to the decoder, make it do what it did in a trace: one for each time it was called.

    Of several such tensors the one farthest from the decoder is taken: a decoder may begin with an idempotent function.
    """

    def __init__(self, decode: Callable[..., Any], anchor: Anchor) -> None:
        self.decode, self.anchor = decode, anchor
        self._known: dict[int, int] = {}
        self._left_out: set[int] = set()

    def find(self, trace: Trace, others: tuple[Tensor, ...]) -> list[Found]:
        """The codes of a trace that watched for the anchor, each with what the decoder makes of it, without its graph."""
        found = [self._find(trace, number, index, others) for number, index in enumerate(trace.anchored)]
        return [f for number, f in enumerate(found) if f is not None and number not in self._left_out]

    def leave_out(self, trace: Trace, others: tuple[Tensor, ...], loss: Tensor) -> None:
        """Find the calls that decode a code of an earlier call anew (one draw), and those that the loss does not use.

        The noise of the trace must be generic, and the loss have its graph.
        """
        found = [self._find(trace, number, index, others) for number, index in enumerate(trace.anchored)]
        codes = [f and f.code for f in found]
        again = {n for n, code in enumerate(codes) if code is not None and any(code is c for c in codes[:n])}
        used = _used(trace, loss)
        self._left_out = again | (set(range(len(codes))) - used if used - again else set())

    def _find(self, trace: Trace, number: int, index: int, others: tuple[Tensor, ...]) -> Found | None:
        wanted = trace.calls[index].watched[self.anchor.position]
        candidates = list(ancestors(trace, index, self.anchor.position))
        known = self._known.get(number)
        if known is not None and known < len(candidates) and (f := self._gives(candidates[known], others, wanted)):
            return f
        matching = [(i, f) for i, c in enumerate(candidates) if (f := self._gives(c, others, wanted))]
        if not matching:
            return None
        self._known[number], farthest = matching[-1]
        return farthest

    def _gives(self, code: Tensor, others: tuple[Tensor, ...], wanted: Tensor) -> Found | None:
        try:
            with torch.no_grad(), Trace(self.anchor) as trace:
                output = self.decode(code.detach().clone(), *others)
        except (RuntimeError, ValueError, IndexError, TypeError):
            return None
        inputs = [trace.calls[i].watched[self.anchor.position] for i in trace.anchored]
        given = any(t.shape == wanted.shape and torch.equal(t, wanted) for t in inputs)
        return Found(code, output) if given else None
