r"""The macros that a text defines for itself, such as ``\newcommand{\E}{\mathbb{E}}``, and formulas without them.

>>> expanded(r"\E_q[x]", macros(r"\newcommand{\E}{\mathbb{E}}"))
'\\mathbb{E}_q[x]'
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from derivations.delimiter import blanked

_NEW = re.compile(
    r"\\(?:re)?(?:new|provide)command\*?\s*\{?\s*(?P<name>\\[a-zA-Z]+)\s*\}?\s*(?:\[(?P<count>\d)\])?\s*(?:\[(?P<default>[^\[\]{}]*)\])?\s*(?=\{)"
    r"|\\def\s*(?P<defined>\\[a-zA-Z]+)\s*(?P<places>(?:#\d)*)\s*(?=\{)"
    r"|\\DeclareMathOperator\*?\s*\{?\s*(?P<operator>\\[a-zA-Z]+)\s*\}?\s*(?=\{)"
)
_COMMAND = re.compile(r"\\[a-zA-Z]+")
_STEPS = 200  # replacements in one formula, so that a macro that calls itself ends
_LONGEST = 20_000
_MOST, _WIDEST = 1000, 4000  # macros of a text, and characters of what one stands for


@dataclass(frozen=True)
class Macro:
    """What a command stands for, with ``#1`` for its first argument, which may have a default: it is in square brackets then."""

    arguments: int
    body: str
    default: str | None = None


def macros(text: str) -> dict[str, Macro]:
    """The macros that a text defines."""
    found: dict[str, Macro] = {}
    for match, body in _definitions(text):
        if "\n\n" in body:
            continue
        name = match["name"] or match["defined"] or match["operator"]
        count = int(match["count"] or 0) or (match["places"] or "").count("#")
        found[name] = Macro(count, rf"\operatorname{{{body}}}" if match["operator"] else body, match["default"])
    return found


def definitions_blanked(text: str) -> str:
    """`text` with spaces in the place of the definitions of its macros: they are no formulas."""
    return blanked(text, ((m.start(), m.end() + len(body) + 2) for m, body in _definitions(text)))


def _definitions(text: str) -> Iterator[tuple[re.Match[str], str]]:
    """The definitions with their bodies; one within another is part of it."""
    end = 0
    for match in islice(_NEW.finditer(text), _MOST):
        body = _braced(text, match.end())
        if body is not None and match.start() >= end:
            yield match, body
            end = match.end() + len(body) + 2


def expanded(source: str, known: Mapping[str, Macro]) -> str:
    """A formula with its macros replaced, on the same lines; as it is if a macro has no end or lacks an argument."""
    text = source
    for _ in range(_STEPS):
        match = next((m for m in _COMMAND.finditer(text) if m.group() in known), None)
        if match is None or len(text) > _LONGEST:
            break
        macro, end, body = known[match.group()], match.end(), known[match.group()].body.replace("\n", " ")
        for place in range(1, macro.arguments + 1):
            optional = place == 1 and macro.default is not None
            taken = _optional(text, end, macro.default or "") if optional else _argument(text, end)
            if taken is None:
                return source
            argument, end = taken
            body = body.replace(f"#{place}", argument)
        word = re.search(r"\\[a-zA-Z]+$", text[: match.start()]) and body[:1].isalpha()
        body = f" {body}" if word else body  # \log\px is no \logp
        joined = body + " " if re.search(r"\\[a-zA-Z]+$", body) and text[end : end + 1].isalpha() else body
        text = text[: match.start()] + joined + text[end:]
    return text


def _optional(text: str, start: int, default: str) -> tuple[str, int]:
    """The argument in square brackets that begins at `start`, or its default, and where it ends."""
    given = re.compile(r"\[(?P<inside>(?:[^\[\]{}]|\{[^{}]*\})*)\]").match(text, start)
    return (given["inside"], given.end()) if given else (default, start)


def _argument(text: str, start: int) -> tuple[str, int] | None:
    """The argument that begins at `start`, after spaces, and where it ends."""
    begin = start + len(text[start:]) - len(text[start:].lstrip())
    if text[begin : begin + 1] == "{":
        inside = _braced(text, begin)
        return None if inside is None else (inside, begin + len(inside) + 2)
    command = _COMMAND.match(text, begin)
    if command:
        return command.group(), command.end()
    return (text[begin], begin + 1) if begin < len(text) else None


def _braced(text: str, start: int) -> str | None:
    """What stands between the brace at `start` and the one that closes it."""
    depth = 0
    for i in range(start, min(len(text), start + _WIDEST)):
        escaped = text[i - 1 : i] == "\\"
        depth += (text[i] == "{" and not escaped) - (text[i] == "}" and not escaped)
        if depth == 0:
            return text[start + 1 : i]
    return None
