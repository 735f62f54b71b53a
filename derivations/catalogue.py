"""All derivations by their slugs, each after those it uses."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping

from derivations import elbo, exponential_family, kl_divergence, named_family
from derivations.derivation import Derivation
from derivations.kernel import Theorem

SCRIPTS = (
    elbo,
    kl_divergence,
    exponential_family,
    named_family,
)  # a new script is registered here, after those whose theorems it uses
DERIVATIONS: Mapping[str, Callable[[], Derivation]] = {
    slug: prove for script in SCRIPTS for slug, prove in script.DERIVATIONS.items()
}


def prove(slug: str) -> Derivation:
    """The derivation with this slug, proved.

    Raises
    ------
    LookupError
        If there is none; the message names the nearest slugs.
    derivations.derivation.StepError
        If a step of it does not hold.

    Examples
    --------
    >>> prove("elbo-gap").title
    'The evidence is the ELBO plus the divergence from the posterior'
    """
    if slug not in DERIVATIONS:
        nearest = difflib.get_close_matches(slug, DERIVATIONS, n=3, cutoff=0.3)
        hint = f"; nearest: {', '.join(nearest)}" if nearest else ""
        raise LookupError(f"no derivation {slug!r}{hint} (elbocheck derive --list shows all)")
    return DERIVATIONS[slug]()


def dependencies(derivations: Iterable[Derivation]) -> dict[str, tuple[str, ...]]:
    """For each derivation the slugs of those whose theorems its proof rests on directly, as found in the proof.

    Examples
    --------
    >>> dependencies(map(prove, ("normal-cross-entropy", "kl-normal-standard")))
    {'normal-cross-entropy': (), 'kl-normal-standard': ('normal-cross-entropy',)}
    """
    proved = {d.slug: d for d in derivations}
    owner = {id(theorem): slug for slug, d in proved.items() for theorem in d.theorems}
    found = {slug: _owners(d, owner) for slug, d in proved.items()}
    return {slug: tuple(s for s in proved if s in found[slug]) for slug in proved}


def _owners(derivation: Derivation, owner: Mapping[int, str]) -> set[str]:
    """The slugs of the theorems of others at which a walk from a theorem to its premises arrives first."""
    pending: list[Theorem] = [p for theorem in derivation.theorems for p in theorem.premises]
    seen: set[int] = set()
    slugs: set[str] = set()
    while pending:
        theorem = pending.pop()
        if id(theorem) in seen:
            continue
        seen.add(id(theorem))
        if owner.get(id(theorem), derivation.slug) != derivation.slug:
            slugs.add(owner[id(theorem)])
        else:
            pending.extend(theorem.premises)
    return slugs
