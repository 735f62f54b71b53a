"""
What every divergence obeys, whatever its formula: non-negativity, invariance, the chain rule, convexity, data processing.

Witnesses are the certified enclosures, and the closed forms of the families that have one: a module
``numerics.<family>`` with ``kl_divergence(*q, *p)`` is found by its name. Inequalities between balls are rigorous.
"""

import importlib
import importlib.util
import os
import sys
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import arb
from hypothesis import HealthCheck, assume, given, seed, settings
from hypothesis import strategies as st

from elbocheck.strategies import FAMILIES as NAMES
from elbocheck.strategies import (
    cholesky_factor,
    logits,
    pairs,
    parameters,
    positive,
    probability,
    probability_vector,
    real,
)
from numerics import quadrature
from numerics.density import Beta, ChiSquare, Exponential, Gamma, InverseGamma, LogNormal, Normal, Pareto, Uniform
from numerics.mass import Bernoulli, Binomial, Categorical, Poisson
from numerics.multivariate import Dirichlet, MultivariateNormal, Wishart
from numerics.quadrature import cross_entropy, entropy, kl_divergence

# What the closed forms claim, relative, in float64 (docs/accuracy.md): moderate and near-equal, and extreme.
CLAIM = {"generic": 1e-13, "near-equal": 1e-13, "extreme": 1e-10}
VON_MISES = 1e-9  # its docstring: up to six digits of double precision are lost to concentrations below 1000


def held(*strategies, examples=15):
    """A property at random points, the same for each ELBOCHECK_TEST_SEED."""

    def decorate(test):
        quiet = settings(
            max_examples=examples,
            deadline=None,
            database=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        )
        return seed(int(os.environ.get("ELBOCHECK_TEST_SEED", "0")))(quiet(given(*strategies)(test)))

    return decorate


def closed_form(name):
    """The family's closed form, or None as long as there is none."""
    if importlib.util.find_spec(f"numerics.{name}") is None:
        return None
    return getattr(importlib.import_module(f"numerics.{name}"), "kl_divergence", None)


def enclosure(name, q, p):
    family = quadrature.FAMILIES[name]
    return kl_divergence(family(*q), family(*p))


# --- non-negative, and zero only at equality ---


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("regime", ["generic", "near-equal"])
def test_divergences_are_positive_and_closed_forms_meet_them(name, regime):
    formula = closed_form(name)

    @held(pairs(name, regime), examples=12)
    def check(pair):
        q, p = pair
        assume(q != p)
        ball = enclosure(name, q, p)
        assert ball > 0
        if formula is not None:
            is_representable = ball < sys.float_info.max
            with np.errstate(over="raise" if is_representable else "ignore"):
                value = float(formula(*map(np.float64, (*q, *p))))
            assert value > 0
            if is_representable:
                error = abs(arb(value) - ball) / ball
                claim = VON_MISES if name == "von_mises" else CLAIM[regime]
                # an exponential is as wrong, relatively, as its exponent is by itself: four roundings of that
                assert error < max(claim, 4 * 2**-53 * float(ball.log())), (value, ball)
            else:
                assert value == float("inf")

    check()


@pytest.mark.parametrize("name", NAMES)
def test_equal_distributions_have_divergence_zero(name):
    formula = closed_form(name)

    @held(parameters(name), examples=4)
    def check(q):
        assert enclosure(name, q, q).contains(0)
        if formula is not None:
            assert float(formula(*map(np.float64, (*q, *q)))) == 0.0

    check()


@pytest.mark.parametrize("name", [name for name in NAMES if closed_form(name) is not None])
def test_closed_forms_are_neither_negative_nor_nan_at_extremes(name):
    formula = closed_form(name)

    @held(pairs(name, "extreme"), examples=60)
    def check(pair):
        with np.errstate(all="ignore"):
            assert float(formula(*map(np.float64, (*pair[0], *pair[1])))) >= 0.0

    check()


