"""What a user says of their VAE: how it is called, and what they claim it is."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

Head = Literal["log_variance", "log_scale", "scale", "variance"]
Likelihood = Literal["bernoulli", "bernoulli_logits", "normal", "laplace", "continuous_bernoulli", "categorical"]


class AuditError(Exception):
    """A specification or model that cannot be audited; one line that says what and how to mend it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class VAESpec:
    """A VAE as its training loop uses it, and optional claims.

    Parameters
    ----------
    loss : callable
        ``loss(*batch)``, the scalar that the training loop minimises, called exactly so.
    encode : callable
        ``encode(*batch)``: the heads (loc, second), or a `torch.distributions` object.
    decode : callable
        ``decode(z, *batch[1:])``: a tensor, a tuple (loc, second), or a `torch.distributions` object.
    batch : Tensor or tuple of Tensor
        An example batch, all with the same leading dimension; ``batch[0]`` is what is reconstructed.
    module : nn.Module or sequence of them, optional
        Found from the callables if not given.
    head : str, optional
        How the second head is meant.
    likelihood : str, optional
        Of the data given the decoder's output.
    variance : float, optional
        Of a normal likelihood, where it is fixed.
    prior : (loc, scale), Distribution or callable, optional
        Of the code; standard normal if not given. One that is learned is given by ``prior(*batch[1:])``, which returns it.
    beta : float, optional
        Declared weight of the KL divergence.
    num_importance_samples : int
        1 for the ELBO.
    reported : callable, optional
        ``reported(*batch)``: a mapping with what the user logs under "elbo", "kl", "reconstruction".

    Raises
    ------
    AuditError
        If a callable is not callable, the batch is not of tensors of one leading dimension, or a claim is not of its kind.
    """

    loss: Callable[..., Tensor]
    encode: Callable[..., Any]
    decode: Callable[..., Any]
    batch: Tensor | tuple[Tensor, ...]
    module: nn.Module | Sequence[nn.Module] | None = None
    head: Head | None = None
    likelihood: Likelihood | None = None
    variance: float | None = None
    prior: tuple[Any, Any] | torch.distributions.Distribution | Callable[..., Any] | None = None
    beta: float | None = None
    num_importance_samples: int = 1
    reported: Callable[..., Mapping[str, Any]] | None = None

    def __post_init__(self) -> None:
        for name in ("loss", "encode", "decode"):
            if not callable(getattr(self, name)):
                raise AuditError(f"VAESpec({name}=...) is not callable: {getattr(self, name)!r}")
        if not self.tensors or not all(isinstance(t, Tensor) for t in self.tensors):
            raise AuditError("VAESpec(batch=...) is not a tensor or a tuple of tensors")
        if any(t.layout is not torch.strided for t in self.tensors):
            raise AuditError("VAESpec(batch=...) is sparse: give it by to_dense()")
        if self.tensors[0].is_complex():
            raise AuditError("VAESpec(batch=...) is complex: let it hold real numbers, by torch.view_as_real, say")
        sizes = {t.shape[0] if t.ndim else 0 for t in self.tensors}
        if len(sizes) != 1 or 0 in sizes:
            raise AuditError(f"VAESpec(batch=...): leading dimensions differ or are zero: {sorted(sizes)}")
        self._check_claims()

    def _check_claims(self) -> None:
        for name, known in (("head", get_args(Head)), ("likelihood", get_args(Likelihood))):
            if (value := getattr(self, name)) is not None and value not in known:
                raise AuditError(f"VAESpec({name}={value!r}): known are {', '.join(known)}")
        for name in ("variance", "beta"):
            value = getattr(self, name)
            if value is not None and not (isinstance(value, Real) and 0 < float(value) < math.inf):
                raise AuditError(f"VAESpec({name}={value!r}) is not a positive number")
        pair = isinstance(self.prior, tuple) and len(self.prior) == 2
        usable = pair or callable(self.prior) or isinstance(self.prior, torch.distributions.Distribution)
        if self.prior is not None and not usable:
            raise AuditError(f"VAESpec(prior={self.prior!r}) is neither (loc, scale) nor a torch.distributions object")
        if not all(isinstance(m, nn.Module) for m in self.modules):
            raise AuditError(f"VAESpec(module={self.module!r}) is neither an nn.Module nor a sequence of them")
        count: object = self.num_importance_samples
        if not isinstance(count, Integral) or count < 1:
            raise AuditError(f"VAESpec(num_importance_samples={count!r}) is not a whole number from 1 on")

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """The batch as a tuple."""
        return self.batch if isinstance(self.batch, tuple) else (self.batch,)

    @property
    def modules(self) -> tuple[nn.Module, ...]:
        """The modules that are named."""
        if self.module is None:
            return ()
        return tuple(self.module) if isinstance(self.module, Sequence) else (self.module,)
