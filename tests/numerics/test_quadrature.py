"""
The enclosures against the classical formulas, evaluated by mpmath at 50 digits: here the closed form is the oracle,
and the code under test knows the definition only.
"""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import arb, ctx
from mpmath import digamma, euler, log, loggamma, mpf, pi

from numerics import density, expectation, quadrature
from numerics.ball import working_precision
from numerics.density import Beta, Exponential, Gamma, Laplace, Normal, Pareto, Uniform, VonMises
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


def contains(ball, truth):
    """Whether the ball contains a number known to 50 digits."""
    with mpmath.workdps(60):
        middle, radius = mpf(ball.mid().str(55, radius=False)), mpf(ball.rad().str(10, radius=False))
        return abs(middle - truth) <= radius + (abs(middle) + abs(truth)) * mpf(10) ** -48


def digits_of(ball):
    return -mpmath.log10(mpf(ball.rad().str(10, radius=False)) / max(abs(mpf(ball.mid().str(30, radius=False))), 1e-40))


# --- the classical formulas ---


def betaln(a, b):
    return loggamma(a) + loggamma(b) - loggamma(a + b)


def normal_kl(m, s, n, t):
    return log(t / s) + (s**2 + (m - n) ** 2) / (2 * t**2) - mpf(1) / 2


def gamma_kl(a, b, c, d):
    return (a - c) * digamma(a) - loggamma(a) + loggamma(c) + c * log(b / d) + a * (d - b) / b


def beta_kl(a, b, c, d):
    return betaln(c, d) - betaln(a, b) + (a - c) * digamma(a) + (b - d) * digamma(b) + (c + d - a - b) * digamma(a + b)


def beta_entropy(a, b):
    return betaln(a, b) - (a - 1) * digamma(a) - (b - 1) * digamma(b) + (a + b - 2) * digamma(a + b)


def gumbel_kl(m, b, n, d):
    tail = mpmath.exp((n - m) / d + loggamma(1 + b / d))
    return log(d / b) + euler * (b / d - 1) - 1 + (m - n) / d + tail


def laplace_kl(m, b, n, d):
    gap = abs(m - n)
    return log(d / b) + gap / d + b / d * mpmath.exp(-gap / b) - 1


def von_mises_moment(k):
    return mpmath.besseli(1, k) / mpmath.besseli(0, k)


def von_mises_kl(m, k, n, h):
    normalisers = log(mpmath.besseli(0, h) / mpmath.besseli(0, k))
    return normalisers + von_mises_moment(k) * (k - h * mpmath.cos(m - n))


def von_mises_entropy(m, k):
    return log(2 * pi * mpmath.besseli(0, k)) - k * von_mises_moment(k)


def poisson_entropy(r):
    terms = (mpmath.exp(k * log(r) - r - loggamma(k + 1)) * loggamma(k + 1) for k in range(300))
    return r - r * log(r) + mpmath.fsum(terms)


def bernoulli_kl(a, b):
    return a * log(a / b) + (1 - a) * log((1 - a) / (1 - b))


def bernoulli_entropy(a):
    return -a * log(a) - (1 - a) * log(1 - a)


