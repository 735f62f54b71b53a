"""What every closed form keeps, whatever it computes: the library and dtype of its arguments, broadcasting, and gradients.

The functions are found by their names, so that a new one is tested as soon as it is there.
"""

import importlib
import inspect
import pkgutil

import array_api_compat.torch
import numpy as np
import pytest
import torch
from array_api_compat import is_torch_namespace

import numerics

FAMILIES = {
    "normal", "multivariate_normal", "bernoulli", "categorical", "binomial", "poisson", "geometric", "exponential", "gamma",
    "inverse_gamma", "beta", "dirichlet", "laplace", "gumbel", "uniform", "pareto", "log_normal", "half_normal", "von_mises",
    "wishart",
}  # fmt: skip
KINDS = ("log_prob", "entropy", "cross_entropy", "kl_divergence")
DISCRETE = {"bernoulli", "binomial", "poisson", "geometric", "categorical"}
MISSING = {  # both hold the mean of the logarithm of a factorial
    (family, kind) for family in ("poisson", "binomial") for kind in ("entropy", "cross_entropy")
}

VECTOR, LOWER = [0.3, -0.6, 0.8], [[0.9, 0.0, 0.0], [0.2, 1.1, 0.0], [-0.3, 0.4, 0.7]]
COVARIANCE = [[1.1, 0.2, -0.3], [0.2, 0.9, 0.1], [-0.3, 0.1, 0.8]]
SCALARS = {
    "loc": 0.3, "scale": 0.8, "rate": 0.7, "concentration": 1.6, "concentration1": 1.7, "concentration0": 2.2, "probs": 0.3,
    "logits": -0.4, "low": -0.1, "high": 1.3, "alpha": 2.6, "total_count": 5.0, "df": 4.2, "log_variance": VECTOR,
}  # fmt: skip
OTHER = {"q_low": 0.2, "q_high": 0.7, "q_scale": 1.4, "q_probs": 0.45, "q_rate": 1.2, "q_logits": 0.5, "q_loc": -0.2}
# Events that are vectors or matrices, values that are not any number, and supports that must lie within each other.
SPECIAL = {
    "bernoulli": {"value": 1.0},
    "binomial": {"value": 2.0},
    "poisson": {"value": 3.0},
    "geometric": {"value": 2.0},
    "pareto": {"value": 1.9},
    "categorical": {"value": [0.0, 1.0, 0.0], "probs": [0.2, 0.5, 0.3], "logits": VECTOR, "q_probs": [0.4, 0.1, 0.5], "q_logits": [0.1, 0.9, -0.5]},
    "dirichlet": {"value": [0.2, 0.5, 0.3], "concentration": [0.7, 1.6, 2.3]},
    "multivariate_normal": {
        "value": [0.1, 0.9, -0.5], "loc": VECTOR, "q_loc": [0.1, 0.2, -0.4], "scale_tril": LOWER, "covariance": COVARIANCE,
        "scale": [0.8, 1.3, 0.6], "q_scale": [1.1, 0.7, 0.9], "factor": [[0.5], [-0.3], [0.8]], "diagonal": [0.7, 1.2, 0.9],
    },
    "wishart": {"value": COVARIANCE, "scale_tril": LOWER},
    "normal.kl_divergence_standard": {"loc": VECTOR},
    "uniform.kl_divergence_pareto": {"p_scale": 0.15},
}  # fmt: skip
RANK = {
    "categorical": {"value": 1, "probs": 1, "logits": 1},
    "dirichlet": {"value": 1, "concentration": 1},
    "multivariate_normal": {
        "value": 1,
        "loc": 1,
        "scale_tril": 2,
        "covariance": 2,
        "scale": 1,
        "factor": 2,
        "diagonal": 1,
    },
    "wishart": {"value": 2, "scale_tril": 2},
    "normal.kl_divergence_standard": {"loc": 1, "log_variance": 1},
}


def functions():
    for module in pkgutil.iter_modules(numerics.__path__):
        for name, function in vars(importlib.import_module(f"numerics.{module.name}")).items():
            own = inspect.isfunction(function) and function.__module__ == f"numerics.{module.name}"
            if own and name.startswith(KINDS) and module.name not in {"quadrature", "quadratic_form"}:
                yield f"{module.name}.{name}", function


FUNCTIONS = dict(functions())


def bare(name):
    return name[2:] if name.startswith(("q_", "p_")) else name


def of(table, slug, name, default):
    """What a table says of a parameter: of this function's, else of this family's, q's before that of both."""
    for place in (slug, slug.split(".")[0]):
        for key in (name, bare(name)):
            if key in table.get(place, {}):
                return table[place][key]
    return default


def arguments(slug, batches=((), ())):
    """One array of float64 per parameter: those of q and of one law in the first batch shape, p's in the second."""
    arrays = []
    for name in inspect.signature(FUNCTIONS[slug]).parameters:
        value = np.asarray(of(SPECIAL, slug, name, OTHER.get(name, SCALARS.get(bare(name), 0.45))))
        batch = batches[name.startswith("p_")]
        count = int(np.prod(batch, dtype=int))
        wave = 1 + 0.05 * np.arange(count).reshape(batch + (1,) * value.ndim)
        fixed = name in {"value", "total_count"} or bare(name) in {"covariance", "low", "high"}
        arrays.append(np.broadcast_to(value, batch + value.shape).copy() if fixed else value * wave)
    return arrays


