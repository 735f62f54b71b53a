import numpy as np
import pytest
import torch

from numerics.triangular import solve_lower


@pytest.mark.parametrize("convert", [np.asarray, torch.as_tensor])
def test_solution(convert, seed):
    rng = np.random.default_rng(seed)
    lower = np.tril(rng.normal(size=(4, 1, 3, 3)), -1) + 2 * np.eye(3)
    right = rng.normal(size=(2, 3, 5))
    solution = np.asarray(solve_lower(convert(lower + np.triu(np.full((3, 3), np.nan), 1)), convert(right)))
    assert solution.shape == (4, 2, 3, 5)
    np.testing.assert_allclose(lower @ solution, np.broadcast_to(right, (4, 2, 3, 5)), rtol=1e-12, atol=1e-13)
    # The twin: the transpose is another matrix.
    assert np.abs(np.swapaxes(lower, -1, -2) @ solution - right).max() > 1e-2


def test_extreme_rows_keep_their_digits():
    """LU with pivoting takes the largest entry of a column first, and the small row is lost."""
    lower = np.array([[1e-20, 0.0], [1e20, 1.0]])
    assert solve_lower(lower, np.array([[1e-20], [1e20 + 2e4]])).ravel() == pytest.approx([1.0, 2e4], rel=0.5)