# Families whose parameters are vectors, matrices, log odds or bounds: one distribution as its closed form takes it, and its
# enclosure's class.
OTHERS = {
    "bernoulli.kl_divergence_logits": (st.tuples(logits()), lambda x: Bernoulli(logits=x)),
    "binomial.kl_divergence": (st.tuples(st.just(5), probability()), Binomial),
    "categorical.kl_divergence": (st.tuples(probability_vector(3)), Categorical),
    "categorical.kl_divergence_logits": (st.tuples(st.tuples(logits(), logits(), logits())), lambda x: Categorical(logits=x)),
    "dirichlet.kl_divergence": (st.tuples(st.tuples(positive(), positive(), positive())), Dirichlet),
    "multivariate_normal.kl_divergence": (st.tuples(st.tuples(real(), real()), cholesky_factor(2)), MultivariateNormal),
    "uniform.kl_divergence": (positive().map(lambda x: (-x, 1.5 * x)), Uniform),
    "wishart.kl_divergence": (st.tuples(positive().map(lambda x: 1 + x), cholesky_factor(2)), Wishart),
}  # fmt: skip


def numbers(parameters):
    """All of them, in one array."""
    return np.concatenate([np.ravel(p) for p in parameters])


@pytest.mark.parametrize("slug", OTHERS)
def test_divergences_of_the_other_families_are_positive_too(slug):
    """And zero at equality; the closed form within its claim of the enclosure."""
    draw, family = OTHERS[slug]
    module, name = slug.split(".")
    formula = getattr(importlib.import_module(f"numerics.{module}"), name)

    @held(draw, draw, examples=8)
    def check(q, p):
        if module == "uniform" and q[0] < p[0]:
            q, p = p, q
        # nearer ones have their own tests: their divergence may be less than what an enclosure tells from zero
        assume(np.abs(np.subtract(numbers(q), numbers(p))).max() > 1e-6)
        shared = 1 if module == "binomial" else 0  # one number of trials for both
        ball = kl_divergence(family(*q), family(*p))
        value = float(formula(*map(np.float64, (*q, *p[shared:]))))
        assert ball > 0
        assert abs(arb(value) - ball) / ball < CLAIM["generic"], (value, ball)
        assert float(formula(*map(np.float64, (*q, *q[shared:])))) == 0.0
        assert kl_divergence(family(*q), family(*q)).contains(0)

    check()


def test_a_formula_that_cancels_is_caught_near_equality():
    """The twin: the textbook form of the normal's divergence is right, but not in floating point."""

    def textbook(m, s, n, t):
        return np.log(t / s) + (s**2 + (m - n) ** 2) / (2 * t**2) - 0.5

    worst = 0.0

    @held(pairs("normal", "near-equal"))
    def measure(pair):
        nonlocal worst
        q, p = pair
        ball = enclosure("normal", q, p)
        worst = max(worst, float(abs(arb(float(textbook(*q, *p))) - ball) / ball))

    measure()
    assert worst > 1e-6


# --- invariance under bijections of the space ---


@held(pairs("normal"), real(), positive())
def test_affine_maps(pair, shift, factor):
    (m, s), (n, t) = [tuple(map(Fraction, point)) for point in pair]
    a, b = Fraction(factor), Fraction(shift)
    mapped = kl_divergence(Normal(a * m + b, a * s), Normal(a * n + b, a * t))
    assert mapped.overlaps(kl_divergence(Normal(m, s), Normal(n, t)))
    reflected = kl_divergence(Normal(-m, s), Normal(-n, t))
    assert reflected.overlaps(mapped)


@held(pairs("gamma"), positive())
def test_exponentials_reciprocals_and_scales(pair, factor):
    q, p = pair
    by = Fraction(factor)
    gamma = kl_divergence(Gamma(*q), Gamma(*p))
    assert gamma.overlaps(kl_divergence(InverseGamma(*q), InverseGamma(*p)))
    scaled = [Gamma(a, Fraction(b) / by) for a, b in (q, p)]
    assert gamma.overlaps(kl_divergence(*scaled))
    normal = kl_divergence(Normal(*q), Normal(*p))
    assert normal.overlaps(kl_divergence(LogNormal(*q), LogNormal(*p)))


@held(pairs("exponential"), positive())
def test_the_logarithms_of_powers_are_exponential(pair, least):
    """-log of a beta(a, 1), and the logarithm of a Pareto over its least value, are exponential of rate a."""
    (a,), (b,) = pair
    divergence = kl_divergence(Exponential(a), Exponential(b))
    assert divergence.overlaps(kl_divergence(Beta(a, 1), Beta(b, 1)))
    assert divergence.overlaps(kl_divergence(Pareto(least, a), Pareto(least, b)))


