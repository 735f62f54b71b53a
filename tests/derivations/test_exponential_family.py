"""The Bregman form of the divergence and the mean of the statistic, on finite spaces by the definition."""

import math
import random

import flint
import mpmath
import pytest
import sympy
from sympy import Sum, exp, log

from derivations.conversion import everywhere, expand_log, simplify
from derivations.derivation import StepError, derive
from derivations.evaluation import evaluate
from derivations.exponential_family import (
    P,
    Q,
    X,
    entropy_exponential_family,
    exponential_family_mean,
    in_logarithms,
    kl_exponential_family,
    logarithms,
)
from derivations.hypothesis import supposing
from derivations.kernel import KernelError
from derivations.kernel import log as kernel_log
from derivations.notation import E, Index, Mapping, Natural, Vector, to_kernel


def finite_family(seed):
    """Base measure and statistics on five points, natural parameters of q and of p; all random."""
    rng = random.Random(seed)
    base = [rng.uniform(0.2, 2) for _ in range(5)]
    statistics = [[rng.uniform(-2, 2) for _ in range(5)] for _ in range(3)]
    eta, theta = ([rng.uniform(-1, 1) for _ in range(3)] for _ in range(2))
    return base, statistics, eta, theta


def log_partition(base, statistics, eta):
    return math.log(
        math.fsum(
            h * math.exp(math.fsum(e * t[x] for e, t in zip(eta, statistics, strict=True))) for x, h in enumerate(base)
        )
    )


def density(base, statistics, eta):
    a = log_partition(base, statistics, eta)
    return [
        h * math.exp(math.fsum(e * t[x] for e, t in zip(eta, statistics, strict=True)) - a) for x, h in enumerate(base)
    ]


def test_the_bregman_form_is_the_divergence(seed):
    for trial in range(20):
        base, statistics, eta, theta = finite_family(100 * seed + trial)
        q, p = (density(base, statistics, v) for v in (eta, theta))
        expected = math.fsum(a * math.log(a / b) for a, b in zip(q, p, strict=True))
        means = [math.fsum(a * t for a, t in zip(q, values, strict=True)) for values in statistics]
        (theorem,) = kl_exponential_family().theorems
        a_q, a_p = (log_partition(base, statistics, v) for v in (eta, theta))
        values = {"eta": entries(eta), "theta": entries(theta), "m": entries(means), "n": 3, "A_q": a_q, "A_p": a_p}
        assert float(evaluate(theorem.sides[1], values)) == pytest.approx(expected, abs=1e-13)
        swapped = {**values, "eta": entries(theta), "theta": entries(eta), "A_q": a_p, "A_p": a_q}
        assert float(evaluate(theorem.sides[1], swapped)) != pytest.approx(expected, abs=1e-6)


def test_the_entropy_is_that_of_the_law(seed):
    """With the base measure 1; with another one the theorem does not apply, and its value is another."""
    base, statistics, eta, _ = finite_family(seed)
    (theorem,) = entropy_exponential_family().theorems
    for weights in ([1.0] * 5, base):
        q = density(weights, statistics, eta)
        means = [math.fsum(a * t for a, t in zip(q, values, strict=True)) for values in statistics]
        a_q = log_partition(weights, statistics, eta)
        found = float(evaluate(theorem.sides[1], {"eta": entries(eta), "m": entries(means), "n": 3, "A_q": a_q}))
        entropy = -math.fsum(a * math.log(a) for a in q)
        assert (found == pytest.approx(entropy, abs=1e-13)) == (weights is not base)


def test_the_entropy_rests_on_the_divergence():
    assert entropy_exponential_family().uses == ("kl-exponential-family",)


def entries(values):
    """The function of an index k = 1, 2, ... with these values."""
    return lambda k: flint.arb(values[int(k.unique_fmpz()) - 1])


def test_the_mean_is_the_derivative_of_the_log_partition(seed):
    base, (statistic, *_), (eta, *_), _ = finite_family(seed)
    q = density(base, [statistic], [eta])
    with mpmath.workdps(40):
        slope = mpmath.diff(
            lambda t: mpmath.log(mpmath.fsum(h * mpmath.exp(t * s) for h, s in zip(base, statistic, strict=True))), eta
        )
    (theorem,) = exponential_family_mean().theorems
    assert theorem.sides[1].head == "derivative"
    assert math.fsum(a * t for a, t in zip(q, statistic, strict=True)) == pytest.approx(float(slope), abs=1e-13)


def test_the_wrong_sign_of_the_gradient_term_is_not_proved():
    with sympy.evaluate(False):
        eta, theta = Vector("eta"), Vector("theta")
        h, t, a = Mapping("h"), Mapping("T"), Mapping("A")
        i, n = Index("i"), Natural("n")
        q, p = (h(X) * exp(Sum(v[i] * t(i, X), (i, 1, n)) - a(v)) for v in (eta, theta))
        logs = logarithms(q, p)
        right = a(theta) - a(eta) - Sum((theta[i] - eta[i]) * E(Q(X), t(i, X)), (i, 1, n))
        wrong = a(theta) - a(eta) + Sum((theta[i] - eta[i]) * E(Q(X), t(i, X)), (i, 1, n))
        start = E(Q(X), log(Q(X) / P(X)))
        assert derive("right", "", "", [start, (right, logs)]).steps
        with pytest.raises(StepError, match="step 1"):
            derive("wrong", "", "", [start, (wrong, logs)])


def test_what_is_supposed_is_printed_as_a_hypothesis():
    with sympy.evaluate(False):
        rewrite = supposing(Q(X), P(X) * 2)
        theorem = rewrite(to_kernel(Q(X)))
        assert theorem.hypotheses == (theorem.conclusion,)
        with pytest.raises(KernelError, match="not the left side"):
            rewrite(to_kernel(P(X)))


def test_only_logarithms_are_opened():
    with sympy.evaluate(False):
        rewrite = everywhere(in_logarithms(supposing(Q(X), P(X) * 2)))
        term = to_kernel(Q(X) * log(Q(X)))
        opened = rewrite(term).sides[1]
        assert opened == to_kernel(Q(X) * log(P(X) * 2))
        with pytest.raises(KernelError, match="not a logarithm"):
            in_logarithms(simplify)(to_kernel(Q(X)))
        with pytest.raises(KernelError, match="nothing to convert"):
            in_logarithms(expand_log)(kernel_log(to_kernel(Q(X))))
