"""Divergences, entropies and cross-entropies from their definitions: integrals and sums of logarithms of densities."""

from inspect import signature

import mpmath
import numpy as np
import pytest
import torch
from mpmath import exp, mpf

from .reference import CLAIM, FAMILIES, GRADIENT_CLAIM, REGIMES, gradient, relative_errors

DIGITS = 25


def real(t):
    return t, mpf(1)


def positive(t):
    return exp(t), exp(t)


def unit(t):
    """The logistic map keeps 1 - x, so it gives the pair (x, 1 - x)."""
    x, rest = 1 / (1 + exp(-t)), 1 / (1 + exp(t))
    return (x, rest), x * rest


def mean_under(log_q, chart, limits):
    """The mean of a function of x under a density on the line, after a change of variables that makes it smooth."""

    def mean(function):
        def integrand(t):
            x, slope = chart(t)
            density = exp(log_q(x))
            return density * function(x) * slope if density else mpf(0)

        return mpmath.quad(integrand, mpmath.linspace(*limits, 25))

    return mean


def sum_under(log_q, support):
    def mean(function):
        return mpmath.fsum(exp(log_q(k)) * function(k) for k in support)

    return mean


def measures(mean, log_q, log_p):
    """Divergence, entropy of q and cross-entropy, each by its own integral or sum."""
    return {
        "kl_divergence": mean(lambda x: log_q(x) - log_p(x)),
        "entropy": -mean(log_q),
        "cross_entropy": -mean(log_p),
    }


def assert_close(value, truth, rel=1e-13):
    """Relative to the size of the terms, which is 1 at the generic points: an entropy may be near 0."""
    assert float(value) == pytest.approx(float(truth), rel=rel, abs=rel)


def assert_definition(module, log_density, mean_of, q, p, values, truth=None):
    """Confront `log_prob`, `entropy`, `cross_entropy`, `kl_divergence` and the usual expression with the definition.

    Returns
    -------
    mpf
        The divergence, for the wrong twins.
    """
    with mpmath.workdps(DIGITS):
        exact_q, exact_p = (tuple(map(mpf, parameters)) for parameters in (q, p))

        def log_q(x):
            return log_density(x, *exact_q)

        def log_p(x):
            return log_density(x, *exact_p)

        found = measures(mean_of(log_q), log_q, log_p)
        for value in values:
            pair = (mpf(value), 1 - mpf(value)) if mean_of is unit_mean else mpf(value)
            assert_close(module.log_prob(value, *q), log_q(pair))
        for name, function in (("entropy", q), ("cross_entropy", (*q, *p)), ("kl_divergence", (*q, *p))):
            if hasattr(module, name):
                measure = getattr(module, name)
                # An entropy may not depend on the location.
                assert_close(measure(*function[-len(signature(measure).parameters) :]), found[name])
        # The twin of every test here: q and p exchanged.
        assert abs(float(module.kl_divergence(*p, *q)) - found["kl_divergence"]) > 1e-2 * found["kl_divergence"]
        if truth:
            assert abs(truth(*exact_q, *exact_p) - found["kl_divergence"]) < mpf(10) ** -17
    return found["kl_divergence"]


def assert_pair(function, q, p, log_q, log_p, mean_of, rel=1e-12):
    """Confront a divergence between two families with its integral or sum."""
    with mpmath.workdps(DIGITS):
        exact_q, exact_p = (tuple(map(mpf, parameters)) for parameters in (q, p))
        mean = mean_of(lambda x: log_q(x, *exact_q))
        truth = mean(lambda x: log_q(x, *exact_q) - log_p(x, *exact_p))
        shifted = mean(lambda x: log_q(x, *exact_q) - log_p(x, *(1.25 * value for value in exact_p)))
    assert_close(function(*q, *p), truth, rel)
    # The twin: other parameters of p are another divergence, so each of them is looked at.
    assert abs(shifted - truth) > 1e-3


def real_mean(log_q):
    return mean_under(log_q, real, (-120, 120))


def positive_mean(log_q):
    return mean_under(log_q, positive, (-120, 12))


def unit_mean(log_q):
    return mean_under(log_q, unit, (-120, 120))


def assert_accuracy(name, regime, dtype, convert, seed, size=60):
    """The claim of the closed forms, against the usual expression at a hundred digits or more."""
    family = FAMILIES[name]
    parameters = family.parameters(regime, dtype, np.random.default_rng(seed), size)
    with np.errstate(over="ignore", under="ignore"):
        values = np.asarray(family.function(*map(convert, parameters)))
    assert values.dtype == dtype
    errors = relative_errors(values, family.truths(parameters), dtype)
    assert len(errors) > 0.5 * size
    assert errors.max() <= CLAIM[dtype][regime]


def assert_textbook_fails(name, usual, seed, regime="near"):
    """The test of accuracy rejects the usual expression in float64."""
    family = FAMILIES[name]
    parameters = family.parameters(regime, np.float64, np.random.default_rng(seed), 60)
    with np.errstate(all="ignore"):
        errors = relative_errors(usual(*parameters), family.truths(parameters), np.float64)
    assert errors.max() > 1e-3


def flat(nested):
    return [x for entry in nested for x in flat(entry)] if isinstance(nested, list | tuple) else [nested]


def gradient_errors(name, regime, dtype, seed, size):
    """Relative errors of torch's gradient, of every component whose true value the dtype holds with full precision.

    The truth is a central difference of the usual expression at hundreds of digits. Of a Cholesky factor, the components
    that it has are looked at, which are those on and below the diagonal.
    """
    family = FAMILIES[name]
    parameters = family.parameters(regime, dtype, np.random.default_rng(seed), size)
    tensors = [torch.tensor(values, requires_grad=True) for values in parameters]
    slopes = torch.autograd.grad(family.function(*tensors).sum(), tensors)
    info, errors = np.finfo(dtype), []
    for i in range(size):
        truths = gradient(family.truth, [values[i] for values in parameters], family.digits)
        for slope, truth in zip(slopes, truths, strict=True):
            kept = np.flatnonzero(np.tril(np.ones(slope[i].shape)) if slope[i].ndim == 2 else np.ones(slope[i].numel()))
            found, expected = slope[i].reshape(-1).tolist(), flat(truth)
            for computed, exact in ((found[k], expected[k]) for k in kept):
                if exact == 0 or info.smallest_normal <= abs(exact) <= info.max:
                    error = abs(mpf(computed) - exact) / abs(exact or 1) if np.isfinite(computed) else mpmath.inf
                    errors.append(float(error))
    return np.array(errors)


def assert_gradient(name, regime, dtype, seed, size=12):
    """The claim of the gradients."""
    errors = gradient_errors(name, regime, dtype, seed, size)
    assert len(errors) > size / 2
    assert errors.max() <= GRADIENT_CLAIM[dtype]


every_case = pytest.mark.parametrize(
    ("regime", "dtype", "convert"),
    [
        pytest.param(regime, dtype, convert, id=f"{regime}-{dtype.__name__}-{library}")
        for regime in REGIMES
        for dtype in CLAIM
        for convert, library in ((np.asarray, "numpy"), (torch.as_tensor, "torch"))
    ],
)
every_gradient = pytest.mark.parametrize(
    ("regime", "dtype"),
    [pytest.param(regime, dtype, id=f"{regime}-{dtype.__name__}") for regime in REGIMES for dtype in CLAIM],
)
moderate_gradient = pytest.mark.parametrize(
    ("regime", "dtype"),
    [pytest.param(regime, dtype, id=f"{regime}-{dtype.__name__}") for regime in REGIMES[:2] for dtype in CLAIM],
)
