"""One call of a user's loss, seen from all sides: the loss, the heads, the code, the decoder's output, the draws."""

from __future__ import annotations

import copy
import random
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, Normal
from torch.distributions.constraints import Constraint
from torch.nn.parameter import UninitializedParameter

from vae_min.audit.head import Heads, expands, heads_of
from vae_min.audit.noise import Draw, Noise, Source, after, constant, seeded
from vae_min.audit.spec import AuditError, VAESpec
from vae_min.audit.state import State
from vae_min.audit.trace import Anchor, CodeFinder, Trace, Widen, find_anchor, of_data, of_parameters

_FORM = (
    "encode(*batch) returned {}, not a pair (loc, second) or a distribution of independent normals: "
    "return these from VAESpec(encode=...)"
)
_OUTPUT = (
    "decode(z) returned {}, not pixels of each code as a tensor, a pair (loc, second) or a distribution: "
    "return these from VAESpec(decode=...)"
)


_NOISE = seeded(0)
_LARGEST, _LARGE, _MANY, _KEPT, _TARGETS = 100_000_000, 1_000_000, 10_000, 50_000_000, 8


@dataclass(frozen=True)
class Point:
    """Where a loss is looked at: parameters (0: the user's own), rows of the batch, noise (None: as drawn), mode.

    ``spread`` is how far the parameters are moved; then they are multiplied by ``factor``. A batch of ``alike`` rows is
    one row many times.
    """

    parameters: int = 0
    rows: int = 0
    size: int = 4
    noise: Source | None = _NOISE
    training: bool = True
    spread: float = 1.0
    factor: float = 1.0
    alike: bool = False


@dataclass(frozen=True, eq=False)
class Observation:
    """What happened at a point; tensors are flat: heads (B, D), codes (k B, D), outputs (k B, ...).

    ``scales`` depend on the parameters alone and have one number or one for each pixel; ``scale`` is that of them which
    all outputs of the decoder share, where it is known. ``targets``, (B, N), depend on the data alone; ``target`` is what
    is reconstructed, where it is not the data as they are.
    """

    point: Point
    batch: tuple[Tensor, ...]
    loss: Tensor
    heads: Heads
    codes: list[Tensor]
    outputs: list[Any]
    draws: list[Draw]
    trace: Trace
    scales: list[Tensor]
    scale: Tensor | None
    targets: list[Tensor]
    target: Tensor | None

    @property
    def code(self) -> Tensor:
        """All codes, shape (k B, D), those of one call of the decoder after those of the call before."""
        return torch.cat([c.reshape(-1, self.heads.loc.shape[1]) for c in self.codes])


