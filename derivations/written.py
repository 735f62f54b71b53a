"""Take formulas apart as they are written: rows, the relations in them, and the sides that the relations compare.

>>> from derivations.manuscript import read_text
>>> (chain,) = written(read_text("$$a &\\\\le b + c \\\\\\\\ &= d, \\\\quad \\\\text{(why)}$$", "notes.tex").formulas)
>>> [(s.relation, s.source, s.note) for s in chain.sides]
[('', 'a', ''), ('<=', 'b + c', ''), ('=', 'd', '(why)')]
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from derivations.manuscript import Formula
from derivations.prose import Condition, may_suppose

RELATIONS = {
    "=": "=",
    r"\le": "<=",
    r"\leq": "<=",
    r"\leqslant": "<=",
    r"\leqq": "<=",
    "<=": "<=",
    r"\ge": ">=",
    r"\geq": ">=",
    r"\geqslant": ">=",
    r"\geqq": ">=",
    ">=": ">=",
    "<": "<",
    r"\lt": "<",
    ">": ">",
    r"\gt": ">",
    r"\neq": "!=",
    r"\ne": "!=",
    ":=": ":=",
    "=:": "=",
    r"\coloneqq": ":=",
    r"\coloneq": ":=",
    r"\eqqcolon": "=",
    r"\eqcolon": "=",
    r"\triangleq": ":=",
    r"\equiv": ":=",
    r"\approx": "~",
    r"\simeq": "~",
    r"\propto": "prop",
    r"\uptoconstant": "=+",
}
_TOKEN = re.compile(r"\\[a-zA-Z]+\*?|\\.|:=|=\s*:|<=|>=|\n|[^\S\n]+|.", re.DOTALL)
_INNER = r"(?:array|aligned|alignedat|split|gathered|align|alignat|flalign|gather|multline|eqnarray|equation)\*?"
_LAYOUT = re.compile(
    rf"\\(?:begin\{{{_INNER}\}}(?:\[\w\])?(?:\{{(?:[clr| ]*|\d+)\}})?|end\{{{_INNER}\}}|label\s*\{{[^{{}}]*\}}|tag\*?\s*\{{[^{{}}]*\}}|nonumber|notag"
    r"|IEEE(?:yes|no)number|displaystyle|allowbreak|hfill|smallskip|hspace\*?\{[^{}]*\}|vspace\*?\{[^{}]*\})(?![a-zA-Z])"
)
# several relations beside one brace
_SYSTEM = re.compile(
    rf"\\left\s*(?:\\\{{|\\lbrace|\[|\.)(?P<rows>\s*\\begin\{{(?P<name>{_INNER})\}}.*?\\end\{{(?P=name)\}}\s*)\\right\s*\.",
    re.DOTALL,
)
_CASES = re.compile(r"\A\s*\\begin\{cases\}(?P<rows>.*)\\end\{cases\}\W*\Z", re.DOTALL)
_OVER = re.compile(
    r"\\(?:stackrel|overset|underset)\s*\{(?P<note>(?:[^{}]|\{[^{}]*\})*)\}\s*\{?(?P<relation>:=|[=<>]|\\[a-z]+)\}?"
)
_DRESSED = re.compile(
    r"(?P<dress>\\(?:underbrace|overbrace|boxed|(?:text)?color\s*\{\w+\}))\s*\{\s*(?P<relation>=|\\(?:leq?|geq?|approx|propto)(?![a-zA-Z]))"
)
_ARROW = r"\\(?:implies|impliedby|iff|Rightarrow|Leftrightarrow|Longrightarrow|Longleftrightarrow)(?![a-zA-Z])"
_BESIDE = re.compile(
    rf"(?:,|\\q?quad|\\,|\\;|~|\s)*{_ARROW}"
    r"|,\s*(?:\\;|\\ |~|\\,)*\s*\\q?quad(?![a-zA-Z])(?=(?:\s|\\q?quad)*[^\s\\(]|(?:\s|\\q?quad)*\\(?!text|mbox|label|tag))"
    r"|,\s*(?=\\?[a-zA-Z]+(?:\s*[_^]\s*(?:\{[^{}]*\}|\w))*\s*\\sim(?![a-zA-Z]))"
    r"|&?\s*\\scriptstyle\s*(?=\{?\s*\\text)"
    r"|(?:,|\\q?quad|\\,|\\;|~|\s)*\\(?:text|mbox|textrm)\s*\{[^{}]*\b(?:where|and|with|for|hence|since|because|if|iff|when|whenever|provided|assuming|Because)\b[^{}]*\}"
)
_EQUIVALENT = r"\\(?:iff|Leftrightarrow|Longleftrightarrow)(?![a-zA-Z])"
_PROVIDED = re.compile(
    rf"{_EQUIVALENT}|\\impliedby|\b(?:if|iff|when|whenever|provided|assuming|for)\b(?!\s+(?:all|any|every|each|some)\b)"
)
_FOLLOWS = re.compile(rf"{_EQUIVALENT}|\\(?:implies|Rightarrow|Longrightarrow)(?![a-zA-Z])")
# what follows these words is said of the row before, and the row after goes on with that one
_REASON = re.compile(
    r"\b(?:since|because|as|by|where|with|if|iff|when|whenever|provided|assuming|for)\b", re.IGNORECASE
)
_OF_EQUALITY = re.compile(r"\b(?:equality|equal|tight)\b")
_RANGE = re.compile(r"\\(?:[lc]?dots|in)(?![a-zA-Z])|\.\.\.")
# prose between two rows
_INTERTEXT = re.compile(r"\\(?:short)?intertext\s*\{(?P<words>(?:[^{}]|\{[^{}]*\})*)\}")
# what Markdown takes from the three backslashes at the end of a line, and from the two of ``\\\\,``
_ESCAPED = re.compile(r"(?<!\\)\\(?=\\\\(?:\s|\Z)|\\[,;!])")
_NUMBER = re.compile(r"(?:\\q?quad|\\ |~|&)\s*(?:\\[lc]?dots\s*(?:\\q?quad|\\ |~|\s)*)?\(\s*\d+[a-z]?\s*\)$")
_SPACING = {
    r"\quad",
    r"\qquad",
    r"\,",
    r"\;",
    r"\:",
    r"\ ",
    r"\!",
    "~",
    r"\blacksquare",
    r"\square",
    r"\Box",
    r"\qed",
    r"\qedhere",
    r"\therefore",
    r"\because",
}
_TEXT = {r"\text", r"\mbox", r"\textrm", r"\textit", r"\textnormal", r"\intertext", r"\shortintertext"}
_OPEN, _CLOSE = {"(", "[", "{", r"\{", r"\langle", r"\left"}, {")", "]", "}", r"\}", r"\rangle", r"\right"}
_LONG = 10_000  # characters of a side that is left as it is: no formula of that length is read
# what a row that goes on begins with: a sign, in whatever colour or brace, or a bracket that opens or closes
_OPERATOR = re.compile(
    r"(?:\s|&|\{|\}|~|\\(?:quad|qquad|[,;:! ])|\\[hv]?phantom\s*\{(?:[^{}]|\{[^{}]*\})*\}|\\math(?:rel|bin|ord)(?![a-zA-Z])"
    r"|\\[hv]space\*?\s*\{[^{}]*\}|\\(?:text)?color\s*\{\w+\}|\\(?:underbrace|overbrace|boxed)(?![a-zA-Z])|\\[bB]igg?[lrm]?(?![a-zA-Z]))*"
    r"(?:[-+−*/]|\\(?:times|cdot|pm|left|right)(?![a-zA-Z]))"
)
# what makes a row without a relation a statement of its own
_STATES = re.compile(
    r"\\(?:sim|in|forall|to|gets|(?:long)?(?:left|right|leftright)arrow|mapsto|implies|iff|vdots|therefore|because|perp|cong|subset(?:eq)?"
    r"|lesssim|gtrsim|ll|gg|eqdef|defeq|doteq|asymp)(?![a-zA-Z])",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[\s&]*\\(?:text|mbox)[a-z]*\s*\{[^{}]*\}[\s.,]*")
_AWAITS = re.compile(r"(?:[-+]|\\(?:times|cdot|pm)(?![a-zA-Z]))\s*(?:\{\s*\})?\s*$")


@dataclass(frozen=True)
class Side:
    """One side of a relation: how it compares with the side before it, its source, its line, and a note beside it."""

    relation: str
    source: str
    line: int
    note: str = ""


@dataclass(frozen=True)
class WrittenChain:
    """Sides that follow one another, each compared with the one before; the first has no relation.

    `conditions` are the sides of what it is said to hold under: of the formula after "if", of that before an arrow.
    `supposed` are those that the prose around it states, with its words; `laws` are statements such as ``z \\sim p(z)``
    beside it, `spoken` those in its sentence; `denied` are those in a sentence that says of some
    law that it is not the one, `earlier` those in the sentences before. `prose` is all that stands between it and the chain
    before, and behind the last one, with the formulas that are no chains.
    """

    file: str
    sides: tuple[Side, ...]
    conditions: tuple[tuple[Side, ...], ...] = ()
    supposed: tuple[tuple[str, tuple[Side, ...]], ...] = ()
    laws: tuple[str, ...] = ()
    spoken: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    prose: str = ""


def written(formulas: Iterable[Formula]) -> list[WrittenChain]:
    """The chains of all formulas; a display that begins with a relation goes on with the chain of the display before."""
    chains: list[list[Side]] = []
    files: list[str] = []
    conditions: dict[int, list[tuple[Side, ...]]] = {}
    supposed: dict[int, list[tuple[str, tuple[Side, ...]]]] = {}
    laws: dict[int, list[str]] = {}
    spoken: dict[int, list[Condition]] = {}
    displayed: int | None = None
    prose: dict[int, list[str]] = {}
    since: list[str] = []  # the chain before
    for formula in formulas:
        before: int | None = None
        since += [formula.before, f"${formula.source}$", formula.after]
        for row in _rows(formula):
            sides = list(_sides(row, formula.line))
            if before is not None and is_condition(row.beside, row.source):
                words = " ".join(re.sub(r"\\[a-zA-Z]+|[{}(),]", " ", row.beside).split())
                conditions.setdefault(before, []).append(tuple(sides) or (Side("", words, formula.line),))
            if before is not None and row.aside and len(sides) == 1 and r"\sim" in row.source:
                laws.setdefault(before, []).append(sides[0].source)
            if row.aside and not (len(sides) > 1 and sides[0].source):
                continue  # a condition such as "z ~ q", or what is said beside the formula
            if not sides:
                continue
            first = sides[0]
            goes_on = displayed if formula.displayed else None
            if goes_on is not None and files[goes_on] == formula.file and not first.source and len(sides) > 1:
                chains[goes_on].extend(sides[1:])
                before = place = goes_on
            elif (
                goes_on is not None
                and files[goes_on] == formula.file
                and (
                    _awaited(chains[goes_on][-1], row)
                    or (
                        (before is not None or _goes_on(formula, first))
                        and _continues(row, sides, before == goes_on and len(chains[goes_on]) == 1)
                    )
                )
            ):
                last = chains[goes_on][-1]
                chains[goes_on][-1] = replace(
                    last, source=f"{last.source} {first.source}", note=first.note or last.note
                )
                chains[goes_on].extend(sides[1:])
                before = place = goes_on
            elif before is not None and before == displayed and _hangs(row, sides):
                place = before
                last = chains[before][-1]  # no formula that can be read, unless it awaits what its sign is before
                between = "" if _AWAITS.search(last.source) else r"\newline "
                chains[before][-1] = replace(last, source=f"{last.source} {between}{first.source}")
            else:
                if before is not None and _FOLLOWS.search(row.beside):
                    conditions.setdefault(len(chains), []).append(tuple(chains[before][-2:]))
                chains.append(sides)
                files.append(formula.file)
                place = len(chains) - 1
                if before is None or not _REASON.search(row.beside):
                    before, displayed = place, place if formula.displayed else displayed
            if len(chains[place]) > 1:
                prose.setdefault(place, []).extend(since)
                since = []
            supposed.setdefault(place, []).extend(_supposed(formula))
            spoken.setdefault(place, []).extend(said for said in formula.conditions if said.is_law)
    prose.setdefault(max(prose, default=0), []).extend(since)
    return [
        WrittenChain(
            file,
            tuple(sides),
            tuple(conditions.get(i, ())),
            tuple(dict.fromkeys(supposed.get(i, ()))),
            tuple(laws.get(i, ())),
            tuple(said.formula for said in spoken.get(i, ()) if not (said.is_denied or said.is_earlier)),
            tuple(said.formula for said in spoken.get(i, ()) if said.is_denied and not said.is_earlier),
            tuple(said.formula for said in spoken.get(i, ()) if said.is_earlier),
            "".join(prose.get(i, ())),
        )
        for i, (file, sides) in enumerate(zip(files, chains, strict=True))
        if len(sides) > 1
    ]


def _supposed(formula: Formula) -> Iterator[tuple[str, tuple[Side, ...]]]:
    """The conditions in the sentence of a formula: in words, and the sides of their formulas."""
    for said in (c for c in formula.conditions if not c.is_law):
        yield said.words, tuple(s for row in _parts(said.formula, 0) for s in _sides(row, formula.line))


def is_condition(words: str, formula: str = "") -> bool:
    """Whether words make what follows them a condition of what stands before, and no range such as ``j = 1, ..., J``."""
    found = _PROVIDED.search(words)
    if found is None or _OF_EQUALITY.search(words):
        return False
    return found.group() != "for" or ("=" in formula and not _RANGE.search(formula))


def _goes_on(formula: Formula, first: Side) -> bool:
    """Whether a display that begins with a sign may go on with the one before: with no word between, and no left side."""
    return formula.adjoins and not (first.source.startswith(("-", "−")) and _compares(formula.source))


def _awaited(last: Side, row: _Row) -> bool:
    """Whether the side before ended with its relation, so that the row is what it awaits."""
    return bool(last.relation) and not last.source and not row.aside


def _continues(row: _Row, sides: list[Side], first: bool) -> bool:
    """Whether a row goes on with the side on which the row before ended: it begins with an operator.

    A row such as ``-D &= ...`` begins a chain: the alignment tells. It does not if the row before has no relation yet, and
    is the `first` side of a chain.
    """
    operator = _OPERATOR.match(sides[0].source) is not None
    joined = first or not _compares(row.source) or row.source.lstrip().startswith(("&", "+"))
    return operator and not row.aside and joined


def _outside(source: str) -> Iterator[str]:
    """The tokens outside of braces."""
    depth = 0
    for token in (m.group() for m in _TOKEN.finditer(_OVER.sub(_without_over, source))):
        depth += (token == "{") - (token == "}")
        if depth == 0:
            yield token


def _compares(source: str) -> bool:
    """Whether a relation stands outside braces, though perhaps after a parenthesis that is never closed."""
    return any(token in RELATIONS for token in _outside(source))


def _hangs(row: _Row, sides: list[Side]) -> bool:
    """Whether a row holds no relation and says nothing of another kind, so that it can only belong to the row before."""
    if len(sides) != 1 or not sides[0].source or row.aside or _WORDS.fullmatch(row.source):
        return False
    return not _compares(row.source) and not any(map(_STATES.match, _outside(row.source)))


@dataclass(frozen=True)
class _Row:
    source: str
    skipped: int  # lines of the formula before the row
    aside: bool = False  # whether it stands beside a formula: after a comma and a space, after "where"
    beside: str = ""  # what stands between it and that formula


def _rows(formula: Formula) -> Iterator[_Row]:
    """Rows end at a double backslash that is in no braces and no inner environment."""
    source = _CASES.sub(_only_rows, _SYSTEM.sub(_only_rows, _ESCAPED.sub("", formula.source)))
    source = _INTERTEXT.sub(_without_prose, source)
    source = _LAYOUT.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), source)
    source = _DRESSED.sub(r"\g<relation> \g<dress>{", source)
    depth, start, skipped = 0, 0, 0
    for match in _TOKEN.finditer(source):
        token = match.group()
        depth += (token in ("{", r"\begin")) - (token in ("}", r"\end"))
        if token in (r"\\", r"\cr") and depth <= 0:
            yield from _parts(source[start : match.start()], skipped)
            begun, start = start, match.end()
            spacing = re.compile(r"\*?\s*\[[^\]\n]*(?:pt|em|ex|mm|cm|in|baselineskip)\]").match(source, start)
            start = spacing.end() if spacing else start
            skipped += source.count("\n", begun, start)
    yield from _parts(source[start:], skipped)


def _without_prose(between: re.Match[str]) -> str:
    """Nothing, on as many lines, for prose between rows; prose that may state a condition stays, and is not read."""
    return (
        between.group()
        if _PROVIDED.search(between["words"]) or may_suppose(between["words"])
        else re.sub(r"[^\n]", " ", between.group())
    )


def _only_rows(system: re.Match[str]) -> str:
    """The rows of a system of relations without its brace, on the lines on which they are."""
    before, after = (
        system.string[system.start() : system.start("rows")],
        system.string[system.end("rows") : system.end()],
    )
    return "\n" * before.count("\n") + system["rows"] + "\n" * after.count("\n")


def _parts(source: str, skipped: int) -> Iterator[_Row]:
    """A row, and what is said beside it: conditions, or another formula after "where"."""
    depth, start, aside, between = 0, 0, False, ""
    if len(source) > _LONG:
        yield _Row(source, skipped)
        return
    for match in _TOKEN.finditer(source):
        token = match.group()
        depth += (token in _OPEN or token == r"\begin") - (token in _CLOSE)
        if depth == 0 and match.start() >= start and (beside := _BESIDE.match(source, match.start())):
            yield _Row(source[start : match.start()], skipped + source.count("\n", 0, start), aside, between)
            start, aside, between = beside.end(), True, beside.group()
    yield _Row(source[start:], skipped + source.count("\n", 0, start), aside, between)


def _sides(row: _Row, line: int) -> Iterator[Side]:
    """The sides of a row, the first without a relation; an empty first side says that the row begins with one."""
    source = _OVER.sub(_without_over, row.source)
    relation, current, depth, at = "", "", 0, line + row.skipped
    begun = at
    tokens = [re.sub(r"=\s*:", "=:", m.group()) for m in _TOKEN.finditer(source)]
    for token in tokens:
        depth += (token in _OPEN) - (token in _CLOSE)
        if depth <= 0 and token in RELATIONS:
            yield _side(relation, current, begun)
            relation, current, begun = RELATIONS[token], "", at
        elif token == "\n":
            at, current = at + 1, current + " "
        elif token != "&":
            begun = at if not current.strip() else begun
            current += token
    last = _side(relation, current, begun)
    if relation or last.source:
        yield last


def _without_over(match: re.Match[str]) -> str:
    """``\\overset{(a)}{=}`` is ``=``; one that is marked as a definition is ``:=``; with a c, it is up to a constant."""
    note = match.group("note")
    if match.group("relation") not in RELATIONS:
        return match.group()
    if match.group("relation") == "=" and re.sub(r"\\[a-zA-Z]+|[{}\s.]", "", note) in ("c", "C", "+", "const"):
        return r"\uptoconstant "
    return ":=" if "def" in note or r"\triangle" in note else match.group("relation") + " "


def _side(relation: str, source: str, line: int) -> Side:
    """A side without the note, the spacing and the punctuation at its end."""
    kept, note = source.strip(), ""
    while (token := _TOKEN.match(kept)) and token.group() in _SPACING:
        kept = kept[token.end() :].lstrip()
    while len(kept) < _LONG:
        tokens = [m.group() for m in _TOKEN.finditer(kept)]
        if not tokens:
            break
        if tokens[-1] in _SPACING or tokens[-1].isspace() or tokens[-1] in (".", ",", ";"):
            kept = kept[: -len(tokens[-1])].rstrip()
            continue
        if number := _NUMBER.search(kept):
            kept = kept[: number.start()].rstrip()
            continue
        cut = _text_at_end(kept)
        if cut is None:
            break
        kept, said = cut
        note = f"{said} {note}".strip()
    return Side(relation, kept, line, note)


def _text_at_end(source: str) -> tuple[str, str] | None:
    """What stands before a ``\\text{...}`` at the end, and what the text says; None if there is no text at the end."""
    if not source.endswith("}"):
        return None
    depth = 0
    for i in range(len(source) - 1, -1, -1):
        depth += (source[i] == "}") - (source[i] == "{")
        if depth == 0:
            head = re.search(r"\\[a-zA-Z]+\*?\s*$", source[:i])
            aside = source[i + 1 :].lstrip()[:1] == "(" or (head and _spaced(source[: head.start()]))
            if head and head.group().strip() in _TEXT and aside:
                return source[: head.start()].rstrip(), source[i + 1 : -1].strip()
            return None
    return None


def _spaced(before: str) -> bool:
    tokens = [m.group() for m in _TOKEN.finditer(before.rstrip(" "))]
    while tokens and tokens[-1].isspace():
        tokens.pop()
    last = [t for t in tokens if t not in _SPACING and not t.isspace()][-1:]
    return bool(tokens) and (tokens[-1] in _SPACING or tokens[-1] in (".", ",", ";")) and last != ["+"]
