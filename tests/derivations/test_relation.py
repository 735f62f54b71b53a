"""A relation that nothing has been said of yet is undecided, and knows where it stands."""

from derivations.manuscript import read_text
from derivations.relation import blank
from derivations.written import written


def test_a_blank_judgement_is_undecided_and_names_its_place():
    (chain,) = written(read_text("text\n\n$$a = b \\\\\n \\le c$$", "notes.md").formulas)
    found = blank(chain, 7, 1)
    assert (found.file, found.line, found.chain, found.index) == ("notes.md", 4, 7, 1)
    assert (found.lhs, found.relation, found.rhs) == ("b", "<=", "c")
    assert (found.verdict, found.by, found.counterexample) == ("undecided", "", None)
