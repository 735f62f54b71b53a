"""Forms of heads, and how a second head is read."""

import pytest
import torch
from torch.distributions import Bernoulli, Independent, Normal

from vae_min.audit.head import READINGS, factor, heads_of, readings

V = torch.tensor([[0.3, 1.2], [0.7, 2.5]])


@pytest.mark.parametrize("name", ["log_variance", "log_scale", "scale", "variance", "softplus"])
def test_each_reading_is_recognised_from_its_scale_alone(name) -> None:
    scale = {
        "log_variance": V.exp().sqrt(),
        "log_scale": V.exp(),
        "scale": V,
        "variance": V**0.5,
        "softplus": (1 + V.exp()).log(),
    }
    assert readings(scale[name], V) == [name]
    assert readings(scale[name] * torch.tensor([1.0, 1.01]), V) == []


def test_a_constant_before_the_scale_is_found_and_a_varying_one_is_not() -> None:
    name, value = factor(0.5 * V.exp(), V)
    assert name == "log_scale"
    assert value == pytest.approx(0.5, rel=1e-6, abs=0)
    assert factor(V.exp() * torch.tensor([1.0, 1.3]), V) is None


def test_forms_of_output() -> None:
    loc = torch.zeros(2, 3)
    assert heads_of(Independent(Normal(loc, 2.0), 1)).second.flatten().tolist() == [2.0] * 6
    assert heads_of(Bernoulli(logits=loc)).law == "bernoulli"
    assert heads_of((loc, loc + 1)).second.sum() == 6
    assert heads_of((loc, loc, loc)) is None
    assert heads_of("text") is None


def test_a_second_head_of_one_number_spreads_over_the_first() -> None:
    flat = heads_of((torch.zeros(4, 2, 3), torch.full((1,), 0.5))).flat()
    assert flat.loc.shape == flat.second.shape == (4, 6)


def test_all_readings_are_functions_of_one_head() -> None:
    assert all(read(V).shape == V.shape for read in READINGS.values())
