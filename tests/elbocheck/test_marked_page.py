"""The page of a proofread manuscript: everything is there, nothing of the user's text becomes markup, it loads nothing."""

import re
from xml.etree.ElementTree import fromstring

import pytest

from derivations.manuscript import read_text
from derivations.proofread import proofread
from derivations.relation import Judgement
from derivations.written import written
from elbocheck.marked_page import MARKS, Part, page, parts, typeset
from elbocheck.proofreading import tally

TEXT = r"""# <script>alert(1)</script> & notes

Say $\log p(x,z) = \log p(x|z) + \log p(z)$, then
\begin{align}
\log p(x,z) &= \log p(x|z) - \log p(z) \\
 &\ge \heartsuit
\end{align}
and $D_{KL} = 1 \text{<img src=x onerror=f()>}$
"""


def marked(text, name="notes.md"):
    manuscript = read_text(text, name)
    judgements = list(proofread(written(manuscript.formulas), manuscript.conventions))
    return page([manuscript], judgements, tally(judgements))


def judgement(lhs, rhs, relation="="):
    return Judgement("a.tex", 1, 0, 0, relation, lhs, rhs, "proved")


def test_every_line_and_every_relation_is_there_in_order():
    found = marked(TEXT)
    lines = re.findall(r'<span class="number">(\d+)</span>', found)
    assert lines == [str(i + 1) for i in range(len(TEXT.split("\n")))]
    verdicts = re.findall(r'<div class="relation (\w+)" id="notes.md:(\d):(\d)">', found)
    assert verdicts == [("proved", "0", "0"), ("refuted", "1", "0"), ("unparsed", "1", "1"), ("unparsed", "2", "0")]
    assert found.index('<span class="line">\\log p(x,z) &amp;=') < found.index('id="notes.md:1:0"')
    assert "the sign of log p(z) is reversed" in found
    assert "counterexample" in found
    assert '<a href="#notes.md%3A1%3A0">notes.md, line 5</a>' in found


def test_verdicts_are_marked_by_sign_and_word_not_by_colour_alone():
    found = marked(TEXT)
    for verdict in ("proved", "refuted", "unparsed"):
        assert f"{MARKS[verdict]} {verdict}</span>" in found
    assert len(set(MARKS.values())) == 4


def test_the_text_of_the_user_stays_text():
    found = marked(TEXT)
    assert "<script" not in found
    assert "<img" not in found
    assert "&lt;script&gt;" in found
    assert "onerror" in found


def test_the_page_loads_nothing():
    found = marked(TEXT)
    assert not re.search(r"""(src|href)\s*=\s*["'](?!#)|url\(|@import|<link|<script|<iframe""", found)


def test_the_same_judgements_give_the_same_bytes():
    assert marked(TEXT) == marked(TEXT)


@pytest.mark.parametrize(
    "source",
    [
        r"\style{background:url(http://a.b)}{x}",
        r"\class{verdict}{x}",
        r"\textcolor{url(http://a.b)}{x}",
        r"\color{red}x",
        r"\begin{",
        r"\heartburn",
        "x" * 3000,
        r"\frac" * 400,
        r"\rule{99em}{99em}",
    ],
)
def test_what_is_no_plain_formula_is_shown_as_its_source(source):
    assert typeset(judgement(source, "y")).startswith("<code>")


@pytest.mark.parametrize(
    "source", [r"\href{javascript:f()}{x}", r"\text{<b>}", r"\text{&lt;b onclick='f()'>}", r"\unicode{x3c}b"]
)
def test_what_is_typeset_holds_no_markup_of_the_user(source):
    found = typeset(judgement(source, "y"))
    if not found.startswith("<code>"):
        elements = list(fromstring(found).iter())
        assert all(e.tag.startswith("m") for e in elements)
        assert not any({"href", "onclick", "style", "src"} & e.attrib.keys() for e in elements)


def test_control_characters_are_replaced():
    assert "�" in typeset(judgement("\x02", r"\frac"))
    assert list(parts("a\x00b", {})) == [Part(1, ("a�b",), ())]


def test_a_formula_is_typeset():
    found = typeset(judgement(r"\log p(x)", r"\mathbb{E}_q[\log \tfrac{p(x,z)}{q(z|x)}] - D_{KL}(q||p)", ">="))
    assert found.startswith("<math")
    assert "<mfrac>" in found
    assert "≥" in found
    assert "‖" in found


def test_the_parts_of_a_text():
    relation = judgement("a", "b")
    assert list(parts("one\ntwo\nthree", {2: [relation]})) == [
        Part(1, ("one", "two"), (relation,)),
        Part(3, ("three",), ()),
    ]
    assert list(parts("one", {1: [relation]})) == [Part(1, ("one",), (relation,))]
    assert list(parts("one", {})) == [Part(1, ("one",), ())]
