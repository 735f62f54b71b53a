r"""Find what stands between delimiters, in a time that grows with the length of the text and not with its square.

>>> [text[a:b] for text in ["<1> <2 <3>"] for a, b in whole(spans(text, r"<", lambda s: r">"))]
['<1>', '<2 <3>']
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator

Place = tuple[int, int]
Span = tuple["re.Match[str]", "re.Match[str]"]  # the opening and the closing delimiter


def spans(
    text: str,
    opening: str,
    closing: Callable[[re.Match[str]], str],
    fits: Callable[[re.Match[str], re.Match[str]], bool] = lambda start, end: True,
) -> Iterator[Span]:
    """The first opening delimiter with the first closing one after it, and so on behind that.

    Parameters
    ----------
    opening
        A regular expression.
    closing
        The regular expression for what closes a delimiter.
    fits
        Whether two delimiters belong together; if not, the opening one is none.

    Notes
    -----
    A lazy ``.*?`` would look for the end anew at each opening delimiter; here, what is not closed once is not looked
    for again.
    """
    starts, missing, at = re.compile(opening), set[str](), 0
    while start := starts.search(text, at):
        at = start.start() + 1
        wanted = closing(start)
        end = None if wanted in missing else re.compile(wanted).search(text, start.end())
        if end is None:
            missing.add(wanted)
        elif fits(start, end):
            yield start, end
            at = end.end()


def whole(found: Iterable[Span]) -> Iterator[Place]:
    """From where to where the delimiters and what is between them stand."""
    return ((start.start(), end.end()) for start, end in found)


def inside(found: Iterable[Span]) -> Iterator[Place]:
    """From where to where stands what is between the delimiters."""
    return ((start.end(), end.start()) for start, end in found)


def blanked(text: str, places: Iterable[Place]) -> str:
    """`text` with spaces at the places, every line break staying."""
    parts, at = [], 0
    for start, end in places:
        parts += [text[at:start], spaces(text[start:end])]
        at = end
    return "".join([*parts, text[at:]])


def spaces(text: str) -> str:
    """As many spaces, with the line breaks."""
    return re.sub(r"[^\n]", " ", text)


class Lines:
    """The line of each place in a text, the first being 1."""

    def __init__(self, text: str) -> None:
        self._breaks = [m.start() for m in re.finditer("\n", text)]

    def at(self, place: int) -> int:
        """The line of a place."""
        return bisect_left(self._breaks, place) + 1
