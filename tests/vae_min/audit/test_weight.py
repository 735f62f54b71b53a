"""Coefficients are named: weights, reductions, and what the plainer of two explanations is."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from vae_min.audit.audit import audit
from vae_min.audit.divergence import Divergence
from vae_min.audit.explanation import Explanation
from vae_min.audit.likelihood import Likelihood
from vae_min.audit.reduction import findings
from vae_min.audit.sampler import Sampler
from vae_min.audit.weight import common_kl_weight, of_terms, weights

from .small import spec


def explanation(a: float, b: float, free: bool = False) -> Explanation:
    likelihood = Likelihood("normal" if free else "bernoulli", lambda x, y: [], free=free)
    divergence = Divergence("log_variance", lambda latent: [], "standard", True)
    return Explanation(likelihood, divergence, np.array([a]), 0.5 * b * np.array([1.0, 1, -1, 0, 0]), 0.0, 0.0)


def codes(a, b, free=False, claims=None, code=(2,), pixels=5):
    """Findings where the coefficients are a(size) and b(size)."""
    by_size = {size: explanation(a(size), b(size), free) for size in (2, 4, 8)}
    claimed = replace(spec(claims=claims), batch=torch.zeros(6, pixels))
    return [f.code for f in findings(claimed, by_size, code)]


def test_weights_are_those_of_the_nll_and_of_the_divergence() -> None:
    w = weights(explanation(2.0, 3.0))
    assert (w.reconstruction, w.kl) == (2.0, 3.0)
    sampled = Explanation(
        explanation(2.0, 3.0).likelihood,
        explanation(1, 1).divergence,
        np.array([2.0]),
        np.array([0, 0, -1.5, 1.5, -1.5]),
        0.0,
        0.0,
    )
    assert weights(sampled).kl == 3.0
    unequal = Explanation(
        sampled.likelihood, sampled.divergence, np.array([2.0]), np.array([1.5, 1.5, -1.0, 0, 0]), 0.0, 0.0
    )
    assert weights(unequal).kl is None


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (lambda n: 1.0, lambda n: 1.0, []),
        (lambda n: n, lambda n: n, []),
        (lambda n: 0.2, lambda n: 0.2, []),
        (lambda n: 0.2, lambda n: 1.0, ["reconstruction-mean"]),
        (lambda n: 1.0, lambda n: 0.5, ["kl-latent-mean"]),
        (lambda n: 0.2, lambda n: 0.5, ["reconstruction-mean", "kl-latent-mean"]),
        (lambda n: 1.0, lambda n: 2.0, ["kl-half"]),
        (lambda n: 1.0, lambda n: n, ["kl-batch-sum"]),
        (lambda n: n, lambda n: 1.0, ["kl-batch-mean"]),
        (lambda n: 1.0 / n, lambda n: 1.0, ["reconstruction-batch"]),
        (lambda n: 1.0, lambda n: n / 50, ["batch-size-weight"]),
        (lambda n: 1.0, lambda n: n**0.5, ["batch-size-weight"]),
        (lambda n: 1.0, lambda n: 0.3, ["kl-weight"]),
        (lambda n: 1.0, lambda n: 2.5, ["kl-weight"]),  # 5 / 2, but neither term is a mean
        (lambda n: 1.0, lambda n: 5.0, ["kl-weight"]),
    ],
)
def test_reductions(a, b, expected) -> None:
    assert codes(a, b) == expected


def test_two_reductions_are_plainer_than_a_weight_that_nobody_would_choose() -> None:
    assert codes(lambda n: 1.0, lambda n: 2 / 3, code=(3,)) == ["kl-latent-mean", "kl-half"]
    assert codes(lambda n: 1.0, lambda n: 0.67, code=(3,)) == ["kl-weight"]


def test_two_means_are_plainer_than_a_lost_half_of_a_loss_on_an_odd_scale() -> None:
    assert codes(lambda n: 1 / 6, lambda n: 1 / 3, code=(3,), pixels=6) == ["reconstruction-mean", "kl-latent-mean"]
    assert codes(lambda n: 1.0, lambda n: 2.0, code=(3,), pixels=6) == ["kl-half"]
    assert codes(lambda n: 0.4, lambda n: 0.8, code=(3,), pixels=6) == ["kl-half"]


def test_a_sum_with_a_weight_is_no_batch_over_data_set() -> None:
    assert codes(lambda n: 1.0, lambda n: n / 50) == ["batch-size-weight"]
    assert codes(lambda n: 1.0, lambda n: 0.7 * n) == ["kl-batch-sum", "kl-weight"]
    assert codes(lambda n: 1.0, lambda n: 1.0 * n) == ["kl-batch-sum"]


def test_a_code_of_several_axes_may_be_averaged_over_some() -> None:
    for factor, words in (
        (1 / 3, "the first axis of the code (3, 2, 5)"),
        (1 / 10, "all but the first"),
        (1 / 30, "30"),
    ):
        (found,) = findings(spec(), {n: explanation(1.0, factor) for n in (4, 8)}, (3, 2, 5))
        assert (found.code, words in found.message) == ("kl-latent-mean", True)
    assert (
        codes(lambda n: 1.0, lambda n: 1 / 3, code=(30,))
        == codes(lambda n: 1.0, lambda n: 1 / 7, code=(3, 2, 5))
        == ["kl-weight"]
    )


@pytest.mark.parametrize(
    ("form", "kl", "expected"),
    [
        ("reversed", [3.0, 3, 3, 0, 0], 6.0),
        ("reversed", [3.0, 2, 3, 0, 0], 6.0),
        ("reversed", [3.0, 2, 1, 0, 0], None),
        ("loose", [5.0, 0, 0, 0, 3, 0, -3, 0, 0], 6.0),
        ("loose", [5.0, 0, 0, 0, 3, 0, -2, 0, 0], None),
        ("modulus", [6.0], 6.0),
    ],
)
def test_the_weight_of_what_is_no_divergence_is_that_of_most_terms(form, kl, expected) -> None:
    likelihood = explanation(2.0, 1.0).likelihood
    e = Explanation(likelihood, Divergence("", lambda latent: [], form, True), np.array([2.0]), np.array(kl), 0.0, 0.0)
    assert common_kl_weight(e) == expected
    assert weights(e).kl is None


def test_a_factor_of_the_scale_in_the_sampler_alone_is_no_wrong_term() -> None:
    divergence, likelihood = explanation(1.0, 1.0).divergence, explanation(1.0, 1.0).likelihood
    e = Explanation(likelihood, divergence, np.array([1.0]), np.array([0.5, 2.0, -0.5, 0, 0]), 0.0, 0.0)
    for factor, code in ((0.5, "sampler-scale-mismatch"), (0.6, "kl-term"), (1.0, "kl-term")):
        sampler = Sampler(names=["log_variance"], factor=factor)
        assert [f.code for f in of_terms(e, sampler)] == [code]


@pytest.mark.parametrize(
    ("kl", "expected"),
    [
        ([0.5, 2.0, -0.25, 0, 0], ["sampler-scale-mismatch", "kl-term"]),  # half of the logarithm, too
        ([0.25, 2.0, -0.5, 0, 0], ["sampler-scale-mismatch", "kl-term"]),
        ([0.5, 2.0, -0.5 / np.log(10), 0, 0], ["sampler-scale-mismatch", "kl-log-base"]),
        ([0.5, 2.0, -2.0, 0, 0], ["kl-term"]),  # the variance has the weight of the logarithm as it is
        ([0.5, 1.5, -0.25, 0, 0], ["kl-term"]),  # a factor, but not the sampler's
    ],
)
def test_the_factor_of_the_sampler_is_told_beside_a_term_that_is_off(kl, expected) -> None:
    right = explanation(1.0, 1.0)
    e = Explanation(right.likelihood, right.divergence, np.array([1.0]), np.array(kl), 0.0, 0.0)
    assert [f.code for f in of_terms(e, Sampler(names=["log_scale"], factor=0.5))] == expected
    assert "sampler-scale-mismatch" not in [f.code for f in of_terms(e, Sampler(names=["log_scale"]))]


def test_a_variance_is_told_beside_a_term_that_is_off() -> None:
    for a, expected in ((1 / 0.3, []), (2 / 0.3, ["variance-mismatch"])):
        e = explanation(a, 1.0, True)
        wrong = Explanation(e.likelihood, e.divergence, e.reconstruction, e.kl * [1, 1, 0.434, 1, 1], 0.0, 0.0)
        assert [f.code for f in findings(spec(claims={"variance": 0.3}), {4: wrong, 8: wrong}, (3,))] == expected


def test_a_squared_error_is_a_variance() -> None:
    assert codes(lambda n: 1.0, lambda n: 1.0, True) == []
    assert codes(lambda n: 2.0, lambda n: 1.0, True) == ["squared-error"]
    assert codes(lambda n: 2.0, lambda n: 1.0, True, {"variance": 0.5}) == []
    assert codes(lambda n: 2.0, lambda n: 1.0, True, {"variance": 0.3}) == ["variance-mismatch"]
    assert codes(lambda n: 0.4, lambda n: 1.0, True) == ["reconstruction-mean"]


def from_wider_prior(constant):
    return lambda loc, v: 0.5 * ((loc**2 + v.exp()) / 4 - 1 - v + constant).sum(-1)


@pytest.mark.parametrize(
    ("constant", "claims", "verdict", "codes"),
    [
        (math.log(4), {}, "undecided", ["unexplained"]),  # the density of N(0, 4) is there, and nobody said so
        (math.log(4), {"prior": (0.0, 2.0)}, "elbo", []),
        (0.0, {}, "not-elbo", ["kl-term"]),  # as of N(0, 1) with another weight of the logarithm
        (math.log(2), {}, "not-elbo", ["kl-term"]),
    ],
)
def test_a_prior_that_is_not_declared_is_told_by_its_constant(constant, claims, verdict, codes) -> None:
    outcome = audit(spec(divergence=from_wider_prior(constant), claims=claims))
    assert (outcome.verdict, [f.code for f in outcome.findings if f.code != "kl-weight"]) == (verdict, codes)
    if verdict == "undecided":
        assert "a prior of 2 times the scale that is declared" in outcome.findings[0].message


def from_prior(loc, scale, constant):
    return lambda m, v: 0.5 * (((m - loc) ** 2 + v.exp()) / scale**2 - v + constant).sum(-1)


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_a_prior_elsewhere_is_told_by_its_constant(scale) -> None:
    constant = 2 * math.log(scale) - 1
    declared = audit(spec(divergence=from_prior(0.7, scale, constant), claims={"prior": (0.7, scale)}))
    assert (declared.verdict, declared.findings) == ("elbo", ())
    outcome = audit(spec(divergence=from_prior(0.7, scale, constant)))
    assert (outcome.verdict, [f.code for f in outcome.findings]) == ("undecided", ["unexplained"])
    assert f"a prior moved by 0.7 scales, of {scale:g} times" in outcome.findings[0].message
    wrong = audit(spec(divergence=from_prior(0.7, scale, constant + 0.3)))
    assert (wrong.verdict, [f.code for f in wrong.findings]) == ("not-elbo", ["kl-term"])
