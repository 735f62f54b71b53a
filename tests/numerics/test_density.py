import mpmath
import numpy as np
import pytest
from flint import arb
from mpmath import log, mpf

from numerics import density, quadrature
from numerics.density import Beta, Exponential, Gamma, Laplace, Normal, Pareto, Uniform, VonMises
from numerics.quadrature import (
    FAMILIES,
    entropy,
    kl_divergence,
)

from .classical import (
    CLASSICAL,
    POSITIVE,
    SIGNED,
    beta_kl,
    contains,
    digits_of,
    draw,
    gamma_kl,
    laplace_kl,
    von_mises_kl,
)


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
        (Normal(0.3, 0.7), Laplace(-0.2, 1.1)),
        (Normal(0.3, 0.7), density.Gumbel(-0.2, 1.1)),
        (Normal(0.3, 0.7), density.Cauchy(-0.2, 1.1)),
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
    density.Cauchy: lambda d, z: d.scale / (mpmath.pi * (d.scale**2 + (z - d.loc) ** 2)),
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
