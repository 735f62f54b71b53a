from fractions import Fraction

import mpmath
import numpy as np
import pytest
from mpmath import digamma, log, loggamma, mpf, pi

from numerics.density import Beta, Gamma
from numerics.multivariate import Dirichlet, MultivariateNormal, Wishart
from numerics.quadrature import (
    cross_entropy,
    entropy,
    kl_divergence,
)

from .classical import (
    contains,
)


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
