"""The loss as a combination of terms: coefficients that are put in come out, and what is no combination is none."""

from dataclasses import replace

import pytest
import torch

from vae_min.audit import explanation
from vae_min.audit.weight import weights

from .corpus import run, source
from .seen import on_bench
from .small import bce, kl, spec


def explained(**parts):
    with on_bench(spec(**parts)) as (bench, sampler):
        return explanation.explain(bench, sampler, explanation.views(bench, sampler))


@pytest.mark.parametrize(("a", "b", "c"), [(1.0, 1.0, 0.0), (2.0, 3.0, 5.0), (0.7, -0.2, 1.0), (1.0, 0.0, 0.0)])
def test_coefficients_come_out_as_put_in(a, b, c) -> None:
    e = explained(nll=lambda y, x: a * bce(y, x) + c, divergence=lambda m, v: b * kl(m, v))
    w = weights(e)
    assert (w.reconstruction, w.kl) == pytest.approx((a, b), rel=1e-7, abs=1e-9)
    assert e.constant == pytest.approx(c - b, rel=1e-6, abs=1e-6)  # -1/2 for each of the 2 latents
    assert (e.likelihood.family, e.divergence.form, e.divergence.own) == ("bernoulli_logits", "standard", True)


def test_what_is_no_combination_is_none() -> None:
    assert explained(nll=lambda y, x: bce(y, x) + torch.sin(3 * y).sum(-1)) is None
    assert explained(divergence=lambda m, v: kl(m, v) ** 1.5) is None


def test_terms_have_the_value_and_the_gradient_of_the_loss() -> None:
    with on_bench(spec(divergence=lambda m, v: 3 * kl(m, v))) as (bench, sampler):
        e = explanation.explain(bench, sampler, seen := explanation.views(bench, sampler))
        view = explanation.view_of(bench, sampler, seen[0].observation.point, graph=True)
        parts = explanation.terms(e, view)
        found, right, wrong = (
            torch.cat([g.flatten() for g in torch.autograd.grad(value, bench.state.trainable, retain_graph=True)])
            for value in (sum(parts), view.observation.loss, parts[0] + 0.9 * parts[1])
        )
    assert float(sum(parts).detach()) + e.constant == pytest.approx(view.loss, rel=1e-9, abs=0)
    assert torch.allclose(found, right, rtol=1e-6, atol=1e-9)
    assert not torch.allclose(wrong, right, rtol=1e-6, atol=1e-9)


def test_points_without_a_finite_loss_are_left_out() -> None:
    with on_bench(spec()) as (bench, sampler):
        full = explanation.views(bench, sampler, count=12)
    with on_bench(spec(nll=lambda y, x: bce(y, x) + (y.mean().detach() > 0.3).log())) as (bench, sampler):
        some = explanation.views(bench, sampler, count=12)
    assert len(full) == 12
    assert all(torch.isfinite(torch.tensor(v.loss)) for v in some)
    assert [v.observation.point.parameters for v in some] != [v.observation.point.parameters for v in full]


def test_a_reading_is_refitted_or_is_none() -> None:
    with on_bench(spec()) as (bench, sampler):
        e = explanation.explain(bench, sampler, seen := explanation.views(bench, sampler))
        again = explanation.refit(e, seen[:20])
        bad = [*seen[:20], replace(seen[20], data=seen[20].data * torch.nan)]
        assert explanation.refit(e, bad) is None
    assert again.kl == pytest.approx(e.kl, rel=1e-6, abs=1e-9)


def test_a_reconstruction_that_single_losses_dwarf_is_seen() -> None:
    learned = run(source("learned_prior"), seed=66, batch_size=2)  # a scale of the prior comes near 0 at some points
    with on_bench(learned) as (bench, sampler):
        seen = explanation.views(bench, sampler)
        e = explanation.explain(bench, sampler, seen)
        left = explanation.without_reconstruction(bench, sampler, seen).residual
    assert max(abs(v.loss) for v in seen) > 1e3 * sorted(abs(v.loss) for v in seen)[len(seen) // 2]
    w = weights(e)
    assert (w.reconstruction, w.kl) == pytest.approx((1.0, 1.0), rel=1e-6, abs=0)
    assert left > 1e-3


def test_a_reconstruction_without_weight_leaves_nothing() -> None:
    with on_bench(spec(nll=lambda y, x: 0 * bce(y, x))) as (bench, sampler):
        rest = explanation.without_reconstruction(bench, sampler, explanation.views(bench, sampler))
        assert rest.residual < 1e-9


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_a_reconstruction_without_weight_beside_the_divergence_of_another_scale(weight) -> None:
    with on_bench(spec(nll=lambda y, x: weight * bce(y, x), scale=torch.exp)) as (bench, sampler):
        rest = explanation.without_reconstruction(bench, sampler, explanation.views(bench, sampler))
        assert rest.residual > 1e-3 if weight else rest.residual < 1e-9


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_a_loss_that_is_constant_but_for_rounding_has_no_explanation(weight) -> None:
    constant = spec(nll=lambda y, x: 4.2 + weight * bce(y, x), divergence=lambda m, v: 1e-17 * kl(m, v))
    with on_bench(constant) as (bench, sampler):
        found = explanation.explain(bench, sampler, explanation.views(bench, sampler))
        assert (found is not None) is bool(weight)
