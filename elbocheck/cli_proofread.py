"""The command `proofread`: the verdicts on a text's relations, as they come."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from elbocheck.cli_data import UnusableInput
from elbocheck.cli_display import coloured, reader_may_leave

if TYPE_CHECKING:
    from derivations.relation import Judgement


class Marks(StrEnum):
    """What `proofread` writes."""

    text = "text"
    json = "json"
    github = "github"
    html = "html"


def proofread_command(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help=".tex, .md or .ipynb; - for standard input.")],
    format: Annotated[Marks, typer.Option(help="How to write the verdicts.")] = Marks.text,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="How many processes work; one for each core, if not said.")
    ] = None,
) -> None:
    """Judge every relation of a derivation in LaTeX: proved, refuted, undecided, or unparsed."""
    from derivations.manuscript import ManuscriptError
    from elbocheck import proofreading

    try:
        texts = proofreading.manuscripts(files, sys.stdin.read() if "-" in files else "")
        judgements = proofreading.judgements(texts, workers=workers)
    except UnicodeDecodeError as error:  # files say it themselves
        raise UnusableInput(f"-: byte {error.start} is not UTF-8 text; give it as UTF-8") from error
    except ManuscriptError as error:
        raise UnusableInput(str(error)) from error
    writers: dict[Marks, Callable[[Iterable[Judgement]], Iterator[str]]] = {
        Marks.text: proofreading.as_text,
        Marks.json: proofreading.as_json,
        Marks.github: proofreading.as_annotations,
        Marks.html: partial(proofreading.as_page, texts),
    }
    marks = Marks.json if as_json else format
    seen: list[Judgement] = []
    with closing(judgements):
        for line in writers[marks](_kept(judgements, seen)):
            with reader_may_leave():
                print(coloured(line) if marks is Marks.text else line)
    raise typer.Exit(proofreading.exit_code(seen))


def _kept(judgements: Iterable[Judgement], seen: list[Judgement]) -> Iterator[Judgement]:
    for judgement in judgements:
        seen.append(judgement)
        yield judgement