# name: (draw parameters of one distribution, divergence, entropy), in the order of the class's parameters
POSITIVE = lambda rng: float(np.exp(rng.uniform(-2, 2)))
SIGNED = lambda rng: float(rng.normal())
UNIT = lambda rng: float(rng.uniform(0.02, 0.98))
CLASSICAL = {
    "normal": ((SIGNED, POSITIVE), normal_kl, lambda m, s: log(2 * pi * mpmath.e * s**2) / 2),
    "laplace": ((SIGNED, POSITIVE), laplace_kl, lambda m, b: 1 + log(2 * b)),
    "gumbel": ((SIGNED, POSITIVE), gumbel_kl, lambda m, b: log(b) + euler + 1),
    "exponential": ((POSITIVE,), lambda a, b: log(a / b) + b / a - 1, lambda a: 1 - log(a)),
    "gamma": (
        (POSITIVE, POSITIVE),
        gamma_kl,
        lambda a, b: a - log(b) + loggamma(a) + (1 - a) * digamma(a),
    ),
    "inverse_gamma": (
        (POSITIVE, POSITIVE),
        gamma_kl,
        lambda a, b: a + log(b) + loggamma(a) - (1 + a) * digamma(a),
    ),
    "chi_square": (
        (POSITIVE,),
        lambda a, b: gamma_kl(a / 2, mpf(1) / 2, b / 2, mpf(1) / 2),
        lambda a: a / 2 + log(2) + loggamma(a / 2) + (1 - a / 2) * digamma(a / 2),
    ),
    "beta": ((POSITIVE, POSITIVE), beta_kl, beta_entropy),
    "log_normal": ((SIGNED, POSITIVE), normal_kl, lambda m, s: m + log(2 * pi * mpmath.e * s**2) / 2),
    "half_normal": (
        (POSITIVE,),
        lambda s, t: log(t / s) + s**2 / (2 * t**2) - mpf(1) / 2,
        lambda s: log(pi * s**2 / 2) / 2 + mpf(1) / 2,
    ),
    "von_mises": ((SIGNED, POSITIVE), von_mises_kl, von_mises_entropy),
    "bernoulli": ((UNIT,), bernoulli_kl, bernoulli_entropy),
    "poisson": ((POSITIVE,), lambda a, b: a * log(a / b) + b - a, poisson_entropy),
    "geometric": ((UNIT,), lambda a, b: bernoulli_kl(a, b) / a, lambda a: bernoulli_entropy(a) / a),
}


def draw(name, seed, number=3):
    rng = np.random.default_rng([seed, *name.encode()])
    draws = CLASSICAL[name][0]
    return [tuple(tuple(d(rng) for d in draws) for _ in range(2)) for _ in range(number)]


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


@pytest.mark.parametrize("name", CLASSICAL)
def test_every_density_has_mass_one(name, seed):
    for q, _ in draw(name, seed):
        assert quadrature.expectation(FAMILIES[name](*q), lambda x: arb(1)).contains(1)


def wrong(family, error):
    """The family with a log density that is off by a constant: a wrong normaliser."""

    class Wrong(family):
        def log_prob(self):
            right = super().log_prob()
            return lambda x: right(x) + error

    return Wrong


@pytest.mark.parametrize("name", CLASSICAL)
def test_a_wrong_normaliser_is_noticed_in_mass_and_entropy(name, seed):
    _, _, classical_entropy = CLASSICAL[name]
    (q, _), *_ = draw(name, seed)
    twin = wrong(FAMILIES[name], 1e-15)(*q)
    assert not quadrature.expectation(twin, lambda x: arb(1)).contains(1)
    with mpmath.workdps(60):
        assert not contains(entropy(twin), classical_entropy(*map(mpf, q)))


INFINITE = sorted(set(CLASSICAL) - {"bernoulli", "von_mises"})


@pytest.mark.parametrize("name", INFINITE)
def test_the_tails_are_needed(name, seed, monkeypatch):
    """With a coarse cut the mass outside is within the radius; the twin forgets the tail, and mass is missing."""
    (q, _), *_ = draw(name, seed)
    q = FAMILIES[name](*q)
    cuts = {function: getattr(expectation, function) for function in ("_cut", "_last")}

    def mass(keep):
        for function, right in cuts.items():

            def coarse(*arguments, right=right):
                end, bound = right(*arguments[:-1], arb(0.25))
                return end, bound * keep

            monkeypatch.setattr(expectation, function, coarse)
        with working_precision(200):
            return expectation.expectation_at(q, lambda x: arb(1), 30)

    assert mass(keep=1).contains(1)
    assert mass(keep=1).rad() < 1
    assert mass(keep=0) < 1


# --- finitely many values ---


def random_probs(rng, size):
    weights = rng.dirichlet(np.ones(size))
    return tuple(float(w) for w in weights)


