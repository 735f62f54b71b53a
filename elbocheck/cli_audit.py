"""The command `audit`: what a user's VAE optimises, as a table and sentences, or as JSON."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elbocheck.cli_data import UnusableInput

if TYPE_CHECKING:
    from vae_min.audit.effective import Audit
    from vae_min.audit.spec import VAESpec


def audit_command(
    target: Annotated[
        str, typer.Argument(help="file.py:name or package.module:name of a VAESpec, or a function of one.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of the table.")] = False,
) -> None:
    """Tell whether a VAE in torch optimises the ELBO of the model it describes, and name what is wrong.

    Exit codes: 0 an ELBO; 1 not, or a weight that nobody declared; 3 undecided; 2 unusable input.
    """
    from elbocheck.target import TargetError, load
    from vae_min.audit.audit import audit
    from vae_min.audit.spec import AuditError

    try:
        with _output_aside():
            outcome = audit(specification(load(target)))
    except TargetError as error:
        raise UnusableInput(str(error)) from error
    except AuditError as error:
        raise UnusableInput(f"{target}: {error}") from error
    print(as_document(outcome) if as_json else as_text(outcome))
    raise typer.Exit(outcome.exit_code)


def specification(value: Any) -> VAESpec:
    """The specification that a target is, returns, or stands for.

    Raises
    ------
    vae_min.audit.spec.AuditError
        If it is none of these, or a function of it raises.
    """
    from vae_min.audit.spec import AuditError, VAESpec

    if isinstance(value, VAESpec):
        return value
    if callable(value):
        try:
            value = value()
        except Exception as error:  # the user's code may raise anything
            raise AuditError(f"calling it raised {type(error).__name__}: {error}") from error
    if not isinstance(value, VAESpec):
        raise AuditError(
            f"it is a {type(value).__name__}: name a VAESpec, or a function without arguments that returns one"
        )
    return value


@contextlib.contextmanager
def _output_aside() -> Iterator[None]:
    """What the user's code prints goes to standard error: standard output is for the result."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


def as_document(outcome: Audit) -> str:
    """One JSON document."""
    findings = [asdict(f) for f in outcome.findings]
    return json.dumps(
        {"verdict": outcome.verdict, "findings": findings, "effective": asdict(outcome.effective)}, indent=2
    )


def as_text(outcome: Audit) -> str:
    """What the loss amounts to, then each finding with its evidence and remedy, then the verdict."""
    e = outcome.effective
    rows = [
        ("loss", _sum(outcome)),
        (
            "likelihood",
            _joined(
                e.likelihood, e.variance and f"{'scale' if e.likelihood == 'laplace' else 'variance'} {e.variance:.5g}"
            ),
        ),
        ("beta", e.beta and f"{e.beta:.5g}"),
        ("second head", e.sampler and f"{e.sampler} in the sampler, {e.kl_reading or 'unknown'} in the KL divergence"),
    ]
    lines = [f"{name:<12} {text}" for name, text in rows if text]
    for f in outcome.findings:
        lines += [f"{f.rank}: {f.code}: {f.message}", f"    seen   {f.evidence}", f"    mend   {f.remedy}"]
    return "\n".join([*lines, f"verdict: {outcome.verdict}"])


def _sum(outcome: Audit) -> str:
    e = outcome.effective
    if e.reconstruction is None or e.kl is None:
        return ""
    return f"{e.reconstruction:.5g} * -log p(x|z) + {e.kl:.5g} * KL + {e.constant:.5g}".replace("+ -", "- ")


def _joined(*parts: object) -> str:
    return ", ".join(str(p) for p in parts if p)
