import mpmath
import numpy as np
import pytest
import torch

from numerics import special_function

TRUTHS = {
    special_function.log_gamma: mpmath.loggamma,
    special_function.digamma: mpmath.digamma,
    special_function.bessel_i0e: lambda x: mpmath.besseli(0, x) * mpmath.exp(-x),
    special_function.bessel_i1e: lambda x: mpmath.besseli(1, x) * mpmath.exp(-x),
    special_function.erf: mpmath.erf,
}
every_function = pytest.mark.parametrize("function", TRUTHS, ids=lambda function: function.__name__)


@every_function
@pytest.mark.parametrize("x", [0.3, 7.5])
def test_both_libraries_are_right(function, x):
    truth = float(TRUTHS[function](x))
    assert float(function(np.asarray(x))) == pytest.approx(truth, rel=1e-13, abs=0)
    assert function(torch.tensor(x, dtype=torch.float64)).item() == pytest.approx(truth, rel=1e-13, abs=0)
    others = [float(other(x)) for other in TRUTHS if other is not function]
    assert all(abs(other - truth) > 1e-3 for other in others)


@every_function
def test_gradient_and_dtype(function):
    x = torch.tensor([0.7], requires_grad=True)
    value = function(x)
    value.sum().backward()
    assert value.dtype == torch.float32
    assert x.grad.item() == pytest.approx(float(mpmath.diff(TRUTHS[function], 0.7)), rel=1e-5, abs=0)
    assert function(np.float32([0.7])).dtype == np.float32
    assert function(np.float16([0.7])).dtype == np.float16
    assert function(np.float64([0.7])).dtype != np.float32


def test_x_log_y_is_zero_at_zero():
    x, y = np.array([0.0, 0.0, 2.0]), np.array([0.0, 3.0, 3.0])
    assert special_function.x_log_y(x, y).tolist() == [0.0, 0.0, 2.0 * np.log(3.0)]
    tensors = [torch.tensor(values, requires_grad=True) for values in (x, y)]
    special_function.x_log_y(*tensors).sum().backward()
    assert not any(torch.isnan(tensor.grad).any() for tensor in tensors)
