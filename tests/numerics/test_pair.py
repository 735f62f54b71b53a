"""Every pair of families whose finite divergence torch.distributions registers has a function here."""

import importlib
import importlib.util
import re

import pytest
from torch.distributions.kl import _KL_REGISTRY

# Not families: a law from a law, and the rule that all exponential families share.
CONSTRUCTIONS = {"ExponentialFamily", "Independent", "TransformedDistribution"}
SAME = {"OneHotCategorical": "categorical", "LowRankMultivariateNormal": "multivariate_normal"}
FINITE = sorted(
    (q.__name__, p.__name__)
    for (q, p), function in _KL_REGISTRY.items()
    if not function.__name__.endswith("_infinity") and q.__name__ not in CONSTRUCTIONS
)


def function_of(q, p):
    """By its name: `kl_divergence` within a family, `kl_divergence_<p>` across."""
    if "LowRankMultivariateNormal" in (q, p):
        return _get("multivariate_normal", "kl_divergence_low_rank")
    module, other = (SAME.get(name, re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()) for name in (q, p))
    return _get(module, "kl_divergence" if module == other else f"kl_divergence_{other}")


def _get(module, name):
    if importlib.util.find_spec(f"numerics.{module}") is None:
        return None
    return getattr(importlib.import_module(f"numerics.{module}"), name, None)


@pytest.mark.parametrize(("q", "p"), FINITE)
def test_pair_has_a_closed_form(q, p):
    assert callable(function_of(q, p))


def test_the_look_up_can_fail():
    assert len(FINITE) > 40
    assert function_of("Weibull", "Weibull") is None
    assert function_of("Normal", "Gamma") is None