def test_categorical_is_normalised_and_meets_its_definition(seed):
    rng = np.random.default_rng(seed)
    a, b = random_probs(rng, 5), random_probs(rng, 5)
    with mpmath.workdps(60):
        q, p = ([mpf(w) / mpmath.fsum(map(mpf, weights)) for w in weights] for weights in (a, b))
        kl = mpmath.fsum(x * log(x / y) for x, y in zip(q, p, strict=True))
        assert contains(kl_divergence(Categorical(a), Categorical(b)), kl)
        assert contains(entropy(Categorical(a)), -mpmath.fsum(x * log(x) for x in q))
        # The twin: weights 0.1 and 0.9 as floats do not sum to one.
        unnormalised = mpmath.fsum(mpf(x) * log(mpf(x)) for x in (0.1, 0.7, 0.3))
        assert not contains(entropy(Categorical((0.1, 0.7, 0.3))), -unnormalised)


def test_logits_are_log_odds_and_unnormalised_log_probabilities(seed):
    rng = np.random.default_rng(seed)
    logits = tuple(float(x) for x in rng.normal(size=4))
    with mpmath.workdps(60):
        weights = [mpmath.exp(mpf(x)) for x in logits]
        p = [w / mpmath.fsum(weights) for w in weights]
        assert contains(entropy(Categorical(logits=logits)), -mpmath.fsum(x * log(x) for x in p))
        odds = 1 / (1 + mpmath.exp(-mpf(logits[0])))
        assert contains(entropy(Bernoulli(logits=logits[0])), bernoulli_entropy(odds))
        assert contains(entropy(Geometric(logits=logits[0])), bernoulli_entropy(odds) / odds)
        assert contains(kl_divergence(Bernoulli(logits=0.0), Bernoulli(logits=17.0)), log(mpmath.cosh(mpf(17) / 2)))


def test_binomial_is_n_times_bernoulli_in_divergence_but_not_in_entropy(seed):
    rng = np.random.default_rng(seed)
    a, b = UNIT(rng), UNIT(rng)
    with mpmath.workdps(60):
        assert contains(kl_divergence(Binomial(9, a), Binomial(9, b)), 9 * bernoulli_kl(mpf(a), mpf(b)))
        assert not contains(entropy(Binomial(9, a)), 9 * bernoulli_entropy(mpf(a)))
        masses = [mpmath.binomial(9, k) * mpf(a) ** k * (1 - mpf(a)) ** (9 - k) for k in range(10)]
        assert contains(entropy(Binomial(9, a)), -mpmath.fsum(m * log(m) for m in masses))


def test_impossible_counts():
    assert kl_divergence(Bernoulli(0.3), Bernoulli(0.0)) == arb.pos_inf()
    assert kl_divergence(Bernoulli(0.0), Bernoulli(0.3)).overlaps(-(arb(1) - arb(0.3)).log())
    assert entropy(Bernoulli(1.0)).contains(0)
    assert entropy(Binomial(3, 0.0)).contains(0)
    assert kl_divergence(Categorical((0.5, 0.5, 0.0)), Categorical((0.5, 0.5))).contains(0)
    assert kl_divergence(Categorical((0.5, 0.4, 0.1)), Categorical((0.5, 0.5))) == arb.pos_inf()
    assert kl_divergence(Binomial(3, 0.4), Binomial(2, 0.4)) == arb.pos_inf()
    assert kl_divergence(Binomial(3, 0.4), Binomial(4, 0.4)).is_finite()
    assert kl_divergence(Poisson(2.0), Binomial(9, 0.4)) == arb.pos_inf()
    assert kl_divergence(Geometric(1.0), Geometric(0.25)).overlaps(arb(4).log())


def test_a_poisson_of_large_mean():
    ball = kl_divergence(Poisson(5000.0), Poisson(5100.5))
    with mpmath.workdps(60):
        assert contains(ball, mpf(5000) * log(mpf(5000) / mpf(5100.5)) + mpf(100.5))


def test_sums_that_are_too_long_are_an_error():
    with pytest.raises(ArithmeticError, match="the sum needs more than 1000000 terms"):
        entropy(Geometric(1e-9))
    with pytest.raises(ArithmeticError, match="the sum needs 2000000 terms, more than 1000000"):
        entropy(Binomial(2 * 10**6, 0.5))