class Bench:
    """A specification on the bench: runs it at points, in float64 where it can."""

    def __init__(self, spec: VAESpec) -> None:
        callables = [c for c in (spec.loss, spec.encode, spec.decode, spec.reported) if c is not None]
        self.spec, self.state = spec, State(*spec.modules, *callables)
        self.double, self.swapped = False, False
        self.scale: int | None = None  # which of the scales that an observation finds is the decoder's
        self.target: int | None = None  # which of its targets is reconstructed
        self.beside: tuple[int, int] | None = None  # call and output of a draw that the decoder does not get
        self.code_shape: tuple[int, ...] = ()  # of one example, once it was encoded
        self.held = 0  # how many draws, the first of a call, are the encoder's own, and the same whatever the noise
        self.general = False  # whether the prior is known by its log-density alone
        self._positions: tuple[int, int] | None = None
        self._at: tuple[int, float, float] | None = None  # where the parameters are, unless a call may have moved them
        self.finders: dict[bool, CodeFinder | None] = {}

    @contextmanager
    def open(self) -> Iterator[Bench]:
        """Make ready; everything of the user is put back at the end."""
        self._refuse()
        with self.state.kept(), torch.enable_grad(), _uncompiled():
            self._check()
            self._double()
            self._base = [p.data.clone() for p in self.state.parameters]
            self._buffers = {k: b.clone() for k, b in self.state.buffers().items()}
            self._placed: dict[tuple[int, float, float], list[Tensor]] = {}
            self._encoded: tuple[Point, Heads] | None = None
            yield self

    # --- getting ready ---

    def _refuse(self) -> None:
        if any(isinstance(m, torch.jit.ScriptModule) for m in self.state.submodules):
            raise AuditError("a module is compiled by torch.jit: audit it without torch.jit.script or trace")
        if any(isinstance(p, UninitializedParameter) for p in self.state.parameters):
            raise AuditError("a lazy layer has no parameters yet: call the model once before the audit")

    def _check(self) -> None:
        size = sum(p.numel() for p in self.state.parameters)
        if size > _LARGEST:
            raise AuditError(f"the model has {size:,} parameters: audit the same code with fewer than {_LARGEST:,}")
        devices = {t.device.type for t in (*self.state.parameters, *self.spec.tensors)}
        if len(devices) > 1:
            raise AuditError(
                f"parameters and batch lie on several devices, {', '.join(sorted(devices))}: move them to one"
            )
        if devices - {"cpu"} and not torch.cuda.is_available():
            raise AuditError(f"the model lies on {devices.pop()}, which this machine lacks: load it on the CPU")
        self._set_mode(True)
        loss = self._called("loss", self.spec.loss, *self.rows(0, self.spec.tensors[0].shape[0]))
        if not isinstance(loss, Tensor) or loss.numel() != 1:
            shape = tuple(loss.shape) if isinstance(loss, Tensor) else type(loss).__name__
            raise AuditError(f"loss(*batch) returned {shape}, not a scalar tensor: reduce it as the training loop does")
        if not self.state.trainable:
            raise AuditError("no trainable parameters found: give VAESpec(module=...)")
        if not loss.requires_grad:
            raise AuditError("loss(*batch) has no gradient: it is computed under no_grad, or detached")
        try:
            grads = torch.autograd.grad(loss.reshape(()), self.state.trainable, allow_unused=True)
        except RuntimeError as error:
            where = "give the loss before backward() and the optimiser's step"
            raise AuditError(f"the loss cannot be differentiated: {where}: {' '.join(str(error).split())}") from error
        self._check_prior()
        if all(g is None for g in grads):
            raise AuditError("the loss depends on no parameter that was found: give VAESpec(module=...)")

    def _check_prior(self) -> None:
        if self.spec.prior is None:
            return
        batch = self.rows(0, 2)
        whole = self._heads(self._called("encode", self.spec.encode, *batch))
        self.code_shape, loc = tuple(whole.loc.shape[1:]) or (1,), whole.flat().loc.detach()
        prior = self._prior(batch[1:])
        self.general = isinstance(prior, Distribution)
        try:
            fits = (
                _is_density_of(prior, loc)
                if isinstance(prior, Distribution)
                else len(prior) == 2 and all(expands(torch.as_tensor(p), loc) for p in prior)
            )
        except (TypeError, ValueError, RuntimeError, NotImplementedError):
            fits = False
        if not fits:
            raise AuditError(
                f"VAESpec(prior=...) is not one of codes of shape {tuple(loc.shape)}: give numbers, tensors of {loc.shape[1]}, or a distribution of these"
            )
        if isinstance(prior, tuple) and not (
            all(bool(torch.as_tensor(p).isfinite().all()) for p in prior)
            and bool((torch.as_tensor(prior[1]) > 0).all())
        ):
            raise AuditError(
                f"VAESpec(prior={self.spec.prior!r}): the scale is not positive, or a number is not finite"
            )

    def _prior(self, others: tuple[Tensor, ...]) -> Any:
        """The prior at the parameters as they are: (loc, scale) of flat codes if it is normal."""
        prior = self.spec.prior
        if callable(prior):
            prior = self._called("prior", prior, *others)
        base = prior.base_dist if isinstance(prior, Independent) else prior
        if isinstance(base, Normal):
            prior = base.loc, base.scale
        return tuple(_flat(p, self.code_shape) for p in prior) if isinstance(prior, tuple) else prior

    def prior(self, point: Point, others: tuple[Tensor, ...]) -> Any:
        """The prior where the parameters and the mode are those of the point."""
        if not callable(self.spec.prior):
            return self._prior(others)
        with self._calling(point.noise):
            prior = self._prior(others)
        self._restore_buffers()
        live = isinstance(prior, Distribution) and not torch.is_grad_enabled()
        return copy.deepcopy(prior) if live else prior  # it may hold parameters, which go on to other points

    def _called(self, name: str, function: Any, *args: Any) -> Any:
        try:
            return function(*args)
        except Exception as error:  # the user's code may raise anything
            shapes = ", ".join(str(tuple(a.shape)) for a in args if isinstance(a, Tensor))
            shown = f" on shapes {shapes}" if shapes else ""
            rows, total = {len(a) for a in args if isinstance(a, Tensor)}, len(self.spec.tensors[0])
            hint = f" (it is to take batches of other sizes than {total} too)" if rows and rows != {total} else ""
            raise AuditError(f"{name} raised{shown}{hint}: {type(error).__name__}: {error}") from error

    def _double(self) -> None:
        before = [p.data for p in self.state.parameters], [dict(m._buffers) for m in self.state.submodules]
        self.state.double()
        self.double = True
        torch.set_default_dtype(torch.float64)
        try:
            with self._calling(seeded(0)):
                self.spec.loss(*self.rows(0, 2))
                self.spec.encode(*self.rows(0, 2))
        except Exception:  # noqa: BLE001 - code that insists on float32 is run in float32
            self.double = False
            torch.set_default_dtype(torch.float32)
            for p, data in zip(self.state.parameters, before[0], strict=True):
                p.data = data.clone()
            for m, buffers in zip(self.state.submodules, before[1], strict=True):
                m._buffers.clear()
                m._buffers.update({n: None if b is None else b.clone() for n, b in buffers.items()})
        pairs = zip(self.state.parameters, before[0], strict=True)
        self._steady = all(torch.equal(p.data.to(data.dtype), data) for p, data in pairs)

    # --- running ---

    def rows(self, seed: int, size: int) -> tuple[Tensor, ...]:
        """Rows of the example batch, copied: the first ones for seed 0, else chosen at random.

        The rows of a batch of one example are told apart by turning its pixels round.
        """
        total = self.spec.tensors[0].shape[0]
        index = torch.arange(size) % total
        if seed:
            index = torch.randint(total, (size,), generator=torch.Generator().manual_seed(seed))
        taken = [t.detach()[index.to(t.device)] for t in self.spec.tensors]
        if total == 1:
            taken[0] = torch.stack([row.flatten().roll(i).view_as(row) for i, row in enumerate(taken[0])])
        return tuple(t.double() if self.double and t.is_floating_point() else t.clone() for t in taken)

    def batch(self, point: Point) -> tuple[Tensor, ...]:
        """The rows of a point."""
        if point.alike:
            return tuple(t.expand(point.size, *t.shape[1:]).clone() for t in self.rows(point.rows, 1))
        return self.rows(point.rows, point.size)

    def place(self, point: Point) -> None:
        """Set parameters, buffers and mode to those of a point."""
        place = point.parameters, point.spread, point.factor
        if place not in self._placed:
            if (1 + len(self._placed)) * sum(b.numel() for b in self._base) > _KEPT:
                self._placed.clear()
            self._placed[place] = self._values(point)
        if place != self._at:
            for p, value in zip(self.state.parameters, self._placed[place], strict=True):
                p.data.copy_(value)
        self._at = place if self._steady else None
        self._restore_buffers()
        self.state.reset_plain()
        self._set_mode(point.training)

    @property
    def is_large(self) -> bool:
        """Whether the model has so many parameters that it is looked at from fewer sides.

        Four points share their parameters then, and differ in rows and noise; there are fewer of them, and two sizes of
        the batch. As many numbers are seen as of a small model, since there are more latents and pixels at each.
        """
        return sum(b.numel() for b in self._base) > _LARGE

    def _values(self, point: Point) -> list[Tensor]:
        """The parameters of a point."""
        generator = torch.Generator().manual_seed(point.parameters)
        return [
            _times(_moved(base, generator, point.spread), point.factor)
            if point.parameters and p.is_floating_point() and p.requires_grad
            else base
            for p, base in zip(self.state.parameters, self._base, strict=True)
        ]

    def _set_mode(self, training: bool) -> None:
        for m in self.state.modules:
            m.train(training)

    @contextmanager
    def _calling(self, source: Source | None) -> Iterator[Noise]:
        if source is not None:
            source = after(self.held, source)
            torch.default_generator.manual_seed(0)  # the CPU alone: for other devices torch would queue the calls
            random.seed(0)
            np.random.seed(0)
        with Noise(source) as noise:
            if self.double:
                with Widen():
                    yield noise
            else:
                yield noise

    def loss(self, point: Point) -> Tensor:
        """The loss alone, without its graph where none is wanted; it may register hooks in it."""
        self.place(point)
        graph = torch.is_grad_enabled()
        with torch.enable_grad(), self._calling(point.noise):
            loss: Tensor = self.spec.loss(*self.batch(point)).reshape(())
        return loss if graph else loss.detach()

    def report(self, point: Point) -> Any:
        """What the user logs."""
        self.place(point)
        assert self.spec.reported is not None
        with self._calling(point.noise):
            return self._called("reported", self.spec.reported, *self.batch(point))

    def encode(self, point: Point, batch: tuple[Tensor, ...]) -> Heads:
        """The heads alone, flat."""
        place = replace(point, noise=None)
        if self._encoded and self._encoded[0] == place and not torch.is_grad_enabled():
            return self._turned(self._encoded[1])
        self.place(point)
        with self._calling(point.noise) as noise:
            whole = self._heads(self._called("encode", self.spec.encode, *batch))
        self.code_shape, heads = tuple(whole.loc.shape[1:]) or (1,), whole.flat()
        if point.noise is not None and not noise.draws:  # the same whatever the noise
            self._encoded = place, heads.detached()
        return self._turned(heads)

    def hold_noise_of_encoder(self, point: Point) -> bool:
        """Let the draws on which the heads depend be the same from now on; whether there are any."""
        found, batch = list[tuple[Tensor, Tensor]](), self.batch(point)
        for value in (0.0, 1.0):
            self.place(point)
            with torch.no_grad(), self._calling(constant(value)) as noise:
                heads = self._heads(self._called("encode", self.spec.encode, *batch))
            assert heads.second is not None
            found.append((heads.loc, heads.second))
        if all(map(torch.equal, *found)):
            return False
        self.held, self.beside, self.swapped = len(noise.replaceable), None, False
        self.finders.clear()
        return True

    def _turned(self, heads: Heads) -> Heads:
        return Heads(heads.second, heads.loc) if self.swapped and heads.second is not None else heads

    def _heads(self, output: Any) -> Heads:
        if isinstance(output, tuple | list) and len(output) == 3 and self._positions is None:
            self._positions = self._dry_run()
        if isinstance(output, tuple | list) and len(output) == 3 and self._positions is not None:
            output = tuple(output[i] for i in self._positions)
        heads = heads_of(output)
        if heads is None or heads.second is None or heads.law not in ("", "normal"):
            raise AuditError(_FORM.format(_form(output)))
        if not heads.loc.is_floating_point():
            raise AuditError(_FORM.format("integers"))
        if not expands(heads.second, heads.loc):
            shapes = f"heads of shapes {tuple(heads.loc.shape)} and {tuple(heads.second.shape)}"
            raise AuditError(_FORM.format(shapes))
        return heads

    def _dry_run(self) -> tuple[int, int]:
        """Which of three outputs are loc and second: the third moves with the noise, and is loc without it."""
        outputs = []
        for value in (0.0, 1.0):
            with torch.no_grad(), self._calling(constant(value)):
                outputs.append([t for t in self.spec.encode(*self.rows(0, 4)) if isinstance(t, Tensor)])
        if len(outputs[0]) == 3:
            moving = [i for i in range(3) if not torch.allclose(outputs[0][i], outputs[1][i])]
            still = [i for i in range(3) if i not in moving]
            same = [i for i in still if moving and _equal(outputs[0][i], outputs[0][moving[0]])]
            if len(moving) == 1 and len(same) == 1:
                return same[0], next(i for i in still if i != same[0])
        raise AuditError(_FORM.format("three values, of which none is a draw around another"))

    def decode(self, point: Point, z: Tensor, others: tuple[Tensor, ...]) -> Any:
        """The decoder's output alone; the mode and parameters must be those of the point."""
        self._restore_buffers()
        with self._calling(point.noise):
            return self._called("decode", self.spec.decode, z, *others)

    def _decode_afresh(self, z: Tensor, *others: Tensor) -> Any:
        self._restore_buffers()  # new tensors each time, so that no anchor rests on them
        return self.spec.decode(z, *others)

    def _restore_buffers(self) -> None:
        # as new tensors: autograd refuses a graph whose running statistics were changed in place
        for (i, name), b in self._buffers.items():
            self.state.submodules[i]._buffers[name] = b.clone()

    def finder(self, point: Point) -> CodeFinder | None:
        """Finds the codes in traces of the loss; None if the decoder cannot be recognised there."""
        if point.training not in self.finders:
            self.place(point)
            batch = self.batch(point)
            with torch.no_grad(), self._calling(point.noise):
                loc = self._heads(self._called("encode", self.spec.encode, *batch)).loc
            probes = [(torch.randn_like(loc), tuple(t.clone() for t in batch[1:])) for _ in range(2)]
            with torch.no_grad(), self._calling(point.noise):
                anchor = self._called("decode", lambda: find_anchor(self._decode_afresh, probes))
                if anchor is None:
                    _check_output(self._called("decode", self._decode_afresh, probes[0][0], *probes[0][1]), len(loc))
            self.finders[point.training] = None if anchor is None else self._finder_at(point, anchor)
        return self.finders[point.training]

    def _finder_at(self, point: Point, anchor: Anchor) -> CodeFinder:
        finder, batch = CodeFinder(self.spec.decode, anchor), self.batch(point)
        self.place(point)
        with torch.enable_grad(), self._calling(seeded(7)), Trace(anchor) as trace:
            loss = self._called("loss", self.spec.loss, *batch)
        self._restore_buffers()
        with self._calling(seeded(7)):
            finder.leave_out(trace, batch[1:], loss)
        return finder

    def observe(self, point: Point, apart: bool = False) -> Observation:
        """Run the loss at a point, and encoder and decoder with it.

        With ``apart`` the loss alone has its graph, and the decoder's outputs where the code is the location itself.

        Raises
        ------
        AuditError
            If the code that reaches the decoder cannot be found, or a callable raises.
        """
        finder = self.finder(point)
        batch = self.batch(point)
        graph = torch.is_grad_enabled()
        with torch.set_grad_enabled(graph and not apart):
            heads = self.encode(point, batch)
        self.place(point)
        with self._calling(point.noise) as noise, Trace(finder.anchor if finder else None) as trace:
            loss = self._called("loss", self.spec.loss, *batch).reshape(())
        self._restore_buffers()
        with self._calling(point.noise):
            found = finder.find(trace, batch[1:]) if finder else []
        codes, outputs = [f.code for f in found], [f.output for f in found]
        if graph and not (apart and not any(torch.equal(c.flatten(), heads.loc.flatten()) for c in codes)):
            outputs = [self.decode(point, c, batch[1:]) for c in codes]
        for code, output in zip(codes, outputs, strict=True):
            _check_output(output, max(1, code.numel() // heads.loc.shape[1]))
        if self.beside is not None and codes:
            drawn = self._drawn_beside(trace, codes[0])
            if drawn.shape != codes[0].shape:
                outputs = [self.decode(point, codes[0].expand_as(drawn), batch[1:])]
            codes = [drawn]
        scales = self._scales(trace, outputs, batch[0])
        scale = None if self.scale is None else scales[self.scale]
        targets = self._targets(trace, batch)
        target = None if self.target is None else targets[self.target]
        return Observation(
            point, batch, loss, heads, codes, outputs, noise.draws, trace, scales, scale, targets, target
        )

    def _targets(self, trace: Trace, batch: tuple[Tensor, ...]) -> list[Tensor]:
        found = of_data(trace, batch[0], (*self.state.parameters, *batch[1:]))
        rows = (t.detach().reshape(len(batch[0]), -1) for t in found[:_TARGETS])
        return [t.to(torch.get_default_dtype()) if t.dtype is torch.bool else t.clone() for t in rows]

    def keeps_rows(self, point: Point, index: int) -> bool:
        """Whether a target has its rows where the data have theirs: it is computed anew from rows in other orders.

        A roll and an exchange of two generate all orders; either alone would miss a loss that rolls, or reverses, the rows.
        """
        batch = self.batch(point)
        own = torch.arange(len(batch[0]))
        orders = own, own.roll(1), torch.cat([own[:2].flip(0), own[2:]])
        found = []
        for order in orders:
            turned = tuple(t[order.to(t.device)] for t in batch)
            self.place(point)
            with torch.no_grad(), self._calling(point.noise), Trace() as trace:
                self.spec.loss(*turned)
            found.append(self._targets(trace, turned)[index : index + 1])
        return all(f and torch.equal(found[0][0][o.to(f[0].device)], f[0]) for f, o in zip(found, orders, strict=True))

    def _drawn_beside(self, trace: Trace, code: Tensor) -> Tensor:
        assert self.beside is not None
        call, output = self.beside
        outputs = trace.calls[call].outputs if call < len(trace.calls) else []
        if output < len(outputs) and expands(code, outputs[output]):
            return outputs[output]
        raise AuditError(
            "the loss takes another course at other points: the draw beside the decoder cannot be followed"
        )

    def _scales(self, trace: Trace, outputs: list[Any], data: Tensor) -> list[Tensor]:
        output = heads_of(outputs[0]) if outputs else None
        if output is None or output.second is not None or not output.loc.ndim:
            return []
        pixels = output.loc[0]
        if pixels.numel() != data[0].numel():  # as where the first axis is that of the samples
            if output.loc.shape[-data[0].ndim :] != data.shape[1:]:
                return []
            pixels = data[0]
        found = (t for t in of_parameters(trace, self.state.trainable) if expands(t, pixels))
        return [t.reshape(1).clone() if t.numel() == 1 else t.expand_as(pixels).flatten() for t in found]


def _form(output: Any) -> str:
    """An encoder's output in words."""
    kind = type(output).__name__
    return f"a {kind} of {len(output)}" if isinstance(output, tuple | list | dict) else f"a {kind}"


def _check_output(output: Any, rows: int) -> None:
    heads = heads_of(output)
    if heads is None:
        raise AuditError(_OUTPUT.format(_form(output)))
    if not heads.loc.ndim or heads.loc.numel() % rows:
        raise AuditError(_OUTPUT.format(f"shape {tuple(heads.loc.shape)} for {rows} codes"))


def _is_density_of(prior: Distribution, codes: Tensor) -> bool:
    """Whether a prior has a density there. `log_prob` alone tells it only until something compiles: torch then turns its
    validation off for good.
    """
    try:
        support: Constraint | None = prior.support
    except NotImplementedError:  # a distribution of the user's own need not name its support
        support = None
    if support is not None and (
        support.is_discrete or not bool(support.check(codes).all())  # type: ignore[no-untyped-call]
    ):
        return False
    return prior.log_prob(codes).ndim > 0


def _uncompiled() -> AbstractContextManager[None]:
    """Functions that torch has compiled run as they were written, so that all their operations are seen."""
    if "torch._dynamo" not in sys.modules:  # importing it takes longer than most audits
        return nullcontext()
    stance: AbstractContextManager[None] = torch.compiler.set_stance("force_eager")
    return stance


def _flat(value: Any, shape: tuple[int, ...]) -> Any:
    """A parameter of a prior, with the axes of one example's code as one."""
    if not isinstance(value, Tensor) or value.ndim < len(shape):
        return value
    return value.flatten(value.ndim - len(shape)) if len(shape) > 1 else value


def _equal(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and torch.allclose(a, b)


def _times(values: Tensor, factor: float) -> Tensor:
    """The values, changed in place; those of a large model take their time even for a factor of 1."""
    return values if factor == 1 else values.mul_(factor)


def _moved(base: Tensor, generator: torch.Generator, spread: float) -> Tensor:
    """Parameters some way off: a generic point, where formulas that agree at a special one differ."""
    if base.ndim > 1 and base.numel() > _MANY:  # most of a large model's time: half the numbers, in single precision
        factor = torch.randn(base.shape, generator=generator, dtype=torch.float32)
        factor = factor.mul_(0.3 * spread).add_(1).to(base.device)
        return torch.mul(base, factor).to(base.dtype)
    noise, shift = torch.randn((2, *base.shape), generator=generator, dtype=torch.float64).to(base)
    moved: Tensor = base * (1 + 0.3 * spread * noise) + (0.4 * spread * shift if base.ndim < 2 else 0.0)
    return moved
