import numpy as np
import pytest
import torch

from numerics.polynomial import horner

COEFFICIENTS = (0.5, -2.0, 0.0, 4.0)


@pytest.mark.parametrize("convert", [np.asarray, torch.as_tensor], ids=["numpy", "torch"])
def test_powers(convert):
    x = np.array([-1.5, 0.0, 2.0])
    powers = sum(c * x**k for k, c in enumerate(COEFFICIENTS))
    backwards = sum(c * x**k for k, c in enumerate(reversed(COEFFICIENTS)))
    found = np.asarray(horner(COEFFICIENTS, convert(x)))
    assert found.tolist() == powers.tolist()  # all are multiples of 1/8, and exact
    assert found.tolist() != backwards.tolist()
