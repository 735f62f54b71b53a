import array_api_compat.torch as xp
import numpy as np
import pytest
import torch

from numerics import normal
from numerics.block import BLOCK, in_blocks, sum_of_rows

ROWS = 3 * BLOCK // 160 + 7  # a last block that is not full


def drawn(seed):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(2, ROWS, 20, generator=generator, dtype=torch.float64) for _ in range(2)]


@pytest.mark.parametrize("convert", [np.asarray, torch.as_tensor], ids=["numpy", "torch"])
def test_blocks_change_no_bit(convert, seed):
    loc, log_variance = map(convert, drawn(seed))
    whole = normal.kl_divergence_standard(loc, log_variance)
    assert whole.shape == (2, ROWS)
    for row in (0, BLOCK // 160 - 1, BLOCK // 160, ROWS - 1):
        assert whole[1, row] == normal.kl_divergence_standard(loc[1, row], log_variance[1, row])


def test_gradients_pass_through(seed):
    loc, log_variance = (t.requires_grad_() for t in drawn(seed))
    normal.kl_divergence_standard(loc, log_variance).sum().backward()
    torch.testing.assert_close(loc.grad, loc.detach(), rtol=1e-15, atol=0)
    torch.testing.assert_close(log_variance.grad, 0.5 * log_variance.detach().expm1(), rtol=1e-12, atol=0)


def test_broadcast_arrays_and_small_ones():
    wide = np.broadcast_to(np.float32(0.5), (ROWS, 20))
    assert normal.kl_divergence_standard(wide, np.zeros(20, np.float32)).tolist() == [2.5] * ROWS
    assert in_blocks(lambda x: x.sum(-1), np, np.ones((0, 3))).shape == (0,)


def test_a_function_that_mixes_rows_is_not_its_blocks(seed):
    """The twin: what depends on other rows is another number in blocks, so the equality above says something."""
    (values, _) = drawn(seed)
    mixed = in_blocks(lambda x: x.sum(-1) - x.mean(), torch, values)
    assert not torch.equal(mixed, values.sum(-1) - values.mean())


@pytest.mark.filterwarnings("ignore")  # torch's own, on what it does not trace
@pytest.mark.parametrize("length", [1, 2, 11, 16, 20, 77, 64, 200, 400])
def test_rows_are_added_in_short_axes_where_a_compiler_traces(length, seed):
    """As it traces, without the code that it would generate: the numbers are those of exact sums."""
    terms = torch.rand(5, 3, length, generator=torch.Generator().manual_seed(seed))
    shapes = []

    def compiler(graph, inputs):
        shapes.extend(n.args[1] for n in graph.graph.nodes if n.target in (torch.reshape, torch.Tensor.reshape))
        return graph

    torch._dynamo.reset()  # it makes eight programs of a function and no more
    compiled = torch.compile(lambda x: sum_of_rows(xp, x), backend=compiler)(terms)
    exact = terms.double().sum(-1)
    torch.testing.assert_close(compiled, exact, rtol=1e-15, atol=0)
    torch.testing.assert_close(sum_of_rows(xp, terms), exact, rtol=1e-15, atol=0)
    assert bool(shapes) == (length not in (1, 200)), shapes  # the latter is long, and not of whole vectors
    # The twin: a sum of two terms in float32.
    if length % 2 == 0:
        halves = terms[..., ::2] + terms[..., 1::2]
        assert not torch.allclose(halves.double().sum(-1), exact, rtol=1e-12, atol=0)


@pytest.mark.parametrize("length", [2, 3])
def test_products_that_add_rows(length, seed):
    terms = torch.rand(5, 3, length, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    whole = sum_of_rows(xp, terms)
    assert whole.shape == (5, 3)
    assert all(torch.equal(whole[i, j], sum_of_rows(xp, terms[i, j])) for i in range(5) for j in range(3))
    torch.testing.assert_close(whole, terms.sum(-1), rtol=1e-15, atol=0)


def test_a_row_without_columns_is_zero():
    assert sum_of_rows(np, np.ones((2, 0))).tolist() == [0.0, 0.0]


def order(kind, leaves, rng):
    """A binary tree of additions, as nested pairs of numbers of terms."""
    if len(leaves) == 1:
        return leaves[0]
    cut = {"in turn": len(leaves) - 1, "by halves": len(leaves) // 2, "any": rng.integers(1, len(leaves))}[kind]
    return order(kind, leaves[:cut], rng), order(kind, leaves[cut:], rng)


def added(tree, terms):
    return np.add(added(tree[0], terms), added(tree[1], terms)) if isinstance(tree, tuple) else terms[tree]


def depth(tree):
    return 1 + max(map(depth, tree)) if isinstance(tree, tuple) else 0


def stubborn(tree, length):
    """One at the end of the longest path, beside which every sum is just too small to change it in float32."""
    terms = np.zeros(length, np.float32)
    while isinstance(tree, tuple):
        tree, beside = sorted(tree, key=depth, reverse=True)
        while isinstance(beside, tuple):
            beside = beside[0]
        terms[beside] = 2.0**-24 * (1 - 2.0**-10)
    terms[tree] = 1.0
    return terms


@pytest.mark.parametrize("kind", ["in turn", "by halves", "any"])
@pytest.mark.parametrize("length", [17, 20, 64, 400])
def test_no_order_of_additions_in_float32_is_right_for_long_rows(kind, length, seed):
    tree = order(kind, list(range(length)), np.random.default_rng(seed))
    terms = stubborn(tree, length)
    exact = float(terms.sum(dtype=np.float64))
    assert added(tree, terms).dtype == np.float32
    assert abs(float(added(tree, terms)) - exact) > 2.5e-7 * exact
    for row in (terms, torch.as_tensor(terms)):
        assert abs(float(sum_of_rows(np if row is terms else xp, row)) - exact) < 1e-15 * exact
    # Of sixteen, halves are right.
    tree = order("by halves", list(range(16)), np.random.default_rng(seed))
    terms = stubborn(tree, 16)
    assert abs(float(added(tree, terms)) - float(terms.sum(dtype=np.float64))) < 2.5e-7
