"""What ``elbocheck derive`` prints and writes: proofs, or the list of theorems, in each of its formats."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from derivations import certificate, document, markdown
from derivations.derivation import Derivation, ancestry
from derivations.latex import latex, text

SUFFIXES = {"text": ".txt", "latex": ".tex", "markdown": ".md", "html": ".html", "json": ".json"}


def printed(derivations: Sequence[Derivation], format: str) -> str:
    """All proofs as one text; JSON is one object for one proof, a list of them for several."""
    match format:
        case "html":
            from elbocheck.proof_page import page

            return page(derivations)
        case "markdown":
            return markdown.document(derivations)
        case "json":
            proofs = [certified(d) for d in derivations]
            return json.dumps(proofs[0] if len(proofs) == 1 else proofs) + "\n"
    write = document.fragment if format == "latex" else document.plain
    return "\n".join(map(write, derivations))


def files(derivations: Sequence[Derivation], format: str) -> dict[str, str]:
    """One file per slug, and what holds them together: ``main.tex``, or an index; HTML is one page."""
    slugs = [d.slug for d in derivations]
    if format == "html":
        return {"index.html": printed(derivations, format)}
    suffix = SUFFIXES[format]
    found = {d.slug + suffix: _single(d, format) for d in derivations}
    if format == "latex":
        found["main.tex"] = document.main(slugs)
    if format == "markdown":
        found["index.md"] = listed(derivations, format, lambda slug: f"[{slug}]({slug}.md)")
    return found


def _single(derivation: Derivation, format: str) -> str:
    return markdown.section(derivation, "{}.md") if format == "markdown" else printed([derivation], format)


def certified(derivation: Derivation) -> dict[str, Any]:
    """A proof for `derivations.replay`, under its slug."""
    return {
        "slug": derivation.slug,
        "title": derivation.title,
        "proof": certificate.export(*derivation.theorems),
    }


def entry(derivation: Derivation) -> dict[str, Any]:
    """A line of the list: what is stated, from what, and how large the proof is."""
    return {
        "slug": derivation.slug,
        "title": derivation.title,
        "source": derivation.source,
        "statement": [text(t.conclusion) for t in derivation.theorems],
        "statement_latex": [latex(t.conclusion) for t in derivation.theorems],
        "steps": len(derivation.steps),
        "rule_applications": len(ancestry(*derivation.theorems)),
        "rules": list(derivation.axioms),
        "hypotheses": [text(h) for h in derivation.hypotheses],
        "uses": list(derivation.uses),
    }


def listed(derivations: Sequence[Derivation], format: str, name: Callable[[str], str] = "`{}`".format) -> str:
    """The list of theorems, one document in the given format.

    Raises
    ------
    ValueError
        If there is no list in the format.
    """
    entries = [entry(d) for d in derivations]
    match format:
        case "json":
            return json.dumps(entries, indent=2) + "\n"
        case "markdown":
            header = ["| slug | statement | steps | rules | hypotheses |", "| --- | --- | --- | --- | --- |"]
            return "\n".join((*header, *(_row(e, name) for e in entries), ""))
        case "text":
            return "\n".join(map(_block, entries))
    raise ValueError(f"--list has no {format} form: use text, markdown or json")


def _row(entry: Mapping[str, Any], name: Callable[[str], str]) -> str:
    statements, hypotheses = ("<br>".join(map(_code, entry[key])) or "none" for key in ("statement", "hypotheses"))
    cells = (name(entry["slug"]), statements, str(entry["steps"]), ", ".join(entry["rules"]), hypotheses)
    return f"| {' | '.join(cells)} |"


def _code(line: str) -> str:
    """A formula within a table's cell, where a bar would end the cell."""
    return "`" + line.replace("|", "\\|") + "`"


def _block(entry: Mapping[str, Any]) -> str:
    lines = [entry["slug"], *(f"    {statement}" for statement in entry["statement"])]
    lines.append(
        f"    {entry['steps']} steps, {entry['rule_applications']} rule applications: {', '.join(entry['rules'])}"
    )
    lines += ["    uses " + ", ".join(entry["uses"])] if entry["uses"] else []
    lines += ["    supposes", *(f"      {h}" for h in entry["hypotheses"])] if entry["hypotheses"] else []
    return "\n".join((*lines, ""))
