"""
The enclosures against the classical formulas, evaluated by mpmath at 50 digits: here the closed form is the oracle,
and the code under test knows the definition only.
"""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import arb, ctx
from mpmath import mpf

from numerics.ball import working_precision
from numerics.density import Beta, Exponential, Gamma, Normal, Pareto, Uniform, VonMises
from numerics.mass import Bernoulli, Binomial, Categorical, Geometric, Poisson
from numerics.multivariate import Dirichlet, MultivariateNormal, Wishart
from numerics.quadrature import (
    FAMILIES,
    cross_entropy,
    entropy,
    kl_divergence,
    kl_divergence_normal,
    kl_divergence_normal_gradient,
)

from .classical import (
    CLASSICAL,
    contains,
    digits_of,
    draw,
    normal_kl,
)


@pytest.mark.parametrize("name", CLASSICAL)
def test_enclosures_contain_the_classical_formulas_at_random_parameters(name, seed):
    _, classical_kl, classical_entropy = CLASSICAL[name]
    family = FAMILIES[name]
    for q, p in draw(name, seed):
        with mpmath.workdps(60):
            kl, h = classical_kl(*map(mpf, q), *map(mpf, p)), classical_entropy(*map(mpf, q))
            for ball, truth in (
                (kl_divergence(family(*q), family(*p)), kl),
                (entropy(family(*q)), h),
                (cross_entropy(family(*q), family(*p)), kl + h),
            ):
                assert contains(ball, truth)
                assert digits_of(ball) > 19.999
                assert not contains(ball, truth * (1 + mpf(10) ** -18) + mpf(10) ** -25)


@pytest.mark.parametrize("name", sorted(set(CLASSICAL) - {"chi_square"}))
def test_near_equal_parameters_have_20_digits_of_a_divergence_of_1e_24(name, seed):
    _, classical_kl, _ = CLASSICAL[name]
    (q, _), *_ = draw(name, seed)
    p = tuple(x * (1 + 1e-12) for x in q)
    ball = kl_divergence(FAMILIES[name](*q), FAMILIES[name](*p))
    with mpmath.workdps(90):
        assert contains(ball, classical_kl(*map(mpf, q), *map(mpf, p)))
        assert digits_of(ball) > 19.999
        assert ball < 1e-20


@pytest.mark.parametrize(
    ("q", "p"),
    [
        (Normal(0.0, 1.0), Exponential(1.0)),
        (Uniform(0.0, 2.0), Uniform(0.0, 1.0)),
        (Pareto(1.0, 2.0), Pareto(1.5, 2.0)),
        (Gamma(1.0, 2.0), Beta(1.0, 2.0)),
    ],
    ids=str,
)
def test_mass_outside_the_other_support_is_infinite(q, p):
    assert kl_divergence(q, p) == arb.pos_inf()
    assert cross_entropy(q, p) == arb.pos_inf()


@pytest.mark.parametrize(
    ("q", "p"),
    [
        (Normal(0.0, 1.0), Poisson(1.0)),
        (VonMises(0.0, 1.0), Normal(0.0, 1.0)),
        (Gamma(1.0, 1.0), Dirichlet((1.0, 1.0))),
    ],
    ids=str,
)
def test_families_on_different_spaces_are_refused(q, p):
    with pytest.raises(ValueError, match="do not live on one space"):
        kl_divergence(q, p)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Normal(0.0, 0.0), "scale must be positive, not 0.0"),
        (lambda: Normal(float("nan"), 1.0), "parameters must be finite"),
        (lambda: Gamma(-1.0, 1.0), "concentration must be positive"),
        (lambda: Uniform(1.0, 1.0), "lower must be less than upper"),
        (lambda: Bernoulli(1.5), "probs must lie between 0 and 1"),
        (lambda: Bernoulli(), "give either probs or logits"),
        (lambda: Bernoulli(0.5, 0.0), "give either probs or logits"),
        (lambda: Categorical((-0.1, 1.1)), "probs must not be negative"),
        (lambda: Categorical((0.0, 0.0)), "not all be zero"),
        (lambda: Binomial(0, 0.5), "total_count must be a positive integer"),
        (lambda: Geometric(0.0), "probs must be positive"),
        (lambda: Poisson(0.0), "rate must be positive"),
        (lambda: Dirichlet((1.0,)), "at least two concentrations"),
        (lambda: Dirichlet((1.0, 0.0)), "concentration must be positive"),
        (lambda: MultivariateNormal((0.0,), ((1.0, 0.0), (0.0, 1.0))), "square matrix of order 1"),
        (lambda: MultivariateNormal((0.0, 0.0), ((1.0, 0.5), (0.0, 1.0))), "must be lower triangular"),
        (lambda: MultivariateNormal((0.0,), ((-1.0,),)), "scale_tril must be positive"),
        (lambda: Wishart(0.5, ((1.0, 0.0), (0.0, 1.0))), "df must be more than 1"),
    ],
)
def test_bad_parameters_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_every_family_of_the_issue_is_there_by_name():
    assert len(FAMILIES) == len(set(FAMILIES.values())) == 23
    assert all(name.replace("_", "") == family.__name__.lower() for name, family in FAMILIES.items())


