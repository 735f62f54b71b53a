"""All derivations by their slugs, each after those it uses."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping

from derivations import (
    aggregate_posterior,
    covariance,
    diffusion,
    elbo,
    exponential_family,
    gradient,
    hierarchy,
    importance_weighting,
    kl_divergence,
    kl_minimum,
    kl_property,
    linear_gaussian,
    monte_carlo,
    multivariate_normal,
    named_family,
    reparameterization,
)
from derivations.derivation import Derivation

# a new script is registered here, after those whose theorems it uses
SCRIPTS = (
    kl_property,
    elbo,
    kl_divergence,
    kl_minimum,
    monte_carlo,
    reparameterization,
    gradient,
    covariance,
    hierarchy,
    aggregate_posterior,
    diffusion,
    importance_weighting,
    linear_gaussian,
    multivariate_normal,
    exponential_family,
    named_family,
)
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
    """For each derivation the slugs of those of the others on whose theorems its proof rests; `derive` finds them in the proof.

    Examples
    --------
    >>> dependencies(map(prove, ("normal-cross-entropy", "kl-normal-standard")))
    {'normal-cross-entropy': (), 'kl-normal-standard': ('normal-cross-entropy',)}
    """
    proved = {d.slug: d for d in derivations}
    return {slug: tuple(s for s in proved if s in d.uses) for slug, d in proved.items()}
