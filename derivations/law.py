"""The laws under which a term averages."""

from __future__ import annotations

from derivations.conversion import subterms
from derivations.kernel import Term, canonical


def laws(*terms: Term) -> list[tuple[Term, Term]]:
    """The variables and the laws of the expectations, divergences and integrals in the terms, each once."""
    found: dict[object, tuple[Term, Term]] = {}
    for term in terms:
        for _, t in subterms(term):
            if t.bound is None or t.head not in ("expectation", "kl", "integral"):
                continue
            candidates = t.args[:1] if t.head != "integral" else (t.args[0], *t.args[0].args)
            for law in candidates:
                if law.head in ("density", "normal") and t.bound in law.args[:1]:
                    found.setdefault(canonical(law), (t.bound, law))
    return list(found.values())


def named_laws(term: Term) -> dict[str, Term]:
    """The laws of a term by their variable and, of densities, by their family; the first of each name."""
    found: dict[str, Term] = {}
    for z, law in laws(term):
        found.setdefault(z.data[0], law)
        if law.head == "density":
            found.setdefault(law.data[0], law)
    return found