@pytest.mark.parametrize("digits", [1, 20, 45])
def test_diagonal_enclosure_contains_the_divergence_and_is_tight(point, digits):
    ball = kl_divergence_normal(*point, digits=digits)
    with mpmath.workdps(100):
        truth = normal_kl(*map(mpf, point))
        assert contains(ball, truth)
        assert digits_of(ball) >= digits - 0.01


def test_enclosure_meets_an_integral_by_other_means(point, kl_by_definition):
    ball = kl_divergence_normal(*point)
    with mpmath.workdps(40):
        assert abs(mpf(ball.mid().str(40, radius=False)) - kl_by_definition(*point)) < 1e-20


def test_wrong_twin_lies_outside_the_enclosure(point, wrong_twin):
    assert not kl_divergence_normal(*point).overlaps(arb(wrong_twin(*point), 1e-10))


@pytest.mark.parametrize(
    "parameters",
    [(0.0, 1e-20, 1.0, 1e20), (0.0, 1e20, 1.0, 1e-20), (1e10, 1e-20, 1.0, 1.0), (3.0, 1.0, 3.0, 1.0 + 2.0**-40)],
    ids=str,
)
def test_enclosure_holds_at_extremes_and_near_equality(parameters):
    ball = kl_divergence_normal(*parameters)
    with mpmath.workdps(150):
        assert contains(ball, normal_kl(*map(mpf, parameters)))
        assert digits_of(ball) > 19.999


def test_equal_densities_enclose_zero():
    assert kl_divergence_normal(0.3, 0.7, 0.3, 0.7).contains(0)


def test_fubini_sums_independent_coordinates():
    columns = ([0.7, -1.1, 0.0], [0.4, 2.3, 1.0], [-0.6, 0.9, 0.5], [1.3, 0.8, 1.0])
    ball = kl_divergence_normal(*columns)
    with mpmath.workdps(100):
        truth = sum(normal_kl(*map(mpf, case)) for case in zip(*columns, strict=True))
        assert contains(ball, truth)
        assert not contains(ball, truth / 3)  # the twin: a mean over the coordinates
    assert kl_divergence_normal(*(np.array(c) for c in columns)).overlaps(ball)


def test_fractions_are_exact():
    third = kl_divergence_normal(0, Fraction(1, 3), 0, 1)
    with mpmath.workdps(100):
        assert contains(third, normal_kl(mpf(0), mpf(1) / 3, mpf(0), mpf(1)))
    # The binary neighbour of 1/3 is another number, as 20 digits show.
    assert not third.overlaps(kl_divergence_normal(0, 1 / 3, 0, 1))


def test_gradient_encloses_the_derivatives(point):
    m, s, n, t = point
    (in_loc,), (in_scale,) = kl_divergence_normal_gradient(*point)
    with mpmath.workdps(60):
        # Differences of the defining integral's enclosure, an oracle without any derivative: O(h^2) with h = 1e-9.
        step = Fraction(1, 10**9)
        for ball, (dm, ds) in ((in_loc, (step, 0)), (in_scale, (0, step))):
            up = kl_divergence_normal(Fraction(m) + dm, Fraction(s) + ds, n, t, digits=40)
            down = kl_divergence_normal(Fraction(m) - dm, Fraction(s) - ds, n, t, digits=40)
            with working_precision(300):
                assert ball.overlaps((up - down) / (2 * arb(10) ** -9) + arb(0, 1e-15))
        exact = mpf(s) / mpf(t) ** 2 - 1 / mpf(s)
        assert contains(in_scale, exact)
        assert not contains(in_scale, exact + 1 / mpf(s))  # the twin: the entropy's part is lost


def test_gradient_of_several_coordinates():
    in_loc, in_scale = kl_divergence_normal_gradient([0.7, 0.0], [0.4, 1.0], [-0.6, 0.0], [1.3, 1.0])
    single = kl_divergence_normal_gradient(0.7, 0.4, -0.6, 1.3)
    assert in_loc[0].overlaps(single[0][0])
    assert in_scale[0].overlaps(single[1][0])
    assert in_loc[1].contains(0)
    assert in_scale[1].contains(0)


def test_precision_is_restored():
    before = ctx.prec
    kl_divergence_normal(0.7, 0.4, -0.6, 1.3)
    assert ctx.prec == before


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ((0.0, 0.0, 0.0, 1.0), "scale must be positive, not 0.0"),
        ((0.0, 1.0, 0.0, -2.0), "scale must be positive, not -2.0"),
        ((float("nan"), 1.0, 0.0, 1.0), "parameters must be finite"),
        (([0.0, 1.0], [1.0], [0.0], [1.0]), r"one common positive length, not \[1, 2\]"),
        (([], [], [], []), r"one common positive length, not \[0\]"),
    ],
)
@pytest.mark.parametrize("function", [kl_divergence_normal, kl_divergence_normal_gradient])
def test_bad_columns_are_refused(function, parameters, message):
    with pytest.raises(ValueError, match=message):
        function(*parameters)


def test_uncertified_digits_are_an_error():
    with pytest.raises(ArithmeticError, match="20 digits not certified"):
        kl_divergence_normal(1e300, 1e-300, 0.0, 1.0)
