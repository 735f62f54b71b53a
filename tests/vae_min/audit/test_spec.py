"""A specification that cannot be used says so in one line."""

import pytest
import torch

import elbocheck
from vae_min.audit.spec import AuditError, VAESpec


def call(x):
    return x


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"loss": 3}, r"VAESpec\(loss=...\) is not callable: 3"),
        ({"batch": [1, 2]}, "not a tensor or a tuple of tensors"),
        ({"batch": ()}, "not a tensor or a tuple of tensors"),
        ({"batch": (torch.zeros(2, 3), torch.zeros(3))}, r"leading dimensions differ or are zero: \[2, 3\]"),
        ({"batch": torch.zeros(0, 3)}, "differ or are zero"),
        ({"batch": torch.zeros(2, 3, dtype=torch.complex64)}, "is complex: let it hold real numbers"),
        ({"num_importance_samples": 0}, r"=0\) is not a whole number from 1 on"),
        ({"num_importance_samples": 2.5}, r"=2\.5\) is not a whole number from 1 on"),
        ({"num_importance_samples": "5"}, "='5'\\) is not a whole number from 1 on"),
        ({"module": "net"}, r"VAESpec\(module='net'\) is neither an nn.Module nor a sequence of them"),
        ({"module": [torch.nn.Linear(1, 1), 3]}, "is neither an nn.Module nor a sequence of them"),
        ({"module": 3}, "is neither an nn.Module nor a sequence of them"),
        ({"batch": torch.zeros(2, 3).to_sparse()}, "is sparse"),
        ({"head": "logvar"}, r"VAESpec\(head='logvar'\): known are log_variance, log_scale, scale, variance"),
        ({"likelihood": "gaussian"}, r"VAESpec\(likelihood='gaussian'\): known are bernoulli, .*categorical"),
        ({"beta": "4"}, r"VAESpec\(beta='4'\) is not a positive number"),
        ({"beta": float("inf")}, r"VAESpec\(beta=inf\) is not a positive number"),
        ({"beta": float("nan")}, r"VAESpec\(beta=nan\) is not a positive number"),
        ({"variance": -1.0}, "is not a positive number"),
        ({"prior": "normal"}, "is neither"),
        ({"prior": (0.0,)}, "is neither"),
    ],
)
def test_unusable(change, match) -> None:
    with pytest.raises(AuditError, match=match):
        VAESpec(**({"loss": call, "encode": call, "decode": call, "batch": torch.zeros(2, 3)} | change))


def test_it_is_offered_by_elbocheck() -> None:
    assert elbocheck.VAESpec is VAESpec
    with pytest.raises(AttributeError, match="has no attribute 'VAE'"):
        elbocheck.VAE  # noqa: B018
