"""Verdicts: what a witness may say of an identity, and what a run makes of all that was said."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What one witness says of one identity; the four are never merged.

    `proved` is a theorem of the kernel under its stated hypotheses. `confirmed` is numerical agreement: not a
    proof. `refuted` comes with a counterexample. `undecided` is not a pass.
    """

    proved = "proved"
    confirmed = "confirmed"
    refuted = "refuted"
    undecided = "undecided"


@dataclass(frozen=True)
class Finding:
    """One line of the agreement table.

    Parameters
    ----------
    identity : str
        Slug of the identity, such as ``kl-normal-standard``.
    witness : str
        Who looked, in plain words, such as ``certified enclosure``.
    figure : str
        What the witness found, as plain text, such as ``0.724156 +- 2e-21``.
    verdict : Verdict
        What follows from the figure.
    detail : str
        A sentence of explanation. For `Verdict.refuted` the counterexample: the distributions, both sides' values.

    Raises
    ------
    ValueError
        If a refutation has no detail.

    Examples
    --------
    >>> Finding("elbo-gap", "kernel", "5 equalities", Verdict.proved).verdict.value
    'proved'
    """

    identity: str
    witness: str
    figure: str
    verdict: Verdict
    detail: str = ""

    def __post_init__(self) -> None:
        if self.verdict is Verdict.refuted and not self.detail.strip():
            raise ValueError(f"{self.identity}, {self.witness}: a refutation must show its counterexample")


def tally(findings: Iterable[Finding]) -> dict[Verdict, int]:
    """Count the findings of each verdict, those with none included.

    Raises
    ------
    ValueError
        If there are no findings: a run that looked at nothing has shown nothing.
    """
    counts = Counter(finding.verdict for finding in findings)
    if not counts:
        raise ValueError("no findings: nothing was checked")
    return {verdict: counts[verdict] for verdict in Verdict}


def summary(findings: Iterable[Finding]) -> str:
    """Say the tally in one line.

    Examples
    --------
    >>> summary([Finding("elbo-gap", "kernel", "5 equalities", Verdict.proved)])
    '1 proved, 0 confirmed, 0 refuted, 0 undecided'
    """
    return ", ".join(f"{count} {verdict}" for verdict, count in tally(findings).items())


def exit_code(findings: Iterable[Finding]) -> int:
    """Return 1 if anything is refuted, else 3 if anything is undecided, else 0.

    Raises
    ------
    ValueError
        If there are no findings.

    Examples
    --------
    >>> exit_code([Finding("elbo-gap", "kernel", "5 equalities", Verdict.proved)])
    0
    """
    counts = tally(findings)
    if counts[Verdict.refuted]:
        return 1
    return 3 if counts[Verdict.undecided] else 0
