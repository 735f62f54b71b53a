"""All that an audit may change is found and put back, also after an exception."""

import random
from contextlib import nullcontext
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from vae_min.audit.state import State, reachable


class Holder:
    def __init__(self, module):
        self.parts = {"a": [module]}

    def loss(self, x):
        return self.parts["a"][0](x).sum()


def test_modules_are_reached_through_closures_methods_partials_and_containers() -> None:
    module, free = nn.Linear(2, 2), torch.ones(2, requires_grad=True)
    closure = lambda x: (module(x) * free).sum()
    assert set(map(id, reachable(closure))) == {id(module), id(free)}
    assert reachable(Holder(module).loss) == [module]
    assert reachable(partial(lambda m, x: m(x), module)) == [module]
    assert reachable(lambda x: x) == []


class Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.step = nn.BatchNorm1d(2), 3

    def forward(self, x):
        self.step += 1
        self.fresh = x
        return self.norm(x).sum()


@pytest.mark.parametrize("fails", [False, True])
def test_everything_is_put_back(fails) -> None:
    module = Counting().eval()
    module.norm.weight.grad = torch.tensor([5.0, 6.0])
    torch.manual_seed(1)
    np.random.seed(1)
    random.seed(1)
    expected = torch.rand(2), np.random.rand(), random.random()
    torch.manual_seed(1)
    np.random.seed(1)
    random.seed(1)
    before = {n: (t, t.data_ptr(), t.clone()) for n, t in module.state_dict(keep_vars=True).items()}
    state = State(module)
    with pytest.raises(RuntimeError, match="within") if fails else nullcontext(), state.kept():
        module.train()
        state.double()
        torch.set_default_dtype(torch.float64)
        module(torch.randn(4, 2)).backward()
        with torch.no_grad():
            module.norm.weight += 1
        np.random.rand(), random.random()
        torch.use_deterministic_algorithms(True)
        if fails:
            raise RuntimeError("within")
    for n, t in module.state_dict(keep_vars=True).items():
        assert t is before[n][0]
        assert t.data_ptr() == before[n][1]
        assert torch.equal(t, before[n][2])
        assert t.dtype == before[n][2].dtype
    assert module.norm.weight.grad.tolist() == [5.0, 6.0]
    assert (module.step, module.training, hasattr(module, "fresh")) == (3, False, False)
    assert torch.get_default_dtype() == torch.float32
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.equal(torch.rand(2), expected[0])
    assert (np.random.rand(), random.random()) == expected[1:]


class Shared(nn.Module):
    """Its counter is that of the class, until it counts on."""

    step = 3

    def forward(self, x):
        self.step += 1
        return x


class Loop:
    def __init__(self, module):
        self.module, self.step, self.name = module, 5, "loop"

    def loss(self, x):
        self.step += 1
        return self.module(x)


def test_numbers_of_classes_and_of_objects_are_put_back() -> None:
    module = Shared()
    loop = Loop(module)
    state = State(loop.loss)
    with state.kept():
        loop.loss(torch.ones(1))
        loop.name = "other"  # no number: it is not looked after
        assert (module.step, loop.step) == (4, 6)
        assert {(type(h), n) for h, n in state.plain_changes()} == {(Shared, "step"), (Loop, "step")}
        state.reset_plain()
        assert (module.step, loop.step) == (3, 5)
        loop.loss(torch.ones(1))
        with state.changed(loop, "step", 70):
            state.reset_plain()
            assert loop.step == 70
    assert (module.step, loop.step, "step" in vars(module), loop.name) == (3, 5, False, "other")


def test_objects_that_modules_hold_are_found() -> None:
    module = nn.Linear(2, 2)
    module.options = Loop(None)
    assert {(type(h), n) for h, n, _ in State(module).numbers()} >= {(Loop, "step")}


def test_a_submodule_in_another_mode_than_its_parent_stays_so() -> None:
    module = nn.Sequential(nn.Linear(2, 2), nn.Dropout())
    module[1].eval()
    with State(module).kept():
        module.train()
    assert (module.training, module[0].training, module[1].training) == (True, True, False)
