"""Importance sampling: right where the evidence is known, the same however it is cut, and its tail is watched."""

from __future__ import annotations

import copy
import math

import pytest
import torch

from elbocheck import importance_sampling
from elbocheck.importance_sampling import Sampled, check_tail, estimate
from elbocheck.verdict import Verdict
from vae_min.config import Config
from vae_min.model import VariationalAutoencoder


def random_model(**changes: object) -> VariationalAutoencoder:
    """Parameters of a seed, larger than at initialisation, so that posteriors are narrower than the prior."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return VariationalAutoencoder(Config(hidden_sizes=(6,), **changes), 5)  # type: ignore[arg-type]


X = torch.tensor([[0.0, 1, 1, 0, 1], [1, 0, 0, 0, 1], [1, 1, 1, 1, 1]])


def by_prior(model: VariationalAutoencoder, x: torch.Tensor, count: int = 400_000) -> torch.Tensor:
    """log of the mean of p(x|z) over draws from the prior, by the definition of the evidence, in float64."""
    model = copy.deepcopy(model).double()
    z = torch.randn(count, model.latent_dim, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    with torch.no_grad():
        p = torch.sigmoid(model.decoder(z))
    return torch.stack([torch.where(image == 1, p, 1 - p).prod(-1).mean().log() for image in x])


@pytest.mark.parametrize("covariance", ["diagonal", "full"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_it_is_the_evidence(covariance: str, seed: int) -> None:
    model = random_model(covariance=covariance)
    result = estimate(model, X, num_samples=5000, seed=seed)
    reference = by_prior(model, X)
    assert (result.error < 0.02).all()
    # both have normal errors to a good approximation: false alarm 1e-8 each
    assert ((result.log_evidence - reference).abs() < 5.7 * result.error + 5.7 * 0.003).all()
    assert (result.log_evidence != estimate(model, X, num_samples=5000, seed=seed + 1).log_evidence).all()


def test_its_own_error_is_the_spread_over_seeds() -> None:
    model = random_model()
    results = [estimate(model, X[:1], num_samples=200, seed=seed) for seed in range(300)]
    spread = torch.cat([r.log_evidence for r in results]).std()
    stated = torch.cat([r.error for r in results]).mean()
    # the deviation of 300 values is known to 1/sqrt(600) = 4 %; 25 % is six of those
    assert 0.75 < float(spread / stated) < 1.25


def test_it_does_not_depend_on_the_images_after_nor_on_how_draws_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    model = random_model()
    whole = estimate(model, X.repeat(7, 1), num_samples=300)
    first = estimate(model, X.repeat(7, 1)[:8], num_samples=300)
    assert torch.equal(whole.log_evidence[:8], first.log_evidence)
    weights = torch.linspace(-900, 40, 300, dtype=torch.float64)[:, None] + torch.tensor([0.0, 1000.0, -1000.0])
    outcomes = []
    for step in (1, 7, 300):
        total = importance_sampling._Weights(3, 300)
        for part in torch.split(weights, step):
            total.add(part, part)
        outcomes.append(torch.stack(total.result()))
    for outcome in outcomes[1:]:
        torch.testing.assert_close(outcome, outcomes[0], rtol=1e-12, atol=0)
    torch.testing.assert_close(outcomes[0][0], weights.logsumexp(0) - math.log(300), rtol=1e-13, atol=0)


def test_a_posterior_that_is_exact_has_no_error_and_no_tail() -> None:
    """The decoder ignores z and q is the prior: all weights are p(x)."""
    model = random_model()
    with torch.no_grad():
        for network in (model.encoder, model.decoder):
            network[-1].weight.zero_()
        model.encoder[-1].bias.zero_()
    result = estimate(model, X, num_samples=1000)
    assert (result.error < 1e-6).all()
    assert result.trusted.all()
    finding = check_tail(result)
    assert finding.verdict is Verdict.confirmed


@pytest.mark.parametrize(
    ("shape", "verdict"), [(0.69, Verdict.confirmed), (0.71, Verdict.undecided), (math.nan, Verdict.undecided)]
)
def test_a_heavy_tail_is_said(shape: float, verdict: Verdict) -> None:
    zero = torch.zeros(3, dtype=torch.float64)
    finding = check_tail(Sampled(zero, zero, zero, torch.tensor([0.1, shape, -math.inf]), 5000))
    assert finding.verdict is verdict
    assert ("above the limit on 1 of 3 images" in finding.detail) == (verdict is Verdict.undecided)


def test_nothing_to_average_is_refused() -> None:
    model = random_model()
    for images, draws in ((X, 0), (X[:0], 5)):
        with pytest.raises(ValueError, match=f"needs images and draws, not {len(images)} and {draws}"):
            estimate(model, images, num_samples=draws)
