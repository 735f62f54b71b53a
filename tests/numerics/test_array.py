import numpy as np
import pytest
import torch

from numerics.array import as_arrays, as_wide_arrays, narrowed, widened


def test_numbers_become_float64():
    _, one, many = as_arrays(1, [0.5, 2])
    assert one.dtype == many.dtype == np.float64
    assert many.shape == (2,)


@pytest.mark.parametrize("like", [np.float32([1.0]), torch.ones(1), torch.ones(1, dtype=torch.float64)])
def test_numbers_take_the_dtype_of_the_array(like):
    _, number, array = as_arrays(3.0, like)
    assert number.dtype == like.dtype
    assert array is like


def test_two_libraries_are_refused():
    with pytest.raises(TypeError, match=r"[Mm]ultiple namespaces"):
        as_arrays(np.ones(2), torch.ones(2))


def test_widened_touches_float32_only():
    xp, *arrays = as_arrays(torch.ones(1), torch.ones(1, dtype=torch.float64), torch.ones(1, dtype=torch.float16))
    assert [a.dtype for a in widened(xp, *arrays)] == [torch.float64, torch.float64, torch.float16]


def test_widened_keeps_float32_where_the_device_has_nothing_wider():
    class Mps:
        float32, float64 = np.float32, np.float64

        @staticmethod
        def astype(value, dtype):
            raise TypeError("Cannot convert a MPS Tensor to float64 dtype")

    value = np.float32([1.0])
    assert widened(Mps, value)[0] is value


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ((torch.ones(1), 2.0), torch.float32),
        ((torch.ones(1, dtype=torch.float16), 2.0), torch.float16),
        ((torch.ones(1), torch.ones(1, dtype=torch.float64)), torch.float64),
        ((1.0, 2.0), np.float64),
    ],
)
def test_wide_arrays_remember_the_dtype_of_the_result(values, dtype):
    xp, remembered, *wide = as_wide_arrays(*values)
    assert remembered == dtype
    assert all(value.dtype != xp.float32 for value in wide)
    assert narrowed(xp, wide[0], remembered).dtype == dtype
