"""A proofread manuscript as one self-contained HTML page: its text, and below each formula what is said of it.

The text is the user's and may hold anything: it is escaped, and a formula whose MathML would be more than MathML (a
link, a style) is shown as its source.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import ParseError, fromstring

from markupsafe import Markup

from derivations.manuscript import Manuscript
from derivations.relation import Judgement
from elbocheck.report import mathml, template

MARKS = {"proved": "✓", "refuted": "✗", "undecided": "?", "unparsed": "–"}
RELATIONS = {"<=": r"\le", ">=": r"\ge", "!=": r"\ne", "~": r"\approx", "prop": r"\propto"}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # characters that no page may hold
LONGEST = 2000  # characters of a formula that is typeset
_PLAIN = re.compile(r"[\w .%#+-]*")
# of what latex2mathml writes: layout, that loads nothing, leads nowhere and covers nothing
_ATTRIBUTES = {"alttext", "columnalign", "displaystyle", "fence", "form", "linethickness", "lspace", "mathvariant"} | {
    "accent",
    "largeop",
    "maxsize",
    "minsize",
    "movablelimits",
    "rspace",
    "scriptlevel",
    "separator",
    "stretchy",
    "width",
}


@dataclass(frozen=True)
class Part:
    """Lines of a text, the number of the first, and the relations that follow the last."""

    first: int
    lines: tuple[str, ...]
    relations: tuple[Judgement, ...]


def page(texts: Sequence[Manuscript], judgements: Sequence[Judgement], tally: Mapping[str, int]) -> str:
    """The page of all texts; same bytes for the same judgements.

    Parameters
    ----------
    tally
        How many relations have each verdict.
    """
    named = [(name, text) for manuscript in texts for name, text in manuscript.texts]
    found: dict[str, dict[int, list[Judgement]]] = defaultdict(lambda: defaultdict(list))
    for j in judgements:
        found[j.file][j.line].append(j)
    return template("marked.html.j2").render(
        tally=tally,
        files=[(name, list(parts(text, found[name]))) for name, text in named],
        refuted=[j for j in judgements if j.verdict == "refuted"],
        marks=MARKS,
        typeset=typeset,
        anchor=anchor,
    )


def parts(text: str, relations: Mapping[int, Sequence[Judgement]]) -> Iterator[Part]:
    """The text, divided after each line on which a relation ends."""
    lines, start = _CONTROL.sub("�", text).split("\n"), 0
    for number in sorted(relations):
        yield Part(start + 1, tuple(lines[start:number]), tuple(relations[number]))
        start = number
    if start < len(lines):
        yield Part(start + 1, tuple(lines[start:]), ())


def anchor(judgement: Judgement) -> str:
    """The name of a relation within the page."""
    return f"{judgement.file}:{judgement.chain}:{judgement.index}"


def typeset(judgement: Judgement) -> Markup:
    r"""The relation as MathML, or as its source where it has none that is safe.

    Examples
    --------
    >>> typeset(Judgement("a.tex", 1, 0, 0, "=", r"\text{<b>}", "x", "proved"))
    Markup('...&lt;b&gt;...')
    >>> typeset(Judgement("a.tex", 1, 0, 0, "=", r"\href{javascript:f()}{y}", r"\style{color:red}{x}", "proved"))
    Markup('<code>\\href{javascript:f()}{y} = \\style{color:red}{x}</code>')
    """
    relation = RELATIONS.get(judgement.relation, judgement.relation)
    source = _CONTROL.sub("�", f"{judgement.lhs} {relation} {judgement.rhs}")
    try:
        if len(source) <= LONGEST:
            formula = mathml(source.replace("||", r"\|"))
            if _is_safe(formula):
                return formula
    except (ValueError, ParseError):  # of a command without MathML, of a control character
        pass
    return Markup("<code>{}</code>").format(source)


def _is_safe(formula: str) -> bool:
    return all(
        element.tag.startswith("m")
        and element.attrib.keys() <= _ATTRIBUTES
        and all(_PLAIN.fullmatch(value) for name, value in element.attrib.items() if name != "alttext")
        for element in fromstring(formula).iter()
    )
