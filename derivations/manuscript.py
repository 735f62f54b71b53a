"""Find the formulas of a manuscript: displays and inline formulas of LaTeX, Markdown and notebooks, with their lines.

What is not prose or mathematics (comments, code, verbatim text) is blanked with spaces, so that every character that
stays keeps its line. Comments that begin with ``elbocheck:`` are read: they set conventions for what follows them.

>>> [f.source for f in read_text("as $a = b$ shows\\n\\\\[ c \\\\ge d \\\\]", "notes.tex").formulas]
['a = b', ' c \\\\ge d ']
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from derivations.macro import Macro, definitions_blanked, expanded, macros

# environments whose content is one formula; an asterisk may follow the name
_DISPLAYS = "equation|align|alignat|flalign|gather|multline|eqnarray|displaymath|math|dmath|dgroup"
_FORMULA = re.compile(
    rf"(?P<environment>\\begin\{{(?P<name>(?:{_DISPLAYS})\*?)\}}(?P<inside>.*?)\\end\{{(?P=name)\}})"
    r"|\\\[(?P<bracket>.*?)\\\]"
    r"|\\\((?P<round>.*?)\\\)"
    r"|(?<!\\)\$\$(?P<dollars>.*?)(?<!\\)\$\$"
    r"|(?<![\\$])\$(?![\s$])(?P<dollar>(?:\\.|[^$\\])*?)(?<![\s\\])\$(?![\d$])",
    re.DOTALL,
)
_DISPLAYED = ("inside", "bracket", "dollars")
_TEX_COMMENT = re.compile(r"(?<!\\)(?:\\\\)*(?P<comment>%.*)")
_TEX_VERBATIM = re.compile(
    r"\\begin\{(verbatim\*?|lstlisting|minted|comment)\}.*?\\end\{\1\}|\\verb(\W).*?\2", re.DOTALL
)
_HTML_COMMENT = re.compile(r"<!--(?P<comment>.*?)-->", re.DOTALL)
_FENCE = re.compile(
    r"^(?P<mark>```+|~~~+)[ \t]*(?P<language>\w*)[^\n]*\n(?P<inside>.*?)^(?P=mark)", re.DOTALL | re.MULTILINE
)
_CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)(?:.*?[^`])??\1(?!`)", re.DOTALL)
_CONVENTION = re.compile(r"^\W*elbocheck:(?P<text>.*)", re.DOTALL)
SUFFIXES = (".tex", ".md", ".ipynb")


class ManuscriptError(ValueError):
    """A file that cannot be read as a manuscript; the message names it and what to do."""


@dataclass(frozen=True)
class Formula:
    """The source of a formula, without its delimiters, the line on which it begins, and whether it is displayed."""

    file: str
    line: int
    source: str
    displayed: bool


@dataclass(frozen=True)
class Convention:
    """What a comment says after ``elbocheck:``, and the line on which it says so."""

    file: str
    line: int
    source: str


@dataclass(frozen=True)
class Manuscript:
    """The formulas and the conventions of a manuscript, each in the order of the text."""

    formulas: tuple[Formula, ...]
    conventions: tuple[Convention, ...]


def read(path: Path) -> Manuscript:
    """The manuscript in a file; the suffix tells which kind it is.

    Raises
    ------
    ManuscriptError
        If the file cannot be read, is not text in UTF-8, or is a notebook that is none.
    """
    if path.suffix not in SUFFIXES:
        raise ManuscriptError(f"{path}: not a manuscript; give a {', '.join(SUFFIXES)} file, or - for standard input")
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise ManuscriptError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ManuscriptError(f"{path}: byte {error.start} is not UTF-8 text; save the file as UTF-8") from error
    if path.suffix == ".ipynb":
        return _notebook(text, str(path))
    return read_text(text, str(path))


def read_text(text: str, name: str) -> Manuscript:
    """The manuscript in a text; it is Markdown if the name ends in ``.md``, else LaTeX."""
    markdown = name.endswith(".md")
    spaced = text.replace("\r\n", "\n").replace("\r", "\n")
    comments = tuple(_conventions(spaced, name, _HTML_COMMENT if markdown else _TEX_COMMENT))
    cleaned = _without_code(spaced) if markdown else _blanked(_blanked(spaced, _TEX_VERBATIM), _TEX_COMMENT)
    known = macros(cleaned)
    return Manuscript(tuple(_formulas(definitions_blanked(cleaned), name, known)), comments)


def _notebook(text: str, name: str) -> Manuscript:
    """The Markdown cells of a notebook; the lines are those of the cell, which the name of the file then tells."""
    try:
        cells = json.loads(text)["cells"]
        sources = [(i, "".join(c["source"])) for i, c in enumerate(cells, 1) if c["cell_type"] == "markdown"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise ManuscriptError(f"{name}: not a Jupyter notebook of format 4 (save it again with Jupyter)") from error
    parts = [read_text(source, f"{name}#cell-{i}.md") for i, source in sources]
    formulas = (Formula(f.file.removesuffix(".md"), f.line, f.source, f.displayed) for p in parts for f in p.formulas)
    conventions = (Convention(c.file.removesuffix(".md"), c.line, c.source) for p in parts for c in p.conventions)
    return Manuscript(tuple(formulas), tuple(conventions))


def _formulas(text: str, name: str, known: Mapping[str, Macro]) -> Iterator[Formula]:
    for match in _FORMULA.finditer(text):
        group = next(g for g in ("inside", "bracket", "round", "dollars", "dollar") if match.group(g) is not None)
        line = text.count("\n", 0, match.start(group)) + 1
        # MathJax and KaTeX leave comments out, so that they may stand in the formulas of Markdown too
        source = expanded(_blanked(match.group(group), _TEX_COMMENT), known)
        yield Formula(name, line, source, group in _DISPLAYED)


def _conventions(text: str, name: str, comment: re.Pattern[str]) -> Iterator[Convention]:
    for match in comment.finditer(text):
        said = _CONVENTION.match(match.group("comment"))
        if said:
            yield Convention(name, text.count("\n", 0, match.start("comment")) + 1, said.group("text").strip())


def _without_code(text: str) -> str:
    """Markdown without comments and code; a fence of ``math`` becomes a display."""
    uncommented = _blanked(text, _HTML_COMMENT, whole=True)
    unfenced = _FENCE.sub(lambda m: _display(m) if m.group("language") == "math" else _spaces(m.group()), uncommented)
    # dollars decide what is a formula before backticks do: neither may hold half of the other
    return _CODE_SPAN.sub(lambda m: _spaces(m.group()), unfenced)


def _display(fence: re.Match[str]) -> str:
    """The fence as ``$$ ... $$`` of the same length, every character on its line."""
    inside = fence.start("inside") - fence.start()
    opening = "$$" + _spaces(fence.group()[2:inside])
    closing = fence.group()[inside + len(fence.group("inside")) :]
    return opening + fence.group("inside") + "$$" + _spaces(closing[2:])


def _blanked(text: str, pattern: re.Pattern[str], *, whole: bool = False) -> str:
    """`text` with what the pattern finds blanked, or only its ``comment`` if it has one."""

    def blank(match: re.Match[str]) -> str:
        if whole or "comment" not in pattern.groupindex:
            return _spaces(match.group())
        start = match.start("comment") - match.start()
        return match.group()[:start] + _spaces(match.group("comment"))

    return pattern.sub(blank, text)


def _spaces(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)
