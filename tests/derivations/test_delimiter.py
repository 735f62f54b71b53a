"""What stands between delimiters, found in a time that grows with the length of the text."""

import re
import time

import pytest

from derivations.delimiter import Lines, blanked, inside, spaces, spans, whole


def between(text, opening, closing, fits=lambda start, end: True):
    return [text[a:b] for a, b in inside(spans(text, opening, lambda start: closing, fits))]


def test_the_first_end_after_a_start_closes_it():
    assert between("a <b> c> <d <e>", "<", ">") == ["b", "d <e"]


def test_what_is_not_closed_is_no_start_and_hides_none():
    closing = {"<": ">", "[": "]"}
    found = spans("< [a] [b", r"[<\[]", lambda start: re.escape(closing[start.group()]))
    assert [s.string[s.end() : e.start()] for s, e in found] == ["a"]


def test_delimiters_that_do_not_fit_are_none():
    assert between("<> <a>", "<", ">", lambda start, end: end.start() > start.end()) == ["a"]


def test_the_same_as_a_lazy_expression():
    text = "x<a>y<<b>>\n<c\nd> <e"
    assert between(text, "<", ">") == re.findall("<(.*?)>", text, re.DOTALL)


@pytest.mark.parametrize("text", ["<" * 300_000, "<>" * 150_000, "<" * 150_000 + ">" * 150_000])
def test_many_delimiters_take_no_time_that_grows_with_the_square(text):
    begun = time.process_time()
    blanked(text, whole(spans(text, "<", lambda start: ">")))
    assert time.process_time() - begun < 10  # with the square it takes hours


def test_blanks_keep_the_lines():
    assert blanked("a<b\nc>d", [(1, 6)]) == "a  \n  d"
    assert spaces("ab\n c") == "  \n  "


def test_lines():
    lines = Lines("ab\n\nc")
    assert [lines.at(i) for i in range(5)] == [1, 1, 1, 2, 3]
