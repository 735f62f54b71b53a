"""Proved derivations as one self-contained HTML page: statements, hypotheses, lines, and the graph of what rests on what."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from derivations.catalogue import dependencies
from derivations.derivation import Derivation
from derivations.latex import latex
from elbocheck.dependency_graph import svg
from elbocheck.report import RELATIONS, ProofView, Step, template


def view(derivation: Derivation) -> ProofView:
    """A derivation as the templates show it."""
    lines: list[Step] = []
    for part in derivation.parts:
        lines.append(("", latex(part.start), ""))
        lines += [(s.relation, latex(s.expression), s.reason) for s in part.steps]
    return ProofView(
        derivation.slug,
        derivation.title,
        tuple(latex(t.conclusion) for t in derivation.theorems),
        tuple(map(latex, derivation.hypotheses)),
        tuple(lines),
        derivation.axioms,
        derivation.uses,
        derivation.source,
    )


def page(derivations: Sequence[Derivation]) -> str:
    """The page of some proved derivations; same bytes for the same proofs.

    Raises
    ------
    ValueError
        If a formula cannot be typeset.
    """
    uses = dependencies(derivations)
    used = {slug for others in uses.values() for slug in others}
    steps = sum(len(d.steps) for d in derivations)
    return template("proofs.html.j2").render(
        title="Derivations",
        summary=f"{len(derivations)} theorems, {steps} steps, each proved by the kernel",
        proofs=[view(d) for d in derivations],
        proved=set(uses),
        relations=RELATIONS,
        graph=Markup(svg(uses)),
        alone=[slug for slug in uses if not uses[slug] and slug not in used],
    )
