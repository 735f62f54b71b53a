"""Derivatives in the heads at a held code are those of the divergence, those in the output those of the likelihood."""

import pytest
import torch

from vae_min.audit import derivative
from vae_min.audit.bench import Point
from vae_min.audit.explanation import view_of
from vae_min.audit.noise import seeded

from .seen import on_bench
from .small import bce, kl, spec

POINT = Point(2, 3, 4, seeded(5))


def of_heads(cut="", **parts):
    """What is found, and what the closed divergence has by hand."""
    with on_bench(spec(**parts)) as (bench, sampler):
        view = view_of(bench, sampler, POINT, graph=True)
        loc, v = view.latent.heads.loc.detach(), view.latent.heads.second.detach()
        return derivative.of_heads(sampler, view, cut), torch.stack([loc, 0.5 * (v.exp() - 1)]) / POINT.size


@pytest.mark.parametrize("factor", [0.0, 1.0, 7.0])
def test_the_reconstruction_does_not_matter(factor) -> None:
    found, expected = of_heads(nll=lambda y, x: factor * bce(y, x) ** 2)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)


def test_another_divergence_has_others() -> None:
    found, expected = of_heads(divergence=lambda m, v: kl(m, v) + 0.1 * m.sum(-1))
    assert not torch.allclose(found, expected, rtol=1e-3)
    assert torch.allclose(found[1], expected[1], rtol=1e-9, atol=1e-12)


def test_a_detached_scale_is_told() -> None:
    for cut, right in (("scale", True), ("", False), ("loc", False)):
        found, expected = of_heads(cut, scale=lambda v: torch.exp(0.5 * v).detach())
        assert torch.allclose(found, expected, rtol=1e-9, atol=1e-12) is right


def test_without_noise_the_code_is_the_location() -> None:
    found, expected = of_heads(noise=torch.zeros_like)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)


def test_columns_and_elements_have_theirs() -> None:
    with on_bench(spec()) as (bench, sampler):
        view = view_of(bench, sampler, POINT, graph=True)
        from vae_min.audit.divergence import candidates
        from vae_min.audit.explanation import likelihoods_of

        columns = derivative.of_columns(sampler, view, next(candidates(sampler.names, True, general=False)))
        elements = derivative.of_elements(view, likelihoods_of(bench, [view])[0])
        heads, output = derivative.of_heads(sampler, view), derivative.of_output(view)
    torch.testing.assert_close(0.5 * (columns[0] + columns[1] - columns[2]), heads, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(elements[0], output, rtol=1e-9, atol=1e-12)
    assert not torch.allclose(columns[0] + columns[1] - columns[2], heads)


def test_what_rounding_leaves_nothing_of_is_not_told() -> None:
    for factor, told in ((1e6, True), (1e12, False)):
        found, _ = of_heads(nll=lambda y, x, factor=factor: factor * bce(y, x))
        assert bool(found.isfinite().all()) is told