def test_no_family_is_forgotten():
    there = {tuple(slug.split(".")) for slug in FUNCTIONS}
    assert {(family, kind) for family in FAMILIES for kind in KINDS} - there == MISSING
    assert ("normal", "kl_divergence_poisson") not in there  # the look-up can fail


def kept(function, arrays, dtype, library):
    """The library and dtype of the arguments are those of a finite value."""
    convert, kind = {"numpy": (np.asarray, (np.ndarray, np.generic)), "torch": (torch.as_tensor, torch.Tensor)}[library]
    value = function(*(convert(array.astype(dtype)) for array in arrays))
    assert isinstance(value, kind), type(value)
    array = np.asarray(value)
    assert array.dtype == dtype, array.dtype
    assert np.all(np.isfinite(array))
    return array


@pytest.mark.parametrize("slug", FUNCTIONS)
def test_library_and_dtype_are_kept(slug):
    arrays = arguments(slug)
    expected = kept(FUNCTIONS[slug], arrays, np.float64, "numpy")
    # By either library the same but for roundings of special functions; float32 has 24 bits, some of which cancel.
    assert kept(FUNCTIONS[slug], arrays, np.float64, "torch") == pytest.approx(expected, rel=1e-12, abs=1e-14)
    for library in ("numpy", "torch"):
        assert kept(FUNCTIONS[slug], arrays, np.float32, library) == pytest.approx(expected, rel=2e-5, abs=1e-6)


@pytest.mark.parametrize("slug", FUNCTIONS)
@pytest.mark.parametrize("convert", [np.asarray, torch.as_tensor], ids=["numpy", "torch"])
def test_batches_broadcast(slug, convert):
    assert_broadcasts(FUNCTIONS[slug], slug, convert)


def assert_broadcasts(function, slug, convert):
    names = list(inspect.signature(FUNCTIONS[slug]).parameters)
    shapes = ((3, 1), (2,)) if any(name.startswith("p_") for name in names) else ((3, 2), ())
    arrays = arguments(slug, shapes)
    value = np.asarray(function(*map(convert, arrays)))
    assert value.shape == (3, 2)
    for place in np.ndindex(3, 2):
        single = [one(array, place, of(RANK, slug, name, 0)) for name, array in zip(names, arrays, strict=True)]
        assert value[place] == pytest.approx(float(function(*map(convert, single))), rel=1e-12, abs=1e-14)


def one(array, place, rank):
    """The entry of a batch that broadcasts to (3, 2)."""
    batch = array.shape[: array.ndim - rank]
    return np.broadcast_to(array, (3, 2, *array.shape[array.ndim - rank :]))[place].copy() if batch else array


@pytest.mark.parametrize("slug", FUNCTIONS)
def test_gradients_are_those_of_differences(slug):
    """By torch's own comparison with central differences, in each real parameter; symmetric matrices stay symmetric."""
    names = list(inspect.signature(FUNCTIONS[slug]).parameters)
    family = slug.split(".")[0]
    whole = {"total_count", *(["value"] if family in DISCRETE else [])}
    symmetric = {"q_covariance", "p_covariance", *(["value"] if family == "wishart" else [])}
    tensors = [torch.as_tensor(a).requires_grad_(n not in whole) for n, a in zip(names, arguments(slug), strict=True)]

    def function(*values):
        return FUNCTIONS[slug](*(0.5 * (v + v.mT) if n in symmetric else v for n, v in zip(names, values, strict=True)))

    assert torch.autograd.gradcheck(function, tensors, eps=1e-6, atol=1e-7, rtol=1e-6)


def test_what_does_not_keep_them_is_noticed():
    """The twins: a function that widens, one that does not broadcast, one whose gradient is cut off."""
    arrays = arguments("normal.kl_divergence")
    with pytest.raises(AssertionError, match="float64"):
        kept(lambda *a: FUNCTIONS["normal.kl_divergence"](*a).double(), arrays, np.float32, "torch")
    with pytest.raises(AssertionError, match=r"\(2,\) == \(3, 2\)"):
        assert_broadcasts(lambda *a: FUNCTIONS["normal.kl_divergence"](*a)[0], "normal.kl_divergence", np.asarray)
    tensors = [torch.as_tensor(array).requires_grad_() for array in arrays]
    with pytest.raises(RuntimeError, match="Jacobian mismatch"):
        torch.autograd.gradcheck(
            lambda *a: FUNCTIONS["normal.kl_divergence"](a[0].detach(), *a[1:]) + 0 * a[0], tensors
        )


def traced(function, arrays):
    """What torch's compiler makes of a function: one graph, without a word."""
    torch._dynamo.reset()
    tensors = list(map(torch.as_tensor, arrays))
    return torch.compile(function, backend="eager", fullgraph=True)(*tensors), function(*tensors)


@pytest.mark.filterwarnings("error::UserWarning")
@pytest.mark.parametrize("slug", FUNCTIONS)
def test_compilers_trace_it_whole(slug):
    torch.testing.assert_close(*traced(FUNCTIONS[slug], arguments(slug)), rtol=1e-12, atol=1e-15)


@pytest.mark.filterwarnings("error::UserWarning")
def test_what_looks_at_values_is_not_traced_whole():
    with pytest.raises(torch._dynamo.exc.Unsupported):
        traced(lambda x: x * x.tolist()[0], [np.ones(2)])
    with pytest.raises(torch._dynamo.exc.InternalTorchDynamoError, match=r"lru_cache"):
        traced(lambda x: x if is_torch_namespace(array_api_compat.torch) else -x, [np.ones(2)])
