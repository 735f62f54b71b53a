import numpy as np
import pytest
import torch

from numerics import normal
from numerics.derivative import with_gradient
from numerics.excess import excess


def cube(xp, x):
    return x * x * x


def slope_of_cube(xp, x):
    return (3.0 * x * x,)


def slope_of_square(xp, x):
    return (2.0 * x,)


def total(xp, x, y):
    return xp.sum(x * y, axis=-1)


def slope_of_total(xp, x, y):
    return y, x


def leaf(*values):
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def test_torch_takes_the_gradient_that_is_brought():
    x = leaf(2.0, -1.0)
    (slope,) = torch.autograd.grad(with_gradient(cube, slope_of_cube, torch, x).sum(), x)
    assert slope.tolist() == [12.0, 3.0]
    (wrong,) = torch.autograd.grad(with_gradient(cube, slope_of_square, torch, x).sum(), x)
    assert wrong.tolist() == [4.0, -2.0]  # the twin: it is taken as it comes, so it is what is tested elsewhere


def test_second_derivatives():
    hessian = torch.autograd.functional.hessian(lambda x: with_gradient(cube, slope_of_cube, torch, x).sum(), leaf(2.0))
    assert hessian.tolist() == [[12.0]]
    assert torch.autograd.gradgradcheck(excess, leaf(-0.7, 0.3, 1.5))


@pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")  # torch's own, in its forward mode
def test_forward_mode():
    """By which Hessians of torch.func differentiate the gradient; it takes the gradient that is brought, as the other does."""
    x = leaf(2.0, -1.0).detach()
    hessian = torch.func.hessian(lambda x: with_gradient(cube, slope_of_cube, torch, x).sum())(x)
    assert hessian.tolist() == [[12.0, 0.0], [0.0, -6.0]]
    wrong = torch.func.hessian(lambda x: with_gradient(cube, slope_of_square, torch, x).sum())(x)
    assert wrong.tolist() == [[2.0, 0.0], [0.0, 2.0]]
    mixed = torch.func.hessian(lambda x: with_gradient(total, slope_of_total, torch, x, x * x))(x)
    assert mixed.tolist() == [[12.0, 0.0], [0.0, -6.0]]
    for log_variance in (leaf(0.3, -0.7), leaf(1e-9, 0.0)):
        check = torch.autograd.gradcheck(
            lambda v: normal.kl_divergence_standard(v, v), log_variance, check_forward_ad=True, atol=1e-7
        )
        assert check


def test_rows():
    x, y = leaf(2.0, -1.0).expand(3, 2), leaf(0.5, 4.0).expand(3, 2)
    value = with_gradient(total, slope_of_total, torch, x, y)
    assert value.tolist() == [-3.0] * 3
    weights = torch.tensor([1.0, 10.0, 100.0], dtype=torch.float64)
    in_x, in_y = torch.autograd.grad(value @ weights, (x, y))
    assert in_x.tolist() == [[0.5, 4.0], [5.0, 40.0], [50.0, 400.0]]
    assert in_y.tolist() == [[2.0, -1.0], [20.0, -10.0], [200.0, -100.0]]


def test_nothing_is_recorded_where_nothing_is_asked():
    x = leaf(2.0)
    assert not with_gradient(cube, slope_of_cube, torch, x.detach()).requires_grad
    with torch.no_grad():
        assert not with_gradient(cube, slope_of_cube, torch, x).requires_grad
    assert with_gradient(cube, slope_of_cube, np, np.array(2.0)) == 8.0


@pytest.mark.parametrize("argument", [0, 1])
def test_transformations_of_functions(argument, seed):
    generator = torch.Generator().manual_seed(seed)
    loc, log_variance = (torch.randn(4, 3, generator=generator, dtype=torch.float64) for _ in range(2))
    slopes = torch.func.vmap(torch.func.grad(normal.kl_divergence_standard, argument))(loc, log_variance)
    expected = (loc, 0.5 * torch.expm1(log_variance))[argument]
    torch.testing.assert_close(slopes, expected, rtol=1e-14, atol=0)


@pytest.mark.filterwarnings("default::DeprecationWarning")  # torch's own, of an instance that it makes itself
@pytest.mark.filterwarnings("error::UserWarning")
def test_compiled_as_one_graph():
    """Traced by torch's compiler without a break or a warning, the gradient included, but without the code that it generates."""
    x, y = leaf(2.0, -1.0), leaf(0.5, 4.0)

    def function(x, y):
        return normal.kl_divergence_standard(x, y)

    expected = torch.autograd.grad(function(x, y), (x, y))
    compiled = torch.compile(function, backend="aot_eager", fullgraph=True)
    assert all(map(torch.equal, torch.autograd.grad(compiled(x, y), (x, y)), expected))
