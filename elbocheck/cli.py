"""The command line: read arguments, show progress, print tables, choose exit codes."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text
from typer.exceptions import TyperException

from elbocheck.cli_data import Data, UnusableInput, read_dataset
from elbocheck.cli_train import train_command

if TYPE_CHECKING:
    from elbocheck.verify import Outcome

# torch, matplotlib and SymPy are imported by the commands that need them: the others start at once

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
_REFUTED, _UNUSABLE, _UNDECIDED, _FAULT, _INTERRUPTED = 1, 2, 3, 70, 130
_STYLE = {"proved": "bold green", "confirmed": "green", "refuted": "bold red", "undecided": "yellow"}


class Format(StrEnum):
    """What `derive` writes."""

    text = "text"
    latex = "latex"
    markdown = "markdown"
    html = "html"
    json = "json"


class Marks(StrEnum):
    """What `proofread` writes."""

    text = "text"
    json = "json"
    github = "github"


@app.callback()
def _elbocheck() -> None:
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
        with _progress() as begin:
            outcome = verify(dataset, out, seed=seed, begin=begin)
    except TrainingError as error:
        raise UnusableInput(str(error)) from error
    try:
        _print_outcome(outcome, as_json)
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_output()
    raise typer.Exit(exit_code(outcome.findings))


def _print_outcome(outcome: Outcome, as_json: bool) -> None:
    from elbocheck.family_agreement import condensed
    from elbocheck.verdict import summary, tally

    if as_json:
        findings = [
            {"identity": f.identity, "witness": f.witness, "figure": f.figure, "verdict": f.verdict, "detail": f.detail}
            for f in outcome.findings
        ]
        document = {"data": outcome.data, "seed": outcome.seed, "findings": findings, "numbers": outcome.numbers}
        counts = {str(verdict): count for verdict, count in tally(outcome.findings).items()}
        print(json.dumps({**document, "summary": counts, "report": str(outcome.report)}, indent=2))
        return
    lines = condensed(outcome.findings)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("identity", "witness", "figure", "verdict"):
        table.add_column(name, no_wrap=name == "identity", overflow="fold")
    for f in lines:
        table.add_row(f.identity, Text(f.witness), Text(f.figure), Text(f.verdict, style=_STYLE[f.verdict]))
    # a pipe or a file has no width of its own: do not fold the table to 80 columns there
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 200)
    with console.capture() as captured:  # rich would end the program where a reader closes the pipe
        console.print(table)
    print(captured.get())
    for f in lines:
        if f.detail:
            print(f"{f.verdict}: {f.identity}, {f.witness}\n  {f.detail}\n")
    print(f"{summary(lines)}\nreport: {outcome.report}")


app.command("train")(train_command)


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
        print(write(derivations, format), end="")
        return
    if list_:
        name = f"list{proof_document.SUFFIXES[format]}"
        _write_all(out, {name: proof_document.listed(derivations, format)})
        return
    _write_all(out, proof_document.files(derivations, format))


def _write_all(out: Path, files: dict[str, str]) -> None:
    from elbocheck.atomic import write_text

    out.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        write_text(out / name, text)


@app.command()
def proofread(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help=".tex, .md or .ipynb; - for standard input.")],
    format: Annotated[Marks, typer.Option(help="How to write the verdicts.")] = Marks.text,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Judge every relation of a derivation in LaTeX: proved, refuted, undecided, or unparsed."""
    from derivations.manuscript import ManuscriptError
    from elbocheck import proofreading

    try:
        text = sys.stdin.read() if "-" in files else ""
        judgements = proofreading.judged(files, text)
    except (ManuscriptError, UnicodeDecodeError) as error:
        raise UnusableInput(str(error)) from error
    writers = {
        Marks.text: proofreading.as_text,
        Marks.json: proofreading.as_json,
        Marks.github: proofreading.as_annotations,
    }
    print(writers[Marks.json if as_json else format](judgements))
    raise typer.Exit(proofreading.exit_code(judgements))


# --- progress, on standard error so that standard output stays clean ---


@contextmanager
def _progress() -> Iterator[Callable[[str, int], AbstractContextManager[Callable[[int], None]]]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:

        @contextmanager
        def begin(name: str, total: int) -> Iterator[Callable[[int], None]]:
            task = progress.add_task(name, total=total)
            yield lambda steps: progress.advance(task, steps)

        yield begin


def main() -> None:
    """Run the command line; what it cannot use is said in one line on standard error, exit code 2."""
    try:
        code = app(sys.argv[1:] or ["--help"], standalone_mode=False)
    except TyperException as error:
        code = _complain(error.format_message())
    except BrokenPipeError:  # `elbocheck derive | head`: the reader has what it wanted
        _discard_output()
        code = 0
    except (UnusableInput, OSError) as error:
        code = _complain(str(error))
    except (KeyboardInterrupt, typer.Abort):
        code = _INTERRUPTED
    except Exception:  # noqa: BLE001 - an exit code of 1 would say that something is refuted
        traceback.print_exc()
        code = _FAULT
    sys.exit(code)


def _discard_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(message: str) -> int:
    print(f"elbocheck: {' '.join(message.split())}", file=sys.stderr)
    return _UNUSABLE