def test_what_is_not_invariant():
    """The twins: the entropy, the divergence with one argument mapped, and one between powers of other laws."""
    assert not entropy(Normal(1.4, 0.8)).overlaps(entropy(Normal(0.7, 0.4)))
    divergence = kl_divergence(Normal(0.7, 0.4), Normal(-0.6, 1.3))
    assert not kl_divergence(Normal(1.4, 0.8), Normal(-0.6, 1.3)).overlaps(divergence)
    assert not kl_divergence(Beta(0.7, 2), Beta(1.6, 2)).overlaps(kl_divergence(Exponential(0.7), Exponential(1.6)))


# --- chain rule, additivity ---


@held(st.tuples(real(), real()), cholesky_factor(2), st.tuples(real(), real()), cholesky_factor(2))
def test_a_normal_is_its_first_coordinate_and_the_conditional_of_the_second(m, a, n, b):
    """KL(q(x, y) || p(x, y)) = KL(q(x) || p(x)) + E_q KL(q(y|x) || p(y|x)), the conditionals by their definition."""
    q, p = MultivariateNormal(m, a), MultivariateNormal(n, b)
    first = kl_divergence(Normal(m[0], a[0][0]), Normal(n[0], b[0][0]))
    # y | x is normal of mean m_y + (l_yx / l_xx)(x - m_x) and scale l_yy; the means differ by a line c + d x in x.
    (mx, my), (nx, ny) = (tuple(map(Fraction, v)) for v in (m, n))
    slopes = [Fraction(l[1][0]) / Fraction(l[0][0]) for l in (a, b)]
    slope, offset = slopes[0] - slopes[1], (my - slopes[0] * mx) - (ny - slopes[1] * nx)
    second_moment = (slope * mx + offset) ** 2 + (slope * Fraction(a[0][0])) ** 2
    spread = kl_divergence(Normal(0, a[1][1]), Normal(0, b[1][1]))
    quadratic = second_moment / (2 * Fraction(b[1][1]) ** 2)
    expected = first + spread + arb(quadratic.numerator) / arb(quadratic.denominator)
    assert kl_divergence(q, p).overlaps(expected)


@held(pairs("normal"), pairs("normal"))
def test_independent_coordinates_add(first, second):
    (q, p), (r, s) = first, second
    joint = [MultivariateNormal((a[0], b[0]), ((a[1], 0), (0, b[1]))) for a, b in ((q, r), (p, s))]
    parts = kl_divergence(Normal(*q), Normal(*p)) + kl_divergence(Normal(*r), Normal(*s))
    assert kl_divergence(*joint).overlaps(parts)
    assert quadrature.kl_divergence_normal(*zip(q, r, strict=True), *zip(p, s, strict=True)).overlaps(parts)


@held(pairs("poisson"), pairs("poisson"))
def test_two_poissons_are_their_sum_and_its_division(first, second):
    """Given the sum n, the first count is binomial: the chain rule with E n times a Bernoulli divergence."""
    ((a,), (c,)), ((b,), (d,)) = first, second
    a, b, c, d = map(Fraction, (a, b, c, d))
    parts = kl_divergence(Poisson(a), Poisson(c)) + kl_divergence(Poisson(b), Poisson(d))
    division = kl_divergence(Bernoulli(a / (a + b)), Bernoulli(c / (c + d)))
    count = arb((a + b).numerator) / arb((a + b).denominator)
    assert parts.overlaps(kl_divergence(Poisson(a + b), Poisson(c + d)) + count * division)


def test_parts_that_are_not_the_whole():
    """The twins: the division of the sum counted once instead of E n times, and entropies of trials added."""
    parts = kl_divergence(Poisson(0.7), Poisson(1.6)) + kl_divergence(Poisson(2.2), Poisson(0.9))
    total = [Poisson(Fraction(a) + Fraction(b)) for a, b in ((0.7, 2.2), (1.6, 0.9))]
    division = [Bernoulli(Fraction(a) / (Fraction(a) + Fraction(b))) for a, b in ((0.7, 2.2), (1.6, 0.9))]
    assert not parts.overlaps(kl_divergence(*total) + kl_divergence(*division))
    assert not entropy(Binomial(3, 0.3)).overlaps(3 * entropy(Bernoulli(0.3)))


