"""Mistakes that leave a line true: mutants for which there is no counterexample, each with the reason."""

from __future__ import annotations

from derivations.mutation import Mutant

CONSTANT = "the integrand is constant in z, so its mean is the same under every law"
SMALLER = "the smaller side is made smaller still"
MORE_SUBTRACTED = "a divergence, which is not negative, is subtracted once more"
EVIDENCE = "the mean of log p(x) is log p(x), and a divergence is subtracted"
NO_SUMMAND = "the index that is added or left out has the summand 0"
SYMMETRIC = "epsilon and -epsilon have the same law"
SAME_MARGINAL = "all components have the same law"
INVERSE_OF_ONE = "1 / 1 = 1"
LOG = "log t <= t <= exp t"
LARGER = (
    "the larger side is made larger still: K, 1, or 1 / K added, for 1 / K times a positive sum, and K is at least 1"
)
# (slug, step, mistake): how many of these mutants are true, and why
REASONS: dict[tuple[str, int, str], tuple[int, str]] = {
    ("kl-nonnegative", 2, "sign"): (1, SMALLER),
    ("kl-nonnegative", 2, "dropped term"): (1, SMALLER),
    ("kl-nonnegative", 2, "doubled term"): (1, SMALLER),
    ("kl-nonnegative", 2, "product for sum"): (1, SMALLER),
    ("kl-nonnegative", 2, "sign of a number"): (1, SMALLER),
    ("kl-nonnegative", 3, "dropped factor"): (1, "the density p integrates to one"),
    ("elbo-gap", 1, "lost conditioning"): (1, CONSTANT),
    ("elbo-gap", 2, "lost conditioning"): (1, CONSTANT),
    ("elbo-gap", 3, "lost conditioning"): (1, CONSTANT),
    ("elbo-bound", 2, "doubled term"): (1, MORE_SUBTRACTED),
    ("elbo-bound", 2, "lost conditioning"): (1, EVIDENCE),
    ("elbo-tight", 2, "lost conditioning"): (1, CONSTANT),
    ("elbo-tight", 3, "lost conditioning"): (1, CONSTANT),
    ("elbo-conditional", 1, "lost conditioning"): (1, CONSTANT),
    ("elbo-conditional", 2, "lost conditioning"): (1, CONSTANT),
    ("elbo-conditional", 3, "lost conditioning"): (1, CONSTANT),
    ("elbo-conditional", 6, "doubled term"): (1, MORE_SUBTRACTED),
    ("elbo-hierarchical", 1, "doubled term"): (1, MORE_SUBTRACTED),
    ("elbo-hierarchical", 1, "lost conditioning"): (1, EVIDENCE),
    ("elbo-hierarchical", 2, "doubled term"): (2, MORE_SUBTRACTED),
    ("elbo-surgery", 3, "lost conditioning"): (1, "q(z) is the marginal of q(x) q(z|x): both means are the same"),
    ("kl-normal-minimum", 2, "sign of a number"): (1, SMALLER),
    ("kl-normal-minimum", 12, "sign of a number"): (1, SMALLER),
    **{
        (slug, step, mistake): (1, LARGER)
        for slug, step in (("iwae-lower-bound", 1), ("iwae-monotone", 4))
        for mistake in (
            "lost inverse",
            "dropped factor",
            "sum for product",
            "1 for a number",
            "number off by one",
        )
    },
    ("iwae-lower-bound", 1, "sign of a number"): (1, LARGER),
    **{
        (slug, step, mistake): (1, LOG)
        for slug, step in (("iwae-lower-bound", 1), ("iwae-monotone", 4))
        for mistake in ("lost log", "log for exp, exp for log")
    },
    ("linear-gaussian-evidence", 2, "lost conditioning"): (1, "the law of z integrates to one"),
    ("gradient-agreement", 2, "precision for variance"): (1, INVERSE_OF_ONE),
    ("gradient-agreement", 8, "precision for variance"): (1, INVERSE_OF_ONE),
    ("gradient-agreement", 3, "first component"): (1, SAME_MARGINAL),
    ("gradient-agreement", 9, "first component"): (1, SAME_MARGINAL),
    ("covariance-parameters", 3, "range from 0"): (1, NO_SUMMAND),
    ("covariance-parameters", 4, "range from 0"): (1, NO_SUMMAND),
    ("reparameterization-normal", 5, "sign"): (2, SYMMETRIC),
    ("reparameterization-normal", 6, "sign"): (1, SYMMETRIC),
    ("reparameterization-normal", 7, "sign"): (1, SYMMETRIC),
    ("reparameterization-multivariate", 1, "sum for product, product for sum"): (1, "the mean of each epsilon_j is 0"),
    ("reparameterization-multivariate", 5, "range from 0"): (1, NO_SUMMAND),
    ("reparameterization-multivariate", 5, "range one long"): (1, NO_SUMMAND),
    ("reparameterization-multivariate", 5, "sign of a number"): (1, NO_SUMMAND),
}


def why_true(mutant: Mutant) -> str | None:
    """The reason why a mutant that is not refuted is true, if it is in the list."""
    return REASONS.get((mutant.slug, mutant.step, mutant.mistake), (0, None))[1]