# --- ends, kinks and pairs of families ---


def test_uniform_and_pareto(seed):
    rng = np.random.default_rng(seed)
    a, m, alpha, beta = SIGNED(rng), POSITIVE(rng), POSITIVE(rng), POSITIVE(rng)
    with mpmath.workdps(60):
        width = mpf(a + 2) - mpf(a)
        assert contains(entropy(Uniform(a, a + 2)), log(width))
        wider = Uniform(a - 1, a + 4)
        assert contains(kl_divergence(Uniform(a, a + 2), wider), log((mpf(a + 4) - mpf(a - 1)) / width))
        q, p = Pareto(m, alpha), Pareto(m / 2, beta)
        kl = log(mpf(alpha) / mpf(beta)) + mpf(beta) * log(mpf(m) / mpf(m / 2)) + mpf(beta) / mpf(alpha) - 1
        assert contains(kl_divergence(q, p), kl)
        assert contains(entropy(q), log(mpf(m) / mpf(alpha)) + 1 + 1 / mpf(alpha))


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
        (Normal(0.3, 0.7), Laplace(-0.2, 1.1)),
        (Normal(0.3, 0.7), density.Gumbel(-0.2, 1.1)),
        (density.Gumbel(0.3, 0.7), Normal(-0.2, 1.1)),
        (Laplace(0.3, 0.7), Normal(-0.2, 1.1)),
        (Gamma(2.5, 1.3), Normal(0.4, 2.0)),
        (Gamma(2.5, 1.3), density.Gumbel(0.4, 2.0)),
        (Gamma(2.5, 1.3), Laplace(0.4, 2.0)),
        (Gamma(2.5, 1.3), density.LogNormal(0.4, 2.0)),
        (density.HalfNormal(1.3), Exponential(0.4)),
        (Beta(1.5, 0.7), Normal(0.4, 2.0)),
        (Beta(1.5, 0.7), Gamma(0.4, 2.0)),
        (Uniform(0.2, 0.9), Beta(1.5, 0.7)),
        (Uniform(0.0, 3.0), Gamma(1.5, 0.7)),
        (Pareto(1.3, 3.5), Gamma(1.5, 0.7)),
        (Pareto(1.3, 3.5), Normal(1.5, 0.7)),
    ],
    ids=str,
)
def test_pairs_of_families_meet_an_integral_by_other_means(q, p):
    """mpmath's own rules, on the densities as torch.distributions or a textbook writes them."""
    with mpmath.workdps(30):
        integral = mpmath.quad(
            lambda z: DENSITY[type(q)](q, z) * log(DENSITY[type(q)](q, z) / DENSITY[type(p)](p, z)), ends(q, p)
        )
        ball = kl_divergence(q, p)
        assert abs(mpf(ball.mid().str(30, radius=False)) - integral) < 1e-12 * (1 + abs(integral))


# Densities as powers, where the code under test adds logarithms.
DENSITY = {
    Normal: lambda d, z: mpmath.npdf(z, d.loc, d.scale),
    Laplace: lambda d, z: mpmath.exp(-abs(z - d.loc) / d.scale) / (2 * d.scale),
    density.Gumbel: lambda d, z: mpmath.exp(-(z - d.loc) / d.scale - mpmath.exp(-(z - d.loc) / d.scale)) / d.scale,
    Gamma: lambda d, z: (
        d.rate**d.concentration * z ** (d.concentration - 1) * mpmath.exp(-d.rate * z) / mpmath.gamma(d.concentration)
    ),
    density.LogNormal: lambda d, z: mpmath.npdf(log(z), d.loc, d.scale) / z,
    density.HalfNormal: lambda d, z: 2 * mpmath.npdf(z, 0, d.scale),
    Exponential: lambda d, z: d.rate * mpmath.exp(-d.rate * z),
    Beta: lambda d, z: (
        z ** (d.concentration1 - 1)
        * (1 - z) ** (d.concentration0 - 1)
        / mpmath.beta(d.concentration1, d.concentration0)
    ),
    Uniform: lambda d, z: 1 / (mpf(d.upper) - mpf(d.lower)),
    Pareto: lambda d, z: d.alpha * mpf(d.scale) ** d.alpha / z ** (d.alpha + 1),
}