@held(pairs("bernoulli"), st.integers(2, 9))
def test_trials_add(pair, trials):
    (q,), (p,) = pair
    total = kl_divergence(Binomial(trials, q), Binomial(trials, p))
    assert total.overlaps(trials * kl_divergence(Bernoulli(q), Bernoulli(p)))


# --- convexity, data processing ---


def mixed(weight, a, b):
    return tuple(weight * x + (1 - weight) * y for x, y in zip(a, b, strict=True))


@held(st.lists(probability_vector(4), min_size=4, max_size=4), probability())
def test_divergence_is_convex_in_the_pair(vectors, weight):
    normalised = [tuple(Fraction(x) / sum(map(Fraction, v)) for x in v) for v in vectors]
    q, r, p, s = normalised
    assume(q != p or r != s)
    w = Fraction(weight)
    mixture = kl_divergence(Categorical(mixed(w, q, r)), Categorical(mixed(w, p, s)))
    parts = kl_divergence(Categorical(q), Categorical(p)), kl_divergence(Categorical(r), Categorical(s))
    by = arb(w.numerator) / arb(w.denominator)
    bound = by * parts[0] + (1 - by) * parts[1]
    assert mixture.lower() <= bound.upper()


@held(probability_vector(5), probability_vector(5))
def test_merging_values_loses_divergence(q, p):
    merged = [(*map(Fraction, v[:3]), Fraction(v[3]) + Fraction(v[4])) for v in (q, p)]
    fine, coarse = kl_divergence(Categorical(q), Categorical(p)), kl_divergence(*map(Categorical, merged))
    assert coarse.lower() <= fine.upper()


@held(st.lists(positive(), min_size=6, max_size=6))
def test_a_marginal_of_a_dirichlet_loses_divergence(values):
    q, p = values[:3], values[3:]
    marginals = [Beta(Fraction(c[0]), Fraction(c[1]) + Fraction(c[2])) for c in (q, p)]
    joint = kl_divergence(Dirichlet(q), Dirichlet(p))
    assert kl_divergence(*marginals).lower() <= joint.upper()


def test_reversed_inequalities_would_be_noticed():
    """The twin: at a generic point the two sides of data processing are far apart, so the other order is false."""
    q, p = (0.1, 0.2, 0.3, 0.25, 0.15), (0.3, 0.1, 0.2, 0.05, 0.35)
    fine = kl_divergence(Categorical(q), Categorical(p))
    merged = [(*map(Fraction, v[:3]), Fraction(v[3]) + Fraction(v[4])) for v in (q, p)]
    assert kl_divergence(*map(Categorical, merged)) < fine


# --- one distribution under two names ---


def assert_same(first, second, third):
    """Two names of one distribution: no divergence between them, and the same one, to and from a third."""
    assert kl_divergence(first, second).contains(0)
    assert kl_divergence(second, first).contains(0)
    assert entropy(first).overlaps(entropy(second))
    for pair in ((first, second), (second, first)):
        assert kl_divergence(pair[0], third).overlaps(kl_divergence(pair[1], third))
        assert cross_entropy(third, pair[0]).overlaps(cross_entropy(third, pair[1]))


@held(positive(), positive(), examples=8)
def test_coincidences_of_families(a, b):
    assert_same(Exponential(b), Gamma(1, b), Gamma(a, 1.7))
    assert_same(ChiSquare(a), Gamma(Fraction(a) / 2, Fraction(1, 2)), Gamma(b, 1.7))
    assert_same(Uniform(0, 1), Beta(1, 1), Beta(a, b))
    assert_same(Bernoulli(Fraction(1, 3)), Categorical((2, 1)), Bernoulli(0.7))
    assert_same(Bernoulli(0.3), Binomial(1, 0.3), Bernoulli(logits=0.7))
    pairs_of_names = [
        (Dirichlet((a, b)), Beta(a, b), Dirichlet((b, 1.5)), Beta(b, 1.5)),
        (Wishart(a, ((1.5,),)), Gamma(Fraction(a) / 2, Fraction(2, 9)), Wishart(b, ((1.5,),)), Gamma(Fraction(b) / 2, Fraction(2, 9))),
        (MultivariateNormal((a,), ((b,),)), Normal(a, b), MultivariateNormal((0.3,), ((1.7,),)), Normal(0.3, 1.7)),
    ]  # fmt: skip
    for first, second, other, second_other in pairs_of_names:
        assert entropy(first).overlaps(entropy(second))
        assert kl_divergence(first, other).overlaps(kl_divergence(second, second_other))


