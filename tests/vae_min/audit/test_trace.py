"""The tensor that reaches the decoder is found in the loss, through views, concatenation and in-place operations."""

import pytest
import torch
from torch import nn

from vae_min.audit.trace import CodeFinder, Trace, Widen, find_anchor, of_data, of_parameters

LAYER = nn.Linear(4, 3)


def found(decode, call, *others):
    """The codes that are found in a call, given a decoder."""
    probes = [(torch.randn(5, 2), tuple(o.clone() for o in others)) for _ in range(2)]
    anchor = find_anchor(decode, probes)
    with Trace(anchor) as trace:
        call()
    return [f.code for f in CodeFinder(decode, anchor).find(trace, others)]


@pytest.mark.parametrize("make", [lambda m, e: m + e, lambda m, e: e.mul_(2).add_(m), lambda m, e: (m + e).view(5, 2)])
def test_the_code_is_found_before_a_concatenation(make) -> None:
    other = torch.randn(5, 2)
    m, e, seen = torch.randn(5, 2), torch.randn(5, 2), []

    def decode(z, y):
        return LAYER(torch.cat([z, y], -1))

    def loss():
        seen.append(make(m, e))
        return decode(seen[0], other).sum()

    (code,) = found(decode, loss, other)
    assert torch.equal(code, seen[0])


def test_a_decoder_that_is_called_twice_gives_two_codes_and_another_layer_none() -> None:
    layer, other = nn.Linear(2, 3), nn.Linear(2, 3)
    a, b = torch.randn(5, 2), torch.randn(5, 2)
    assert [c.tolist() for c in found(layer, lambda: layer(a) + layer(b))] == [a.tolist(), b.tolist()]
    assert found(layer, lambda: other(a)) == []


def test_the_code_lies_before_an_idempotent_beginning_of_the_decoder() -> None:
    layer, z = nn.Linear(2, 3), torch.randn(5, 2)
    (code,) = found(lambda z: layer(torch.relu(z)), lambda: layer(torch.relu(z * 1.0)))
    assert torch.equal(code, z)


def test_a_decoder_without_anything_that_lasts_has_no_anchor() -> None:
    assert find_anchor(lambda z: z * 2, [(torch.randn(5, 2), ()), (torch.randn(5, 2), ())]) is None


def test_requests_for_single_precision_become_requests_for_double() -> None:
    with Widen():
        assert torch.zeros(2, dtype=torch.int64).float().dtype == torch.float64
        assert torch.zeros(2, dtype=torch.float32).dtype == torch.float64
        assert torch.ones(2).to(torch.float32).dtype == torch.float64
    assert torch.zeros(2, dtype=torch.float32).dtype == torch.float32


def test_what_depends_on_the_parameters_or_on_the_data_alone() -> None:
    scale, weight, x, mean = (
        nn.Parameter(torch.ones(1)),
        nn.Parameter(torch.ones(3, 3)),
        torch.ones(4, 3),
        torch.ones(3),
    )
    with Trace() as trace:
        soft = torch.exp(scale) + 1
        y = (x / 255 - mean) * 2
        z = y @ weight + torch.randn(4, 3)
        _ = ((z - y) / soft).sum()
    assert [id(t) for t in of_parameters(trace, [scale, weight])][-1] == id(soft)
    assert [t.shape for t in of_parameters(trace, [scale, weight])] == [
        (1,)
    ] * 3  # the parameter, its exponential, the sum
    assert id(of_data(trace, x, [scale, weight])[-1]) == id(y)
    assert len(of_data(trace, x, [scale, weight])) == 3
    assert len(of_data(trace, x, [scale, weight, mean])) == 1
