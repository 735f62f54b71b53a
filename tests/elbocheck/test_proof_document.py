"""What derive writes: one document per format, one list per format."""

import json
import re

import pytest

from derivations.catalogue import DERIVATIONS, dependencies, prove
from derivations.latex import text
from derivations.replay import replay
from elbocheck.proof_document import SUFFIXES, files, listed, printed
from elbocheck.proof_page import page, view

from .test_report import Page, faults

SOME = [prove(slug) for slug in ("elbo-gap", "normal-negative-entropy", "normal-cross-entropy", "kl-normal-standard")]


@pytest.mark.parametrize("format", SUFFIXES)
def test_every_format_is_the_same_on_every_call(format):
    assert printed(SOME, format) == printed(SOME, format) != printed(SOME[:3], format)


def test_one_proof_is_an_object_and_several_are_a_list():
    assert json.loads(printed(SOME[:1], "json"))["slug"] == "elbo-gap"
    several = json.loads(printed(SOME, "json"))
    assert [entry["slug"] for entry in several] == [d.slug for d in SOME]
    assert all(set(entry) == {"slug", "title", "proof"} for entry in several)
    assert len(replay(several[0]["proof"])) == 1


@pytest.mark.parametrize(
    ("format", "extra"), [("text", set()), ("latex", {"main.tex"}), ("markdown", {"index.md"}), ("json", set())]
)
def test_one_file_per_slug(format, extra):
    assert set(files(SOME, format)) == {d.slug + SUFFIXES[format] for d in SOME} | extra


def test_html_is_one_page():
    assert set(files(SOME, "html")) == {"index.html"}


def test_the_list_holds_statement_steps_rules_and_hypotheses():
    entries = json.loads(listed(SOME, "json"))
    block, rows = listed(SOME, "text"), listed(SOME, "markdown").splitlines()
    assert len(rows) == 2 + len(SOME)
    for derivation, entry, row in zip(SOME, entries, rows[2:], strict=True):
        assert entry["slug"] == derivation.slug
        assert entry["steps"] == len(derivation.steps)
        assert entry["hypotheses"] == list(map(text, derivation.hypotheses))
        assert entry["rules"] == sorted(entry["rules"])
        assert len(re.findall(r"(?<!\\)\|", row)) == 6
        for theorem in derivation.theorems:
            assert text(theorem.conclusion) in block
            assert text(theorem.conclusion).replace("|", r"\|") in row


def test_there_is_no_list_in_latex():
    with pytest.raises(ValueError, match="--list has no latex form"):
        listed(SOME, "latex")


def test_the_page_loads_nothing_and_shows_every_theorem():
    shown = page(SOME)
    assert list(faults(shown)) == []
    parsed = Page(shown)
    for derivation in SOME:
        assert f'<article id="{derivation.slug}">' in shown
        assert f'<a href="#{derivation.slug}">' in shown
    assert parsed.tags.count("svg") == 1
    assert shown.count('class="reason"') == sum(len(d.steps) + len(d.parts) for d in SOME)
    assert shown.count('class="arrow"') == 2


def test_a_view_numbers_no_part_of_a_single_theorem():
    assert view(SOME[0]).statements == (view(SOME[0]).statements[0],)
    several = next(d for d in map(prove, DERIVATIONS) if len(d.parts) > 1)
    assert page([several]).count('<div class="statement wide">(') == len(several.parts)


def test_the_graph_is_of_the_proofs():
    assert dependencies(SOME)["kl-normal-standard"] == ("normal-negative-entropy", "normal-cross-entropy")
    assert dependencies(SOME)["normal-cross-entropy"] == ()