def ends(q, p):
    lower, upper = (float(x) for x in q.support)
    kinks = sorted({z for d in (q, p) if isinstance(d, Laplace) for z in (d.loc,)} | {0.5, 1.0, 2.0})
    lower, upper = max(lower, -30.0), min(upper, 60.0 if type(q) is not Pareto else mpmath.inf)
    return [lower, *(k for k in kinks if lower < k < upper), upper]


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


def test_an_integrand_without_a_majorant_is_refused():
    with pytest.raises(NotImplementedError, match="has no log"):
        quadrature.expectation(Normal(0.0, 1.0), lambda x: x.log)
    with pytest.raises(NotImplementedError, match="no majorant"):
        quadrature.expectation(Gamma(1.0, 1.0), lambda x: x.exp(0.5))


@pytest.mark.parametrize(
    ("q", "p"),
    [
        (Gamma(1e10, 1.0), Gamma(2e10, 3.0)),
        (Gamma(1e-3, 1e-20), Gamma(2e-3, 1e20)),
        (Gamma(1e-20, 1.0), Gamma(2e-20, 3.0)),
        (Beta(1e-3, 1e6), Beta(1e6, 1e-3)),
        (VonMises(0.3, 1e4), VonMises(0.2, 1e-4)),
        (Laplace(1e10, 1e-10), Laplace(-1.0, 1e10)),
    ],
    ids=str,
)
def test_extreme_parameters(q, p):
    classical = {Gamma: gamma_kl, Beta: beta_kl, VonMises: von_mises_kl, Laplace: laplace_kl}[type(q)]
    with mpmath.workdps(120):
        truth = classical(*(mpf(x) for d in (q, p) for x in vars(d).values()))
        ball = kl_divergence(q, p)
        assert contains(ball, truth)
        assert digits_of(ball) > 19.999


# --- several dimensions ---


def test_dirichlet_meets_its_classical_formula(seed):
    rng = np.random.default_rng(seed)
    a, b = (tuple(float(x) for x in rng.gamma(1.5, size=3) + 0.05) for _ in range(2))
    with mpmath.workdps(60):
        x, y = ([mpf(v) for v in c] for c in (a, b))
        lnb = lambda c: mpmath.fsum(map(loggamma, c)) - loggamma(mpmath.fsum(c))
        logs = [digamma(v) - digamma(mpmath.fsum(x)) for v in x]
        kl = lnb(y) - lnb(x) + mpmath.fsum((v - w) * e for v, w, e in zip(x, y, logs, strict=True))
        assert contains(kl_divergence(Dirichlet(a), Dirichlet(b)), kl)
        assert contains(entropy(Dirichlet(a)), lnb(x) - mpmath.fsum((v - 1) * e for v, e in zip(x, logs, strict=True)))
        # The twin: the digamma of the sum forgotten.
        wrong = lnb(y) - lnb(x) + mpmath.fsum((v - w) * digamma(v) for v, w in zip(x, y, strict=True))
        assert not contains(kl_divergence(Dirichlet(a), Dirichlet(b)), wrong)


def test_a_dirichlet_of_two_is_a_beta():
    q, p = Dirichlet((0.3, 2.5)), Dirichlet((1.7, 0.6))
    assert kl_divergence(q, p).overlaps(kl_divergence(Beta(0.3, 2.5), Beta(1.7, 0.6)))
    assert entropy(q).overlaps(entropy(Beta(0.3, 2.5)))


def random_tril(rng, d):
    tril = np.tril(rng.normal(size=(d, d)), -1) + np.diag(np.exp(rng.normal(size=d) / 2))
    return tuple(tuple(float(x) for x in row) for row in tril)


def classical_mvn(m, a, n, b):
    m, n, a, b = mpmath.matrix(m), mpmath.matrix(n), mpmath.matrix(a), mpmath.matrix(b)
    s, t = a * a.T, b * b.T
    inverse = t**-1
    trace = sum((inverse * s)[i, i] for i in range(len(m)))
    gap = n - m
    return (trace + (gap.T * inverse * gap)[0] - len(m) + log(mpmath.det(t) / mpmath.det(s))) / 2


