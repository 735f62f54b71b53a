"""The command line: read arguments, show progress, print tables, choose exit codes."""

from __future__ import annotations

import io
import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from elbocheck.cli_audit import audit_command
from elbocheck.cli_data import Data, UnusableInput, complain, read_dataset, writing_into
from elbocheck.cli_display import as_objects, print_findings, progress, reader_may_leave
from elbocheck.cli_evaluate import evaluate_command, figure_command
from elbocheck.cli_formula import formula_command
from elbocheck.cli_proofread import proofread_command
from elbocheck.cli_train import train_command

if TYPE_CHECKING:
    from elbocheck.verify import Outcome

# torch, matplotlib and SymPy are imported by the commands that need them: the others start at once

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
_REFUTED, _UNDECIDED, _INTERRUPTED = 1, 3, 130


class Format(StrEnum):
    """What `derive` writes."""

    text = "text"
    latex = "latex"
    markdown = "markdown"
    html = "html"
    json = "json"


def _print_version(asked: bool) -> None:
    from importlib.metadata import version

    if asked:
        print(version("elbocheck"))
        raise typer.Exit


@app.callback()
def _elbocheck(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Verify the mathematics of variational autoencoders: on paper, in a formula's code, in a trained network.

    Exit codes: 0 nothing wrong; 1 something refuted; 3 nothing refuted but something undecided; 2 unusable input.
    """


@app.command("verify")
def verify_command(
    data: Annotated[Data, typer.Option(help="Images to train on.")] = Data.digits,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder with the four MNIST files; without it they are downloaded once.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the report, the LaTeX and the figures.")] = Path(
        "elbocheck-report"
    ),
    seed: Annotated[
        int, typer.Option(min=0, max=2**63 - 1, help="Of every random number; same seed, same numbers.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of the table.")] = False,
) -> None:
    """Prove the identities, confront the witnesses, train on digits, check the trained network, write the report."""
    from elbocheck.verdict import exit_code
    from elbocheck.verify import verify
    from vae_min.train import TrainingError

    dataset = read_dataset(data, data_dir)
    try:
        with progress() as begin, writing_into(out):
            outcome = verify(dataset, out, seed=seed, begin=begin)
    except TrainingError as error:
        raise UnusableInput(str(error)) from error
    with reader_may_leave():
        _print_outcome(outcome, as_json)
    raise typer.Exit(exit_code(outcome.findings))


def _print_outcome(outcome: Outcome, as_json: bool) -> None:
    from elbocheck.family_agreement import condensed
    from elbocheck.verdict import summary, tally

    if as_json:
        findings = as_objects(outcome.findings)
        document = {"data": outcome.data, "seed": outcome.seed, "findings": findings, "numbers": outcome.numbers}
        counts = {str(verdict): count for verdict, count in tally(outcome.findings).items()}
        print(json.dumps({**document, "summary": counts, "report": str(outcome.report)}, indent=2))
        return
    lines = condensed(outcome.findings)
    print_findings(lines)
    print(f"{summary(lines)}\nreport: {outcome.report}")


app.command("train")(train_command)
app.command("evaluate")(evaluate_command)
app.command("figure")(figure_command)
app.command("proofread")(proofread_command)
app.command("formula")(formula_command)
app.command("audit")(audit_command)


@app.command()
def derive(
    slugs: Annotated[list[str] | None, typer.Argument(metavar="[SLUG]...", help="All, if none is named.")] = None,
    format: Annotated[Format, typer.Option(help="How to write the proofs.")] = Format.text,
    out: Annotated[Path | None, typer.Option(help="Folder to write into, one file per slug; HTML is one page.")] = None,
    list_: Annotated[bool, typer.Option("--list", help="List slugs, statements, steps, rules and hypotheses.")] = False,
) -> None:
    """Prove derivations and print them, or write them to a folder."""
    from derivations.catalogue import DERIVATIONS, prove
    from derivations.derivation import StepError
    from elbocheck import proof_document

    if list_ and format in (Format.latex, Format.html):
        raise UnusableInput(f"--list goes with --format text, markdown or json, not {format}")
    try:
        derivations = [prove(slug) for slug in dict.fromkeys(slugs or DERIVATIONS)]
    except LookupError as error:
        raise UnusableInput(str(error.args[0])) from error
    except StepError as error:
        print(f"elbocheck: not proved: {error}", file=sys.stderr)
        raise typer.Exit(_REFUTED if error.counterexample else _UNDECIDED) from error
    if out is None:
        write = proof_document.listed if list_ else proof_document.printed
        with reader_may_leave():
            print(write(derivations, format), end="")
        return
    if list_:
        name = f"list{proof_document.SUFFIXES[format]}"
        _write_all(out, {name: proof_document.listed(derivations, format)})
        return
    _write_all(out, proof_document.files(derivations, format))


def _write_all(out: Path, files: dict[str, str]) -> None:
    from elbocheck.atomic import write_text

    with writing_into(out):
        out.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            write_text(out / name, text)


def main() -> None:
    """Run the command line; what it cannot use is said in one line on standard error, exit code 2."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as standard error has it: paths may be no text
    try:
        code = app(sys.argv[1:] or ["--help"], standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        code = _INTERRUPTED
    except Exception as error:  # noqa: BLE001 - whatever it is
        code = complain(error)
    sys.exit(code)
