"""What the commands show: progress on standard error, the table of findings on standard output."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from elbocheck.progress import Advance, Begin
    from elbocheck.verdict import Finding

_STYLE = {
    "proved": "bold green",
    "confirmed": "green",
    "refuted": "bold red",
    "undecided": "yellow",
    "unparsed": "magenta",
}
_VERDICT = re.compile(rf"(?<=: )(?:{'|'.join(_STYLE)})(?=: )")


@contextmanager
def reader_may_leave() -> Iterator[None]:
    """Print for a reader that may have enough before the end, as `head` has: the exit code is that of the verdict still."""
    try:
        yield
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):  # rich says it with the latter
        # what is left unsaid would be an error at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_findings(findings: Sequence[Finding]) -> None:
    """Print the table, and below it what refuted and undecided lines have to say."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("identity", "witness", "figure", "verdict"):
        table.add_column(name, no_wrap=name == "identity", overflow="fold")
    for f in findings:
        table.add_row(f.identity, Text(f.witness), Text(f.figure), Text(f.verdict, style=_STYLE[f.verdict]))
    # a pipe or a file has no width of its own: do not fold the table to 80 columns there
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 200)
    with console.capture() as captured:  # rich would end the program where a reader closes the pipe
        console.print(table)
    print(captured.get())
    for f in findings:
        if f.detail:
            print(f"{f.verdict}: {f.identity}, {f.witness}\n  {f.detail}\n")


def coloured(line: str) -> str:
    """The line with its verdict in colour, on a terminal."""
    verdict = _VERDICT.search(line)
    if verdict is None or not sys.stdout.isatty() or "NO_COLOR" in os.environ:
        return line
    shown = typer.style(verdict.group(), fg=_STYLE[verdict.group()].split()[-1], bold=True)
    return line[: verdict.start()] + shown + line[verdict.end() :]


def as_objects(findings: Sequence[Finding]) -> list[dict[str, str]]:
    """The findings as JSON has them."""
    return [
        {"identity": f.identity, "witness": f.witness, "figure": f.figure, "verdict": f.verdict, "detail": f.detail}
        for f in findings
    ]


@contextmanager
def progress() -> Iterator[Begin]:
    """Bars of progress, on standard error so that standard output stays clean."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:

        @contextmanager
        def begin(name: str, total: int) -> Iterator[Advance]:
            task = bars.add_task(name, total=total)
            yield lambda steps: bars.advance(task, steps)

        yield begin
