"""Audits of a user's VAE: from what a target names to a specification, what `audit` prints, and the assertion for tests."""

from __future__ import annotations

import inspect
import json
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from vae_min.audit.effective import Audit
    from vae_min.audit.spec import VAESpec


def assert_elbo(spec: VAESpec) -> Audit:
    """Assert that a VAE's loss is the negative ELBO of the model that its specification describes.

    Parameters
    ----------
    spec : elbocheck.VAESpec
        A declared beta is no fault.

    Returns
    -------
    vae_min.audit.effective.Audit
        What the loss amounts to, and the notes.

    Raises
    ------
    AssertionError
        If the audit's exit code is not 0: undecided, and a weight that nobody declared, are not a pass.
    vae_min.audit.spec.AuditError
        If the model cannot be audited.
    """
    from vae_min.audit.audit import audit

    outcome = audit(spec)
    if outcome.exit_code:
        raise AssertionError(as_text(outcome))
    return outcome


def specification(value: Any) -> VAESpec:
    """The specification that a target is, or returns when called without arguments.

    Raises
    ------
    vae_min.audit.spec.AuditError
        If it is neither, or the call raises.
    """
    from vae_min.audit.spec import AuditError, VAESpec

    if isinstance(value, VAESpec):
        return value
    if _is_module(value):
        return of_module(value)
    needed = _needed(value)
    if callable(value) and not needed:
        value = _called(value)
    if not isinstance(value, VAESpec):
        if _is_module(value):
            return of_module(value)
        kind = f"needs the arguments {', '.join(needed)}" if needed else f"is or returns a {type(value).__name__}"
        raise AuditError(f"it {kind}: name a VAESpec, or a function without arguments that returns one")
    return value


def _called(value: Callable[[], Any]) -> Any:
    """What the user's function or class gives."""
    from vae_min.audit.spec import AuditError

    try:
        return value()
    except AuditError:
        raise
    except Exception as error:
        raise AuditError(f"calling it raised {type(error).__name__}: {error}") from error


_IMAGES = ((28, 28), (32, 32), (64, 64))


def of_module(value: Any) -> VAESpec:
    """The specification of a module, or of a class of them that takes no arguments, with encode, decode and loss.

    The example batch is eight random binary images, of the first shape that the loss accepts.

    Raises
    ------
    vae_min.audit.spec.AuditError
        If calling the class raises, a method is missing, or no shape is accepted.
    """
    import torch

    from vae_min.audit.spec import AuditError, VAESpec

    if isinstance(value, type) and (needed := _needed(value)):
        raise AuditError(f"the class needs the arguments {', '.join(needed)}: name a function that returns a VAESpec")
    module = _called(value) if isinstance(value, type) else value
    missing = [name for name in ("encode", "decode", "loss") if not callable(getattr(module, name, None))]
    if missing:
        raise AuditError(f"the module has no {', '.join(missing)}: name a function that returns a VAESpec")
    generator = torch.Generator().manual_seed(0)
    for shape in _shapes(module):
        batch = torch.randint(0, 2, (8, *shape), generator=generator).float()
        try:
            module.loss(batch)
        except Exception:  # noqa: BLE001, S112 - whatever the user's code raises on another shape
            continue
        return VAESpec(loss=module.loss, encode=module.encode, decode=module.decode, batch=batch, module=module)
    raise AuditError("its loss accepts no batch that was tried: name a function that returns VAESpec(..., batch=...)")


def _shapes(module: Any) -> list[tuple[int, ...]]:
    """Shapes of one example, by the first layer."""
    from torch import nn

    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            square = math.isqrt(layer.in_features)
            images = [(1, square, square)] if square**2 == layer.in_features else []
            return [(layer.in_features,), *images]
        if isinstance(layer, nn.Conv2d):
            return [(layer.in_channels, *image) for image in _IMAGES]
    return []


def _is_module(value: Any) -> bool:
    from torch import nn

    return isinstance(value, nn.Module) or (isinstance(value, type) and issubclass(value, nn.Module))


def _needed(value: Any) -> list[str]:
    """Arguments without which a function cannot be called."""
    try:
        parameters = inspect.signature(value).parameters.values()
    except (TypeError, ValueError):
        return []
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [p.name for p in parameters if p.default is p.empty and p.kind not in variable]


def as_document(outcome: Audit) -> str:
    """One JSON document."""
    effective = {name: value for name, value in asdict(outcome.effective).items() if name != "summed"}
    findings = [asdict(f) for f in outcome.findings]
    return json.dumps({"verdict": outcome.verdict, "findings": findings, "effective": effective}, indent=2)


def as_text(outcome: Audit) -> str:
    """What the loss amounts to, each finding with its evidence and remedy, and the verdict."""
    e = outcome.effective
    scale = "scale" if e.likelihood == "laplace" else "variance"
    rows = {
        "loss": _sum(outcome),
        "likelihood": (e.likelihood or "") + (f", {scale} {e.variance:.5g}" if e.variance is not None else ""),
        "beta": "" if e.beta is None else f"{e.beta:.5g}",
        "second head": _readings(outcome),
    }
    lines = [f"{name:<12} {text}" for name, text in rows.items() if text]
    for f in outcome.findings:
        lines += [f"{f.rank}: {f.code}: {f.message}", f"    seen   {f.evidence}", f"    mend   {f.remedy}"]
    return "\n".join([*lines, f"verdict: {outcome.verdict}"])


def _sum(outcome: Audit) -> str:
    e = outcome.effective
    if e.reconstruction is None or e.kl is None or e.constant is None:
        return ""
    terms = f"{e.reconstruction:.5g} * -log p(x|z) + {e.kl:.5g} * KL + {e.constant:.5g}".replace("+ -", "- ")
    return f"B * ({terms}), B the size of the batch" if e.summed else terms


def _readings(outcome: Audit) -> str:
    e = outcome.effective
    parts = [f"{e.sampler} in the sampler"] if e.sampler else []
    return ", ".join([*parts, f"{e.kl_reading} in the KL divergence"] if e.kl_reading else parts)