def closed(slug, *parameters):
    module, name = slug.split(".")
    return float(getattr(importlib.import_module(f"numerics.{module}"), name)(*map(np.float64, parameters)))


@held(pairs("beta"), examples=20)
def test_closed_forms_of_one_distribution_under_two_names(pair):
    """At machine precision: each is within its claim of the truth."""
    (a, b), (c, d) = pair
    assume(a != c and b != d and abs(np.log(a / b) - np.log(c / d)) > 0.1)  # logarithms of quotients are rounded
    names = [
        ("gamma.kl_divergence", (1, b, 1, d), "exponential.kl_divergence", (b, d)),
        ("gamma.kl_divergence_exponential", (a, b, d), "gamma.kl_divergence", (a, b, 1, d)),
        ("exponential.kl_divergence_gamma", (b, c, d), "gamma.kl_divergence", (1, b, c, d)),
        ("uniform.kl_divergence_beta", (0, 1, c, d), "beta.kl_divergence", (1, 1, c, d)),
        ("beta.kl_divergence_uniform", (a, b, 0, 1), "beta.kl_divergence", (a, b, 1, 1)),
        ("dirichlet.kl_divergence", ((a, b), (c, d)), "beta.kl_divergence", (a, b, c, d)),
        ("categorical.kl_divergence", ((a, b), (c, d)), "bernoulli.kl_divergence_logits", (np.log(a / b), np.log(c / d))),
        ("binomial.kl_divergence", (1, 0.3, 0.6), "bernoulli.kl_divergence", (0.3, 0.6)),
        ("inverse_gamma.kl_divergence", (a, b, c, d), "gamma.kl_divergence", (a, b, c, d)),
        ("log_normal.kl_divergence", (a, b, c, d), "normal.kl_divergence", (a, b, c, d)),
        ("pareto.kl_divergence", (2, a, 2, c), "exponential.kl_divergence", (a, c)),
        ("multivariate_normal.kl_divergence", ((a,), ((b,),), (c,), ((d,),)), "normal.kl_divergence", (a, b, c, d)),
        ("wishart.kl_divergence", (a, ((0.5,),), c, ((0.5,),)), "gamma.kl_divergence", (a / 2, 2, c / 2, 2)),
    ]  # fmt: skip
    for first, one, second, other in names:
        assert closed(first, *one) == pytest.approx(closed(second, *other), rel=2 * CLAIM["generic"], abs=0), first
    chi_square = kl_divergence(ChiSquare(a), ChiSquare(c))
    value = closed("gamma.kl_divergence", a / 2, 0.5, c / 2, 0.5)
    assert abs(arb(value) - chi_square) / chi_square < CLAIM["generic"]


def test_closed_forms_of_neighbours_differ():
    """The twins: a shape of 1 + 1e-9, and a chi-square that keeps its whole degrees of freedom."""
    nearly, exactly = (closed("gamma.kl_divergence", shape, 0.7, 1, 1.6) for shape in (1 + 1e-9, 1))
    assert nearly != pytest.approx(exactly, rel=1e-12, abs=0)
    assert abs(arb(closed("gamma.kl_divergence", 3, 0.5, 5, 0.5)) - kl_divergence(ChiSquare(3), ChiSquare(5))) > 0.1


def test_coincidences_are_not_those_of_their_neighbours():
    """The twins: shape 1 + 1e-9 is no exponential, nor is a chi-square a gamma of its whole degrees of freedom."""
    assert kl_divergence(Exponential(0.7), Gamma(1 + 1e-9, 0.7)) > 1e-20
    assert kl_divergence(ChiSquare(3.0), Gamma(3.0, 0.5)) > 0.1
    assert kl_divergence(Uniform(0, 1), Beta(1, 1 + 1e-9)) > 1e-20


def test_oracle_is_not_vacuous():
    """The balls of these tests are tight: a relative error of 1e-15 would not pass."""
    ball = enclosure("normal", (0.7, 0.4), (-0.6, 1.3))
    with mpmath.workdps(30):
        assert ball.rad() < 1e-19
    assert not ball.overlaps(ball * (1 + 1e-15))
