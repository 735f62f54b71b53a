"""Find the formulas of a manuscript: displays and inline formulas of LaTeX, Markdown and notebooks, with their lines.

What is not prose or mathematics (comments, code, verbatim text) is blanked with spaces, so that every character that
stays keeps its line. Comments that begin with ``elbocheck:`` are read: they set conventions for what follows them.

>>> [f.source for f in read_text("as $a = b$ shows\\n\\\\[ c \\\\ge d \\\\]", "notes.tex").formulas]
['a = b', ' c \\\\ge d ']
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from derivations.delimiter import Lines, Place, Span, blanked, inside, spaces, spans, whole
from derivations.macro import Macro, definitions_blanked, expanded, macros
from derivations.prose import Condition, conditions

# environments whose content is one formula; an asterisk may follow the name
_DISPLAYS = "equation|align|x?x?alignat|flalign|gather|multline|(?:IEEE)?eqnarray|displaymath|math|dmath|dgroup"
_COLUMNS = r"(?:(?:(?<=at\})|(?<=at\*\}))\s*\{\d+\}|(?:(?<=eqnarray\})|(?<=eqnarray\*\}))\s*\{[rclRCLtTsS?'x ]+\})"
_OPENING = (
    rf"\\begin\{{(?P<name>(?:{_DISPLAYS})\*?)\}}{_COLUMNS}?|(?P<bracket>\\\[)|(?P<round>\\\()|(?<!\\)(?P<dollars>\$\$)"
    r"|(?<![\\$])(?P<dollar>\$)(?![\s$])"
)
_CLOSING = {"bracket": r"\\\]", "round": r"\\\)", "dollars": r"(?<!\\)\$\$", "dollar": r"(?<!\\)\$"}
_DISPLAYED = ("name", "bracket", "dollars")
_TEX_COMMENT = re.compile(r"(?<!\\)(?:\\\\)*(?P<comment>%.*)")
_VERBATIM = r"\\begin\{(?P<name>verbatim\*?|lstlisting|minted|comment)\}|\\verb(?P<mark>\W)"
_FENCE = r"(?m:^)(?P<mark>```+(?!`)|~~~+(?!~))[ \t]*(?P<language>\w*)[^\n]*\n"
_QUOTED = re.compile(r"(?: {0,3}> ?)+")
_TICKS = r"(?<!`)`+(?!`)"
# what compares and what follows, as the LaTeX that is taken apart
_SIGNS = str.maketrans(
    {
        "≤": r"\le ",
        "⩽": r"\le ",
        "≦": r"\le ",
        "≥": r"\ge ",
        "⩾": r"\ge ",
        "≧": r"\ge ",
        "≠": r"\ne ",
        "≈": r"\approx ",
        "≃": r"\simeq ",
        "∝": r"\propto ",
        "≡": r"\equiv ",
        "≔": ":=",
        "≜": r"\triangleq ",
        "⇒": r"\implies ",
        "⟹": r"\implies ",
        "⇔": r"\iff ",
        "⟺": r"\iff ",
    }
)
LONGEST = 2_000_000  # characters of a text; a book has less
LARGEST = 50_000_000  # bytes of a file; a notebook with its figures has less
_CONVENTION = re.compile(r"^\W*elbocheck:(?P<text>.*)", re.DOTALL)
SUFFIXES = (".tex", ".md", ".ipynb")


class ManuscriptError(ValueError):
    """A file that cannot be read as a manuscript; the message names it and what to do."""


@dataclass(frozen=True)
class Formula:
    """The source of a formula, without its delimiters, the line on which it begins, and whether it is displayed.

    `conditions` are those in its sentence; `adjoins` says that it follows a displayed one with no word between; `before` is
    the prose since the formula before, `after` that behind the last one.
    """

    file: str
    line: int
    source: str
    displayed: bool
    conditions: tuple[Condition, ...] = ()
    adjoins: bool = False
    before: str = field(default="", compare=False)
    after: str = field(default="", compare=False)


@dataclass(frozen=True)
class Convention:
    """What a comment says after ``elbocheck:``, and the line on which it says so."""

    file: str
    line: int
    source: str


@dataclass(frozen=True)
class Manuscript:
    """The formulas and the conventions of a manuscript, each in the order of the text, and the text.

    A notebook has several texts, one for each Markdown cell; each is here with its name.
    """

    formulas: tuple[Formula, ...]
    conventions: tuple[Convention, ...]
    texts: tuple[tuple[str, str], ...] = ()


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
        if path.stat().st_size > LARGEST:
            raise ManuscriptError(f"{path}: more than {LARGEST:,} bytes; split the file")
        text = path.read_text("utf-8")
    except OSError as error:
        raise ManuscriptError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ManuscriptError(f"{path}: byte {error.start} is not UTF-8 text; save the file as UTF-8") from error
    if path.suffix == ".ipynb":
        return _notebook(text, str(path))
    return read_text(text, str(path))


def read_text(text: str, name: str) -> Manuscript:
    """The manuscript in a text; it is Markdown if the name ends in ``.md``, else LaTeX.

    Raises
    ------
    ManuscriptError
        If the text is too long.
    """
    if len(text) > LONGEST:
        raise ManuscriptError(f"{name}: {len(text):,} characters, at most {LONGEST:,} are read; split the text")
    markdown = name.endswith(".md")
    spaced = text.replace("\r\n", "\n").replace("\r", "\n")
    comments = inside(_html_comments(spaced)) if markdown else _tex_comments(spaced)
    said = tuple(_conventions(spaced, name, comments))
    cleaned = _without_code(spaced) if markdown else _without_comments(blanked(spaced, _verbatim(spaced)))
    formulas = _formulas(definitions_blanked(cleaned), name, macros(cleaned))
    return Manuscript(tuple(formulas), said, ((name, spaced),))


def _notebook(text: str, name: str) -> Manuscript:
    """The Markdown cells of a notebook; the lines are those of the cell, which the name of the file then tells."""
    try:
        cells = json.loads(text)["cells"]
        sources = [(i, "".join(c["source"])) for i, c in enumerate(cells, 1) if c["cell_type"] == "markdown"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise ManuscriptError(f"{name}: not a Jupyter notebook of format 4 (save it again with Jupyter)") from error
    parts = [read_text(source, f"{name}#cell-{i}.md") for i, source in sources]
    formulas = (replace(f, file=f.file.removesuffix(".md")) for p in parts for f in p.formulas)
    conventions = (Convention(c.file.removesuffix(".md"), c.line, c.source) for p in parts for c in p.conventions)
    texts = ((cell.removesuffix(".md"), text) for p in parts for cell, text in p.texts)
    return Manuscript(tuple(formulas), tuple(conventions), tuple(texts))


def _formulas(text: str, name: str, known: Mapping[str, Macro]) -> Iterator[Formula]:
    lines = Lines(text)
    found = list(spans(text, _OPENING, _closing, _fits))
    said = conditions(text, list(whole(found)), list(inside(found)))
    shown: int | None = None  # where the display ends that was the last formula
    ended = 0
    for (start, end), supposed in zip(found, said, strict=True):
        # MathJax and KaTeX leave comments out, so that they may stand in the formulas of Markdown too
        source = expanded(_without_comments(text[start.end() : end.start()]), known).translate(_SIGNS)
        supposed = tuple(replace(c, formula=expanded(c.formula, known).translate(_SIGNS)) for c in supposed)
        displayed = start.lastgroup in _DISPLAYED
        adjoins = shown is not None and not text[shown : start.start()].strip()
        shown = end.end() if displayed else None
        before, ended = text[ended : start.start()], end.end()
        after = text[end.end() :] if end is found[-1][1] else ""
        yield Formula(name, lines.at(start.end()), source, displayed, supposed, adjoins, before, after)


def _closing(start: re.Match[str]) -> str:
    return _end(start["name"]) if start["name"] else _CLOSING[str(start.lastgroup)]


def _end(environment: str) -> str:
    return rf"\\end\{{{re.escape(environment)}\}}"


def _fits(start: re.Match[str], end: re.Match[str]) -> bool:
    """Dollars around a formula touch it, and no digit follows: others are prices."""
    if start.lastgroup != "dollar":
        return True
    text = start.string
    after = text[end.end() : end.end() + 1]
    return end.start() > start.end() and not text[end.start() - 1].isspace() and after != "$" and not after.isdigit()


def _conventions(text: str, name: str, comments: Iterable[Place]) -> Iterator[Convention]:
    lines = Lines(text)
    for start, end in comments:
        said = _CONVENTION.match(text[start:end])
        if said:
            yield Convention(name, lines.at(start), said.group("text").strip())


def _html_comments(text: str) -> Iterator[Span]:
    return spans(text, "<!--", lambda start: "-->")


def _tex_comments(text: str) -> Iterator[Place]:
    return (m.span("comment") for m in _TEX_COMMENT.finditer(text))


def _verbatim(text: str) -> Iterator[Place]:
    return whole(spans(text, _VERBATIM, lambda m: _end(m["name"]) if m["name"] else re.escape(m["mark"])))


def _without_comments(text: str) -> str:
    return blanked(text, _tex_comments(text))


def _without_code(text: str) -> str:
    """Markdown without comments and code; a fence of ``math`` becomes a display."""
    uncommented = _unquoted(blanked(text, whole(_html_comments(text))))
    parts, at = [], 0
    for start, end in spans(uncommented, _FENCE, lambda start: rf"(?m:^){start['mark']}"):
        fence = _display(start, end) if start["language"] == "math" else spaces(start.string[start.start() : end.end()])
        parts += [uncommented[at : start.start()], fence]
        at = end.end()
    unfenced = "".join([*parts, uncommented[at:]])
    # dollars decide what is a formula before backticks do: neither may hold half of the other
    return blanked(unfenced, whole(spans(unfenced, _TICKS, lambda start: rf"(?<!`)`{{{len(start.group())}}}(?!`)")))


def _unquoted(text: str) -> str:
    """Markdown without the ``>`` of its quotations, which begin a text or follow an empty line."""
    lines, quoted = text.split("\n"), False
    for i, line in enumerate(lines):
        marked = _QUOTED.match(line)
        quoted = marked is not None and (quoted or i == 0 or not lines[i - 1].strip())
        if marked is not None and quoted:
            lines[i] = spaces(marked.group()) + line[marked.end() :]
    return "\n".join(lines)


def _display(start: re.Match[str], end: re.Match[str]) -> str:
    """The fence as ``$$ ... $$`` of the same length, every character on its line."""
    inside = start.string[start.end() : end.start()]
    return "$$" + spaces(start.group()[2:]) + inside + "$$" + spaces(end.group()[2:])
