r"""The laws that a text states beside a formula, such as ``z^{(l)} \sim p(z)``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from derivations.functional import clauses
from derivations.kernel import Term, density, variable
from derivations.parser import parse
from derivations.reader import Context, group_of
from derivations.reading import readings
from derivations.syntax import FormulaError, Unit
from derivations.tree import bases, name_of, plain_letter, variable_of


def stated_laws(sources: Iterable[str]) -> tuple[dict[str, Term], dict[str, Term]]:
    r"""The densities that variables are said to have, by their letters; none for a letter that is said to have several.

    Apart from these the densities ``p(z)`` and ``p(\epsilon)``, where it is said that the law is ``N(0, I)``. What is said of
    another normal law, or of a letter such as ``q``, is known otherwise.

    Parameters
    ----------
    sources
        Statements in LaTeX, each of one variable or of several with a comma between.
    """
    found: dict[str, set[Term]] = {}
    standard: dict[str, Term] = {}
    for source in sources:
        for letter, law in _stated(source):
            if law is None:
                standard[letter] = density("p", [variable(letter, letter)])
            else:
                found.setdefault(letter, set()).add(law)
    return {letter: laws.pop() for letter, laws in found.items() if len(laws) == 1}, standard


def _stated(source: str) -> Iterator[tuple[str, Term | None]]:
    """Letters with their densities; without one, if it is the standard normal one."""
    try:
        mean = parse(rf"\mathbb{{E}}_{{{source}}}").rows[0][1].items[0]
        if not isinstance(mean, Unit) or len(mean.subs) != 1:
            return
        for names, law in clauses(mean.subs[0]):
            group = None if law is None else group_of(law.rows[0][1].items[-1], "(")
            if law is None or not names or group is None:
                continue
            letter = name_of(variable_of(names[0])[0]).lower()
            if (
                letter in ("z", "epsilon")
                and bases(law) & {r"\Normal"}
                and plain_letter(group.sums[0]) in ("0", r"\Zero")
            ):
                yield letter, None
                continue
            term = next((f.term for f in readings(law, Context())), None)
            if term is not None and term.head == "density" and term.args[: term.data[1]] == (variable(letter, letter),):
                yield letter, term
    except FormulaError:
        return
