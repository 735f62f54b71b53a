r"""Break the LaTeX of a formula into lines, as a typesetter would: at the signs of a sum, least deeply nested first.

Works on what `derivations.latex.latex` prints. Widths are in em of the formula's font, estimated from above.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from derivations.plain import group

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|.")
_WIDTHS = {
    **dict.fromkeys((r"\leq", r"\geq", r"\neq", r"\sim", r"\in", "=", "<", ">"), 1.4),
    **dict.fromkeys(("+", "-"), 1.23),
    **dict.fromkeys(("m", "w", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ"), 0.95),
    **dict.fromkeys(("(", ")", "[", "]", r"\{", r"\}", "|", r"\|", "'"), 0.5),
    **dict.fromkeys((",", ";", r"\;", "/"), 0.5),
    **dict.fromkeys((" ", r"\left", r"\right", r"\middle", "{", "}", "."), 0.0),
    **dict.fromkeys((r"\log", r"\exp", r"\dim"), 1.95),
    r"\,": 0.17,
    r"\mid": 0.9,
    r"\mapsto": 1.6,
    r"\infty": 1.05,
    r"\dots": 1.5,
    r"\cdot": 0.75,
    r"\int": 1.25,
    r"\sum": 1.65,
    r"\prod": 1.5,
}
_TALL = re.compile(r"\\(frac|sum|prod|int)\b")
_LIMITS = (r"\sum", r"\prod")
_NAMES = (r"\text", r"\mathit", r"\operatorname", r"\mathrm")
_LETTER, _SCRIPT, _DELIMITER = 0.62, 0.74, 0.35
_CONTINUED = 2.0  # by which continued lines are indented


def width(line: str) -> float:
    """An upper estimate of the width of a formula in display style, in em."""
    total, rest = 0.0, line
    while rest:
        token = _TOKEN.match(rest).group()  # type: ignore[union-attr]
        rest = rest[len(token) :]
        if token == r"\frac":
            above, rest = group(rest)
            below, rest = group(rest)
            total += 0.3 + max(width(above), width(below))
        elif token == r"\sqrt":
            inside, rest = group(rest)
            total += 1.05 + width(inside)
        elif token in _NAMES:
            inside, rest = group(rest)
            total += 0.35 + 0.53 * len(inside)
        elif token in ("_", "^", *_LIMITS):
            scripts, rest = _scripts(rest if token in _LIMITS else token + rest)
            total += max(_WIDTHS.get(token, 0.0), scripts + (0.17 if token in _LIMITS else 0.05))
        elif token in (r"\left", r"\right"):
            total += _DELIMITER if _TALL.search(line) else 0.17
        elif token == "{":
            inside, rest = group(token + rest)
            total += width(inside)
        else:
            total += _WIDTHS.get(token, 0.0 if token in (r"\mathbb", r"\mathcal", r"\mathbf") else _LETTER)
    return total


def _scripts(rest: str) -> tuple[float, str]:
    """The width of sub- and superscripts at the beginning of a line, which stand above one another."""
    widest = 0.0
    while rest[:2] in ("_{", "^{"):
        inside, rest = group(rest[1:])
        widest = max(widest, _SCRIPT * width(inside))
    return widest, rest


@dataclass(frozen=True)
class _Place:
    """Where a line may end: what is before and after the gap, and how unwelcome a break is there."""

    end: int
    start: int
    mark: str
    penalty: float


def broken(line: str, limit: float) -> list[str]:
    """The formula in lines of at most `limit` em, where it has places to break; brackets that lines part are not stretched.

    Continued lines are to be indented by two em, for which room is left.
    """
    line = _without_wide_fractions(line, limit)
    if width(line) <= limit:
        return [line]
    places, lines, at, mark = _places(line), list[tuple[str, int]](), 0, ""
    while width(mark + line[at:]) > limit - _CONTINUED * bool(lines):
        room = limit - _CONTINUED * bool(lines)
        ahead = [(p, width(mark + line[at : p.end])) for p in places if p.end > at]
        fitting = [(p, w) for p, w in ahead if w <= room] or ahead[:1]
        if not fitting:
            break
        place, _ = min(fitting, key=lambda entry: entry[0].penalty + 12 * (1 - entry[1] / room) ** 2)
        lines.append((mark + line[at : place.end], at))
        at, mark = place.start, place.mark
    lines.append((mark + line[at:], at))
    return _resized([text for text, _ in lines])


def _places(line: str) -> list[_Place]:
    """All gaps between summands, factors and arguments that do not stand in a fraction, a root or a script."""
    found, level, position = [], 0, 0
    while position < len(line):
        token = _TOKEN.match(line, position).group()  # type: ignore[union-attr]
        after = position + len(token)
        if token == "{":
            position += len(group(line[position:])[0]) + 2
            continue
        level += (token == r"\left") - (token == r"\right")
        before = line[position - 1 : position]
        if token in ("+", "-") and before == " " and line[after : after + 1] == " ":
            found.append(_Place(position - 1, after, f"{{}} {token}", 4 * level))
        elif token in (r"\,", r"\cdot") and before == " " and not line.startswith(r" \mathrm{d}", after):
            if r"\middle" not in line[max(0, position - 12) : after + 8]:
                found.append(_Place(position - 1, after, r"{} \cdot", 4 * level + 5))
        elif token == "," and line[after : after + 1] == " ":
            found.append(_Place(after, after, "", 4 * level + 7))
        elif token == r"\middle":
            found.append(_Place(position - 3, position, "", 4 * level + 3))
        elif token in (r"\forall", "=", r"\leq", r"\geq", r"\neq", "<", ">") and level == 0:
            found.append(_Place(position - 1, position, "{} ", -3))
        position = after
    return [p for p in found if p.end > 0]


def _without_wide_fractions(line: str, limit: float) -> str:
    """The formula with fractions that no line can hold written with a slash."""
    start = 0
    while (at := line.find(r"\frac{", start)) >= 0:
        above, rest = group(line[at + len(r"\frac") :])
        below, rest = group(rest)
        start = at + 1
        if max(width(above), width(below)) > 0.8 * limit:
            line = rf"{line[:at]}\left({above}\right) / \left({below}\right){rest}"
    return line


def _resized(lines: list[str]) -> list[str]:
    r"""``\bigl``, ``\bigr`` and the like for brackets whose partner stands in another line."""
    whole = "\n".join(lines)
    stack: list[list[int]] = []
    sizes: dict[int, str] = {}
    for match in re.finditer(r"\\(left|middle|right)(?![a-z])", whole):
        if match[1] == "left":
            stack.append([])
        stack[-1].append(match.start())
        if match[1] == "right":
            marks = stack.pop()
            inside = whole[marks[0] : match.start()]
            if "\n" in inside:
                sizes |= dict.fromkeys(marks, r"\bigg" if _TALL.search(inside) else r"\big")
    kinds = {"left": "l", "middle": "", "right": "r"}
    for position in sorted(sizes, reverse=True):
        kind = re.match(r"\\([a-z]+)", whole[position:])[1]  # type: ignore[index]
        after = position + 1 + len(kind)
        command = "" if whole[after] == "." else sizes[position] + kinds[kind]
        whole = whole[:position] + command + whole[after + (whole[after] == ".") :]
    return whole.split("\n")
