"""What an audit must not change: found, kept, and put back, also after an exception."""

from __future__ import annotations

import copy
import functools
import random
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

_PLAIN = (bool, int, float, str, type(None))
_DEPTH = 4


def reachable(*roots: Any) -> list[Any]:
    """Modules, and leaf tensors with gradients outside of modules, that functions and objects hold.

    Closures, bound methods, partial functions, globals that a function names, attributes and containers are followed.
    """
    return [
        v
        for v in _visited(roots)
        if isinstance(v, nn.Module) or (isinstance(v, Tensor) and v.requires_grad and v.is_leaf)
    ]


def counting(*roots: Any) -> list[Any]:
    """Objects other than modules, of classes that are not torch's, that hold numbers, found in the same way."""
    objects = (v for v in _visited(roots) if not isinstance(v, (nn.Module, Tensor, FunctionType)))
    own = (v for v in objects if not type(v).__module__.startswith("torch") and hasattr(v, "__dict__"))
    return [v for v in own if not isinstance(v, ModuleType) and _numbers(vars(v))]


def _visited(roots: Iterable[Any]) -> list[Any]:
    """What the roots hold, to some depth; modules and tensors are not looked into."""
    seen: dict[int, Any] = {}

    def visit(value: Any, depth: int) -> None:
        if id(value) in seen or depth > _DEPTH or isinstance(value, (*_PLAIN, type, np.ndarray)):
            return
        seen[id(value)] = value
        if isinstance(value, (nn.Module, Tensor)):
            return
        for part in _parts(value):
            visit(part, depth + 1)

    for root in roots:
        visit(root, 0)
    return list(seen.values())


def _parts(value: Any) -> Iterator[Any]:
    match value:
        case MethodType():
            yield from (value.__self__, value.__func__)
        case functools.partial():
            yield from (value.func, value.args, value.keywords)
        case FunctionType():
            yield from (c.cell_contents for c in value.__closure__ or () if _is_filled(c))
            yield from value.__defaults__ or ()
            yield from (value.__kwdefaults__ or {}).values()
            names = _names(value.__code__)
            yield from (v for n, v in value.__globals__.items() if n in names)
        case dict():
            yield from value.values()
        case list() | tuple() | set():
            yield from value
        case _ if hasattr(value, "__dict__") and not hasattr(value, "__path__") and not hasattr(value, "__file__"):
            yield from vars(value).values()
            call = getattr(type(value), "__call__", None)  # noqa: B004 - the function itself is wanted
            if isinstance(call, FunctionType):
                yield call


def _is_filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - it raises where the cell is empty
    except ValueError:
        return False
    return True


def _names(code: Any) -> set[str]:
    inner = (c for c in code.co_consts if hasattr(c, "co_names"))
    return set(code.co_names).union(*map(_names, inner))


