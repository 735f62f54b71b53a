"""Write ``docs/errata.md``: the misprints of the exercise's solution, and what `elbocheck proofread` said of each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from derivations.manuscript import read
from derivations.proofread import proofread
from derivations.relation import Judgement
from derivations.written import written

DOCS = Path(__file__).resolve().parent
EXERCISE = DOCS / "exercise.md"


@dataclass(frozen=True)
class Misprint:
    """What is printed, and what is meant; `formula` is part of the right side of the relation that holds it, if one does."""

    problem: str
    printed: str
    meant: str
    formula: str = ""


MISPRINTS = (
    Misprint("1.4", "with , we can sample", "a distribution for epsilon is missing before the comma"),
    Misprint(
        "1.4", r"`x^{(i)}` in the estimate", r"`\mathbf{x}^{(i)}`, as everywhere else", r"\log p_{\theta}(x^{(i)}"
    ),
    Misprint("1.4", r"`\epsilon^{(l)} \sim p(\epsilon)`", r"`\epsilon^{(i,l)}`, as just before"),
    Misprint("1.5", r"`\frac{1}{N} \sum_{l=1}^{L}`", r"`\frac{1}{L} \sum_{l=1}^{L}`", r"\frac{1}{N} \sum_{l=1}^{L}"),
    Misprint(
        "1.7",
        r"`\mathbb{E}_z[(z - \mu_j)^2]`",
        r"`\mathbb{E}_z[(z_j - \mu_j)^2]`",
        r"\mathbb{E}_{z} [(z - \mu_{j})^{2}]",
    ),
    Misprint("1.7", r"`\sum_{i=1}^{J} (\log \sigma_j^2 + 1)`", r"`\sum_{j=1}^{J}`", r"\sum_{i=1}^{J}"),
    Misprint("1.7", r"`\sigma_i^2` in the text between the displays", r"`\sigma_j^2`"),
)


def judged() -> list[Judgement]:
    """What is said of the relations of the exercise."""
    manuscript = read(EXERCISE)
    return list(proofread(written(manuscript.formulas), manuscript.conventions))


def page(judgements: Sequence[Judgement]) -> str:
    """The page for these judgements."""
    return "\n".join((*_head(judgements), *_misprints(judgements), *_relations(judgements), ""))


def _head(judgements: Sequence[Judgement]) -> Iterator[str]:
    counts = {v: sum(j.verdict == v for j in judgements) for v in ("proved", "refuted", "undecided", "unparsed")}
    yield "# Errata of the exercise"
    yield ""
    yield "The solution from which this project set out, proofread: `python docs/errata.py` wrote this page from the relations in"
    yield f"`docs/exercise.md`. {len(judgements)} relations: {', '.join(f'{n} {v}' for v, n in counts.items())}."
    yield ""


def _misprints(judgements: Sequence[Judgement]) -> Iterator[str]:
    yield "## Misprints"
    yield ""
    yield "The tool judges relations; what stands in the words between them only a reader finds. Found by the tool means refuted."
    yield ""
    yield "| problem | printed | meant | found by | what the tool says |"
    yield "| --- | --- | --- | --- | --- |"
    for misprint in MISPRINTS:
        said = [j for j in judgements if misprint.formula and misprint.formula in j.rhs]
        finder = "the tool" if any(j.verdict == "refuted" for j in said) else "a reader"
        words = (
            "; ".join(f"{j.verdict}: {j.message or 'by ' + j.by}" for j in said[:1]) or "nothing: no relation holds it"
        )
        yield f"| {misprint.problem} | {_cell(misprint.printed)} | {_cell(misprint.meant)} | {finder} | {_cell(words)} |"
    yield ""


def _relations(judgements: Sequence[Judgement]) -> Iterator[str]:
    yield "## All relations"
    yield ""
    yield "| line | right side | verdict | why |"
    yield "| --- | --- | --- | --- |"
    for j in judgements:
        yield f"| {j.line} | `{_cell(j.rhs)}` | {j.verdict} | {_cell(j.message or j.by)} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")


if __name__ == "__main__":
    (DOCS / "errata.md").write_text(page(judged()), encoding="utf-8")
