"""The command `audit`: what a user's VAE optimises, as a table and sentences, or as JSON."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import Annotated

import typer

from elbocheck.cli_data import UnusableInput
from elbocheck.cli_display import reader_may_leave
from elbocheck.cli_waiting import waiting


def audit_command(
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET",
            help="file.py:name or package.module:name of a VAESpec, or of a function that returns one.",
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of the table.")] = False,
) -> None:
    """Tell whether a VAE in torch optimises the ELBO of the model it describes, and name what is wrong.

    Exit codes: 0 an ELBO, its weight declared if it has one; 1 not; 3 undecided; 2 unusable input.
    """
    from elbocheck.auditing import as_document, as_text, specification
    from elbocheck.target import TargetError, load
    from vae_min.audit.audit import audit
    from vae_min.audit.spec import AuditError

    try:
        with waiting(f"the audit of {target}"), _silence():
            outcome = audit(specification(load(target)))
    except TargetError as error:
        raise UnusableInput(str(error)) from error
    except AuditError as error:
        raise UnusableInput(f"{target}: {error}") from error
    except SystemExit as error:
        raise UnusableInput(
            f"{target}: its code ends the process, with {error.code!r}: audit it without that"
        ) from error
    with reader_may_leave():
        print(as_document(outcome) if as_json else as_text(outcome))
    raise typer.Exit(outcome.exit_code)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """The user's code may print, also past Python's own stream."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