class State:
    """Modules and free leaf tensors of a specification, with all that an audit may change of them."""

    def __init__(self, *roots: Any) -> None:
        found = reachable(*roots)
        self.modules = [m for m in found if isinstance(m, nn.Module)]
        submodules = {id(m): m for module in self.modules for m in module.modules()}
        self.submodules = list(submodules.values())
        parameters: dict[int, Tensor] = {
            id(p): p for m in self.submodules for p in m._parameters.values() if p is not None
        }
        parameters |= {id(t): t for t in found if isinstance(t, Tensor)}
        self.parameters: list[Tensor] = list(parameters.values())
        within = [v for m in self.submodules for n, v in vars(m).items() if n[0] != "_"]
        objects = {id(o): o for o in counting(*roots, *within)}
        self._holders: list[Any] = [*self.submodules, *objects.values()]
        self._plain = [_plain(h) if isinstance(h, nn.Module) else _numbers(vars(h)) for h in self._holders]
        self._names = [frozenset(vars(h)) for h in self._holders]

    @property
    def trainable(self) -> list[Tensor]:
        """Floating-point parameters that a gradient reaches."""
        return [p for p in self.parameters if p.requires_grad and p.is_floating_point()]

    def buffers(self) -> dict[tuple[int, str], Tensor]:
        """The buffers, by submodule and name."""
        return {(i, n): b for i, m in enumerate(self.submodules) for n, b in m._buffers.items() if b is not None}

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Put everything back at the end: data, gradients, buffers, plain attributes, modes, random state, settings."""
        settings = _Settings()
        parameters = [(p, p.data, p.data.clone(), p.grad, p.requires_grad) for p in self.parameters]
        buffers = [
            (m, dict(m._buffers), {n: b.clone() for n, b in m._buffers.items() if b is not None})
            for m in self.submodules
        ]
        modes = [m.training for m in self.submodules]
        try:
            yield
        finally:
            for p, data, values, grad, requires_grad in parameters:
                data.copy_(values)
                p.data = data
                p.grad, p.requires_grad = grad, requires_grad
            for m, held, copies in buffers:
                for n, b in copies.items():
                    original = held[n]
                    assert original is not None
                    original.data.copy_(b)
                m._buffers.clear()
                m._buffers.update(held)
            for m, training in zip(self.submodules, modes, strict=True):
                m.training = training
            self.reset_plain()
            for holder, names in zip(self._holders, self._names, strict=True):
                for name in vars(holder).keys() - names:
                    del vars(holder)[name]
            settings.restore()

    def reset_plain(self) -> None:
        """Set numbers, texts and containers among the modules' attributes, and numbers of objects, to what they were."""
        for holder, attributes in zip(self._holders, self._plain, strict=True):
            vars(holder).update({n: copy.copy(v) for n, v in attributes.items()})

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Take these attributes as they are now for what they were, for a while."""
        before = self._plain
        pairs = zip(self._holders, before, strict=True)
        self._plain = [{n: vars(h).get(n, v) for n, v in attributes.items()} for h, attributes in pairs]
        try:
            yield
        finally:
            self._plain = before

    def plain_changes(self) -> list[tuple[Any, str]]:
        """Those attributes that differ from what they were, each with what holds it."""
        pairs = zip(self._holders, self._plain, strict=True)
        return [
            (h, n)
            for h, attributes in pairs
            for n, v in attributes.items()
            if vars(h).get(n) is not v and vars(h).get(n) != v
        ]

    def numbers(self) -> list[tuple[Any, str, int | float]]:
        """The numbers among them."""
        pairs = zip(self._holders, self._plain, strict=True)
        return [
            (h, n, v) for h, a in pairs for n, v in a.items() if isinstance(v, int | float) and not isinstance(v, bool)
        ]

    @contextmanager
    def changed(self, holder: Any, name: str, value: Any) -> Iterator[None]:
        """Give a plain attribute another value for a while."""
        attributes = self._plain[next(i for i, h in enumerate(self._holders) if h is holder)]
        before, attributes[name] = attributes[name], value
        try:
            yield
        finally:
            attributes[name] = before

    def double(self) -> None:
        """Make all floating-point parameters and buffers float64; objects stay the same, `kept` undoes it."""
        for p in self.parameters:
            p.grad = None
            p.data = p.data.double() if p.is_floating_point() else p.data.clone()
        for m in self.submodules:
            for n, b in m._buffers.items():
                if b is not None:
                    m._buffers[n] = b.double() if b.is_floating_point() else b.clone()


def _plain(module: nn.Module) -> dict[str, Any]:
    """Plain attributes of a module, and the numbers of its class, which become its own where it counts on from them."""
    classes = [c for c in reversed(type(module).__mro__) if not c.__module__.startswith("torch.")]
    shared = {n: v for c in classes for n, v in _numbers(vars(c)).items()}
    return {
        n: copy.copy(v)
        for n, v in (shared | vars(module)).items()
        if isinstance(v, (*_PLAIN, list, dict)) and n[0] != "_" and n != "training"
    }


def _numbers(attributes: Mapping[str, Any]) -> dict[str, int | float]:
    return {n: v for n, v in attributes.items() if type(v) in (int, float) and n[0] != "_"}


class _Settings:
    """Global settings and random states of torch, NumPy and Python."""

    def __init__(self) -> None:
        self.random, self.numpy, self.torch = random.getstate(), np.random.get_state(), torch.get_rng_state()
        self.cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
        self.dtype, self.threads, self.grad = (
            torch.get_default_dtype(),
            torch.get_num_threads(),
            torch.is_grad_enabled(),
        )
        self.deterministic = _determinism()
        self.anomaly = torch.is_anomaly_enabled()

    def restore(self) -> None:
        random.setstate(self.random)
        np.random.set_state(self.numpy)
        torch.set_rng_state(self.torch)
        if self.cuda:
            torch.cuda.set_rng_state_all(self.cuda)
        torch.set_default_dtype(self.dtype)
        torch.set_num_threads(self.threads)
        torch.set_grad_enabled(self.grad)
        if _determinism() != self.deterministic:  # setting it imports torch's compiler, which takes seconds
            enabled, warn_only = self.deterministic
            torch.use_deterministic_algorithms(enabled, warn_only=warn_only)
        torch.autograd.set_detect_anomaly(self.anomaly)


def _determinism() -> tuple[bool, bool]:
    """Whether torch is to use deterministic algorithms alone, and whether it only warns of others."""
    return torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
