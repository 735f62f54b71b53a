"""All derivations by their slugs, each after those it uses."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping

from derivations.covariance import covariance_parameters
from derivations.derivation import Derivation
from derivations.elbo import elbo_gap
from derivations.exponential_family import exponential_family_mean, kl_exponential_family
from derivations.gradient import gradient_agreement, pathwise_gradient, score_function_gradient
from derivations.kl_divergence import kl_normal_standard, normal_cross_entropy, normal_negative_entropy
from derivations.kl_minimum import kl_normal_minimum
from derivations.linear_gaussian import linear_gaussian_evidence, linear_gaussian_posterior
from derivations.monte_carlo import monte_carlo_mean, monte_carlo_variance
from derivations.multivariate_normal import kl_multivariate_normal
from derivations.named_family import DIVERGENCES, ENTROPIES
from derivations.reparameterization import reparameterization_multivariate, reparameterization_normal

DERIVATIONS: Mapping[str, Callable[[], Derivation]] = {
    "elbo-gap": elbo_gap,
    "monte-carlo-mean": monte_carlo_mean,
    "monte-carlo-variance": monte_carlo_variance,
    "score-function-gradient": score_function_gradient,
    "pathwise-gradient": pathwise_gradient,
    "reparameterization-normal": reparameterization_normal,
    "reparameterization-multivariate": reparameterization_multivariate,
    "gradient-agreement": gradient_agreement,
    "normal-negative-entropy": normal_negative_entropy,
    "normal-cross-entropy": normal_cross_entropy,
    "kl-normal-standard": kl_normal_standard,
    "kl-normal-minimum": kl_normal_minimum,
    "covariance-parameters": covariance_parameters,
    "kl-multivariate-normal": kl_multivariate_normal,
    "linear-gaussian-evidence": linear_gaussian_evidence,
    "linear-gaussian-posterior": linear_gaussian_posterior,
    "exponential-family-mean": exponential_family_mean,
    "kl-exponential-family": kl_exponential_family,
    **DIVERGENCES,
    **ENTROPIES,
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