def test_multivariate_normal_meets_its_classical_formula(seed):
    rng = np.random.default_rng(seed)
    m, n = (tuple(float(x) for x in rng.normal(size=3)) for _ in range(2))
    a, b = random_tril(rng, 3), random_tril(rng, 3)
    q, p = MultivariateNormal(m, a), MultivariateNormal(n, b)
    with mpmath.workdps(60):
        assert contains(kl_divergence(q, p), classical_mvn(m, a, n, b))
        h = log((2 * pi * mpmath.e) ** 3) / 2 + log(mpmath.det(mpmath.matrix(a)))
        assert contains(entropy(q), h)
        assert contains(cross_entropy(q, p), classical_mvn(m, a, n, b) + h)
        transposed = tuple(zip(*b, strict=True))  # the twin: B^T B for the covariance
        assert not contains(kl_divergence(q, p), classical_mvn(m, a, n, transposed))


def test_wishart_meets_its_classical_formula(seed):
    rng = np.random.default_rng(seed)
    d, nu, mu = 3, float(2.5 + rng.exponential(2)), float(2.5 + rng.exponential(2))
    a, b = random_tril(rng, d), random_tril(rng, d)
    q, p = Wishart(nu, a), Wishart(mu, b)
    with mpmath.workdps(60):
        x, y = mpf(nu), mpf(mu)
        v, w = (mpmath.matrix(c) * mpmath.matrix(c).T for c in (a, b))
        psi = sum(digamma((x - i) / 2) for i in range(d))
        lg = lambda n: mpf(d * (d - 1)) / 4 * log(pi) + sum(loggamma((n - i) / 2) for i in range(d))
        ratio = w**-1 * v
        trace = sum(ratio[i, i] for i in range(d))
        kl = y / 2 * (log(mpmath.det(w)) - log(mpmath.det(v))) + x / 2 * (trace - d)
        kl += lg(y / 2 * 2) - lg(x / 2 * 2) + (x - y) / 2 * psi
        assert contains(kl_divergence(q, p), kl)
        h = (
            mpf(d + 1) / 2 * log(mpmath.det(v))
            + mpf(d * (d + 1)) / 2 * log(2)
            + lg(x)
            - (x - d - 1) / 2 * psi
            + x * d / 2
        )
        assert contains(entropy(q), h)
        assert not contains(entropy(q), h - psi)  # the twin: (nu - d + 1)/2 for (nu - d - 1)/2


def test_a_wishart_of_order_one_is_a_gamma():
    q, p = Wishart(3.5, ((0.7,),)), Wishart(2.0, ((1.25,),))
    pair = [Gamma(Fraction(w.df) / 2, 1 / (2 * Fraction(w.scale_tril[0][0]) ** 2)) for w in (q, p)]
    assert kl_divergence(q, p).overlaps(kl_divergence(*pair))
    assert entropy(q).overlaps(entropy(pair[0]))


# --- parameters ---


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


@pytest.mark.parametrize(
    ("q", "p", "message"),
    [
        (Dirichlet((1.0, 2.0)), Dirichlet((1.0, 2.0, 3.0)), "2 and 3 concentrations"),
        (
            MultivariateNormal((0.0,), ((1.0,),)),
            MultivariateNormal((0.0, 0.0), ((1.0, 0), (0, 1.0))),
            "1 and 2 dimensions",
        ),
        (Wishart(3.0, ((1.0,),)), Wishart(3.0, ((1.0, 0), (0, 1.0))), "orders 1 and 2"),
    ],
)
def test_orders_must_agree(q, p, message):
    with pytest.raises(ValueError, match=message):
        kl_divergence(q, p)


def test_every_family_of_the_issue_is_there_by_name():
    assert len(FAMILIES) == len(set(FAMILIES.values())) == 21
    assert all(name.replace("_", "") == family.__name__.lower() for name, family in FAMILIES.items())


# --- diagonal normals and their gradient ---


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
