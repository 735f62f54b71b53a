"""What the prose around a formula says of when it holds: the sentence in which it stands, and the conditions in it."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

Place = tuple[int, int]
_END = re.compile(
    r"(?<!e\.g)(?<!i\.e)(?<!cf)(?<!Eq)(?<!Fig)(?<!resp)[.!?](?=\s|$)|[。！？]|(?m:^[ \t]*#+[ \t][^\n]*$)|\n\s*\n|\\\\?(?:sub)*section|\\item|\n\s*[-*] "
)
_GOES_ON = re.compile(
    r"\s*(?:Then|So|Thus|Hence|Therefore|(?:In|Under|For) (?:this|that|these|those|such)|At this point|此时|这时|则|那么)(?![a-z])"
)
# what follows "let us" where nothing is supposed
_TALK = (
    r"(?: now| first| then| next| also| briefly)?"
    r" (?:write|look|see|derive|compute|calculate|expand|recall|rewrite|start|begin|show|prove|define|denote|introduce|note|examine"
    r"|simplify|evaluate|find|verify|check|turn|return|compare|bound|apply|state|rearrange|continue)\b"
)
_CONDITION = re.compile(
    r"\b(?:if|iff|when|whenever|once|suppos(?:e|ing)|assum(?:e|es|ing)|provided|given that|as long as|in (?:the|this|that|which) case"
    rf"|under the (?:assumption|condition|hypothesis)|in the limit|for|with|where|choos(?:e|ing)|set(?:ting)?|let(?:ting)?(?!(?:['’]s| us){_TALK})"
    r"|(?:ignor|neglect|dropp|omitt|discard|disregard)ing|up to)\b"
    r"|如果|假如|假设|假定|若|当(?!前|然|中|于|我们)",
    re.IGNORECASE,
)
_WEAK = {"for", "with", "where", "set", "setting", "let", "letting", "choose", "choosing", "once"}  # alone no condition
_SPECIAL = re.compile(
    r"independen|exact|equal|perfect|optimal|tight|zero|vanish|converg|identical|determin|noise|collaps|lossless|match|coincid"
    r"|\bsame\b|true posterior|\blimit|approach|invertib|bijecti|uniform|constant|mean.field|factori|conjugat|symmetric"
    r"|ignor|neglect|\bdrop|omit|discard|expressive|sufficient|\blinear|\bfixed|unbiased|disjoint|binary|独立|相等|相同|噪|最优|确定|均匀",
    re.IGNORECASE,
)
_HARMLESS = re.compile(
    r"^\W*(?:that\s+)?(?:(?:we|you|one|I|they)\s+(?!assume|suppose|set|let|choose|fix|had|ignore|neglect|drop|omit)\w+|\w+ing\b)",
    re.IGNORECASE,
)
_JOINED = re.compile(r"\b(?:that|both|and)\b|,")
_GIVEN = re.compile(r"^\W*(?:that\s+)?(?:an?\b|there\b|our\b|the (?:data|dataset)\b)", re.IGNORECASE)  # after "suppose"
_HOLDS = re.compile(
    r"^[\s,;:()]*(?:(?:which|this|that|it|and|or|only|holds?|is|are|true|exactly|just)\s+)*$", re.IGNORECASE
)
_CLAUSE = re.compile(r"[,;:，；：](?!\s*(?:and|or)\b)|\bthen\b|\bwe (?:have|get|obtain|find)\b")
_EVERY = re.compile(r"\s+(?:all|any|every|each|some)\b")
_VERB = re.compile(r"\b(?:can|may|we|becomes|follows)\b")
_RELATION = re.compile(r"=|\\(?:to|rightarrow|approx|equiv|le|ge|leq|geq|ll|gg|perp|indep)(?![a-zA-Z])|[<>]")
_NO_CONDITION = re.compile(
    r"\\sim(?![a-zA-Z])|\\in(?![a-zA-Z])|\\(?:mathcal|mathrm|text|cal)\s*\{?\s*N|(?<![a-zA-Z\\])N\s*\(|diag|\\[lc]?dots|:=|\\propto"
)
_LAW = re.compile(r"\\sim(?![a-zA-Z])")
_OTHERWISE = re.compile(r"\b(?:instead of|rather than|unlike|not?|nor|never|without|than)\b", re.IGNORECASE)
_LETTER = re.compile(r"\s*\\?[a-zA-Z]+\s*(?:_\s*(?:\w|\{[^{}]*\}))?\s*")
_OPERATIONS = {*[r"\log", r"\ln", r"\exp", r"\odot", r"\cdot", r"\times", r"\frac", r"\dfrac", r"\tfrac", r"\sqrt"]}
_LONGEST = 800  # characters of a sentence on either side of a formula
_SENTENCES = 2  # before that of a formula, which may speak of it
_MARK = "\ufffc"  # stands for each character of a formula


_CHOICE = re.compile(
    r"\b(?:optim\w+|exact\w*|tight|true|perfect\w*|equal\w*|tak(?:e|ing)|becaus\w+|limit)\b|=", re.IGNORECASE
)


def may_suppose(words: str) -> bool:
    """Whether words between formulas may say when the next one holds."""
    return bool(_CONDITION.search(words) or _CHOICE.search(words))


@dataclass(frozen=True)
class Condition:
    """What a formula is said to hold under: in words, and the formula in them, which is empty if there is none.

    `is_law` says that the formula is the law of a variable, such as ``z \\sim p(z)``, which is no condition as such, and
    `is_denied` that its sentence speaks of what it is not, `is_earlier` that it stands in one of the sentences before.
    """

    words: str
    formula: str = ""
    is_law: bool = False
    is_denied: bool = False
    is_earlier: bool = False


def conditions(text: str, formulas: Sequence[Place], inside: Sequence[Place]) -> Iterator[tuple[Condition, ...]]:
    """For each formula of a text the conditions in its sentence, before it and right behind it.

    Parameters
    ----------
    text
        Prose and formulas.
    formulas, inside
        Where the formulas stand, with their delimiters and without.
    """
    prose = _Prose(text, formulas, inside)
    for start, end in formulas:
        yield (*prose.before(start), *prose.behind(end))


class _Prose:
    """A text in which each character of a formula is a mark: where its sentences end, and its words for conditions."""

    def __init__(self, text: str, formulas: Sequence[Place], inside: Sequence[Place]) -> None:
        self.text, self.formulas, self.inside = text, formulas, inside
        self.starts = [start for start, _ in formulas]
        sources = [text[slice(*place)] for place in inside]
        self.laws = [i for i, s in enumerate(sources) if _LAW.search(s) and not _RELATION.search(s)]
        self.laws_at = [self.starts[i] for i in self.laws]
        self.masked = _masked(text, formulas, inside)
        self.breaks = [0, *(m.end() for m in _END.finditer(self.masked))]
        self.words = list(_CONDITION.finditer(self.masked))
        self.places = [word.start() for word in self.words]

    def before(self, start: int) -> Iterator[Condition]:
        """The conditions, and the laws, in the sentence of a formula that stand before it."""
        begin = max(self._begin(start), start - _LONGEST)
        earlier = begin
        for _ in range(_SENTENCES):
            earlier = self._begin(max(earlier - 1, 0))
        earlier = max(earlier, begin - _LONGEST)
        yield from (replace(law, is_earlier=True) for law in self._laws(earlier, begin))
        yield from self._laws(begin, start)
        first = bisect_left(self.places, begin)
        for word in self.words[first : bisect_left(self.places, start)]:
            yield from self._said(word, _clause_end(self.masked, word.end(), start))

    def behind(self, end: int) -> Iterator[Condition]:
        """The condition that follows a formula in its sentence."""
        later = bisect_right(self.breaks, self._goes_on(end))
        stop = min(self.breaks[later] if later < len(self.breaks) else len(self.masked), end + _LONGEST)
        place = bisect_left(self.places, end)
        word = self.words[place] if place < len(self.words) else None
        if word is not None and word.end() <= stop and _HOLDS.match(self.masked[end : word.start()]):
            yield from self._laws(word.end(), stop)
            yield from self._said(word, _clause_end(self.masked, word.end(), stop))

    def _begin(self, start: int) -> int:
        """Where the sentence of a formula begins; with the sentence before if it goes on with that one."""
        while start and self.masked[start - 1].isspace():
            start -= 1
        last = bisect_right(self.breaks, start) - 1
        begin = self.breaks[last]
        while _GOES_ON.match(self.masked, begin) and last:
            last -= 1
            if self.masked[self.breaks[last] : begin].strip(" \n.。"):
                return self.breaks[last]
        return begin

    def _goes_on(self, end: int) -> int:
        """Where the sentence of a formula goes on behind it: after empty lines too, with a small letter or a bracket."""
        place = end
        while place < min(len(self.masked), end + 20) and self.masked[place].isspace():
            place += 1
        small = self.masked[place : place + 1].islower() or self.masked.startswith("(", place)
        return place if small else end

    def _laws(self, start: int, end: int) -> Iterator[Condition]:
        """The formulas in a part of a sentence that state laws; where it says what is not, one cannot tell which."""
        for i in self.laws[bisect_left(self.laws_at, start) : bisect_left(self.laws_at, end)]:
            is_denied = _OTHERWISE.search(self.masked, start, end) is not None
            words = " ".join(self.masked[start : self.starts[i]].split())
            yield Condition(words, self.text[slice(*self.inside[i])], True, is_denied)

    def _said(self, word: re.Match[str], end: int) -> Iterator[Condition]:
        """The conditions of a clause: its equations; or its words, if it has none and they are not known to be harmless."""
        clause, weak = self.masked[word.end() : end], word.group().lower() in _WEAK
        words = " ".join(re.sub(_MARK + "+", " ... ", self.masked[word.start() : end]).split())
        near = range(bisect_left(self.starts, word.end()), bisect_left(self.starts, end))
        sources = (self.text[slice(*self.inside[i])] for i in near)
        said = [s for s in sources if _RELATION.search(s) and not _NO_CONDITION.search(s)]
        equations = [s for s in said if not (weak and _is_definition(s))]
        if equations:
            yield from (Condition(words, source) for source in equations)
            return
        about = _VERB.split(clause)[0] if weak else clause
        given = _GIVEN.match(clause) and word.group().lower().startswith(("suppos", "assum"))
        bare = not _JOINED.sub("", clause).strip(_MARK + " \n")  # densities that it names are known by themselves
        harmless = weak or given or _HARMLESS.match(clause) or bare
        if not _EVERY.match(clause) and (_SPECIAL.search(about) or not harmless):
            yield Condition(words)


def _is_definition(equation: str) -> bool:
    """Whether it says what a letter stands for: an operation on others. That it is a number or a letter may be a condition."""
    left, _, right = equation.partition("=")
    names = set(re.findall(r"\\[a-zA-Z]+|[a-zA-Z]", right))
    operates = names & _OPERATIONS or re.search(r"[\w)}]\s*[-+*/]", right)
    return bool(_LETTER.fullmatch(left) and names - _OPERATIONS and operates and "=" not in right)


def _masked(text: str, formulas: Sequence[Place], inside: Sequence[Place]) -> str:
    """The prose, with a mark for each character of a formula; one that ends in a full stop ends the sentence."""
    parts, at = [], 0
    for (start, end), (_, last) in zip(formulas, inside, strict=True):
        ended = text[max(last - 20, start) : last].rstrip().endswith((".", "。"))
        parts += [text[at:start], _MARK * (end - start - 1), "。" if ended else _MARK]
        at = end
    return "".join([*parts, text[at:]])


def _clause_end(masked: str, start: int, stop: int) -> int:
    """Where a clause ends: at a comma, unless it goes on with another condition."""
    found = _CLAUSE.search(masked, start, stop)
    return found.start() if found else stop
