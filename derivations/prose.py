"""What the prose around a formula says of when it holds: the sentence in which it stands, and the conditions in it."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Place = tuple[int, int]
_END = re.compile(
    r"(?<!e\.g)(?<!i\.e)(?<!cf)(?<!Eq)(?<!Fig)(?<!resp)[.!?](?=\s|$)|[。！？]|(?m:^[ \t]*#+[ \t][^\n]*$)|\n\s*\n|\\\\?(?:sub)*section|\\item|\n\s*[-*] "
)
_GOES_ON = re.compile(
    r"\s*(?:Then|So|Thus|Hence|Therefore|(?:In|Under|For) (?:this|that|these|those|such)|At this point|此时|这时|则|那么)(?![a-z])"
)
_CONDITION = re.compile(
    r"\b(?:if|iff|when|whenever|once|suppos(?:e|ing)|assum(?:e|es|ing)|provided|given that|as long as|in (?:the|this|that|which) case"
    r"|under the (?:assumption|condition|hypothesis)|in the limit|for|with|where|choos(?:e|ing)|set(?:ting)?|let(?:ting)?)\b"
    r"|如果|假如|假设|假定|若|当(?!前|然|中|于|我们)",
    re.IGNORECASE,
)
_WEAK = {"for", "with", "where", "set", "setting", "let", "letting", "choose", "choosing", "once"}  # alone no condition
_SPECIAL = re.compile(
    r"independen|exact|equal|perfect|optimal|tight|zero|vanish|converg|identical|determin|noise|collaps|lossless|match|coincid"
    r"|\bsame\b|true posterior|\blimit|approach|invertib|bijecti|uniform|constant|mean.field|factori|conjugat|symmetric"
    r"|sufficient|\blinear|\bfixed|unbiased|disjoint|binary|独立|相等|相同|噪|最优|确定|均匀",
    re.IGNORECASE,
)
_HARMLESS = re.compile(
    r"^\W*(?:that\s+)?(?:(?:we|you|one|I|they)\s+(?!assume|suppose|set|let|choose|fix|had)\w+|\w+ing\b|an?\b|there\b|our\b"
    r"|the (?:data|model|dataset|encoder|decoder|network))",
    re.IGNORECASE,
)
_HOLDS = re.compile(
    r"^[\s,;:()]*(?:(?:which|this|that|it|and|or|only|holds?|is|are|true|exactly|just)\s+)*$", re.IGNORECASE
)
_RELATION = re.compile(r"=|\\(?:to|rightarrow|approx|equiv|le|ge|leq|geq|ll|gg|perp|indep)(?![a-zA-Z])|[<>]")
_NO_CONDITION = re.compile(
    r"\\sim(?![a-zA-Z])|\\in(?![a-zA-Z])|\\(?:mathcal|mathrm|text|cal)\s*\{?\s*N|(?<![a-zA-Z\\])N\s*\(|diag|\\[lc]?dots|:=|\\propto"
)
_LONGEST = 800  # characters of a sentence on either side of a formula
_MARK = "\ufffc"  # stands for each character of a formula


@dataclass(frozen=True)
class Condition:
    """What a formula is said to hold under: in words, and the formula in them, which is empty if there is none."""

    words: str
    formula: str = ""


def conditions(text: str, formulas: Sequence[Place], inside: Sequence[Place]) -> Iterator[tuple[Condition, ...]]:
    """For each formula of a text the conditions in its sentence, before it and right behind it.

    Parameters
    ----------
    text
        Prose and formulas.
    formulas, inside
        Where the formulas stand, with their delimiters and without.
    """
    masked = _masked(text, formulas, inside)
    breaks = [0, *(m.end() for m in _END.finditer(masked))]
    starts = [start for start, _ in formulas]
    for start, end in formulas:
        begin = max(_begin(masked, breaks, start), start - _LONGEST)
        later = bisect_right(breaks, _goes_on(masked, end))
        stop = min(breaks[later] if later < len(breaks) else len(masked), end + _LONGEST)
        near = range(bisect_left(starts, begin), bisect_left(starts, stop))
        within = [(formulas[i], text[slice(*inside[i])]) for i in near]
        yield (*_before(masked, begin, start, within), *_behind(masked, end, stop, within))


def _goes_on(masked: str, end: int) -> int:
    """Where the sentence of a formula goes on behind it: after empty lines too, with a small letter or a bracket."""
    place = end
    while place < min(len(masked), end + 20) and masked[place].isspace():
        place += 1
    return place if masked[place : place + 1].islower() or masked.startswith("(", place) else end


def _masked(text: str, formulas: Sequence[Place], inside: Sequence[Place]) -> str:
    """The prose, with a mark for each character of a formula; one that ends in a full stop ends the sentence."""
    parts, at = [], 0
    for (start, end), (_, last) in zip(formulas, inside, strict=True):
        ended = text[max(last - 20, start) : last].rstrip().endswith((".", "。"))
        parts += [text[at:start], _MARK * (end - start - 1), "。" if ended else _MARK]
        at = end
    return "".join([*parts, text[at:]])


def _begin(masked: str, breaks: Sequence[int], start: int) -> int:
    """Where the sentence of a formula begins; with the sentence before if it goes on with that one."""
    while start and masked[start - 1].isspace():
        start -= 1
    last = bisect_right(breaks, start) - 1
    begin = breaks[last]
    while _GOES_ON.match(masked, begin) and last:
        last -= 1
        if masked[breaks[last] : begin].strip(" \n.。"):
            return breaks[last]
    return begin


def _before(masked: str, begin: int, start: int, within: Sequence[tuple[Place, str]]) -> Iterator[Condition]:
    for word in _CONDITION.finditer(masked, begin, start):
        end = _clause_end(masked, word.end(), start)
        yield from _said(masked, word, end, within)


def _behind(masked: str, end: int, stop: int, within: Sequence[tuple[Place, str]]) -> Iterator[Condition]:
    word = _CONDITION.search(masked, end, stop)
    if word is not None and _HOLDS.match(masked[end : word.start()]):
        yield from _said(masked, word, _clause_end(masked, word.end(), stop), within)


def _clause_end(masked: str, start: int, stop: int) -> int:
    """Where a clause ends: at a comma, unless it goes on with another condition."""
    found = re.compile(r"[,;:，；：](?!\s*(?:and|or)\b)|\bthen\b|\bwe (?:have|get|obtain|find)\b").search(
        masked, start, stop
    )
    return found.start() if found else stop


def _said(masked: str, word: re.Match[str], end: int, within: Sequence[tuple[Place, str]]) -> Iterator[Condition]:
    """The conditions of a clause: its equations; or its words, where it has none and we do not know them to be harmless."""
    clause = masked[word.end() : end]
    words = " ".join(re.sub(_MARK + "+", " ... ", masked[word.start() : end]).split())
    equations = [
        source
        for (a, b), source in within
        if word.end() <= a and b <= end and _RELATION.search(source) and not _NO_CONDITION.search(source)
    ]
    if re.match(r"\s+(?:all|any|every|each|some)\b", clause) and not equations:
        return
    yield from (Condition(words, source) for source in equations)
    if equations:
        return
    weak = word.group().lower() in _WEAK
    if _SPECIAL.search(clause) or not (weak or _HARMLESS.search(clause) or not clause.strip(_MARK + " \n")):
        yield Condition(words)
