"""What the proofreader says of a text."""

from derivations.manuscript import read_text
from derivations.proofread import proofread
from derivations.relation import Judgement
from derivations.written import WrittenChain, written


def chains(text: str) -> list[WrittenChain]:
    """The chains of a text in Markdown."""
    return list(written(read_text(text, "notes.md").formulas))


def judge(text: str, name: str = "notes.tex") -> list[Judgement]:
    manuscript = read_text(text, name)
    return list(proofread(written(manuscript.formulas), manuscript.conventions))
