"""Derivatives that torch finds: right ones agree to their digits, cut and wrong ones do not, and none is noted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from elbocheck.bench import Bench, Form
from elbocheck.call import caller
from elbocheck.claim import Claim, enclosure
from elbocheck.family import family
from elbocheck.slope import Slope, slopes

VAE = Claim(family("normal_log_variance"), family("standard_normal"))
Function = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def vae(mu: torch.Tensor, logvar: torch.Tensor) -> torch.Tensor:
    return (mu**2 + logvar.exp() - 1 - logvar) / 2


def found(function: Function, form: Form, reduction: str) -> tuple[list[Slope], dict[str, str]]:
    bench = Bench(caller(function), VAE, 0, True, enclosure)
    return slopes(bench, form, reduction), bench.notes


@pytest.mark.parametrize(
    ("form", "reduction", "reduced"),
    [
        (Form("one", "torch"), "each distribution", lambda x: x),
        (Form("vector", "torch"), "the sum over the event", lambda x: x.sum()),
        (Form("batch", "torch"), "the mean over the batch", lambda x: x.sum(1).mean()),
    ],
)
def test_right_derivatives_agree_and_one_that_is_wrong_does_not(
    form: Form, reduction: str, reduced: Callable[[torch.Tensor], torch.Tensor]
) -> None:
    right, _ = found(lambda m, v: reduced(vae(m, v)), form, reduction)
    assert len(right) == 4  # two cases, two arguments
    assert max(s.error for s in right) < 1e-14
    wrong, _ = found(lambda m, v: reduced(vae(m, v) + m.sin() - m.detach().sin()), form, reduction)
    assert [s.name for s in wrong if s.error > 1e-3] == ["q.loc", "q.loc"]
    assert "its gradient in q.loc is wrong" in wrong[0].diagnosis


def test_a_derivative_of_0_is_said_to_be_cut() -> None:
    cut, _ = found(lambda m, v: vae(m.detach(), v) + 0 * m, Form("one", "torch"), "each distribution")
    (in_loc, *_) = cut
    assert in_loc.error > 0.1
    assert in_loc.diagnosis == "the value is right, but its gradient in q.loc is cut: it is 0"
    assert "it has the derivative 0 in q.loc; right is" in str(in_loc.counterexample(VAE))


def test_what_torch_cannot_differentiate_is_noted() -> None:
    form = Form("one", "torch")
    some, notes = found(lambda m, v: vae(m.detach(), v), form, "each distribution")
    assert [s.name for s in some] == ["q.log_variance"] * 2
    assert notes == {"q.loc": "no gradient in q.loc: it is detached, or not used"}
    none, notes = found(lambda m, v: vae(m, v).detach(), form, "each distribution")
    assert none == []
    assert "gradients not judged" in notes["gradient"]
