"""What the proofreader says of a text."""

from derivations.manuscript import read_text
from derivations.proofread import proofread
from derivations.relation import Judgement
from derivations.written import written


def judge(text: str, name: str = "notes.tex") -> list[Judgement]:
    manuscript = read_text(text, name)
    return list(proofread(written(manuscript.formulas), manuscript.conventions))
