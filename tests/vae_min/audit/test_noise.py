"""Every draw is seen and can be replaced, whichever way torch was asked for it."""

import pytest
import torch
from torch.distributions import Normal

from vae_min.audit.noise import Noise, after, constant, seeded

ZERO = torch.zeros(3)


@pytest.mark.parametrize(
    ("draw", "law", "at_one"),
    [
        (lambda: torch.randn(3), "normal", 1.0),
        (lambda: torch.randn_like(ZERO), "normal", 1.0),
        (lambda: torch.empty(3).normal_(2.0, 3.0), "normal", 5.0),
        (lambda: torch.normal(ZERO + 2, ZERO + 3), "normal", 5.0),
        (lambda: torch.normal(2.0, 3.0, (3,)), "normal", 5.0),
        (lambda: Normal(ZERO + 2, 3.0).rsample(), "normal", 5.0),
        (lambda: Normal(ZERO + 2, 3.0).sample(), "normal", 5.0),
        (lambda: torch.rand_like(ZERO), "uniform", 0.74),
        (lambda: torch.empty(3).uniform_(-2.0, 4.0), "uniform", -2.0 + 6 * 0.74),
    ],
)
def test_a_draw_is_recorded_and_replaced_in_standard_form(draw, law, at_one) -> None:
    with Noise(constant(1.0)) as noise:
        value = draw()
    assert [d.law for d in noise.draws] == [law]
    assert torch.allclose(value, torch.full((3,), at_one), rtol=1e-6, atol=0)
    with Noise() as noise:
        value = draw()
    slope, offset = at_one - float(_at_zero(draw)[0]), float(_at_zero(draw)[0])
    assert torch.allclose(value, offset + slope * noise.draws[0].value, rtol=1e-5)


def _at_zero(draw):
    with Noise(constant(0.0)):
        return draw()


def test_without_a_source_draws_are_those_of_torch() -> None:
    torch.manual_seed(0)
    expected = torch.randn(4)
    torch.manual_seed(0)
    with Noise() as noise:
        assert torch.equal(torch.randn(4), expected)
    assert torch.equal(noise.draws[0].value, expected)


def test_masks_become_ones_and_other_draws_are_only_recorded() -> None:
    with Noise(seeded(0)) as noise:
        masked = torch.nn.functional.dropout(torch.ones(8), 0.75)
        bits = torch.bernoulli(torch.tensor([0.2, 0.9]))
        torch.randint(0, 5, (2,))
    assert torch.equal(masked, torch.full((8,), 4.0))
    assert bits.tolist() == [0.0, 1.0]
    assert [d.law for d in noise.draws] == ["bernoulli", "bernoulli", "other"]


def test_a_seeded_source_depends_on_the_index_and_not_on_the_random_state() -> None:
    def two() -> list[torch.Tensor]:
        with Noise(seeded(3)):
            return [torch.randn(2), torch.randn(2)]

    (a, b), (c, d) = two(), two()
    assert torch.equal(a, c)
    assert torch.equal(b, d)
    assert not torch.equal(a, b)


def test_the_first_draws_may_be_the_same_for_all_sources() -> None:
    like = torch.empty(3)
    low, high = (after(2, constant(v)) for v in (0.0, 1.0))
    assert [torch.equal(low(i, like), high(i, like)) for i in range(4)] == [True, True, False, False]
    assert high(2, like).tolist() == [1.0, 1.0, 1.0]
    assert low(0, like).unique().numel() == 3
    assert after(0, constant(1.0))(0, like).tolist() == [1.0, 1.0, 1.0]


def test_a_loop_that_draws_until_a_number_is_accepted_ends() -> None:
    with Noise(constant(0.0)) as noise:
        accepted = next(v for v in (float(torch.randn(())) for _ in range(100_000)) if v > 1)
    assert accepted > 1
    assert len(noise.draws) > 1000
    assert all(float(d.value) == 0 for d in noise.draws[:1000])  # up to there they are what the source gives
