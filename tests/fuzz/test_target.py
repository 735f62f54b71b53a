"""A short, seeded run of the fuzzing; `campaign.py` runs for as long as one likes."""

import pytest
import target
from hypothesis import HealthCheck, given, settings
from strategy import names, noise, texts, tokens

SHORT = settings(
    max_examples=60, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


@SHORT
@given(texts, names)
def test_any_text_is_judged_and_shown(text, name):
    assert target.try_text(text, name)


@SHORT
@given(tokens | noise)
def test_any_formula_is_typeset_or_shown_as_it_is(source):
    target.try_typesetting(source)


def test_the_target_finds_what_it_looks_for(monkeypatch):
    assert target.try_text(r"\[ p(x) = p(x) \]", "a.md") == "proved"
    monkeypatch.setattr(target, "READING", -1.0)
    with pytest.raises(AssertionError, match="reading takes too long"):
        target.try_text("text", "a.md")
    monkeypatch.undo()
    monkeypatch.setattr(target, "typeset", lambda judgement: "<b>")
    with pytest.raises(SyntaxError):
        target.try_typesetting("a")
    monkeypatch.setattr(target, "JUDGING", 1)
    assert target.try_text(r"\[ p(x) = 2^{999999999} p(x) \]", "a.md") == "given up"
